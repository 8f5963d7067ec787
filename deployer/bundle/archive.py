"""A ready-made archive → its contents as the agent unpacks them, and what in it the agent cannot open.

Only the index is read: members of a zip are opened where they lie, those of a tar found again by their
offset. Nothing is unpacked. The type follows from the content, not from the name.
"""

from __future__ import annotations

import gzip
import os
import posixpath
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, Final, cast
from weakref import finalize

from deployer.bundle.bounds import LONGEST_PATH, Headers, Unpacked, check_end
from deployer.bundle.contents import Entry, EntryKind, Exclusion
from deployer.bundle.links import LeavesTree, check_links, resolve
from deployer.bundle.reading import open_file
from deployer.bundle.tree import usable_source
from deployer.errors import InvalidBundle, Location, Problem
from deployer.revision import BundleType
from deployer.rules import archive as rules
from deployer.rules import tree as tree_rules
from deployer.text import legible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deployer.rules import Rule


_METHODS: Final = {
    1: "shrink",
    6: "implode",
    9: "deflate64",
    14: "LZMA",
    93: "Zstandard",
    95: "XZ",
    98: "PPMd",
    99: "AES",
}
_RARE_METHODS: Final = {12: "bzip2"}
_SAFE_METHODS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED_FLAGS: Final = 0x1 | 0x2000  # the member, or the central directory
_UTF8_FLAG: Final = 0x800
_UNIX: Final = 3
_HEAD_BYTES: Final = 1 << 16
_KEPT_HEADS: Final = 1000
_LONGEST_NAME: Final = 255  # bytes between slashes: Linux
_SHOWN: Final = 80  # characters of a name that is too long
_DAMAGED: Final = (
    *(OSError, EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile, struct.error),
    *(ValueError, LookupError, ArithmeticError),  # what tarfile raises for sparse files without sense
    RuntimeError,  # zipfile's word for what is encrypted, or newer than it
)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_ZIP_KINDS: Final = {stat.S_IFIFO: "named pipe (FIFO)", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}
_TAR_KINDS: Final = {
    tarfile.FIFOTYPE: "named pipe (FIFO)",
    tarfile.CHRTYPE: "character device",
    tarfile.BLKTYPE: "block device",
}


@dataclass(frozen=True, slots=True)
class ArchiveContents:
    """The files that an archive unpacks to: `Contents` without exclusions, or places in the repository.

    `path` is the archive's from the repository's root, `file` its absolute path without links.
    """

    path: str
    file: str
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
            facts = dict.fromkeys(("method", "kind", "what"), detail)
            yield rule.problem(place, member=members[0], name=members[0], more=more, **facts)


def open_archive(path: Path, *, repository: Path) -> tuple[ArchiveContents, BundleType, list[Problem]]:
    """Read the index of the archive at `path`, inside the folder `repository`.

    Returns the contents, the type by content, and what the agent cannot open. Raises InvalidInput when the
    file is not in the repository, InvalidBundle when it is no archive at all, is damaged, or is a bomb.
    """
    source, repository = usable_source(path, repository)
    shown, file = source.relative_to(repository).as_posix(), str(source)
    findings = _Findings(shown)
    try:
        found = _recognise(file)
        if found is None:
            raise InvalidBundle(rules.UNKNOWN_TYPE.problem(Location(shown), path=shown))
        opened = _Zip(file, findings) if found is BundleType.ZIP else _Tar(file, found, findings)
    except _DAMAGED as error:
        raise InvalidBundle(_unreadable(shown, shown, error)) from error
    entries = _with_folders(opened.entries)
    _check_parents(entries, findings)
    _check_twins(opened.entries, findings)
    links = check_links(entries, where=lambda _: Location(shown), whole="archive")
    problems = [*_mismatch(shown, found), *findings.problems(), *links]
    return ArchiveContents(shown, file, entries, opened), found, problems


def _check_parents(entries: Mapping[str, Entry], findings: _Findings) -> None:
    """Report members below a link."""
    links = {name for name, entry in entries.items() if entry.kind is EntryKind.LINK}
    for name in entries if links else ():
        if not links.isdisjoint(accumulate(posixpath.dirname(name).split("/"), "{}/{}".format)):
            findings.add(rules.THROUGH_LINK, name)


