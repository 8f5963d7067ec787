"""The emulator behaves as AWS does, as far as boto3 can see."""

from __future__ import annotations

import functools
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import given
from hypothesis import strategies as st

from tests.emulator import SCENARIOS, Emulator, Policies, Role, trust_principal, trust_web_identity
from tests.emulator.timeline import TARGET_STATES, TERMINAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_codedeploy.client import CodeDeployClient

    from tests.clock import FakeClock
    from tests.s3 import S3Server

    Start = Callable[..., Emulator]

ARCHIVE: Any = {
    "revisionType": "S3",
    "s3Location": {"bucket": "releases", "key": "hello-web/1.zip", "bundleType": "zip", "eTag": "abc"},
}
HELLO: Any = {"applicationName": "hello-web", "deploymentGroupName": "production"}
APPSPEC: Any = {"revisionType": "AppSpecContent", "appSpecContent": {"content": "version: 0.0"}}
REGION = "eu-west-1"
KEY = ("AKIAIOSFODNN7EXAMPLE", "a-secret")
SESSION = boto3.session.Session()


@pytest.fixture
def emulator(emulator: Start, clock: FakeClock) -> Start:
    """Emulators whose time passes only between two looks."""
    return functools.partial(emulator, speed=1.0, clock=clock)


def client(emulator: Emulator, service: str = "codedeploy", **options: Any) -> Any:  # noqa: ANN401  (boto3's)
    settings = {
        "region_name": REGION,
        "aws_access_key_id": KEY[0],
        "aws_secret_access_key": KEY[1],
        "config": Config(retries={"total_max_attempts": 1}),
    }
    return SESSION.client(service, endpoint_url=emulator.url, **{**settings, **options})  # type: ignore[call-overload]


def deploy(codedeploy: CodeDeployClient, **changes: Any) -> str:  # noqa: ANN401  (CreateDeployment's own)
    codedeploy.register_application_revision(applicationName="hello-web", revision=ARCHIVE)
    return codedeploy.create_deployment(**{**HELLO, "revision": ARCHIVE, **changes})["deploymentId"]


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


def looks(stand_in: Emulator, deployment_id: str) -> Iterator[Any]:
    """Looks at a deployment, until it has ended."""
    codedeploy = client(stand_in)
    while True:
        info = codedeploy.get_deployment(deploymentId=deployment_id)["deploymentInfo"]
        yield info
        if info["status"] in TERMINAL:
            return
        stand_in.clock.sleep(0.5)


def end(stand_in: Emulator, deployment_id: str) -> Any:  # noqa: ANN401  (AWS's description)
    *_, last = looks(stand_in, deployment_id)
    return last


def targets(codedeploy: CodeDeployClient, deployment_id: str) -> list[Any]:
    """All targets by way of the paginator and batches of 25."""
    pages = codedeploy.get_paginator("list_deployment_targets").paginate(deploymentId=deployment_id)
    ids = [each for page in pages for each in page["targetIds"]]
    batches = [ids[start : start + 25] for start in range(0, len(ids), 25)]
    found = [
        codedeploy.batch_get_deployment_targets(deploymentId=deployment_id, targetIds=b) for b in batches
    ]
    bodies = [
        next(iter(t.values())) for answer in found for t in map(_without_type, answer["deploymentTargets"])
    ]
    return list(bodies)


def _without_type(target: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in target.items() if name != "deploymentTargetType"}


def test_a_success_goes_from_created_to_succeeded_with_all_events(emulator: Start) -> None:
    stand_in = emulator("success")
    codedeploy = client(stand_in)
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


