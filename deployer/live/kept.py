"""Bundles that the groups run → the times of a new one's members, and where S3 has their bytes already.

What did not change keeps its time, so that whatever compares times sees what changed and nothing else: the
caches of browsers, compilers and templates outlive a deployment, and the unchanged stretches of the archive
are the same bytes as before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from deployer.bundle.times import EARLIEST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deployer.bundle.listing import Listed


_IDENTITY: Final = slice(1, 5)  # of Listed: kind, mode, size and CRC-32


@dataclass(frozen=True, slots=True)
class Kept:
    """Times of some members, and where S3 should have the bytes of others.

    `places` are offsets in the first live bundle of members whose headers and contents should be the same
    there, and `size` their bytes.
    """

    times: Mapping[str, int]
    places: Mapping[str, int]
    size: int


def kept(
    ours: Mapping[str, Listed], lives: Sequence[Mapping[str, Listed]], *, now: int, fixed: bool = False
) -> Kept:
    """Return what a bundle keeps of the bundles that the groups run.

    A member that is the same in a live bundle bears the time that it has there. One that differs bears its
    own time, or `now` where that is not newer: package managers date everything 1985. If the times are
    `fixed`, every member bears its own.
    """
    same: dict[str, Listed] = {}
    others: dict[str, int] = {}
    for live in lives:
        for name, mine in ours.items():
            theirs = live.get(name)
            if theirs is None:
                continue
            if theirs[_IDENTITY] == mine[_IDENTITY]:
                same.setdefault(name, theirs)
            else:
                others[name] = max(theirs.modified, others.get(name, theirs.modified))
    times = {} if fixed else _times(ours, same, others, now)
    places = {
        name: theirs
        for name, theirs in same.items()
        if theirs is lives[0].get(name) and theirs.modified == times.get(name, ours[name].modified)
    }
    size = sum(theirs.packed for theirs in places.values())
    return Kept(times, {name: theirs.offset for name, theirs in places.items()}, size)


def _times(
    ours: Mapping[str, Listed], same: Mapping[str, Listed], others: Mapping[str, int], now: int
) -> dict[str, int]:
    """Return the times of members that bear another than their own; `others` are of members that differ."""
    times = {name: each.modified for name, each in same.items() if EARLIEST <= each.modified <= now}
    for name, newest in others.items():
        own = ours[name].modified
        times[name] = next((time for time in (times.get(name, own), own) if time > newest), now)
    return times
