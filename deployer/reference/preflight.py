"""The documentation of the pre-flight, generated from the rules themselves; pure."""

from __future__ import annotations

import re
from itertools import chain

from deployer.rules import (
    Rule,
    archive,
    bundle,
    document,
    files,
    hooks,
    permissions,
    resources,
    run,
    tree,
    upload,
)

_CHAPTERS = {
    "The AppSpec as a document": document,
    "`files`": files,
    "`hooks` and their scripts": hooks,
    "`permissions`": permissions,
    "Lambda and ECS": resources,
    "The bundle": bundle,
    "The folder that is packed": tree,
    "Ready-made archives": archive,
    "The upload": upload,
}
_INTRODUCTION = """\
# Pre-flight

<!-- Generated from deployer/rules by `make docs`; edit the rules, not this file. -->

Before anything is sent, the final bundle is checked with the rules that the CodeDeploy agent (or, for Lambda
and ECS, the service) will apply to it. The check makes no AWS call, so `stop-after: package` runs it on a
pull request. All problems are reported at once, each as an annotation on the file and line that causes it.

`pre-flight: errors` (the default) stops at errors, which would fail on the instances or lose what the AppSpec
names; exit code 3. Warnings are accepted by the agent but do not do what they seem to, or are refused by
another version of the agent; `pre-flight: strict` stops at them too. `pre-flight: off` leaves
out the agent's and the service's rules; what no bundle can carry is refused all the same.

A code is stable: it names the rule in the log and will not change its meaning.
"""


def rules_of(chapter: object) -> list[Rule]:
    """The rules that a module of `deployer.rules` defines, in its order."""
    return [value for value in vars(chapter).values() if isinstance(value, Rule)]


def all_rules() -> list[Rule]:
    """Every rule, in the order of the documentation."""
    return list(chain.from_iterable(map(rules_of, _CHAPTERS.values())))


def markdown() -> str:
    """The whole page `docs/pre-flight.md`."""
    parts = [_INTRODUCTION]
    for title, chapter in _CHAPTERS.items():
        rules = rules_of(chapter)
        parts.append(f"## {title}\n\n| code | severity |\n|---|---|")
        parts[-1] += "".join(f"\n| [`{rule.code}`](#{rule.code}) | {rule.severity.value} |" for rule in rules)
        parts[-1] += "\n"
        parts.extend(map(_section, rules))
    rows = "".join(f"\n| `{code}` | {meaning} |" for code, meaning in run.CODES.items())
    parts.append(f"## Beyond the bundle\n\n| code | meaning |\n|---|---|{rows}\n")
    return "\n".join(parts)


def _section(rule: Rule) -> str:
    return (
        f"### {rule.code}\n\n{_plain(rule.message)}\n\n"
        f"**{rule.severity.value.capitalize()}** · source: {rule.source}\n\n"
        f"Bad:\n\n```\n{rule.bad.rstrip()}\n```\n\nGood:\n\n```\n{rule.good.rstrip()}\n```\n"
    )


def _plain(template: str) -> str:
    """A message without its facts."""
    return re.sub(r"(?<!\{)\{\w+(!r)?(:\w+)?\}", "…", template).replace("{{", "{").replace("}}", "}")
