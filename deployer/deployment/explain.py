"""Pure: a deployment that did not succeed → why, what to do, and where in the repository.

The service's own words for a failed deployment ("too many individual instances failed") say nothing, so the
targets are read: which lifecycle event failed, what the script said, and what that usually means. Failures
that targets share are told once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from deployer.appspec.model import EVENT_SECONDS
from deployer.deployment.causes import (
    AGENT_NEVER_ANSWERED,
    ERROR_CODES,
    EVENT_CODES,
    PLAIN_CODES,
    PREVIOUS_REVISION,
    SEARCHED,
    Cause,
    causes_in,
)
from deployer.deployment.model import Diagnostics
from deployer.errors import Location, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from deployer.appspec.model import AppSpec
    from deployer.deployment.model import LifecycleEvent, Snapshot, Target


ANNOTATIONS = 10
"""Annotations of one kind that GitHub shows for a step; what is beyond stands in the summary."""

_SAID_BY_TARGETS = {"", "HEALTH_CONSTRAINTS", "HOOK_EXECUTION_FAILURE"}
"""Codes of a deployment that say no more than that a target failed."""

_PREVIOUS_REVISION_EVENTS = {"ApplicationStop", "BeforeBlockTraffic", "AfterBlockTraffic"}
_LINES = (
    re.compile(r"(?<![\w./@+-])(?P<file>[\w./@+-]+): line (?P<line>\d+): "),  # bash
    re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)'),  # Python
    re.compile(r"(?<![\w./@+-])(?P<file>[\w./@+-]+):(?P<line>\d+):\d+\)?"),  # Node
    re.compile(r"(?<![\w./@+-])(?P<file>[\w./@+-]+): (?P<line>\d+): "),  # dash
    re.compile(r"(?<![\w./@+-])(?P<file>[\w./@+-]+):(?P<line>\d+):in "),  # Ruby
)
_LOUD = re.compile(
    r"error|fatal|not found|no such|denied|cannot|can't|unable|refused|missing|invalid", re.IGNORECASE
)
_ARCHIVE = "/deployment-archive/"
_TARGETS_UNREAD = (
    "The targets' last states could not be read ({why}): which failed, and why, is shown in the console."
)
_TARGETS_UNREADABLE = (
    "Which target failed, and why, cannot be read: allow codedeploy:ListDeploymentTargets and "
    'codedeploy:BatchGetDeploymentTargets on "*".'
)


@dataclass(frozen=True, slots=True)
class Places:
    """Where things of the bundle stand in the repository.

    `locate` gives the repository's path of a name in the bundle; `hooks` the AppSpec line of each event;
    `files` the AppSpec line that each destination stands on; `appspec` the AppSpec itself; `timeouts` the
    seconds that each event's scripts may take together.
    """

    locate: Callable[[str], str | None] = lambda _name: None
    appspec: Location | None = None
    hooks: Mapping[str, Location] = field(default_factory=dict)
    files: Mapping[str, Location] = field(default_factory=dict)
    timeouts: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, appspec: AppSpec, path: str, locate: Callable[[str], str | None]) -> Places:
        """The places that an AppSpec at `path` names."""
        return cls(
            locate=locate,
            appspec=Location(path),
            hooks={event: Location(path, hooks[0].line) for event, hooks in appspec.hooks.items() if hooks},
            files={mapping.destination: Location(path, mapping.line) for mapping in appspec.files},
            timeouts={
                event: sum(hook.timeout or EVENT_SECONDS for hook in hooks)
                for event, hooks in appspec.hooks.items()
            },
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that went wrong, on every target where it went wrong in the same way.

    `of` is how many targets the deployment has; `diagnostics` is untrusted text, from the first target.
    """

    event: str
    diagnostics: Diagnostics
    targets: tuple[str, ...]
    of: int
    causes: tuple[Cause, ...] = ()
    location: Location | None = None

    @property
    def problem(self) -> Problem:
        """The failure as an annotation: what failed where, in the script's own words, and what to do."""
        share = f" ({len(self.targets)} of {self.of} targets)" if self.of > 1 else ""
        why = reason(self.diagnostics)
        message = f"{self.event} failed on {shortened(self.targets)}{share}" + (f": {why}" if why else "")
        told = _first_line(self.diagnostics.message)
        causes = [line for cause in self.causes for line in (cause.why, cause.advice) if line]
        hint = "\n".join([*([told] if told not in message else []), *causes])
        return Problem(message, hint, code=self.diagnostics.error_code, location=self.location)


def reason(told: Diagnostics) -> str:
    """Why an event failed in one line: the script, and its own last words, else the service's."""
    said = telling_line(told.log_tail) or _first_line(told.message)
    return ": ".join(part for part in (" ".join(told.script.split()), said) if part)


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def telling_line(log: str) -> str:
    """The line of a log tail that says most about a failure.

    That is the last that speaks of an error, else the last that a script wrote to its standard error.
    """
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line.removeprefix("[stderr]").strip() for line in lines if line.startswith("[stderr]")]
    loud = [line for line in errors if _LOUD.search(line)]
    return (loud or errors or [""])[-1]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a deployment did not succeed: the problems to annotate, and the failures with their logs."""

    problems: tuple[Problem, ...]
    failures: tuple[Failure, ...]


def shortened(names: tuple[str, ...], most: int = 3) -> str:
    """The first names of many, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def explain(snapshot: Snapshot, places: Places) -> Explanation:
    """The explanation of how a deployment stands, as the last look showed it.

    Of one that succeeded, the targets that failed all the same are told as warnings; of one that still runs,
    why it may not have ended in time.
    """
    failures = tuple(_failures(snapshot.targets or (), places))
    problems = [failure.problem for failure in failures]
    if snapshot.status == "Succeeded":
        problems = [replace(problem, severity=Severity.WARNING) for problem in problems]
    elif not snapshot.ended:
        problems.append(_unfinished(snapshot))
    elif not failures and snapshot.untouched:
        problems.append(_silent(snapshot))
    elif not failures or snapshot.error_code not in _SAID_BY_TARGETS:
        problems.append(_deployment_problem(snapshot, places))
    return Explanation(tuple(problems[:ANNOTATIONS]), failures)


