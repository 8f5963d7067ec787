"""Which actions on which resources a request needs, as the service authorization reference has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.emulator.deployments import partition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.emulator.world import World

    Wanted = Iterator[tuple[str, str]]

ON_ANYTHING = {
    "BatchGetDeploymentTargets", "ContinueDeployment", "GetDeploymentTarget", "ListApplications",
    "ListDeploymentConfigs", "ListDeploymentTargets", "ListOnPremisesInstances", "StopDeployment",
}  # fmt: skip
ON_APPLICATION = {
    "GetApplication", "GetApplicationRevision", "ListApplicationRevisions", "ListDeploymentGroups",
    "RegisterApplicationRevision",
}  # fmt: skip


def needed(
    service: str, operation: str, request: Mapping[str, Any], *, world: World, region: str
) -> list[tuple[str, str]]:
    """The pairs of action and resource ARN that the caller must be allowed."""
    arn = f"arn:{partition(region)}:{service}:{region}:{world.account}"
    find = FINDERS[service]
    return list(find(operation, request, world, arn))


def _codedeploy(operation: str, request: Mapping[str, Any], world: World, arn: str) -> Wanted:
    action = f"codedeploy:{operation}"
    application = request.get("applicationName", "*")
    if operation in ON_ANYTHING:
        yield action, "*"
    elif operation in ON_APPLICATION:
        yield action, f"{arn}:application:{application}"
    elif operation == "GetDeploymentConfig":
        yield action, f"{arn}:deploymentconfig:{request['deploymentConfigName']}"
    elif operation in {"GetDeployment", "BatchGetDeployments"}:
        for each in request.get("deploymentIds", [request.get("deploymentId")]):
            found = world.deployments.get(each)
            group = f"{found.application}/{found.group}" if found else "*"
            yield action, f"{arn}:deploymentgroup:{group}"
    else:
        yield action, f"{arn}:deploymentgroup:{application}/{request.get('deploymentGroupName', '*')}"
    if operation == "CreateDeployment":
        yield from _creation(request, world, arn)


def _creation(request: Mapping[str, Any], world: World, arn: str) -> Wanted:
    name, group = request["applicationName"], request.get("deploymentGroupName", "")
    application = world.applications.get(name)
    if application is None or group not in application.groups:
        return
    config = request.get("deploymentConfigName", application.groups[group].config)
    yield "codedeploy:GetDeploymentConfig", f"{arn}:deploymentconfig:{config}"
    yield "codedeploy:GetApplicationRevision", f"{arn}:application:{name}"
    yield "codedeploy:RegisterApplicationRevision", f"{arn}:application:{name}"
    if "overrideAlarmConfiguration" in request:
        yield "codedeploy:UpdateDeploymentGroup", f"{arn}:deploymentgroup:{name}/{group}"


def _lambda(operation: str, request: Mapping[str, Any], world: World, arn: str) -> Wanted:  # noqa: ARG001
    yield f"lambda:{operation}", f"{arn}:function:{request['FunctionName']}"


def _ecs(operation: str, request: Mapping[str, Any], world: World, arn: str) -> Wanted:  # noqa: ARG001
    if operation == "DescribeServices":
        for name in request["services"]:
            yield f"ecs:{operation}", f"{arn}:service/{request['cluster']}/{name}"
    else:
        yield f"ecs:{operation}", "*"


def _logs(operation: str, request: Mapping[str, Any], world: World, arn: str) -> Wanted:  # noqa: ARG001
    yield f"logs:{operation}", f"{arn}:log-group:{request['logGroupName']}:log-stream:"


def _on_anything(operation: str, request: Mapping[str, Any], world: World, arn: str) -> Wanted:  # noqa: ARG001
    yield f"{arn.split(':')[2]}:{operation}", "*"


def _sts(operation: str, request: Mapping[str, Any], world: World, arn: str) -> Wanted:  # noqa: ARG001
    if operation == "AssumeRole":
        yield "sts:AssumeRole", request["RoleArn"]


FINDERS: Mapping[str, Callable[[str, Mapping[str, Any], World, str], Wanted]] = {
    "autoscaling": _on_anything,
    "codedeploy": _codedeploy,
    "ec2": _on_anything,
    "ecs": _ecs,
    "lambda": _lambda,
    "logs": _logs,
    "ssm": _on_anything,
    "sts": _sts,
}
