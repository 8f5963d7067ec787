"""Generates `docs/troubleshooting.md`: what each code means, and what to do."""

from __future__ import annotations

from deployer.reference.inputs import table
from deployer.reference.preflight import plain
from deployer.report.codes import chapters
from deployer.rules.chapters import all_rules

_INTRODUCTION = """\
# Troubleshooting

<!-- Generated from deployer/report/codes.py and deployer/rules by `make docs`; edit them, not this file. -->

A problem ends with its code in brackets; on GitHub the code is the title of the annotation. Search this
page for it. Codes in lower case are those of this step; all others are AWS's own, passed on as they come,
without the end `Exception`. The step's [exit code](outputs.md#exit-codes) says which kind of problem ended
it.

For more detail, re-run the job with debug logging on GitHub, set `RUNNER_DEBUG=1` as a variable elsewhere,
or write `--verbose` on the command line: the log then shows each call to AWS, and the reason for each
decision. When access is denied, [iam.md](iam.md#when-access-is-denied) helps; when nothing here does,
report the problem with [this
form](https://github.com/codedeploy-deployer/deployer/issues/new?template=bug.yml).
"""
_BUNDLE = """\
## The bundle

Found before anything is sent. Each code links to what causes it, with an example that is wrong and one that
is right; [pre-flight.md](pre-flight.md) says what stops a run. `…` stands for what differs from case to
case.
"""


def markdown() -> str:
    """Return the whole page."""
    parts = [_INTRODUCTION]
    for title, codes in chapters().items():
        parts.append(f"## {title}\n")
        parts.extend(f"### {code}\n\n{meaning}\n" for code, meaning in codes.items())
    rows = [
        (f"[`{rule.code}`](pre-flight.md#{rule.code})", plain(rule.message), plain(rule.hint))
        for rule in all_rules()
    ]
    return "\n".join([*parts, _BUNDLE, table(("Code", "Message", "What to do"), rows), ""])
