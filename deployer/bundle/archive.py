"""A ready-made archive → its contents as the agent unpacks them, and what in it the agent cannot open.

Only the index is read: members of a zip are opened where they lie, those of a tar found again by their
offset. Nothing is unpacked. The type follows from the content, not from the name.
"""

from __future__ import annotations

import gzip
import os
import posixpath
import stat
import tarfile
import zipfile
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Final, cast

from deployer.bundle.contents import Entry, EntryKind, Exclusion
from deployer.bundle.links import LeavesTree, resolve
from deployer.errors import InvalidBundle, Location, Problem
from deployer.revision import BundleType
from deployer.rules import archive as rules
from deployer.text import legible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from deployer.rules import Rule


_METHODS: Final = {1: "shrink", 6: "implode", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd", 99: "AES"}
_RARE_METHODS: Final = {9: "deflate64", 12: "bzip2"}
_SAFE_METHODS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED_FLAGS: Final = 0x1 | 0x2000  # the member, or the central directory
_UTF8_FLAG: Final = 0x800
_UNIX: Final = 3
_HEAD_BYTES: Final = 1 << 16
_KEPT_HEADS: Final = 1000
_DAMAGED: Final = (
    *(OSError, EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile, UnicodeError),
    RuntimeError,  # zipfile's word for what is encrypted, or newer than it
)
_ZIP_KINDS: Final = {stat.S_IFIFO: "named pipe (FIFO)", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}
_TAR_KINDS: Final = {
    tarfile.FIFOTYPE: "named pipe (FIFO)",
    tarfile.CHRTYPE: "character device",
    tarfile.BLKTYPE: "block device",
}


@dataclass(frozen=True, slots=True)
class ArchiveContents:
    """What an archive unpacks to; a `model.Contents` without exclusions or places in the repository."""

    path: str
    entries: Mapping[str, Entry]
    _archive: _Zip | _Tar = field(repr=False)

    @property
    def exclusions(self) -> tuple[Exclusion, ...]:
        """Nothing: the archive was made elsewhere."""
        return ()

    def read(self, name: str, limit: int) -> bytes:
        """The first `limit` bytes of a file, links followed; KeyError when there is no such file.

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
        except _DAMAGED as error:
            raise InvalidBundle(_unreadable(f"{name} in {self.path}", self.path, error)) from error

    def locate(self, name: str) -> str | None:  # noqa: ARG002 - part of the protocol
        """Nowhere: a member is not a file of the repository."""
        return None


class _Findings:
    """Members by the rule that they break, so that a thousand of them are one finding."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.broken: defaultdict[tuple[Rule, str], list[str]] = defaultdict(list)

    def add(self, rule: Rule, member: str, detail: str = "") -> None:
        """A member that breaks a rule; `detail` is the method or kind that the rule's text names."""
        self.broken[rule, detail].append(legible(member))

    def problems(self) -> Iterator[Problem]:
        """One problem for each rule and detail."""
        for (rule, detail), members in self.broken.items():
            more = f" (and {len(members) - 1} more)" if len(members) > 1 else ""
            place = Location(self.path)
            yield rule.problem(place, member=members[0], more=more, method=detail, kind=detail)


def open_archive(path: Path, *, repository: Path) -> tuple[ArchiveContents, BundleType, list[Problem]]:
    """Read the index of the archive at `path`, inside the folder `repository`.

    Returns the contents, the type by content, and what the agent cannot open. Raises InvalidBundle when the
    file is no archive at all or is damaged.
    """
    shown = path.relative_to(repository).as_posix() if path.is_relative_to(repository) else str(path)
    findings = _Findings(shown)
    try:
        found = _recognise(path)
        if found is None:
            raise InvalidBundle(rules.UNKNOWN_TYPE.problem(Location(shown), path=shown))
        opened = _Zip(path, findings) if found is BundleType.ZIP else _Tar(path, found, findings)
    except _DAMAGED as error:
        raise InvalidBundle(_unreadable(shown, shown, error)) from error
    problems = [*_mismatch(shown, found), *findings.problems()]
    return ArchiveContents(shown, _with_folders(opened.entries), opened), found, problems


def _unreadable(what: str, path: str, error: Exception) -> Problem:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return rules.UNREADABLE.problem(Location(path), path=what, reason=reason)


def _recognise(path: Path) -> BundleType | None:
    with path.open("rb") as stream:
        head = stream.read(4)
    if head.startswith(b"\x1f\x8b"):
        return BundleType.TGZ
    if head in {b"PK\x03\x04", b"PK\x05\x06"}:
        return BundleType.ZIP
    try:
        tarfile.open(path, "r:").close()
    except tarfile.ReadError:
        return None
    return BundleType.TAR


def _mismatch(shown: str, found: BundleType) -> Iterator[Problem]:
    named, ending = BundleType.of(shown) or (found, "")
    if named is not found:
        stem = shown[: len(shown) - len(ending)]
        facts = {"path": shown, "found": found.value, "named": named.value, "stem": stem}
        yield rules.TYPE_MISMATCH.problem(Location(shown), **facts)


class _Zip:
    """A zip archive; the file stays open for reading members."""

    def __init__(self, path: Path, findings: _Findings) -> None:
        self._archive = zipfile.ZipFile(path)
        self._infos: dict[str, zipfile.ZipInfo] = {}
        self.entries: dict[str, Entry] = {}
        for info in self._archive.infolist():
            member = _zip_name(info)
            readable = _check_zip_member(info, member, findings)
            name = _inside(member, findings)
            if name is not None:
                self._infos[name] = info
                self.entries[name] = self._entry(name, info, member, findings, readable=readable)

    def _entry(
        self, name: str, info: zipfile.ZipInfo, member: str, findings: _Findings, *, readable: bool
    ) -> Entry:
        attributes = info.external_attr >> 16
        if member.endswith("/"):
            return Entry(name, EntryKind.FOLDER, stat.S_IMODE(attributes) or 0o755)
        if stat.S_ISLNK(attributes):
            target = os.fsdecode(self._archive.read(info)) if readable else ""
            return Entry(name, EntryKind.LINK, 0o777, target=target)
        if kind := _ZIP_KINDS.get(stat.S_IFMT(attributes)):
            findings.add(rules.SPECIAL, member, kind)
        if not attributes and info.create_system == _UNIX:
            findings.add(rules.NO_MODES, member)
        return Entry(name, EntryKind.FILE, stat.S_IMODE(attributes) or 0o644, info.file_size)

    def read(self, name: str, limit: int) -> bytes:
        with self._archive.open(self._infos[name]) as stream:
            return stream.read(limit)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name as unzip writes it: raw bytes from Unix, the old DOS characters from elsewhere."""
    name = info.filename
    if name.isascii() or info.flag_bits & _UTF8_FLAG or info.create_system != _UNIX:
        return name
    return os.fsdecode(name.encode("cp437"))


def _check_zip_member(info: zipfile.ZipInfo, member: str, findings: _Findings) -> bool:
    """Report what the agent cannot open; true when its content can be read here."""
    if "\\" in member:
        findings.add(rules.BACKSLASH, member)
    encrypted = bool(info.flag_bits & _ENCRYPTED_FLAGS)
    if encrypted:
        findings.add(rules.ENCRYPTED, member)
    method = info.compress_type
    if method in _RARE_METHODS:
        findings.add(rules.METHOD_RARE, member, _RARE_METHODS[method])
    elif method not in _SAFE_METHODS:
        findings.add(rules.METHOD, member, _METHODS.get(method, f"method {method}"))
    return not encrypted and method in _SAFE_METHODS


class _Tar:
    """A tar archive, compressed or not; `read` opens the file anew."""

    def __init__(self, path: Path, kind: BundleType, findings: _Findings) -> None:
        self._path = path
        self._compressed = kind is BundleType.TGZ
        self._offsets: dict[str, tuple[int, int]] = {}
        self._heads: dict[str, bytes] = {}
        self.entries: dict[str, Entry] = {}
        with self._open() as stream:
            with tarfile.open(fileobj=stream, mode="r:", encoding="utf-8", errors="surrogateescape") as tar:
                for info in tar:
                    self._add(info, stream, findings)
                end = tar.offset
            _check_end(stream, end)

    def _add(self, info: tarfile.TarInfo, stream: IO[bytes], findings: _Findings) -> None:
        if "\\" in info.name:
            findings.add(rules.BACKSLASH, info.name)
        name = _inside(info.name, findings)
        if name is None:
            return
        mode = info.mode & 0o7777
        if info.isdir():
            self.entries[name] = Entry(name, EntryKind.FOLDER, mode)
        elif info.issym():
            self.entries[name] = Entry(name, EntryKind.LINK, 0o777, target=info.linkname)
        elif info.islnk():
            first = posixpath.normpath(info.linkname)
            if first in self._offsets:
                self._offsets[name] = self._offsets[first]
                self.entries[name] = self.entries[first]._replace(name=name)
        elif info.type in _TAR_KINDS:
            findings.add(rules.SPECIAL, info.name, _TAR_KINDS[info.type])
        else:
            self.entries[name] = Entry(name, EntryKind.FILE, mode, info.size)
            self._offsets[name] = (info.offset_data, info.size)
            if self._compressed and _worth_keeping(name, mode) and len(self._heads) < _KEPT_HEADS:
                stream.seek(info.offset_data)
                self._heads[name] = stream.read(min(info.size, _HEAD_BYTES))

    def _open(self) -> IO[bytes]:
        return cast("IO[bytes]", gzip.open(self._path)) if self._compressed else self._path.open("rb")

    def read(self, name: str, limit: int) -> bytes:
        offset, size = self._offsets[name]
        wanted = min(size, limit)
        head = self._heads.get(name, b"")
        if len(head) >= wanted:
            return head[:wanted]
        with self._open() as stream:
            stream.seek(offset)
            return stream.read(wanted)


def _worth_keeping(name: str, mode: int) -> bool:
    """Whether the pre-flight is likely to read a member: scripts and AppSpecs, not the application."""
    return bool(mode & 0o111) or name.endswith((".sh", ".yml", ".yaml"))


def _check_end(stream: IO[bytes], offset: int) -> None:
    """Read what follows the last member; raises tarfile.ReadError unless the archive ends there."""
    stream.seek(offset)
    block = stream.read(tarfile.BLOCKSIZE)
    if block.strip(b"\0") or 0 < len(block) < tarfile.BLOCKSIZE:
        raise tarfile.ReadError("unexpected end of data")
    while stream.read(1 << 20):  # a gzip stream checks its length and sum at its end
        pass


def _inside(member: str, findings: _Findings) -> str | None:
    """The name in the bundle that a member comes to, None when it has none."""
    parts = member.split("/")
    if member.startswith("/") or ".." in parts:
        findings.add(rules.OUTSIDE, member)
    if ".." in parts:
        return None
    name = posixpath.normpath(member).lstrip("/")
    return None if name in {"", "."} else name


def _with_folders(entries: dict[str, Entry]) -> dict[str, Entry]:
    """All entries sorted by their names' bytes, with the folders that unpacking creates."""
    for name in list(entries):
        folder = posixpath.dirname(name)
        while folder and folder not in entries:
            entries[folder] = Entry(folder, EntryKind.FOLDER, 0o755)
            folder = posixpath.dirname(folder)
    return dict(sorted(entries.items(), key=lambda item: os.fsencode(item[0])))
