"""Which revision a deployment group runs now: that of its last successful deployment.

Looking is optional: where it is denied or fails, nothing is known, and nothing else follows from that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deployer.revision import S3Revision, of_location

if TYPE_CHECKING:
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

    def outdates(self, stored: StoredObject, modified: datetime) -> bool:
        """Whether an object that S3 `modified` last then is older than what the group runs, and another."""
        return modified < self.began and not self.runs(stored)


def live_in(group: str, *, application: str, aws: Aws) -> Live | None:
    """Ask for the last successful deployment of the group; None where there is none or nothing is told."""
    from botocore.exceptions import BotoCoreError, ClientError

    client = aws.codedeploy
    try:
        answer = client.get_deployment_group(applicationName=application, deploymentGroupName=group)
        last = answer["deploymentGroupInfo"].get("lastSuccessfulDeployment", {}).get("deploymentId")
        info = client.get_deployment(deploymentId=last)["deploymentInfo"] if last else {}
    except (BotoCoreError, ClientError):
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
