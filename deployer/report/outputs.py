"""The outputs of a run with their descriptions, and their values at each stage."""

from __future__ import annotations

import json
from itertools import accumulate
from types import MappingProxyType
from typing import TYPE_CHECKING

from deployer.deployment.model import Status
from deployer.errors import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deployer.bundle.contents import Bundle
    from deployer.deployment.model import Deployment, Target
    from deployer.deployment.wait import Ending
    from deployer.errors import Problem
    from deployer.revision import Revision, StoredObject
    from deployer.run import Outcome


_LONGEST_TARGETS = 100_000
"""Bytes of the output `targets`: a variable of a later step's environment may hold 128 KiB (Linux)."""

OUTPUTS: Mapping[str, str] = MappingProxyType(
    {
        "deployment-id": "ID of the deployment, written as soon as it exists",
        "deployment-url": "URL of the deployment in the AWS console",
        "status": (
            "Result of the deployment: `succeeded`, `failed`, `stopped`, `timed-out`, `ready`; `skipped` or "
            "`unchanged` if there was nothing to deploy by `on-newer` or `if-unchanged`; or the last "
            "stage reached: `planned`, `rehearsed`, `uploaded`, `registered`, `created`"
        ),
        "revision": "The revision, in the form that the input `revision` accepts: `s3://bucket/key?…`",
        "bucket": "Bucket that holds the revision",
        "key": "Key of the revision's object in the bucket",
        "etag": "ETag of the object",
        "version-id": "Version of the object, if the bucket has versioning enabled",
        "digest": "Hash of the bundle's contents and format: the same files always have the same digest",
        "bundle-size": "Size of the archive in bytes",
        "uploaded": "`false` if the object was already in the bucket",
        "error-code": "CodeDeploy's error code for a deployment that did not succeed",
        "error-message": "Why the deployment did not succeed: the text of the first annotation",
        "targets": (
            "JSON list of the targets: id, status, failed lifecycle event, script. Cut at 100 kB: the failed "
            'ones come first, and the last item is `{"omitted": number}`'
        ),
        "deployments": (
            "JSON list of the deployments, one per group: group, id, url, status, rollback id and status"
        ),
        "rollback-deployment-id": "ID of the deployment that rolled this one back",
        "rollback-status": (
            "Result of the rollback: `succeeded`, `failed`, `stopped`, `timed-out`; `created` if its end was "
            "not seen"
        ),
        "live-revision": (
            "Revision that the targets run now, if that is certain. Empty, like `revision`, for the inline "
            "AppSpec of another run if its content cannot be read"
        ),
        "previous-revision": (
            "Revision that the group ran before this deployment, as the input `revision` accepts it, if known"
        ),
        "compare-url": (
            "Page that compares the commit that was live before with this one (GitHub, GitLab, Bitbucket)"
        ),
        "plan": (
            "What the deployment changes in each group, as Markdown for a pull request's comment, at most "
            "60 kB: changed hooks, the AppSpec's difference, files, safeguards. On GitHub only; the summary "
            "has the same"
        ),
        "changed": (
            "`false` if the plan found that every group runs these very files and this AppSpec; `true` also "
            "where they could not be compared, or some targets may run something else: after a failure, or a "
            "success that missed them"
        ),
        "duration-seconds": "Duration of the run in seconds",
    }
)


def of_bundle(bundle: Bundle) -> dict[str, str]:
    """Return the outputs known once the bundle is packaged; its size only once it is archived."""
    size = {"bundle-size": str(bundle.size)} if bundle.size is not None else {}
    return {"status": Status.PLANNED, "digest": bundle.digest, **size}


def of_plan(text: str, *, changed: bool) -> dict[str, str]:
    """Return the outputs known once the run has planned; an empty text is left out."""
    return {"changed": str(changed).lower(), **({"plan": text} if text else {})}


def of_stored(stored: StoredObject) -> dict[str, str]:
    """Return the outputs known once the object is in S3."""
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
    """Return the outputs known once the revision is registered; an inline AppSpec may have a digest only."""
    return {"status": Status.REGISTERED, **({"revision": revision.uri} if revision.uri else {})}


