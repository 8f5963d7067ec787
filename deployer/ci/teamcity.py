"""TeamCity: service messages (TeamCity's documentation, "Service messages")."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from deployer.ci.base import Job, plain_problem
from deployer.ci.console import Console, variable
from deployer.errors import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deployer.errors import Problem


_ESCAPES = {"|": "||", "'": "|'", "[": "|[", "]": "|]", "\n": "|n", "\r": "|r"}
_LONGEST_PROBLEM = 4000
"""Characters of a build problem's description, by TeamCity's documentation."""


class TeamCity(Console):
    """Blocks that fold, errors as build problems, outputs as environment parameters of later steps."""

    name: ClassVar[str] = "teamcity"

    def _describe_job(self, environ: Mapping[str, str]) -> Job:
        return Job(
            workspace=Path.cwd(),
            repository=environ.get("TEAMCITY_PROJECT_NAME", ""),
            sha=environ.get("BUILD_VCS_NUMBER", ""),
            run_id=environ.get("BUILD_NUMBER", ""),
            url=environ.get("BUILD_URL", ""),
            workflow=environ.get("TEAMCITY_BUILDCONF_NAME", ""),
            run_number=environ.get("BUILD_NUMBER", ""),
        )

    @contextmanager
    def section(self, title: str, *, folded: bool = False) -> Iterator[None]:  # noqa: ARG002 - all blocks fold
        """Open a block."""
        self._message("blockOpened", name=self._safe(title))
        try:
            yield
        finally:
            self._message("blockClosed", name=self._safe(title))

    def annotate(self, problem: Problem) -> None:
        """Report a problem: an error fails the build with its text, anything else is a message."""
        text = "\n".join(map(self._safe, plain_problem(problem)))
        if problem.severity is Severity.ERROR:
            self._message("buildProblem", description=text[:_LONGEST_PROBLEM])
        else:
            status = "WARNING" if problem.severity is Severity.WARNING else "NORMAL"
            self._message("message", text=text, status=status)

    def outputs(self, values: Mapping[str, str]) -> None:
        """Set environment variables for later steps, and write the outputs file if there is one."""
        super().outputs(values)
        for name, value in values.items():
            self._message("setParameter", name=f"env.{variable(name)}", value=self._safe_value(value))

    def _message(self, kind: str, **attributes: str) -> None:
        given = " ".join(f"{key}='{_escape(value)}'" for key, value in attributes.items())
        self._write(f"##teamcity[{kind} {given}]")


def _escape(text: str) -> str:
    return "".join(_ESCAPES.get(char) or (char if char.isascii() else _unicode(char)) for char in text)


def _unicode(char: str) -> str:
    """Return the text's UTF-16 code units, each as `|0xNNNN`."""
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"|0x{units[index : index + 2].hex()}" for index in range(0, len(units), 2))
