"""CreateDeployment refuses what the service refuses, under the same names."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.protocol.steps import APPSPEC, ARCHIVE, code, deploy

if TYPE_CHECKING:
    from tests.harness import Start


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
