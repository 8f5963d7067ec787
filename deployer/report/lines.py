"""Log lines for the result of each stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer import REPOSITORY, __version__
from deployer.bundle.contents import EntryKind
from deployer.choices import OnEnd
from deployer.deployment.model import Status
from deployer.text import age, counted, duration, first_few, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from deployer.bundle.contents import Bundle, Contents
    from deployer.bundle.tree import Tally
    from deployer.deployment.failures import Failure
    from deployer.deployment.model import Deployment, Snapshot
    from deployer.deployment.wait import Ending
    from deployer.fleet.model import Fleet
    from deployer.live.group import Group
    from deployer.live.origin import Origin
    from deployer.revision import Revision, S3Revision, StoredObject

_MOST_PATTERNS = 50
ENDINGS = {
    Status.REHEARSED: "succeeded",
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.STOPPED: "was stopped",
    Status.READY: "is ready to continue",
    Status.TIMED_OUT: "has not ended",
}


def listed(contents: Contents) -> Iterator[str]:
    """Yield each packaged name with its mode and size, and each name that a pattern left out."""
    for entry in contents.entries.values():
        what = f"-> {entry.target}" if entry.kind is EntryKind.LINK else size(entry.size)
        slash = "/" if entry.kind is EntryKind.FOLDER else ""
        yield f"in   {entry.mode:04o} {entry.name}{slash} {what if not slash else ''}".rstrip()
    for exclusion in contents.exclusions:
        yield f"out  {exclusion.name} by {exclusion.pattern}"


def left_out(tallies: Sequence[Tally]) -> Iterator[str]:
    """Yield a line for each pattern, of very many only for the first of those that left something out."""
    if len(tallies) <= _MOST_PATTERNS:
        yield from map(_left_out, tallies)
        return
    useful = [tally for tally in tallies if tally.folders or tally.files]
    shown, idle = useful[:_MOST_PATTERNS], len(tallies) - len(useful)
    yield from map(_left_out, shown)
    yield f"And {len(tallies) - len(shown):,} more patterns, {idle:,} of which left out nothing"


def _left_out(tally: Tally) -> str:
    """Return how much a pattern left out, with the pattern's location."""
    what = [
        counted(number, noun) for number, noun in ((tally.folders, "folder"), (tally.files, "file")) if number
    ]
    place = tally.location
    where = f"{place.path}:{place.line}" if place.line else place.path
    return f"Left out by {tally.pattern} ({where}): {' and '.join(what) or 'nothing'}"


def packaged(bundle: Bundle, source: str) -> Iterator[str]:
    """Yield the size and digest of the bundle."""
    yield f"{extent(bundle, bundle.size)}, from {source}"
    yield f"Digest {bundle.digest}"


def extent(bundle: Bundle, packed: int | None) -> str:
    """Return the size of a bundle's files and of its archive, which has `packed` bytes, None if not known."""
    held = f"{counted(bundle.files, 'file')}, {size(bundle.unpacked_size)}"
    if packed is None:
        return held
    if packed == bundle.unpacked_size:
        return f"{held} {bundle.type.value}"
    return f"{held} → {size(packed)} {bundle.type.value}{_ratio(packed, bundle)}"


def _ratio(packed: int, bundle: Bundle) -> str:
    """Return the compression ratio; empty for small files, whose archive is larger than they are."""
    whole = bundle.unpacked_size
    return f" ({100 * packed / whole:.0f} %)" if packed < whole else ""


def rehearsed(ending: Ending) -> str:
    """Return how the rehearsal ended, and in which container."""
    names = ", ".join(target.id for target in ending.snapshot.targets or ())
    return f"Rehearsal in {names} {how_ended(ending)}"


def stored(stored: StoredObject, bundle: Bundle) -> str:
    """Return the object's location and its compression ratio."""
    if not stored.uploaded:
        return f"Already in S3, nothing to upload: {_where(stored)}"
    sent = f"{size(stored.size)}{_ratio(stored.size, bundle)} to {_where(stored)}"
    if stored.copied:
        parts = f"sent {size(stored.size - stored.copied)}, copied {size(stored.copied)} from the last bundle"
        sent = f"{sent}; {parts}"
    if stored.resent:
        return f"Uploaded again, because {stored.resent}: {sent}"
    return f"Uploaded {sent}"


