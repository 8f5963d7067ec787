"""What is asked of CreateDeployment, against what the revision is for."""

from __future__ import annotations

import pytest

from deployer.choices import ComputePlatform
from deployer.deployment.platform import reject_misfits
from deployer.deployment.request import DeploymentRequest
from deployer.errors import InvalidInput

FOR_INSTANCES = frozenset({ComputePlatform.SERVER})
FOR_LAMBDA = frozenset({ComputePlatform.LAMBDA})
FOR_EITHER = frozenset({ComputePlatform.LAMBDA, ComputePlatform.ECS})


def asked(**parameters: object) -> list[DeploymentRequest]:
    return [DeploymentRequest("shop", group, parameters) for group in ("staging", "production")]


def problems(requests: list[DeploymentRequest], possible: frozenset[ComputePlatform]) -> list[str]:
    """What is wrong with the requests, if anything."""
    try:
        reject_misfits(requests, possible)
    except InvalidInput as error:
        return [problem.message for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("member", "name"),
    [
        ("fileExistsBehavior", "file-exists-behavior"),
        ("ignoreApplicationStopFailures", "ignore-application-stop-failures"),
        ("updateOutdatedInstancesOnly", "update-outdated-instances-only"),
        ("targetInstances", "target-instances"),
        ("ec2DeploymentOptions", "parameters"),
    ],
)
def test_what_is_for_instances_is_named_once_with_its_input(member: str, name: str) -> None:
    for value, possible in ((True, FOR_INSTANCES), (False, FOR_LAMBDA)):
        assert problems(asked(**{member: value}), possible) == []
    assert problems(asked(**{member: True}), FOR_EITHER) == [
        f"Input {name}: {member} is for instances, and this revision is for Lambda or ECS."
    ]


@pytest.mark.parametrize(
    ("config", "possible"),
    [
        ("CodeDeployDefault.OneAtATime", FOR_INSTANCES),
        ("CodeDeployDefault.LambdaAllAtOnce", FOR_LAMBDA),
        ("CodeDeployDefault.ECSAllAtOnce", FOR_EITHER),
        ("our-own", FOR_LAMBDA),
    ],
)
def test_a_configuration_may_be_for_any_platform_left(
    config: str, possible: frozenset[ComputePlatform]
) -> None:
    assert problems(asked(deploymentConfigName=config), possible) == []


@pytest.mark.parametrize(
    ("config", "possible", "said"),
    [
        (
            "CodeDeployDefault.OneAtATime",
            FOR_LAMBDA,
            "is for EC2 and on-premises instances, and this revision is for Lambda.",
        ),
        (
            "CodeDeployDefault.ECSAllAtOnce",
            FOR_INSTANCES,
            "is for ECS, and this revision is for EC2 and on-premises instances.",
        ),
        (
            "CodeDeployDefault.LambdaAllAtOnce",
            FOR_INSTANCES,
            "is for Lambda, and this revision is for EC2 and on-premises instances.",
        ),
    ],
)
def test_a_configuration_for_another_platform_is_refused(
    config: str, possible: frozenset[ComputePlatform], said: str
) -> None:
    assert problems(asked(deploymentConfigName=config), possible) == [
        f"Input deployment-config: {config} {said}"
    ]


def test_without_a_deployment_there_is_nothing_to_misfit() -> None:
    assert problems([], FOR_LAMBDA) == []
    assert problems(asked(), FOR_LAMBDA) == []


@pytest.mark.parametrize(("own", "made"), [({}, ""), ({"description": "mine"}, "mine")])
def test_a_description_is_made_of_the_user_s_own_if_any(own: dict[str, str], made: str) -> None:
    request = DeploymentRequest("shop", "production", {**own, "deploymentConfigName": "c"})
    described = request.described("run 7: {}".format)
    assert described.parameters == {"deploymentConfigName": "c", "description": f"run 7: {made}"}
    assert request.described(lambda _: "").parameters == {"deploymentConfigName": "c"}
