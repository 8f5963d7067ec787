"""Rules of sending the bundle to S3."""

from __future__ import annotations

from deployer.rules import WARNING, Rule

BUCKET_REGION = Rule(
    code="bucket-region",
    message="The bucket `{bucket}` is in another region ({found}) than the deployment ({expected}).",
    hint="CodeDeploy reads revisions from its own region: use a bucket in {expected}, or set `region`. "
    "An object that is in {found} already can be given as `revision`, with a `bucket` in {expected} for its "
    "copy.",
    bad="region: eu-west-1\nbucket: revisions-in-us-east-1",
    good="region: eu-west-1\nbucket: revisions-in-eu-west-1",
    source="CodeDeploy service",
)
LEFT_BEHIND = Rule(
    code="upload-left-behind",
    message="The unfinished multipart upload {upload} could not be removed: {reason}.",
    hint="Allow s3:AbortMultipartUpload, or let a lifecycle rule of the bucket remove unfinished uploads.",
    bad="Action: [s3:PutObject]",
    good="Action: [s3:PutObject, s3:AbortMultipartUpload]",
    source="S3 (parts of an unfinished upload are kept and billed)",
    severity=WARNING,
)
MAYBE_LEFT_BEHIND = Rule(
    code="upload-may-be-left",
    message="S3 never confirmed that a multipart upload began; an unfinished one may be left in the bucket.",
    hint="Let a lifecycle rule of the bucket remove what is unfinished (AbortIncompleteMultipartUpload).",
    bad="a lost answer to CreateMultipartUpload, and no lifecycle rule",
    good="AbortIncompleteMultipartUpload: {DaysAfterInitiation: 1}",
    source="S3 (parts of an unfinished upload are kept and billed)",
    severity=WARNING,
)
