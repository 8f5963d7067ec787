"""The files that a run writes for others to read: outputs, summary, JUnit.

Their names come from inputs, but what stands at these names may come from the repository: links are never
followed, and nothing but a regular file is ever opened for writing.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SAFELY = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_IN_PLACE = {errno.EBUSY, errno.EACCES, errno.ENOENT, errno.EPERM, errno.EROFS}
"""Errors for a file that may be written but not replaced: it is a mount, or its folder is read-only."""

_OF_THE_JOB = (
    *("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"),
    *("AWS_WEB_IDENTITY_TOKEN_FILE", "DRONE_OUTPUT"),
)
"""Variables that name files which a CI's steps write to, or which hold the job's token."""

_NOT_REGULAR = {errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.ENOTDIR}


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file to write, for the input `purpose`; no folder on its path below `workspace` may be a link.

    A `shared` one is the CI's own, to which others write as well: it is only ever added to. All methods raise
    OSError for what cannot be written.
    """

    path: str
    purpose: str
    workspace: Path
    shared: bool = False

    def begin(self) -> None:
        """Find out whether the file can be written, and remove what an earlier run has left there."""
        with self._folder() as folder:
            self._check(folder)
            if self.shared:
                os.close(self._open(os.O_CREAT, folder))
                return
            try:
                with suppress(FileNotFoundError):
                    os.unlink(self._name, dir_fd=folder)
                descriptor, temporary = self._temporary(folder)
            except OSError as error:
                if error.errno not in _IN_PLACE:
                    raise
                os.close(self._open(os.O_TRUNC, folder))
                return
            os.close(descriptor)
            os.unlink(temporary, dir_fd=folder)

    def add(self, text: str) -> None:
        """Add text at the end: all of it, or nothing."""
        with self._folder() as folder:
            descriptor = self._open(os.O_CREAT | os.O_APPEND, folder)
            try:
                before = os.fstat(descriptor).st_size
                try:
                    _write(descriptor, text)
                except OSError:
                    os.ftruncate(descriptor, before)
                    raise
            finally:
                os.close(descriptor)

    def put(self, text: str) -> None:
        """Make this text the whole file, at once; a shared file is added to."""
        if self.shared:
            self.add(text)
            return
        with self._folder() as folder:
            self._check(folder)
            try:
                self._replace(text, folder)
            except OSError as error:
                if error.errno not in _IN_PLACE:
                    raise
                descriptor = self._open(os.O_TRUNC, folder)
                try:
                    _write(descriptor, text)
                finally:
                    os.close(descriptor)

    @property
    def _name(self) -> str:
        return Path(self.path).name

    def _replace(self, text: str, folder: int) -> None:
        descriptor, temporary = self._temporary(folder)
        try:
            try:
                _write(descriptor, text)
            finally:
                os.close(descriptor)
            os.rename(temporary, self._name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            os.unlink(temporary, dir_fd=folder)
            raise

    def _temporary(self, folder: int) -> tuple[int, str]:
        name = f".{self._name}.{os.urandom(8).hex()}"
        return os.open(name, _SAFELY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=folder), name

    def _open(self, flags: int, folder: int) -> int:
        descriptor = os.open(self._name, _SAFELY | flags, 0o666, dir_fd=folder)
        if not S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.ENXIO, "not a regular file")
        return descriptor

    def _check(self, folder: int) -> None:
        """Raise OSError for what exists and is no regular file."""
        with suppress(FileNotFoundError):
            if not S_ISREG(os.stat(self._name, dir_fd=folder, follow_symlinks=False).st_mode):
                raise OSError(errno.ENXIO, "not a regular file")

    @contextmanager
    def _folder(self) -> Iterator[int]:
        """Open the file's folder without following any link of the workspace; yields its descriptor."""
        folder, workspace = map(_absolute, (Path(self.path).parent, self.workspace))
        inside = folder.is_relative_to(workspace)
        descriptor = os.open(workspace if inside else folder, _FOLDER)
        try:
            for part in folder.relative_to(workspace).parts if inside else ():
                outer, descriptor = descriptor, os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
                os.close(outer)
            yield descriptor
        finally:
            os.close(descriptor)


def own_files(environ: Mapping[str, str], *named: str) -> frozenset[str]:
    """Return the absolute paths of the files that change with each job: those `named`, and the CI's own.

    Empty names are skipped. Links are followed in the folders, not in the file's own name.
    """
    paths = filter(None, [*named, *(environ.get(variable, "") for variable in _OF_THE_JOB)])
    return frozenset(str(Path(path).parent.resolve() / Path(path).name) for path in paths)


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links


def _write(descriptor: int, text: str) -> None:
    rest = memoryview(text.encode(errors="backslashreplace"))
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def why_unwritten(error: OSError) -> str:
    """Return why a file could not be written, as part of a sentence."""
    if error.errno in _NOT_REGULAR:
        return "it must be a regular file, and its path must not contain links"
    return error.strerror or type(error).__name__
