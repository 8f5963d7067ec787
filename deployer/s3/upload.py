"""Bundle → StoredObject: send a bundle to S3 while it is still being packed.

An object with the bundle's digest is reused, unless it is older than what a group runs now: its files would
be older than those that they replace, and whatever compares modification times would not see the change.

A multipart upload that cannot be completed is aborted. Every request carries a CRC-32 that S3 checks, and so
does the whole object.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Final, Literal

from deployer.bundle.contents import Transfer
from deployer.bundle.hashing import combine
from deployer.s3.destination import DIGEST, head, staying_in_region, stored, upload_errors
from deployer.s3.parts import Part, base64, cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from mypy_boto3_s3 import S3Client

    from deployer.bundle.contents import Bundle, ChunkStream
    from deployer.revision import StoredObject
    from deployer.s3.destination import Destination
    from deployer.s3.reuse import HashedPart, Origin


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
    finish: Callable[[Bundle], tuple[Mapping[str, int], Origin | None]] = lambda _: ({}, None),
) -> StoredObject:
    """Make sure that the object is in the bucket and return it, pinned to its eTag and version.

    An object with the bundle's digest in its metadata is left as it is (`uploaded` is false) unless `reject`
    says why not, given the object and when S3 last modified it. Metadata alone proves nothing: it says
    what its writer chose. `looking` is the client to look with, by default `s3`. `progress` is given how far
    packing and sending have come, on the calling thread. `finish` is given a bundle that has to be sent, and
    returns the times of members that do not bear their own, by name, and what S3 may copy of it. Raises a
    DeployError when S3 refuses or cannot be reached, InvalidBundle when a file changes while it is packed.
    """
    looking = looking or s3
    for client in (s3, looking):
        staying_in_region(destination.bucket, client)
    with upload_errors(destination, s3):
        found = head(bundle.digest, destination, looking)
        if found is None:
            return _send(bundle, destination, s3=s3, progress=progress, finish=finish)
        present = stored(bundle.type, destination, found, size=found["ContentLength"], uploaded=False)
        if not (reason := reject(present, found["LastModified"])):
            return present
        sent = _send(bundle, destination, s3=s3, progress=progress, finish=finish)
        return replace(sent, resent=reason)


@dataclass(frozen=True, slots=True)
class _Upload:
    """A bundle on its way to its destination."""

    bundle: Bundle
    destination: Destination
    s3: S3Client
    sent: _Progress

    def whole(self, part: Part) -> StoredObject:
        """Send it as it is."""
        answer = self.s3.put_object(
            **self.destination.address,
            **self.destination.keeping,
            Body=part.open(threading.Event()),
            Metadata={DIGEST: self.bundle.digest},
            ChecksumCRC32=part.checksum,
        )
        self.sent.add(part.size)
        return stored(self.bundle.type, self.destination, answer, size=part.size)

    def in_parts(
        self, parts: Iterable[Part | HashedPart], algorithm: Literal["CRC32", "SHA256"]
    ) -> StoredObject:
        """Send it in parts, with a CRC-32 of the whole or else with a SHA-256 of each part."""
        from deployer.s3.multipart import begin

        multipart = begin(self.bundle.digest, self.destination, self.s3, algorithm=algorithm)
        crc = size = 0
        with multipart.sending(sent=self.sent.add) as senders:
            for part in parts:
                if isinstance(part, Part):
                    crc = combine(crc, part.crc, part.size)
                size += part.size
                senders.put(part)
            whole = {"ChecksumCRC32": base64(crc)} if algorithm == "CRC32" else {}
            answer = multipart.complete(senders.finish(), checksum=whole, size=size)
        return stored(self.bundle.type, self.destination, answer, size=size, orphan=multipart.orphan)


def _send(
    bundle: Bundle,
    destination: Destination,
    *,
    s3: S3Client,
    progress: Callable[[Transfer], None],
    finish: Callable[[Bundle], tuple[Mapping[str, int], Origin | None]],
) -> StoredObject:
    times, origin = finish(bundle)
    stream = bundle.chunks(times)
    sent, least = _Progress(bundle, stream, progress), _part_size(bundle)
    upload = _Upload(bundle, destination, s3, sent)
    if origin:
        from deployer.s3.reuse import cut_along

        parts = cut_along(stream, origin, least=least, tell=sent.tell)
        return replace(upload.in_parts(parts, "SHA256"), copied=sum(origin.copied))
    plain = cut(stream, least, tell=sent.tell)
    first = next(plain)
    second = next(plain, None)
    if second is None:
        return upload.whole(first)
    return upload.in_parts(chain((first, second), plain), "CRC32")


class _Progress:
    """Counts, and tells who wants to know."""

    def __init__(self, bundle: Bundle, stream: ChunkStream, tell: Callable[[Transfer], None]) -> None:
        self._stream = stream
        self._report = tell
        self._sent = 0
        self._files = bundle.files
        self._size = bundle.unpacked_size if bundle.size is None else bundle.size

    def tell(self) -> None:
        """Tell how far it is."""
        self.add(0)

    def add(self, sent: int) -> None:
        """Tell how far it is, with some more bytes sent."""
        self._sent += sent
        self._report(Transfer(self._stream.files, self._files, self._stream.read, self._size, self._sent))


def _part_size(bundle: Bundle) -> int:
    """Return a part's size, so that even incompressible contents fit into S3's maximum number of parts."""
    most = bundle.size
    if most is None:
        names = sum(2 * len(name.encode()) + 4096 for name in bundle.contents.entries)
        most = bundle.unpacked_size + bundle.unpacked_size // 1000 + names
    return max(_PART, -(-most // (_MOST_PARTS - 1)))
