"""What a CI platform can do for a run, and the text rules that all of them share."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, TextIO

from deployer.errors import InvalidInput, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager


_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), 127, *range(0x80, 0xA0)) if code != ord("\t")}
_CONTROL |= {ord("\r"): "\\r", ord("\n"): "\\n", 0x2028: "\\u2028", 0x2029: "\\u2029", 0x85: "\\x85"}


def printable(text: str) -> str:
    """One line that no terminal and no log reader takes for anything but text."""
    return _ANSI.sub("", text).translate(_CONTROL)


def printable_lines(text: str) -> list[str]:
    """The lines of a text from elsewhere (a log tail), each printable."""
    return [printable(line) for line in text.replace("\r\n", "\n").split("\n")]


@dataclass(frozen=True, slots=True)
class Run:
    """The CI job that this process is part of; empty strings where the CI does not say.

    `workspace` is the repository's root on this machine.
    """

    workspace: Path
    repository: str = ""
    sha: str = ""
    ref: str = ""
    run_id: str = ""
    run_attempt: str = ""
    url: str = ""

    @property
    def description(self) -> str:
        """The job in a line, for the deployment's description; empty where the CI says nothing.

        It names the attempt too, so that a deployment of an earlier one is not taken for this one's.
        """
        commit = "@".join(part for part in (self.repository, self.sha[:12]) if part)
        run = self.url or (self.run_id and f"run {self.run_id}")
        told = not self.run_attempt or self.url.endswith(f"/{self.run_attempt}")
        attempt = "" if told else f"attempt {self.run_attempt}"
        return " ".join(part for part in (commit, self.ref, run, attempt) if part)


class Platform(ABC):
    """A place to report to; adapters override what their CI does differently.

    `outputs_file`, `summary_file` and `junit_file` are the user's inputs of those names, once they are known.
    """

    name: ClassVar[str]

    def __init__(self, environ: Mapping[str, str], stream: TextIO) -> None:
        self._stream = stream
        self.outputs_file: str | None = None
        self.summary_file: str | None = None
        self.junit_file: str | None = None
        self.run = self._describe_run(environ)
        self.debugging = environ.get("RUNNER_DEBUG") == "1"

    @abstractmethod
    def _describe_run(self, environ: Mapping[str, str]) -> Run: ...

    def line(self, text: str = "") -> None:
        """Print one line."""
        self._plain(printable(text))

    def block(self, text: str) -> None:
        """Print text that came from elsewhere, line by line, indented."""
        for line in printable_lines(text.rstrip("\r\n")):
            self._plain(f"  | {line}")

    def debug(self, text: str) -> None:
        """Print a line that only someone who hunts a fault wants to see."""
        if self.debugging:
            self.line(f"debug: {text}")

    @abstractmethod
    def group(self, title: str, *, folded: bool = False) -> AbstractContextManager[None]:
        """A part of the log with a title; details are `folded` away where the CI can do that."""

    def annotate(self, problem: Problem) -> None:
        """Show a problem where the CI shows problems, and in the log."""
        for line in plain_problem(problem):
            self.line(line)

    @abstractmethod
    def outputs(self, values: Mapping[str, str]) -> None:
        """Hand values to later steps, as soon as they are known."""

    def summary(self, report: Callable[[], str]) -> None:
        """Keep a Markdown report with the job, where it can be shown."""
        if self.summary_file:
            write_text(self.summary_file, report().rstrip() + "\n", purpose="summary-file")

    def junit(self, report: Callable[[], str]) -> None:
        """Keep a JUnit report where the user wants one."""
        if self.junit_file:
            write_text(self.junit_file, report(), purpose="junit-file", mode="w")

    def mask(self, secret: str) -> None:  # noqa: B027 - most platforms have no such command
        """Have the CI hide a value in all later output, where it can."""

    def _plain(self, text: str) -> None:
        """Print a printable line that must not be taken for a command, whatever it says."""
        self._write(text)

    def _write(self, text: str) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()


def plain_problem(problem: Problem) -> Iterator[str]:
    """`file:line: error: message` as compilers write it, and the hint below it."""
    place = problem.location
    where = ""
    if place:
        numbers = [str(number) for number in (place.line, place.column) if number]
        where = ":".join([place.path, *numbers]) + ": "
    code = f" [{problem.code}]" if problem.code and problem.severity is not Severity.NOTICE else ""
    yield f"{where}{problem.severity}: {problem.message}{code}"
    for line in problem.hint.splitlines():
        yield f"  {line}"


def write_text(path: str, text: str, *, purpose: str, mode: Literal["a", "w"] = "a") -> None:
    """Add text to the file that an input or variable names; raises InvalidInput when it cannot be written."""
    try:
        with Path(path).open(mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise InvalidInput(
            Problem(
                f"The {purpose} {path} cannot be written: {error.strerror}.",
                "Name a file in a folder that exists and that this user may write to.",
            )
        ) from error
