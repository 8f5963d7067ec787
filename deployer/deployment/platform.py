"""The compute platform, derived from the revision and as the service reports it, and its consequences.

Looking at the application is optional: where it is denied, nothing is known, and the service will say later
what it thinks. One that does not exist is found here, before anything is uploaded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deployer.appspec.parse import parse
from deployer.aws.client import application_arn
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


_SERVER_ONLY = {
    "fileExistsBehavior": "file-exists-behavior",
    "ignoreApplicationStopFailures": "ignore-application-stop-failures",
    "updateOutdatedInstancesOnly": "update-outdated-instances-only",
    "targetInstances": "target-instances",
    "ec2DeploymentOptions": "parameters",
}
"""Members of CreateDeployment for instances only, with their inputs; other platforms expect false."""

_CONFIG = re.compile(r"CodeDeployDefault\.(Lambda|ECS)?")
_SERVER = frozenset({ComputePlatform.SERVER})
_EITHER = frozenset({ComputePlatform.LAMBDA, ComputePlatform.ECS})
_TYPES = {BundleType.YAML, BundleType.JSON}


def platforms_of(subject: Bundle | Revision | None) -> frozenset[ComputePlatform]:
    """Return the platforms that a bundle or revision may be for, as far as known without asking S3.

    None stands for a restart, which is for instances.
    """
    if subject is None:
        return _SERVER
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
            f"Input {name}: {member} is for instances, and this revision is for {names}.",
            "Remove it: CodeDeploy would reject the deployment.",
        )
        for member, name in _SERVER_ONLY.items()
        if parameters.get(member) and ComputePlatform.SERVER not in possible
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
    application: str, of_group: str, possible: frozenset[ComputePlatform], *, aws: Aws
) -> frozenset[ComputePlatform]:
    """Return the platforms left by what the service says of a group, or else of the application.

    `of_group` is empty if there is no group, or nothing is known of it. Raises InvalidInput when the revision
    is for another platform, or when there is no such application; other DeployErrors only where the
    credentials cannot be used.
    """
    named = of_group or _of_application(application, aws)
    if named not in set(ComputePlatform):
        return possible
    found = ComputePlatform(named)
    if found not in possible:
        names = _labels(possible)
        facts = {"application": application, "expected": found.label, "found": names}
        raise InvalidInput(rules.PLATFORM.problem(None, **facts))
    return frozenset({found})


def _of_application(application: str, aws: Aws) -> str:
    """Return the platform of the application; empty if unknown."""
    try:
        answer = aws.codedeploy_optional.get_application(applicationName=application)
    except sdk_errors() as error:
        if error_code(error) != "ApplicationDoesNotExistException" and not is_credentials(error):
            return ""
        arn = application_arn(application, region=aws.region)
        raise translate(error, action="codedeploy:GetApplication", resource=arn) from error
    return answer["application"].get("computePlatform", "")


def _labels(platforms: frozenset[ComputePlatform]) -> str:
    return " or ".join(platform.label for platform in ComputePlatform if platform in platforms)
