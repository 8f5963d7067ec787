"""Azure Pipelines: logging commands (learn.microsoft.com, "Logging commands")."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from deployer.ci.base import Job
from deployer.ci.console import Console, variable
from deployer.errors import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deployer.errors import Problem


class Azure(Console):
    """Issues on files and lines, groups that fold, outputs as variables of the step (`isOutput`)."""

    name: ClassVar[str] = "azure"

    def _describe_job(self, environ: Mapping[str, str]) -> Job:
        return Job(
            workspace=Path(environ.get("BUILD_SOURCESDIRECTORY") or Path.cwd()),
            repository=environ.get("BUILD_REPOSITORY_NAME", ""),
            sha=environ.get("BUILD_SOURCEVERSION", ""),
            ref=environ.get("BUILD_SOURCEBRANCHNAME", ""),
            run_id=environ.get("BUILD_BUILDID", ""),
            run_attempt=environ.get("SYSTEM_JOBATTEMPT", ""),
            workflow=environ.get("BUILD_DEFINITIONNAME", ""),
            run_number=environ.get("BUILD_BUILDID", ""),
        )

    @contextmanager
    def section(self, title: str, *, folded: bool = False) -> Iterator[None]:
        """Open a group that folds, or a section heading."""
        self._write(f"##[{'group' if folded else 'section'}]{self._safe(title)}")
        yield
        if folded:
            self._write("##[endgroup]")

    def annotate(self, problem: Problem) -> None:
        """Report an issue of the job; a notice is a line of the log."""
        if problem.severity is Severity.NOTICE:
            super().annotate(problem)
            return
        place = problem.location
        properties = {
            "type": str(problem.severity),
            "sourcepath": self._safe(place.path) if place else "",
            "linenumber": str(place.line) if place and place.line else "",
            "columnnumber": str(place.column) if place and place.column else "",
            "code": self._safe(problem.code),
        }
        given = "".join(f"{key}={_property(value)};" for key, value in properties.items() if value)
        self._write(f"##vso[task.logissue {given}]{_data(self._safe_lines(problem))}")

    def outputs(self, values: Mapping[str, str]) -> None:
        """Set variables that later steps and jobs read, and write the outputs file if there is one."""
        super().outputs(values)
        for name, value in values.items():
            data = _data(self._safe_value(value))
            self._write(f"##vso[task.setvariable variable={variable(name)};isOutput=true;]{data}")

    def _tell_secret(self, line: str) -> None:
        self._raw.write(f"##vso[task.setsecret]{_data(line)}\n")


def _data(text: str) -> str:
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(";", "%3B").replace("]", "%5D")
