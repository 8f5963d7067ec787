"""Looking at a deployment group: GetDeploymentGroup and GetDeployment → Group.

A look is optional: where it is denied or fails, the value says so, and nothing else follows from it. A group
that does not exist is an error here, before anything is uploaded.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deployer.aws.client import group_arn
from deployer.aws.errors import error_code, is_credentials, is_denial, sdk_errors, translate
from deployer.live.group import Group, Record
from deployer.live.origin import Origin, read
from deployer.revision import location, of_location

if TYPE_CHECKING:
    from mypy_boto3_codedeploy.type_defs import DeploymentInfoTypeDef, LastDeploymentInfoTypeDef

    from deployer.aws.client import Aws
    from deployer.clock import Clock
    from deployer.revision import Revision


FRESH_SECONDS = 1.0
"""The age up to which a look counts as one of now: no deployment is created and succeeds within it."""

ABSENT = frozenset({"ApplicationDoesNotExistException", "DeploymentGroupDoesNotExistException"})
"""The service's codes for what has to exist."""


def look(application: str, name: str, *, aws: Aws, clock: Clock, before: Group | None = None) -> Group:
    """Look at a group now; records that `before` holds are not read again, since they do not change.

    Raises a DeployError where the group does not exist or the credentials cannot be used.
    """
    seen = clock.monotonic()
    try:
        answer = aws.codedeploy_optional.get_deployment_group(
            applicationName=application, deploymentGroupName=name
        )
    except sdk_errors() as error:
        arn = group_arn(application, name, region=aws.region)
        refusal = translate(error, action="codedeploy:GetDeploymentGroup", resource=arn)
        if error_code(error) in ABSENT or is_credentials(error):
            raise refusal from error
        return Group(application, name, seen=seen, unread=refusal.problems[0])
    info = answer["deploymentGroupInfo"]
    known = {each.id: each for each in (before.live, before.attempt) if each} if before else {}
    live = _record(info.get("lastSuccessfulDeployment"), aws, known)
    known |= {live.id: live} if live else {}
    attempt = _record(info.get("lastAttemptedDeployment"), aws, known)
    if attempt and attempt.status == "Succeeded":  # even if it did so between the two calls
        live = attempt
    return Group(application, name, info.get("computePlatform", ""), live, attempt, seen)


def refreshed(group: Group, *, aws: Aws, clock: Clock) -> Group:
    """Return the group as it is now; it is not read again right after a look, nor after a denial."""
    if clock.monotonic() - group.seen <= FRESH_SECONDS or (group.unread and is_denial(group.unread)):
        return group
    return look(group.application, group.name, aws=aws, clock=clock, before=group)


def registered_origin(revision: Revision, *, application: str, aws: Aws) -> Origin:
    """Return the origin that a revision was registered with; an empty one if unknown."""
    try:
        answer = aws.codedeploy_optional.get_application_revision(
            applicationName=application, revision=location(revision)
        )
    except sdk_errors():
        return Origin()
    return read(answer.get("revisionInfo", {}).get("description", ""))


def _record(last: LastDeploymentInfoTypeDef | None, aws: Aws, known: dict[str, Record]) -> Record | None:
    """Return what a group's description says of a deployment, with the deployment's own record."""
    identifier = last.get("deploymentId") if last else None
    if not last or not identifier:
        return None
    status, began, ended = last.get("status", "Unknown"), last.get("createTime"), last.get("endTime")
    if (old := known.get(identifier)) and not old.unread:
        return replace(old, status=status, ended=ended or old.ended)
    try:
        info = aws.codedeploy_optional.get_deployment(deploymentId=identifier)["deploymentInfo"]
    except sdk_errors() as error:
        refusal = translate(error, action="codedeploy:GetDeployment", resource=identifier)
        return Record(identifier, status, began, ended, unread=refusal.problems[0])
    return record(identifier, info)


def record(identifier: str, info: DeploymentInfoTypeDef) -> Record:
    """Return the record that a DeploymentInfo is."""
    return Record(
        identifier,
        status=info.get("status", "Unknown"),
        began=info.get("createTime"),
        ended=info.get("completeTime"),
        revision=of_location(info.get("revision", {})),
        previous=of_location(info.get("previousRevision", {})),
        origin=read(info.get("description", "")),
        creator=info.get("creator", ""),
    )
