"""Getting a revision's archive out of S3."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from deployer.aws.errors import translated
from deployer.s3.destination import object_arn, reading

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef

    from deployer.revision import S3Revision

_CHUNK = 1 << 20


def download(revision: S3Revision, file: IO[bytes], *, s3: S3Client, expected_bucket_owner: str = "") -> None:
    """Write the object to a file; raises a DeployError if it cannot be read, or is no longer the same."""
    wanted: GetObjectRequestTypeDef = {"Bucket": revision.bucket, "Key": revision.key}
    if revision.version_id:
        wanted["VersionId"] = revision.version_id
    if revision.etag:
        wanted["IfMatch"] = f'"{revision.etag}"'
    if expected_bucket_owner:
        wanted["ExpectedBucketOwner"] = expected_bucket_owner
    with translated(reading(revision), object_arn(revision.bucket, revision.key, s3)):
        for chunk in s3.get_object(**wanted)["Body"].iter_chunks(_CHUNK):
            file.write(chunk)
