"""Contents → Bundle: hash everything once, so that the digest is known before a byte is compressed.

The digest is a SHA-256 over names, kinds, modes, links and contents, and over the way they are archived
(format, library, version, level). The same digest therefore means the same bytes of the archive. Nothing is
written to a disk.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, Final

from deployer.errors import InvalidBundle, Problem
from deployer.model import Bundle, BundleType, Compression, Entry, EntryKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from deployer.archive.deflate import Deflater
    from deployer.archive.units import Member, Packed
    from deployer.model import Contents

_FORMAT: Final = "deployer bundle 1"  # a change of the archives' layout makes it 2
_PIECE: Final = 1 << 20
_BATCH_BYTES: Final = 4 << 20
_BATCH_FILES: Final = 128


class Stream:
    """The bytes of an archive as they are made, and how much of the contents they hold so far."""

    def __init__(self, packed: Iterator[Packed]) -> None:
        self.files = 0
        self.read = 0
        self._packed = packed

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> bytes:
        packed = next(self._packed)
        self.files += packed.files
        self.read += packed.read
        return packed.data


def package(contents: Contents, *, bundle_type: BundleType, compression: Compression) -> Bundle:
    """Hash the files of `contents` and return the bundle, whose `chunks` read them again.

    Raises InvalidBundle when a file cannot be read, and, from `chunks`, when one has changed since.
    """
    from deployer.archive.deflate import deflater

    engine = deflater(compression)
    threads = len(os.sched_getaffinity(0))
    entries = list(contents.entries.values())
    hashes = _hash_all(entries, engine, threads=threads)
    recipe = f"{_FORMAT} {bundle_type.value}"
    if bundle_type is not BundleType.TAR:
        recipe += f" {engine.name}"
    digest = _digest(recipe, entries, [sha256 for sha256, _ in hashes])
    crcs = [crc for _, crc in hashes]

    def chunks() -> Stream:
        from deployer.archive.units import Member

        members = [Member(entry, crc) for entry, crc in zip(entries, crcs, strict=True)]
        return Stream(_pack(members, engine, bundle_type, threads=threads))

    used = None if bundle_type is BundleType.TAR else compression
    return Bundle(bundle_type, digest, contents, chunks, compression=used)


def ready_made(contents: Contents, path: Path, bundle_type: BundleType) -> Bundle:
    """Return the bundle that is the archive at `path`, byte for byte; its digest is the file's SHA-256.

    Raises InvalidBundle when the archive cannot be read, and, from `chunks`, when it has changed since.
    """
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            size = stream.tell()
    except OSError as error:
        raise _unreadable(str(path), error) from error
    total = sum(entry.kind is not EntryKind.FOLDER for entry in contents.entries.values())

    def chunks() -> Stream:
        return Stream(_copy(path, size, digest, total))

    return Bundle(bundle_type, digest, contents, chunks, size=size)


def _pack(
    members: Sequence[Member], engine: Deflater, bundle_type: BundleType, *, threads: int
) -> Iterator[Packed]:
    from deployer.archive import tar
    from deployer.archive import zip as zipped

    if bundle_type is BundleType.ZIP:
        return zipped.pack(members, engine, threads=threads)
    return tar.pack(members, engine, gzip=bundle_type is BundleType.TGZ, threads=threads)


def _copy(path: Path, size: int, digest: str, files: int) -> Iterator[Packed]:
    """The bytes of a ready-made archive; the last one only when they were the ones that were hashed."""
    from deployer.archive.units import Packed

    sha256 = hashlib.sha256()
    left = size
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            sha256.update(piece)
            left -= len(piece)
            if left < 0 or (left == 0 and sha256.hexdigest() != digest):
                break
            yield Packed(piece, 0 if left else files, len(piece))
    if left or sha256.hexdigest() != digest:
        raise InvalidBundle(
            Problem(
                f"`{path}` changed while it was sent",
                "Let the step that writes it end before this one.",
                "file-changed",
            )
        )


def _hash_all(entries: Sequence[Entry], engine: Deflater, *, threads: int) -> list[tuple[bytes, int]]:
    """SHA-256 and CRC-32 of each entry's content, in the entries' order; an interrupt ends the reading."""
    hashes = [(b"", 0)] * len(entries)
    problems: list[Problem] = []
    given_up = Event()

    def work(batch: list[int]) -> None:
        for index in batch:
            try:
                hashes[index] = _hash(entries[index], engine.crc32, given_up)
            except OSError as error:
                problems.extend(_unreadable(entries[index].name, error).problems)
            except InvalidBundle as error:
                problems.extend(error.problems)

    with ThreadPoolExecutor(threads) as pool:
        try:
            for _ in pool.map(work, _batches(entries)):
                pass
        finally:
            given_up.set()
            pool.shutdown(wait=False, cancel_futures=True)
    if problems:
        raise InvalidBundle(*sorted(problems, key=lambda problem: problem.message))
    return hashes


def _batches(entries: Sequence[Entry]) -> Iterable[list[int]]:
    """Indexes of the entries in batches of about equal work, the large files first."""
    large = [index for index, entry in enumerate(entries) if entry.size > _BATCH_BYTES]
    yield from ([index] for index in sorted(large, key=lambda index: -entries[index].size))
    batch: list[int] = []
    size = 0
    for index, entry in enumerate(entries):
        if entry.size > _BATCH_BYTES or entry.kind is EntryKind.FOLDER:
            continue
        batch.append(index)
        size += entry.size
        if size > _BATCH_BYTES or len(batch) == _BATCH_FILES:
            yield batch
            batch, size = [], 0
    yield batch


def _hash(entry: Entry, crc32: Callable[[bytes, int], int], given_up: Event) -> tuple[bytes, int]:
    if entry.kind is EntryKind.LINK:
        target = os.fsencode(entry.target)
        return hashlib.sha256(target).digest(), crc32(target, 0)
    handle = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        data = os.read(handle, min(entry.size + 1, _PIECE))
        sha256, crc, size = hashlib.sha256(data), crc32(data, 0), len(data)
        while data and size < entry.size and not given_up.is_set():
            data = os.read(handle, min(entry.size + 1 - size, _PIECE))
            sha256.update(data)
            crc, size = crc32(data, crc), size + len(data)
    finally:
        os.close(handle)
    if size != entry.size:
        from deployer.archive.units import changed

        raise changed(entry)
    return sha256.digest(), crc


def _digest(recipe: str, entries: Sequence[Entry], hashes: Sequence[bytes]) -> str:
    """SHA-256 in hex of a manifest in which every field's end is known."""
    sha256 = hashlib.sha256(f"{recipe}\n".encode())
    for entry, content in zip(entries, hashes, strict=True):
        name = entry.name.encode()
        sha256.update(b"%s %o %d:%s %s\n" % (entry.kind.value.encode(), entry.mode, len(name), name, content))
    return sha256.hexdigest()


def _unreadable(name: str, error: OSError) -> InvalidBundle:
    return InvalidBundle(
        Problem(
            f"`{name}` cannot be read: {error.strerror}",
            "Give the user who runs this step the right to read it (`chmod -R u+rX`), or leave it out.",
            "unreadable",
        )
    )
