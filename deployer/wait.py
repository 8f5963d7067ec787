"""Stage: Deployment → Outcome. Looks until the end, at a pace that the deployment's age sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from deployer.choices import Stage
from deployer.model import Snapshot, Status, Traffic

if TYPE_CHECKING:
    from deployer.clock import Clock
    from deployer.observe import Observer

FASTEST, SLOWEST = 1.0, 10.0
"""Seconds between two looks at a young and at an old deployment."""

_LONGEST_BACKOFF = 60.0
_MOST_BATCHES = 8
_CREDENTIAL_TRIES = 3

Progress = Callable[[Snapshot, float], None]
"""Told of each snapshot and of the seconds waited so far."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait in all, and how long between two looks where the user fixed that."""

    budget: timedelta
    poll_interval: timedelta | None = None

    def pause(self, elapsed: float) -> float:
        """Seconds until the next look: a tenth of the time waited, within the bounds."""
        if self.poll_interval:
            return self.poll_interval.total_seconds()
        return min(SLOWEST, max(FASTEST, elapsed / 10))


@dataclass(frozen=True, slots=True)
class Ending:
    """How a wait ended: the status to report, the last snapshot and the seconds waited.

    `traffic` is how the shares of traffic moved: at which second each change was seen, and all shares then.
    """

    status: Status
    snapshot: Snapshot
    seconds: float
    traffic: tuple[tuple[float, tuple[Traffic, ...]], ...] = ()


def wait(
    observer: Observer,
    *,
    patience: Patience,
    clock: Clock,
    progress: Progress,
    stop_after: Stage = Stage.WAIT,
) -> Ending:
    """Watch until the deployment ends, is ready (when the run stops there), or the budget is spent.

    The blue/green waits of the deployment group come on top of the budget. Throttling, faults of the service
    and a lost network only make it look less often. Raises a DeployError
    when looking on cannot help: no permission, no valid credentials, no such deployment.
    """
    started = clock.monotonic()
    snapshot = Snapshot(status="Created")
    traffic: list[tuple[float, tuple[Traffic, ...]]] = []
    for snapshot in watch(observer, patience=patience, clock=clock, stop_after=stop_after):
        seconds = clock.monotonic() - started
        progress(snapshot, seconds)
        shares = tuple(share for target in snapshot.targets or () for share in target.traffic)
        if shares and (not traffic or _percents(shares) != _percents(traffic[-1][1])):
            traffic.append((seconds, shares))
    return Ending(_status(snapshot, stop_after), snapshot, clock.monotonic() - started, tuple(traffic))


def _percents(shares: tuple[Traffic, ...]) -> list[tuple[str, int]]:
    return [(share.version, share.percent) for share in shares]


def _status(snapshot: Snapshot, stop_after: Stage) -> Status:
    if snapshot.status == "Ready" and stop_after is Stage.READY:
        return Status.READY
    ends = {"Succeeded": Status.SUCCEEDED, "Failed": Status.FAILED, "Stopped": Status.STOPPED}
    return ends.get(snapshot.status, Status.TIMED_OUT)


def watch(observer: Observer, *, patience: Patience, clock: Clock, stop_after: Stage) -> Iterator[Snapshot]:
    """Snapshots up to and including the last; a failed look repeats the one before, with its trouble."""
    started = clock.monotonic()
    snapshot = Snapshot(status="Created")
    failures = 0
    while True:
        elapsed = clock.monotonic() - started
        pause = patience.pause(elapsed)
        looked = _look(observer, batches=min(_MOST_BATCHES, max(2, int(pause))), failures=failures)
        if isinstance(looked, Snapshot):
            snapshot, failures = looked, 0
        else:
            failures += 1
            snapshot = replace(snapshot, trouble=looked)
            pause = min(_LONGEST_BACKOFF, pause * 2**failures)
        yield snapshot
        if failures == 0 and (snapshot.ended or (snapshot.status == "Ready" and stop_after is Stage.READY)):
            return
        budget = patience.budget + timedelta(minutes=snapshot.group_wait_minutes)
        left = budget.total_seconds() - (clock.monotonic() - started)
        if left <= 0:
            return
        clock.sleep(min(pause, left))


def _look(observer: Observer, *, batches: int, failures: int) -> Snapshot | str:
    """A snapshot, or in words why this look failed though a later one may not."""
    from botocore.exceptions import BotoCoreError, ClientError

    from deployer import aws

    try:
        return observer.look(batches=batches)
    except (BotoCoreError, ClientError) as error:
        if aws.is_lasting(error) and (not aws.is_credentials(error) or failures + 1 >= _CREDENTIAL_TRIES):
            raise aws.explain(
                error, action="codedeploy:GetDeployment", resource=f"deployment {observer.deployment_id}"
            ) from error
        return aws.error_code(error) or str(error)
