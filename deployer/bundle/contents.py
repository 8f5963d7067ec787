"""Contents: the files that a bundle will unpack to, and the bundle itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from heapq import nlargest
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, Protocol

from deployer.bundle.times import EARLIEST
from deployer.errors import Location

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from deployer.appspec.model import AppSpec
    from deployer.bundle.listing import Listed
    from deployer.choices import Compression
    from deployer.errors import Location
    from deployer.revision import BundleType


class EntryKind(Enum):
    """The kind of thing that has a name in a bundle."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    SPECIAL = "special"
    """A pipe or device, which only a ready-made tar can hold."""


class Entry(NamedTuple):  # made by the ten thousand: a tuple takes a third of a frozen dataclass's time
    """One name in a bundle.

    `name` is its path in the bundle with forward slashes and no slash at its ends; `mode` its permission
    bits; `size` the bytes of a file; `target` where a link points, or the words for a special file; `path`
    the file on this machine that holds its content (empty for a member of a ready-made archive); `modified`
    the time that the archive tells, in whole seconds since 1970; `content` the bytes that are packed instead
    of those at `path`.
    """

    name: str
    kind: EntryKind
    mode: int = 0o644
    size: int = 0
    target: str = ""
    path: str = ""
    modified: int = EARLIEST
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A path that a pattern left out; a folder's `name` ends with a slash and means all below it."""

    name: str
    pattern: str
    location: Location


class Contents(Protocol):
    """The files that a bundle will unpack to, whether from a folder or from a ready-made archive.

    >>> contents.entries["scripts/start.sh"]
    Entry(name='scripts/start.sh', kind=<EntryKind.FILE: 'file'>, mode=493, size=120, …)
    >>> contents.read("scripts/start.sh", 9)
    b'#!/bin/sh'
    """

    @property
    def entries(self) -> Mapping[str, Entry]:
        """All entries by name, sorted by name's bytes; a parent folder comes before what is in it."""
        ...

    @property
    def root_mode(self) -> int:
        """The permission bits of the folder that the bundle unpacks to."""
        ...

    @property
    def exclusions(self) -> tuple[Exclusion, ...]:
        """The paths that a pattern left out; none of a ready-made archive."""
        ...

    def read(self, name: str, limit: int) -> bytes:
        """Return the first `limit` bytes of the file of that name, links followed inside the bundle."""
        ...

    def locate(self, name: str) -> str | None:
        """Return the file's path from the repository's root, None if it is outside."""
        ...

    def elsewhere(self, name: str) -> str:
        """Return where a file that is not in the bundle is, and how to get it there; empty if unknown."""
        ...


class ChunkStream(Protocol):
    """The bytes of an archive as they are made; `files` and `read` count the contents in them so far.

    `begins` says which members of a zip begin at which of the bytes returned last; what belongs to none
    begins with the name "".
    """

    files: int
    read: int
    begins: Sequence[tuple[str, int]]

    def __iter__(self) -> Iterator[bytes]: ...

    def __next__(self) -> bytes:
        """Return the next bytes."""
        ...


class Chunks(Protocol):
    """Starts a stream of an archive's bytes; `times` are those of members that do not bear their own."""

    def __call__(self, times: Mapping[str, int] = ..., /) -> ChunkStream:
        """Start one, from the beginning."""
        ...


@dataclass(frozen=True)
class Bundle:
    """A revision ready to be sent: known by its digest before a byte of it is compressed.

    >>> bundle = package(contents, bundle_type=BundleType.ZIP, compression=Compression.FAST)
    >>> key = f"{bundle.digest}.{bundle.type.extension}"
    >>> Path("app.zip").write_bytes(b"".join(bundle.chunks()))

    `digest` is a hash in hex of the contents and the way they are archived, or of the archive's own bytes
    where `exact`: else the times of its members may differ under the same digest. `size` is the archive's
    size in bytes once known; `chunks` starts a new stream of the archive's bytes each time it is called,
    the same bytes for the same times. `appspec` is what its AppSpec says, None where it cannot be
    understood. `listing` returns its files for a comparison with another bundle's.
    """

    type: BundleType
    digest: str
    contents: Contents
    chunks: Chunks
    size: int | None = None
    compression: Compression | None = None
    exact: bool = False
    appspec: AppSpec | None = None
    listing: Callable[[], Mapping[str, Listed]] = dict

    @cached_property
    def unpacked_size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.contents.entries.values())

    @cached_property
    def files(self) -> int:
        """The number of files and links."""
        return sum(entry.kind is not EntryKind.FOLDER for entry in self.contents.entries.values())

    def largest(self, count: int) -> list[Entry]:
        """Return the files, the largest first, ties in the contents' order."""
        return nlargest(count, self.contents.entries.values(), key=attrgetter("size"))


@dataclass(frozen=True, slots=True)
class Transfer:
    """The progress of packing and sending, in files and bytes."""

    files: int
    files_total: int
    read: int
    read_total: int
    sent: int
