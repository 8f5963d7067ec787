"""Generates `docs/troubleshooting.md`: what each code means, and what to do."""

from __future__ import annotations

from deployer.reference.inputs import table
from deployer.reference.preflight import plain
from deployer.report.codes import chapters
from deployer.rules.chapters import all_rules

_INTRODUCTION = """\
# Troubleshooting

<!-- Generated from deployer/report/codes.py and deployer/rules by `make docs`; edit them, not this file. -->

Each problem ends with a code in brackets; on GitHub, the code is the title of the annotation. Search this
page for the code. Codes in lower case belong to this step; all others come from AWS and are shown without the
suffix `Exception`. The [exit code](outputs.md#exit-codes) tells what kind of problem ended the run.

For more detail, re-run the job with debug logging on GitHub, set `RUNNER_DEBUG=1` elsewhere, or add
`--verbose` to the command line: the log then shows each call to AWS. If access is denied, see
[iam.md](iam.md#when-access-is-denied). If this page does not help, report the problem with
[this form](https://github.com/codedeploy-deployer/deployer/issues/new?template=bug.yml).
"""
_BUNDLE = """\
## The bundle

These problems are found before anything is sent. Each code links to an example of what causes it and of what
is right; [pre-flight.md](pre-flight.md) describes which problems stop a run. `…` stands for details of the
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
