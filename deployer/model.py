"""Frozen values that the stages hand on.

`Settings → Bundle → StoredObject → Revision → Deployment → Outcome`; nothing here touches a disk, a network
or a stream.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cached_property
from hashlib import sha256
from heapq import nlargest
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import quote, urlencode

from deployer.regions import console
from deployer.times import EARLIEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime, timedelta

    from deployer.choices import Compression
    from deployer.errors import Location


class BundleType(StrEnum):
    """What a revision in S3 is; the values are CodeDeploy's own."""

    ZIP = "zip"
    TGZ = "tgz"
    TAR = "tar"
    YAML = "YAML"
    JSON = "JSON"

    @property
    def extension(self) -> str:
        """The file name's ending, without the dot."""
        return self.value.lower()


class ComputePlatform(StrEnum):
    """What an application deploys to; the values are CodeDeploy's own."""

    SERVER = "Server"
    LAMBDA = "Lambda"
    ECS = "ECS"


class EntryKind(Enum):
    """What stands at a name in a bundle."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"


class Entry(NamedTuple):  # made by the ten thousand: a tuple takes a third of a frozen dataclass's time
    """One name in a bundle.

    `name` is its path in the bundle with forward slashes and no slash at its ends; `mode` its permission
    bits; `size` the bytes of a file; `target` where a link points; `path` the file on this machine that
    holds its content (empty for a member of a ready-made archive); `modified` the time that the archive
    tells, in whole seconds since 1970.
    """

    name: str
    kind: EntryKind
    mode: int = 0o644
    size: int = 0
    target: str = ""
    path: str = ""
    modified: int = EARLIEST


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A path that a pattern left out; a folder's `name` ends with a slash and stands for all below it."""

    name: str
    pattern: str
    location: Location


class Contents(Protocol):
    """What a bundle will unpack to, whether from a folder or from a ready-made archive."""

    @property
    def entries(self) -> Mapping[str, Entry]:
        """All entries by name, sorted by name's bytes; a parent folder stands before what is in it."""
        ...

    @property
    def exclusions(self) -> tuple[Exclusion, ...]:
        """What a pattern left out; empty for a ready-made archive."""
        ...

    def read(self, name: str, limit: int) -> bytes:
        """The first `limit` bytes of the file of that name, links followed inside the bundle."""
        ...

    def locate(self, name: str) -> str | None:
        """The file of that name as a path from the repository's root, None when it is not in it."""
        ...


class ChunkStream(Protocol):
    """An archive's bytes as they are made; `files` and `read` tell how much of the contents they hold."""

    files: int
    read: int

    def __iter__(self) -> Iterator[bytes]: ...

    def __next__(self) -> bytes:
        """The next bytes."""
        ...


@dataclass(frozen=True)
class Bundle:
    """A revision ready to be sent: known by its digest before a byte of it is compressed.

    `digest` is a hash in hex of the contents and the way they are archived, or of the archive's own bytes
    where `exact`: else the times of its members may differ under the same digest. `size` is the archive's
    size in bytes once known; `chunks` starts a new stream of the archive's bytes each time it is called,
    the same bytes each time.
    """

    type: BundleType
    digest: str
    contents: Contents
    chunks: Callable[[], ChunkStream]
    size: int | None = None
    compression: Compression | None = None
    exact: bool = False

    @cached_property
    def unpacked_size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.contents.entries.values())

    @cached_property
    def files(self) -> int:
        """How many files and links there are."""
        return sum(entry.kind is not EntryKind.FOLDER for entry in self.contents.entries.values())

    def largest(self, count: int) -> list[Entry]:
        """The largest files first, ties in the contents' order."""
        return nlargest(count, self.contents.entries.values(), key=attrgetter("size"))


