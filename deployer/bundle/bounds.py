"""Bounds of what an archive may make us read: its headers, and what it would unpack to."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, BinaryIO, Final

from deployer.errors import InvalidBundle, Location
from deployer.rules import archive as rules
from deployer.text import size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


LONGEST_PATH: Final = 4096  # bytes of a name or a link's target: Linux's PATH_MAX
_LONGEST_HEADER: Final = 1 << 20  # with pax records and long names; names and attributes take a few KiB
_LONGEST_TAIL: Final = 16 << 20  # zeros behind the last member; tar pads to 10 KiB
_LONGEST_FOLDERS: Final = 16 << 20  # characters; those of a million files take less
_MOST_STEPS: Final = 4 << 30  # characters on all ways from the root; a million files have a third of it
_MOST_UNPACKED: Final = 1 << 30
_MOST_RATIO: Final = 250  # of text, a tenth of it; deflate can reach 1030


class Unpacked:
    """Counts what an archive unpacks to; `packed` is its own size."""

    def __init__(self, path: str, packed: int) -> None:
        self._path = path
        self._packed = packed
        self._total = 0

    def add(self, count: int) -> None:
        """Count some bytes more; raises InvalidBundle when nobody can have meant that many."""
        self._total += max(count, 0)
        if self._total > max(_MOST_UNPACKED, _MOST_RATIO * self._packed):
            self.refuse()

    def refuse(self) -> None:
        """Raise the error."""
        facts = {"path": self._path, "packed": size(self._packed), "unpacked": size(self._total)}
        raise InvalidBundle(rules.BOMB.problem(Location(self._path), **facts))


class Headers:
    """The part of a stream that tarfile needs, with a bound on what it reads for one member."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = _LONGEST_HEADER

    def members(self, tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
        """Yield the members, each of which may have a header of 1 MiB."""
        for info in tar:
            self._left = _LONGEST_HEADER
            yield info

    def read(self, count: int) -> bytes:
        """Read a piece of a header; raises ReadError when there is no end to it."""
        self._left -= count
        if self._left < 0:
            raise tarfile.ReadError("a member's header is larger than 1 MiB")
        return self._stream.read(count)

    def seek(self, offset: int) -> int:
        """Go to a byte."""
        return self._stream.seek(offset)

    def tell(self) -> int:
        """Tell the byte that is read next."""
        return self._stream.tell()


def folders_above(names: Iterable[str]) -> set[str]:
    """Return the folders that the names are in.

    Raises ValueError when they are more, or nested deeper, than those of any bundle: a few kilobytes can name
    gigabytes of them.
    """
    found: set[str] = set()
    room, steps = _LONGEST_FOLDERS, _MOST_STEPS
    for name in names:
        steps -= len(name) * name.count("/")
        folder = name.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            room -= len(folder)
            if room < 0:
                break
            folder = folder.rpartition("/")[0]
        if room < 0 or steps < 0:
            raise ValueError("its folders are nested too deeply")
    return found


def check_end(stream: BinaryIO, offset: int, unpacked: Unpacked) -> None:
    """Read what follows the last member; raises ReadError unless the archive ends there."""
    stream.seek(offset)
    block = stream.read(tarfile.BLOCKSIZE)
    if block.strip(b"\0") or 0 < len(block) < tarfile.BLOCKSIZE:
        raise tarfile.ReadError("unexpected end of data")
    left = _LONGEST_TAIL
    while piece := stream.read(1 << 20):  # a gzip stream checks its length and sum at its end
        unpacked.add(len(piece))
        left -= len(piece)
        if left < 0:
            unpacked.refuse()
