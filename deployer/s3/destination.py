"""The place of an object in S3: its address, a look at it, and the errors that its calls raise."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from deployer.aws.errors import is_denied, sdk_errors, translate
from deployer.errors import AccessDenied, InvalidInput, Problem
from deployer.regions import partition
from deployer.revision import StoredObject
from deployer.rules import upload as rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

    from deployer.revision import BundleType, S3Revision


DIGEST: Final = "digest"  # the object's metadata `x-amz-meta-digest`
_ARCHIVED: Final = frozenset({"GLACIER", "DEEP_ARCHIVE"})  # not readable until restored


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
        return given(Bucket=self.bucket, Key=self.key, ExpectedBucketOwner=self.expected_bucket_owner)

    @property
    def keeping(self) -> dict[str, Any]:
        """The parameters of the calls that create the object."""
        return given(
            ServerSideEncryption=self.sse,
            SSEKMSKeyId=self.kms_key_id,
            ACL=self.acl,
            StorageClass=self.storage_class,
            Tagging=urlencode(self.object_tags),
        )


def head(
    digest: str,
    destination: Destination,
    s3: S3Client,
    **more: Any,  # noqa: ANN401 - further parameters
) -> HeadObjectOutputTypeDef | None:
    """Return S3's description of the object if it exists with this digest; None also if access is denied."""
    try:
        found = s3.head_object(**destination.address, **more)
    except sdk_errors():  # denied, absent or out of reach: what stays so, the upload reports
        return None
    if found["Metadata"].get(DIGEST, "") != digest or found.get("StorageClass") in _ARCHIVED:
        return None
    return found


def stored(
    kind: BundleType,
    destination: Destination,
    answer: Mapping[str, Any],
    *,
    size: int,
    **more: Any,  # noqa: ANN401 - other fields
) -> StoredObject:
    """Return the object that S3's answer tells of, pinned to its eTag and version."""
    version = answer.get("VersionId")
    return StoredObject(
        destination.bucket,
        destination.key,
        kind,
        etag=answer["ETag"].strip('"'),
        size=size,
        version_id=None if version == "null" else version,
        **more,
    )


@contextmanager
def upload_errors(destination: Destination, s3: S3Client) -> Iterator[None]:
    """Raise the SDK's exceptions as ours: a denial may come from the account that owns the bucket."""
    try:
        yield
    except sdk_errors() as error:
        if is_denied(error) and (owner := destination.expected_bucket_owner):
            raise AccessDenied(_other_owner(destination.bucket, owner)) from error
        arn = object_arn(destination.bucket, destination.key, s3)
        raise translate(error, action="s3:PutObject", resource=arn) from error


def object_arn(bucket: str, key: str, s3: S3Client) -> str:
    """Return the ARN of an object, by which IAM grants access to it."""
    return f"arn:{partition(s3.meta.region_name)}:s3:::{bucket}/{key}"


def reading(revision: S3Revision) -> str:
    """Return the action, as IAM names it, that reads a revision's object."""
    return "s3:GetObjectVersion" if revision.version_id else "s3:GetObject"


def staying_in_region(bucket: str, s3: S3Client) -> None:
    """Stop botocore from following the bucket into another region, where CodeDeploy would not find it.

    Other buckets are followed. Calls about this one then raise InvalidInput, which names both regions.
    """

    def refuse(problem: Problem) -> None:
        raise InvalidInput(problem)

    in_other_region(bucket, s3, refuse)


def in_other_region(bucket: str, s3: S3Client, tell: Callable[[Problem], None]) -> None:
    """Tell of an answer by which the bucket is in another region; if `tell` returns, botocore goes there."""

    def look(response: tuple[Any, dict[str, Any]] | None, request_dict: dict[str, Any], **_: object) -> None:
        if response is None or "Error" not in response[1]:
            return
        answer, context = response[1], request_dict["context"]
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        found = headers.get("x-amz-bucket-region") or answer["Error"].get("Region")
        expected = context.get("client_region")
        if found and expected and found != expected and context["s3_redirect"]["bucket"] == bucket:
            tell(rules.BUCKET_REGION.problem(None, bucket=bucket, found=found, expected=expected))

    s3.meta.events.register_first("needs-retry.s3", look, unique_id=f"deployer-region-of-{bucket}")


def _other_owner(bucket: str, owner: str) -> Problem:
    return Problem(
        f"S3 denied the upload to {bucket}: another account than {owner} may own this bucket.",
        "Check the inputs bucket and expected-bucket-owner first. Only if the bucket is yours, allow "
        "s3:PutObject on it (`deployer policy` prints the statement).",
        code="bucket-owner",
    )


def given(**parameters: object) -> dict[str, Any]:
    """Return the parameters that have a value."""
    return {name: value for name, value in parameters.items() if value}