def test_a_failure_names_the_script_and_its_log(emulator: Start) -> None:
    stand_in = emulator("fails-after-install")
    codedeploy = client(stand_in)
    info = end(stand_in, deployment := deploy(codedeploy))
    assert (info["status"], info["errorInformation"]["code"]) == ("Failed", "HEALTH_CONSTRAINTS")
    good, bad, never = targets(codedeploy, deployment)
    assert [each["status"] for each in (good, bad, never)] == ["Succeeded", "Failed", "Skipped"]
    failed = next(event for event in bad["lifecycleEvents"] if event["status"] == "Failed")
    assert failed["diagnostics"]["scriptName"] == "scripts/after_install.sh"
    assert "No matching distribution" in failed["diagnostics"]["logTail"]


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_scenario_keeps_to_the_service_s_model(emulator: Start, name: str) -> None:
    """Looks along the whole course, with targets; the fixture asserts that no answer was out of the model."""
    stand_in, scenario = emulator(name, speed=300.0 if name == "agent-silent" else 1.0), SCENARIOS[name]
    application = {"Server": "hello-web", "Lambda": "shop-lambda", "ECS": "shop-ecs"}[scenario.platform]
    revision = ARCHIVE if scenario.platform == "Server" else APPSPEC
    stand_in.faults.clear()
    codedeploy = client(stand_in)
    deployment = stand_in.begin(application, "production", scenario=name, revision=revision)
    for info in looks(stand_in, deployment.id):
        if info["status"] not in {"Created", "Queued"} and not name.startswith("thousand"):
            statuses = {target["status"] for target in targets(codedeploy, deployment.id)}
            assert statuses <= set(TARGET_STATES)
        if info["status"] == "Ready":
            codedeploy.continue_deployment(deploymentId=deployment.id, deploymentWaitType="READY_WAIT")
        if name == "stuck" and info.get("deploymentOverview", {}).get("Succeeded") == 1:
            return
    assert info["status"] in TERMINAL
    assert ("errorInformation" in info) == (info["status"] != "Succeeded")


def test_a_thousand_targets_come_in_pages_and_batches(emulator: Start) -> None:
    stand_in = emulator("thousand-failing")
    codedeploy = client(stand_in)
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


def test_a_rollback_is_a_new_deployment_that_holds_the_group(emulator: Start) -> None:
    stand_in = emulator("rollback")
    codedeploy = client(stand_in)
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


def test_stopping_skips_what_has_not_ended_and_rolls_back_when_asked(emulator: Start) -> None:
    stand_in = emulator("stuck")
    codedeploy = client(stand_in)
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


def test_blue_green_waits_until_it_is_continued_and_ends_the_termination_wait(emulator: Start) -> None:
    stand_in = emulator("blue-green")
    codedeploy = client(stand_in)
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


@pytest.mark.parametrize(("name", "member"), [("lambda", "lambdaFunctionInfo"), ("ecs", "taskSetsInfo")])
def test_traffic_shifts_from_none_to_all(emulator: Start, name: str, member: str) -> None:
    stand_in = emulator(name)
    codedeploy = client(stand_in)
    deployment = stand_in.begin(f"shop-{name}", "production", scenario=name, revision=APPSPEC)
    weights = []
    for info in looks(stand_in, deployment.id):
        if info["status"] not in {"Created", "Queued"}:
            facts = targets(codedeploy, deployment.id)[0][member]
            weights.append(facts["targetVersionWeight"] if name == "lambda" else facts[1]["trafficWeight"])
    assert weights == sorted(weights)
    assert (weights[0], weights[-1]) == (0.0, 100.0)
    assert len(set(weights)) > 5


def test_one_of_many_creations_at_once_wins(emulator: Start) -> None:
    stand_in = emulator("stuck")
    codedeploy = client(stand_in)
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


ENABLED: Any = {"enabled": True}
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("ApplicationDoesNotExistException", {"applicationName": "hallo-web"}, "Server"),
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
    ("InvalidAutoRollbackConfigException", {"autoRollbackConfiguration": ENABLED}, "Server"),
    ("InvalidAlarmConfigException", {"overrideAlarmConfiguration": ENABLED}, "Server"),
]


