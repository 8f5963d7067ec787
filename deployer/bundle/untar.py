"""The headers of a tar → its entries as GNU tar writes them, and what the agent cannot open."""

from __future__ import annotations

import bz2
import gzip
import lzma
import posixpath
import tarfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, BinaryIO, Final, cast

from deployer.bundle.bounds import LONGEST_PATH, Headers, Unpacked, check_end
from deployer.bundle.checkout import is_pointer
from deployer.bundle.contents import Entry, EntryKind
from deployer.bundle.hashing import crc32
from deployer.bundle.listing import listed
from deployer.bundle.members import Findings, inside
from deployer.rules import archive as rules
from deployer.rules import tree as tree_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deployer.bundle.listing import Listed


def _gzip(stream: BinaryIO) -> gzip.GzipFile:
    return gzip.GzipFile(fileobj=stream)


STREAMS: Final[dict[bytes, tuple[str, Callable[[BinaryIO], object]]]] = {
    b"\x1f\x8b": ("gzip", _gzip),
    b"BZh": ("bzip2", bz2.BZ2File),
    b"\xfd7zXZ\0": ("xz", lzma.LZMAFile),
}
"""The compressions that GNU tar knows by the start of a file, as its `-x` does without being asked."""

_PIECE: Final = 1 << 20
_HEAD_BYTES: Final = 1 << 16
_KEPT_HEADS: Final = 1000
_KINDS: Final = {
    tarfile.FIFOTYPE: "named pipe (FIFO)",
    tarfile.CHRTYPE: "character device",
    tarfile.BLKTYPE: "block device",
}


def open_tar(headers: Headers) -> tarfile.TarFile:
    """Open a tar that is not compressed; raises TarError where it is none."""
    stream = cast("IO[bytes]", headers)
    return tarfile.open(fileobj=stream, mode="r:", encoding="utf-8", errors="surrogateescape")


class TarReader:
    """A tar archive of `packed` bytes, compressed with a key of `STREAMS` or not; `read` opens it anew."""

    def __init__(
        self, opened: Callable[[], BinaryIO], packed: int, compression: bytes, findings: Findings
    ) -> None:
        self._opened = opened
        self._compression = compression
        self._offsets: dict[str, tuple[int, int]] = {}
        self._heads: dict[str, bytes] = {}
        self.entries: dict[str, Entry] = {}
        self.root_mode = 0o755
        unpacked = Unpacked(findings.path, packed)
        with self._open() as stream:
            headers = Headers(stream)
            with open_tar(headers) as tar:
                for info in headers.members(tar):
                    unpacked.add(info.size)
                    self._add(info, stream, findings)
                end = tar.offset
            check_end(stream, end, unpacked)

    def _add(self, info: tarfile.TarInfo, stream: BinaryIO, findings: Findings) -> None:
        name = inside(info.name, findings)
        mode = info.mode & 0o7777
        if name is None:
            if info.isdir() and posixpath.normpath(info.name) == ".":
                self.root_mode = mode
            return
        self._check(name, info, findings)
        if info.isdir():
            self.entries[name] = Entry(name, EntryKind.FOLDER, mode)
        elif info.issym():
            self.entries[name] = Entry(name, EntryKind.LINK, 0o777, target=info.linkname[:LONGEST_PATH])
        elif info.islnk():
            self._add_hard_link(name, info, findings)
        elif info.type in _KINDS:
            self.entries[name] = Entry(name, EntryKind.SPECIAL, mode, target=_KINDS[info.type])
        else:
            self.entries[name] = Entry(name, EntryKind.FILE, mode, info.size, modified=int(info.mtime))
            self._offsets[name] = (info.offset_data, info.size)
            if is_pointer(info.size, lambda size: _start(stream, info, size)):
                findings.add(tree_rules.LFS_POINTER, info.name)
            if self._compression and _worth_keeping(name, mode) and len(self._heads) < _KEPT_HEADS:
                self._heads[name] = _start(stream, info, _HEAD_BYTES)

    def _check(self, name: str, info: tarfile.TarInfo, findings: Findings) -> None:
        """Report a member that tar cannot unpack."""
        findings.add_second(self.entries.get(name), info.name, folder=info.isdir())
        if info.type not in tarfile.SUPPORTED_TYPES:
            findings.add(rules.MEMBER_TYPE, info.name)
        if info.issym() and len(info.linkname) > LONGEST_PATH:
            findings.add(rules.LINK_TARGET, info.name)
        elif info.issym() and not info.linkname:
            findings.add(rules.NO_TARGET, info.name)

    def _add_hard_link(self, name: str, info: tarfile.TarInfo, findings: Findings) -> None:
        first = posixpath.normpath(info.linkname)
        if first.startswith(("/", "../")):
            findings.add(rules.OUTSIDE, f"{info.name} (a hard link to {info.linkname})")
        elif first in self._offsets:
            self._offsets[name] = self._offsets[first]
            self.entries[name] = self.entries[first]._replace(name=name)
        elif first in self.entries and self.entries[first].kind is EntryKind.LINK:
            self.entries[name] = self.entries[first]._replace(name=name)
        else:
            findings.add(rules.NO_TARGET, info.name)

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        with self._opened() as stream:
            unpack = STREAMS[self._compression][1] if self._compression else None
            yield cast("BinaryIO", unpack(stream)) if unpack else stream

    def read(self, name: str, limit: int) -> bytes:
        """Return the first `limit` bytes of a file."""
        offset, size = self._offsets[name]
        wanted = min(size, limit)
        head = self._heads.get(name, b"")
        if len(head) >= wanted:
            return head[:wanted]
        with self._open() as stream:
            stream.seek(offset)
            return stream.read(wanted)

    def listing(self) -> dict[str, Listed]:
        """Return the members by name; an index lacks checksums, so all files are read."""
        sums = self._checksums()
        return {name: listed(entry, sums.get(name, 0)) for name, entry in self.entries.items()}

    def _checksums(self) -> dict[str, int]:
        """Return the CRC-32 of each file, reading all of them in the order in which they lie."""
        places = sorted(set(self._offsets.values()))
        with self._open() as stream:
            sums = {place: _checksum(stream, *place) for place in places}
        return {name: sums[place] for name, place in self._offsets.items()}


def _start(stream: BinaryIO, info: tarfile.TarInfo, limit: int) -> bytes:
    stream.seek(info.offset_data)
    return stream.read(min(info.size, limit))


def _checksum(stream: BinaryIO, offset: int, size: int) -> int:
    """Return the CRC-32 of a stretch; raises EOFError when the stream ends within it."""
    stream.seek(offset)
    crc = 0
    while size:
        piece = stream.read(min(size, _PIECE))
        if not piece:
            raise EOFError("a member is cut off")
        crc, size = crc32(piece, crc), size - len(piece)
    return crc


def _worth_keeping(name: str, mode: int) -> bool:
    """Tell whether the pre-flight is likely to read a member: scripts and AppSpecs, not the application."""
    return bool(mode & 0o111) or name.endswith((".sh", ".yml", ".yaml"))