def _silent(snapshot: Snapshot) -> Problem:
    names = shortened(tuple(target.id for target in snapshot.targets or ()))
    return Problem(
        f"No lifecycle event ever started on {names}. {AGENT_NEVER_ANSWERED.why}",
        AGENT_NEVER_ANSWERED.advice,
        code="agent-silent",
    )


def _unfinished(snapshot: Snapshot) -> Problem:
    running = [
        f"{event.name} on {target.id}"
        for target in snapshot.targets or ()
        for event in target.events
        if event.status == "InProgress"
    ]
    if snapshot.trouble:
        return Problem(
            f"The deployment was not seen to end in time: it {snapshot.standing}.",
            f"AWS does not answer ({snapshot.trouble}): look in the console how the deployment is now.",
            code="timed-out",
        )
    doing = f" It waits for {shortened(tuple(running))}." if running else ""
    hint = "Raise the input timeout, or look at what it waits for; on-timeout: stop ends it with the wait."
    if snapshot.status == "InProgress" and snapshot.untouched:
        doing, hint = f" {AGENT_NEVER_ANSWERED.why}", AGENT_NEVER_ANSWERED.advice
    elif snapshot.status == "Ready":
        hint = "Continue it in the console or by a run with deployment-id and continue: true."
    return Problem(
        f"The deployment did not end in time: it is {snapshot.status}.{doing}", hint, code="timed-out"
    )


def _failures(targets: Iterable[Target], places: Places) -> Iterable[Failure]:
    """Failures told once each, the one on the most targets first."""
    groups: dict[tuple[str, str, str, str], list[tuple[Target, LifecycleEvent]]] = {}
    targets = tuple(targets)
    for target in targets:
        if event := target.failed_event:
            told = event.diagnostics or Diagnostics()
            key = (event.name, told.error_code, told.script, _without_names(told.message, target.id))
            groups.setdefault(key, []).append((target, event))
    for members in sorted(groups.values(), key=len, reverse=True):
        first, event = members[0]
        told = event.diagnostics or Diagnostics()
        yield Failure(
            event=event.name,
            diagnostics=told,
            targets=tuple(target.id for target, _ in members),
            of=len(targets),
            causes=tuple(_causes(event.name, told, kind=first.kind)),
            location=_location(event.name, told, places),
        )


def _without_names(message: str, target: str) -> str:
    return re.sub(r"i-[0-9a-f]{8,}|d-[A-Z0-9]+", "…", message.replace(target, "…"))


def _causes(event: str, told: Diagnostics, *, kind: str) -> Iterable[Cause]:
    found = list(causes_in(f"{told.message}\n{told.log_tail}", event))
    if kind != "instance":
        yield ERROR_CODES["HOOK_EXECUTION_FAILURE"]
    elif event in _PREVIOUS_REVISION_EVENTS:
        yield PREVIOUS_REVISION
    elif told.error_code in EVENT_CODES and (told.error_code in PLAIN_CODES or not found):
        yield EVENT_CODES[told.error_code]
    yield from found[:2]


def _location(event: str, told: Diagnostics, places: Places) -> Location | None:
    """The failing line of the hook when the log names it, else the hook, else the AppSpec's line."""
    hook = places.hooks.get(event) or places.appspec
    if event in _PREVIOUS_REVISION_EVENTS:  # that script is not the one in this repository
        return hook
    if event == "Install":
        return _destination(told.message, places) or places.appspec
    script = places.locate(told.script) if told.script else None
    named = _failing_line(told.log_tail, told.script, places)
    if named or script is None:
        return named or hook
    return Location(script)


def _failing_line(log: str, script: str, places: Places) -> Location | None:
    """The last line that the log names, in the hook itself before any other file of the bundle."""
    elsewhere = None
    for line in reversed(log.splitlines()):
        for pattern in _LINES:
            if not (match := pattern.search(line[:SEARCHED])):
                continue
            name = match["file"].rpartition(_ARCHIVE)[2].removeprefix("./")
            if script and (name == script or name.endswith(f"/{script}")):
                name = script
            if path := places.locate(name):
                found = Location(path, int(match["line"]))
                if name == script:
                    return found
                elsewhere = elsewhere or found
    return elsewhere


def _destination(message: str, places: Places) -> Location | None:
    """The `files` line whose destination holds the path that the message names, else the first."""
    for destination in sorted(places.files, key=len, reverse=True):
        if destination.rstrip("/") + "/" in message:
            return places.files[destination]
    return next(iter(places.files.values()), None)


def _deployment_problem(snapshot: Snapshot, places: Places) -> Problem:
    """The service's own error, with what it means; only an invalid revision is the repository's fault."""
    cause = ERROR_CODES.get(snapshot.error_code, Cause())
    hint = [line for line in (cause.why, cause.advice) if line]
    if snapshot.targets is None:
        hint.append(_TARGETS_UNREADABLE)
    elif snapshot.unread:
        hint.append(_TARGETS_UNREAD.format(why=snapshot.unread))
    return Problem(
        snapshot.error_message or f"The deployment ended as {snapshot.status}.",
        "\n".join(hint),
        code=snapshot.error_code,
        location=places.appspec if snapshot.error_code == "INVALID_REVISION" else None,
    )