def of_deployment(deployment: Deployment) -> dict[str, str]:
    """Return the outputs known once the deployment exists."""
    return {"status": Status.CREATED, "deployment-id": deployment.id, "deployment-url": deployment.url}


def of_nothing(status: Status | None) -> dict[str, str]:
    """Return the outputs of a group that nothing is known of yet, in the place of another group's."""
    names = ("deployment-id", "deployment-url", "live-revision", "previous-revision", "compare-url")
    return {"status": status or "", **dict.fromkeys(names, ""), "targets": "[]"}


def of_attempts(outcome: Outcome) -> dict[str, str]:
    """Return the list of deployments so far."""
    listed = [_attempt(each) for each in outcome.attempts if each.deployment or each.spared]
    return {"deployments": _json(listed)} if listed else {}


def of_ending(ending: Ending, problems: Sequence[Problem]) -> dict[str, str]:
    """Return the outputs known once the wait is over; `problems` explain why the deployment did not succeed.

    The first problem is more specific than the service, which only reports that too many targets failed.
    """
    snapshot = ending.snapshot
    values = {"status": ending.status, "targets": targets_json(snapshot.targets or ())}
    listed = [problem.message for problem in problems if problem.severity is Severity.ERROR]
    if message := next(iter(listed), snapshot.error_message):
        values["error-message"] = message
    if snapshot.error_code:
        values["error-code"] = snapshot.error_code
    return values


def of_rollback(outcome: Outcome) -> dict[str, str]:
    """Return the outputs known once there is a rollback, and again once it has ended."""
    if outcome.rollback is None:
        return {}
    return {
        "rollback-deployment-id": outcome.rollback.id,
        "rollback-status": outcome.rollback_status or "",
    }


def of_live(live: Revision | None) -> dict[str, str]:
    """Return the output known once it is clear which revision the targets run."""
    return {"live-revision": live.uri} if live and live.uri else {}


def of_before(live: Revision | None, compare_url: str) -> dict[str, str]:
    """Return the outputs known right before the deployment; `live` is what the group runs then."""
    values = {"previous-revision": (live and live.uri) or "", "compare-url": compare_url}
    return {name: value for name, value in values.items() if value}


def of_problem(problem: Problem) -> dict[str, str]:
    """Return the problem that ended the run before the deployment ended."""
    return {"error-code": problem.code, "error-message": problem.message}


def targets_json(targets: Sequence[Target]) -> str:
    """Return the targets as JSON: of too many, those that failed first, and how many are left out."""
    listed = [_target(target) for target in targets]
    if _size(text := _json(listed)) <= _LONGEST_TARGETS:
        return text
    listed.sort(key=lambda target: target["status"] != "Failed")
    room = _LONGEST_TARGETS - len(_json([{"omitted": len(listed)}]))
    kept = sum(end <= room for end in accumulate(_size(_json([target])) for target in listed))
    return _json([*listed[:kept], {"omitted": len(listed) - kept}])


def _size(text: str) -> int:
    """Return the bytes of a text, in which halves of characters may be."""
    return len(text.encode(errors="surrogatepass"))


def _json(values: Sequence[object]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _attempt(outcome: Outcome) -> dict[str, str]:
    listed = {"group": outcome.group, "status": outcome.status or ""}
    if deployment := outcome.deployment:
        listed |= {"deployment-id": deployment.id, "deployment-url": deployment.url}
    return listed | of_rollback(outcome)


def _target(target: Target) -> dict[str, object]:
    listed: dict[str, object] = {"id": target.id, "status": target.status}
    if target.kind != "instance":
        listed["kind"] = target.kind
    if target.traffic:
        listed["traffic"] = {share.version: share.percent for share in target.traffic}
    if event := target.failed_event:
        listed["failed-event"] = event.name
        if event.diagnostics and event.diagnostics.script:
            listed["script"] = event.diagnostics.script
    return listed
