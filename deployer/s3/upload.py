"""Bundle → StoredObject: send a bundle to S3 while it is still being packed.

An object with the bundle's digest is reused, unless it is older than what a group runs now: its files would
be older than those that they replace, and whatever compares modification times would not see the change.

A multipart upload that cannot be completed is aborted. Every request carries a CRC-32 that S3 checks, and so
does the whole object.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from deployer.bundle.contents import Transfer
from deployer.bundle.hashing import combine
from deployer.revision import StoredObject
from deployer.s3.destination import DIGEST, head, staying_in_region, upload_errors
from deployer.s3.multipart import begin
from deployer.s3.parts import base64, cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from mypy_boto3_s3 import S3Client

    from deployer.bundle.contents import Bundle, ChunkStream
    from deployer.s3.destination import Destination
    from deployer.s3.parts import Part


_PART: Final = 5 << 20  # the least that S3 takes: what is in memory is a few parts
_MOST_PARTS: Final = 10_000


def upload(  # noqa: PLR0913 - its knobs are keyword-only
    bundle: Bundle,
    destination: Destination,
    *,
    s3: S3Client,
    looking: S3Client | None = None,
    progress: Callable[[Transfer], None],
    reject: Callable[[StoredObject, datetime], str] = lambda *_: "it is not known to CodeDeploy",
) -> StoredObject:
    """Make sure that the object is in the bucket and return it, pinned to its eTag and version.

    An object with the bundle's digest in its metadata is left as it is (`uploaded` is false) unless `reject`
    says why not, given the object and when S3 last modified it. Metadata alone proves nothing: it says
    what its writer chose. `looking` is the client to look with, by default `s3`. `progress` is given how far
    packing and sending have come, on the calling thread. Raises a DeployError when S3 refuses or cannot be
    reached, InvalidBundle when a file changes while it is packed.
    """
    looking = looking or s3
    for client in (s3, looking):
        staying_in_region(destination.bucket, client)
    with upload_errors(destination, s3):
        found = head(bundle.digest, destination, looking)
        if found is None:
            return _send(bundle, destination, s3, progress)
        present = _stored(bundle, destination, found, size=found["ContentLength"], uploaded=False)
        if not (reason := reject(present, found["LastModified"])):
            return present
        return replace(_send(bundle, destination, s3, progress), resent=reason)


def _send(
    bundle: Bundle, destination: Destination, s3: S3Client, progress: Callable[[Transfer], None]
) -> StoredObject:
    stream = bundle.chunks()
    sent = _Progress(bundle, stream, progress)
    parts = cut(stream, _part_size(bundle), tell=lambda: sent.add(0))
    first = next(parts)
    second = next(parts, None)
    if second is not None:
        return _send_parts(_chain(first, second, parts), bundle, destination, s3=s3, sent=sent)
    answer = s3.put_object(
        **destination.address,
        **destination.keeping,
        Body=first.open(threading.Event()),
        Metadata={DIGEST: bundle.digest},
        ChecksumCRC32=first.checksum,
    )
    sent.add(first.size)
    return _stored(bundle, destination, answer, size=first.size)


def _send_parts(
    parts: Iterator[Part], bundle: Bundle, destination: Destination, *, s3: S3Client, sent: _Progress
) -> StoredObject:
    multipart = begin(bundle.digest, destination, s3)
    crc = size = 0
    with multipart.sending(sent=sent.add) as senders:
        for part in parts:
            crc = combine(crc, part.crc, part.size)
            size += part.size
            senders.put(part)
        answer = multipart.complete(senders.finish(), checksum={"ChecksumCRC32": base64(crc)}, size=size)
    return replace(_stored(bundle, destination, answer, size=size), orphan=multipart.orphan)


class _Progress:
    """Counts, and tells who wants to know."""

    def __init__(self, bundle: Bundle, stream: ChunkStream, tell: Callable[[Transfer], None]) -> None:
        self._stream = stream
        self._tell = tell
        self._sent = 0
        self._files = bundle.files
        self._size = bundle.unpacked_size if bundle.size is None else bundle.size

    def add(self, sent: int) -> None:
        """Tell how far it is, with some more bytes sent."""
        self._sent += sent
        self._tell(Transfer(self._stream.files, self._files, self._stream.read, self._size, self._sent))


def _chain(first: Part, second: Part, rest: Iterator[Part]) -> Iterator[Part]:
    yield first
    yield second
    yield from rest


def _part_size(bundle: Bundle) -> int:
    """Return a part's size, so that even incompressible contents fit into S3's maximum number of parts."""
    most = bundle.size
    if most is None:
        names = sum(2 * len(name.encode()) + 4096 for name in bundle.contents.entries)
        most = bundle.unpacked_size + bundle.unpacked_size // 1000 + names
    return max(_PART, -(-most // (_MOST_PARTS - 1)))


def _stored(
    bundle: Bundle, destination: Destination, answer: Mapping[str, Any], *, size: int, uploaded: bool = True
) -> StoredObject:
    version = answer.get("VersionId")
    return StoredObject(
        destination.bucket,
        destination.key,
        bundle.type,
        etag=answer["ETag"].strip('"'),
        size=size,
        version_id=None if version == "null" else version,
        uploaded=uploaded,
    )
