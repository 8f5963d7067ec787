"""Listings: the files of an archive by its index, as much as comparing two archives takes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from deployer.bundle.contents import EntryKind
from deployer.bundle.hashing import crc32
from deployer.bundle.times import EARLIEST

if TYPE_CHECKING:
    from deployer.bundle.contents import Entry


class Listed(NamedTuple):
    """One name in an archive's index.

    `crc` is the CRC-32 of a file's bytes or a link's target, 0 where it is unknown; `modified` is in seconds
    since 1970. In a zip the member's header is at `offset`, and its content takes `packed` bytes.
    """

    name: str
    kind: EntryKind
    mode: int
    size: int
    crc: int
    modified: int = EARLIEST
    offset: int = 0
    packed: int = 0


@dataclass(frozen=True, slots=True)
class Unknown:
    """A failure to learn what to compare; `reason` ends the sentence "not compared, because …"."""

    reason: str


def listed(entry: Entry, crc: int) -> Listed:
    """Return an entry as a zip's index lists it, whose links are files that hold their target."""
    size = entry.size
    if entry.kind is EntryKind.LINK:
        target = os.fsencode(entry.target)
        size, crc = len(target), crc32(target, 0)
    return Listed(entry.name, entry.kind, entry.mode, size, crc, entry.modified)