@pytest.mark.parametrize(("exception", "changes", "platform"), REFUSED)
def test_create_deployment_refuses_as_the_service_does(
    emulator: Start, exception: str, changes: dict[str, Any], platform: str
) -> None:
    names = {"Server": "hello-web", "Lambda": "shop-lambda", "ECS": "shop-ecs"}
    request = {"applicationName": names[platform], "deploymentGroupName": "production"}
    request["revision"] = ARCHIVE if platform == "Server" else APPSPEC
    stand_in = emulator()
    codedeploy = client(stand_in, config=Config(parameter_validation=False))
    codedeploy.register_application_revision(applicationName="hello-web", revision=ARCHIVE)
    with pytest.raises(ClientError) as error:
        codedeploy.create_deployment(**{**request, **changes})
    assert code(error) == exception
    assert stand_in.deployments == []


def test_deployments_are_listed_by_group_status_and_time(emulator: Start) -> None:
    stand_in = emulator("stuck", page=2)
    codedeploy = client(stand_in)
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


def test_what_there_is_can_be_listed_and_described(emulator: Start) -> None:
    codedeploy = client(emulator())
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


@pytest.mark.parametrize(
    ("kind", "exception"),
    [
        ("throttle", "ThrottlingException"),
        ("500", "InternalFailure"),
        ("503", "ServiceUnavailable"),
        ("expired-token", "ExpiredTokenException"),
        ("access-denied", "AccessDeniedException"),
        ("bad-signature", "InvalidSignatureException"),
        ("bad-token", "UnrecognizedClientException"),
    ],
)
def test_faults_come_as_often_as_planned(emulator: Start, kind: str, exception: str) -> None:
    stand_in = emulator()
    stand_in.faults.add("ListApplications", kind, times=2, after=1)
    codedeploy = client(stand_in)
    answers = []
    for _ in range(4):
        try:
            codedeploy.list_applications()
            answers.append("good")
        except ClientError as error:
            answers.append(error.response["Error"]["Code"])
    assert answers == ["good", exception, exception, "good"]
    assert [call.error for call in stand_in.calls] == ["", exception, exception, ""]


@pytest.mark.parametrize(("kind", "exists"), [("cut-before", 0), ("cut-after", 1)])
def test_a_cut_connection_leaves_open_whether_the_deployment_exists(
    emulator: Start, kind: str, exists: int
) -> None:
    stand_in = emulator()
    stand_in.faults.add("CreateDeployment", kind)
    with pytest.raises(BotoCoreError):
        deploy(client(stand_in))
    assert len(stand_in.deployments) == exists
    assert [call.status for call in stand_in.calls] == [200, 0]


def test_faults_and_calls_over_the_control_endpoint(emulator: Start) -> None:
    stand_in = emulator()

    def control(path: str, body: object = None) -> Any:  # noqa: ANN401  (JSON)
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{stand_in.url}/_emulator/{path}", data) as answer:  # noqa: S310
            return json.load(answer)

    control("faults", {"operation": "ListApplications", "kind": "throttle"})
    with pytest.raises(ClientError):
        client(stand_in).list_applications()
    (call,) = control("calls")
    assert (call["operation"], call["status"], call["access_key"]) == ("ListApplications", 400, KEY[0])
    with pytest.raises(urllib.error.HTTPError, match="400"):
        control("faults", {"operation": "ListApplications", "kind": "flood"})


def test_keys_and_secrets_are_checked_when_they_are_known(emulator: Start) -> None:
    stand_in = emulator(keys=dict([KEY]))
    assert client(stand_in).list_applications()["applications"]
    with pytest.raises(ClientError) as unknown:
        client(stand_in, aws_access_key_id="AKIAOTHER").list_applications()
    with pytest.raises(ClientError) as wrong:
        client(stand_in, "sts", aws_secret_access_key="guess").get_caller_identity()
    assert code(unknown) == "UnrecognizedClientException"
    assert code(wrong) == "SignatureDoesNotMatch"


def allow(*actions: str, resource: str = "*", effect: str = "Allow") -> dict[str, Any]:
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


SEED = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["codedeploy:RegisterApplicationRevision", "codedeploy:GetApplicationRevision"],
            "Resource": f"arn:aws:codedeploy:{REGION}:123456789012:application:hello-web",
        },
        {
            "Effect": "Allow",
            "Action": ["codedeploy:CreateDeployment", "codedeploy:GetDeployment"],
            "Resource": f"arn:aws:codedeploy:{REGION}:123456789012:deploymentgroup:hello-web/*",
        },
        {
            "Effect": "Allow",
            "Action": "codedeploy:GetDeploymentConfig",
            "Resource": f"arn:aws:codedeploy:{REGION}:123456789012:deploymentconfig:CodeDeployDefault.*",
        },
    ],
}


