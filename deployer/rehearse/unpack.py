"""An archive → the tar that an engine unpacks as the agent's tools would unpack the archive.

A tar goes to the engine as it is. A zip becomes one, member by member, with the modes and links that unzip
would make; nothing of it is unpacked on this machine.
"""

from __future__ import annotations

import os
import tarfile
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deployer.bundle.archive import DAMAGED
from deployer.bundle.contents import Entry, EntryKind
from deployer.bundle.members import Findings
from deployer.bundle.unzip import ZipReader
from deployer.errors import Severity
from deployer.revision import BundleType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BLOCK = tarfile.BLOCKSIZE
_CHUNK = 1 << 16
_TYPES = {EntryKind.FILE: tarfile.REGTYPE, EntryKind.FOLDER: tarfile.DIRTYPE, EntryKind.LINK: tarfile.SYMTYPE}


class Damaged(Exception):
    """The agent's tools cannot open the archive; the words are theirs."""


@contextmanager
def as_tar(kind: BundleType, chunks: Iterable[bytes]) -> Iterator[Iterable[bytes]]:
    """Yield the tar of an archive that comes in chunks.

    Raises Damaged, while it is read, too, where the agent's tools could not open it.
    """
    if kind is not BundleType.ZIP:
        yield chunks
        return
    with tempfile.NamedTemporaryFile(prefix="rehearsal-", suffix=".zip") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        findings = Findings("the bundle")
        try:
            reader = ZipReader(os.path.realpath(file.name), findings)
        except DAMAGED as error:
            raise Damaged(f"Error extracting zip archive: {error}") from error
        for problem in findings.problems():
            if problem.severity is Severity.ERROR:
                raise Damaged(f"Error extracting zip archive: {problem.message}")
        yield _members(reader)


def _members(reader: ZipReader) -> Iterator[bytes]:
    for name, entry in reader.entries.items():
        yield _head(entry)
        if entry.kind is EntryKind.FILE:
            try:
                with reader.open(name) as stream:
                    while data := stream.read(_CHUNK):
                        yield data
            except DAMAGED as error:
                raise Damaged(f"Error extracting zip archive: {name}: {error}") from error
            yield b"\0" * (-entry.size % _BLOCK)
    yield b"\0" * 2 * _BLOCK


def _head(entry: Entry) -> bytes:
    info = tarfile.TarInfo(entry.name)
    info.type = _TYPES[entry.kind]
    info.mode, info.mtime, info.linkname = entry.mode, entry.modified, entry.target
    info.size = entry.size if entry.kind is EntryKind.FILE else 0
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def file_in_tar(name: str, content: bytes, mode: int = 0o644) -> bytes:
    """Return a tar with a single file."""
    entry = Entry(name, EntryKind.FILE, mode, len(content))
    return _head(entry) + content + b"\0" * (-len(content) % _BLOCK + 2 * _BLOCK)
