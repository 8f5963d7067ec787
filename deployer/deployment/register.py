"""Stage: a revision → the same, known to the application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.aws.client import application_arn
from deployer.aws.errors import sdk_errors, translated
from deployer.revision import AppSpecRevision, S3Revision, location, of_location

if TYPE_CHECKING:
    from deployer.aws.client import Aws
    from deployer.revision import Revision


def register(revision: Revision, *, application: str, description: str = "", aws: Aws) -> bool:
    """Register the revision with the application, and return whether there was anything to register.

    `description` says where it came from, for whoever deploys it later. Registering twice changes nothing; an
    inline AppSpec is sent with the deployment. Raises a DeployError when the application does not exist or
    the call is denied.
    """
    if isinstance(revision, AppSpecRevision):
        return False
    arn = application_arn(application, region=aws.region)
    with translated("codedeploy:RegisterApplicationRevision", arn):
        aws.codedeploy.register_application_revision(
            applicationName=application,
            revision=location(revision),
            **({"description": description} if description else {}),
        )
    return True


def is_registered(revision: S3Revision, *, application: str, aws: Aws) -> bool:
    """Return whether exactly this object is registered: bucket, key, eTag and version.

    Only who may register revisions of the application can bring that about, unlike the object itself. AWS
    does not document whether the look-up compares eTag and version, so the answer has to carry both. False
    also where nothing can be learnt.
    """
    try:
        answer = aws.codedeploy_optional.get_application_revision(
            applicationName=application, revision=location(revision)
        )
    except sdk_errors():
        return False
    return revision.etag is not None and of_location(answer.get("revision", {})) == revision


def with_content(revision: Revision | None, *, application: str, aws: Aws) -> Revision | None:
    """Complete an inline AppSpec that is known by its digest alone; any other revision is returned as it is.

    Only GetApplicationRevision gives the content, as the reference of GetDeployment says. A denial, a fault
    or an answer with another digest costs the content only.
    """
    if not isinstance(revision, AppSpecRevision) or revision.content is not None:
        return revision
    try:
        answer = aws.codedeploy.get_application_revision(
            applicationName=application, revision=location(revision)
        )
    except sdk_errors():
        return revision
    found = of_location(answer.get("revision", {}))
    return found if found == revision else revision
