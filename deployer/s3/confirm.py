"""Stage in place of Package and Upload: a revision that was there before the run → the same, confirmed."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from deployer.aws.errors import http_status, sdk_errors
from deployer.errors import AccessDenied, InvalidInput, Problem
from deployer.revision import S3Revision
from deployer.s3.destination import in_other_region

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import ChecksumModeType
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef, HeadObjectRequestTypeDef

    from deployer.aws.client import Aws
    from deployer.revision import Revision

_ABSENT = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
"""S3's answers for an object that is not there, and for a version that is a delete marker."""


def confirm(
    revision: Revision,
    *,
    aws: Aws,
    expected_bucket_owner: str,
    elsewhere: Callable[[Problem], None] = lambda _: None,
) -> tuple[Revision, bool]:
    """Return the revision, an S3 object pinned to its eTag, and whether it was confirmed to exist.

    Calls `elsewhere` with a problem if the bucket is in another region than the deployment. Not being allowed
    to look, or a fault of S3, is no error: the targets will look themselves. It is one with an expected owner
    of the bucket, which nobody else confirms. Raises InvalidInput when the object is certainly not there, is
    empty or no longer the same; AccessDenied when the owner cannot be confirmed.
    """
    if not isinstance(revision, S3Revision):
        return revision, False
    s3 = aws.s3 if expected_bucket_owner else aws.s3_optional
    in_other_region(revision.bucket, s3, elsewhere)
    try:
        found = described(revision, s3=s3, owner=expected_bucket_owner)
    except sdk_errors() as error:
        if expected_bucket_owner:
            raise _unconfirmed(revision.bucket, expected_bucket_owner, error) from error
        return revision, False
    return replace(revision, etag=found["ETag"].strip('"')), True


def described(
    revision: S3Revision, *, s3: S3Client, owner: str, checksum: ChecksumModeType | None = None
) -> HeadObjectOutputTypeDef:
    """Return S3's description of the object that a revision names.

    Raises InvalidInput when it is certainly not there, is empty or no longer the same; the SDK's other
    exceptions.
    """
    wanted: HeadObjectRequestTypeDef = {"Bucket": revision.bucket, "Key": revision.key}
    if revision.version_id:
        wanted["VersionId"] = revision.version_id
    if owner:
        wanted["ExpectedBucketOwner"] = owner
    if checksum:
        wanted["ChecksumMode"] = checksum
    try:
        found = s3.head_object(**wanted)
    except sdk_errors() as error:
        if http_status(error) not in _ABSENT:
            raise
        raise InvalidInput(
            Problem(
                f"Revision not found: {revision.uri}",
                "It may have been deleted by a lifecycle rule of the bucket, or never uploaded. Check "
                "bucket, key and versionId, or build it again.",
                code="NoSuchVersion" if revision.version_id else "NoSuchKey",
            )
        ) from error
    etag = found["ETag"].strip('"')
    if revision.etag and revision.etag != etag:
        raise InvalidInput(
            Problem(
                f"The object has changed since the revision was made: {revision.uri} now has eTag {etag}.",
                "The targets would reject it. Deploy the latest revision, or enable versioning on the "
                "bucket so that revisions refer to a version.",
            )
        )
    if not found["ContentLength"]:
        raise InvalidInput(
            Problem(
                f"The revision is an empty object: {revision.uri}", "Build it again, and deploy that one."
            )
        )
    return found


def _unconfirmed(bucket: str, owner: str, error: Exception) -> AccessDenied:
    return AccessDenied(
        Problem(
            f"It cannot be confirmed that account {owner} owns the bucket {bucket}: {error}",
            "Check the revision's bucket and expected-bucket-owner. If both are right, allow s3:GetObject on "
            "the revision.",
            code="bucket-owner",
        )
    )
