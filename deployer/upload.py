"""Bundle → StoredObject: send a bundle to S3 while it is still being packed.

Parts go out on threads and are held in memory until S3 has accepted them, so a retry reads nothing again. A
multipart upload that cannot be completed is aborted. Every request carries a CRC-32 that S3 checks, and so
does the whole object.
"""

from __future__ import annotations

import io
import threading
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import IO, TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlencode

from deployer.errors import DeployError, InvalidInput, Problem, Severity
from deployer.model import StoredObject, Transfer
from deployer.regions import partition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

    from deployer.model import Bundle, ChunkStream

DIGEST: Final = "digest"  # the object's metadata `x-amz-meta-digest`
_PART: Final = 5 << 20  # the least that S3 takes: what is in memory is a few parts
_MOST_PARTS: Final = 10_000
_SENDERS: Final = 3
_ARCHIVED: Final = frozenset({"GLACIER", "DEEP_ARCHIVE"})  # not readable until restored
_GRACE_SECONDS: Final = 1.0  # for requests under way to notice that the upload was given up
_ABORT_SECONDS: Final = 1.5  # for S3 to remove it once the process was asked to end


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an object goes and how it is kept; what is None or empty is not sent."""

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
    bundle: Bundle, destination: Destination, *, s3: S3Client, progress: Callable[[Transfer], None]
) -> StoredObject:
    """Make sure that the object is in the bucket and return it, pinned to its eTag and version.

    An object that already has the bundle's digest is left as it is (`uploaded` is false). `progress` is told
    how far packing and sending have come, on the calling thread. Raises a DeployError when S3 refuses or
    cannot be reached, InvalidBundle when a file changes while it is packed.
    """
    s3.meta.events.register_first(
        "needs-retry.s3", _refuse_other_region, unique_id="deployer-refuse-other-region"
    )
    with _explained(destination, s3):
        return _present(bundle, destination, s3) or _send(bundle, destination, s3, progress)


@contextmanager
def _explained(destination: Destination, s3: S3Client) -> Iterator[None]:
    """Turn the SDK's exceptions into ours."""
    from botocore.exceptions import BotoCoreError, ClientError

    from deployer.aws import explain

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        arn = f"arn:{partition(s3.meta.region_name)}:s3:::{destination.bucket}/{destination.key}"
        raise explain(error, action="s3:PutObject", resource=arn) from error


def _present(bundle: Bundle, destination: Destination, s3: S3Client) -> StoredObject | None:
    """The object when it is there with this digest; None also when looking is not allowed."""
    from botocore.exceptions import ClientError

    try:
        head = s3.head_object(**destination.address)
    except ClientError:  # denied or absent; anything worse, the upload reports
        return None
    if head["Metadata"].get(DIGEST) != bundle.digest or head.get("StorageClass") in _ARCHIVED:
        return None
    return _stored(bundle, destination, head, size=head["ContentLength"], uploaded=False)


