"""What happens in a deployment, as data: a pure function from time to state.

All times are seconds since the deployment was created, on the deployment's own clock: that clock runs `speed`
times as fast as the wall's and stands still while the deployment waits to be continued.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, TypeVar

Value = TypeVar("Value")
TERMINAL = frozenset({"Succeeded", "Failed", "Stopped"})
TARGET_STATES = ("Pending", "InProgress", "Succeeded", "Failed", "Skipped", "Ready")


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """What the agent says of an event; `code` is one of CodeDeploy's lifecycle error codes."""

    code: str = "Success"
    script: str = ""
    message: str = "Succeeded"
    log: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """A lifecycle event: Pending before `start`, InProgress before `end`, then `outcome`."""

    name: str
    start: float = inf
    end: float = inf
    outcome: str = "Succeeded"
    diagnostics: Diagnostics | None = None

    def status(self, time: float) -> str:
        """The event's status at that time."""
        if time >= self.end:
            return self.outcome
        return "InProgress" if time >= self.start else "Pending"


@dataclass(frozen=True, slots=True)
class Target:
    """An instance, a function, a service or a stack, with the events it goes through.

    `kind` is the service's member name (`instanceTarget`). `label` is Blue or Green. `statuses` overrides
    what follows from the events. `details` are further members of the target from a time on. From `gone` on
    the service lists it but knows nothing of it, as of an instance that was terminated.
    """

    id: str
    kind: str = "instanceTarget"
    events: tuple[Event, ...] = ()
    label: str = ""
    appears: float = 0.0
    gone: float = inf
    statuses: tuple[tuple[float, str], ...] = ()
    details: tuple[tuple[float, dict[str, Any]], ...] = ()

    def status(self, time: float) -> str:
        """The target's status: the scripted one, else the one that its events add up to."""
        scripted = latest(self.statuses, time)
        if scripted is not None:
            return scripted
        found = {event.status(time) for event in self.events}
        if "Failed" in found:
            return "Failed"
        if found <= {"Pending"}:
            return "Pending"
        if found & {"Pending", "InProgress"}:
            return "InProgress"
        return "Skipped" if found == {"Skipped"} else "Succeeded"

    def stopped(self, time: float) -> Target:
        """The same target in a deployment that stops at that time: what has not ended is skipped."""
        if self.status(time) in TERMINAL | {"Skipped"}:
            return self
        events = tuple(
            event
            if event.end <= time
            else replace(event, start=min(event.start, time), end=time, outcome="Skipped")
            for event in self.events
        )
        return replace(self, events=events, statuses=(*before(self.statuses, time), (time, "Skipped")))


@dataclass(frozen=True, slots=True)
class Hold:
    """The clock stands still at `at` until ContinueDeployment says `kind`, or for `limit` seconds."""

    at: float
    kind: str = "READY_WAIT"
    limit: float = inf


@dataclass(frozen=True, slots=True)
class Timeline:
    """A whole deployment.

    `error` is the code and message of errorInformation once it has ended; `rollback` the scenario of the
    deployment that follows a failure by itself, `update` that of the one that updates instances which were
    launched during a success; `stop` the time at which somebody stops it in the console;
    `overview` the time from which the service counts the targets; `visible` the time from which targets can
    be listed; `style` further members of the deployment's description, and of its group's; `said` members of
    the deployment's alone.
    """

    statuses: tuple[tuple[float, str], ...]
    targets: tuple[Target, ...] = ()
    error: tuple[str, str] | None = None
    holds: tuple[Hold, ...] = ()
    rollback: str | None = None
    update: str | None = None
    stop: float = inf
    overview: float = 1.0
    visible: float = 0.0
    style: dict[str, Any] = field(default_factory=dict)
    said: dict[str, Any] = field(default_factory=dict)

    def status(self, time: float) -> str:
        """The deployment's status at that time."""
        return latest(self.statuses, time) or "Created"

    @property
    def end(self) -> float:
        """When it reaches a terminal status, infinity when it never does."""
        return next((at for at, status in self.statuses if status in TERMINAL), inf)

    @property
    def start(self) -> float:
        """When it gets in progress."""
        return next((at for at, status in self.statuses if status not in {"Created", "Queued"}), inf)

    def counts(self, time: float) -> dict[str, int]:
        """The overview: how many targets are in which state."""
        found = Counter(target.status(time) for target in self.targets if target.appears <= time)
        return {state: found[state] for state in TARGET_STATES}

    def stopped(self, time: float, *, settle: float = 0.5) -> Timeline:
        """The same deployment, stopped at that time and at rest `settle` seconds later."""
        statuses = (*before(self.statuses, time), (time + settle, "Stopped"))
        if self.status(time) in {"Created", "Queued"}:
            statuses = (*before(self.statuses, time), (time, "InProgress"), (time + settle, "Stopped"))
        return replace(
            self,
            statuses=statuses,
            targets=tuple(target.stopped(time) for target in self.targets),
            holds=tuple(hold for hold in self.holds if hold.at <= time),
            error=("MANUAL_STOP", "The deployment was stopped."),
            rollback=None,
            stop=inf,
        )


def latest(changes: tuple[tuple[float, Value], ...], time: float) -> Value | None:
    """The value in force at that time, None before the first."""
    return next((value for at, value in reversed(changes) if at <= time), None)


def before(changes: tuple[tuple[float, Value], ...], time: float) -> tuple[tuple[float, Value], ...]:
    """The changes up to that time."""
    return tuple(change for change in changes if change[0] <= time)
