"""A revision in another bucket → its copy in this one, made by S3: nothing of it passes through this machine.

The copy is of what the source was when it was looked at. It is made of parts whatever its size: CopyObject
hands on the checksum of the source, but the one of parts S3 computes of the bytes that it wrote, and makes no
object of them if it differs from the checksum it was given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from deployer.aws.errors import sdk_errors, translate
from deployer.errors import AccessDenied
from deployer.s3.confirm import described
from deployer.s3.destination import DIGEST, head, object_arn, reading, staying_in_region, stored
from deployer.s3.multipart import begin, etag_of
from deployer.s3.parts import Stretch
from deployer.s3.ranges import Pin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import ChecksumAlgorithmType

    from deployer.errors import DeployError
    from deployer.revision import S3Revision, StoredObject
    from deployer.s3.destination import Destination


_PART: Final = 512 << 20
"""Bytes that one call copies: S3 answers only once it has copied them, between regions at some 50 MB/s.

The largest object that there can be has 10,000 parts of this size.
"""

_ALGORITHMS: Final[tuple[ChecksumAlgorithmType, ...]] = ("CRC64NVME", "CRC32C", "CRC32")
"""The checksums that S3 computes of a whole object made of parts, by its own names."""

_MD5: Final = re.compile(r"[0-9a-f]{32}")
"""The eTag of an object sent in one request: the MD5 of its bytes, unless KMS encrypts it."""


@dataclass(frozen=True, slots=True)
class _Source:
    """An object to copy.

    `algorithm` and `checksum` are those of the whole object, the latter empty where S3 knows none; `digest`
    is that of the bundle in its metadata.
    """

    pin: Pin
    algorithm: ChecksumAlgorithmType
    checksum: str
    digest: str

    @property
    def whole(self) -> dict[str, str]:
        """The checksum as a parameter of a call; empty where there is none."""
        return {f"Checksum{self.algorithm}": self.checksum} if self.checksum else {}

    @property
    def md5(self) -> str:
        """The MD5 of its bytes if the eTag looks like one; as KMS has others, it proves no difference."""
        return self.pin.etag if _MD5.fullmatch(self.pin.etag) else ""

    def proof(self, answer: Mapping[str, Any]) -> str:
        """Return what shows that another object is the same, `CRC32` or `MD5`; empty if nothing does."""
        if self.whole and self.whole.items() <= answer.items():
            return self.algorithm
        return "MD5" if self.md5 and answer["ETag"].strip('"') == etag_of([{"ETag": self.md5}]) else ""


def copy(  # noqa: PLR0913 - its knobs are keyword-only
    revision: S3Revision,
    destination: Destination,
    *,
    s3: S3Client,
    owner: str = "",
    reject: Callable[[StoredObject, datetime], str],
    part: int = _PART,
) -> tuple[StoredObject, str]:
    """Make sure that a copy of the object is at the destination; return it, and what proves it the same.

    The proof is the name of a checksum, empty where S3 has none of the source. An object that is there
    already and is proven the same is left as it is unless `reject` says why not, given the object and when S3
    last modified it. `owner` is the account that has to own the source's bucket, `part` the bytes of a part.
    Raises a DeployError where the source is not there, is no longer the same or must not be read, and where
    S3 refuses the copy.
    """
    source = _looked_at(revision, s3, owner)
    staying_in_region(destination.bucket, s3)
    size = source.pin.size
    found = head(source.digest, destination, s3, ChecksumMode="ENABLED")
    if found and found["ContentLength"] == size and (proof := source.proof(found)):
        present = stored(revision.type, destination, found, size=size, uploaded=False)
        if not reject(present, found["LastModified"]):
            return present, proof
    multipart = begin(source.digest, destination, s3, algorithm=source.algorithm)
    with multipart.sending(sent=lambda _: None) as senders:
        for start in range(0, size, part):
            senders.put(Stretch(source.pin.source(owner), start, min(part, size - start)))
        answer = multipart.complete(senders.finish(), checksum=source.whole, size=size)
    made = stored(revision.type, destination, answer, size=size, orphan=multipart.orphan)
    return made, source.algorithm if source.whole else source.proof(answer)


def _looked_at(revision: S3Revision, s3: S3Client, owner: str) -> _Source:
    """Look at the source, in whatever region it is."""
    try:
        found = described(revision, s3=s3, owner=owner, checksum="ENABLED")
    except sdk_errors() as error:
        arn = object_arn(revision.bucket, revision.key, s3)
        raise _unreadable(translate(error, action=reading(revision), resource=arn), owner) from error
    etag, size = found["ETag"].strip('"'), found["ContentLength"]
    pin = Pin(revision.bucket, revision.key, etag, revision.version_id, size)
    return _Source(pin, *_checksum(found), found["Metadata"].get(DIGEST, ""))


def _checksum(found: Mapping[str, Any]) -> tuple[ChecksumAlgorithmType, str]:
    """Return the kind and value of the whole object's checksum; one of its parts' checksums is none."""
    values = {name: found.get(f"Checksum{name}", "") for name in _ALGORITHMS}
    usable = found.get("ChecksumType") != "COMPOSITE"
    known = (name for name, value in values.items() if usable and value and "-" not in value)
    algorithm = next(known, None)
    return (algorithm, values[algorithm]) if algorithm else (_ALGORITHMS[0], "")


def _unreadable(error: DeployError, owner: str) -> DeployError:
    """Return the error with what else than a missing permission may be behind a denial."""
    if not (owner and isinstance(error, AccessDenied)):
        return error
    problem = error.problems[0]
    hint = (
        f"Check first whether account {owner} owns the bucket of the revision: "
        "expected-source-bucket-owner, or else expected-bucket-owner, says so."
    )
    return AccessDenied(replace(problem, hint=f"{hint} {problem.hint}"))
