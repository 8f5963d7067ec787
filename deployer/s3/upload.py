"""Bundle → StoredObject: send a bundle to S3 while it is still being packed.

An object with the bundle's digest is reused, unless it is older than what a group runs now: its files would
be older than those that they replace, and whatever compares modification times would not see the change.

A multipart upload that cannot be completed is aborted. Every request carries a CRC-32 that S3 checks, and so
does the whole object.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from deployer.aws.errors import is_denied, sdk_errors, service_errors, translate
from deployer.bundle.contents import Transfer
from deployer.bundle.hashing import combine
from deployer.errors import AccessDenied, DeployError, InvalidInput, Problem
from deployer.regions import partition
from deployer.revision import StoredObject
from deployer.rules import upload as rules
from deployer.s3.parts import Senders, base64, cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

    from deployer.bundle.contents import Bundle, ChunkStream
    from deployer.s3.parts import Part


DIGEST: Final = "digest"  # the object's metadata `x-amz-meta-digest`
_PART: Final = 5 << 20  # the least that S3 takes: what is in memory is a few parts
_MOST_PARTS: Final = 10_000
_ARCHIVED: Final = frozenset({"GLACIER", "DEEP_ARCHIVE"})  # not readable until restored
_ABORT_SECONDS: Final = 1.5  # for S3 to remove it once the process was asked to end


@dataclass(frozen=True, slots=True)
class Destination:
    """The destination of an object and its storage options; options that are None or empty are not sent."""

    bucket: str
    key: str
    sse: str | None = None
    kms_key_id: str | None = None
    acl: str | None = None
    storage_class: str | None = None
    object_tags: Mapping[str, str] = field(default_factory=dict)
    expected_bucket_owner: str | None = None

    @property
    def address(self) -> dict[str, Any]:
        """The parameters of every call about the object."""
        return _given(Bucket=self.bucket, Key=self.key, ExpectedBucketOwner=self.expected_bucket_owner)

    @property
    def keeping(self) -> dict[str, Any]:
        """The parameters of the calls that create the object."""
        return _given(
            ServerSideEncryption=self.sse,
            SSEKMSKeyId=self.kms_key_id,
            ACL=self.acl,
            StorageClass=self.storage_class,
            Tagging=urlencode(self.object_tags),
        )


def upload(
    bundle: Bundle,
    destination: Destination,
    *,
    s3: S3Client,
    progress: Callable[[Transfer], None],
    reject: Callable[[StoredObject, datetime], str] = lambda *_: "nobody vouches for it",
) -> StoredObject:
    """Make sure that the object is in the bucket and return it, pinned to its eTag and version.

    An object with the bundle's digest in its metadata is left as it is (`uploaded` is false) unless `reject`
    says why not, given the object and when S3 last modified it. Metadata alone proves nothing: it says
    what its writer chose. `progress` is given how far packing and sending have come, on the calling
    thread. Raises a DeployError when S3 refuses or cannot be reached, InvalidBundle when a file changes while
    it is packed.
    """
    s3.meta.events.register_first(
        "needs-retry.s3", _refuse_other_region, unique_id="deployer-refuse-other-region"
    )
    with _upload_errors(destination, s3):
        head = _head(bundle, destination, s3)
        if head is None:
            return _send(bundle, destination, s3, progress)
        present = _stored(bundle, destination, head, size=head["ContentLength"], uploaded=False)
        if not (reason := reject(present, head["LastModified"])):
            return present
        return replace(_send(bundle, destination, s3, progress), resent=reason)


@contextmanager
def _upload_errors(destination: Destination, s3: S3Client) -> Iterator[None]:
    """Raise the SDK's exceptions as ours: a denial may come from the account that owns the bucket."""
    try:
        yield
    except sdk_errors() as error:
        if is_denied(error) and (owner := destination.expected_bucket_owner):
            raise AccessDenied(_other_owner(destination.bucket, owner)) from error
        arn = f"arn:{partition(s3.meta.region_name)}:s3:::{destination.bucket}/{destination.key}"
        raise translate(error, action="s3:PutObject", resource=arn) from error


def _other_owner(bucket: str, owner: str) -> Problem:
    return Problem(
        f"S3 denied the upload to {bucket}: another account than {owner} may own this bucket.",
        "Check the inputs bucket and expected-bucket-owner first. Only if the bucket is yours, allow "
        "s3:PutObject on it (`deployer policy` prints the statement).",
        code="bucket-owner",
    )


def _head(bundle: Bundle, destination: Destination, s3: S3Client) -> HeadObjectOutputTypeDef | None:
    """Return S3's description of the object if it exists with this digest; None also if access is denied."""
    try:
        head = s3.head_object(**destination.address)
    except service_errors():  # denied or absent; anything worse, the upload reports
        return None
    if head["Metadata"].get(DIGEST) != bundle.digest or head.get("StorageClass") in _ARCHIVED:
        return None
    return head


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
    created = s3.create_multipart_upload(
        **destination.address,
        **destination.keeping,
        Metadata={DIGEST: bundle.digest},
        ChecksumAlgorithm="CRC32",
        ChecksumType="FULL_OBJECT",
    )
    target = {**destination.address, "UploadId": created["UploadId"]}
    senders = Senders(s3, target, sent=sent.add)
    try:
        with _upload_errors(destination, s3):
            crc = size = 0
            for part in parts:
                crc = combine(crc, part.crc, part.size)
                size += part.size
                senders.put(part)
            answer = s3.complete_multipart_upload(
                **target,
                MultipartUpload={"Parts": senders.finish()},
                ChecksumCRC32=base64(crc),
                ChecksumType="FULL_OBJECT",
                MpuObjectSize=size,
            )
    except BaseException as error:
        senders.give_up()
        _abort(error, target, s3)
        raise
    return _stored(bundle, destination, answer, size=size)


def _abort(cause: BaseException, target: dict[str, Any], s3: S3Client) -> None:
    """Remove the parts that are there; when that fails, the error says so beside its cause.

    An interrupt does not wait long for S3, since whoever sent it kills the process soon.
    """
    results: SimpleQueue[Exception | None] = SimpleQueue()

    def remove() -> None:
        try:
            s3.abort_multipart_upload(**target)
        except Exception as error:  # noqa: BLE001 - told beside the cause
            results.put(error)
        else:
            results.put(None)

    threading.Thread(target=remove, daemon=True).start()
    try:
        failure = results.get(timeout=None if isinstance(cause, Exception) else _ABORT_SECONDS)
    except Empty:
        failure = TimeoutError("S3 did not answer in time")
    if failure is None:
        return
    note = rules.LEFT_BEHIND.problem(None, upload=target["UploadId"], reason=failure)
    if isinstance(cause, DeployError):
        raise type(cause)(*cause.problems, note) from cause
    cause.add_note(f"{note.message} {note.hint}")


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


def _refuse_other_region(
    response: tuple[Any, dict[str, Any]] | None, request_dict: dict[str, Any], **_: object
) -> None:
    """Stop botocore from following a bucket into another region, where CodeDeploy would not find it."""
    if response is None or "Error" not in response[1]:
        return
    answer = response[1]
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    bucket_region = headers.get("x-amz-bucket-region") or answer["Error"].get("Region")
    context = request_dict["context"]
    region = context.get("client_region")
    if bucket_region and region and bucket_region != region:
        facts = {"bucket": context["s3_redirect"]["bucket"], "found": bucket_region, "expected": region}
        raise InvalidInput(rules.BUCKET_REGION.problem(None, **facts))


def _given(**parameters: object) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value}
