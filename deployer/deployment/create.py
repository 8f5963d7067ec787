"""Stage: Revision → Deployment. Creates exactly one deployment, and never a second by accident.

CreateDeployment has no client token, so a request whose answer was lost is never sent again blindly: the
deployment is looked for first, and taken when it is there. A group runs one deployment at a time, so even a
request sent again too early cannot start a second one.

A deployment belongs to a lost request when a user created it, of the same revision and with the same
description (ours names the run and its attempt), and not before the request was sent. That moment is known
by AWS's clock without a call in advance: the look-up's own answer has a `Date`, and the monotonic clock tells
how long before it the request was sent. So a deployment that was there before never counts, however recent
it is, and this machine's clock may be as wrong as AWS's signatures allow.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from deployer.aws.client import group_arn
from deployer.aws.errors import (
    error_code,
    is_lasting,
    is_throttled,
    is_transient,
    sdk_errors,
    translate,
    translated,
)
from deployer.aws.retries import PATIENCE
from deployer.deployment.holder import USER, scope_of
from deployer.deployment.model import DESCRIPTION_LIMIT, Deployment
from deployer.deployment.register import with_content
from deployer.deployment.request import DeploymentRequest, members_of
from deployer.errors import AwsFault, Problem
from deployer.revision import of_location
from deployer.text import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from mypy_boto3_codedeploy import CodeDeployClient
    from mypy_boto3_codedeploy.type_defs import DeploymentInfoTypeDef

    from deployer.aws.client import Aws
    from deployer.clock import Clock
    from deployer.revision import Revision


_LOOKS_AFTER_LOST_ANSWER = (1.0, 2.0, 4.0)
_LISTED_SINCE = timedelta(minutes=6)
"""The range of the look-up: AWS rejects requests if the clock is wrong by more than five minutes."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A CreateDeployment request, and when it was first sent by this machine's two clocks."""

    revision: Revision | None
    request: DeploymentRequest
    monotonic: float
    wall: datetime


def unguarded(_: Sent) -> AbstractContextManager[None]:
    """Do nothing about an interruption."""
    return nullcontext()


def unchecked() -> None:
    """Send the request without another look."""


def deploy(  # noqa: PLR0913 - all but what is deployed are keyword-only
    revision: Revision | None,
    request: DeploymentRequest,
    *,
    aws: Aws,
    clock: Clock,
    budget: timedelta,
    guard: Callable[[Sent], AbstractContextManager[None]] = unguarded,
    check: Callable[[], None] = unchecked,
) -> Deployment:
    """Create the deployment, or take the one that a request whose answer was lost turns out to have created.

    A request that is throttled is sent again within `budget`. One whose answer is lost is sent again for a
    minute, each time only after no look finds what it may have created. `guard` surrounds the time in which
    a deployment may come to exist whose id is not known; `check` is called right before each sending, and may
    raise. Raises a DeployError: Conflict when another
    deployment holds the group.
    """
    sent = Sent(revision, request, clock.monotonic(), clock.now())
    lost = False
    with guard(sent):
        while True:
            try:
                identifier = _create(sent, budget, aws=aws, clock=clock, check=check)
            except sdk_errors() as error:
                failed = clock.monotonic()
                unanswered = is_transient(error) and not is_throttled(error)
                held = lost and error_code(error) == "DeploymentLimitExceededException"
                found = _look_up(sent, error, aws=aws, clock=clock) if unanswered or held else None
                if found is None:
                    if unanswered and failed - sent.monotonic < PATIENCE:
                        lost = True
                        continue
                    arn = group_arn(request.application, request.group, region=aws.region)
                    raise translate(error, action="codedeploy:CreateDeployment", resource=arn) from error
                identifier = found
            return Deployment(identifier, aws.region, request.application, request.group, revision)


