"""The index of a zip → its entries as unzip writes them, and what the agent cannot open."""

from __future__ import annotations

import calendar
import os
import stat
import struct
import zipfile
from functools import lru_cache
from typing import IO, Final
from weakref import finalize

from deployer.bundle.bounds import LONGEST_PATH, Unpacked
from deployer.bundle.checkout import is_pointer
from deployer.bundle.contents import Entry, EntryKind
from deployer.bundle.listing import Listed
from deployer.bundle.members import Findings, inside
from deployer.bundle.reading import open_file
from deployer.bundle.times import EARLIEST
from deployer.rules import archive as rules
from deployer.rules import tree as tree_rules

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
_EXTRA: Final = struct.Struct("<2H")
_UNIX_TIME: Final = struct.Struct("<Bl")
_TIME_ID: Final = 0x5455  # Info-ZIP's extended timestamp, `UT`
_KINDS: Final = {stat.S_IFIFO: "named pipe (FIFO)", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}


class ZipReader:
    """A zip archive; the file stays open for reading members."""

    root_mode = 0o755

    def __init__(self, file: str, findings: Findings) -> None:
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
            name = inside(member, findings)
            if name is not None:
                findings.add_second(self.entries.get(name), member, folder=member.endswith("/"))
                self._infos[name] = info
                self.entries[name] = self._entry(name, info, member, findings, readable=readable)

    def _entry(
        self, name: str, info: zipfile.ZipInfo, member: str, findings: Findings, *, readable: bool
    ) -> Entry:
        attributes = info.external_attr >> 16
        kind, mode = _kind_and_mode(info, member)
        if kind is EntryKind.FOLDER:
            return Entry(name, kind, mode, modified=_modified(info))
        if kind is EntryKind.LINK:
            target = self._read(info, LONGEST_PATH + 1) if readable else b""
            if len(target) > LONGEST_PATH:
                findings.add(rules.LINK_TARGET, member)
            return Entry(name, kind, mode, target=os.fsdecode(target[:LONGEST_PATH]))
        if special := _KINDS.get(stat.S_IFMT(attributes)):
            findings.add(rules.SPECIAL_ZIPPED, member, special)
        if not attributes and info.create_system == _UNIX:
            findings.add(rules.NO_MODES, member)
        if readable and is_pointer(info.file_size, lambda size: self._read(info, size)):
            findings.add(tree_rules.LFS_POINTER, member)
        return Entry(name, kind, mode, info.file_size, modified=_modified(info))

    def read(self, name: str, limit: int) -> bytes:
        """Return the first `limit` bytes of a file."""
        return self._read(self._infos[name], limit)

    def open(self, name: str) -> IO[bytes]:
        """Return the content of a file as a stream."""
        return self._archive.open(self._infos[name])

    def listing(self) -> dict[str, Listed]:
        """Return the members by name, with what only the archive's index tells."""
        return list_zip(self._archive)

    def _read(self, info: zipfile.ZipInfo, limit: int) -> bytes:
        with self._archive.open(info) as stream:
            return stream.read(limit)


def list_zip(archive: zipfile.ZipFile) -> dict[str, Listed]:
    """Return the members by name as unzip writes them; the last of the same name wins."""
    ignored = Findings("")
    found: dict[str, Listed] = {}
    for info in archive.infolist():
        member = _zip_name(info)
        name = inside(member, ignored)
        if name is not None:
            found[name] = Listed(
                name,
                *_kind_and_mode(info, member),
                info.file_size,
                info.CRC,
                _modified(info),
                info.header_offset,
                info.compress_size,
            )
    return found


def _modified(info: zipfile.ZipInfo) -> int:
    """Return the Unix time of the extra field that has one, else the DOS time, taken as UTC.

    It is never before 1980, where the DOS time begins.
    """
    extra, start = info.extra, 0
    while start + _EXTRA.size <= len(extra):
        field, length = _EXTRA.unpack_from(extra, start)
        start += _EXTRA.size
        if field == _TIME_ID and length >= _UNIX_TIME.size and start + length <= len(extra):
            flags, seconds = _UNIX_TIME.unpack_from(extra, start)
            if flags & 1:
                return max(EARLIEST, int(seconds))
        start += length
    return _of_dos(info.date_time)


@lru_cache(maxsize=4096)
def _of_dos(time: tuple[int, int, int, int, int, int]) -> int:
    try:
        return calendar.timegm(time)
    except ValueError:  # a month 0 or 15
        return EARLIEST


def _kind_and_mode(info: zipfile.ZipInfo, member: str) -> tuple[EntryKind, int]:
    """Return the kind of entry and the permission bits that unzip gives a member of that name."""
    attributes = info.external_attr >> 16
    if member.endswith("/"):
        return EntryKind.FOLDER, stat.S_IMODE(attributes) or 0o755
    if stat.S_ISLNK(attributes):
        return EntryKind.LINK, 0o777
    return EntryKind.FILE, stat.S_IMODE(attributes) or 0o644


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Return the name as unzip writes it: raw bytes from Unix, the old DOS characters from elsewhere."""
    name = info.filename
    if name.isascii() or info.flag_bits & _UTF8_FLAG or info.create_system != _UNIX:
        return name
    return os.fsdecode(name.encode("cp437"))


def _check_zip_member(info: zipfile.ZipInfo, member: str, findings: Findings) -> bool:
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
