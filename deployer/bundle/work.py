"""The work that threads share: some small files, or a block of a large one.

Each file is held to the hash that was taken at the first reading, so one that changes in between is an error,
and never a bundle that does not match its digest. Its CRC-32 would not do: it can be forged.
"""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from deployer.bundle.contents import Entry, EntryKind
from deployer.bundle.reading import Opener, changed, read
from deployer.bundle.threads import MANY, in_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from deployer.bundle.hashing import Start


BLOCK: Final = 1 << 20
_MOST_IN_BATCH: Final = 256
_Out = TypeVar("_Out")


class Member(NamedTuple):
    """An entry, with the hash and the CRC-32 of its content (a file's bytes or a link's target)."""

    entry: Entry
    digest: bytes = b""
    crc: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """Small members to be read and packed in one go."""

    members: tuple[Member, ...]

    @property
    def files(self) -> int:
        """The number of files and links that it completes."""
        return sum(member.entry.kind is not EntryKind.FOLDER for member in self.members)

    @property
    def read(self) -> int:
        """Bytes of its files."""
        return sum(member.entry.size for member in self.members)


@dataclass(frozen=True, slots=True)
class Block:
    """A part of one large file."""

    member: Member
    start: int
    length: int

    @property
    def files(self) -> int:
        """One for the block that completes its file."""
        return int(self.last)

    @property
    def read(self) -> int:
        """Its bytes."""
        return self.length

    @property
    def first(self) -> bool:
        """True when the file begins with it."""
        return self.start == 0

    @property
    def last(self) -> bool:
        """True when the file ends with it."""
        return self.start + self.length == self.member.entry.size


@dataclass(frozen=True, slots=True)
class Packed:
    """Bytes of the archive, and how many files and bytes of content end with them.

    `begins` says which members begin at which of the bytes; what belongs to none begins with the name "".
    """

    data: bytes
    files: int
    read: int
    begins: Sequence[tuple[str, int]] = ()


def cut_work(members: Iterable[Member]) -> Iterator[Batch | Block]:
    """Cut the members into pieces of work of at most `BLOCK` bytes, in order."""
    batch: list[Member] = []
    size = 0
    for member in members:
        length = member.entry.size
        if batch and (size + length > BLOCK or len(batch) == _MOST_IN_BATCH):
            yield Batch(tuple(batch))
            batch, size = [], 0
        if length > BLOCK:
            for start in range(0, length, BLOCK):
                yield Block(member, start, min(BLOCK, length - start))
        else:
            batch.append(member)
            size += length
    if batch:
        yield Batch(tuple(batch))


def read_batch(batch: Batch, start: Start) -> Iterator[tuple[Member, bytes]]:
    """Yield the members with their contents; raises InvalidBundle for what is not what was hashed."""
    with Opener() as opener:
        for member in batch.members:
            yield member, _read_whole(member, opener, start)


def _read_whole(member: Member, opener: Opener, start: Start) -> bytes:
    entry = member.entry
    if entry.kind is EntryKind.FOLDER:
        return b""
    if entry.kind is EntryKind.LINK:
        return os.fsencode(entry.target)
    data = _read(entry, opener, 0, entry.size, beyond=1)
    if start(data).digest() != member.digest:
        raise changed(entry.name)
    return data


def read_block(block: Block) -> bytes:
    """Return the bytes of a block; raises InvalidBundle when the file has become shorter or longer."""
    with Opener() as opener:
        data = _read(block.member.entry, opener, block.start, block.length, beyond=int(block.last))
    if len(data) != block.length:
        raise changed(block.member.entry.name)
    return data


class Verifier:
    """Holds large files, whose blocks come in order, to the hash of the first reading."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._state = start(b"")

    def add(self, block: Block, content: bytes) -> None:
        """Take in a block; raises InvalidBundle when it ends a file that is not what was hashed."""
        if block.first:
            self._state = self._start(b"")
        self._state.update(content)
        if block.last and self._state.digest() != block.member.digest:
            raise changed(block.member.entry.name)


def _read(entry: Entry, opener: Opener, start: int, size: int, *, beyond: int) -> bytes:
    if entry.content is not None:
        return entry.content[start : start + size + beyond]
    try:
        handle = opener.open(entry.path)
        try:
            return read(handle, size, start, beyond=beyond)
        finally:
            os.close(handle)
    except OSError as error:
        raise changed(entry.name) from error


def work_through(
    function: Callable[[Batch | Block], _Out], members: Sequence[Member]
) -> Iterator[tuple[Batch | Block, _Out]]:
    """Apply `function` to the pieces of work in parallel, and yield each with its result, in order.

    Blocks are worked on by threads, and batches by processes if the small files are many.
    """
    cores = len(os.sched_getaffinity(0))
    batches = [piece for piece in cut_work(members) if isinstance(piece, Batch)]
    if sum(len(batch.members) for batch in batches) < MANY:
        yield from zip(cut_work(members), in_threads(function, cut_work(members), cores), strict=True)
        return
    from deployer.bundle.processes import in_processes

    blocks = (piece for piece in cut_work(members) if isinstance(piece, Block))
    with (
        closing(in_processes(function, batches, cores)) as small,
        closing(in_threads(function, blocks, cores)) as large,
    ):
        for piece in cut_work(members):
            yield piece, next(large if isinstance(piece, Block) else small)