@dataclass(frozen=True, slots=True)
class Transfer:
    """How far packing and sending have come, in files and bytes."""

    files: int
    files_total: int
    read: int
    read_total: int
    sent: int


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A bundle in S3; `etag` is without quotes, `uploaded` false when it was already there.

    `outdated` says why an object with the same digest was sent again: the live deployment that it is older
    than, empty when there was no such reason.
    """

    bucket: str
    key: str
    type: BundleType
    etag: str
    size: int
    version_id: str | None = None
    uploaded: bool = True
    outdated: str = ""


@dataclass(frozen=True, slots=True)
class S3Revision:
    """An object in S3, pinned to its eTag and version where they are known."""

    bucket: str
    key: str
    type: BundleType
    etag: str | None = None
    version_id: str | None = None

    @property
    def uri(self) -> str:
        """The form that the output and the input `revision` share."""
        pins = {"versionId": self.version_id, "eTag": self.etag}
        if not self.key.lower().endswith(f".{self.type.extension}"):
            pins["bundleType"] = self.type.value
        query = urlencode({name: value for name, value in pins.items() if value})
        return f"s3://{self.bucket}/{quote(self.key)}" + (f"?{query}" if query else "")

    @property
    def label(self) -> str:
        """What a reader is shown."""
        return self.uri


@dataclass(frozen=True, slots=True)
class GitHubRevision:
    """A commit that the targets fetch from GitHub; `repository` is `owner/name`."""

    repository: str
    commit: str

    @property
    def uri(self) -> str:
        """The form that the output and the input `revision` share."""
        return f"github://{self.repository}/{self.commit}"

    @property
    def label(self) -> str:
        """What a reader is shown."""
        return self.uri


@dataclass(frozen=True, slots=True)
class AppSpecRevision:
    """An AppSpec that is itself the revision (Lambda, ECS), sent within the request.

    It is identified by its SHA-256 in hex; GetDeployment gives nothing else, so `content` may be unknown.
    """

    sha256: str
    content: str | None = field(default=None, compare=False)

    @classmethod
    def of(cls, content: str) -> AppSpecRevision:
        """The revision that consists of this AppSpec."""
        return cls(sha256(content.encode()).hexdigest(), content)

    @property
    def uri(self) -> str | None:
        """The form that the output and the input `revision` share: a `data:` URL (RFC 2397).

        None while the content is unknown, without which the revision cannot be deployed again.
        """
        if self.content is None:
            return None
        return f"data:application/yaml;base64,{b64encode(self.content.encode()).decode()}"

    @property
    def label(self) -> str:
        """What a reader is shown."""
        return f"inline AppSpec with SHA-256 {self.sha256}"


Revision = S3Revision | GitHubRevision | AppSpecRevision


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment that the service has accepted."""

    id: str
    region: str
    application: str
    group: str
    revision: Revision | None = None

    @property
    def url(self) -> str:
        """Where the console shows it."""
        return f"{console(self.region)}/codesuite/codedeploy/deployments/{self.id}?region={self.region}"


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """What a target says of a lifecycle event that did not go well; `log_tail` is untrusted text."""

    error_code: str = ""
    script: str = ""
    message: str = ""
    log_tail: str = ""


@dataclass(frozen=True, slots=True)
class LifecycleEvent:
    """One step on one target; times as the service tells them."""

    name: str
    status: str
    start: datetime | None = None
    end: datetime | None = None
    diagnostics: Diagnostics | None = None

    @property
    def duration(self) -> timedelta | None:
        """How long it took, None while it is not over."""
        return self.end - self.start if self.start and self.end else None


@dataclass(frozen=True, slots=True)
class Traffic:
    """The share of traffic, in percent, that one version of a target gets."""

    version: str
    percent: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """An instance, a Lambda function, an ECS service or a CloudFormation stack of a deployment."""

    id: str
    status: str
    kind: str = "instance"
    label: str = ""
    events: tuple[LifecycleEvent, ...] = ()
    traffic: tuple[Traffic, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether nothing more can happen to it."""
        return self.status in {"Succeeded", "Failed", "Skipped"}

    @property
    def failed_event(self) -> LifecycleEvent | None:
        """The first event that failed, None when none did."""
        return next((event for event in self.events if event.status == "Failed"), None)


_MINUTES_FROM = 120.0
"""Seconds from which on an age is told in minutes."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A deployment as one look at it shows it.

    `status` is the service's word, which may be one we do not know. `targets` is None where reading them is
    not allowed. `counts` is the service's overview by state, empty while there is none. `unread` says why
    targets could not be read this time, empty when they could; they are then as last known. `trouble` says
    why the last looks failed, empty when they did not; all is then as it was `age` seconds ago, None where
    the status was never read.
    """

    status: str
    counts: Mapping[str, int] = field(default_factory=dict)
    targets: tuple[Target, ...] | None = ()
    error_code: str = ""
    error_message: str = ""
    created: datetime | None = None
    completed: datetime | None = None
    rollback_id: str | None = None
    rollback_message: str = ""
    rollback_expected: bool = False
    revision: Revision | None = None
    creator: str = ""
    compute_platform: str = ""
    group_wait_minutes: int = 0
    terminating: bool = False
    unread: str = ""
    trouble: str = ""
    age: float | None = 0.0

    @property
    def ended(self) -> bool:
        """Whether the service is done with it."""
        return self.status in {"Succeeded", "Failed", "Stopped"}

    @property
    def standing(self) -> str:
        """The status as a clause that claims no more than was seen: `was Created when last seen 39 s ago`."""
        if self.age is None:
            return "could never be looked at"
        if not self.trouble:
            return f"is {self.status}"
        ago = f"{self.age:.0f} s" if self.age < _MINUTES_FROM else f"{self.age / 60:.0f} min"
        return f"was {self.status} when last seen {ago} ago"


class Status(StrEnum):
    """How far a run came; the output `status`."""

    PLANNED = "planned"
    UPLOADED = "uploaded"
    REGISTERED = "registered"
    CREATED = "created"
    READY = "ready"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    TIMED_OUT = "timed-out"
