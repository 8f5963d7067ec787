"""One pass over a folder: its files, those that patterns leave out, and those that no bundle can carry."""

from __future__ import annotations

import errno
import os
import re
import stat
from typing import TYPE_CHECKING, Final

from deployer.bundle.checkout import submodules
from deployer.bundle.contents import Entry, EntryKind, Exclusion
from deployer.bundle.reading import FOLDER, Opener, not_read
from deployer.errors import Location
from deployer.rules import bundle as bundle_rules
from deployer.rules import tree as rules
from deployer.text import legible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deployer.bundle.ignore import IgnoreRules
    from deployer.bundle.times import TimeRange
    from deployer.errors import Problem
    from deployer.rules import Rule


_ALL_READ: Final = 0o444
_FOLDER_MODE: Final = 0o755
_LINK_MODE: Final = 0o777
KEPT_MODE: Final = 0o755  # group's and others' write bits and set-uid bits differ with umask and checkout
_WRITABLE: Final = 0o022
_SPECIAL_BITS: Final = 0o7000
_REPOSITORIES: Final = frozenset({".git", ".svn", ".hg", ".bzr", ".jj", "CVS"})
_BAD_NAME: Final = re.compile(r"[\x00-\x1f\x7f\\]")
_KINDS: Final = {
    stat.S_IFSOCK: "socket",
    stat.S_IFIFO: "named pipe (FIFO)",
    stat.S_IFBLK: "block device",
    stat.S_IFCHR: "character device",
}


class Walk:
    """One pass over the folder: entries, exclusions and problems as they are found."""

    def __init__(
        self,
        source: Path,
        repository: Path,
        rules: IgnoreRules,
        times: TimeRange,
        *,
        own: frozenset[str] = frozenset(),
    ) -> None:
        self.source = source
        self._root = str(source).rstrip("/")
        self.repository = repository
        self.rules = rules
        self.times = times
        self.own = own
        self.submodules = submodules(source, repository)
        self.entries: dict[str, Entry] = {}
        self.exclusions: list[Exclusion] = []
        self.problems: list[Problem] = []
        self.wanted: set[str] = set()
        self.special_bits: list[str] = []
        self.writable: list[str] = []

    def run(self) -> None:
        """Look into every folder that belongs to the bundle."""
        for name in self.own:  # a pattern for a file that is not written yet is not in vain
            self.rules.decide(os.fsencode(name), folder=False)
        pending = [""]
        with Opener() as opener:
            while pending:
                folder = pending.pop()
                try:
                    handle = opener.open(f"{self._root}/{folder}"[:-1], FOLDER)
                except OSError as error:
                    self._report(folder, error)
                    continue
                try:
                    pending += self._look(folder, handle)
                except OSError as error:
                    self._report(folder, error)
                finally:
                    os.close(handle)

    def _look(self, folder: str, handle: int) -> Iterator[str]:
        """Take in what is in a folder, given with a slash at its end; yields the folders in it."""
        with os.scandir(handle) as found:
            for item in found:
                name = folder + item.name
                is_folder = item.is_dir(follow_symlinks=False)
                if self._belongs(name, item.name, folder=is_folder):
                    self._add(name, item, handle, folder=is_folder)
                    if is_folder:
                        yield f"{name}/"

    def _report(self, folder: str, error: OSError) -> None:
        name = folder or "."
        self.problems += not_read(name, error, self.where(legible(name))).problems

    def where(self, name: str) -> Location:
        """Return the path of a name of the source from the repository's root."""
        return Location((self.source / name).relative_to(self.repository).as_posix())

    def _belongs(self, name: str, last: str, *, folder: bool) -> bool:
        """Tell whether a name goes into the bundle; `last` is the part after its last slash."""
        if last in _REPOSITORIES and not self._may_stay(name, last, folder=folder):
            return False
        if self.rules.rules:
            rule = self.rules.decide(os.fsencode(name), folder=folder)
            if rule and not rule.negated:
                self.exclusions.append(Exclusion(f"{name}/" if folder else name, rule.text, rule.location))
                return False
            if rule:
                self.wanted.add(name)
        if name in self.own:
            return False
        plain = last.isascii() and last.isprintable() and "\\" not in last
        return plain or self._named_well(name, last)

    def _may_stay(self, name: str, last: str, *, folder: bool) -> bool:
        """Judge what belongs to version control: git's own never goes into a bundle."""
        if last != ".git":
            if folder:
                self._note(name, rules.VERSION_CONTROL)
            return True
        if folder and name != ".git" and name.removesuffix("/.git") not in self.submodules:
            self._note(name, rules.NESTED_REPOSITORY)  # as a file it belongs to a submodule or a work tree
        return False

    def _named_well(self, name: str, last: str) -> bool:
        try:
            last.encode()
        except UnicodeEncodeError:
            self._note(name, bundle_rules.NAME)
            return False
        if bad := _BAD_NAME.search(last):
            what = "a backslash" if bad[0] == "\\" else "a control character"
            ends_line = "\n" in last
            self._note(name, rules.NAME if ends_line else rules.NAME_ODD, what=what)
            return not ends_line
        return True

    def file(self, name: str, path: str, status: os.stat_result) -> None:
        """Take in the file at `path`, which may be another than the one of that name."""
        mode, modified = status.st_mode & KEPT_MODE, self._modified(status)
        if status.st_mode & _WRITABLE:
            self.writable.append(name)
        if status.st_mode & _SPECIAL_BITS:
            self.special_bits.append(name)
        self.entries[name] = Entry(name, EntryKind.FILE, mode, status.st_size, "", path, modified)

    def _modified(self, status: os.stat_result) -> int:
        seconds = int(status.st_mtime)
        times = self.times
        return seconds if times.earliest <= seconds <= times.latest else times.clamp(seconds)

    def _add(self, name: str, item: os.DirEntry[str], handle: int, *, folder: bool) -> None:
        """Take in what belongs to the bundle, each with its own time."""
        status = item.stat(follow_symlinks=False)
        if stat.S_ISREG(status.st_mode):
            if not self._is_readable(status, item.name, handle):
                self._report(name, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
            self.file(name, f"{self._root}/{name}", status)
        elif folder:
            self.entries[name] = Entry(name, EntryKind.FOLDER, _FOLDER_MODE, modified=self._modified(status))
        elif item.is_symlink():
            target = os.readlink(item.name, dir_fd=handle)
            self.entries[name] = Entry(
                name, EntryKind.LINK, _LINK_MODE, target=target, modified=self._modified(status)
            )
        else:
            kind = _KINDS.get(stat.S_IFMT(status.st_mode), "special file")
            self._note(name, rules.SPECIAL, kind=kind)

    @staticmethod
    def _is_readable(status: os.stat_result, name: str, handle: int) -> bool:
        """Ask the kernel only where not everybody may read: a call for each file would cost."""
        everybody = status.st_mode & _ALL_READ == _ALL_READ
        return everybody or os.access(name, os.R_OK, dir_fd=handle, effective_ids=True)

    def _note(self, name: str, rule: Rule, **facts: object) -> None:
        """Note that something breaks a rule."""
        shown = legible(name)
        self.problems.append(rule.problem(self.where(shown), name=shown, **facts))
