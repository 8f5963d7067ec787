"""Which revision a deployment group runs now: that of its last successful deployment.

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
        """Whether the object is what it deployed; a revision without eTag or version stands for any."""
        revision = self.revision
        return (
            isinstance(revision, S3Revision)
            and (revision.bucket, revision.key) == (stored.bucket, stored.key)
            and revision.etag in {None, stored.etag}
            and (revision.version_id is None or revision.version_id == stored.version_id)
        )

    def vouches(self, stored: StoredObject) -> bool:
        """Whether its record pins exactly this object: nobody who may only write objects can forge that."""
        return self.runs(stored) and isinstance(self.revision, S3Revision) and self.revision.etag is not None

    def outdates(self, stored: StoredObject, modified: datetime) -> bool:
        """Whether an object that S3 `modified` last then is older than what the group runs, and another."""
        return modified < self.began and not self.runs(stored)


def live_in(group: str, *, application: str, aws: Aws) -> Live | None:
    """Ask for the last successful deployment of the group; None where there is none or nothing is told."""
    client = aws.codedeploy
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
    """The revision with its eTag as S3 compares it; `aws deploy push` registers it in quotes."""
    if isinstance(revision, S3Revision) and revision.etag:
        return replace(revision, etag=revision.etag.strip('"'))
    return revision


def reason_to_resend(
    stored: StoredObject, modified: datetime, *, lives: Iterable[Live], is_registered: Callable[[], bool]
) -> str:
    """Why an object that is there already cannot be taken for the bundle, as a clause; empty where it can."""
    lives = tuple(lives)
    if newer := next((live for live in lives if live.outdates(stored, modified)), None):
        return f"the object there was older than the live deployment {newer.deployment_id}"
    if any(live.vouches(stored) for live in lives) or is_registered():
        return ""
    return "another object was there that CodeDeploy does not know, or may not be asked about"