def copied(stored: StoredObject, source: S3Revision, proof: str) -> str:
    """Return the locations of a copy and its source, and what S3 says of their being the same."""
    if not stored.uploaded:
        return f"Already copied, with the same {proof}: {_where(stored)}"
    checked = f"with the same {proof}" if proof else "S3 has no checksum of the source to compare it with"
    return f"Copied {size(stored.size)} from {source.label} to {_where(stored)}, {checked}"


def _where(stored: StoredObject) -> str:
    version = f", version {stored.version_id}" if stored.version_id else ""
    return f"s3://{stored.bucket}/{stored.key}{version}"


RESTART_NEEDS = "A restart installs nothing new. It needs CodeDeploy agent 2.1.0 or later on each instance."


def running(group: Group, *, now: datetime) -> str:
    """Return what a group runs, for how long, and since which deployment."""
    live = group.live
    if problem := group.unread or (live and live.unread):
        return f"unknown ({problem.code or 'no answer'})"
    if live is None:
        return "nothing, since no deployment has succeeded yet"
    since = live.ended or live.began
    duration = f"for {age((now - since).total_seconds())}" if since else ""
    rollback = " (a rollback)" if live.rolls_back else ""
    return ", ".join(part for part in (live.label, duration, f"{live.id}{rollback}") if part)


def deploying(group: Group, origin: Origin, revision: Revision) -> str:
    """Return what is deployed: its commit, without the repository if that is the same as before."""
    same = group.live and group.live.origin.repository == origin.repository
    return (f"@{origin.short}" if same else origin.label) if origin.commit else revision.label


def ended(ending: Ending, deployment: Deployment) -> str:
    """Return the last line of a run that waited."""
    return f"Deployment {deployment.id} {how_ended(ending)}: {deployment.url}"


def how_ended(ending: Ending) -> str:
    """Return what became of a deployment in the time that the run waited, as a clause."""
    how = ending.snapshot.standing if ending.snapshot.trouble else ENDINGS[ending.status]
    return f"{how} after {duration(ending.seconds)}"


def still_running(deployment: Deployment) -> str:
    """Return the line about a deployment, or a rollback, that this run leaves running."""
    return f"Deployment {deployment.id} is still running: {deployment.url}"


def stopping(deployment: Deployment, how: OnEnd) -> str:
    """Return the line about a deployment that was asked to stop."""
    rollback = " and rolling back to the last successful revision" if how is OnEnd.ROLLBACK else ""
    return f"Stopping deployment {deployment.id}{rollback}: {deployment.url}"


def ended_before_stop(deployment: Deployment) -> str:
    """Return the line about a deployment that had ended when it was asked to stop."""
    return f"Deployment {deployment.id} has already ended: {deployment.url}"


def unread(snapshot: Snapshot) -> str:
    """Return the note that an ended deployment's targets are shown in their last known states."""
    return f"The targets' final states could not be read ({snapshot.unread}); showing their last known states"


def rolled_back(ending: Ending, rollback: Deployment) -> str:
    """Return how a rollback ended, and which revision is live now if that is certain."""
    if ending.status is not Status.SUCCEEDED:
        return f"Rollback {rollback.id} {how_ended(ending)}: {rollback.url}"
    live = ending.snapshot.revision if ending.snapshot.flawless else None
    return f"Rolled back by {rollback.id}" + (f"; live now: {live.label}" if live else "")


def log_title(failure: Failure) -> str:
    """Return the heading of a failed script's log."""
    script = f" {failure.diagnostics.script}" if failure.diagnostics.script else ""
    return f"Log of {failure.event}{script} on {first_few(failure.targets)}"


TAILS_ONLY = (
    "CodeDeploy keeps only the last 2 KB of a script's output. To see all of it here, ship the agents' log "
    f"to CloudWatch Logs and set log-group: https://github.com/{REPOSITORY}/blob/v{__version__}/docs/logs.md"
)
"""The line, after a failure, on how to get whole logs."""


def fleet(group: str, found: Fleet) -> str:
    """Return how many instances a group deploys to, empty if none does or that is not certain."""
    if not found.total:
        return ""
    stopped = f", {len(found.stopped):,} of them stopped" if found.stopped else ""
    return f"{group} deploys to {counted(found.total, 'instance')}{stopped}"
