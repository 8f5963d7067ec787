"""Stage: StoredObject → Revision. Tells the application that the object is one of its revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.model import S3Revision, StoredObject
from deployer.revision import location

if TYPE_CHECKING:
    from deployer.aws import Aws
    from deployer.model import Revision


def revision_of(stored: StoredObject) -> S3Revision:
    """The revision that is exactly this object: pinned to its eTag, and to its version in a versioned bucket."""
    return S3Revision(
        bucket=stored.bucket,
        key=stored.key,
        type=stored.type,
        etag=stored.etag,
        version_id=stored.version_id,
    )


def register(stored: StoredObject, *, application: str, aws: Aws) -> Revision:
    """Register the object with the application; registering twice changes nothing.

    Raises a DeployError when the application does not exist or the call is denied.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from deployer.aws import application_arn, explain

    revision = revision_of(stored)
    try:
        aws.codedeploy.register_application_revision(applicationName=application, revision=location(revision))
    except (BotoCoreError, ClientError) as error:
        raise explain(
            error,
            action="codedeploy:RegisterApplicationRevision",
            resource=application_arn(application, region=aws.region),
        ) from error
    return revision
