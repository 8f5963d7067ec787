"""Least privilege, enforced: what the printed policy allows is enough, and nothing of it is too much."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from deployer.main import execute
from tests.emulator import Policies, iam
from tests.emulator.permissions import needed
from tests.harness import REPOSITORY, Job

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.clock import FakeClock
    from tests.harness import Start
    from tests.s3 import S3Server


REQUIRED = ("Upload", "Register", "Deploy", "Configuration", "Watch")
ARN = "arn:aws:codedeploy:eu-west-1:123456789012"


@pytest.fixture
def job(s3: S3Server, bucket: str, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job whose requests to S3 are held against IAM policies too."""
    return Job(monkeypatch, tmp_path, s3, bucket, clock)


def printed(job: Job, *flags: str) -> dict[str, Any]:
    """What `deployer policy` prints for the job's inputs."""
    stream = io.StringIO()
    given = [
        "--application=hello-web",
        "--deployment-group=production",
        f"--bucket={job.bucket}/revisions",
        "--region=eu-west-1",
    ]
    assert execute(["policy", *given, *flags], {}, stream) == 0
    return dict(json.loads(stream.getvalue()))


def only(document: Mapping[str, Any], keep: Callable[[str], bool]) -> dict[str, Any]:
    """The policy's statements whose `Sid` is to be kept."""
    return {**document, "Statement": [each for each in document["Statement"] if keep(each["Sid"])]}


def seed(bucket: str) -> dict[str, Any]:
    """The policy that AWS's documentation gives for deploying from a CI."""
    allowed = [
        (["s3:PutObject"], f"arn:aws:s3:::{bucket}/*"),
        (
            ["codedeploy:RegisterApplicationRevision", "codedeploy:GetApplicationRevision"],
            f"{ARN}:application:hello-web",
        ),
        (
            ["codedeploy:CreateDeployment", "codedeploy:GetDeployment"],
            f"{ARN}:deploymentgroup:hello-web/*",
        ),
        (["codedeploy:GetDeploymentConfig"], f"{ARN}:deploymentconfig:CodeDeployDefault.OneAtATime"),
        (["codedeploy:GetDeploymentConfig"], f"{ARN}:deploymentconfig:CodeDeployDefault.HalfAtATime"),
        (["codedeploy:GetDeploymentConfig"], f"{ARN}:deploymentconfig:CodeDeployDefault.AllAtOnce"),
    ]
    statements = [{"Effect": "Allow", "Action": actions, "Resource": arn} for actions, arn in allowed]
    return {"Version": "2012-10-17", "Statement": statements}


def test_the_whole_line_runs_with_the_printed_policy_and_is_denied_nothing(
    job: Job, still_emulator: Start
) -> None:
    service = still_emulator(bucket_store=job.s3, policy=printed(job))
    ran = job.run(service)
    assert ran.code == 0, ran.log
    denied = [call.operation for call in service.calls if "AccessDenied" in call.error]
    assert set(denied) <= {"HeadObject", "GetObject"}, (
        "what is not there, and a live bundle in another bucket"
    )
    assert "ValidateService" in ran.log


@pytest.mark.parametrize("sid", REQUIRED)
def test_no_required_statement_can_be_spared(sid: str, job: Job, still_emulator: Start) -> None:
    """And what is said then holds the action that is missing."""
    document = printed(job)
    (missing,) = (each for each in document["Statement"] if each["Sid"] == sid)
    policy = only(document, lambda name: name != sid and not name.startswith("Optional"))
    service = still_emulator(bucket_store=job.s3, policy=policy)
    ran = job.run(service)
    assert ran.code == 4, ran.log
    assert '{"Effect": "Allow", "Action": "' in ran.log
    assert any(f'"Action": "{action}"' in ran.log for action in iam.listed(missing["Action"]))


@pytest.mark.parametrize(("scenario", "code"), [("success", 0), ("fails-after-install", 10)])
@pytest.mark.parametrize("which", ["required", "seed"])
def test_optional_statements_cost_only_detail(  # noqa: PLR0913 - fixtures
    which: str, scenario: str, code: int, *, job: Job, still_emulator: Start, clock: FakeClock
) -> None:
    least = only(printed(job), lambda sid: not sid.startswith("Optional"))
    policy = seed(job.bucket) if which == "seed" else least
    service = still_emulator(scenario, bucket_store=job.s3, policy=policy)
    ran = job.run(service)
    assert ran.code == code, ran.log
    assert [each.status(clock.monotonic()) for each in service.deployments] == [
        "Succeeded" if code == 0 else "Failed"
    ]


