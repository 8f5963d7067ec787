"""Hashes and checksums: each file read once, on all cores."""

from __future__ import annotations

import os
import zlib
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain
from threading import Event
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from deployer.bundle.contents import Entry, EntryKind
from deployer.bundle.reading import Opener, changed, not_read, read
from deployer.bundle.threads import MANY, in_threads
from deployer.errors import InvalidBundle

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from deployer.errors import Problem


def combine_with_zlib(first: int, second: int, length: int, /) -> int:
    """Return the CRC-32 of two pieces one after another, `length` being the second one's bytes.

    zlib's `crc32_combine`, which Python's `zlib` does not offer: the first CRC is advanced over `length`
    zero bytes, by repeated squaring of the matrix that advances it over one bit.
    """
    advance = [0xEDB88320, *(1 << bit for bit in range(31))]
    for _ in range(3):
        advance = [_times(advance, row) for row in advance]
    while length:
        if length & 1:
            first = _times(advance, first)
        advance = [_times(advance, row) for row in advance]
        length >>= 1
    return first ^ second


def _times(matrix: list[int], vector: int) -> int:
    total = 0
    for row in matrix:
        if vector & 1:
            total ^= row
        vector >>= 1
    return total


crc32: Callable[[bytes | memoryview, int], int] = zlib.crc32
"""CRC-32 of the data, continued from that of the data before it."""

combine: Callable[[int, int, int], int] = combine_with_zlib
"""CRC-32 of two pieces one after another, the last argument being the second one's bytes."""

try:
    from isal import isal_zlib
except ImportError:  # no wheel for this platform
    pass
else:
    crc32, combine = isal_zlib.crc32, isal_zlib.crc32_combine

_SMALL: Final = 1 << 16  # read in one go
_PIECE: Final = 1 << 18  # stays in a core's cache between reading, hashing and the CRC
_BATCH_BYTES: Final = 4 << 20
_BATCH_FILES: Final = 256


class _Hash(Protocol):
    """A hash under way, as hashlib has them."""

    def update(self, data: bytes | memoryview, /) -> object: ...
    def digest(self) -> bytes: ...
    def hexdigest(self) -> str: ...


_Hashes: TypeAlias = "list[tuple[bytes, int] | InvalidBundle]"

Start: TypeAlias = "Callable[[bytes], _Hash]"
"""Starts a hash with some data."""


@dataclass(frozen=True, slots=True)
class Hasher:
    """A cryptographic hash; its name goes into the digest of what it hashed."""

    name: str
    start: Start


def hasher() -> Hasher:
    """Return BLAKE3, two to four times as fast as SHA-256, which replaces it where it has no wheel."""
    try:
        from blake3 import blake3
    except ImportError:
        from hashlib import sha256

        return Hasher("SHA-256", sha256)
    return Hasher("BLAKE3", blake3)


def hash_all(entries: Sequence[Entry], start: Start) -> list[tuple[bytes, int]]:
    """Hash and CRC-32 of each entry's content (a link's is its target), in the entries' order.

    Raises InvalidBundle with every file that cannot be read, or is not as long as its entry says. An
    interrupt ends the reading.
    """
    hashes = [(b"", 0)] * len(entries)
    problems: list[Problem] = []
    given_up = Event()
    hash_batch = partial(_hash_batch, entries, start, given_up)
    cores = len(os.sched_getaffinity(0))
    small, large = _batches(entries)
    with (
        closing(_in_parallel(hash_batch, small, cores)) as of_small,
        closing(in_threads(hash_batch, large, cores, given_up)) as of_large,
    ):
        for batch, done in zip(small + large, chain(of_small, of_large), strict=True):
            for index, result in zip(batch, done, strict=True):
                if isinstance(result, InvalidBundle):
                    problems += result.problems
                else:
                    hashes[index] = result
    if problems:
        raise InvalidBundle(*sorted(problems, key=lambda problem: problem.message))
    return hashes


def _in_parallel(
    hash_batch: Callable[[Sequence[int]], _Hashes], batches: Sequence[Sequence[int]], cores: int
) -> Generator[_Hashes, None, None]:
    """Hash small files by processes if they are many."""
    if sum(map(len, batches)) < MANY:
        return in_threads(hash_batch, batches, cores)
    from deployer.bundle.processes import in_processes

    return in_processes(hash_batch, batches, cores)


def _batches(entries: Sequence[Entry]) -> tuple[list[list[int]], list[list[int]]]:
    """Return indexes of the small files to hash, in batches of about equal work, and of each large file."""
    filled = [index for index, entry in enumerate(entries) if entry.kind is not EntryKind.FOLDER]
    large = [index for index in filled if entries[index].size > _PIECE]
    large.sort(key=lambda index: -entries[index].size)
    small: list[list[int]] = []
    size = _BATCH_BYTES
    for index in filled:
        if entries[index].size > _PIECE:
            continue
        if size >= _BATCH_BYTES or len(small[-1]) == _BATCH_FILES:
            small.append([])
            size = 0
        small[-1].append(index)
        size += entries[index].size
    return small, [[index] for index in large]


def _hash_batch(entries: Sequence[Entry], start: Start, given_up: Event, batch: Sequence[int]) -> _Hashes:
    """Return the hash and CRC-32 of each entry of the batch, or what is wrong with it."""
    results: _Hashes = []
    with Opener() as opener:
        reader = _Reader(start, opener, given_up)
        for index in batch:
            try:
                results.append(reader.hash(entries[index]))
            except InvalidBundle as error:
                results.append(error)
    return results


class _Reader:
    """Reads and hashes on one thread."""

    def __init__(self, start: Start, opener: Opener, given_up: Event) -> None:
        self._start = start
        self._opener = opener
        self._given_up = given_up
        self._buffer = bytearray(_PIECE)
        self._view = memoryview(self._buffer)

    def hash(self, entry: Entry) -> tuple[bytes, int]:
        if entry.kind is EntryKind.LINK:
            target = os.fsencode(entry.target)
            return self._start(target).digest(), crc32(target, 0)
        try:
            size, digest, crc = self._hash_file(entry)
        except OSError as error:
            raise not_read(entry.name, error) from error
        if size != entry.size:
            raise changed(entry.name)
        return digest, crc

    def _hash_file(self, entry: Entry) -> tuple[int, bytes, int]:
        """Return size, hash and CRC-32 of the file's current contents."""
        if entry.content is not None:
            return len(entry.content), self._start(entry.content).digest(), crc32(entry.content, 0)
        handle = self._opener.open(entry.path)
        try:
            if entry.size >= _SMALL:
                return self._hash_pieces(handle, entry.size)
            data = read(handle, entry.size)
            return len(data), self._start(data).digest(), crc32(data, 0)
        finally:
            os.close(handle)

    def _hash_pieces(self, handle: int, expected: int) -> tuple[int, bytes, int]:
        """Return size, hash and CRC-32; of a file that has grown, reads a little more than expected."""
        state = self._start(b"")
        size = crc = 0
        while size <= expected and not self._given_up.is_set():
            count = os.readv(handle, (self._buffer,))
            if not count:
                break
            piece = self._view[:count]
            state.update(piece)
            crc = crc32(piece, crc)
            size += count
        return size, state.digest(), crc