def _check_twins(entries: Mapping[str, Entry], findings: _Findings) -> None:
    """Report files that would have to be folders, too."""
    folders = {above for name in entries for above in accumulate(posixpath.dirname(name).split("/"), _joined)}
    for name in folders & entries.keys():
        if entries[name].kind is EntryKind.FILE:
            findings.add(rules.FILE_AND_FOLDER, name)


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}"


def _unreadable(what: str, path: str, error: Exception) -> Problem:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return rules.UNREADABLE.problem(Location(path), path=what, reason=reason)


def _recognise(file: str) -> BundleType | None:
    with open_file(file) as stream:
        head = stream.read(4)
        if head.startswith(b"\x1f\x8b"):
            return BundleType.TGZ
        if head in {b"PK\x03\x04", b"PK\x05\x06"}:
            return BundleType.ZIP
        stream.seek(0)
        try:
            _open_tar(Headers(stream)).close()
        except tarfile.ReadError as error:
            if isinstance(error.__context__, tarfile.HeaderError):
                return None
            raise
    return BundleType.TAR


def _open_tar(headers: Headers) -> tarfile.TarFile:
    stream = cast("IO[bytes]", headers)
    return tarfile.open(fileobj=stream, mode="r:", encoding="utf-8", errors="surrogateescape")


def _mismatch(shown: str, found: BundleType) -> Iterator[Problem]:
    named, ending = BundleType.of(shown) or (found, "")
    if named is not found:
        stem = shown[: len(shown) - len(ending)]
        facts = {"path": shown, "found": found.value, "named": named.value, "stem": stem}
        yield rules.TYPE_MISMATCH.problem(Location(shown), **facts)


class _Zip:
    """A zip archive; the file stays open for reading members."""

    def __init__(self, file: str, findings: _Findings) -> None:
        stream = open_file(file)
        finalize(self, stream.close)
        self._archive = zipfile.ZipFile(stream)
        unpacked = Unpacked(findings.path, os.fstat(stream.fileno()).st_size)
        self._infos: dict[str, zipfile.ZipInfo] = {}
        self.entries: dict[str, Entry] = {}
        for info in self._archive.infolist():
            unpacked.add(info.file_size)
            member = _zip_name(info)
            readable = _check_zip_member(info, member, findings)
            name = _inside(member, findings)
            if name is not None:
                known = self.entries.get(name)
                if known is not None and (known.kind is EntryKind.FOLDER) is not member.endswith("/"):
                    findings.add(rules.FILE_AND_FOLDER, member)
                self._infos[name] = info
                self.entries[name] = self._entry(name, info, member, findings, readable=readable)

    def _entry(
        self, name: str, info: zipfile.ZipInfo, member: str, findings: _Findings, *, readable: bool
    ) -> Entry:
        attributes = info.external_attr >> 16
        if member.endswith("/"):
            return Entry(name, EntryKind.FOLDER, stat.S_IMODE(attributes) or 0o755)
        if stat.S_ISLNK(attributes):
            target = self._read(info, LONGEST_PATH + 1) if readable else b""
            if len(target) > LONGEST_PATH:
                findings.add(rules.LINK_TARGET, member)
            return Entry(name, EntryKind.LINK, 0o777, target=os.fsdecode(target[:LONGEST_PATH]))
        if kind := _ZIP_KINDS.get(stat.S_IFMT(attributes)):
            findings.add(rules.SPECIAL, member, kind)
        if not attributes and info.create_system == _UNIX:
            findings.add(rules.NO_MODES, member)
        return Entry(name, EntryKind.FILE, stat.S_IMODE(attributes) or 0o644, info.file_size)

    def read(self, name: str, limit: int) -> bytes:
        return self._read(self._infos[name], limit)

    def _read(self, info: zipfile.ZipInfo, limit: int) -> bytes:
        with self._archive.open(info) as stream:
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
    method = info.compress_type if not member.endswith("/") else zipfile.ZIP_STORED
    if not member.isascii() and not info.flag_bits & _UTF8_FLAG and info.create_system != _UNIX:
        findings.add(rules.OLD_NAME, member)
    if method in _RARE_METHODS:
        findings.add(rules.METHOD_RARE, member, _RARE_METHODS[method])
    elif method not in _SAFE_METHODS:
        findings.add(rules.METHOD, member, _METHODS.get(method, f"method {method}"))
    return not encrypted and method in _SAFE_METHODS


