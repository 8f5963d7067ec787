"""A multipart upload: begun, completed or removed, also where an answer of S3 is lost."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import md5
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from deployer.aws.errors import error_code, service_errors
from deployer.errors import AwsFault, DeployError
from deployer.rules import upload as rules
from deployer.s3.destination import DIGEST, given, head, upload_errors
from deployer.s3.parts import Senders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import ChecksumAlgorithmType, ChecksumTypeType
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

    from deployer.s3.destination import Destination


_NO_UPLOAD: Final = "NoSuchUpload"
_MD5: Final = re.compile(r"[0-9a-f]{32}")
_ABORT_SECONDS: Final = 1.5  # for S3 to remove it once the process was asked to end


@dataclass(frozen=True, slots=True)
class Multipart:
    """A multipart upload under way; `orphan` says that another may have begun, whose answer was lost.

    `kind` is what S3 computes: a checksum of the whole object, or one of its parts' checksums.
    """

    destination: Destination
    digest: str
    id: str
    orphan: bool
    s3: S3Client
    kind: ChecksumTypeType

    @property
    def target(self) -> dict[str, Any]:
        """The parameters of every call about the upload."""
        return {**self.destination.address, "UploadId": self.id}

    @contextmanager
    def sending(self, *, sent: Callable[[int], None]) -> Iterator[Senders]:
        """Lend threads that send parts; where anything fails, they stop and the parts are removed."""
        senders = Senders(self.s3, self.target, sent=sent)
        try:
            with upload_errors(self.destination, self.s3):
                yield senders
        except BaseException as error:
            senders.give_up()
            self.abort(error)
            raise

    def complete(
        self, parts: list[CompletedPartTypeDef], *, checksum: Mapping[str, str], size: int
    ) -> Mapping[str, Any]:
        """Make the object of its parts, and return S3's description of it.

        S3 refuses if it is not of this size, or has another checksum than this one of the whole object.
        S3 answers NoSuchUpload when an earlier try, whose answer was lost, has completed it: the object is
        then taken when its eTag is the one of exactly these parts. Raises the SDK's exceptions.
        """
        try:
            return self.s3.complete_multipart_upload(
                **self.target,
                MultipartUpload={"Parts": parts},
                **checksum,  # type: ignore[arg-type]  # the names of its parameters
                ChecksumType=self.kind,
                MpuObjectSize=size,
            )
        except service_errors() as error:
            if error_code(error) == _NO_UPLOAD:
                found = head(self.digest, self.destination, self.s3)
                if found and found["ETag"].strip('"') == etag_of(parts):
                    return found
            raise

    def abort(self, cause: BaseException) -> None:
        """Remove the parts that S3 holds; when that fails, the error says so beside its cause.

        An interrupt does not wait long for S3, since whoever sent it kills the process soon.
        """
        results: SimpleQueue[Exception | None] = SimpleQueue()

        def remove() -> None:
            try:
                self.s3.abort_multipart_upload(**self.target)
            except Exception as error:  # noqa: BLE001 - reported with the cause
                results.put(None if error_code(error) == _NO_UPLOAD else error)
            else:
                results.put(None)

        try:
            threading.Thread(target=remove, daemon=True).start()
        except RuntimeError:  # the container's limit of processes
            remove()
        try:
            failure = results.get(timeout=None if isinstance(cause, Exception) else _ABORT_SECONDS)
        except Empty:
            failure = TimeoutError("S3 did not respond in time")
        if failure is None:
            return
        note = rules.LEFT_BEHIND.problem(None, upload=self.id, reason=failure)
        if isinstance(cause, DeployError):
            raise type(cause)(*cause.problems, note) from cause
        cause.add_note(f"{note.message} {note.hint}")


def begin(
    digest: str, destination: Destination, s3: S3Client, *, algorithm: ChecksumAlgorithmType = "CRC32"
) -> Multipart:
    """Begin a multipart upload of the bundle with this digest.

    S3 computes checksums by `algorithm`: of the whole object if it is a CRC, otherwise of its parts. Raises a
    DeployError, which says that an upload may be left in the bucket where no answer came.
    """
    kind: ChecksumTypeType = "FULL_OBJECT" if algorithm.startswith("CRC") else "COMPOSITE"
    try:
        with upload_errors(destination, s3):
            answer = s3.create_multipart_upload(
                **destination.address,
                **destination.keeping,
                Metadata=given(**{DIGEST: digest}),
                ChecksumAlgorithm=algorithm,
                ChecksumType=kind,
            )
    except AwsFault as fault:
        raise AwsFault(*fault.problems, rules.MAYBE_LEFT_BEHIND.problem(None)) from fault
    tried_again = answer["ResponseMetadata"]["RetryAttempts"] > 0
    return Multipart(destination, digest, answer["UploadId"], tried_again, s3, kind)


def etag_of(parts: Iterable[CompletedPartTypeDef]) -> str:
    """Return the eTag of an object made of these parts; empty where S3's eTags are no MD5, as with KMS."""
    tags = [part["ETag"].strip('"') for part in parts]
    if not all(_MD5.fullmatch(tag) for tag in tags):
        return ""
    return f"{md5(bytes.fromhex(''.join(tags)), usedforsecurity=False).hexdigest()}-{len(tags)}"
