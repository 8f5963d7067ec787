"""Stage: what a group runs → the listing of that bundle, by its index in S3.

It is data from elsewhere: what is fetched is bounded, nothing is unpacked, and whatever cannot be read is a
value that says why. `s3:GetObject`, of a pinned version `s3:GetObjectVersion`, is optional.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, assert_never, cast

from deployer.bundle.archive import DAMAGED
from deployer.bundle.bounds import folders_above
from deployer.bundle.listing import Unknown
from deployer.bundle.members import Findings
from deployer.bundle.untar import TarReader
from deployer.bundle.unzip import list_zip
from deployer.errors import InvalidBundle
from deployer.revision import AppSpecRevision, BundleType, GitHubRevision, S3Revision
from deployer.s3.ranges import NotReadable, ObjectFile
from deployer.text import cut, printable, size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import BinaryIO

    from mypy_boto3_s3 import S3Client

    from deployer.bundle.listing import Listed
    from deployer.revision import Revision
    from deployer.s3.ranges import Pin


_MOST_INDEX: Final = 24 << 20  # of a zip of 200,000 files with long names
_MOST_PACKED: Final = 16 << 20
_MOST_UNPACKED: Final = 64 << 20
_LONGEST_REASON: Final = 300


@dataclass(frozen=True, slots=True)
class LiveBundle:
    """The files of a bundle in S3, and the very object that they were read from.

    >>> bundle.entries["scripts/start.sh"]
    Listed(name='scripts/start.sh', kind=<EntryKind.FILE: 'file'>, mode=493, size=120, crc=3421780262, …)

    There are none where the object is an AppSpec, which is the revision itself.
    """

    pin: Pin
    type: BundleType
    entries: Mapping[str, Listed]
    _read: Callable[[str, int], bytes] = field(repr=False, compare=False)

    def read(self, name: str, limit: int) -> bytes | None:
        """Return the first `limit` bytes of a file; None if there is none or it cannot be read."""
        try:
            return self._read(name, limit)
        except (*DAMAGED, NotReadable):
            return None


def live_bundle(
    revision: Revision | None, *, s3: S3Client, expected_bucket_owner: str = ""
) -> LiveBundle | Unknown:
    """Return the listing of what a group runs, pinned to the object's eTag and version, or why there is none.

    No answer of S3 and no bytes of an object make it raise.
    """
    match revision:
        case S3Revision():
            pass
        case GitHubRevision():
            return Unknown("the files of a commit on GitHub are not listed")
        case AppSpecRevision():
            return Unknown("an AppSpec without a bundle has no files")
        case None:
            return Unknown("the live revision is of an unknown kind")
        case _:
            assert_never(revision)
    try:
        file = ObjectFile(revision, s3=s3, most=_most(revision), expected_bucket_owner=expected_bucket_owner)
        found = _listed(file, revision.type)
        folders_above(found.entries)
    except NotReadable as error:
        reason = str(error)
    except InvalidBundle as error:
        reason = error.problems[0].message.rstrip(".")
    except DAMAGED as error:
        reason = f"the bundle cannot be read as {revision.type}: {error or type(error).__name__}"
    else:
        return found
    return Unknown(cut(printable(reason), _LONGEST_REASON))


def _most(revision: S3Revision) -> int:
    return _MOST_INDEX if revision.type is BundleType.ZIP else _MOST_PACKED


def _listed(file: ObjectFile, kind: BundleType) -> LiveBundle:
    match kind:
        case BundleType.ZIP:
            archive = zipfile.ZipFile(cast("BinaryIO", file))
            entries = list_zip(archive)
            return LiveBundle(file.pin, kind, entries, partial(_member, archive, entries))
        case BundleType.TAR | BundleType.TGZ:
            data = _unpacked(file, kind)
            reader = TarReader(lambda: io.BytesIO(data), len(data), b"", Findings(file.pin.key))
            return LiveBundle(file.pin, kind, reader.listing(), reader.read)
        case BundleType.YAML | BundleType.JSON:
            return LiveBundle(file.pin, kind, {}, lambda _, limit: _start(file, limit))
        case _:
            assert_never(kind)


def _member(archive: zipfile.ZipFile, entries: Mapping[str, Listed], name: str, limit: int) -> bytes:
    offset = entries[name].offset
    info = next(info for info in archive.infolist() if info.header_offset == offset)
    with archive.open(info) as stream:
        return stream.read(limit)


def _start(file: ObjectFile, limit: int) -> bytes:
    file.seek(0)
    return file.read(limit) or b""


def _unpacked(file: ObjectFile, kind: BundleType) -> bytes:
    """Return a tar's bytes, which has no index; raises NotReadable when there are too many."""
    if file.pin.size > _MOST_PACKED:
        raise NotReadable(f"a {kind} has no index, and {size(file.pin.size)} is too much to read")
    data = _start(file, file.pin.size)
    if kind is BundleType.TGZ:
        data = gzip.GzipFile(fileobj=io.BytesIO(data)).read(_MOST_UNPACKED + 1)
    if len(data) > _MOST_UNPACKED:
        raise NotReadable(f"a {kind} has no index, and it unpacks to more than {size(_MOST_UNPACKED)}")
    return data
