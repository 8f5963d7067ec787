"""A rehearsal (`stop-after: package`) of a repository as a job of GitHub: what it reports, and where."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from deployer.main import execute

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ANNOTATION = re.compile(r"^::(error|warning|notice) ?(.*?)::(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Finding:
    """One annotation, as GitHub shows it."""

    severity: str
    code: str
    path: str
    line: int | None
    message: str


@dataclass(frozen=True)
class Rehearsal:
    """Exit code, log and findings of a run."""

    code: int
    log: str

    @property
    def findings(self) -> list[Finding]:
        """Everything that was reported, in order."""
        found = []
        for severity, properties, message in _ANNOTATION.findall(self.log):
            given = dict(each.split("=", 1) for each in properties.split(",") if each)
            line = int(given["line"]) if "line" in given else None
            path = unquote(given.get("file", ""))
            found.append(Finding(severity, given.get("title", ""), path, line, unquote(message)))
        return found

    def places(self, code: str) -> list[tuple[str, int | None]]:
        """Where a code was reported; an empty path where it belongs to no file."""
        return [(finding.path, finding.line) for finding in self.findings if finding.code == code]


def rehearse(repository: Path, *flags: str, environ: Mapping[str, str] | None = None) -> Rehearsal:
    """Run the product on a repository, without AWS."""
    given = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(repository), **(environ or {})}
    stream = io.StringIO()
    code = execute(["--application=a", "--deployment-group=g", "--stop-after=package", *flags], given, stream)
    return Rehearsal(code, stream.getvalue())
