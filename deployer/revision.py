"""Revisions as CodeDeploy's API spells them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.model import BundleType, S3Revision

if TYPE_CHECKING:
    from mypy_boto3_codedeploy.type_defs import RevisionLocationTypeDef, S3LocationTypeDef

    from deployer.model import Revision


def location(revision: Revision) -> RevisionLocationTypeDef:
    """The RevisionLocation of the API; version and eTag only where they are known."""
    s3: S3LocationTypeDef = {
        "bucket": revision.bucket,
        "key": revision.key,
        "bundleType": revision.type.value,
    }
    if revision.version_id:
        s3["version"] = revision.version_id
    if revision.etag:
        s3["eTag"] = revision.etag
    return {"revisionType": "S3", "s3Location": s3}


def of_location(place: RevisionLocationTypeDef) -> Revision | None:
    """The revision that a RevisionLocation of the API names; None for a kind that we do not know."""
    s3 = place.get("s3Location")
    if not s3:
        return None
    return S3Revision(
        bucket=s3.get("bucket", ""),
        key=s3.get("key", ""),
        type=BundleType(s3.get("bundleType", "zip")),
        etag=s3.get("eTag"),
        version_id=s3.get("version"),
    )
