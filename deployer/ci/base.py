"""The interface of a CI platform, and the text rules that all of them share."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, TextIO

from deployer.ci.files import ReportFile, why_unwritten
from deployer.ci.redaction import SHORTEST, RedactedStream, Redactor
from deployer.errors import InvalidInput, Problem, Severity
from deployer.folders import checkout_of, home
from deployer.text import printable, printable_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path


_HASHES = re.compile(r"(?<!#)##++(?=(?:vso|teamcity)?\[)", re.IGNORECASE)
"""The start of a command that the agents of Azure, TeamCity and GitHub look for anywhere in a line."""


@dataclass(frozen=True, slots=True)
class Job:
    """The CI job that this process is part of; empty strings where the CI does not say.

    `workspace` is the repository's root on this machine. `run_number` is the CI's own counter of the runs of
    `workflow`, or of the repository where that is empty. `compare` is the page that shows what lies between
    two commits, with `{old}` and `{new}` in their places.
    """

    workspace: Path
    repository: str = ""
    sha: str = ""
    ref: str = ""
    run_id: str = ""
    run_attempt: str = ""
    url: str = ""
    workflow: str = ""
    run_number: str = ""
    compare: str = ""

    @property
    def checkout(self) -> Path:
        """The root of the checkout that the workspace is in: all files in it are the repository's.

        A home folder that git tracks is its user's own, unless this is a CI's job.
        """
        root = checkout_of(self.workspace)
        return self.workspace if root == home() and not self.run_id else root

    @property
    def description(self) -> str:
        """The job in a line, for the deployment's description; empty where the CI says nothing.

        It names the attempt too, so that a deployment of an earlier one is not taken for this one's.
        """
        run = self.url or (self.run_id and f"run {self.run_id}")
        implied = not self.run_attempt or self.url.endswith(f"/{self.run_attempt}")
        attempt = "" if implied else f"attempt {self.run_attempt}"
        return " ".join(part for part in (self.ref, run, attempt) if part)


class Ci(ABC):
    """A place to report to; adapters override what their CI does differently.

    Whatever is written passes through one layer that hides all secrets that are known.
    """

    name: ClassVar[str]
    quiet: bool = False
    replaces: bool = False
    """True if `progress` replaces what it showed last, and may be called as often as there is any."""
    takes_lines: ClassVar[bool] = False
    """True if an output may have several lines."""

    def __init__(self, environ: Mapping[str, str], stream: TextIO | None) -> None:
        self._redactor = Redactor(environ)
        self._raw = RedactedStream(stream, Redactor({}))
        self._stream = RedactedStream(stream, self._redactor)
        self._files: dict[str, ReportFile] = {}
        self._unwritten: set[str] = set()
        self.job = self._describe_job(environ)
        self.debugging = environ.get("RUNNER_DEBUG") == "1"

    @abstractmethod
    def _describe_job(self, environ: Mapping[str, str]) -> Job: ...

    def keep_in(self, **files: str) -> None:
        """Write to these files, by purpose (`outputs`, `summary`, `junit`), and to the CI's own for others.

        All are tried at once. Raises InvalidInput with each that cannot be written.
        """
        for purpose, path in files.items():
            if path:
                self._files[purpose] = self._report_file(purpose, path)
        problems = []
        for purpose, file in [*self._files.items()]:
            try:
                file.begin()
            except (OSError, ValueError) as error:
                problems.append(_unwritable(file, error))
                del self._files[purpose]
        if problems:
            raise InvalidInput(*problems)

    def _report_file(self, purpose: str, path: str) -> ReportFile:
        return ReportFile(path, f"{purpose}-file", self.job.checkout)

    def document(self, text: str) -> None:
        """Print what a command was asked for, as it is."""
        self._stream.write(text)

    def say(self, text: str = "") -> None:
        """Print one line, unless only problems and results are wanted."""
        if not self.quiet:
            self.announce(text)

    def announce(self, text: str) -> None:
        """Print one line in any case."""
        self._plain(self._safe(text))

    def progress(self, text: str) -> None:
        """Show how far things are."""
        self.say(text)

    def block(self, text: str) -> None:
        """Print text that came from elsewhere, line by line, indented."""
        for line in printable_lines(text.rstrip("\r\n")):
            self._plain(f"  | {self._safe(line)}")

    def debug(self, text: str) -> None:
        """Print a line that only helps to find a fault."""
        if self.debugging:
            self.say(f"debug: {text}")

    @abstractmethod
    def section(self, title: str, *, folded: bool = False) -> AbstractContextManager[None]:
        """Open a titled part of the log; details are `folded` if the CI supports it."""

    def annotate(self, problem: Problem) -> None:
        """Show a problem where the CI shows problems, and in the log."""
        for line in plain_problem(problem):
            self.announce(line)

    @abstractmethod
    def outputs(self, values: Mapping[str, str]) -> None:
        """Hand values to later steps, as soon as they are known."""

    def summary(self, report: Callable[[], str]) -> None:
        """Keep a Markdown report with the job, where it can be shown."""
        if file := self._files.get("summary"):
            self._keep(file, report().rstrip() + "\n", whole=True)

    def junit(self, report: Callable[[], str]) -> None:
        """Keep a JUnit report where the user wants one."""
        if file := self._files.get("junit"):
            self._keep(file, report(), whole=True)

    def mask(self, secret: str) -> None:
        """Hide a value in all that is written from here on, and have the CI hide it, where it can."""
        self._redactor.learn(secret)
        for line in map(str.strip, secret.splitlines()):
            if len(line) >= SHORTEST:
                self._tell_secret(line)

    def _tell_secret(self, line: str) -> None:  # noqa: B027 - most CIs cannot
        """Have the CI hide a line of a secret."""

    def _keep(self, file: ReportFile, text: str, *, whole: bool = False) -> None:
        """Write to a file, or warn, once, that it cannot be written any more: the run is worth more."""
        try:
            (file.put if whole else file.add)(self._redactor.redact(text))
        except OSError as error:
            if file.purpose not in self._unwritten:
                self._unwritten.add(file.purpose)
                self.annotate(replace(_unwritable(file, error), severity=Severity.WARNING))

    def _safe(self, text: str) -> str:
        """Return the text as one line, without anything that this CI would interpret as a command.

        Nor another one, inside whose job a container knows nothing of it: however many hashes there are, no
        two of them are left side by side before a command.
        """
        return _HASHES.sub(lambda found: " ".join(found[0]), printable(text))

    def _safe_lines(self, problem: Problem) -> str:
        """Yield a problem's message and hint, as lines."""
        return "\n".join(map(self._safe, [problem.message, *problem.hint.splitlines()]))

    def _safe_value(self, value: str) -> str:
        """Return the value of an output, which later steps may print."""
        return " ".join(map(self._safe, value.split("\n")))

    def _plain(self, text: str) -> None:
        """Print a printable line that must not be taken for a command, whatever it says."""
        self._write(text)

    def _write(self, text: str) -> None:
        self._stream.write(f"{text}\n")


def _unwritable(file: ReportFile, error: OSError | ValueError) -> Problem:
    why = why_unwritten(error) if isinstance(error, OSError) else "this is not a valid file name"
    return Problem(
        f"The {file.purpose} {file.path} cannot be written: {why}.",
        "Name a file in an existing folder that this user can write to.",
    )


def plain_problem(problem: Problem) -> Iterator[str]:
    """Yield `file:line: error: message` as compilers write it, then the hint."""
    place = problem.location
    where = ""
    if place:
        numbers = [str(number) for number in (place.line, place.column) if number]
        where = ":".join([place.path, *numbers]) + ": "
    code = f" [{problem.code}]" if problem.code and problem.severity is not Severity.NOTICE else ""
    yield f"{where}{problem.severity}: {problem.message}{code}"
    for line in problem.hint.splitlines():
        yield f"  {line}"