def test_the_least_policy_deploys_and_no_more(emulator: Start) -> None:
    stand_in = emulator(policy=SEED)
    codedeploy = client(stand_in)
    deployment = deploy(codedeploy)
    assert end(stand_in, deployment)["status"] == "Succeeded"
    with pytest.raises(ClientError) as error:
        codedeploy.list_deployment_targets(deploymentId=deployment)
    action = "codedeploy:ListDeploymentTargets"
    assert error.value.response["Error"]["Message"] == (
        f"User: arn:aws:iam::123456789012:user/ci is not authorized to perform: {action} on resource: * "
        f"because no identity-based policy allows the {action} action"
    )


@pytest.mark.parametrize("without", range(3))
def test_each_statement_of_the_least_policy_is_needed(emulator: Start, without: int) -> None:
    statements = [statement for index, statement in enumerate(SEED["Statement"]) if index != without]
    stand_in = emulator(policy={"Version": "2012-10-17", "Statement": statements})
    with pytest.raises(ClientError) as error:
        deploy(client(stand_in))
    assert code(error) == "AccessDeniedException"
    assert stand_in.deployments == []


@pytest.mark.parametrize(
    ("policies", "reason"),
    [
        (Policies(identity=allow("codedeploy:Get*")), "because no identity-based policy allows"),
        (Policies(identity=allow("*", effect="Deny")), "with an explicit deny in an identity-based policy"),
        (Policies(boundary=allow("s3:*")), "because no permissions boundary allows"),
        (Policies(boundary=allow("*", effect="Deny")), "with an explicit deny in a permissions boundary"),
        (Policies(service_control=allow("s3:*")), "because no service control policy allows"),
        (
            Policies(service_control=allow("*", effect="Deny")),
            "with an explicit deny in a service control policy",
        ),
    ],
)
def test_denials_say_which_policy_denied(emulator: Start, policies: Policies, reason: str) -> None:
    with pytest.raises(ClientError, match=reason) as error:
        client(emulator(policy=policies)).list_applications()
    assert code(error) == "AccessDeniedException"


def test_a_policy_that_iam_would_refuse_is_refused() -> None:
    with pytest.raises(ValueError, match="no action"):
        Policies(identity=allow("CreateDeployment"))
    with pytest.raises(ValueError, match="no resource"):
        Policies(identity=allow("codedeploy:*", resource="hello-web"))


def test_a_job_s_token_becomes_a_session(emulator: Start) -> None:
    stand_in = emulator(roles=[Role("deployer", trust_web_identity())])
    session = assume_with_token(stand_in, job_token(stand_in))
    assert client(stand_in, **session).list_applications()["applications"]
    assert client(stand_in, "sts", **session).get_caller_identity()["Arn"] == (
        "arn:aws:sts::123456789012:assumed-role/deployer/run-1"
    )
    with pytest.raises(ClientError) as error:
        client(stand_in, **{**session, "aws_secret_access_key": "guess"}).list_applications()
    assert code(error) == "InvalidSignatureException"


def test_a_session_expires(emulator: Start, clock: FakeClock) -> None:
    stand_in = emulator(roles=[Role("deployer", trust_web_identity(), session_seconds=20.0)])
    session = assume_with_token(stand_in, job_token(stand_in))
    clock.sleep(19.0)
    assert client(stand_in, **session).list_applications()["applications"]
    clock.sleep(1.0)
    with pytest.raises(ClientError) as error:
        client(stand_in, **session).list_applications()
    assert code(error) == "ExpiredTokenException"


def test_the_token_endpoint_asks_for_the_runner_s_token(emulator: Start) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(emulator().oidc_url)  # noqa: S310


