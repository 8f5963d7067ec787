"""How deployments are put together from targets: the words that the catalogue is written in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tests.emulator import fleet
from tests.emulator.failures import MESSAGES, Failure
from tests.emulator.timeline import Target, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.emulator.faults import Fault


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named course of events.

    `timeline` is None for the plain success of whatever platform is deployed to; `faults` are injected from
    the start; `platform` is the one that the scenario is about; `busy` names the scenario of another
    deployment that is already active; `group` are further members of the groups' descriptions.
    """

    name: str
    description: str
    timeline: Timeline | None = None
    faults: tuple[Fault, ...] = ()
    platform: str = "Server"
    busy: str | None = None
    group: Mapping[str, Any] = field(default_factory=dict)

    def plan(self, platform: str) -> Timeline:
        """What a deployment to that platform goes through."""
        return self.timeline or succeeds(platform)


def course(
    targets: Iterable[Target],
    *,
    error: str | None = None,
    status: str = "Failed",
    queued: float = 0.3,
    started: float = 0.6,
    end: float | None = None,
) -> Timeline:
    """A deployment over these targets: created, queued, in progress; it ends with them or at `end`.

    It succeeds unless there is an `error`, one of the service's codes; then it ends in `status`.
    """
    fixed = tuple(targets)
    ends = fleet.end_of(fixed) + 0.6 if end is None else end
    return Timeline(
        statuses=(
            (0.0, "Created"),
            (queued, "Queued"),
            (started, "InProgress"),
            (ends, status if error else "Succeeded"),
        ),
        targets=fixed,
        error=(error, MESSAGES[error]) if error else None,
        overview=started + 0.2,
        visible=started,
    )


def rolling(failures: Sequence[Failure | None], *, step: float = 2.5) -> list[Target]:
    """Instances one after the other, each with its failure or None."""
    return [
        fleet.instance(number, start=1.0 + step * (number - 1), failure=failure)
        for number, failure in enumerate(failures, start=1)
    ]


def succeeds(platform: str) -> Timeline:
    """The plain success of a platform."""
    if platform == "Lambda":
        return course([fleet.function()])
    if platform == "ECS":
        return course([fleet.service()])
    return course(rolling([None] * 3))


def unhealthy(targets: Sequence[Target]) -> Timeline:
    """The health rule is broken: the deployment fails, and what has not begun is skipped."""
    return cut_short(course(targets, error="HEALTH_CONSTRAINTS"))


def cut_short(timeline: Timeline) -> Timeline:
    """The same course; targets that have not ended shortly before its end are skipped."""
    last = timeline.end - 0.1
    return replace(timeline, targets=tuple(target.stopped(last) for target in timeline.targets))


def one_of_three(failure: Failure) -> Timeline:
    """The first instance succeeds, the second fails, the third is never tried."""
    return unhealthy([*rolling([None, failure]), fleet.waiting(3)])


def all_fail(failure: Failure) -> Timeline:
    """Three instances fail alike."""
    return unhealthy(rolling([failure] * 3, step=0.4))
