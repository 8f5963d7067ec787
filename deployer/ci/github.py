"""GitHub Actions: workflow commands and command files.

Rules from GitHub's documentation of workflow commands and from the runner's own parser: a line is a command
when it begins with `::` after white space, or has `##[` anywhere, unless it stands between `stop-commands`
and its token.
"""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TextIO

from deployer.ci.base import Platform, Run, printable_lines, write_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deployer.errors import Problem


class GitHub(Platform):
    """Workflow commands on standard output, values in the runner's command files."""

    name: ClassVar[str] = "github"

    def __init__(self, environ: Mapping[str, str], stream: TextIO) -> None:
        super().__init__(environ, stream)
        self.outputs_file = environ.get("GITHUB_OUTPUT") or None
        self.summary_file = environ.get("GITHUB_STEP_SUMMARY") or None

    def _describe_run(self, environ: Mapping[str, str]) -> Run:
        server, repository = environ.get("GITHUB_SERVER_URL", ""), environ.get("GITHUB_REPOSITORY", "")
        run_id = environ.get("GITHUB_RUN_ID", "")
        return Run(
            workspace=Path(environ.get("GITHUB_WORKSPACE") or Path.cwd()),
            repository=repository,
            sha=environ.get("GITHUB_SHA", ""),
            ref=environ.get("GITHUB_REF_NAME", ""),
            run_id=run_id,
            run_attempt=environ.get("GITHUB_RUN_ATTEMPT", ""),
            url=f"{server}/{repository}/actions/runs/{run_id}" if server and repository and run_id else "",
        )

    def block(self, text: str) -> None:
        """Print text that came from elsewhere between `stop-commands` tokens."""
        self._fenced([f"  | {line}" for line in printable_lines(text.rstrip("\r\n"))])

    def debug(self, text: str) -> None:
        """A debug command, which the runner shows when debugging is on."""
        if self.debugging:
            self._command("debug", text)

    @contextmanager
    def group(self, title: str, *, folded: bool = False) -> Iterator[None]:
        """A heading; GitHub folds every group, so only details become one."""
        if not folded:
            self.line(title)
            yield
            return
        self._command("group", title)
        try:
            yield
        finally:
            self._command("endgroup")

    def annotate(self, problem: Problem) -> None:
        """An annotation on the file and line, which the log shows too."""
        place = problem.location
        properties = {
            "file": place.path if place else "",
            "line": str(place.line) if place and place.line else "",
            "col": str(place.column) if place and place.line and place.column else "",
            "title": problem.code,
        }
        message = "\n".join([problem.message, *problem.hint.splitlines()])
        self._command(problem.severity, message, properties)

    def outputs(self, values: Mapping[str, str]) -> None:
        """Add values to the runner's output file, each behind a delimiter that nobody can guess."""
        if self.outputs_file:
            write_text(
                self.outputs_file,
                "".join(_heredoc(name, value) for name, value in values.items()),
                purpose="outputs-file",
            )

    def mask(self, secret: str) -> None:
        """Have the runner replace the value by asterisks from here on."""
        for line in secret.splitlines():
            self._command("add-mask", line)

    def _plain(self, text: str) -> None:
        """Print a line, fenced where the runner would take it for a command."""
        if text.lstrip().startswith("::") or "##[" in text:
            self._fenced([text])
        else:
            self._write(text)

    def _fenced(self, lines: list[str]) -> None:
        token = secrets.token_hex(16)
        self._write("\n".join([f"::stop-commands::{token}", *lines, f"::{token}::"]))

    def _command(self, name: str, data: str = "", properties: Mapping[str, str] | None = None) -> None:
        given = ",".join(f"{key}={_property(value)}" for key, value in (properties or {}).items() if value)
        self._write(f"::{name}{' ' + given if given else ''}::{_data(data)}")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _heredoc(name: str, value: str) -> str:
    delimiter = f"ghadelimiter_{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"
