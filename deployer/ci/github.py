"""GitHub Actions: workflow commands and command files.

Rules from GitHub's documentation of workflow commands and from the runner's own parser: a line is a command
when it begins with `::` after white space, or has `##[` anywhere, unless it stands between `stop-commands`
and its token.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TextIO

from deployer.ci.base import Ci, Job
from deployer.ci.files import ReportFile
from deployer.text import printable_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deployer.errors import Problem


class GitHub(Ci):
    """Workflow commands on standard output, values in the runner's command files."""

    name: ClassVar[str] = "github"
    takes_lines: ClassVar[bool] = True

    def __init__(self, environ: Mapping[str, str], stream: TextIO | None) -> None:
        super().__init__(environ, stream)
        for purpose, variable in (("outputs", "GITHUB_OUTPUT"), ("summary", "GITHUB_STEP_SUMMARY")):
            if path := environ.get(variable):
                self._files[purpose] = ReportFile(path, f"{purpose}-file", self.job.checkout, shared=True)

    def _report_file(self, purpose: str, path: str) -> ReportFile:
        """Return the file of an input; for outputs, the runner's own, which all steps append to."""
        return ReportFile(path, f"{purpose}-file", self.job.checkout, shared=purpose == "outputs")

    def _describe_job(self, environ: Mapping[str, str]) -> Job:
        server, repository = environ.get("GITHUB_SERVER_URL", ""), environ.get("GITHUB_REPOSITORY", "")
        run_id = environ.get("GITHUB_RUN_ID", "")
        return Job(
            workspace=Path(environ.get("GITHUB_WORKSPACE") or Path.cwd()),
            repository=repository,
            sha=environ.get("GITHUB_SHA", ""),
            ref=environ.get("GITHUB_REF_NAME", ""),
            run_id=run_id,
            run_attempt=environ.get("GITHUB_RUN_ATTEMPT", ""),
            url=f"{server}/{repository}/actions/runs/{run_id}" if server and repository and run_id else "",
            workflow=_workflow(environ),
            run_number=environ.get("GITHUB_RUN_NUMBER", ""),
            compare=f"{server}/{repository}/compare/{{old}}...{{new}}" if server and repository else "",
        )

    def block(self, text: str) -> None:
        """Print text that came from elsewhere between `stop-commands` tokens."""
        self._fenced([f"  | {line}" for line in printable_lines(text.rstrip("\r\n"))])

    def debug(self, text: str) -> None:
        """Write a debug command, which the runner shows if debugging is on."""
        if self.debugging:
            self._command("debug", self._safe(text))

    @contextmanager
    def section(self, title: str, *, folded: bool = False) -> Iterator[None]:
        """Print a heading; GitHub folds every group, so only details become one."""
        if not folded:
            self.say(title)
            yield
            return
        self._command("group", self._safe(title))
        try:
            yield
        finally:
            self._command("endgroup")

    def annotate(self, problem: Problem) -> None:
        """Annotate the file and line; the log shows the annotation too."""
        place = problem.location
        properties = {
            "file": self._safe(place.path) if place else "",
            "line": str(place.line) if place and place.line else "",
            "col": str(place.column) if place and place.line and place.column else "",
            "title": self._safe(problem.code),
        }
        self._command(problem.severity, self._safe_lines(problem), properties)

    def outputs(self, values: Mapping[str, str]) -> None:
        """Add values to the runner's output file, each behind a delimiter that nobody can guess."""
        if file := self._files.get("outputs"):
            self._keep(file, "".join(_heredoc(name, value) for name, value in values.items()))

    def _tell_secret(self, line: str) -> None:
        self._raw.write(f"::add-mask::{_data(line)}\n")

    def _plain(self, text: str) -> None:
        """Print a line, fenced where the runner would take it for a command."""
        if text.lstrip().startswith("::") or "##[" in text:
            self._fenced([text])
        else:
            self._write(text)

    def _fenced(self, lines: list[str]) -> None:
        token = os.urandom(16).hex()
        self._write("\n".join([f"::stop-commands::{token}", *lines, f"::{token}::"]))

    def _command(self, name: str, data: str = "", properties: Mapping[str, str] | None = None) -> None:
        given = ",".join(f"{key}={_property(value)}" for key, value in (properties or {}).items() if value)
        self._write(f"::{name}{' ' + given if given else ''}::{_data(data)}")


def _workflow(environ: Mapping[str, str]) -> str:
    """Return the file of the workflow, whose runs GitHub counts; its name if the file is unknown."""
    path = environ.get("GITHUB_WORKFLOW_REF", "").partition("@")[0]
    return path.rpartition("/")[2] or environ.get("GITHUB_WORKFLOW", "")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _heredoc(name: str, value: str) -> str:
    delimiter = f"ghadelimiter_{os.urandom(16).hex()}"
    lines = "\n".join(printable_lines(value))
    return f"{name}<<{delimiter}\n{lines}\n{delimiter}\n"
