"""Listings: the files of an archive by its index, as much as comparing two archives takes.

The index of a zip holds all of it. That of a tar lacks checksums, so a tar is read through.
"""

from __future__ import annotations

import calendar
import os
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from deployer.bundle.contents import EntryKind
from deployer.bundle.hashing import crc32
from deployer.bundle.members import Findings, inside
from deployer.bundle.times import EARLIEST
from deployer.bundle.unzip import kind_and_mode, zip_name

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

    from deployer.bundle.contents import Entry
    from deployer.bundle.untar import TarReader


_EXTRA: Final = struct.Struct("<2H")
_UNIX_TIME: Final = struct.Struct("<Bl")
_TIME_ID: Final = 0x5455  # Info-ZIP's extended timestamp, `UT`


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


def list_zip(archive: ZipFile) -> dict[str, Listed]:
    """Return the members by name as unzip writes them; the last of the same name wins."""
    ignored = Findings("")
    found: dict[str, Listed] = {}
    for info in archive.infolist():
        member = zip_name(info)
        name = inside(member, ignored)
        if name is not None:
            found[name] = Listed(
                name,
                *kind_and_mode(info, member),
                info.file_size,
                info.CRC,
                _modified(info),
                info.header_offset,
                info.compress_size,
            )
    return found


def list_tar(reader: TarReader) -> dict[str, Listed]:
    """Return the members by name, reading all files for their checksums."""
    sums = reader.checksums()
    return {name: listed(entry, sums.get(name, 0)) for name, entry in reader.entries.items()}


def listed(entry: Entry, crc: int) -> Listed:
    """Return an entry as a zip's index lists it, whose links are files that hold their target."""
    size = entry.size
    if entry.kind is EntryKind.LINK:
        target = os.fsencode(entry.target)
        size, crc = len(target), crc32(target, 0)
    return Listed(entry.name, entry.kind, entry.mode, size, crc, entry.modified)


def _modified(info: ZipInfo) -> int:
    """Return the Unix time of the extra field that has one, else the DOS time, taken as UTC."""
    extra, start = info.extra, 0
    while start + _EXTRA.size <= len(extra):
        field, length = _EXTRA.unpack_from(extra, start)
        start += _EXTRA.size
        if field == _TIME_ID and length >= _UNIX_TIME.size and start + length <= len(extra):
            flags, seconds = _UNIX_TIME.unpack_from(extra, start)
            if flags & 1:
                return int(seconds)
        start += length
    return _of_dos(info.date_time)


@lru_cache(maxsize=4096)
def _of_dos(time: tuple[int, int, int, int, int, int]) -> int:
    try:
        return calendar.timegm(time)
    except ValueError:  # a month 0 or 15
        return EARLIEST
