"""The documentation of the pre-flight, generated from the rules themselves; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deployer.rules.chapters import CHAPTERS, rules_of

if TYPE_CHECKING:
    from deployer.rules import Rule

_INTRODUCTION = """\
# Pre-flight

<!-- Generated from deployer/rules by `make docs`; edit the rules, not this file. -->

Before anything is sent, the final bundle is checked against the rules that the CodeDeploy agent (or, for
Lambda and ECS, the service) will apply to it. The check makes no AWS calls, so it can run on a pull request
with `stop-after: package`. All problems are reported at once, each as an annotation on the file and line that
causes it.

Before a deployment, what the [deployment group](#the-deployment-group) deploys to is checked too, as far as
optional permissions allow (`OptionalFleet` and `OptionalService` in [iam.md](iam.md)). Its errors are only
for what is certain to fail, and end the run with exit code 2.

`pre-flight: errors`, the default, stops the run with exit code 3 at errors: problems that would make the
deployment fail on the instances, or lose files that the AppSpec names. Warnings are for things that the agent
accepts but that do not do what they appear to, and for things that another version of the agent rejects;
`pre-flight: strict` stops at warnings too. `pre-flight: off` skips the rules of the agent and the service,
but still rejects what no bundle can contain.

Codes are stable: a code names its rule in the log, and its meaning never changes. The codes that are not
about the bundle are in [troubleshooting.md](troubleshooting.md).
"""


def markdown() -> str:
    """Return the whole page `docs/pre-flight.md`."""
    parts = [_INTRODUCTION]
    for title, chapter in CHAPTERS.items():
        rules = rules_of(chapter)
        parts.append(f"## {title}\n\n| code | severity |\n|---|---|")
        parts[-1] += "".join(f"\n| [`{rule.code}`](#{rule.code}) | {rule.severity.value} |" for rule in rules)
        parts[-1] += "\n"
        parts.extend(map(_section, rules))
    return "\n".join(parts)


def _section(rule: Rule) -> str:
    return (
        f"### {rule.code}\n\n{plain(rule.message)}\n\n"
        f"**{rule.severity.value.capitalize()}** · source: {rule.source}\n\n"
        f"Bad:\n\n```\n{rule.bad.rstrip()}\n```\n\nGood:\n\n```\n{rule.good.rstrip()}\n```\n"
    )


def plain(template: str) -> str:
    """Return the template of a message with an ellipsis in place of each fact."""
    return re.sub(r"(?<!\{)\{\w+(!r)?(:\w+)?\}", "…", template).replace("{{", "{").replace("}}", "}")
