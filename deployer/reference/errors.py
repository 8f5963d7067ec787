"""Generates `docs/errors.md`, the documentation of codes that are not about the bundle."""

from __future__ import annotations

from deployer.report.codes import chapters

_INTRODUCTION = """\
# Error codes

<!-- Generated from deployer/report/codes.py by `make docs`; edit what is collected there, not this file. -->

A problem ends with its code in brackets; on GitHub the code is the title of the annotation. Codes in lower
case are those of this step, and [pre-flight.md](pre-flight.md) has those about the bundle. All others are
AWS's own, passed on as they come; listed here are those with an explanation, without the end `Exception`.
"""


def markdown() -> str:
    """Return the whole page."""
    parts = [_INTRODUCTION]
    for title, codes in chapters().items():
        parts.append(f"## {title}\n")
        parts.extend(f"### {code}\n\n{meaning}\n" for code, meaning in codes.items())
    return "\n".join(parts)
