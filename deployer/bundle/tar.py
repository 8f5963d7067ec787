"""Members → the bytes of a tar archive (POSIX ustar, pax where that is too narrow), plain or gzipped."""

from __future__ import annotations

import tarfile
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from deployer.bundle.contents import EntryKind
from deployer.bundle.hashing import combine, crc32
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

    from deployer.bundle.deflate import Deflater
    from deployer.bundle.hashing import Start


_RECORD: Final = tarfile.BLOCKSIZE
_TYPES: Final = {
    EntryKind.FILE: tarfile.REGTYPE,
    EntryKind.FOLDER: tarfile.DIRTYPE,
    EntryKind.LINK: tarfile.SYMTYPE,
}
_END: Final = bytes(2 * _RECORD)
_GZIP_HEADER: Final = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"  # no time, no name, unknown system


class _Result(NamedTuple):
    """A piece of work, packed; `length` and `crc` are those of the tar's bytes, `content` a block's own."""

    data: bytes
    length: int
    crc: int
    content: bytes


def pack(
    members: Sequence[Member],
    deflater: Deflater,
    *,
    start: Start,
    gzip: bool,
    times: Mapping[str, int],
) -> Iterator[Packed]:
    """Yield the archive; raises InvalidBundle when a file is not what was hashed.

    `times` are those of members that do not bear their own, by name.
    """
    crc = length = 0
    verifier = Verifier(start)
    if gzip:
        yield Packed(_GZIP_HEADER, 0, 0)
    for work, result in work_through(partial(_pack, deflater, start, times, gzip=gzip), members):
        if isinstance(work, Block):
            verifier.add(work, result.content)
        crc = combine(crc, result.crc, result.length)
        length += result.length
        yield Packed(result.data, work.files, work.read)
    if not gzip:
        yield Packed(_END, 0, 0)
        return
    crc = combine(crc, crc32(_END, 0), len(_END))
    length = (length + len(_END)) & 0xFFFFFFFF
    tail = deflater.block(_END, last=True) + crc.to_bytes(4, "little") + length.to_bytes(4, "little")
    yield Packed(tail, 0, 0)


def _pack(
    deflater: Deflater, start: Start, times: Mapping[str, int], work: Batch | Block, *, gzip: bool
) -> _Result:
    content = b""
    if isinstance(work, Block):
        content = read_block(work)
        header = _header(work.member, times) if work.first else b""
        data = header + content + (_padding(work.member.entry.size) if work.last else b"")
    else:
        parts: list[bytes] = []
        for member, text in read_batch(work, start):
            parts.append(_header(member, times))
            if member.entry.kind is EntryKind.FILE:
                parts += [text, _padding(member.entry.size)]
        data = b"".join(parts)
    crc = crc32(data, 0) if gzip else 0
    mixed = isinstance(work, Batch)
    packed = deflater.block(data, last=False, mixed=mixed) if gzip else data
    return _Result(packed, len(data), crc, content)


def _header(member: Member, times: Mapping[str, int]) -> bytes:
    entry = member.entry
    info = tarfile.TarInfo(entry.name)
    info.type = _TYPES[entry.kind]
    info.mode = entry.mode
    info.mtime = times.get(entry.name, entry.modified)
    info.size = entry.size if entry.kind is EntryKind.FILE else 0
    info.linkname = entry.target
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")


def _padding(size: int) -> bytes:
    return bytes(-size % _RECORD)