def job_token(emulator: Emulator, audience: str = "sts.amazonaws.com") -> str:
    headers = {"Authorization": f"bearer {emulator.oidc.request_token}"}
    request = urllib.request.Request(f"{emulator.oidc_url}&audience={audience}", headers=headers)  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return str(json.load(answer)["value"])


def assume_with_token(emulator: Emulator, token: str) -> dict[str, str]:
    answer = client(emulator, "sts").assume_role_with_web_identity(
        RoleArn="arn:aws:iam::123456789012:role/deployer", RoleSessionName="run-1", WebIdentityToken=token
    )
    return as_session(answer["Credentials"])


def as_session(credentials: Mapping[str, str]) -> dict[str, str]:
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }


@pytest.mark.parametrize(
    ("claims", "exception"),
    [
        ({"sub": "repo:mallory/hello-web:ref:refs/heads/main"}, "AccessDenied"),
        ({"aud": "https://github.com/acme"}, "InvalidIdentityToken"),
        ({"exp": 1}, "ExpiredTokenException"),
        ({"nbf": 2**33}, "InvalidIdentityToken"),
        ({"iss": "https://example.com"}, "InvalidIdentityToken"),
    ],
)
def test_tokens_are_refused_as_sts_does(emulator: Start, claims: dict[str, Any], exception: str) -> None:
    stand_in = emulator(roles=[Role("deployer", trust_web_identity())])
    with pytest.raises(ClientError) as error:
        assume_with_token(stand_in, stand_in.oidc.issue("sts.amazonaws.com", **claims))
    with pytest.raises(ClientError) as forged:
        assume_with_token(stand_in, "no-token")
    assert (code(error), code(forged)) == (exception, "InvalidIdentityToken")


def test_roles_are_chained_with_external_id_and_tags(emulator: Start) -> None:
    second_arn = "arn:aws:iam::123456789012:role/second"
    first = Role("first", trust_principal("arn:aws:iam::123456789012:root"))
    trust = trust_principal("arn:aws:iam::123456789012:role/first", external_id="42", tags=True)
    second = Role("second", trust, Policies(identity=allow("codedeploy:ListApplications")))
    stand_in = emulator(roles=[first, second])
    opened = client(stand_in, "sts").assume_role(
        RoleArn="arn:aws:iam::123456789012:role/first", RoleSessionName="one"
    )
    sts = client(stand_in, "sts", **as_session(opened["Credentials"]))
    with pytest.raises(ClientError) as error:
        sts.assume_role(RoleArn=second_arn, RoleSessionName="two", ExternalId="43")
    chained = sts.assume_role(
        RoleArn=second_arn, RoleSessionName="two", ExternalId="42", Tags=[{"Key": "team", "Value": "web"}]
    )
    codedeploy = client(stand_in, **as_session(chained["Credentials"]))
    assert code(error) == "AccessDenied"
    assert codedeploy.list_applications()["applications"]
    with pytest.raises(ClientError, match="assumed-role/second/two is not authorized"):
        codedeploy.list_deployment_configs()


def test_lambda_and_ecs_answer_what_a_deployment_asks(emulator: Start) -> None:
    stand_in = emulator()
    function, ecs = client(stand_in, "lambda"), client(stand_in, "ecs")
    assert function.get_alias(FunctionName="shop-orders", Name="live")["FunctionVersion"] == "7"
    assert function.get_function(FunctionName="shop-orders")["Configuration"]["Version"] == "$LATEST"
    newest = ecs.describe_task_definition(taskDefinition="shop-web")["taskDefinition"]["taskDefinitionArn"]
    assert newest == f"arn:aws:ecs:{REGION}:123456789012:task-definition/shop-web:41"
    assert ecs.describe_task_definition(taskDefinition=newest)["taskDefinition"]["revision"] == 41
    with pytest.raises(ClientError) as unknown:
        function.get_alias(FunctionName="shop-orders", Name="beta")
    with pytest.raises(ClientError) as missing:
        ecs.describe_task_definition(taskDefinition="shop-web:42")
    assert (code(unknown), code(missing)) == ("ResourceNotFoundException", "ClientException")