class _Tar:
    """A tar archive, compressed or not; `read` opens the file anew."""

    def __init__(self, file: str, kind: BundleType, findings: _Findings) -> None:
        self._file = file
        self._compressed = kind is BundleType.TGZ
        self._offsets: dict[str, tuple[int, int]] = {}
        self._heads: dict[str, bytes] = {}
        self.entries: dict[str, Entry] = {}
        packed = Path(file).lstat().st_size
        with self._open() as stream:
            unpacked = Unpacked(findings.path, packed)
            headers = Headers(stream)
            with _open_tar(headers) as tar:
                for info in headers.members(tar):
                    unpacked.add(info.size)
                    self._add(info, stream, findings)
                end = tar.offset
            check_end(stream, end, unpacked)

    def _add(self, info: tarfile.TarInfo, stream: BinaryIO, findings: _Findings) -> None:
        name = _inside(info.name, findings)
        if name is None:
            return
        self._check(name, info, findings)
        mode = info.mode & 0o7777
        if info.isdir():
            self.entries[name] = Entry(name, EntryKind.FOLDER, mode)
        elif info.issym():
            self.entries[name] = Entry(name, EntryKind.LINK, 0o777, target=info.linkname[:LONGEST_PATH])
        elif info.islnk():
            self._add_hard_link(name, info, findings)
        elif info.type in _TAR_KINDS:
            findings.add(rules.SPECIAL, info.name, _TAR_KINDS[info.type])
        else:
            self.entries[name] = Entry(name, EntryKind.FILE, mode, info.size)
            self._offsets[name] = (info.offset_data, info.size)
            if self._compressed and _worth_keeping(name, mode) and len(self._heads) < _KEPT_HEADS:
                stream.seek(info.offset_data)
                self._heads[name] = stream.read(min(info.size, _HEAD_BYTES))

    def _check(self, name: str, info: tarfile.TarInfo, findings: _Findings) -> None:
        """Report a member that tar cannot unpack."""
        known = self.entries.get(name)
        if known is not None and (known.kind is EntryKind.FOLDER) is not info.isdir():
            findings.add(rules.FILE_AND_FOLDER, info.name)
        if info.type not in tarfile.SUPPORTED_TYPES:
            findings.add(rules.MEMBER_TYPE, info.name)
        if info.issym() and len(info.linkname) > LONGEST_PATH:
            findings.add(rules.LINK_TARGET, info.name)
        elif info.issym() and not info.linkname:
            findings.add(rules.NO_TARGET, info.name)

    def _add_hard_link(self, name: str, info: tarfile.TarInfo, findings: _Findings) -> None:
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
        with open_file(self._file) as stream:
            yield cast("BinaryIO", gzip.GzipFile(fileobj=stream)) if self._compressed else stream

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
    """Tell whether the pre-flight is likely to read a member: scripts and AppSpecs, not the application."""
    return bool(mode & 0o111) or name.endswith((".sh", ".yml", ".yaml"))


def _inside(member: str, findings: _Findings) -> str | None:
    """The name in the bundle that a member comes to, None when it has none."""
    if len(member) > LONGEST_PATH:
        findings.add(tree_rules.NAME, f"{member[:_SHOWN]}…", f"more than {LONGEST_PATH} characters")
        return None
    parts = member.split("/")
    if any(len(os.fsencode(part)) > _LONGEST_NAME for part in parts):
        findings.add(tree_rules.NAME, f"{member[:_SHOWN]}…", f"a part of more than {_LONGEST_NAME} bytes")
    if not member:
        findings.add(tree_rules.NAME, member, "nothing")
    if _CONTROL.search(member):
        findings.add(tree_rules.NAME, member, "a control character")
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
