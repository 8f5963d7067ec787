"""The outputs of a run and what each tells: the one place that names them all."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

OUTPUTS: Mapping[str, str] = MappingProxyType(
    {
        "deployment-id": "Id of the deployment, written as soon as it exists",
        "deployment-url": "Where the AWS console shows the deployment",
        "status": (
            "How it ended: `succeeded`, `failed`, `stopped`, `timed-out`, `ready`; or how far it went: "
            "`planned`, `uploaded`, `registered`, `created`"
        ),
        "revision": "The revision as `s3://bucket/key?versionId=…&eTag=…`",
        "bucket": "Bucket that holds the revision",
        "key": "Key of the revision's object in the bucket",
        "etag": "ETag of the object",
        "version-id": "Version of the object, where the bucket keeps versions",
        "digest": "SHA-256 of what is in the bundle and how it is archived: same tree, same digest",
        "bundle-size": "Size of the archive in bytes",
        "uploaded": "`false` when the object was already there",
        "error-code": "CodeDeploy's error code of a deployment that did not succeed",
        "error-message": "CodeDeploy's message of a deployment that did not succeed",
        "targets": "JSON list of the targets: id, status, failed lifecycle event, script",
        "duration-seconds": "How long the run took",
    }
)
