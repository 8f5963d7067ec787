"""Looking at a deployment group: GetDeploymentGroup and GetDeployment → Group.

A look is optional: where it is denied or fails, the value says so, and nothing else follows from it. A group
that does not exist is an error here, before anything is uploaded.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deployer.aws.client import group_arn
from deployer.aws.errors import error_code, is_credentials, is_denial, sdk_errors, translate
from deployer.deployment.holder import FOLLOWERS, RESTART, scope_of
from deployer.live.group import Group, Record, Safeguards
from deployer.live.origin import Origin, left, read
from deployer.live.targets import targets_of
from deployer.revision import location, of_location
from deployer.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_codedeploy import CodeDeployClient
    from mypy_boto3_codedeploy.literals import DeploymentStatusType
    from mypy_boto3_codedeploy.type_defs import (
        DeploymentInfoTypeDef,
        LastDeploymentInfoTypeDef,
    )

    from deployer.aws.client import Aws
    from deployer.clock import Clock
    from deployer.revision import Revision


FRESH_SECONDS = 1.0
"""The age up to which a look counts as one of now: no deployment is created and succeeds within it."""

_MOST_EARLIER = 25
_NEVER = datetime.min.replace(tzinfo=UTC)

ABSENT = frozenset({"ApplicationDoesNotExistException", "DeploymentGroupDoesNotExistException"})
"""The service's codes for what has to exist."""


def look(  # noqa: PLR0913 - its knobs are keyword-only
    application: str,
    name: str,
    *,
    aws: Aws,
    clock: Clock,
    before: Group | None = None,
    needed: bool = False,
) -> Group:
    """Look at a group now; records that `before` holds are not read again, since they do not change.

    Raises a DeployError where the group does not exist or the credentials cannot be used, and if the look is
    `needed`, where anything cannot be read.
    """
    client = aws.codedeploy if needed else aws.codedeploy_optional
    seen = clock.monotonic()
    try:
        answer = client.get_deployment_group(applicationName=application, deploymentGroupName=name)
    except sdk_errors() as error:
        arn = group_arn(application, name, region=aws.region)
        refusal = translate(error, action="codedeploy:GetDeploymentGroup", resource=arn)
        if needed or error_code(error) in ABSENT or is_credentials(error):
            raise refusal from error
        return Group(application, name, seen=seen, unread=refusal.problems[0])
    info = answer["deploymentGroupInfo"]
    known = {each.id: each for each in (before.live, before.attempt) if each} if before else {}
    live = _record(info.get("lastSuccessfulDeployment"), client, known, needed=needed)
    known |= {live.id: live} if live else {}
    attempt = _record(info.get("lastAttemptedDeployment"), client, known, needed=needed)
    if attempt and attempt.status == "Succeeded":  # even if it did so between the two calls
        live = attempt
    style = info.get("deploymentStyle", {}).get("deploymentType")
    group = Group(
        application,
        name,
        platform=info.get("computePlatform", ""),
        blue_green=style == "BLUE_GREEN" if style else None,
        scales=bool(info.get("autoScalingGroups")),
        targets=targets_of(info),
        live=live,
        attempt=attempt,
        seen=seen,
        safeguards=Safeguards().replaced(
            configuration=info.get("deploymentConfigName"),
            rollback=info.get("autoRollbackConfiguration"),
            alarms=info.get("alarmConfiguration"),
        ),
    )
    return _before_followers(group, live, known, aws=aws) if live and live.follows else group


def refreshed(group: Group, *, aws: Aws, clock: Clock, needed: bool = False) -> Group:
    """Return the group as it is now; it is not read again right after a look, nor after a denial.

    `needed` is that of `look`.
    """
    if clock.monotonic() - group.seen <= FRESH_SECONDS or (group.unread and is_denial(group.unread)):
        return group
    return look(group.application, group.name, aws=aws, clock=clock, before=group, needed=needed)


