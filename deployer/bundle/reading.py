"""Files of the workspace, opened without following a link, and where an AppSpec is looked for.

Every folder on the way is opened by the descriptor of the one above it. So a folder that becomes a link while
the run is under way is an error, and never a way to files outside of the workspace.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from deployer.errors import InvalidBundle
from deployer.rules import tree as rules
from deployer.text import legible

if TYPE_CHECKING:
    from io import BufferedReader
    from types import TracebackType

    from deployer.errors import Location


LONGEST_TEXT: Final = 1 << 20
"""Bytes of an AppSpec or a file of patterns; a longer one is not meant to be read by people."""

_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # never block on a FIFO
FOLDER: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_DIRECTORY
_PASSED: Final = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_DIRECTORY
_GONE: Final = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.ESPIPE, errno.ENXIO, errno.EINVAL}
)


class Opener:
    """Opens absolute paths without links in them; for one thread, and quickest in the paths' order.

    The folders on the way to the last path stay open until the next one needs others, or the context ends.
    """

    def __init__(self) -> None:
        self._names: list[str] = []
        self._handles: list[int] = []
        self._folder: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._leave(0)

    def open(self, path: str, flags: int = _FILE) -> int:
        """Return a descriptor that the caller closes; raises OSError, too, where a link is on the way."""
        folder, _, name = path.rpartition("/")
        if folder != self._folder:
            self._enter(folder)
        return os.open(name or ".", flags, dir_fd=self._handles[-1])

    def _enter(self, folder: str) -> None:
        names = folder.split("/")
        kept = 0
        for old, new in zip(self._names, names, strict=False):
            if old != new:
                break
            kept += 1
        self._leave(kept)
        for name in names[kept:]:
            above = self._handles[-1] if self._handles else None
            self._handles.append(os.open(name or "/", _PASSED, dir_fd=above))
            self._names.append(name)
        self._folder = folder

    def _leave(self, kept: int) -> None:
        self._folder = None
        for handle in self._handles[kept:]:
            os.close(handle)
        del self._handles[kept:], self._names[kept:]


def changed(name: str) -> InvalidBundle:
    """Return the error that a file is not what it was when it was found, or hashed."""
    return InvalidBundle(rules.CHANGED.problem(None, name=legible(name)))


def not_read(name: str, error: OSError, place: Location | None = None) -> InvalidBundle:
    """Return the error that a path which was found a moment ago has changed since, or cannot be read."""
    if error.errno in _GONE:
        return changed(name)
    return InvalidBundle(rules.UNREADABLE.problem(place, name=legible(name), reason=error.strerror))


def read(handle: int, size: int, start: int = 0, *, beyond: int = 1) -> bytes:
    """Read `size` bytes of a file from `start`, and as many `beyond` as there are: the file has grown."""
    data = os.pread(handle, size + beyond, start)
    while len(data) < size and (more := os.pread(handle, size + beyond - len(data), start + len(data))):
        data += more
    return data


def open_file(path: str) -> BufferedReader:
    """Open a file for reading; raises OSError, too, where a link is on the way."""
    with Opener() as opener:
        return os.fdopen(opener.open(path), "rb")


def read_start(path: str, limit: int) -> bytes:
    """Return the first `limit` bytes of a regular file; raises OSError for a link and anything else."""
    with Opener() as opener:
        handle = opener.open(path)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "It is not a regular file")
        return read(handle, limit, beyond=0)
    finally:
        os.close(handle)


def find_appspec(appspec: str, *, source: Path, repository: Path) -> Path | None:
    """Return the real path of the AppSpec, in the source or else in the repository, or None.

    `repository` is a real path. A file outside of it does not count, whatever link leads there.
    """
    for folder in (source, repository):
        path = Path(os.path.realpath(folder / appspec))
        if path.is_file() and path.is_relative_to(repository):
            return path
    return None
