"""Stage: groups → whether what they deploy to can take the deployment, as far as access allows."""

from __future__ import annotations

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
    from deployer.live.targets import Targets
    from deployer.run import Run


def survey(requests: Sequence[DeploymentRequest], groups: Sequence[Group], *, aws: Aws, run: Run) -> None:
    """Look at what each group deploys to, and say how many instances that is.

    Annotates what may be wrong; raises InvalidInput with all that is certain to fail. It is part of the
    checks before anything is sent, and off with them.
    """
    if run.settings.pre_flight is PreFlight.OFF:
        return
    resource = _resource(run.outcome.bundle)
    problems: list[Problem] = []
    for request, group in zip(requests, groups, strict=True):
        if group.targets:
            reader = Reader(aws, run.clock, run.ci.debug)
            problems += _problems(request, group, group.targets, resource, reader=reader, run=run)
    if errors := run.judged(problems):
        raise InvalidInput(*errors)


def _resource(bundle: Bundle | None) -> Resource | None:
    from deployer.appspec.resource import resource_of

    return resource_of(bundle.contents) if bundle and isinstance(bundle.contents, AppSpecFile) else None


def _problems(  # noqa: PLR0913 - its surroundings are keyword-only
    request: DeploymentRequest,
    group: Group,
    targets: Targets,
    resource: Resource | None,
    *,
    reader: Reader,
    run: Run,
) -> Iterator[Problem]:
    if group.platform == ComputePlatform.LAMBDA:
        yield from judge_alias(resource, reader) if resource else ()
    elif group.platform == ComputePlatform.ECS:
        for service in targets.services:
            found = read_service(service, reader)
            yield from judge_service(group.label, targets, service, found, resource)
    elif group.platform == ComputePlatform.SERVER:
        yield from _instances(request, group, targets, reader=reader, run=run)


def _instances(
    request: DeploymentRequest, group: Group, targets: Targets, *, reader: Reader, run: Run
) -> Iterator[Problem]:
    """Yield the problems of the instances that a deployment goes to.

    Blue/green, these are the replacement environment: the instances that the request names, or ones that do
    not exist yet. Where only outdated instances are deployed to, how many those are is not known here.
    """
    parameters, selection = request.parameters, targets.selection
    if group.blue_green:
        selection = selection_of(parameters.get("targetInstances") or {})
        if targets.copied or not selection:
            return
    outdated_only = parameters.get("updateOutdatedInstancesOnly")
    config = "" if outdated_only else parameters.get("deploymentConfigName") or targets.config
    fleet = read_fleet(selection, config=config, reader=reader)
    if text := lines.fleet(group.label, fleet):
        run.ci.say(text)
    yield from judge(group.label, selection, fleet)
