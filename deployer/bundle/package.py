"""Contents → Bundle: hash everything once, so that the digest is known before a byte is compressed.

The digest is a hash (BLAKE3) over names, kinds, modes, links and contents, and over the way they are archived
(format, library, version, level). Modification times are no part of it: the same contents have the same
digest after each checkout, and the same bytes where the times are the same too. Nothing is written to a disk.
"""

from __future__ import annotations

import hashlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from deployer.bundle.contents import Bundle, EntryKind
from deployer.bundle.hashing import hash_all, hasher
from deployer.bundle.listing import listed
from deployer.bundle.reading import changed, not_read, open_file
from deployer.revision import BundleType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from deployer.bundle.contents import Contents, Entry
    from deployer.bundle.deflate import Deflater
    from deployer.bundle.hashing import Hasher, Start
    from deployer.bundle.listing import Listed
    from deployer.bundle.work import Member, Packed
    from deployer.choices import Compression


_FORMAT: Final = "deployer bundle 3"  # a change of the archives' layout makes it 4
_PIECE: Final = 1 << 20
_THEIR_OWN: Final[Mapping[str, int]] = MappingProxyType({})


class Stream:
    """The bytes of an archive as they are made, and how much of the contents they hold so far."""

    def __init__(self, packed: Iterator[Packed]) -> None:
        self.files = 0
        self.read = 0
        self.begins: Sequence[tuple[str, int]] = ()
        self._packed = packed

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> bytes:
        packed = next(self._packed)
        self.files += packed.files
        self.read += packed.read
        self.begins = packed.begins
        return packed.data


def package(contents: Contents, *, bundle_type: BundleType, compression: Compression) -> Bundle:
    """Hash the files of `contents` and return the bundle, whose `chunks` read them again.

    Raises InvalidBundle when a file cannot be read, and, from `chunks`, when one has changed since.
    """
    from deployer.bundle.deflate import deflater
    from deployer.bundle.work import Member

    engine = deflater(compression)
    hashing = hasher()
    entries = list(contents.entries.values())
    hashes = hash_all(entries, hashing.start)
    recipe = f"{_FORMAT} {bundle_type.value}"
    if bundle_type is not BundleType.TAR:
        recipe += f" {engine.name}"
    digest = _digest(recipe, entries, [content for content, _ in hashes], hashing)
    used = None if bundle_type is BundleType.TAR else compression

    members = [Member(entry, *hashed) for entry, hashed in zip(entries, hashes, strict=True)]

    def chunks(times: Mapping[str, int] = _THEIR_OWN) -> Stream:
        return Stream(_pack(members, engine, bundle_type, hashing.start, times))

    def listing() -> dict[str, Listed]:
        return {member.entry.name: listed(member.entry, member.crc) for member in members}

    return Bundle(bundle_type, digest, contents, chunks, compression=used, listing=listing)


def ready_made(contents: Contents, path: str, bundle_type: BundleType) -> Bundle:
    """Return the bundle that is the archive at `path`, byte for byte; its digest is the file's SHA-256.

    `path` is absolute, and holds no links.

    Raises InvalidBundle when the archive cannot be read, and, from `chunks`, when it has changed since.
    """
    try:
        with open_file(path) as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            size = stream.tell()
    except OSError as error:
        raise not_read(path, error) from error
    total = sum(entry.kind is not EntryKind.FOLDER for entry in contents.entries.values())

    def chunks(_: Mapping[str, int] = _THEIR_OWN) -> Stream:
        return Stream(_copy(path, size, digest, total))

    return Bundle(bundle_type, digest, contents, chunks, size=size, exact=True)


def _pack(
    members: Sequence[Member],
    engine: Deflater,
    bundle_type: BundleType,
    start: Start,
    times: Mapping[str, int],
) -> Iterator[Packed]:
    from deployer.bundle import tar
    from deployer.bundle import zip as zipped

    if bundle_type is BundleType.ZIP:
        return zipped.pack(members, engine, start=start, times=times)
    return tar.pack(members, engine, start=start, gzip=bundle_type is BundleType.TGZ, times=times)


def _copy(path: str, size: int, digest: str, files: int) -> Iterator[Packed]:
    """Yield the bytes of a ready-made archive; the last byte only if all match what was hashed."""
    from deployer.bundle.work import Packed

    sha256 = hashlib.sha256()
    left = size
    try:
        with open_file(path) as stream:
            while piece := stream.read(_PIECE):
                sha256.update(piece)
                left -= len(piece)
                if left < 0 or (left == 0 and sha256.hexdigest() != digest):
                    break
                yield Packed(piece, 0 if left else files, len(piece))
    except OSError as error:
        raise not_read(path, error) from error
    if left or sha256.hexdigest() != digest:
        raise changed(path)


def _digest(recipe: str, entries: Sequence[Entry], hashes: Sequence[bytes], hashing: Hasher) -> str:
    """Return the hex hash of a manifest whose fields are unambiguously delimited."""
    lines = [f"{recipe} {hashing.name}\n".encode()]
    for entry, content in zip(entries, hashes, strict=True):
        name = entry.name.encode()
        lines.append(b"%s %o %d:%s %s\n" % (entry.kind.value.encode(), entry.mode, len(name), name, content))
    return hashing.start(b"".join(lines)).hexdigest()
