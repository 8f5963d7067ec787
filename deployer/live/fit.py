"""The parts of a request that a deployment group does not take, by the API reference of CreateDeployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.choices import ComputePlatform
from deployer.deployment.holder import RESTART
from deployer.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from deployer.deployment.request import DeploymentRequest
    from deployer.live.group import Group

_REMOVE = "Remove it: CodeDeploy would reject the deployment."


def reject_unfit(requests: Iterable[DeploymentRequest], groups: Iterable[Group]) -> None:
    """Raise InvalidInput with all that the groups do not take of their requests, as far as they are known."""
    problems = [
        problem
        for request, group in zip(requests, groups, strict=False)
        for problem in _unfit(request, group)
    ]
    if problems:
        raise InvalidInput(*problems)


def _unfit(request: DeploymentRequest, group: Group) -> Iterator[Problem]:
    parameters, name = request.parameters, f"{group.application}/{group.name}"
    if parameters.get("deploymentMode") == RESTART:
        if group.platform not in {"", ComputePlatform.SERVER}:
            yield _problem("restart", f"{name} deploys to {group.platform}", "restarts instances only")
        elif group.blue_green:
            yield _problem("restart", f"{name} deploys blue/green", "restarts in place only")
    if group.platform != ComputePlatform.SERVER:
        return
    if "targetInstances" in parameters and group.blue_green is False:
        yield _problem(
            "target-instances", f"{name} deploys in place", "takes instances for blue/green deployments only"
        )
    options = parameters.get("ec2DeploymentOptions") or {}
    if options.get("autoScalingGroupProcessesToSuspend"):
        if group.blue_green:
            yield _problem("parameters", f"{name} deploys blue/green", "suspends processes in place only")
        elif group.scales is False:
            yield _problem("parameters", f"{name} has no Auto Scaling group", "has no processes to suspend")


def _problem(name: str, fact: str, rule: str) -> Problem:
    return Problem(f"Input {name}: {fact}, and CodeDeploy {rule}.", _REMOVE)
