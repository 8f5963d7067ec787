"""CreateDeployment refuses what the service refuses, under the same names."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.emulator.catalogue import BLUE_GREEN_STYLE
from tests.protocol.steps import APPSPEC, ARCHIVE, HELLO, code, deploy, end

if TYPE_CHECKING:
    from tests.harness import Start


RESTART: Any = {"deploymentMode": "RESTART", "revision": None}
SUSPENDING: Any = {"ec2DeploymentOptions": {"autoScalingGroupProcessesToSuspend": ["Terminate"]}}
ENABLED: Any = {"enabled": True}
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("ApplicationDoesNotExistException", {"applicationName": "hallo-web"}, "Server"),
    ("InvalidDeploymentGroupNameException", {"deploymentGroupName": "the group"}, "Server"),
    ("InvalidDeploymentConfigNameException", {"deploymentConfigName": "the config"}, "Server"),
    ("InvalidApplicationNameException", {"applicationName": "hello web"}, "Server"),
    ("DeploymentGroupDoesNotExistException", {"deploymentGroupName": "prod"}, "Server"),
    ("DeploymentConfigDoesNotExistException", {"deploymentConfigName": "Mine"}, "Server"),
    ("InvalidComputePlatformException", {"deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce"}, "Server"),
    ("DescriptionTooLongException", {"description": "x" * 257}, "Server"),
    ("ValidationException", {"fileExistsBehavior": "overwrite"}, "Server"),
    ("ValidationException", {"applicationName": ""}, "Server"),
    ("RevisionRequiredException", {"revision": {}}, "Server"),
    ("InvalidRevisionException", {"revision": APPSPEC}, "Server"),
    ("InvalidRevisionException", {"revision": ARCHIVE}, "Lambda"),
    (
        "InvalidRevisionException",
        {"revision": {"revisionType": "S3", "s3Location": {"bucket": "b"}}},
        "Server",
    ),
    (
        "InvalidRevisionException",
        {
            "revision": {
                "revisionType": "GitHub",
                "gitHubLocation": {"repository": "acme/hello-web", "commitId": "main"},
            }
        },
        "Server",
    ),
    (
        "InvalidRevisionException",
        {"revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": "a", "sha256": "b"}}},
        "ECS",
    ),
    (
        "RevisionDoesNotExistException",
        {
            "revision": {
                "revisionType": "S3",
                "s3Location": {"bucket": "b", "key": "never-registered", "bundleType": "zip"},
            }
        },
        "Server",
    ),
    ("InvalidFileExistsBehaviorException", {"fileExistsBehavior": "OVERWRITE"}, "Lambda"),
    ("InvalidIgnoreApplicationStopFailuresValueException", {"ignoreApplicationStopFailures": True}, "ECS"),
    ("InvalidUpdateOutdatedInstancesOnlyValueException", {"updateOutdatedInstancesOnly": True}, "ECS"),
    ("InvalidTargetInstancesException", {"targetInstances": {"autoScalingGroups": ["a"]}}, "Lambda"),
    ("InvalidTargetInstancesException", {"targetInstances": {"tagFilters": [{"Value": "a"}]}}, "Server"),
    (
        "InvalidTargetInstancesException",
        {"targetInstances": {"tagFilters": [], "ec2TagSet": {"ec2TagSetList": []}}},
        "Server",
    ),
    ("InvalidTargetInstancesException", {"targetInstances": {}}, "Server"),
    ("ValidationException", {"autoRollbackConfiguration": {"events": ["FULL_MOON"]}}, "Server"),
    ("InvalidAutoRollbackConfigException", {"autoRollbackConfiguration": ENABLED}, "Server"),
    (
        "InvalidAlarmConfigException",
        {"overrideAlarmConfiguration": {"alarms": [{"name": "a"}] * 2}},
        "Server",
    ),
    (
        "AlarmsLimitExceededException",
        {"overrideAlarmConfiguration": {"alarms": [{"name": str(number)} for number in range(11)]}},
        "Server",
    ),
    ("DeploymentGroupNameRequiredException", {"deploymentGroupName": None}, "Server"),
    (
        "InvalidAlarmConfigException",
        {"overrideAlarmConfiguration": {"alarms": [{"name": "a" * 256}]}},
        "Server",
    ),
    ("InvalidRevisionException", {"revision": {"revisionType": "String", "string": {"content": "a"}}}, "ECS"),
    ("InvalidTargetInstancesException", {"targetInstances": {"autoScalingGroups": ["a"]}}, "Server"),
    ("InvalidInputException", RESTART, "Lambda"),
    ("InvalidInputException", RESTART, "ECS"),
    ("InvalidInputException", {"deploymentMode": "RESTART"}, "Server"),
    ("InvalidInputException", {**RESTART, "updateOutdatedInstancesOnly": True}, "Server"),
    ("InvalidAutoScalingGroupProcessToSuspendException", SUSPENDING, "Server"),
    ("InvalidAutoScalingGroupProcessToSuspendException", SUSPENDING, "ECS"),
    (
        "ValidationException",
        {"ec2DeploymentOptions": {"autoScalingGroupProcessesToSuspend": ["terminate"]}},
        "Server",
    ),
    ("InvalidAlarmConfigException", {"overrideAlarmConfiguration": ENABLED}, "Server"),
]


@pytest.mark.parametrize(("exception", "changes", "platform"), REFUSED)
def test_create_deployment_refuses_as_the_service_does(
    still_emulator: Start, exception: str, changes: dict[str, Any], platform: str
) -> None:
    names = {"Server": "hello-web", "Lambda": "shop-lambda", "ECS": "shop-ecs"}
    request = {"applicationName": names[platform], "deploymentGroupName": "production"}
    request["revision"] = ARCHIVE if platform == "Server" else APPSPEC
    stand_in = still_emulator()
    codedeploy = stand_in.client(config=Config(parameter_validation=False))
    codedeploy.register_application_revision(applicationName="hello-web", revision=ARCHIVE)
    with pytest.raises(ClientError) as error:
        codedeploy.create_deployment(**{k: v for k, v in {**request, **changes}.items() if v is not None})
    assert code(error) == exception
    assert stand_in.deployments == []


def test_what_depends_on_the_group_is_refused_by_the_group(still_emulator: Start) -> None:
    """Instances are chosen blue/green only; a restart and suspended processes are in place only."""
    stand_in = still_emulator()
    codedeploy = stand_in.client()
    settings = stand_in.world.group("hello-web", "production").settings
    settings |= {"autoScalingGroups": [{"name": "web", "hook": "h"}]}
    end(stand_in, deploy(codedeploy, **SUSPENDING))
    settings |= BLUE_GREEN_STYLE
    for refused in (SUSPENDING, {"deploymentMode": "RESTART"}):
        with pytest.raises(ClientError):
            deploy(codedeploy, **refused)
    assert deploy(codedeploy, targetInstances={"autoScalingGroups": ["a"]}, deploymentMode="STANDARD")


def test_a_restart_is_of_the_last_successful_revision(still_emulator: Start) -> None:
    stand_in = still_emulator()
    codedeploy = stand_in.client()
    request: Any = {**HELLO, "deploymentMode": "RESTART"}
    info = end(stand_in, codedeploy.create_deployment(**request)["deploymentId"])
    assert info["revision"]["s3Location"]["key"] == "hello-web/yesterday.zip"
    assert info["deploymentMode"] == "RESTART"
    with pytest.raises(ClientError) as error:
        codedeploy.create_deployment(**{**request, "deploymentGroupName": "staging"}, revision=ARCHIVE)
    assert code(error) == "InvalidInputException"
    stand_in.world.deployments.clear()
    with pytest.raises(ClientError):
        codedeploy.create_deployment(**request)


@pytest.mark.parametrize("member", ["ignoreApplicationStopFailures", "updateOutdatedInstancesOnly"])
def test_false_is_what_other_platforms_expect(still_emulator: Start, member: str) -> None:
    names: Any = {"applicationName": "shop-lambda", "deploymentGroupName": "production"}
    assert still_emulator().client().create_deployment(**names, revision=APPSPEC, **{member: False})


UNKNOWN: Any = {"deploymentId": "d-UNKNOWN00"}
OTHERS: list[tuple[str, str, dict[str, Any]]] = [
    ("DeploymentDoesNotExistException", "get_deployment", UNKNOWN),
    ("InvalidDeploymentIdException", "get_deployment", {"deploymentId": "7"}),
    ("BatchLimitExceededException", "batch_get_deployments", {"deploymentIds": ["d-UNKNOWN00"] * 26}),
    ("DeploymentDoesNotExistException", "list_deployment_targets", UNKNOWN),
    ("DeploymentDoesNotExistException", "stop_deployment", UNKNOWN),
    ("DeploymentIdRequiredException", "continue_deployment", {}),
    ("InvalidNextTokenException", "list_applications", {"nextToken": "next"}),
    ("ApplicationNameRequiredException", "list_deployments", {"deploymentGroupName": "production"}),
    ("ApplicationDoesNotExistException", "list_deployments", {"applicationName": "other"}),
    ("InvalidTimeRangeException", "list_deployments", {"createTimeRange": {"start": 2, "end": 1}}),
    ("DeploymentConfigDoesNotExistException", "get_deployment_config", {"deploymentConfigName": "Mine"}),
    (
        "BucketNameFilterRequiredException",
        "list_application_revisions",
        {"applicationName": "hello-web", "s3KeyPrefix": "a"},
    ),
    (
        "RevisionDoesNotExistException",
        "get_application_revision",
        {"applicationName": "hello-web", "revision": ARCHIVE},
    ),
    ("ValidationException", "get_application", {"applicationName": "x" * 101}),
    ("UnknownOperationException", "delete_application", {"applicationName": "hello-web"}),
]


@pytest.mark.parametrize(("exception", "operation", "request_"), OTHERS)
def test_other_operations_refuse_as_the_service_does(
    still_emulator: Start, exception: str, operation: str, request_: dict[str, Any]
) -> None:
    codedeploy = still_emulator().client(config=Config(parameter_validation=False))
    with pytest.raises(ClientError) as error:
        getattr(codedeploy, operation)(**request_)
    assert code(error) == exception


def test_targets_and_waits_that_are_not_there(still_emulator: Start) -> None:
    stand_in = still_emulator("stuck")
    codedeploy = stand_in.client()
    deployment = deploy(codedeploy)
    stand_in.clock.sleep(5.0)
    with pytest.raises(ClientError) as target:
        codedeploy.get_deployment_target(deploymentId=deployment, targetId="i-0")
    with pytest.raises(ClientError) as none:
        codedeploy.batch_get_deployment_targets(deploymentId=deployment, targetIds=[])
    with pytest.raises(ClientError) as wait:
        codedeploy.continue_deployment(deploymentId=deployment)
    assert code(target) == "DeploymentTargetDoesNotExistException"
    assert code(none) == "DeploymentTargetIdRequiredException"
    assert code(wait) == "UnsupportedActionForDeploymentTypeException"


@pytest.mark.parametrize(
    ("body", "exception"),
    [(b"{}", "MissingAuthenticationTokenException"), (b"{", "SerializationException")],
)
def test_requests_that_no_sdk_sends(still_emulator: Start, body: bytes, exception: str) -> None:
    headers = {"X-Amz-Target": "CodeDeploy_20141006.ListApplications"}
    request = urllib.request.Request(still_emulator().url, body, headers)  # noqa: S310
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request)  # noqa: S310
    assert json.load(error.value)["__type"] == exception
