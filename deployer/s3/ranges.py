"""An object of S3 as a file to read from, by ranged requests: an archive's index without the archive.

The first request fetches the object's end, where a zip has its index, and pins all others to the same bytes.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from deployer.aws.errors import http_status, sdk_errors, translate
from deployer.s3.destination import given, reading
from deployer.text import size

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, GetObjectRequestTypeDef

    from deployer.revision import S3Revision


_END: Final = 65 << 10  # a zip's end record with the longest comment, and the index of a small bundle
_AHEAD: Final = 64 << 10  # what follows a small read is mostly read next
_RANGE: Final = re.compile(r"bytes ([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19})")
_OTHER_BYTES: Final = "S3 answered with other bytes than those asked for"
_GONE: Final = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}


class NotReadable(Exception):
    """Nothing can be learnt of an object; its text ends the sentence "not compared, because …"."""


@dataclass(frozen=True, slots=True)
class Pin:
    """The very bytes that an object had when it was read; `version_id` is None without versioning."""

    bucket: str
    key: str
    etag: str
    version_id: str | None
    size: int

    def source(self, owner: str) -> dict[str, Any]:
        """Return the parameters of a call that copies from it, which must belong to the account `owner`."""
        place = given(Bucket=self.bucket, Key=self.key, VersionId=self.version_id)
        pinned = {"CopySource": place, "CopySourceIfMatch": f'"{self.etag}"'}
        return pinned | given(ExpectedSourceBucketOwner=owner)


class ObjectFile(io.RawIOBase):
    """The object of a revision, seekable; at most `most` bytes of it are fetched after its end.

    Every read raises NotReadable where the object is gone, was replaced, may not be read or is too large.
    """

    def __init__(
        self, revision: S3Revision, *, s3: S3Client, most: int, expected_bucket_owner: str = ""
    ) -> None:
        super().__init__()
        self._s3 = s3
        self._left = most + _END
        self._revision = revision
        self._request: GetObjectRequestTypeDef = {"Bucket": revision.bucket, "Key": revision.key}
        if revision.version_id:
            self._request["VersionId"] = revision.version_id
        if revision.etag:
            self._request["IfMatch"] = f'"{revision.etag}"'
        if expected_bucket_owner:
            self._request["ExpectedBucketOwner"] = expected_bucket_owner
        self._position = 0
        answer, start, end, data = self._fetch(f"bytes=-{_END}")
        if start + len(data) != end:
            raise NotReadable(_OTHER_BYTES)
        self.pin = Pin(
            revision.bucket,
            revision.key,
            etag=answer["ETag"].strip('"'),
            version_id=revision.version_id or answer.get("VersionId"),
            size=end,
        )
        self._request["IfMatch"] = answer["ETag"]
        self._pieces = [(start, data)]

    def readable(self) -> bool:
        """Return true."""
        return True

    def seekable(self) -> bool:
        """Return true."""
        return True

    def tell(self) -> int:
        """Return the byte that is read next."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte; raises OSError for one before the first."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.pin.size}[whence]
        if start + offset < 0:
            raise OSError("there is nothing before the first byte")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer, as far as the object goes."""
        wanted = max(0, min(len(buffer), self.pin.size - self._position))
        if wanted:
            buffer[:wanted] = self._stretch(self._position, wanted)
        self._position += wanted
        return wanted

    def _stretch(self, start: int, length: int) -> bytes | memoryview:
        """Return some bytes, of the end or of what was fetched last if they are there."""
        for at, data in self._pieces:
            if at <= start and start + length <= at + len(data):
                return memoryview(data)[start - at : start - at + length]
        end, tail = self._pieces[0]
        last = min(start + max(length, _AHEAD), end) - 1
        _, at, _, data = self._fetch(f"bytes={start}-{last}")
        if at != start or len(data) != last - start + 1:
            raise NotReadable(_OTHER_BYTES)
        if length > len(data):
            return data + tail[: length - len(data)]
        self._pieces[1:] = [(start, data)]
        return memoryview(data)[:length]

    def _fetch(self, stretch: str) -> tuple[GetObjectOutputTypeDef, int, int, bytes]:
        """Return the answer, where it begins in the object, the object's size, and the bytes."""
        request = self._request.copy()
        request["Range"] = stretch
        try:
            answer = self._s3.get_object(**request)
            found = _RANGE.fullmatch(answer.get("ContentRange", ""))
            if not found:
                raise NotReadable("S3 answered with more than the part asked for")
            start, last, total = map(int, found.groups())
            length = last - start + 1
            self._left -= length
            if self._left < 0:
                raise NotReadable(f"the index of the bundle is larger than {size(self._left + length)}")
            data = answer["Body"].read(length + 1)
        except sdk_errors() as error:
            raise NotReadable(_reason(error, self._revision)) from error
        if len(data) != length or last >= total:
            raise NotReadable(_OTHER_BYTES)
        return answer, start, total, data


def _reason(error: Exception, revision: S3Revision) -> str:
    status = http_status(error)
    if status in _GONE:
        return "the bundle was deleted from S3"
    if status == HTTPStatus.PRECONDITION_FAILED:
        return "the bundle in S3 was replaced after it was deployed"
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return "the bundle in S3 is empty"
    explained = translate(error, action=reading(revision), resource=f"{revision.bucket}/{revision.key}")
    return explained.problems[0].message.rstrip(".")
