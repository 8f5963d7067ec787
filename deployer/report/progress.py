"""Log lines for the changes between two snapshots; few, however large the fleet is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.deployment.model import CONTINUING
from deployer.text import counts, duration, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.bundle.contents import Transfer
    from deployer.deployment.model import LifecycleEvent, Snapshot, Target

SMALL_FLEET = 8
"""Up to this many targets every lifecycle event is logged; beyond, only failures and counts."""

_MOST_FAILURES = 10
_LOGGED_STATES = {"Skipped": "skipped", "Unknown": "state unknown; the target may no longer exist"}


def changes(previous: Snapshot | None, current: Snapshot, seconds: float) -> list[str]:
    """Return the changes since the previous snapshot, each line with the time waited in seconds."""
    lines = [
        *_status(previous, current),
        *(text for text in current.messages if not (previous and text in previous.messages)),
        *_group_waits(previous, current),
        *_targets(previous, current),
    ]
    return [stamped(line, seconds) for line in lines]


def stamped(text: str, seconds: float) -> str:
    """Return a line after the time waited: `     7s  text`."""
    return f"{duration(seconds):>7}  {text}"


def heartbeat(current: Snapshot, seconds: float) -> str:
    """Return a line that names the running events, for when nothing has changed for a while."""
    waiting = [
        f"{target.id} {event.name}"
        for target in current.targets or ()
        for event in target.events
        if event.status == "InProgress"
    ]
    doing = counts(current.counts)
    parts = [
        current.standing if current.trouble else f"still {current.status}",
        f": {doing}" if doing else "",
    ]
    if waiting:
        parts.append(f"; running: {', '.join(waiting[:3])}" + (" …" if len(waiting) > 3 else ""))  # noqa: PLR2004
    if current.trouble:
        parts.append(f"; AWS is not responding ({current.trouble})")
    elif current.unread:
        parts.append(f"; targets cannot be read ({current.unread})")
    return stamped("".join(parts), seconds)


def _status(previous: Snapshot | None, current: Snapshot) -> Iterator[str]:
    moved = previous is None or (previous.status, previous.counts) != (current.status, current.counts)
    if moved and not current.trouble:
        doing = counts(current.counts)
        yield current.status + (f": {doing}" if doing else "")


def _group_waits(previous: Snapshot | None, current: Snapshot) -> Iterator[str]:
    """Yield the additional waits of a group or its configuration, and the points where it pauses."""
    if current.group_wait_minutes and not (previous and previous.group_wait_minutes):
        waits = duration(60 * current.group_wait_minutes)
        yield f"the group's blue/green waits extend the timeout by up to {waits}"
    if current.zonal_wait_seconds and not (previous and previous.zonal_wait_seconds):
        waits = duration(current.zonal_wait_seconds)
        yield f"the configuration's waits between Availability Zones extend the timeout by up to {waits}"
    if current.status == "Ready" and not (previous and previous.status == "Ready"):
        yield f"ready and waiting to be continued, in the console or with a run that sets {CONTINUING}"
    if current.terminating and not (previous and previous.terminating):
        yield "traffic has moved; the original instances are waiting to be terminated"


def _targets(previous: Snapshot | None, current: Snapshot) -> Iterator[str]:
    before = {target.id: target for target in (previous.targets or () if previous else ())}
    targets = current.targets or ()
    if len(targets) <= SMALL_FLEET:
        for target in targets:
            news = list(_news(before.get(target.id), target))
            if news:
                yield f"{_name(target)}  {'; '.join(news)}"
        return
    failed = [target for target in targets if target.failed_event]
    shown = sum(bool(target.failed_event) for target in before.values())
    for target in failed:
        known = before.get(target.id)
        if not (known and known.failed_event) and shown < _MOST_FAILURES:
            shown += 1
            event = target.failed_event
            yield f"{_name(target)}  {_described(event)}" if event else ""


def _name(target: Target) -> str:
    return f"{target.id} ({target.label.lower()})" if target.label else target.id


def _news(before: Target | None, target: Target) -> Iterator[str]:
    known = {event.name: event.status for event in before.events} if before else {}
    fresh = [event for event in target.events if event.status != known.get(event.name, "Pending")]
    done = [_done(event) for event in fresh if event.status == "Succeeded"]
    if done:
        yield f"{', '.join(done)} done"
    for event in fresh:
        if event.status not in {"Succeeded", "Pending", "Skipped"}:
            yield _described(event)
    shares = [(traffic.version, traffic.percent) for traffic in target.traffic]
    if target.traffic and shares != [
        (old.version, old.percent) for old in (before.traffic if before else ())
    ]:
        yield "traffic " + ", ".join(f"{percent} % to {version}" for version, percent in shares)
    if target.status in _LOGGED_STATES and not (before and before.status == target.status):
        yield _LOGGED_STATES[target.status]


def _done(event: LifecycleEvent) -> str:
    return event.name + (f" ({duration(event.duration.total_seconds())})" if event.duration else "")


def _described(event: LifecycleEvent) -> str:
    if event.status != "Failed":
        return f"{event.name} " + ("started" if event.status == "InProgress" else event.status)
    from deployer.deployment.failures import reason

    after = f" after {duration(event.duration.total_seconds())}" if event.duration else ""
    why = reason(event.diagnostics) if event.diagnostics else ""
    return f"{event.name} FAILED{after}" + (f": {why}" if why else "")


def transferred(transfer: Transfer, seconds: float) -> str:
    """Return the progress of packaging and uploading: done, rate and time left."""
    rate = transfer.read / seconds if seconds else 0.0
    left = f", about {duration((transfer.read_total - transfer.read) / rate)} left" if rate else ""
    files = f"{transfer.files:,} of {transfer.files_total:,} files"
    read = f"{size(transfer.read)} of {size(transfer.read_total)} read"
    return stamped(f"{files}, {read}, {size(transfer.sent)} sent, {size(rate)}/s{left}", seconds)
