"""Members → the bytes of a zip archive (PKWARE's APPNOTE 6.3), the same for the same members.

Each member bears its modification time twice, both in UTC: as an extra field with the Unix time (Info-ZIP's
extended timestamp), which does not depend on the time zone where it is unpacked, and as the old DOS time.
"""

from __future__ import annotations

import stat
import struct
from dataclasses import dataclass
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
    cut_work,
    in_order,
    read_batch,
    read_block,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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


class _Record(NamedTuple):
    """A member's record in the central directory; `offset` counts from the beginning of its piece of work."""

    name: bytes
    attributes: int
    flags: int
    method: int
    time: tuple[int, bytes]
    crc: int
    packed: int
    size: int
    offset: int


@dataclass(frozen=True, slots=True)
class _Result:
    """A piece of work, packed."""

    work: Batch | Block
    data: bytes
    records: Sequence[_Record]
    content: bytes = b""


def pack(members: Iterable[Member], deflater: Deflater, *, start: Start, threads: int) -> Iterator[Packed]:
    """Yield the archive; raises InvalidBundle when a file is not what was hashed."""
    directory, verifier = _Directory(), Verifier(start)
    for result in in_order(partial(_pack, deflater, start), cut_work(members), threads=threads):
        work, data = result.work, result.data
        if isinstance(work, Batch):
            directory.add(result.records)
            directory.offset += len(data)
            names = (member.entry.name for member in work.members)
            begins = [(name, record.offset) for name, record in zip(names, result.records, strict=True)]
        else:
            verifier.add(work, result.content)
            data = directory.block(work, data)
            begins = [(work.member.entry.name, 0)] if work.first else []
        yield Packed(data, work.files, work.read, begins)
    yield Packed(directory.end(), 0, 0, [("", 0)])


def _pack(deflater: Deflater, start: Start, work: Batch | Block) -> _Result:
    if isinstance(work, Block):
        data = read_block(work)
        return _Result(work, deflater.block(data, last=work.last), (), data)
    parts: list[bytes | bytearray] = []
    records: list[_Record] = []
    offset = 0
    for member, content in read_batch(work, start):
        entry = member.entry
        packed = deflater.whole(content) if content and entry.kind is EntryKind.FILE else content
        method = _DEFLATED if len(packed) < len(content) else _STORED
        body = packed if method else content
        name = _name(entry)
        flags = 0 if name.isascii() else _UTF8
        sizes = member.crc, len(body), len(content)
        dos, extra = time = _time(entry.modified)
        header = _LOCAL.pack(b"PK\3\4", _CLASSIC, flags, method, dos, *sizes, len(name), len(extra))
        parts += [header, name, extra, body]
        records.append(_Record(name, _attributes(entry), flags, method, time, *sizes, offset))
        offset += len(header) + len(name) + len(extra) + len(body)
    return _Result(work, b"".join(parts), records)


def _attributes(entry: Entry) -> int:
    """Return kind and mode as Unix encodes them, with DOS's folder flag."""
    folder = 0x10 if entry.kind is EntryKind.FOLDER else 0
    return (_FORMATS[entry.kind] | entry.mode) << 16 | folder


def _name(entry: Entry) -> bytes:
    return (entry.name + "/" if entry.kind is EntryKind.FOLDER else entry.name).encode()


class _Directory:
    """The central directory as it grows, and the length of the archive so far."""

    def __init__(self) -> None:
        self.offset = 0
        self._count = 0
        self._bytes = bytearray()
        self._packed = 0
        self._start = 0

    def block(self, block: Block, data: bytes) -> bytes:
        """Frame a block of a large file: a local header before the first, a descriptor after the last."""
        entry, crc = block.member.entry, block.member.crc
        packed = len(data)
        name = _name(entry)
        flags = _DESCRIPTOR | (0 if name.isascii() else _UTF8)
        large = entry.size > _SAFE
        dos, extra = time = _time(entry.modified)
        if block.first:
            self._packed = 0
            self._start = self.offset
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
        self.offset += len(data)
        if block.last:
            sizes = crc, self._packed, entry.size
            record = _Record(name, _attributes(entry), flags, _DEFLATED, time, *sizes, 0)
            self._append(record, self._start)
        return data

    def add(self, records: Sequence[_Record]) -> None:
        """Note the members of a batch that comes next in the archive."""
        for record in records:
            self._append(record, self.offset + record.offset)

    def _append(self, record: _Record, offset: int) -> None:
        large = record.size > _SAFE
        wide = [record.size, record.packed] if large else []
        if offset >= _LIMIT:
            wide.append(offset)
        dos, extra = record.time
        if wide:
            extra += struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide)
        version = _ZIP64 if wide else _CLASSIC
        self._count += 1
        self._bytes += _CENTRAL.pack(
            b"PK\1\2",
            _UNIX | version,
            version,
            record.flags,
            record.method,
            dos,
            record.crc,
            _LIMIT if large else record.packed,
            _LIMIT if large else record.size,
            len(record.name),
            len(extra),
            0,
            0,
            0,
            record.attributes,
            min(offset, _LIMIT),
        )
        self._bytes += record.name + extra

    def end(self) -> bytes:
        """Return the central directory and the records that end the archive."""
        count, size, start = self._count, len(self._bytes), self.offset
        tail = b""
        if count >= _MOST_ENTRIES or size >= _LIMIT or start >= _LIMIT:
            tail = _END64.pack(b"PK\6\6", 44, _UNIX | _ZIP64, _ZIP64, 0, 0, count, count, size, start)
            tail += _LOCATOR64.pack(b"PK\6\7", 0, start + size, 1)
            count, size, start = min(count, _MOST_ENTRIES), min(size, _LIMIT), min(start, _LIMIT)
        tail += _END.pack(b"PK\5\6", 0, 0, count, count, size, start, 0)
        return bytes(self._bytes) + tail
