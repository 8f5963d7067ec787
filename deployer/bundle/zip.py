"""Members → the bytes of a zip archive (PKWARE's APPNOTE 6.3), the same for the same members.

Each member bears its modification time twice, both in UTC: as an extra field with the Unix time (Info-ZIP's
extended timestamp), which does not depend on the time zone where it is unpacked, and as the old DOS time.
"""

from __future__ import annotations

import os
import stat
import struct
from functools import lru_cache, partial
from time import gmtime
from typing import TYPE_CHECKING, Final, NamedTuple

from deployer.bundle.contents import EntryKind
from deployer.bundle.work import (
    Batch,
    Block,
    Member,
    Packed,
    Verifier,
    read_batch,
    read_block,
    work_through,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from deployer.bundle.contents import Entry
    from deployer.bundle.deflate import Deflater
    from deployer.bundle.hashing import Start


_LOCAL: Final = struct.Struct("<4s3H4L2H")
_CENTRAL: Final = struct.Struct("<4s4H4L5H2L")
_END: Final = struct.Struct("<4s4H2LH")
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64: Final = struct.Struct("<4sLQL")
_STORED, _DEFLATED = 0, 8
_DESCRIPTOR, _UTF8 = 0x08, 0x800
_CLASSIC, _ZIP64 = 20, 45
_UNIX: Final = 3 << 8
_UNIX_TIME: Final = struct.Struct("<2HBL")
_FIRST_YEAR: Final = 1980
_LIMIT: Final = 0xFFFFFFFF
_SAFE: Final = 0xFFFFFFFF - (1 << 24)  # deflate may add a little to what does not shrink
_MOST_ENTRIES: Final = 0xFFFF
_FORMATS: Final = {
    EntryKind.FILE: stat.S_IFREG,
    EntryKind.FOLDER: stat.S_IFDIR,
    EntryKind.LINK: stat.S_IFLNK,
}


@lru_cache(maxsize=4096)
def _time(modified: int) -> tuple[int, bytes]:
    """Return a time in DOS format, in steps of two seconds, and the extra field with the Unix time."""
    year, month, day, hour, minute, second = gmtime(modified)[:6]
    date = (year - _FIRST_YEAR) << 9 | month << 5 | day
    dos = date << 16 | hour << 11 | minute << 5 | second >> 1
    return dos, _UNIX_TIME.pack(0x5455, 5, 1, modified)


class _Result(NamedTuple):
    """A piece of work, packed: the bytes of all members of a batch, each as many as in `lengths`, or a block.

    `content` is a block's own.
    """

    data: bytes
    lengths: Sequence[int] = ()
    content: bytes = b""


def pack(
    members: Sequence[Member], deflater: Deflater, *, start: Start, times: Mapping[str, int]
) -> Iterator[Packed]:
    """Yield the archive; raises InvalidBundle when a file is not what was hashed.

    `times` are those of members that do not bear their own, by name.
    """
    archive, verifier = _Archive(times), Verifier(start)
    for work, packed in work_through(partial(_pack, deflater, start), members):
        if isinstance(work, Batch):
            data, begins = archive.batch(work, packed.data, packed.lengths)
        else:
            verifier.add(work, packed.content)
            data = archive.block(work, packed.data)
            begins = [(work.member.entry.name, 0)] if work.first else []
        yield Packed(data, work.files, work.read, begins)
    yield Packed(archive.directory(), 0, 0, [("", 0)])


def _pack(deflater: Deflater, start: Start, work: Batch | Block) -> _Result:
    if isinstance(work, Block):
        data = read_block(work)
        return _Result(deflater.block(data, last=work.last), content=data)
    bodies: list[bytes | bytearray] = []
    for member, content in read_batch(work, start):
        body: bytes | bytearray = content
        if content and member.entry.kind is EntryKind.FILE:
            body = min(content, deflater.whole(content), key=len)
        bodies.append(body)
    return _Result(b"".join(bodies), [len(body) for body in bodies])


def _attributes(entry: Entry) -> int:
    """Return kind and mode as Unix encodes them, with DOS's folder flag."""
    folder = 0x10 if entry.kind is EntryKind.FOLDER else 0
    return (_FORMATS[entry.kind] | entry.mode) << 16 | folder


def _name(entry: Entry) -> bytes:
    return (entry.name + "/" if entry.kind is EntryKind.FOLDER else entry.name).encode()


class _Archive:
    """The archive as it grows: headers for what is packed, and the central directory."""

    def __init__(self, times: Mapping[str, int]) -> None:
        self._times = times
        self._length = 0
        self._count = 0
        self._directory = bytearray()
        self._packed = 0
        self._start = 0

    def batch(self, batch: Batch, data: bytes, lengths: Sequence[int]) -> tuple[bytes, list[tuple[str, int]]]:
        """Put a local header before each member; return the bytes, and where in them each member begins."""
        bodies = memoryview(data)
        parts: list[bytes | memoryview] = []
        begins = []
        at = body = 0
        for (entry, _, crc), packed in zip(batch.members, lengths, strict=True):
            size = len(os.fsencode(entry.target)) if entry.kind is EntryKind.LINK else entry.size
            name, (dos, extra) = _name(entry), self._time(entry)
            flags = 0 if name.isascii() else _UTF8
            method = _DEFLATED if packed < size else _STORED
            sizes = crc, packed, size
            parts += (
                _LOCAL.pack(b"PK\3\4", _CLASSIC, flags, method, dos, *sizes, len(name), len(extra)),
                name,
                extra,
                bodies[body : body + packed],
            )
            begins.append((entry.name, at))
            self._append(entry, flags, method, sizes, self._length + at)
            at += _LOCAL.size + len(name) + len(extra) + packed
            body += packed
        self._length += at
        return b"".join(parts), begins

    def block(self, block: Block, data: bytes) -> bytes:
        """Frame a block of a large file: a local header before the first, a descriptor after the last."""
        entry, crc = block.member.entry, block.member.crc
        packed = len(data)
        name = _name(entry)
        flags = _DESCRIPTOR | (0 if name.isascii() else _UTF8)
        large = entry.size > _SAFE
        if block.first:
            self._packed = 0
            self._start = self._length
            dos, extra = self._time(entry)
            extra += struct.pack("<2H2Q", 1, 16, 0, 0) if large else b""
            unknown = (_LIMIT, _LIMIT) if large else (0, 0)
            version = _ZIP64 if large else _CLASSIC
            header = _LOCAL.pack(
                b"PK\3\4", version, flags, _DEFLATED, dos, 0, *unknown, len(name), len(extra)
            )
            data = header + name + extra + data
        self._packed += packed
        if block.last:
            layout = "<4sL2Q" if large else "<4s3L"
            data += struct.pack(layout, b"PK\7\x08", crc, self._packed, entry.size)
            self._append(entry, flags, _DEFLATED, (crc, self._packed, entry.size), self._start)
        self._length += len(data)
        return data

    def _time(self, entry: Entry) -> tuple[int, bytes]:
        return _time(self._times.get(entry.name, entry.modified))

    def _append(
        self, entry: Entry, flags: int, method: int, sizes: tuple[int, int, int], offset: int
    ) -> None:
        """Note a member in the central directory; `sizes` are its CRC-32, packed and unpacked bytes."""
        crc, packed, size = sizes
        name, (dos, extra) = _name(entry), self._time(entry)
        large = size > _SAFE
        wide = [size, packed] if large else []
        if offset >= _LIMIT:
            wide.append(offset)
        if wide:
            extra += struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide)
        version = _ZIP64 if wide else _CLASSIC
        self._count += 1
        self._directory += _CENTRAL.pack(
            b"PK\1\2",
            _UNIX | version,
            version,
            flags,
            method,
            dos,
            crc,
            _LIMIT if large else packed,
            _LIMIT if large else size,
            len(name),
            len(extra),
            0,
            0,
            0,
            _attributes(entry),
            min(offset, _LIMIT),
        )
        self._directory += name + extra

    def directory(self) -> bytes:
        """Return the central directory and the records that end the archive."""
        count, size, start = self._count, len(self._directory), self._length
        tail = b""
        if count >= _MOST_ENTRIES or size >= _LIMIT or start >= _LIMIT:
            tail = _END64.pack(b"PK\6\6", 44, _UNIX | _ZIP64, _ZIP64, 0, 0, count, count, size, start)
            tail += _LOCATOR64.pack(b"PK\6\7", 0, start + size, 1)
            count, size, start = min(count, _MOST_ENTRIES), min(size, _LIMIT), min(start, _LIMIT)
        tail += _END.pack(b"PK\5\6", 0, 0, count, count, size, start, 0)
        return bytes(self._directory) + tail
