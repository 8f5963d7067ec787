"""Answers that cannot be read: each is a lost one, never a bug, and nobody ever sees what was in it."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from botocore.model import StructureShape
from botocore.parsers import ResponseParserError, create_parser

from deployer.aws.answers import UnreadableAnswer
from deployer.aws.client import connect
from deployer.aws.errors import is_transient
from deployer.deployment.model import Diagnostics, LifecycleEvent, Snapshot, Target, Traffic
from deployer.deployment.observe import Observer
from deployer.deployment.zones import ZonalWaits, zonal_waits
from deployer.main import traceback_of
from deployer.revision import GitHubRevision
from tests.clock import patient
from tests.emulator import Role, trust_principal
from tests.harness import Job
from tests.protocol.stub import serving, stub

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deployer.aws.client import Aws
    from tests.clock import FakeClock
    from tests.harness import Start
    from tests.s3 import S3Server


PREFIX = "arn:aws:iam::123456789012:role"
USER = "arn:aws:iam::123456789012:user/ci"
EVERY = 999
PIECES = ("Access to this site", "AccessKeyId>", "session-secret", "session-token", "ANOTHER", "value:")
"""Parts of the answers, as they were sent or were to be: no log holds one, but to mask it."""


@pytest.fixture
def job(s3: S3Server, bucket: str, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    return Job(monkeypatch, tmp_path, s3, bucket, clock)


@pytest.mark.parametrize("kind", ["html", "truncated", "empty"])
def test_a_stop_that_nobody_confirmed_is_looked_at(kind: str, job: Job, still_emulator: Start) -> None:
    service = still_emulator("stuck", bucket_store=job.s3)
    service.faults.add("StopDeployment", kind, times=EVERY)
    ran = job.run(service, "--on-timeout=stop", "--timeout=1m", GITHUB_ACTIONS="true")
    assert ran.code == 12
    assert "has already ended" in ran.log
    assert "Stopped: 1 succeeded, 1 skipped" in ran.log
    assert "Stopping deployment" not in ran.log


def test_a_role_that_the_sdk_assumes_by_itself_is_guarded_too(
    job: Job, tmp_path: Path, still_emulator: Start
) -> None:
    role = Role("keyed", trust_principal(USER))
    service = still_emulator(bucket_store=job.s3, roles=(role,))
    service.faults.add("AssumeRole", "truncated", times=EVERY)
    config = tmp_path / "home" / "config"
    config.parent.mkdir()
    config.write_text(
        f"[profile base]\naws_access_key_id = {job.s3.access_key}\n"
        f"aws_secret_access_key = {job.s3.secret_key}\n"
        f"[profile role]\nrole_arn = {PREFIX}/keyed\nsource_profile = base\n"
    )
    ran = job.run(
        service,
        AWS_CONFIG_FILE=str(config),
        AWS_PROFILE="role",
        AWS_ACCESS_KEY_ID=None,
        AWS_SECRET_ACCESS_KEY=None,
    )
    assert ran.code == 5
    assert (
        "the response to AssumeRole cannot be read: it is truncated or garbled (HTTP status 200)" in ran.log
    )
    assert [piece for piece in PIECES if piece in ran.everything] == []
    assert service.operations().count("AssumeRole") > 1


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Call a service that answers with this."""
    for name, value in {"ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "SECRET_ACCESS_KEY": "a-secret"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)

    def ask(call: Callable[[Aws], Any], body: str = "", *, status: int = 200, **headers: str) -> Any:  # noqa: ANN401
        with stub(lambda *_: (status, body, headers)) as url:
            monkeypatch.setenv("AWS_ENDPOINT_URL", url)
            return call(connect("eu-west-1", source="here", retries=patient()))

    return ask


def test_calls_of_different_patience_share_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to AWS costs more than a call: its handshake takes two or three times across an ocean."""
    connections = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            connections.append(self.client_address)
            super().setup()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = b'{"deploymentInfo": {"status": "Created"}}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    with serving(Handler) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        aws = connect("eu-west-1", source="here", retries=patient())
        for client in (aws.codedeploy_optional, aws.codedeploy, aws.codedeploy_once):
            client.get_deployment(deploymentId="d-123456789")
        aws.codedeploy.close()
    assert len(connections) == 1


def look(aws: Aws) -> Any:  # noqa: ANN401
    return aws.codedeploy_once.get_deployment(deploymentId="d-123456789")


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, "", "it is truncated or garbled"),
        (200, "{}", "it has no deploymentInfo.status"),
        (200, '{"deploymentInfo": null}', "it has no deploymentInfo.status"),
        (200, '{"deploymentInfo": {"status": ""}}', "it has no deploymentInfo.status"),
        (200, '{"deploymentInfo": {"status": 7}}', "a member has a wrong type"),
        (200, '{"deploymentInfo": [{"status": "Failed"}]}', "a member has a wrong type"),
        (
            200,
            '{"deploymentInfo": {"status": "Failed", "deploymentOverview": 3}}',
            "a member has a wrong type",
        ),
        (
            200,
            '{"deploymentInfo": {"status": "Failed", "createTime": "planted"}}',
            "it is truncated or garbled",
        ),
        (200, '["planted"]', "it is not a JSON object"),
        (200, "[" * 100_000, "it is truncated or garbled"),
        (200, "\n<HTML>planted", "it is an HTML page"),
        (403, "<!doctype html>planted", "it is an HTML page"),
        (503, "planted", "it is truncated or garbled"),
        (400, '{"__type": ["planted"]}', "it is not an AWS error"),
        (400, '{"__type": "Planted", "message": {"planted": 1}}', "it is not an AWS error"),
    ],
)
def test_what_is_wrong_with_an_answer_is_told_without_a_word_of_it(
    status: int, body: str, reason: str, ask: Callable[..., Any]
) -> None:
    with pytest.raises(UnreadableAnswer) as caught:
        ask(look, body, status=status)
    assert (
        str(caught.value) == f"the response to GetDeployment cannot be read: {reason} (HTTP status {status})"
    )
    assert is_transient(caught.value)
    told = "".join(traceback.format_exception(caught.value))
    assert "lanted" not in told


def test_waits_of_a_configuration_that_cannot_be_read_are_asked_for_again(ask: Callable[..., Any]) -> None:
    assert ask(lambda aws: zonal_waits("zonal", aws.codedeploy_once), "{}") is None


@pytest.mark.parametrize(
    ("zonal", "waits"),
    [
        ("{}", ZonalWaits()),
        ('{"monitorDurationInSeconds": 60}', ZonalWaits(60, 60)),
        ('{"firstZoneMonitorDurationInSeconds": 600}', ZonalWaits(600, 0)),
        ('{"firstZoneMonitorDurationInSeconds": 0, "monitorDurationInSeconds": 60}', ZonalWaits(0, 60)),
    ],
)
def test_a_first_zone_without_a_time_of_its_own_is_watched_as_long_as_the_others(
    zonal: str, waits: ZonalWaits, ask: Callable[..., Any]
) -> None:
    body = f'{{"deploymentConfigInfo": {{"zonalConfig": {zonal}}}}}'
    assert ask(lambda aws: zonal_waits("zonal", aws.codedeploy_once), body) == waits


def snapshot_of(described: str, ask: Callable[..., Any], clock: FakeClock, more: str = "") -> Snapshot:
    """What a look makes of a deployment; `more` are members of the other operations' answers."""

    def see(aws: Aws) -> Snapshot:
        observer = Observer("d-123456789", lambda _: aws.codedeploy_once, clock)
        return observer.look(batches=2, left=60)

    found: Snapshot = ask(see, f'{{"deploymentInfo": {described}{more}}}')
    return found


def test_all_that_is_told_of_a_deployment_has_its_place(ask: Callable[..., Any], clock: FakeClock) -> None:
    described = """{
      "status": "Created", "creator": "autoscaling", "computePlatform": "Server",
      "deploymentConfigName": "CodeDeployDefault.OneAtATime",
      "createTime": 1500000000, "completeTime": 1500000060,
      "deploymentOverview": {"Failed": 2, "Ready": 0, "Succeeded": 1},
      "errorInformation": {"code": "ALARM_ACTIVE", "message": "the alarm"},
      "rollbackInfo": {"rollbackDeploymentId": "d-BACK", "rollbackMessage": "not repeated"},
      "autoRollbackConfiguration": {"enabled": true, "events": ["DEPLOYMENT_STOP_ON_ALARM"]},
      "revision": {"revisionType": "GitHub", "gitHubLocation": {"repository": "a/b", "commitId": "c1"}},
      "additionalDeploymentStatusInfo": "one  \\n two", "deploymentStatusMessages": ["one two", " ", "three"],
      "relatedDeployments": {"autoUpdateOutdatedInstancesDeploymentIds": ["d-LATE"]},
      "blueGreenDeploymentConfiguration": {
        "deploymentReadyOption": {"waitTimeInMinutes": 7},
        "terminateBlueInstancesOnDeploymentSuccess": {"terminationWaitTimeInMinutes": 30}},
      "deploymentStyle": {"deploymentType": "BLUE_GREEN"}, "instanceTerminationWaitTimeStarted": true,
      "deploymentMode": "RESTART",
      "ec2DeploymentOptions": {"autoScalingGroupProcessesToSuspend": ["AZRebalance"]}
    }"""
    assert snapshot_of(described, ask, clock) == Snapshot(
        status="Created",
        counts={"Failed": 2, "Succeeded": 1},
        error_code="ALARM_ACTIVE",
        error_message="the alarm",
        created=datetime(2017, 7, 14, 2, 40, tzinfo=UTC),
        completed=datetime(2017, 7, 14, 2, 41, tzinfo=UTC),
        rollback_id="d-BACK",
        rollback_expected=True,
        revision=GitHubRevision("a/b", "c1"),
        creator="autoscaling",
        compute_platform="Server",
        messages=("one two", "three"),
        updates=("d-LATE",),
        group_wait_minutes=37,
        terminating=True,
        blue_green=True,
        mode="RESTART",
        suspended=("AZRebalance",),
    )


@pytest.mark.parametrize(
    "described",
    [
        '{"status": "Created"}',
        """{"status": "Created", "errorInformation": {}, "rollbackInfo": {}, "relatedDeployments": {},
            "blueGreenDeploymentConfiguration": {"deploymentReadyOption": {},
              "terminateBlueInstancesOnDeploymentSuccess": {}},
            "autoRollbackConfiguration": {}, "deploymentStyle": {}, "ec2DeploymentOptions": {}}""",
    ],
)
def test_what_is_not_told_of_a_deployment_is_left_out(
    described: str, ask: Callable[..., Any], clock: FakeClock
) -> None:
    assert snapshot_of(described, ask, clock) == Snapshot(status="Created")


@pytest.mark.parametrize(
    ("code", "events", "expected"),
    [
        ("HEALTH_CONSTRAINTS", '["DEPLOYMENT_FAILURE"]', True),
        ("HEALTH_CONSTRAINTS", '["DEPLOYMENT_STOP_ON_ALARM"]', False),
        ("ALARM_ACTIVE", '["DEPLOYMENT_FAILURE"]', False),
        ("MANUAL_STOP", '["DEPLOYMENT_STOP_ON_REQUEST"]', True),
        ("MANUAL_STOP", "[]", True),
    ],
)
def test_a_rollback_is_expected_for_its_own_reason(
    code: str, events: str, *, expected: bool, ask: Callable[..., Any], clock: FakeClock
) -> None:
    described = f"""{{"status": "Created", "errorInformation": {{"code": "{code}"}},
        "autoRollbackConfiguration": {{"enabled": true, "events": {events}}}}}"""
    assert snapshot_of(described, ask, clock).rollback_expected == expected


def test_all_that_is_told_of_a_target_has_its_place(ask: Callable[..., Any], clock: FakeClock) -> None:
    more = """, "targetIds": ["i-1", "f"], "deploymentTargets": [
      {"deploymentTargetType": "InstanceTarget", "instanceTarget": {
        "targetId": "i-1", "status": "Failed", "instanceLabel": "Blue", "lifecycleEvents": [
          {"lifecycleEventName": "AfterInstall", "status": "Failed",
           "startTime": 1500000000, "endTime": 1500000060, "diagnostics": {
             "errorCode": "ScriptFailed", "scriptName": "x.sh", "message": "no", "logTail": "tail"}},
          {"lifecycleEventName": "ApplicationStart", "diagnostics": {}}]}},
      {"deploymentTargetType": "LambdaTarget", "lambdaTarget": {
        "targetId": "f", "status": "Succeeded",
        "lambdaFunctionInfo": {"currentVersion": "7", "targetVersion": "8", "targetVersionWeight": 0.1}}}]"""
    function, instance = snapshot_of('{"status": "Succeeded"}', ask, clock, more).targets or ()
    start = datetime(2017, 7, 14, 2, 40, tzinfo=UTC)
    assert instance == Target(
        "i-1",
        "Failed",
        label="Blue",
        events=(
            LifecycleEvent(
                "AfterInstall",
                "Failed",
                start,
                start + timedelta(minutes=1),
                Diagnostics("ScriptFailed", "x.sh", "no", "tail"),
            ),
            LifecycleEvent("ApplicationStart", "Unknown"),
        ),
    )
    assert function == Target(
        "f", "Succeeded", "lambda", traffic=(Traffic("version 7", 90), Traffic("version 8", 10))
    )


@pytest.mark.parametrize(
    "body",
    [
        '{"deploymentInfo": {"status": "Verifying", "createTime": 1.5e9, "newMember": [1], "creator": null}}',
        '{"deploymentInfo": {"status": "Failed", "createTime": "2026-03-02T09:30:00Z"}}',
        '{"deploymentInfo": {"status": "Failed", "deploymentOverview": {"Failed": 2, "Lost": "all"}}}',
    ],
)
def test_what_aws_may_add_one_day_is_read(body: str, ask: Callable[..., Any]) -> None:
    assert ask(look, body)["deploymentInfo"]["status"] in {"Verifying", "Failed"}


def test_an_error_of_aws_stays_what_it_is(ask: Callable[..., Any]) -> None:
    with pytest.raises(ClientError, match="no such"):
        ask(look, '{"__type": "DeploymentDoesNotExistException", "message": "no such"}', status=400)


@pytest.mark.parametrize("body", ["", "{}"])
def test_an_operation_that_has_nothing_to_say_may_say_nothing(body: str, ask: Callable[..., Any]) -> None:
    answer = ask(lambda aws: aws.codedeploy_once.continue_deployment(deploymentId="d-123456789"), body)
    assert answer.keys() == {"ResponseMetadata"}


@pytest.mark.parametrize(
    ("tag", "whole"),
    [('"ab"', True), ("ab", True), ('"ab', False), ('ab"', False), ('""', False), ("", False)],
)
def test_an_etag_without_its_closing_quote_is_a_lost_answer(
    *, tag: str, whole: bool, ask: Callable[..., Any]
) -> None:
    def put(aws: Aws) -> Any:  # noqa: ANN401
        return aws.s3.put_object(Bucket="bucket", Key="key", Body=b"")

    if whole:
        assert ask(put, ETag=tag)["ETag"] == tag
        return
    with pytest.raises(UnreadableAnswer, match=r"its ETag is truncated|it has no ETag"):
        ask(put, ETag=tag)


def garble() -> None:
    """Fail as code does that does without an answer that some parser could not read."""
    answer = {"body": b"<Answer><SecretAccessKey>planted", "headers": {}, "status_code": 200}
    try:
        create_parser("query").parse(answer, StructureShape("Answer", {"type": "structure", "members": {}}))
    except ResponseParserError as error:
        raise KeyError("deploymentId") from error


def test_a_traceback_never_quotes_an_answer() -> None:
    """Whichever client the exception comes from, and behind whatever other exception."""
    with pytest.raises(KeyError) as caught:
        garble()
    assert "planted" in str(caught.value.__cause__)
    told = traceback_of(caught.value)
    assert "planted" not in told
    assert "ResponseParserError: its text quotes a response and is left out" in told
    assert "KeyError: 'deploymentId'" in told