def test_s3_behind_the_emulator_knows_sessions_and_policies(
    emulator: Start, s3: S3Server, bucket: str
) -> None:
    policy = allow("s3:PutObject", "s3:GetObject", resource=f"arn:aws:s3:::{bucket}/apps/*")
    stand_in = emulator(
        bucket_store=s3,
        roles=[Role("deployer", trust_web_identity(), Policies(identity=policy))],
    )
    session = assume_with_token(stand_in, job_token(stand_in))
    store = client(stand_in, "s3", **session)
    put = store.put_object(Bucket=bucket, Key="apps/ä b.zip", Body=b"bundle", ServerSideEncryption="AES256")
    assert put["VersionId"]
    assert store.get_object(Bucket=bucket, Key="apps/ä b.zip")["Body"].read() == b"bundle"
    with pytest.raises(ClientError, match=r's3:PutObject on resource: "arn:aws:s3:::.*/other.zip"'):
        store.put_object(Bucket=bucket, Key="other.zip", Body=b"")
    with pytest.raises(ClientError) as missing:
        store.head_object(Bucket=bucket, Key="apps/missing.zip")
    assert code(missing) == "403"
    logged = next(call for call in stand_in.calls if call.operation == "PutObject")
    assert logged.parameters["headers"]["x-amz-server-side-encryption"] == "AES256"


def test_s3_behind_the_emulator_redirects_to_a_bucket_s_region(
    emulator: Start, s3: S3Server, bucket: str
) -> None:
    stand_in = emulator(bucket_store=s3, bucket_regions={bucket: "us-east-1"})
    client(stand_in, "s3").put_object(Bucket=bucket, Key="a", Body=b"a")
    put = [(call.status, call.error) for call in stand_in.calls if call.operation == "PutObject"]
    assert put == [(301, "PermanentRedirect"), (200, "")]


def test_the_s3_server_is_real(s3: S3Server, bucket: str) -> None:
    """Wrong checksums, wrong secrets and foreign buckets are refused."""
    limited = s3.client(access_key=s3.limited_access_key, secret_key=s3.limited_secret_key)
    with pytest.raises(ClientError) as foreign:
        limited.put_object(Bucket=bucket, Key="a", Body=b"")
    with pytest.raises(ClientError) as checksum:
        s3.client().put_object(Bucket=bucket, Key="a", Body=b"a", ChecksumSHA256="AAAA")
    with pytest.raises(ClientError) as secret:
        s3.client(secret_key="wrong").list_objects_v2(Bucket=bucket)
    assert code(foreign) == "AccessDenied"
    assert code(checksum) in {"BadDigest", "InvalidRequest"}
    assert code(secret) == "SignatureDoesNotMatch"


@given(st.sampled_from(sorted(SCENARIOS)), st.lists(st.floats(0.0, 30.0), min_size=2, max_size=6))
def test_nothing_goes_back_in_time(name: str, moments: list[float]) -> None:
    """An event that has ended stays as it is, and every target is counted once."""
    timeline = SCENARIOS[name].plan(SCENARIOS[name].platform)
    some = timeline.targets[:5]
    for event in (event for target in some for event in target.events):
        ended = [event.status(at) for at in sorted(moments) if at >= event.end]
        assert len(set(ended)) <= 1
    assert all(sum(timeline.counts(at).values()) == len(timeline.targets) for at in moments)


def test_the_command_line_says_where_it_listens_and_ends_on_sigterm() -> None:
    command = [sys.executable, "-m", "tests.emulator", "--scenario", "success", "--speed", "9"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with urllib.request.urlopen(f"{url}/_emulator/calls") as answer:  # noqa: S310
            assert json.load(answer) == []
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0


def test_the_command_line_lists_the_scenarios_and_refuses_others() -> None:
    command = [sys.executable, "-m", "tests.emulator"]
    listed = subprocess.run([*command, "--list"], capture_output=True, text=True, check=True)
    assert [line.split()[0] for line in listed.stdout.splitlines()] == list(SCENARIOS)
    refused = subprocess.run([*command, "--scenario", "sucess"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "unknown scenario sucess" in refused.stderr
