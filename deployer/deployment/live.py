"""The revision that a deployment group runs now: that of its last successful deployment.

Looking is optional: where it is denied or fails, nothing is known, and nothing else follows from that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deployer.aws.errors import sdk_errors
from deployer.revision import S3Revision, of_location

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from deployer.aws.client import Aws
    from deployer.revision import Revision, StoredObject


@dataclass(frozen=True, slots=True)
class Live:
    """A group's last successful deployment; `began` is when it was created, by the service's clock.

    `revision` is None where it is of a kind that we do not know.
    """

    deployment_id: str
    revision: Revision | None
    began: datetime

    def runs(self, stored: StoredObject) -> bool:
        """Return whether the object is what it deployed; without eTag or version, a revision matches any."""
        revision = self.revision
        return (
            isinstance(revision, S3Revision)
            and (revision.bucket, revision.key) == (stored.bucket, stored.key)
            and revision.etag in {None, stored.etag}
            and (revision.version_id is None or revision.version_id == stored.version_id)
        )

    def vouches(self, stored: StoredObject) -> bool:
        """Return whether its record pins exactly this object, which write access to S3 cannot forge."""
        return self.runs(stored) and isinstance(self.revision, S3Revision) and self.revision.etag is not None

    def outdates(self, stored: StoredObject, modified: datetime) -> bool:
        """Return whether an object last `modified` then is older than what the group runs, and differs."""
        return modified < self.began and not self.runs(stored)


def live_in(group: str, *, application: str, aws: Aws) -> Live | None:
    """Ask for the last successful deployment of the group; None where there is none or nothing is told."""
    client = aws.codedeploy_optional
    try:
        answer = client.get_deployment_group(applicationName=application, deploymentGroupName=group)
        last = answer["deploymentGroupInfo"].get("lastSuccessfulDeployment", {}).get("deploymentId")
        info = client.get_deployment(deploymentId=last)["deploymentInfo"] if last else {}
    except sdk_errors():
        return None
    began = info.get("createTime")
    if not last or not began:
        return None
    return Live(last, _without_quotes(of_location(info.get("revision", {}))), began)


def _without_quotes(revision: Revision | None) -> Revision | None:
    """Return the revision with its eTag as S3 compares it; `aws deploy push` registers it in quotes."""
    if isinstance(revision, S3Revision) and revision.etag:
        return replace(revision, etag=revision.etag.strip('"'))
    return revision


def reason_to_resend(
    stored: StoredObject, modified: datetime, *, lives: Iterable[Live], is_registered: Callable[[], bool]
) -> str:
    """Return why an existing object cannot be used as the bundle, as a clause; empty if it can."""
    lives = tuple(lives)
    if newer := next((live for live in lives if live.outdates(stored, modified)), None):
        return f"the object there is older than the live deployment {newer.deployment_id}"
    if any(live.vouches(stored) for live in lives) or is_registered():
        return ""
    return "the object there is unknown to CodeDeploy, or asking about it is not allowed"