@pytest.mark.parametrize("scenario", ["success", "fails-after-install", "busy", "rollback", "blue-green"])
def test_the_line_asks_for_nothing_that_the_policy_does_not_name(
    scenario: str, job: Job, still_emulator: Start
) -> None:
    service = still_emulator(scenario, bucket_store=job.s3)
    job.run(service, "--on-timeout=stop", "--timeout=10m", "--poll-interval=30s")
    document = printed(job, "--on-timeout=stop")
    wanted = {
        each
        for call in service.calls
        if call.service == "codedeploy"
        for each in needed(
            "codedeploy", call.operation, call.parameters, world=service.world, region="eu-west-1"
        )
    }
    assert [each for each in wanted if not iam.decide(document, *each)] == []
    assert wanted


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("shop-lambda", "VERSION=8"),
        ("shop-ecs", "TASK_DEFINITION=arn:aws:ecs:eu-west-1:123456789012:task-definition/shop-web:41"),
    ],
)
def test_an_appspec_as_revision_needs_no_bucket(
    name: str, variables: str, *, job: Job, still_emulator: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = [
        f"--application={name}",
        "--deployment-group=production",
        f"--source=examples/{name}",
        f"--appspec-variables={variables}",
    ]
    stream = io.StringIO()
    monkeypatch.chdir(REPOSITORY)
    assert execute(["policy", "--region=eu-west-1", *flags], {}, stream) == 0
    policy = json.loads(stream.getvalue())
    assert "s3:" not in stream.getvalue()
    scenario = name.removeprefix("shop-")
    service = still_emulator(scenario, bucket_store=job.s3, policy=policy)
    ran = job.run(service, *flags, INPUT_BUCKET=None)
    assert ran.code == 0, ran.log
    denied = {call.operation for call in service.calls if "AccessDenied" in call.error}
    assert denied <= {"GetObject"}, "the live AppSpec is in a bucket that the inputs do not name"


DENIALS = {
    "nothing allows it": (
        Policies(identity=seed("other-bucket")),
        "Add this statement to the policy of arn:aws:iam::",
    ),
    "explicit deny": (
        Policies(
            identity={
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": ["s3:*", "codedeploy:*"], "Resource": "*"},
                    {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"},
                ],
            }
        ),
        "A policy of the identity denies it explicitly, which overrides every Allow",
    ),
    "boundary": (
        Policies(boundary=seed("other-bucket")),
        "The permissions boundary of the identity does not allow it",
    ),
    "service control policy": (
        Policies(service_control=seed("other-bucket")),
        "A service control policy of the organization does not allow it",
    ),
}


@pytest.mark.parametrize("kind", DENIALS)
def test_a_denial_is_told_with_action_resource_identity_kind_and_statement(
    kind: str, job: Job, still_emulator: Start
) -> None:
    policy, advice = DENIALS[kind]
    service = still_emulator(bucket_store=job.s3, policy=policy)
    ran = job.run(service)
    assert ran.code == 4, ran.log
    assert f"s3:PutObject on arn:aws:s3:::{job.bucket}/revisions/hello-web/" in ran.log
    assert "User: arn:aws:iam::123456789012:user/ci" in ran.log
    assert advice in ran.log
    statement = json.dumps(
        {
            "Effect": "Allow",
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{job.bucket}/revisions/hello-web/*",
        }
    )
    assert (statement in ran.log) is (kind != "explicit deny")


def test_a_denial_that_does_not_say_who_was_refused_is_told_with_who_it_was(
    job: Job, still_emulator: Start
) -> None:
    service = still_emulator(bucket_store=job.s3)
    service.faults.add("PutObject", "access-denied", times=9)
    ran = job.run(service)
    assert ran.code == 4
    assert "was denied: Access Denied (as arn:aws:iam::123456789012:user/ci)" in ran.log


def test_a_denial_stays_a_denial_where_sts_cannot_be_asked(job: Job, still_emulator: Start) -> None:
    service = still_emulator(bucket_store=job.s3)
    service.faults.add("PutObject", "access-denied", times=9)
    service.faults.add("GetCallerIdentity", "500", times=9)
    ran = job.run(service)
    assert ran.code == 4
    assert "was denied: Access Denied [AccessDenied]" in ran.log


@pytest.mark.parametrize(
    ("flag", "near"),
    [
        ("--application=helo-web", "Did you mean hello-web"),
        ("--deployment-group=productoin", "Did you mean production"),
        ("--deployment-group=zzz", "Existing names: "),
    ],
)
def test_what_is_not_there_is_told_with_account_region_and_nearest_names(
    flag: str, near: str, *, job: Job, still_emulator: Start
) -> None:
    service = still_emulator(bucket_store=job.s3)
    ran = job.run(service, flag)
    assert ran.code == 2
    assert near in ran.log
    assert "account 123456789012 in eu-west-1" in ran.log


def test_names_that_may_not_be_listed_cost_only_the_suggestion(job: Job, still_emulator: Start) -> None:
    service = still_emulator(bucket_store=job.s3, policy=seed(job.bucket))
    ran = job.run(service, "--deployment-group=productoin")
    assert ran.code == 2
    assert "account 123456789012 in eu-west-1" in ran.log
    assert "Did you mean" not in ran.log


def test_policy_prints_json_and_nothing_else() -> None:
    """Also on GitHub, where inputs come as variables."""
    stream = io.StringIO()
    environ = {
        "GITHUB_ACTIONS": "true",
        "INPUT_APPLICATION": "a",
        "INPUT_DEPLOYMENT-GROUP": "g",
        "INPUT_BUCKET": "releases",
        "INPUT_REGION": "eu-west-1",
    }
    for words in (["policy"], ["policy", "--trust"]):
        stream.seek(0)
        stream.truncate()
        assert execute(words, environ, stream) == 0
        assert json.loads(stream.getvalue())["Version"] == "2012-10-17"


def test_policy_tells_all_that_is_wrong_with_the_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error: standard output is for the policy alone."""
    stream = io.StringIO()
    assert execute(["policy", "--timeout=soon"], {}, stream) == 2
    told = capsys.readouterr().err
    for name in ("application", "deployment-group", "bucket"):
        assert f"Input {name} is missing" in told
    assert "Flag --timeout: 'soon'" in told
    assert stream.getvalue() == ""
