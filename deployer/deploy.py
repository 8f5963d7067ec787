"""Stage: Revision → Deployment. Creates exactly one deployment, and never a second by accident.

CreateDeployment has no client token, so a request whose answer was lost is never sent again blindly: the
deployment is looked for first, and joined when it is there. A group runs one deployment at a time, so even a
request sent again too early cannot start a second one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from deployer.errors import AwsFault, Problem
from deployer.model import Deployment
from deployer.revision import location, of_location

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from mypy_boto3_codedeploy import CodeDeployClient
    from mypy_boto3_codedeploy.type_defs import CreateDeploymentInputTypeDef

    from deployer.aws import Aws
    from deployer.clock import Clock
    from deployer.model import Revision

DESCRIPTION_LIMIT = 256
"""Characters of a description that the service takes, from its documentation of limits."""

_LOOKS_AFTER_LOST_ANSWER = (1.0, 2.0, 4.0)
_THROTTLE_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)
_CLOCK_TOLERANCE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Order:
    """What a deployment is asked for beside its revision.

    `parameters` are further members of CreateDeployment, of which none is there that was not asked for: what
    is not sent is left to the group. A description is cut to the service's limit.
    """

    application: str
    group: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


def request(revision: Revision, order: Order) -> CreateDeploymentInputTypeDef:
    """The CreateDeployment request."""
    parameters: CreateDeploymentInputTypeDef = {
        "applicationName": order.application,
        "deploymentGroupName": order.group,
        "revision": location(revision),
        **order.parameters,  # type: ignore[typeddict-item]
    }
    if description := parameters.get("description"):
        parameters["description"] = shortened(description)
    return parameters


def shortened(description: str) -> str:
    """The description within the service's limit, an ellipsis where it was cut."""
    if len(description) <= DESCRIPTION_LIMIT:
        return description
    return description[: DESCRIPTION_LIMIT - 1] + "…"


def deploy(revision: Revision, order: Order, *, aws: Aws, clock: Clock) -> Deployment:
    """Create the deployment, or join it when a lost answer turns out to have created it.

    Raises a DeployError: Conflict when another deployment holds the group.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from deployer import aws as sdk

    parameters = request(revision, order)
    started = clock.now() - _CLOCK_TOLERANCE
    pauses = iter(_THROTTLE_PAUSES)
    lost: Exception | None = None
    while True:
        try:
            answer = aws.codedeploy_once.create_deployment(**parameters)
            return _deployment(answer["deploymentId"], revision, order, aws)
        except (BotoCoreError, ClientError) as error:
            explained = sdk.explain(
                error,
                action="codedeploy:CreateDeployment",
                resource=sdk.group_arn(order.application, order.group, region=aws.region),
            )
            if sdk.is_throttled(error) and (pause := next(pauses, None)):
                clock.sleep(pause)
            elif lost is None and sdk.is_transient(error):
                lost = error
                try:
                    found = _find(revision, order, aws.codedeploy, since=started, clock=clock)
                except (BotoCoreError, ClientError) as unseen:
                    raise _unknown(error, order, aws.region) from unseen
                if found:
                    return _deployment(found, revision, order, aws)
            else:
                raise explained from error


def _unknown(lost: Exception, order: Order, region: str) -> AwsFault:
    """The error for a request whose answer is lost and whose effect cannot be looked up either."""
    return AwsFault(
        Problem(
            f"The answer to CreateDeployment was lost ({lost}), and whether it created a deployment of "
            f"{order.application}/{order.group} cannot be looked up.",
            f"Look at the group in the console of {region}, then run again; allow codedeploy:ListDeployments "
            "so that this step can look by itself.",
        )
    )


def _deployment(identifier: str, revision: Revision, order: Order, aws: Aws) -> Deployment:
    return Deployment(identifier, aws.region, order.application, order.group, revision)


def _find(
    revision: Revision, order: Order, client: CodeDeployClient, *, since: datetime, clock: Clock
) -> str | None:
    """The id that `find` gives after a few looks: a deployment may be listed some seconds late."""
    for pause in _LOOKS_AFTER_LOST_ANSWER:
        clock.sleep(pause)
        if found := find(revision, order, client, since=since):
            return found
    return None


def find(revision: Revision, order: Order, client: CodeDeployClient, *, since: datetime) -> str | None:
    """The id of a deployment of this revision to this group that was created since then."""
    for identifier in _created_since(order, client, since=since):
        info = client.get_deployment(deploymentId=identifier)["deploymentInfo"]
        if of_location(info.get("revision", {})) == revision:
            return identifier
    return None


def _created_since(order: Order, client: CodeDeployClient, *, since: datetime) -> Iterator[str]:
    """Ids of the group's deployments created since then, all pages."""
    pages = client.get_paginator("list_deployments").paginate(
        applicationName=order.application,
        deploymentGroupName=order.group,
        createTimeRange={"start": since},
    )
    for page in pages:
        yield from page["deployments"]


def adopt(deployment_id: str, *, aws: Aws) -> Deployment:
    """A deployment that somebody else created; raises a DeployError when it cannot be read."""
    from botocore.exceptions import BotoCoreError, ClientError

    from deployer.aws import explain

    try:
        info = aws.codedeploy.get_deployment(deploymentId=deployment_id)["deploymentInfo"]
    except (BotoCoreError, ClientError) as error:
        raise explain(error, action="codedeploy:GetDeployment", resource=deployment_id) from error
    return Deployment(
        deployment_id,
        aws.region,
        info.get("applicationName", ""),
        info.get("deploymentGroupName", ""),
        of_location(info.get("revision", {})),
    )
