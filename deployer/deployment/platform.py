"""The compute platform, derived from the revision and as the service reports it, and its consequences.

Looking at the application and its groups is optional: where it is denied, nothing is known, and the service
will say later what it thinks. A group that does not exist is found here, before anything is uploaded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deployer.appspec.parse import parse
from deployer.aws.client import group_arn
from deployer.aws.errors import error_code, is_credentials, sdk_errors, translate
from deployer.choices import ComputePlatform
from deployer.errors import InvalidInput, Problem
from deployer.revision import AppSpecRevision, BundleType, GitHubRevision, S3Revision
from deployer.rules import resources as rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deployer.appspec.model import AppSpec
    from deployer.aws.client import Aws
    from deployer.bundle.contents import Bundle
    from deployer.deployment.request import DeploymentRequest
    from deployer.revision import Revision


_SERVER_ONLY = (
    "fileExistsBehavior",
    "ignoreApplicationStopFailures",
    "updateOutdatedInstancesOnly",
    "targetInstances",
)
_CONFIG = re.compile(r"CodeDeployDefault\.(Lambda|ECS)?")
_SERVER = frozenset({ComputePlatform.SERVER})
_EITHER = frozenset({ComputePlatform.LAMBDA, ComputePlatform.ECS})
_TYPES = {BundleType.YAML, BundleType.JSON}
_ABSENT = ("ApplicationDoesNotExistException", "DeploymentGroupDoesNotExistException")


def platforms_of(subject: Bundle | Revision) -> frozenset[ComputePlatform]:
    """Return the platforms that a bundle or revision may be for, as far as known without asking S3."""
    if isinstance(subject, AppSpecRevision):
        return _of(parse((subject.content or "").encode(), path="").appspec)
    if isinstance(subject, GitHubRevision) or subject.type not in _TYPES:
        return _SERVER
    return _EITHER if isinstance(subject, S3Revision) else _of(subject.appspec)


def _of(appspec: AppSpec | None) -> frozenset[ComputePlatform]:
    return frozenset({appspec.compute_platform}) if appspec else _EITHER


def reject_misfits(requests: Sequence[DeploymentRequest], possible: frozenset[ComputePlatform]) -> None:
    """Raise InvalidInput with each parameter that none of the possible platforms takes.

    The requests for several groups have the same parameters. The rules are those of the API reference.
    """
    parameters = requests[0].parameters if requests else {}
    names = _labels(possible)
    problems = [
        Problem(
            f"Input {_kebab(member)}: {member} is for instances, and this revision is for {names}.",
            "Remove it: CodeDeploy would reject the deployment.",
        )
        for member in _SERVER_ONLY
        if member in parameters and ComputePlatform.SERVER not in possible
    ]
    config = str(parameters.get("deploymentConfigName", ""))
    if match := _CONFIG.match(config):
        platform = ComputePlatform(match[1] or "Server")
        if platform not in possible:
            problems.append(
                Problem(
                    f"Input deployment-config: {config} is for {platform.label}, and this revision is for "
                    f"{names}.",
                    "Name a configuration for the right platform, or remove the input to use the group's.",
                )
            )
    if problems:
        raise InvalidInput(*problems)


def confirm_platform(
    application: str, group: str, possible: frozenset[ComputePlatform], *, aws: Aws
) -> frozenset[ComputePlatform]:
    """Return the platforms left after asking the service for that of the group, or of the application.

    `group` may be empty. Raises InvalidInput when the revision is for another platform, or when there is no
    such application or group; other DeployErrors only where the credentials cannot be used.
    """
    told = (group and _ask(application, group, aws)) or _ask(application, "", aws)
    if told not in set(ComputePlatform):
        return possible
    found = ComputePlatform(told)
    if found not in possible:
        names = _labels(possible)
        facts = {"application": application, "expected": found.label, "found": names}
        raise InvalidInput(rules.PLATFORM.problem(None, **facts))
    return frozenset({found})


def _ask(application: str, group: str, aws: Aws) -> str | None:
    """Return the platform of the group, or of the application if `group` is empty; None if unknown."""
    client = aws.codedeploy_optional
    try:
        if group:
            answer = client.get_deployment_group(applicationName=application, deploymentGroupName=group)
            return answer["deploymentGroupInfo"].get("computePlatform")
        return client.get_application(applicationName=application)["application"].get("computePlatform")
    except sdk_errors() as error:
        if error_code(error) not in _ABSENT and not is_credentials(error):
            return None
        arn = group_arn(application, group, region=aws.region)
        raise translate(error, action="codedeploy:GetDeploymentGroup", resource=arn) from error


def _labels(platforms: frozenset[ComputePlatform]) -> str:
    return " or ".join(platform.label for platform in ComputePlatform if platform in platforms)


def _kebab(member: str) -> str:
    return re.sub(r"(?=[A-Z])", "-", member).lower()
