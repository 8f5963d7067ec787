"""A ready-made archive → its contents as the agent unpacks them, and what in it the agent cannot open.

Only the index is read: members of a zip are opened where they lie, those of a tar found again by their
offset. Nothing is unpacked. The type follows from the content, not from the name.
"""

from __future__ import annotations

import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deployer.bundle.bounds import Headers, folders_above
from deployer.bundle.contents import Entry, EntryKind, Exclusion
from deployer.bundle.links import LeavesTree, check_links, resolve
from deployer.bundle.members import Findings
from deployer.bundle.reading import open_file
from deployer.bundle.source import usable_source
from deployer.bundle.untar import STREAMS, TarReader, open_tar
from deployer.bundle.unzip import ZipReader
from deployer.errors import InvalidBundle, Location, Problem
from deployer.revision import BundleType
from deployer.rules import archive as rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deployer.bundle.listing import Listed
    from deployer.bundle.members import Reader


DAMAGED: Final = (
    *(OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, struct.error),
    *(ValueError, LookupError, ArithmeticError),  # what tarfile raises for sparse files without sense
    RuntimeError,  # zipfile's word for what is encrypted, or newer than it
)
"""The exceptions that reading a damaged archive raises."""

_HEAD: Final = 6  # the longest of all magic numbers here


@dataclass(frozen=True, slots=True)
class ArchiveContents:
    """The files that an archive unpacks to: `Contents` without exclusions, or places in the repository.

    `path` is the archive's from the repository's root, `file` its absolute path without links.
    """

    path: str
    file: str
    entries: Mapping[str, Entry]
    _archive: Reader = field(repr=False)

    @property
    def root_mode(self) -> int:
        """The mode that the archive sets on the folder in which it is unpacked."""
        return self._archive.root_mode

    @property
    def exclusions(self) -> tuple[Exclusion, ...]:
        """Nothing: the archive was made elsewhere."""
        return ()

    def read(self, name: str, limit: int) -> bytes:
        """Return a file's first `limit` bytes, following links; raises KeyError if there is no such file.

        Raises InvalidBundle when the member is damaged.
        """
        try:
            resolved = resolve(self.entries, name)
        except LeavesTree:
            resolved = None
        entry = self.entries.get(resolved) if resolved is not None else None
        if entry is None or entry.kind is not EntryKind.FILE:
            raise KeyError(name)
        try:
            return self._archive.read(entry.name, limit)
        except DAMAGED as error:
            raise InvalidBundle(_unreadable(f"{name} in {self.path}", self.path, error)) from error

    def listing(self) -> dict[str, Listed]:
        """Return the members for a comparison; raises InvalidBundle when one is damaged."""
        try:
            return self._archive.listing()
        except DAMAGED as error:
            raise InvalidBundle(_unreadable(self.path, self.path, error)) from error

    def locate(self, name: str) -> str | None:  # noqa: ARG002 - part of the protocol
        """Return None: a member is not a file of the repository."""
        return None

    def elsewhere(self, name: str) -> str:  # noqa: ARG002 - part of the protocol
        """Return nothing: an archive is deployed as it is."""
        return ""


def open_archive(path: Path, *, repository: Path) -> tuple[ArchiveContents, BundleType, list[Problem]]:
    """Read the index of the archive at `path`, inside the folder `repository`.

    Returns the contents, the type by content, and what the agent cannot open. Raises InvalidInput when the
    file is not in the repository, InvalidBundle when it is no archive at all, is damaged, or is a bomb.
    """
    source, repository = usable_source(path, repository)
    shown, file = source.relative_to(repository).as_posix(), str(source)
    findings = Findings(shown)
    try:
        recognised = _recognise(file)
        if recognised is None:
            raise InvalidBundle(rules.UNKNOWN_TYPE.problem(Location(shown), path=shown))
        found, compression = recognised
        zipped = found is BundleType.ZIP
        opened: Reader = ZipReader(file, findings) if zipped else _tar(file, compression, findings)
        folders = folders_above(opened.entries)
    except DAMAGED as error:
        raise InvalidBundle(_unreadable(shown, shown, error)) from error
    entries = _with_folders(opened.entries, folders)
    _check_parents(entries, findings)
    _check_twins(entries, folders, findings)
    links = check_links(entries, where=lambda _: Location(shown), whole="archive")
    odd = [*_mismatch(shown, found), *_compression(shown, found, compression)]
    problems = [*odd, *findings.problems(), *links]
    return ArchiveContents(shown, file, entries, opened), found, problems


def _tar(file: str, compression: bytes, findings: Findings) -> TarReader:
    return TarReader(partial(open_file, file), Path(file).lstat().st_size, compression, findings)


def _check_parents(entries: Mapping[str, Entry], findings: Findings) -> None:
    """Report members below a link; `entries` has each folder before what is in it."""
    below = {name for name, entry in entries.items() if entry.kind is EntryKind.LINK}
    for name in entries if below else ():
        if name.rpartition("/")[0] in below:
            below.add(name)
            findings.add(rules.THROUGH_LINK, name)


def _check_twins(entries: Mapping[str, Entry], folders: set[str], findings: Findings) -> None:
    """Report files that would have to be folders, too."""
    for name, entry in entries.items():
        if entry.kind is EntryKind.FILE and name in folders:
            findings.add(rules.FILE_AND_FOLDER, name)


def _unreadable(what: str, path: str, error: Exception) -> Problem:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return rules.UNREADABLE.problem(Location(path), path=what, reason=reason)


def _recognise(file: str) -> tuple[BundleType, bytes] | None:
    """Return the type of an archive, and the key of its compression in `STREAMS`, empty if uncompressed."""
    with open_file(file) as stream:
        head = stream.read(_HEAD)
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return BundleType.ZIP, b""
        for start, (method, _) in STREAMS.items():
            if head.startswith(start):
                return BundleType.TGZ if method == "gzip" else BundleType.TAR, start
        stream.seek(0)
        try:
            open_tar(Headers(stream)).close()
        except tarfile.ReadError as error:
            if isinstance(error.__context__, tarfile.HeaderError):
                return None
            raise
    return BundleType.TAR, b""


def _compression(shown: str, found: BundleType, compression: bytes) -> Iterator[Problem]:
    """Report a compression that no type names, and that the agent's tar finds out by itself."""
    if found is BundleType.TAR and compression:
        yield rules.COMPRESSION.problem(Location(shown), path=shown, method=STREAMS[compression][0])


def _mismatch(shown: str, found: BundleType) -> Iterator[Problem]:
    named, ending = BundleType.of(shown) or (found, "")
    if named is not found:
        stem = shown[: len(shown) - len(ending)]
        facts = {"path": shown, "found": found.value, "named": named.value, "stem": stem}
        yield rules.TYPE_MISMATCH.problem(Location(shown), **facts)


def _with_folders(entries: Mapping[str, Entry], folders: set[str]) -> dict[str, Entry]:
    """Return all entries, sorted by their names' bytes, with the folders that unpacking creates."""
    created = {name: Entry(name, EntryKind.FOLDER, 0o755) for name in folders - entries.keys()}
    return dict(sorted({**entries, **created}.items(), key=lambda item: os.fsencode(item[0])))
