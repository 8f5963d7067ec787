"""Stage: groups → whether what they deploy to can take the deployment, as far as access allows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deployer.appspec.inline import AppSpecFile
from deployer.choices import ComputePlatform, PreFlight
from deployer.errors import InvalidInput
from deployer.fleet.judge import judge
from deployer.fleet.read import Reader, read_fleet
from deployer.fleet.services import judge_alias, judge_service, read_service
from deployer.live.targets import selection_of
from deployer.report import lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deployer.appspec.resource import Resource
    from deployer.aws.client import Aws
    from deployer.bundle.contents import Bundle
    from deployer.deployment.request import DeploymentRequest
    from deployer.errors import Problem
    from deployer.live.group import Group
    from deployer.live.targets import Selection, Targets
    from deployer.run import Run


def survey(
    requests: Sequence[DeploymentRequest], groups: Sequence[Group], *, aws: Aws, run: Run
) -> tuple[Group, ...]:
    """Look at what each group deploys to, and return the groups with the number of their instances.

    Annotates what may be wrong; raises InvalidInput with all that is certain to fail. It is part of the
    checks before anything is sent, and off with them.
    """
    if run.settings.pre_flight is PreFlight.OFF:
        return tuple(groups)
    resource = _resource(run.outcome.bundle)
    problems: list[Problem] = []
    seen = []
    reader = Reader(aws, run.clock, run.ci.debug)
    for request, group in zip(requests, groups, strict=True):
        reader.begin()
        selection = _selection(request, group)
        if selection is not None:
            fleet = read_fleet(selection, config=_configuration(request, group.targets), reader=reader)
            if text := lines.fleet(group.label, fleet):
                run.ci.say(text)
            problems += judge(group.label, selection, fleet)
            seen.append(replace(group, instances=fleet.total))
        else:
            problems += _elsewhere(group, resource, reader)
            seen.append(group)
    if errors := run.judged(problems):
        raise InvalidInput(*errors)
    return tuple(seen)


def _resource(bundle: Bundle | None) -> Resource | None:
    from deployer.appspec.resource import resource_of

    return resource_of(bundle.contents) if bundle and isinstance(bundle.contents, AppSpecFile) else None


def _selection(request: DeploymentRequest, group: Group) -> Selection | None:
    """Return the instances that a deployment goes to; None if there are none, or if they are not known yet.

    Blue/green, these are the replacement environment: the instances that the request names, or ones that
    CodeDeploy is about to make.
    """
    if group.targets is None or group.platform != ComputePlatform.SERVER:
        return None
    if not group.blue_green:
        return group.targets.selection
    named = selection_of(request.parameters.get("targetInstances") or {})
    return named if named and not group.targets.copied else None


def _configuration(request: DeploymentRequest, targets: Targets | None) -> str:
    """Return the deployment configuration; empty where only outdated instances are deployed to.

    How many those are, which it is about, is not known here.
    """
    if request.parameters.get("updateOutdatedInstancesOnly"):
        return ""
    return request.parameters.get("deploymentConfigName") or (targets.config if targets else "")


def _elsewhere(group: Group, resource: Resource | None, reader: Reader) -> Iterator[Problem]:
    """Yield the problems of what is deployed to by Lambda or ECS."""
    if group.platform == ComputePlatform.LAMBDA and resource:
        yield from judge_alias(resource, reader)
    if group.platform == ComputePlatform.ECS and group.targets:
        for service in group.targets.services:
            found = read_service(service, reader)
            yield from judge_service(group.label, group.targets, service, found, resource)
