"""What CreateDeployment is asked for, and what is refused before it or before AWS at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.catalogue import BLUE_GREEN_STYLE

if TYPE_CHECKING:
    from tests.emulator import Emulator
    from tests.harness import RunLine, Start
    from tests.s3 import S3Server


GROUP = {"applicationName", "deploymentGroupName", "revision", "description"}
TASK = "TASK_DEFINITION=arn:aws:ecs:eu-west-1:123456789012:task-definition/shop-web:41"
ECS = {
    "INPUT_APPLICATION": "shop-ecs",
    "INPUT_SOURCE": "examples/shop-ecs",
    "INPUT_BUCKET": "",
    "INPUT_APPSPEC-VARIABLES": TASK,
}
EVERYTHING = {
    "INPUT_DEPLOYMENT-CONFIG": "CodeDeployDefault.AllAtOnce",
    "INPUT_DESCRIPTION": "x" * 300,
    "INPUT_FILE-EXISTS-BEHAVIOR": "retain",
    "INPUT_IGNORE-APPLICATION-STOP-FAILURES": "false",
    "INPUT_UPDATE-OUTDATED-INSTANCES-ONLY": "true",
    "INPUT_TARGET-INSTANCES": (
        "autoScalingGroups: [web]\nec2TagSet:\n  ec2TagSetList:\n    - - {Key: Stage, Type: KEY_ONLY}"
    ),
    "INPUT_AUTO-ROLLBACK": "deployment_failure, DEPLOYMENT_STOP_ON_ALARM",
    "INPUT_ALARMS": "errors\nlatency p99\n",
    "INPUT_PARAMETERS": '{"deploymentMode": "STANDARD"}',
}


def sent(emulator: Emulator) -> Any:  # noqa: ANN401 - AWS's request
    (request,) = [call.parameters for call in emulator.calls if call.operation == "CreateDeployment"]
    return request


def test_what_is_not_given_is_not_sent(still_emulator: Start, run_line: RunLine) -> None:
    """The group decides; only the description says where the deployment comes from."""
    service = still_emulator()
    run_line(service, "--stop-after", "deploy", environ={"GITHUB_SHA": "c" * 40, "GITHUB_REPOSITORY": "a/b"})
    assert set(sent(service)) == GROUP
    assert sent(service)["description"] == "[a/b@cccccccccccc]"


def test_everything_that_is_given_is_sent_as_the_service_spells_it(
    still_emulator: Start, run_line: RunLine
) -> None:
    """To a blue/green group: only there instances can be chosen."""
    service = still_emulator()
    service.world.group("hello-web", "production").settings |= BLUE_GREEN_STYLE
    ran = run_line(service, "--stop-after", "deploy", environ=EVERYTHING)
    assert ran.code == 0, ran.log
    request = {name: value for name, value in sent(service).items() if name not in GROUP}
    assert request == {
        "deploymentConfigName": "CodeDeployDefault.AllAtOnce",
        "fileExistsBehavior": "RETAIN",
        "ignoreApplicationStopFailures": False,
        "updateOutdatedInstancesOnly": True,
        "targetInstances": {
            "autoScalingGroups": ["web"],
            "ec2TagSet": {"ec2TagSetList": [[{"Key": "Stage", "Type": "KEY_ONLY"}]]},
        },
        "autoRollbackConfiguration": {
            "enabled": True,
            "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"],
        },
        "overrideAlarmConfiguration": {
            "enabled": True,
            "alarms": [{"name": "errors"}, {"name": "latency p99"}],
        },
        "deploymentMode": "STANDARD",
    }
    assert sent(service)["description"] == "x" * 255 + "…"


def test_rollback_and_alarms_can_be_switched_off_for_one_deployment(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    run_line(service, "--stop-after", "deploy", "--auto-rollback", "disabled", "--alarms", "disabled")
    assert sent(service)["autoRollbackConfiguration"] == {"enabled": False}
    assert sent(service)["overrideAlarmConfiguration"] == {"enabled": False}


def test_a_parameter_with_an_input_of_its_own_may_be_written_in_full(
    still_emulator: Start, run_line: RunLine
) -> None:
    """The input `alarms` has no word for this."""
    wish = "overrideAlarmConfiguration: {enabled: true, ignorePollAlarmFailure: true, alarms: [{name: a}]}"
    service = still_emulator()
    assert run_line(service, "--stop-after", "deploy", "--parameters", wish).code == 0
    assert sent(service)["overrideAlarmConfiguration"]["ignorePollAlarmFailure"] is True


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"TARGET-INSTANCES": "tagFilter: []"},
            "Input target-instances: targetInstances.tagFilter is unknown to CodeDeploy",
        ),
        (
            {"TARGET-INSTANCES": "tagFilters: [{Key: a, Type: KEY}]"},
            "targetInstances.tagFilters[0].Type is 'KEY', which is not allowed",
        ),
        ({"TARGET-INSTANCES": "autoScalingGroups: web"}, "targetInstances.autoScalingGroups is 'web', not a"),
        ({"TARGET-INSTANCES": "ec2TagSet: [1]"}, "targetInstances.ec2TagSet is a list, not names and values"),
        ({"TARGET-INSTANCES": "tagFilters: [{Key: 1}]"}, "tagFilters[0].Key is 1, not text"),
        ({"TARGET-INSTANCES": "tagFilters: [{Key: }]"}, "tagFilters[0].Key is empty, not text"),
        (
            {"PARAMETERS": "deploymentMod: STANDARD"},
            "Input parameters: deploymentMod is unknown to CodeDeploy",
        ),
        (
            {"PARAMETERS": "overrideAlarmConfiguration: {enabled: 1}"},
            "overrideAlarmConfiguration.enabled is 1, not true or false",
        ),
        (
            {"PARAMETERS": "ec2DeploymentOptions: {autoScalingGroupProcessesToSuspend: [a, b, c, d, e]}"},
            "autoScalingGroupProcessesToSuspend has 5 items",
        ),
        ({"PARAMETERS": "zebra: 1"}, "Known: applicationName, deploymentGroupName, revision"),
    ],
)
def test_what_the_service_s_model_does_not_know_is_told_with_its_path(
    still_emulator: Start, run_line: RunLine, given: dict[str, str], said: str
) -> None:
    """Before a file is packed, and without a word to AWS."""
    service = still_emulator()
    ran = run_line(service, environ={f"INPUT_{name}": text for name, text in given.items()})
    assert ran.code == 2
    assert said in ran.log.replace("%0A", "\n")
    assert "Package" not in ran.log
    assert service.calls == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FILE-EXISTS-BEHAVIOR", "OVERWRITE"),
        ("IGNORE-APPLICATION-STOP-FAILURES", "true"),
        ("UPDATE-OUTDATED-INSTANCES-ONLY", "true"),
        ("TARGET-INSTANCES", "autoScalingGroups: [web]"),
        ("DEPLOYMENT-CONFIG", "CodeDeployDefault.AllAtOnce"),
        ("DEPLOYMENT-CONFIG", "CodeDeployDefault.LambdaAllAtOnce"),
    ],
)
def test_what_is_for_other_platforms_is_refused_without_aws(
    still_emulator: Start, run_line: RunLine, name: str, value: str
) -> None:
    """The service refuses each of these too, but only once everything is uploaded and registered."""
    service = still_emulator("ecs")
    ran = run_line(service, "--stop-after", "package", environ={**ECS, f"INPUT_{name}": value})
    assert ran.code == 2
    assert f"Input {name.lower()}: " in ran.log
    assert "this revision is for ECS" in ran.log
    assert service.calls == []


def test_a_configuration_of_one_s_own_is_left_to_the_service(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator("ecs")
    ran = run_line(service, environ={**ECS, "INPUT_DEPLOYMENT-CONFIG": "slowly"})
    assert ran.code == 2
    assert "DeploymentConfigDoesNotExistException" in ran.log


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (
            {"INPUT_APPLICATION": "shop-ecs"},
            "The application shop-ecs deploys to ECS; this revision is for EC2 and on-premises instances.",
        ),
        (
            {**ECS, "INPUT_APPLICATION": "shop-lambda"},
            "The application shop-lambda deploys to Lambda; this revision is for ECS.",
        ),
        (
            {**ECS, "INPUT_APPLICATION": "hello-web"},
            "The application hello-web deploys to EC2 and on-premises instances; this revision is for ECS.",
        ),
    ],
)
def test_a_disagreement_about_the_platform_says_both(
    still_emulator: Start, run_line: RunLine, s3: S3Server, inputs: dict[str, str], said: str
) -> None:
    """Before the upload: neither S3 nor CodeDeploy has anything of it."""
    service = still_emulator(bucket_store=s3)
    ran = run_line(service, environ={**inputs, "AWS_ENDPOINT_URL_S3": service.url})
    assert ran.code == 2
    assert f"title=appspec-platform::{said}" in ran.log
    assert {call.operation for call in service.calls} == {"GetDeploymentGroup", "GetDeployment"}


def test_an_appspec_in_s3_is_for_what_the_application_is_for(
    still_emulator: Start, run_line: RunLine
) -> None:
    """By its name it may be for Lambda or ECS; the application decides, also about the configuration."""
    service = still_emulator("lambda")
    given = {
        "INPUT_APPLICATION": "shop-lambda",
        "INPUT_SOURCE": "",
        "INPUT_REVISION": "s3://theirs/app.yaml",
        "INPUT_DEPLOYMENT-CONFIG": "CodeDeployDefault.ECSAllAtOnce",
    }
    ran = run_line(service, environ=given)
    assert ran.code == 2
    assert "CodeDeployDefault.ECSAllAtOnce is for ECS, and this revision is for Lambda." in ran.log


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"INPUT_APPLICATION": "hello-webb"}, "Did you mean hello-web?"),
        ({"INPUT_DEPLOYMENT-GROUP": "staging\nprodction"}, "Did you mean production?"),
        (
            {"INPUT_APPLICATION": "hello-web", "INPUT_DEPLOYMENT-GROUP": "zebra"},
            "Existing names: production, staging.",
        ),
    ],
)
def test_a_name_that_is_not_there_is_found_before_anything_is_deployed(
    still_emulator: Start, run_line: RunLine, inputs: dict[str, str], said: str
) -> None:
    """Also the last of several groups, while the first one is still as it was."""
    service = still_emulator()
    ran = run_line(service, environ=inputs)
    assert ran.code == 2
    assert said in ran.log
    assert not {"RegisterApplicationRevision", "CreateDeployment"} & {c.operation for c in service.calls}


def test_without_the_right_to_look_a_wrong_name_is_told_by_the_service(
    still_emulator: Start, run_line: RunLine
) -> None:
    """Looking is a courtesy: its denial costs nothing but the early word."""
    service = still_emulator(policy=_all_but("codedeploy:GetDeploymentGroup", "codedeploy:GetApplication"))
    ran = run_line(service, "--stop-after", "deploy", environ={"INPUT_DEPLOYMENT-GROUP": "prodction"})
    assert ran.code == 2
    assert "DeploymentGroupDoesNotExistException" in ran.log
    assert run_line(service, "--stop-after", "deploy").code == 0


def test_credentials_that_do_not_hold_are_told_before_the_upload(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    service.faults.add("GetDeploymentGroup", "expired-token", times=9)
    ran = run_line(service)
    assert ran.code == 4
    assert "Upload" not in ran.log


def _all_but(*actions: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": list(actions), "Resource": "*"},
        ],
    }


def test_the_object_is_kept_as_asked_for(still_emulator: Start, run_line: RunLine, s3: S3Server) -> None:
    service = still_emulator(bucket_store=s3)
    ran = run_line(
        service,
        "--stop-after",
        "upload",
        environ={
            "AWS_ENDPOINT_URL_S3": service.url,
            "INPUT_KMS-KEY-ID": "alias/releases",
            "INPUT_ACL": "Bucket-Owner-Full-Control",
            "INPUT_STORAGE-CLASS": "standard_ia",
            "INPUT_OBJECT-TAGS": "team=web\nkeep=a year",
            "INPUT_EXPECTED-BUCKET-OWNER": "123456789012",
        },
    )
    assert ran.code == 0, ran.log
    (put,) = [call.parameters for call in service.calls if call.operation == "PutObject"]
    headers = {name.lower(): value for name, value in put["headers"].items()}
    assert headers["x-amz-server-side-encryption"] == "aws:kms"
    assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == "alias/releases"
    assert headers["x-amz-acl"] == "bucket-owner-full-control"
    assert headers["x-amz-storage-class"] == "STANDARD_IA"
    assert headers["x-amz-tagging"] == "team=web&keep=a+year"
    assert headers["x-amz-expected-bucket-owner"] == "123456789012"