def _create(sent: Sent, budget: timedelta, *, aws: Aws, clock: Clock, check: Callable[[], None]) -> str:
    """Send the request until it is not throttled, and return the deployment's id."""
    parameters, begun, failures = members_of(sent.revision, sent.request), clock.monotonic(), 0
    while True:
        check()
        try:
            return aws.codedeploy_once.create_deployment(**parameters)["deploymentId"]
        except sdk_errors() as error:
            failures += 1
            longest = budget.total_seconds() if is_throttled(error) else 0.0
            if not aws.retries.hold_back(error, "CreateDeployment", failures, begun=begun, longest=longest):
                raise


def _unknown(lost: Exception, request: DeploymentRequest, region: str) -> AwsFault:
    """Return the error for a request whose response is lost and whose effect cannot be looked up either."""
    return AwsFault(
        Problem(
            f"The response to CreateDeployment was lost ({lost}), and it is not known whether it created a "
            f"deployment of {request.application}/{request.group}.",
            f"Check the group in the console of {region}, then run again. Allow codedeploy:ListDeployments "
            f"so that this step can check for itself.",
        )
    )


def _look_up(sent: Sent, lost: Exception, *, aws: Aws, clock: Clock) -> str | None:
    """Return the ID that `find` returns after a few tries: a deployment may be listed some seconds late.

    A look that fails is made up for by the next; raises AwsFault when the last one fails, or all would.
    """
    for last, pause in enumerate(_LOOKS_AFTER_LOST_ANSWER, start=1 - len(_LOOKS_AFTER_LOST_ANSWER)):
        clock.sleep(pause)
        try:
            if found := find(sent, aws.codedeploy, clock=clock):
                return found
        except sdk_errors() as unseen:
            if last == 0 or is_lasting(unseen):
                raise _unknown(lost, sent.request, aws.region) from unseen
    return None


def find(sent: Sent, client: CodeDeployClient, *, clock: Clock) -> str | None:
    """Return the ID of the deployment that a request created; None if none is listed.

    Raises the SDK's exceptions.
    """
    pages = client.get_paginator("list_deployments").paginate(
        applicationName=sent.request.application,
        deploymentGroupName=sent.request.group,
        createTimeRange={"start": sent.wall - _LISTED_SINCE},
    )
    for page in pages:
        elapsed = timedelta(seconds=clock.monotonic() - sent.monotonic)
        began = (_date(page) or sent.wall + elapsed) - elapsed
        for identifier in page["deployments"]:
            info = client.get_deployment(deploymentId=identifier)["deploymentInfo"]
            if _is_of(sent, info, began=began):
                return identifier
    return None


def _date(answer: Mapping[str, Any]) -> datetime | None:
    """Return the `Date` of a response, truncated to whole seconds (RFC 9110, 6.6.1); None if it has none."""
    try:
        date = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    except (KeyError, ValueError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _is_of(sent: Sent, info: DeploymentInfoTypeDef, *, began: datetime) -> bool:
    """Return whether this request, sent at `began` or later by AWS's clock, created a deployment."""
    created = info.get("createTime")
    description = cut(sent.request.parameters.get("description") or "", DESCRIPTION_LIMIT)
    return (
        created is not None
        and created >= began
        and info.get("creator", USER) == USER
        and info.get("description", "").split() == description.split()
        and sent.revision in {None, of_location(info.get("revision", {}))}
        and scope_of(info).mode == scope_of(sent.request.parameters).mode
    )


def adopt(deployment_id: str, *, aws: Aws) -> Deployment:
    """Return an existing deployment; raises a DeployError if it cannot be read."""
    with translated("codedeploy:GetDeployment", deployment_id):
        info = aws.codedeploy.get_deployment(deploymentId=deployment_id)["deploymentInfo"]
    application = info.get("applicationName", "")
    return Deployment(
        deployment_id,
        aws.region,
        application,
        info.get("deploymentGroupName", ""),
        with_content(of_location(info.get("revision", {})), application=application, aws=aws),
    )