def _send(
    bundle: Bundle, destination: Destination, s3: S3Client, progress: Callable[[Transfer], None]
) -> StoredObject:
    stream = bundle.chunks()
    sent = _Progress(bundle, stream, progress)
    parts = _parts(stream, _part_size(bundle), sent)
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
    parts: Iterator[_Part], bundle: Bundle, destination: Destination, *, s3: S3Client, sent: _Progress
) -> StoredObject:
    created = s3.create_multipart_upload(
        **destination.address,
        **destination.keeping,
        Metadata={DIGEST: bundle.digest},
        ChecksumAlgorithm="CRC32",
        ChecksumType="FULL_OBJECT",
    )
    target = {**destination.address, "UploadId": created["UploadId"]}
    senders = _Senders(s3, target, sent)
    try:
        with _explained(destination, s3):
            crc = size = 0
            for part in parts:
                for piece in part.pieces:
                    crc = _crc32(piece, crc)
                size += part.size
                senders.put(part)
            answer = s3.complete_multipart_upload(
                **target,
                MultipartUpload={"Parts": senders.finish()},
                ChecksumCRC32=_base64(crc),
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
    from botocore.exceptions import BotoCoreError, ClientError

    results: SimpleQueue[Exception | None] = SimpleQueue()

    def remove() -> None:
        try:
            s3.abort_multipart_upload(**target)
        except (BotoCoreError, ClientError) as error:
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
    note = Problem(
        f"the unfinished multipart upload {target['UploadId']} could not be removed: {failure}",
        "Allow s3:AbortMultipartUpload, or let a lifecycle rule of the bucket remove what is unfinished.",
        "upload-left-behind",
        Severity.WARNING,
    )
    if isinstance(cause, DeployError):
        raise type(cause)(*cause.problems, note) from cause
    cause.add_note(f"{note.message}. {note.hint}")


class _Senders:
    """Threads that send parts, used by one thread; at most as many parts are in memory as there are threads.

    The threads are daemons: a connection that hangs never keeps the process alive.
    """

    def __init__(self, s3: S3Client, target: Mapping[str, Any], sent: _Progress) -> None:
        self._s3 = s3
        self._target = target
        self._sent = sent
        self._given_up = threading.Event()
        self._todo: SimpleQueue[tuple[int, _Part]] = SimpleQueue()
        self._done: SimpleQueue[tuple[CompletedPartTypeDef, int] | Exception] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._under_way = 0
        self._count = 0
        self._parts: list[CompletedPartTypeDef] = []

    def put(self, part: _Part) -> None:
        """Send a part; waits while every thread is busy, raises what a thread failed with."""
        while self._under_way == _SENDERS or not self._done.empty():
            self._take()
        if self._under_way == len(self._threads):
            self._threads.append(threading.Thread(target=self._work, daemon=True))
            self._threads[-1].start()
        self._count += 1
        self._under_way += 1
        self._todo.put((self._count, part))

    def finish(self) -> list[CompletedPartTypeDef]:
        """Wait for all parts and return what completes the upload."""
        while self._under_way:
            self._take()
        return sorted(self._parts, key=lambda part: part["PartNumber"])

    def give_up(self) -> None:
        """Make the threads stop at once, and wait a moment for them."""
        self._given_up.set()
        while self._under_way:
            try:
                self._done.get(timeout=_GRACE_SECONDS)
            except Empty:
                break
            self._under_way -= 1

    def _take(self) -> None:
        result = self._done.get()
        self._under_way -= 1
        if isinstance(result, Exception):
            raise result
        part, size = result
        self._parts.append(part)
        self._sent.add(size)

    def _work(self) -> None:
        while not self._given_up.is_set():
            number, part = self._todo.get()
            try:
                answer = self._s3.upload_part(
                    **self._target,
                    PartNumber=number,
                    Body=part.open(self._given_up),
                    ChecksumCRC32=part.checksum,
                )
                done: CompletedPartTypeDef = {"PartNumber": number, "ETag": answer["ETag"]}
                self._done.put((done | {"ChecksumCRC32": part.checksum}, part.size))
            except Exception as error:  # noqa: BLE001 - raised again on the thread that waits
                self._done.put(error)
            del part


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of the archive in the pieces that it came in: joining them would double the memory."""

    pieces: list[bytes]
    size: int
    crc: int

    @property
    def checksum(self) -> str:
        """Its CRC-32 as S3 wants it."""
        return _base64(self.crc)

    def open(self, given_up: threading.Event) -> IO[bytes]:
        """The part as a file that a request can read, and read again."""
        return cast("IO[bytes]", _Body(self, given_up))


class _Body(io.RawIOBase):
    """A part as the file that a request reads; reading fails once the upload is given up."""

    def __init__(self, part: _Part, given_up: threading.Event) -> None:
        super().__init__()
        self._part = part
        self._given_up = given_up
        self._piece = self._offset = 0

    def __len__(self) -> int:
        return self._part.size

    def tell(self) -> int:
        """How many bytes were read."""
        return sum(map(len, self._part.pieces[: self._piece])) + self._offset

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go back to the beginning, the only place that a request is ever read from."""
        if offset or whence:
            raise io.UnsupportedOperation("seek")
        self._piece = self._offset = 0
        return 0

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes of a piece, at most `size`; none at the end."""
        if self._given_up.is_set():
            raise InterruptedError("the upload was given up")
        if self._piece == len(self._part.pieces):
            return b""
        piece = self._part.pieces[self._piece]
        end = len(piece) if size < 0 else min(self._offset + size, len(piece))
        data = piece[self._offset : end]
        self._offset = end
        if end == len(piece):
            self._piece, self._offset = self._piece + 1, 0
        return data


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


def _parts(stream: Iterator[bytes], size: int, sent: _Progress) -> Iterator[_Part]:
    """Cut the stream into parts of `size` bytes, the last one shorter; at least one."""
    pieces: list[bytes] = []
    crc, room = 0, size
    for chunk in stream:
        sent.add(0)
        left = chunk
        while left:
            if not room:
                yield _Part(pieces, size, crc)
                pieces, crc, room = [], 0, size
            piece, left = left[:room], left[room:]
            pieces.append(piece)
            crc = _crc32(piece, crc)
            room -= len(piece)
    yield _Part(pieces, size - room, crc)


def _chain(first: _Part, second: _Part, rest: Iterator[_Part]) -> Iterator[_Part]:
    yield first
    yield second
    yield from rest


def _part_size(bundle: Bundle) -> int:
    """Bytes of a part, so that even contents that do not shrink fit into the most parts S3 allows."""
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
        bucket = context["s3_redirect"]["bucket"]
        raise InvalidInput(
            Problem(
                f"the bucket `{bucket}` is in {bucket_region}, the deployment in {region}",
                f"CodeDeploy reads revisions from its own region: use a bucket in {region}, or set `region`.",
                "bucket-region",
            )
        )


def _crc32(data: bytes, start: int = 0) -> int:
    try:
        from isal.isal_zlib import crc32
    except ImportError:
        from zlib import crc32
    return crc32(data, start)


def _base64(crc: int) -> str:
    return b64encode(crc.to_bytes(4, "big")).decode()


def _given(**parameters: object) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value}
