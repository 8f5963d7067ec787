"""Stage: a revision → the same, known to the application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.revision import AppSpecRevision, S3Revision, StoredObject, location, of_location

if TYPE_CHECKING:
    from deployer.aws.client import Aws
    from deployer.revision import Revision


def revision_of(stored: StoredObject) -> S3Revision:
    """The revision that is this object: pinned to its eTag, and to its version in a versioned bucket."""
    return S3Revision(
        bucket=stored.bucket,
        key=stored.key,
        type=stored.type,
        etag=stored.etag,
        version_id=stored.version_id,
    )


def register(revision: Revision, *, application: str, aws: Aws) -> bool:
    """Register the revision with the application, and return whether there was anything to register.

    Registering twice changes nothing; an inline AppSpec travels with the deployment. Raises a DeployError
    when the application does not exist or the call is denied.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from deployer.aws.client import application_arn
    from deployer.aws.errors import explain

    if isinstance(revision, AppSpecRevision):
        return False
    try:
        aws.codedeploy.register_application_revision(applicationName=application, revision=location(revision))
    except (BotoCoreError, ClientError) as error:
        raise explain(
            error,
            action="codedeploy:RegisterApplicationRevision",
            resource=application_arn(application, region=aws.region),
        ) from error
    return True


def with_content(revision: Revision | None, *, application: str, aws: Aws) -> Revision | None:
    """Complete an inline AppSpec that is known by its digest alone; any other revision is returned as it is.

    Only GetApplicationRevision gives the content, as the reference of GetDeployment says. A denial, a fault
    or an answer with another digest costs the content only.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    if not isinstance(revision, AppSpecRevision) or revision.content is not None:
        return revision
    try:
        answer = aws.codedeploy.get_application_revision(
            applicationName=application, revision=location(revision)
        )
    except (BotoCoreError, ClientError):
        return revision
    found = of_location(answer.get("revision", {}))
    return found if found == revision else revision
