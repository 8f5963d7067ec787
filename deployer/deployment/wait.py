"""Stage: Deployment → Ending. Looks until the end, at a pace that the deployment's age sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deployer.aws.errors import error_code, is_credentials, is_lasting, sdk_errors, text_of, translate
from deployer.choices import Stage
from deployer.deployment.model import ENDS, Snapshot, Status, Traffic

if TYPE_CHECKING:
    from datetime import timedelta

    from deployer.clock import Clock
    from deployer.deployment.observe import Observer


FASTEST, SLOWEST = 0.5, 10.0
"""Seconds between two looks at a young and at an old deployment."""

_LONGEST_BACKOFF = 30.0
_BACKOFF_SHARE = 10
_SHORTEST_BACKOFF = 1.0
"""Looks that fail come at most this many seconds apart, and no more than this fraction of the time waited."""

_MOST_BATCHES = 8
LASTING_TRIES = 3
"""Calls in a row that have to be refused for good until that is believed."""

_DETAIL_PAUSES = (1.0, 1.0, 2.0, 2.0, 4.0)
"""Seconds before each further try to read what the targets of an ended deployment came to."""

_UNSEEN = Snapshot(status="Unknown", age=None)

Progress = Callable[[Snapshot, float], None]
"""Told of each snapshot and of the seconds waited so far."""


@dataclass(frozen=True, slots=True)
class Patience:
    """The time to wait in total, and the interval between status checks if the user fixed it.

    `extra_looks` is how many more there may be once the budget is spent, until one of them is answered.
    `waited_seconds` were spent waiting for others before: of many runs that do, each looks less often.
    """

    budget: timedelta
    poll_interval: timedelta | None = None
    extra_looks: int = 0
    waited_seconds: float = 0.0

    def pause(self, elapsed: float) -> float:
        """Return the seconds until the next check: a tenth of the time waited, within bounds."""
        if self.poll_interval:
            return self.poll_interval.total_seconds()
        return min(SLOWEST, max(FASTEST, (self.waited_seconds + elapsed) / 10))

    def backoff(self, elapsed: float, *, failures: int) -> float:
        """Return the seconds until the next check after that many failures in a row."""
        pause = self.pause(elapsed)
        longest = min(_LONGEST_BACKOFF, elapsed / _BACKOFF_SHARE)
        return max(pause, _SHORTEST_BACKOFF, min(longest, pause * 2.0 ** min(failures, 8)))


@dataclass(frozen=True, slots=True)
class Ending:
    """The result of a wait: the status to report, the last snapshot and the seconds waited.

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
    and a lost network only make it look less often, and targets that cannot be read not even that. Raises a
    DeployError when looking on cannot help: no permission, no valid credentials, no such deployment.
    """
    started = clock.monotonic()
    snapshot = _UNSEEN
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
    return ENDS.get(snapshot.status, Status.TIMED_OUT)


def watch(observer: Observer, *, patience: Patience, clock: Clock, stop_after: Stage) -> Iterator[Snapshot]:
    """Yield snapshots up to the final one; a failed check repeats the previous one, with its error."""
    started = clock.monotonic()
    snapshot, seen, extra = _UNSEEN, None, patience.extra_looks
    failures = refusals = 0
    while True:
        now = clock.monotonic()
        pause = patience.pause(now - started)
        left = (patience.budget + snapshot.waits).total_seconds() - (now - started)
        try:
            snapshot = observer.look(batches=min(_MOST_BATCHES, max(2, int(pause))), left=left)
            seen, failures, refusals = now, 0, 0
        except sdk_errors() as error:
            failures, refusals = failures + 1, refusals + 1 if is_lasting(error) else 0
            if refusals >= (1 if seen is None and not is_credentials(error) else LASTING_TRIES):
                raise translate(
                    error,
                    action="codedeploy:GetDeployment",
                    resource=f"deployment {observer.deployment_id}",
                ) from error
            pause = patience.backoff(now - started, failures=failures)
            age = None if seen is None else clock.monotonic() - seen
            snapshot = replace(snapshot, trouble=error_code(error) or text_of(error), age=age)
        yield snapshot
        if failures == 0 and snapshot.ended:
            yield from _details(observer, snapshot, clock)
            return
        if failures == 0 and snapshot.status == "Ready" and stop_after is Stage.READY:
            return
        budget = patience.budget + snapshot.waits
        left = budget.total_seconds() - (clock.monotonic() - started)
        if left <= 0:
            if not (failures and extra):
                return
            extra -= 1
            left = FASTEST
        took = clock.monotonic() - now  # the details' calls, which must not make the next status late
        clock.sleep(min(max(pause / 2, pause - took), left))


def _details(observer: Observer, snapshot: Snapshot, clock: Clock) -> Iterator[Snapshot]:
    """Yield an ended deployment with its targets' results, which say why, if the last check missed them."""
    for pause in _DETAIL_PAUSES:
        if not snapshot.unread:
            return
        clock.sleep(pause)
        snapshot = observer.read_targets(snapshot, batches=_MOST_BATCHES)
        yield snapshot
