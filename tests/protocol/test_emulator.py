"""Deployments go in the emulator as they go in AWS, as far as boto3 can see."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from tests.emulator import SCENARIOS, Emulator
from tests.emulator.timeline import TARGET_STATES, TERMINAL
from tests.protocol.steps import APPSPEC, ARCHIVE, HELLO, code, deploy, end, looks, targets

if TYPE_CHECKING:
    from tests.harness import Start

pytestmark = pytest.mark.unhurried


def test_a_success_goes_from_created_to_succeeded_with_all_events(still_emulator: Start) -> None:
    stand_in = still_emulator("success")
    codedeploy = stand_in.client()
    with pytest.raises(ClientError) as early:
        codedeploy.list_deployment_targets(deploymentId=(deployment := deploy(codedeploy)))
    infos = list(looks(stand_in, deployment))
    assert code(early) == "DeploymentNotStartedException"
    assert "deploymentOverview" not in infos[0]
    assert infos[-1]["status"] == "Succeeded"
    assert infos[-1]["deploymentOverview"]["Succeeded"] == 3
    assert infos[-1]["completeTime"] > infos[-1]["startTime"] > infos[-1]["createTime"]
    events = targets(codedeploy, deployment)[0]["lifecycleEvents"]
    assert [event["lifecycleEventName"] for event in events][::6] == ["ApplicationStop", "ValidateService"]
    assert {event["status"] for event in events} == {"Succeeded"}


def test_a_failure_names_the_script_and_its_log(still_emulator: Start) -> None:
    stand_in = still_emulator("fails-after-install")
    codedeploy = stand_in.client()
    info = end(stand_in, deployment := deploy(codedeploy))
    assert (info["status"], info["errorInformation"]["code"]) == ("Failed", "HEALTH_CONSTRAINTS")
    good, bad, never = targets(codedeploy, deployment)
    assert [each["status"] for each in (good, bad, never)] == ["Succeeded", "Failed", "Skipped"]
    failed = next(event for event in bad["lifecycleEvents"] if event["status"] == "Failed")
    assert failed["diagnostics"]["scriptName"] == "scripts/after_install.sh"
    assert "No matching distribution" in failed["diagnostics"]["logTail"]


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_scenario_keeps_to_the_service_s_model(still_emulator: Start, name: str) -> None:
    """Looks along the whole course, with targets; the fixture asserts that no answer was out of the model."""
    stand_in, scenario = still_emulator(name, speed=30.0 if name == "agent-silent" else 1.0), SCENARIOS[name]
    application = {"Server": "hello-web", "Lambda": "shop-lambda", "ECS": "shop-ecs"}[scenario.platform]
    revision = ARCHIVE if scenario.platform == "Server" else APPSPEC
    stand_in.faults.clear()
    codedeploy = stand_in.client()
    deployment = stand_in.begin(application, "production", scenario=name, revision=revision)
    whole = not name.startswith("thousand") and "terminated" not in name
    for info in looks(stand_in, deployment.id):
        if info["status"] not in {"Created", "Queued"} and whole:
            statuses = {target["status"] for target in targets(codedeploy, deployment.id)}
            assert statuses <= set(TARGET_STATES)
        if info["status"] == "Ready":
            codedeploy.continue_deployment(deploymentId=deployment.id, deploymentWaitType="READY_WAIT")
        if name == "stuck" and info.get("deploymentOverview", {}).get("Succeeded") == 1:
            return
    assert info["status"] in TERMINAL
    assert ("errorInformation" in info) == (info["status"] != "Succeeded")


def test_a_terminated_instance_is_listed_and_makes_its_whole_batch_be_refused(still_emulator: Start) -> None:
    stand_in = still_emulator("instance-terminated")
    codedeploy = stand_in.client()
    end(stand_in, deployment := deploy(codedeploy))
    ids = codedeploy.list_deployment_targets(deploymentId=deployment)["targetIds"]
    assert len(ids) == 3
    for asked in (ids, ids[1:2]):
        with pytest.raises(ClientError) as error:
            codedeploy.batch_get_deployment_targets(deploymentId=deployment, targetIds=asked)
        assert code(error) == "DeploymentTargetDoesNotExistException"
    assert codedeploy.batch_get_deployment_targets(deploymentId=deployment, targetIds=[ids[0], ids[2]])


def test_a_thousand_targets_come_in_pages_and_batches(still_emulator: Start) -> None:
    stand_in = still_emulator("thousand-failing")
    codedeploy = stand_in.client()
    info = end(stand_in, deployment := deploy(codedeploy))
    assert info["deploymentOverview"]["Failed"] == 100
    found = targets(codedeploy, deployment)
    assert len({each["targetId"] for each in found}) == 1000
    failed = codedeploy.list_deployment_targets(
        deploymentId=deployment, targetFilters={"TargetStatus": ["Failed"]}
    )
    assert len(failed["targetIds"]) == 100
    with pytest.raises(ClientError) as error:
        codedeploy.batch_get_deployment_targets(deploymentId=deployment, targetIds=["i-1"] * 26)
    assert code(error) == "DeploymentTargetListSizeExceededException"


def test_a_rollback_is_a_new_deployment_that_holds_the_group(still_emulator: Start) -> None:
    stand_in = still_emulator("rollback")
    codedeploy = stand_in.client()
    failed = end(stand_in, deployment := deploy(codedeploy))
    with pytest.raises(ClientError) as error:
        deploy(codedeploy)
    rollback_id = failed["rollbackInfo"]["rollbackDeploymentId"]
    rollback = end(stand_in, rollback_id)
    assert code(error) == "DeploymentLimitExceededException"
    assert rollback_id in error.value.response["Error"]["Message"]
    assert (rollback["creator"], rollback["status"]) == ("codeDeployRollback", "Succeeded")
    assert rollback["rollbackInfo"]["rollbackTriggeringDeploymentId"] == deployment
    assert rollback["revision"]["s3Location"]["key"] == "hello-web/yesterday.zip"
    assert [each.id for each in stand_in.deployments] == [deployment, rollback_id]


def test_stopping_skips_what_has_not_ended_and_rolls_back_when_asked(still_emulator: Start) -> None:
    stand_in = still_emulator("stuck")
    codedeploy = stand_in.client()
    deployment = deploy(codedeploy)
    answer = codedeploy.stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)
    info = end(stand_in, deployment)
    assert answer["status"] == "Pending"
    assert (info["status"], info["errorInformation"]["code"]) == ("Stopped", "MANUAL_STOP")
    assert end(stand_in, info["rollbackInfo"]["rollbackDeploymentId"])["status"] == "Succeeded"
    assert {each["status"] for each in targets(codedeploy, deployment)} == {"Skipped"}
    with pytest.raises(ClientError) as error:
        codedeploy.stop_deployment(deploymentId=deployment)
    assert code(error) == "DeploymentAlreadyCompletedException"


def test_blue_green_waits_until_it_is_continued_and_ends_the_termination_wait(still_emulator: Start) -> None:
    stand_in = still_emulator("blue-green")
    codedeploy = stand_in.client()
    deployment = deploy(codedeploy)
    with pytest.raises(ClientError) as error:
        codedeploy.continue_deployment(deploymentId=deployment, deploymentWaitType="READY_WAIT")
    seen = []
    for info in looks(stand_in, deployment):
        seen.append(info["status"])
        if info["status"] == "Ready" or info["instanceTerminationWaitTimeStarted"]:
            kind = "READY_WAIT" if info["status"] == "Ready" else "TERMINATION_WAIT"
            codedeploy.continue_deployment(deploymentId=deployment, deploymentWaitType=kind)
    assert code(error) == "DeploymentIsNotInReadyStateException"
    assert seen.count("Ready") == 1
    assert seen[-1] == "Succeeded"
    assert [each["instanceLabel"] for each in targets(codedeploy, deployment)] == ["Green"] * 2 + ["Blue"] * 2
    group = codedeploy.get_deployment_group(**HELLO)["deploymentGroupInfo"]
    assert group["blueGreenDeploymentConfiguration"]["deploymentReadyOption"]["waitTimeInMinutes"] == 60


def test_a_deployment_that_is_ready_can_be_stopped(still_emulator: Start) -> None:
    stand_in = still_emulator("blue-green")
    codedeploy = stand_in.client()
    deployment = deploy(codedeploy)
    stand_in.clock.sleep(1000.0)
    codedeploy.stop_deployment(deploymentId=deployment)
    info = end(stand_in, deployment)
    assert info["status"] == "Stopped"
    assert info["completeTime"] - info["createTime"] >= timedelta(seconds=1000)
    assert info["rollbackInfo"] == {}


def test_a_configured_rollback_follows_an_alarm(still_emulator: Start) -> None:
    stand_in = still_emulator("alarm")
    configuration = {"enabled": True, "events": ["DEPLOYMENT_STOP_ON_ALARM"]}
    stand_in.world.group("hello-web", "production").settings["autoRollbackConfiguration"] = configuration
    info = end(stand_in, deploy(stand_in.client()))
    assert (info["status"], info["errorInformation"]["code"]) == ("Stopped", "ALARM_ACTIVE")
    assert info["rollbackInfo"]["rollbackDeploymentId"]


def test_scenarios_follow_one_another_and_differ_by_group(still_emulator: Start) -> None:
    stand_in = still_emulator(["no-instances", "success"], by_group={"hello-web/staging": "role-missing"})
    codedeploy = stand_in.client()
    ends = [end(stand_in, deploy(codedeploy, **HELLO))["status"] for _ in range(3)]
    staging = end(stand_in, deploy(codedeploy, deploymentGroupName="staging"))
    assert ends == ["Failed", "Succeeded", "Succeeded"]
    assert staging["errorInformation"]["code"] == "IAM_ROLE_MISSING"
    with pytest.raises(ValueError, match="unknown scenario sucess"):
        Emulator(scenario="sucess")


@pytest.mark.parametrize(("name", "member"), [("lambda", "lambdaFunctionInfo"), ("ecs", "taskSetsInfo")])
def test_traffic_shifts_from_none_to_all(still_emulator: Start, name: str, member: str) -> None:
    stand_in = still_emulator(name)
    codedeploy = stand_in.client()
    deployment = stand_in.begin(f"shop-{name}", "production", scenario=name, revision=APPSPEC)
    weights = []
    for info in looks(stand_in, deployment.id):
        if info["status"] not in {"Created", "Queued"}:
            facts = targets(codedeploy, deployment.id)[0][member]
            weights.append(facts["targetVersionWeight"] if name == "lambda" else facts[1]["trafficWeight"])
    assert weights == sorted(weights)
    assert (weights[0], weights[-1]) == (0.0, 100.0)
    assert len(set(weights)) > 5


def test_one_of_many_creations_at_once_wins(still_emulator: Start) -> None:
    stand_in = still_emulator("stuck")
    codedeploy = stand_in.client()
    codedeploy.register_application_revision(applicationName="hello-web", revision=ARCHIVE)

    def create(_: int) -> str:
        try:
            return str(codedeploy.create_deployment(**HELLO, revision=ARCHIVE)["deploymentId"])
        except ClientError as error:
            return error.response["Error"]["Code"]

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(create, range(8)))
    assert answers[:7] == ["DeploymentLimitExceededException"] * 7
    assert answers[7].startswith("d-")


def test_deployments_are_listed_by_group_status_and_time(still_emulator: Start) -> None:
    stand_in = still_emulator("stuck", page=2)
    codedeploy = stand_in.client()
    before = stand_in.clock.now() - timedelta(seconds=1)
    deployment = deploy(codedeploy)
    pages = codedeploy.get_paginator("list_deployments").paginate()
    assert sum(len(page["deployments"]) for page in pages) == 5
    active = codedeploy.list_deployments(**HELLO, includeOnlyStatuses=["Created", "Queued", "InProgress"])
    recent = codedeploy.list_deployments(**HELLO, createTimeRange={"start": before})
    older = codedeploy.list_deployments(**HELLO, createTimeRange={"end": before})
    assert active["deployments"] == recent["deployments"] == [deployment]
    assert deployment not in older["deployments"]
    infos = codedeploy.batch_get_deployments(deploymentIds=[deployment, *older["deployments"]])
    assert [each["status"] for each in infos["deploymentsInfo"]][1] == "Succeeded"


def test_what_there_is_can_be_listed_and_described(still_emulator: Start) -> None:
    codedeploy = still_emulator().client()
    assert codedeploy.list_applications()["applications"] == ["hello-web", "shop-ecs", "shop-lambda"]
    assert codedeploy.get_application(applicationName="shop-ecs")["application"]["computePlatform"] == "ECS"
    groups = codedeploy.list_deployment_groups(applicationName="hello-web")["deploymentGroups"]
    configs = codedeploy.list_deployment_configs()["deploymentConfigsList"]
    info = codedeploy.get_deployment_config(deploymentConfigName=configs[0])["deploymentConfigInfo"]
    assert groups == ["production", "staging"]
    assert info["minimumHealthyHosts"]["type"] == "HOST_COUNT"
    codedeploy.register_application_revision(applicationName="hello-web", revision=ARCHIVE, description="one")
    known = codedeploy.get_application_revision(applicationName="hello-web", revision=ARCHIVE)
    found = codedeploy.list_application_revisions(
        applicationName="hello-web", s3Bucket="releases", s3KeyPrefix="hello-web/1"
    )
    assert known["revisionInfo"]["description"] == "one"
    assert found["revisions"] == [ARCHIVE]


@pytest.mark.parametrize("revision", [APPSPEC, {**APPSPEC, "revisionType": "String"}])
def test_only_the_revision_itself_tells_an_inline_appspec_s_content(
    still_emulator: Start, revision: dict[str, Any]
) -> None:
    """As the references of GetDeployment and GetApplicationRevision say."""
    codedeploy = still_emulator().client()
    if revision["revisionType"] == "String":
        revision = {"revisionType": "String", "string": APPSPEC["appSpecContent"]}
    group: Any = {"applicationName": "shop-lambda", "deploymentGroupName": "production"}
    deployment = codedeploy.create_deployment(**group, revision=revision)["deploymentId"]
    told = codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]["revision"]
    member = "string" if "string" in revision else "appSpecContent"
    assert set(told[member]) == {"sha256"}
    listed = codedeploy.list_application_revisions(applicationName="shop-lambda")["revisions"]
    batch = codedeploy.batch_get_deployments(deploymentIds=[deployment])["deploymentsInfo"]
    assert told in listed
    assert batch[0]["revision"] == told
    found = codedeploy.get_application_revision(applicationName="shop-lambda", revision=told)["revision"]
    assert found[member]["content"] == "version: 0.0"


def test_lambda_and_ecs_answer_what_a_deployment_asks(still_emulator: Start) -> None:
    stand_in = still_emulator()
    function, ecs = stand_in.client("lambda"), stand_in.client("ecs")
    assert function.get_alias(FunctionName="shop-orders", Name="live")["FunctionVersion"] == "7"
    assert function.get_function(FunctionName="shop-orders")["Configuration"]["Version"] == "$LATEST"
    newest = ecs.describe_task_definition(taskDefinition="shop-web")["taskDefinition"]["taskDefinitionArn"]
    assert newest == "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop-web:41"
    assert ecs.describe_task_definition(taskDefinition=newest)["taskDefinition"]["revision"] == 41
    with pytest.raises(ClientError) as unknown:
        function.get_alias(FunctionName="shop-orders", Name="beta")
    with pytest.raises(ClientError) as missing:
        ecs.describe_task_definition(taskDefinition="shop-web:42")
    assert (code(unknown), code(missing)) == ("ResourceNotFoundException", "ClientException")


@given(st.sampled_from(sorted(SCENARIOS)), st.lists(st.floats(0.0, 30.0), min_size=2, max_size=6))
def test_nothing_goes_back_in_time(name: str, moments: list[float]) -> None:
    """An event that has ended stays as it is, and every target is counted once."""
    timeline = SCENARIOS[name].plan(SCENARIOS[name].platform)
    some = timeline.targets[:5]
    for event in (event for target in some for event in target.events):
        ended = [event.status(at) for at in sorted(moments) if at >= event.end]
        assert len(set(ended)) <= 1
    assert all(sum(timeline.counts(at).values()) == len(timeline.targets) for at in moments)