def registered_origin(revision: Revision, *, application: str, aws: Aws) -> Origin:
    """Return the origin that a revision was registered with; an empty one if unknown."""
    try:
        answer = aws.codedeploy_optional.get_application_revision(
            applicationName=application, revision=location(revision)
        )
    except sdk_errors():
        return Origin()
    return read(answer.get("revisionInfo", {}).get("description", ""))


def earlier(group: Group, than: Record, *, aws: Aws) -> Record | None:
    """Return the last successful deployment of another revision before a deployment; None if unknown.

    A deployment's own record names the revision before it, but the same one where it was deployed twice. The
    service lists in no order that it promises, so that of many deployments only some are looked at.
    """
    found = _before(than, group, {}, ["Succeeded"], aws=aws)
    return _last(each for each in found if each.revision and each.revision != than.revision)


def _before_followers(group: Group, live: Record, known: Mapping[str, Record], *, aws: Aws) -> Group:
    """Return the group with the last success and the last attempt before what only followed them.

    Otherwise a restart, or an instance that Auto Scaling launches, hides which run was deployed, and what
    failed since. They stay as they are where the group's history does not tell.
    """
    known = {**known, **{each.id: each for each in (live, group.attempt) if each}}
    found = _before(live, group, known, ["Succeeded", "Failed", "Stopped"], aws=aws)
    others = [each for each in found if not each.follows]
    success = _last(each for each in others if each.status == "Succeeded")
    if success is None:
        return group
    followed = group.attempt and group.attempt.id == live.id
    return replace(group, live=success, attempt=_last(others) if followed else group.attempt)


def _before(
    than: Record,
    group: Group,
    known: Mapping[str, Record],
    statuses: list[DeploymentStatusType],
    *,
    aws: Aws,
) -> list[Record]:
    """Return deployments of a group that began before one and ended so, as many as are looked at."""
    client = aws.codedeploy_optional
    try:
        listed = client.list_deployments(
            applicationName=group.application,
            deploymentGroupName=group.name,
            includeOnlyStatuses=statuses,
            createTimeRange={"end": than.began} if than.began else {},
        )
        identifiers = listed.get("deployments", [])[:_MOST_EARLIER]
        return [
            known.get(each) or record(each, client.get_deployment(deploymentId=each)["deploymentInfo"])
            for each in identifiers
        ]
    except sdk_errors():
        return []


def _last(records: Iterable[Record]) -> Record | None:
    return max((each for each in records if each.began), key=lambda each: each.began or _NEVER, default=None)


def _record(
    last: LastDeploymentInfoTypeDef | None,
    client: CodeDeployClient,
    known: Mapping[str, Record],
    *,
    needed: bool,
) -> Record | None:
    """Return what a group's description says of a deployment, with the deployment's own record."""
    identifier = last.get("deploymentId") if last else None
    if not last or not identifier:
        return None
    status, began, ended = last.get("status", "Unknown"), last.get("createTime"), last.get("endTime")
    if (old := known.get(identifier)) and not old.unread:
        return replace(old, status=status, ended=ended or old.ended)
    try:
        info = client.get_deployment(deploymentId=identifier)["deploymentInfo"]
    except sdk_errors() as error:
        refusal = translate(error, action="codedeploy:GetDeployment", resource=identifier)
        if needed:
            raise refusal from error
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
        left=left(info.get("description", "")),
        partial=_partial(info),
        restarts=scope_of(info).mode == RESTART,
    )


def _partial(info: DeploymentInfoTypeDef) -> str:
    """Return why a deployment that succeeded may not have reached the whole group, as a clause."""
    if scope_of(info).instances:
        return "went to chosen instances only"
    if scope_of(info).mode == RESTART:
        return "restarted the application and installed nothing"
    if info.get("creator") in FOLLOWERS:
        return "went to some instances only"
    counts: Mapping[str, int] = {**info.get("deploymentOverview", {})}  # type: ignore[dict-item]
    missed = counts.get("Failed", 0) + (0 if scope_of(info).outdated_only else counts.get("Skipped", 0))
    return f"missed {missed:,} of {counted(sum(counts.values()), 'target')}" if missed else ""
