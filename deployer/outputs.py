"""The outputs of a run and what each tells: the one place that names them all."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING

from deployer.model import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deployer.errors import Problem
    from deployer.model import Bundle, Deployment, Revision, StoredObject, Target
    from deployer.wait import Ending

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
        "rollback-deployment-id": "Id of the deployment that rolled this one back",
        "live-revision": "The revision that the targets run now, where that is certain",
        "duration-seconds": "How long the run took",
    }
)


def of_bundle(bundle: Bundle) -> dict[str, str]:
    """What is known once the bundle is packaged; its size only when it is packed already."""
    size = {"bundle-size": str(bundle.size)} if bundle.size is not None else {}
    return {"status": Status.PLANNED, "digest": bundle.digest, **size}


def of_stored(stored: StoredObject) -> dict[str, str]:
    """What is known once the object is in S3."""
    return {
        "status": Status.UPLOADED,
        "bucket": stored.bucket,
        "key": stored.key,
        "etag": stored.etag,
        "version-id": stored.version_id or "",
        "bundle-size": str(stored.size),
        "uploaded": str(stored.uploaded).lower(),
    }


def of_revision(revision: Revision) -> dict[str, str]:
    """What is known once the revision is registered."""
    return {"status": Status.REGISTERED, "revision": revision.uri}


def of_deployment(deployment: Deployment) -> dict[str, str]:
    """What is known once the deployment exists."""
    return {"status": Status.CREATED, "deployment-id": deployment.id, "deployment-url": deployment.url}


def of_ending(ending: Ending) -> dict[str, str]:
    """What is known once the wait is over."""
    snapshot = ending.snapshot
    values = {"status": ending.status, "targets": _targets(snapshot.targets or ())}
    if snapshot.error_code:
        values |= {"error-code": snapshot.error_code, "error-message": snapshot.error_message}
    return values


def of_live(rollback: Deployment | None, live: Revision | None) -> dict[str, str]:
    """What is known once it is clear which revision the targets run."""
    return {
        **({"rollback-deployment-id": rollback.id} if rollback else {}),
        **({"live-revision": live.uri} if live else {}),
    }


def of_problem(problem: Problem) -> dict[str, str]:
    """What stopped the run before the deployment came to its end."""
    return {"error-code": problem.code, "error-message": problem.message}


def _targets(targets: Sequence[Target]) -> str:
    return json.dumps([_target(target) for target in targets], ensure_ascii=False, separators=(",", ":"))


def _target(target: Target) -> dict[str, str]:
    told = {"id": target.id, "status": target.status}
    if event := target.failed_event:
        told["failed-event"] = event.name
        if event.diagnostics and event.diagnostics.script:
            told["script"] = event.diagnostics.script
    return told
