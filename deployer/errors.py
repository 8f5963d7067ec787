"""The errors that end a run, each with its exit code and all its problems.

Inner code raises a `DeployError`; only `main` catches it. A `Problem` is one thing to tell the user: what
happened, what to do about it, and where in the repository.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Iterable


_MOST_OF_A_CODE: Final = 20


class ExitCode(IntEnum):
    """The exit codes of the process; the README's table is generated from their `meaning`."""

    DONE = 0
    INVALID_INPUT = 2
    INVALID_BUNDLE = 3
    ACCESS_DENIED = 4
    AWS_FAULT = 5
    FAILED = 10
    STOPPED = 11
    TIMED_OUT = 12
    CONFLICT = 13
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143

    @property
    def meaning(self) -> str:
        """One line for the documentation."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.DONE: "completed up to `stop-after`",
    ExitCode.INVALID_INPUT: "invalid input",
    ExitCode.INVALID_BUNDLE: "invalid AppSpec or bundle, or its rehearsal failed",
    ExitCode.ACCESS_DENIED: "no credentials or access denied",
    ExitCode.AWS_FAULT: "AWS, or the Docker engine of a rehearsal, rejected the request or failed",
    ExitCode.FAILED: "deployment failed",
    ExitCode.STOPPED: "deployment stopped",
    ExitCode.TIMED_OUT: "timed out waiting (the deployment may still be running)",
    ExitCode.CONFLICT: "not started: another deployment of the group is active, or a newer run was deployed",
    ExitCode.BUG: "internal error; the log has a traceback and where to report it",
    ExitCode.INTERRUPTED: "interrupted by SIGINT",
    ExitCode.TERMINATED: "interrupted by SIGTERM",
}


class Severity(StrEnum):
    """The severity of a problem; the values are GitHub's annotation levels."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the user's repository.

    `path` is relative to the repository's root with forward slashes; `line` and `column` count from 1.
    """

    path: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, in the user's words.

    `message` says what happened, `hint` what to do, `code` is a stable name for the rule
    (`appspec-hook-missing-script`), empty where no rule has a name.
    """

    message: str
    hint: str = ""
    code: str = ""
    severity: Severity = Severity.ERROR
    location: Location | None = None


def in_line_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems of each file by line and column, files in the order in which they first appear.

    Problems of no file are one group among these.
    """
    files: dict[str, list[Problem]] = {}
    for problem in problems:
        files.setdefault(problem.location.path if problem.location else "", []).append(problem)
    return [problem for group in files.values() for problem in sorted(group, key=_line_and_column)]


def _line_and_column(problem: Problem) -> tuple[int, int]:
    place = problem.location
    return (place.line or 0, place.column or 0) if place else (0, 0)


def capped(problems: Iterable[Problem]) -> list[Problem]:
    """Return at most twenty problems of each code, and for each code a count of the rest."""
    seen = Counter[str]()
    last: dict[str, Problem] = {}
    kept: list[Problem] = []
    for problem in problems:
        seen[problem.code] += 1
        last[problem.code] = problem
        if seen[problem.code] <= _MOST_OF_A_CODE:
            kept.append(problem)
    for code, count in seen.items():
        if count > _MOST_OF_A_CODE:
            message = f"And {count - _MOST_OF_A_CODE:,} more of this kind."
            kept.append(replace(last[code], message=message, location=None))
    return kept


class DeployError(Exception):
    """The run cannot continue: one or more problems, at least one of them an error."""

    exit_code: ClassVar[ExitCode]

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "; ".join(problem.message for problem in self.problems)


class InvalidInput(DeployError):
    """Signal input that cannot be used."""

    exit_code = ExitCode.INVALID_INPUT


class InvalidBundle(DeployError):
    """The source, the AppSpec or the archive would fail on the target."""

    exit_code = ExitCode.INVALID_BUNDLE


class RehearsalFailed(DeployError):
    """The bundle failed in its rehearsal."""

    exit_code = ExitCode.INVALID_BUNDLE


class AccessDenied(DeployError):
    """Signal credentials that are missing, invalid, or lack a permission."""

    exit_code = ExitCode.ACCESS_DENIED


class AwsFault(DeployError):
    """AWS refused the request as it stands, or could not be reached, after retries."""

    exit_code = ExitCode.AWS_FAULT


class EngineFault(DeployError):
    """The Docker engine of a rehearsal refused a request, or failed."""

    exit_code = ExitCode.AWS_FAULT


class NewerRun(DeployError):
    """A newer run was deployed to the group, or is being deployed, and this one is not to replace it."""

    exit_code = ExitCode.CONFLICT


class Conflict(DeployError):
    """Another deployment holds the deployment group."""

    exit_code = ExitCode.CONFLICT
