"""One pass over a folder: what is there, what the patterns leave out, and what no bundle can carry."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, Final

from deployer.bundle.contents import Entry, EntryKind, Exclusion
from deployer.bundle.ignore import IGNORE_FILE
from deployer.errors import Location, Problem, Severity

if TYPE_CHECKING:
    from pathlib import Path

    from deployer.bundle.ignore import IgnoreRules
    from deployer.bundle.times import TimeRange


_FOLDER_MODE: Final = 0o755
_LINK_MODE: Final = 0o777
KEPT_MODE: Final = 0o755  # group's and others' write bits and set-uid bits differ with umask and checkout
_REPOSITORIES: Final = frozenset({".git", ".svn", ".hg", ".bzr", ".jj", "CVS"})
_BAD_NAME: Final = re.compile(r"[\x00-\x1f\x7f\\]")
_KINDS: Final = {
    stat.S_IFSOCK: "socket",
    stat.S_IFIFO: "named pipe (FIFO)",
    stat.S_IFBLK: "block device",
    stat.S_IFCHR: "character device",
}
LEAVE_OUT: Final = f"Leave it out with a line in `{IGNORE_FILE}` or the input `exclude`."
RENAME: Final = f"Rename it, or leave it out with a pattern in `{IGNORE_FILE}` or the input `exclude`."
PERMISSION: Final = (
    "Give the user who runs this step the right to read it (`chmod -R u+rX`), or leave it out."
)


class Walk:
    """One pass over the folder: entries, exclusions and problems as they are found."""

    def __init__(self, source: Path, repository: Path, rules: IgnoreRules, times: TimeRange) -> None:
        self.source = source
        self.repository = repository
        self.rules = rules
        self.times = times
        self.entries: dict[str, Entry] = {}
        self.exclusions: list[Exclusion] = []
        self.problems: list[Problem] = []
        self.wanted: set[str] = set()

    def run(self) -> None:
        """Look into every folder that belongs to the bundle."""
        root, pending = str(self.source), [""]
        while pending:
            folder = pending.pop()
            try:
                with os.scandir(f"{root}/{folder}") as found:
                    for item in found:
                        name = folder + item.name
                        is_folder = item.is_dir(follow_symlinks=False)
                        if not self._belongs(name, item.name, folder=is_folder):
                            continue
                        self._add(name, item, folder=is_folder)
                        if is_folder:
                            pending.append(f"{name}/")
            except OSError as error:
                self.refuse(folder or ".", f"cannot be read: {error.strerror}", "unreadable", PERMISSION)

    def where(self, name: str) -> Location:
        """Where a name of the source stands in the repository."""
        return Location((self.source / name).relative_to(self.repository).as_posix())

    def _belongs(self, name: str, last: str, *, folder: bool) -> bool:
        """Whether a name goes into the bundle; `last` is what stands after its last slash."""
        if last in _REPOSITORIES and not self._may_stay(name, last, folder=folder):
            return False
        if self.rules.rules:
            rule = self.rules.decide(os.fsencode(name), folder=folder)
            if rule and not rule.negated:
                self.exclusions.append(Exclusion(f"{name}/" if folder else name, rule.text, rule.location))
                return False
            if rule:
                self.wanted.add(name)
        plain = last.isascii() and last.isprintable() and "\\" not in last
        return plain or self._named_well(name, last)

    def _may_stay(self, name: str, last: str, *, folder: bool) -> bool:
        """Judge what belongs to version control: git's own never goes into a bundle."""
        if last != ".git":
            if folder:
                what = "looks like version control's own files and goes into the bundle"
                self._warn(name, what, "version-control")
            return True
        if name != ".git":
            self._warn(name, "is a checkout of its own and stays out of the bundle", "nested-repository")
        return False

    def _named_well(self, name: str, last: str) -> bool:
        try:
            last.encode()
        except UnicodeEncodeError:
            self.refuse(name, "has a name that is not UTF-8; the agent fails on it", "name-not-utf8", RENAME)
            return False
        if bad := _BAD_NAME.search(last):
            what = "a backslash" if bad[0] == "\\" else "a control character"
            self.refuse(name, f"has {what} in its name; the agent fails on it", "name-unusable", RENAME)
            return False
        return True

    def file(self, name: str, path: str, status: os.stat_result) -> None:
        """Take in the file at `path`, which may be another than the one of that name."""
        mode, modified = status.st_mode & KEPT_MODE, self._modified(status)
        self.entries[name] = Entry(name, EntryKind.FILE, mode, status.st_size, "", path, modified)

    def _modified(self, status: os.stat_result) -> int:
        seconds = int(status.st_mtime)
        times = self.times
        return seconds if times.earliest <= seconds <= times.latest else times.clamp(seconds)

    def _add(self, name: str, item: os.DirEntry[str], *, folder: bool) -> None:
        """Take in what belongs to the bundle, each with its own time."""
        status = item.stat(follow_symlinks=False)
        if stat.S_ISREG(status.st_mode):
            self.file(name, item.path, status)
        elif folder:
            self.entries[name] = Entry(name, EntryKind.FOLDER, _FOLDER_MODE, modified=self._modified(status))
        elif item.is_symlink():
            target = os.readlink(item.path)  # noqa: PTH115 - as it is written, not normalized
            self.entries[name] = Entry(
                name, EntryKind.LINK, _LINK_MODE, target=target, modified=self._modified(status)
            )
        else:
            kind = _KINDS.get(stat.S_IFMT(status.st_mode), "special file")
            self.refuse(name, f"is a {kind}, which no archive can carry", "special-file", LEAVE_OUT)

    def refuse(self, name: str, what: str, code: str, hint: str) -> None:
        """Note that something cannot go into the bundle."""
        self.problems.append(
            Problem(f"{quoted(name)} {what}", hint, code, location=self.where(printable(name)))
        )

    def _warn(self, name: str, what: str, code: str) -> None:
        self.problems.append(
            Problem(f"{quoted(name)} {what}", LEAVE_OUT, code, Severity.WARNING, self.where(name))
        )


def printable(name: str) -> str:
    """A name of any bytes as text."""
    return os.fsencode(name).decode(errors="backslashreplace")


def quoted(name: str) -> str:
    """A name as messages show it."""
    return f"`{printable(name)}`"
