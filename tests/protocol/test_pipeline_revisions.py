"""Where a run starts: at a tree, an archive, an AppSpec, a revision of another run, or a deployment."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from deployer.deployment.control import continue_wait, request_stop, stop
from deployer.deployment.model import Snapshot
from deployer.errors import AccessDenied
from tests.protocol.steps import deploy, looks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.emulator import Emulator
    from tests.harness import RunLine, Start
    from tests.s3 import S3Server


EVERY = 999
SHA = "0123456789abcdef0123456789abcdef01234567"
GIVEN = {"INPUT_SOURCE": "", "INPUT_BUCKET": ""}
NOWHERE = {"INPUT_APPLICATION": "", "INPUT_DEPLOYMENT-GROUP": ""}
ECS = {"INPUT_APPLICATION": "shop-ecs", "INPUT_SOURCE": "examples/shop-ecs"}
LAMBDA = {"INPUT_APPLICATION": "shop-lambda", "INPUT_SOURCE": "examples/shop-lambda", "INPUT_BUCKET": ""}
TASK = "TASK_DEFINITION=arn:aws:ecs:eu-west-1:123456789012:task-definition/shop-web:41"


def operations(emulator: Emulator) -> list[str]:
    return [call.operation for call in emulator.calls]


def created(emulator: Emulator) -> list[Any]:
    return [call.parameters for call in emulator.calls if call.operation == "CreateDeployment"]


def test_built_once_and_promoted_to_two_groups(still_emulator: Start, run_line: RunLine) -> None:
    """What one run registered, the next deploys: the same bytes, to one group after the other."""
    service = still_emulator()
    built = run_line(service, "--stop-after", "register", environ={"INPUT_DEPLOYMENT-GROUP": ""})
    assert (built.code, built.outputs["status"]) == (0, "registered")
    assert created(service) == []

    promoted = run_line(
        service,
        environ={
            **GIVEN,
            "INPUT_REVISION": built.outputs["revision"],
            "INPUT_DEPLOYMENT-GROUP": "staging\nproduction",
        },
    )
    assert promoted.code == 0
    staging, production = created(service)
    assert staging["revision"] == production["revision"]
    assert staging["revision"]["s3Location"]["eTag"] == built.outputs["etag"]
    assert [staging["deploymentGroupName"], production["deploymentGroupName"]] == ["staging", "production"]
    told = json.loads(promoted.outputs["deployments"])
    assert [(each["group"], each["status"]) for each in told] == [
        ("staging", "succeeded"),
        ("production", "succeeded"),
    ]
    assert promoted.outputs["deployment-id"] == told[1]["deployment-id"]
    assert promoted.outputs["revision"] == built.outputs["revision"]
    assert all(each["deployment-id"] in promoted.summary for each in told)


def test_the_first_group_that_does_not_succeed_is_the_last(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator(by_group={"hello-web/staging": "script-missing"})
    ran = run_line(service, environ={"INPUT_DEPLOYMENT-GROUP": "staging\nproduction"})
    assert ran.code == 10
    assert [each["deploymentGroupName"] for each in created(service)] == ["staging"]
    (told,) = json.loads(ran.outputs["deployments"])
    assert (told["group"], told["status"]) == ("staging", "failed")
    assert "| production |  | not started |" in ran.summary


def test_what_failed_on_the_way_in_an_earlier_group_is_in_the_one_summary(
    still_emulator: Start, run_line: RunLine
) -> None:
    """A group that succeeds although a target failed lets the next one begin, and is not forgotten."""
    service = still_emulator(by_group={"hello-web/staging": "one-fails-goes-on"})
    ran = run_line(service, environ={"INPUT_DEPLOYMENT-GROUP": "staging\nproduction"})
    assert ran.code == 0
    assert len(created(service)) == 2
    assert "### Problems" in ran.summary
    assert "### ✅ hello-web → production" in ran.summary


def test_several_groups_can_be_started_without_waiting(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    ran = run_line(
        service, "--stop-after", "deploy", environ={"INPUT_DEPLOYMENT-GROUP": "staging\nproduction"}
    )
    assert ran.code == 0
    assert [each["status"] for each in json.loads(ran.outputs["deployments"])] == ["created", "created"]
    assert "ListDeploymentTargets" not in operations(service)


def test_a_refusal_at_the_second_group_still_tells_of_the_first(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    service.faults.add("CreateDeployment", "access-denied", times=1, after=1)
    ran = run_line(service, environ={"INPUT_DEPLOYMENT-GROUP": "staging\nproduction"})
    assert ran.code == 4
    (told,) = json.loads(ran.outputs["deployments"])
    assert (told["group"], told["status"]) == ("staging", "succeeded")
    assert (ran.outputs["status"], ran.outputs["deployment-id"]) == ("registered", "")


def test_no_output_of_a_group_tells_of_the_one_before(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator(by_group={"hello-web/production": "script-missing"})
    ran = run_line(service, environ={"INPUT_DEPLOYMENT-GROUP": "staging\nproduction"})
    assert (ran.code, ran.outputs["status"], ran.outputs["live-revision"]) == (10, "failed", "")


def test_an_archive_is_deployed_as_it_is(still_emulator: Start, run_line: RunLine, s3: S3Server) -> None:
    service = still_emulator()
    packed = run_line(service, "--stop-after", "upload", "--bundle-type", "tgz")
    body = s3.client().get_object(Bucket=packed.outputs["bucket"], Key=packed.outputs["key"])["Body"].read()
    (s3.directory / "ready.tgz").write_bytes(body)
    given = {"INPUT_SOURCE": "ready.tgz", "GITHUB_WORKSPACE": str(s3.directory)}
    ran = run_line(service, "--stop-after", "deploy", environ=given)
    assert ran.code == 0, ran.log
    assert ran.outputs["digest"] == hashlib.sha256(body).hexdigest()
    assert created(service)[0]["revision"]["s3Location"]["bundleType"] == "tgz"


def test_the_failure_of_a_revision_built_elsewhere_is_told_in_the_checkout(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator("fails-after-install")
    built = run_line(service, "--stop-after", "register", environ={"INPUT_DEPLOYMENT-GROUP": ""})
    checkout = {**GIVEN, "GITHUB_WORKSPACE": "examples/hello-web"}
    promoted = run_line(service, environ={**checkout, "INPUT_REVISION": built.outputs["revision"]})
    assert promoted.code == 10
    assert "::error file=scripts/after_install.sh,line=7," in promoted.log
    followed = run_line(
        service, "--deployment-id", service.deployments[0].id, environ={**checkout, **NOWHERE}
    )
    assert "::error file=scripts/after_install.sh,line=7," in followed.log


def test_a_commit_on_github_is_a_revision(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    uri = f"github://example/hello-web/{SHA}"
    ran = run_line(service, environ={**GIVEN, "INPUT_REVISION": uri})
    assert ran.code == 0
    assert created(service)[0]["revision"] == {
        "revisionType": "GitHub",
        "gitHubLocation": {"repository": "example/hello-web", "commitId": SHA},
    }
    assert ran.outputs["revision"] == ran.outputs["live-revision"] == uri


@pytest.fixture
def stored(s3: S3Server, bucket: str) -> dict[str, str]:
    """An object of which there are two versions."""
    client = s3.client()
    first = client.put_object(Bucket=bucket, Key="web.zip", Body=b"one")
    second = client.put_object(Bucket=bucket, Key="web.zip", Body=b"two")
    return {
        "bucket": bucket,
        "first": first["VersionId"],
        "first-etag": first["ETag"].strip('"'),
        "etag": second["ETag"].strip('"'),
    }


def test_an_object_without_pins_is_pinned_to_what_is_there(
    still_emulator: Start, run_line: RunLine, stored: dict[str, str]
) -> None:
    """The targets compare the eTag, so an object that changes after the look is not deployed."""
    service = still_emulator()
    uri = f"s3://{stored['bucket']}/web.zip"
    ran = run_line(service, "--stop-after", "deploy", environ={**GIVEN, "INPUT_REVISION": uri})
    assert ran.code == 0
    assert created(service)[0]["revision"]["s3Location"] == {
        "bucket": stored["bucket"],
        "key": "web.zip",
        "bundleType": "zip",
        "eTag": stored["etag"],
    }


def test_an_older_version_can_be_deployed(
    still_emulator: Start, run_line: RunLine, stored: dict[str, str]
) -> None:
    service = still_emulator()
    uri = f"s3://{stored['bucket']}/web.zip?versionId={stored['first']}&eTag={stored['first-etag']}"
    ran = run_line(service, "--stop-after", "deploy", environ={**GIVEN, "INPUT_REVISION": uri})
    assert ran.code == 0
    assert created(service)[0]["revision"]["s3Location"]["version"] == stored["first"]


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("gone.zip", "Revision not found: s3://"),
        ("web.zip?eTag=0123", "The object has changed since the revision was made"),
        ("empty.zip", "The revision is an empty object: s3://"),
    ],
)
@pytest.mark.parametrize("into", ["", "elsewhere"])
def test_a_revision_that_is_gone_or_changed_is_refused_before_codedeploy_hears_of_it(  # noqa: PLR0913 - fixtures
    rest: str,
    said: str,
    into: str,
    *,
    still_emulator: Start,
    run_line: RunLine,
    stored: dict[str, str],
    s3: S3Server,
) -> None:
    """Nor is it copied into another bucket."""
    service = still_emulator()
    s3.client().put_object(Bucket=stored["bucket"], Key="empty.zip", Body=b"")
    given = {"INPUT_REVISION": f"s3://{stored['bucket']}/{rest}", "INPUT_BUCKET": into}
    ran = run_line(service, environ={**GIVEN, **given})
    assert ran.code == 2
    assert said in ran.log
    assert "RegisterApplicationRevision" not in operations(service)


def test_not_being_allowed_to_look_at_the_object_is_no_obstacle(
    still_emulator: Start, run_line: RunLine, s3: S3Server
) -> None:
    """The targets read it as somebody else."""
    service = still_emulator(bucket_store=s3, policy=_everything_but("s3:*"))
    ran = run_line(
        service,
        "--stop-after",
        "deploy",
        environ={**GIVEN, "INPUT_REVISION": "s3://theirs/web.zip", "AWS_ENDPOINT_URL_S3": service.url},
    )
    assert ran.code == 0, ran.log
    assert "HeadObject" in operations(service)
    assert "eTag" not in created(service)[0]["revision"]["s3Location"]


def test_s3_out_of_reach_is_no_obstacle_either(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    ran = run_line(
        service,
        "--stop-after",
        "register",
        environ={
            **GIVEN,
            "INPUT_REVISION": "s3://theirs/web.zip",
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
        },
    )
    assert ran.code == 0, ran.log


def _everything_but(*actions: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": list(actions), "Resource": "*"},
        ],
    }


def test_an_appspec_travels_with_the_deployment(still_emulator: Start, run_line: RunLine) -> None:
    """ECS without a bucket: filled in, its SHA-256 beside it, nothing uploaded and nothing registered."""
    service = still_emulator("ecs")
    ran = run_line(service, environ={**ECS, "INPUT_BUCKET": "", "INPUT_APPSPEC-VARIABLES": TASK})
    assert ran.code == 0, ran.log
    (sent,) = created(service)
    content = sent["revision"]["appSpecContent"]["content"]
    assert sent["revision"]["revisionType"] == "AppSpecContent"
    assert sent["revision"]["appSpecContent"]["sha256"] == hashlib.sha256(content.encode()).hexdigest()
    assert f"TaskDefinition: {TASK.partition('=')[2]}\n" in content
    assert not {"RegisterApplicationRevision", "DescribeTaskDefinition"} & set(operations(service))
    again = run_line(
        service, environ={**GIVEN, "INPUT_APPLICATION": "shop-ecs", "INPUT_REVISION": ran.outputs["revision"]}
    )
    assert again.code == 0, again.log
    assert created(service)[1]["revision"] == sent["revision"]


def test_an_appspec_goes_to_the_bucket_when_one_is_given(
    still_emulator: Start, run_line: RunLine, s3: S3Server, bucket: str
) -> None:
    service = still_emulator("ecs")
    ran = run_line(service, environ={**ECS, "INPUT_APPSPEC-VARIABLES": TASK})
    assert ran.code == 0, ran.log
    place = created(service)[0]["revision"]["s3Location"]
    assert (place["bucket"], place["bundleType"]) == (bucket, "YAML")
    assert place["key"].endswith(".yaml")
    stored = s3.client().get_object(Bucket=bucket, Key=place["key"])["Body"].read()
    assert hashlib.sha256(stored).hexdigest() == ran.outputs["digest"]
    assert TASK.partition("=")[2].encode() in stored


def test_an_appspec_in_json(still_emulator: Start, run_line: RunLine, tmp_path: Path) -> None:
    service = still_emulator("lambda")
    properties = {"Name": "shop-orders", "Alias": "live", "TargetVersion": "8"}
    appspec = {
        "version": 0.0,
        "Resources": [{"orders": {"Type": "AWS::Lambda::Function", "Properties": properties}}],
    }
    (tmp_path / "appspec.json").write_text(json.dumps(appspec))
    ran = run_line(
        service,
        environ={
            "INPUT_APPLICATION": "shop-lambda",
            "INPUT_SOURCE": "",
            "INPUT_APPSPEC": "appspec.json",
            "GITHUB_WORKSPACE": str(tmp_path),
        },
    )
    assert ran.code == 0, ran.log
    assert created(service)[0]["revision"]["s3Location"]["bundleType"] == "JSON"
    assert "CurrentVersion: 7" in ran.log


@pytest.mark.unhurried
def test_the_current_version_is_read_from_the_alias(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator("lambda")
    ran = run_line(service, environ={**LAMBDA, "INPUT_APPSPEC-VARIABLES": "VERSION=8"})
    assert ran.code == 0, ran.log
    content = created(service)[0]["revision"]["appSpecContent"]["content"]
    assert '        CurrentVersion: "7"\n        Name: shop-orders\n' in content
    assert "traffic 70 % to version 7, 30 % to version 8" in ran.log
    assert "| 100 % | 0 % |" in ran.summary
    assert "| 0 % | 100 % |" in ran.summary
    (target,) = json.loads(ran.outputs["targets"])
    assert target["kind"] == "lambda"
    assert target["traffic"] == {"version 7": 0, "version 8": 100}


def test_a_family_becomes_the_arn_of_its_newest_revision(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator("ecs")
    ran = run_line(
        service, environ={**ECS, "INPUT_BUCKET": "", "INPUT_APPSPEC-VARIABLES": "TASK_DEFINITION=shop-web"}
    )
    assert ran.code == 0, ran.log
    content = created(service)[0]["revision"]["appSpecContent"]["content"]
    assert "TaskDefinition: arn:aws:ecs:eu-west-1:123456789012:task-definition/shop-web:41\n" in content
    assert [
        share for target in json.loads(ran.outputs["targets"]) for share in target["traffic"].items()
    ] == [
        ("blue", 0),
        ("green", 100),
    ]


@pytest.mark.parametrize(
    ("inputs", "denied", "said"),
    [
        (LAMBDA | {"INPUT_APPSPEC-VARIABLES": "VERSION=8"}, "lambda:GetAlias", "write CurrentVersion into"),
        (ECS | {"INPUT_APPSPEC-VARIABLES": "TASK_DEFINITION=shop-web"}, "ecs:*", "write the ARN as Task"),
    ],
)
def test_what_may_not_be_looked_up_may_be_written_down(
    still_emulator: Start, run_line: RunLine, inputs: dict[str, str], denied: str, said: str
) -> None:
    service = still_emulator(policy=_everything_but(denied))
    ran = run_line(service, environ=inputs)
    assert ran.code == 4
    assert said in ran.log
    assert created(service) == []


def test_a_family_that_is_not_there_is_told_before_anything_is_sent(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    ran = run_line(service, environ={**ECS, "INPUT_APPSPEC-VARIABLES": "TASK_DEFINITION=none"})
    assert ran.code == 2
    assert "There is no task definition none" in ran.log
    assert created(service) == []


def test_an_alias_out_of_reach_is_a_fault_of_aws(still_emulator: Start, run_line: RunLine) -> None:
    ran = run_line(
        still_emulator(),
        environ={
            **LAMBDA,
            "INPUT_APPSPEC-VARIABLES": "VERSION=8",
            "AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:9",
        },
    )
    assert ran.code == 5


def test_a_rehearsal_of_an_appspec_asks_nobody(still_emulator: Start, run_line: RunLine) -> None:
    """What is looked up later counts as there; a placeholder left over is an error at its line."""
    service = still_emulator()
    ran = run_line(
        service, "--stop-after", "package", environ={**LAMBDA, "INPUT_APPSPEC-VARIABLES": "VERSION=8"}
    )
    assert (ran.code, ran.outputs["status"]) == (0, "planned")
    ran = run_line(service, "--stop-after", "package", environ=LAMBDA)
    assert ran.code == 3
    assert "file=examples/shop-lambda/appspec.yml,line=9" in ran.log
    assert "<VERSION> was not replaced" in ran.log
    assert service.calls == []


def test_a_deployment_is_picked_up_by_its_id_alone(still_emulator: Start, run_line: RunLine) -> None:
    """No application, group or bucket: all of that is the deployment's own."""
    service = still_emulator()
    identifier = deploy(service.client())
    nothing = dict.fromkeys(("INPUT_APPLICATION", "INPUT_DEPLOYMENT-GROUP", *GIVEN), "")
    ran = run_line(service, "--deployment-id", identifier, environ=nothing)
    assert (ran.code, ran.outputs["status"]) == (0, "succeeded")
    assert ran.outputs["deployment-id"] == identifier
    assert ran.outputs["revision"] == ran.outputs["live-revision"] == "s3://releases/hello-web/1.zip?eTag=abc"
    assert ran.summary.startswith("## ✅ hello-web → production: Deployment succeeded")
    assert len(created(service)) == 1


@pytest.mark.parametrize("allowed", [True, False])
def test_an_inline_appspec_of_another_run_is_an_output_only_with_its_content(
    allowed: bool,  # noqa: FBT001
    *,
    still_emulator: Start,
    run_line: RunLine,
) -> None:
    service = still_emulator()
    inputs = {**ECS, "INPUT_BUCKET": "", "INPUT_APPSPEC-VARIABLES": TASK}
    first = run_line(service, "--stop-after", "deploy", environ=inputs)
    if not allowed:
        service.faults.add("GetApplicationRevision", "access-denied", times=9)
    blank = dict.fromkeys([*inputs, "INPUT_DEPLOYMENT-GROUP"], "")
    ran = run_line(service, "--deployment-id", service.deployments[0].id, environ=blank)
    assert ran.code == 0
    wanted = first.outputs["revision"] if allowed else None
    assert (ran.outputs.get("revision"), ran.outputs.get("live-revision")) == (wanted, wanted)


def test_what_a_rollback_of_an_inline_appspec_made_live_can_be_deployed_again(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator(["success", "ecs-fails", "success"])
    inputs = {**ECS, "INPUT_BUCKET": "", "INPUT_APPSPEC-VARIABLES": TASK}
    good = run_line(service, environ=inputs)
    bad = run_line(service, "--auto-rollback", "DEPLOYMENT_FAILURE", environ={
        **inputs, "INPUT_APPSPEC-VARIABLES": inputs["INPUT_APPSPEC-VARIABLES"] + "1",
    })  # fmt: skip
    assert (good.code, bad.code) == (0, 10)
    assert bad.outputs["live-revision"] == good.outputs["revision"] != bad.outputs["revision"]


def test_a_deployment_of_another_group_is_not_picked_up(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    identifier = deploy(service.client(), deploymentGroupName="staging")
    ran = run_line(service, "--deployment-id", identifier, environ=GIVEN)
    assert ran.code == 2
    assert f"Input deployment-group is production, but {identifier} belongs to staging." in ran.log


def test_a_deployment_that_is_not_there_cannot_be_picked_up(still_emulator: Start, run_line: RunLine) -> None:
    ran = run_line(still_emulator(), "--deployment-id", "d-AAAAAAAAA", environ=GIVEN)
    assert ran.code == 2
    assert "DeploymentDoesNotExistException" in ran.log


def looks_until(service: Emulator, identifier: str, status: str) -> Iterator[Any]:
    for info in looks(service, identifier):
        if info["status"] == status:
            return
        yield info


def test_blue_green_in_two_jobs(still_emulator: Start, run_line: RunLine) -> None:
    """Start and stop when ready; continue after the tests; the old fleet has its time."""
    service = still_emulator("blue-green")
    ready = run_line(service, "--stop-after", "ready")
    assert (ready.code, ready.outputs["status"]) == (0, "ready")
    assert "ContinueDeployment" not in operations(service)

    done = run_line(service, "--deployment-id", ready.outputs["deployment-id"], "--continue", environ=GIVEN)
    assert (done.code, done.outputs["status"]) == (0, "succeeded")
    waits = [call.parameters["deploymentWaitType"] for call in service.calls if "Continue" in call.operation]
    assert waits == ["READY_WAIT"]
    assert "traffic is moved" in done.log


@pytest.mark.unhurried
def test_the_wait_of_the_old_fleet_can_be_ended(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator("blue-green")
    identifier = deploy(service.client())
    for _ in looks_until(service, identifier, "Ready"):
        pass
    service.client().continue_deployment(deploymentId=identifier, deploymentWaitType="READY_WAIT")
    service.clock.sleep(1)
    ran = run_line(service, "--deployment-id", identifier, "--continue", environ=GIVEN)
    assert (ran.code, ran.outputs["status"]) == (0, "succeeded")
    assert "the old instances are terminated" in ran.log


def test_a_deployment_that_may_not_be_continued_goes_on_and_says_so(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator("blue-green", policy=_everything_but("codedeploy:ContinueDeployment"))
    ran = run_line(service, "--continue")
    assert ran.code == 4
    assert "codedeploy:ContinueDeployment" in ran.log
    assert f"Deployment {ran.outputs['deployment-id']} is still running" in ran.log


@pytest.mark.parametrize("kind", ["throttle", "expired-token", "cut-after"])
def test_a_continue_that_fails_for_a_moment_is_sent_again(
    kind: str, still_emulator: Start, run_line: RunLine
) -> None:
    """The wait for traffic is ended once, and the wait of the old instances is left its time."""
    service = still_emulator("blue-green")
    service.faults.add("ContinueDeployment", kind, times=2)
    ran = run_line(service, "--continue")
    assert (ran.code, ran.outputs["status"]) == (0, "succeeded")
    waits = {call.parameters["deploymentWaitType"] for call in service.calls if "Continue" in call.operation}
    assert waits == {"READY_WAIT"}
    assert ran.log.count("could not be continued") == 1
    assert ran.log.count("traffic is moved") == 1


def test_a_wait_that_ended_by_itself_is_no_error(still_emulator: Start) -> None:
    """Between a look and the request the wait may be over: the next wait is tried then."""
    service = still_emulator("blue-green")
    identifier = deploy(service.client())
    said: list[str] = []
    attend = continue_wait(identifier, client=service.client(), say=said.append)
    attend(Snapshot(status="Ready"))
    assert said == []
    for _ in looks_until(service, identifier, "Ready"):
        pass
    attend(Snapshot(status="Ready", trouble="ThrottlingException"))
    assert said == []
    attend(Snapshot(status="Ready"))
    attend(Snapshot(status="Ready"))
    assert said == [f"Continued {identifier}: traffic is moved"]


READY = Snapshot(status="Ready")
TERMINATING = Snapshot(status="InProgress", terminating=True)


@pytest.mark.parametrize("kind", ["throttle", "503", "cut-before"])
def test_that_a_wait_could_not_be_ended_is_said_at_the_first_try_alone(
    kind: str, still_emulator: Start
) -> None:
    service = still_emulator("blue-green")
    service.faults.add("ContinueDeployment", kind, times=EVERY)
    said: list[str] = []
    attend = continue_wait("d-AAAAAAAAA", client=service.client(), say=said.append)
    attend(READY)
    first = said.copy()
    for _ in range(3):
        attend(READY)
    assert said == first
    assert first[0].startswith("Deployment d-AAAAAAAAA could not be continued (")
    assert operations(service).count("ContinueDeployment") == 4


def test_a_wait_that_a_lost_request_may_have_ended_counts_as_ended_once_it_is_over(
    still_emulator: Start,
) -> None:
    """The next wait, of the old instances, is not what was to be ended."""
    service = still_emulator("blue-green")
    service.faults.add("ContinueDeployment", "cut-before")
    said: list[str] = []
    attend = continue_wait("d-AAAAAAAAA", client=service.client(), say=said.append)
    for snapshot in (READY, replace(READY, trouble="ThrottlingException"), TERMINATING, READY):
        attend(snapshot)
    assert said[1:] == ["Continued d-AAAAAAAAA: traffic is moved"]
    assert operations(service).count("ContinueDeployment") == 1


@pytest.mark.parametrize("kind", ["throttle", "expired-token"])
def test_a_wait_that_a_refused_request_cannot_have_ended_leaves_the_next_one_to_be_ended(
    kind: str, still_emulator: Start
) -> None:
    service = still_emulator("blue-green")
    service.faults.add("ContinueDeployment", kind, times=2)
    said: list[str] = []
    attend = continue_wait("d-AAAAAAAAA", client=service.client(), say=said.append)
    attend(READY)
    attend(Snapshot(status="InProgress"))
    attend(TERMINATING)
    assert len(said) == 1
    waits = [call.parameters["deploymentWaitType"] for call in service.calls]
    assert waits == ["READY_WAIT", "TERMINATION_WAIT"]


def test_credentials_get_three_tries_to_end_a_wait(still_emulator: Start) -> None:
    service = still_emulator("blue-green")
    service.faults.add("ContinueDeployment", "expired-token", times=EVERY)
    attend = continue_wait("d-AAAAAAAAA", client=service.client(), say=lambda _: None)
    attend(READY)
    attend(READY)
    with pytest.raises(AccessDenied, match="codedeploy:ContinueDeployment on d-AAAAAAAAA failed"):
        attend(READY)


@pytest.mark.parametrize("rollback", [True, False])
def test_a_stop_of_what_has_ended_is_no_error(*, rollback: bool, still_emulator: Start) -> None:
    service = still_emulator("stuck")
    identifier = deploy(service.client())
    assert request_stop(identifier, rollback=rollback, client=service.client())
    for _ in looks(service, identifier):
        pass
    assert not request_stop(identifier, rollback=rollback, client=service.client())
    assert stop(identifier, rollback=rollback, client=service.client()) is None
    asked = [call.parameters["autoRollbackEnabled"] for call in service.calls if "Stop" in call.operation]
    assert asked == [rollback] * 3
    problem = stop("d-AAAAAAAAA", rollback=rollback, client=service.client())
    assert problem is not None
    assert problem.message.startswith("codedeploy:StopDeployment on d-AAAAAAAAA failed")


@pytest.mark.parametrize(("pre_flight", "code"), [("errors", 0), ("strict", 3), ("off", 0)])
def test_a_variable_without_a_placeholder_is_as_severe_as_pre_flight_says(
    still_emulator: Start, run_line: RunLine, pre_flight: str, code: int
) -> None:
    variables = {"INPUT_APPSPEC-VARIABLES": "VERSION=8\nVERSOIN=8"}
    ran = run_line(
        still_emulator(),
        "--stop-after",
        "package",
        "--pre-flight",
        pre_flight,
        environ={**LAMBDA, **variables},
    )
    assert ran.code == code
    assert "The variable VERSOIN has no placeholder" in ran.log


def test_an_appspec_to_upload_needs_a_bucket(still_emulator: Start, run_line: RunLine) -> None:
    ran = run_line(still_emulator(), "--stop-after", "upload", environ=LAMBDA)
    assert ran.code == 2
    assert "Input bucket is missing." in ran.log


def test_targets_of_cloudformation_are_told_with_their_traffic(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator("cloudformation")
    identifier = deploy(service.client())
    ran = run_line(service, "--deployment-id", identifier, environ=GIVEN)
    assert ran.code == 0
    (target,) = json.loads(ran.outputs["targets"])
    assert (target["kind"], target["traffic"]) == ("cloudformation", {"old version": 0, "new version": 100})
    assert "% to new version" in ran.log
    assert "### Traffic" in ran.summary


def test_a_rollback_is_told_with_its_group(still_emulator: Start, run_line: RunLine) -> None:
    ran = run_line(still_emulator("rollback"), environ={"INPUT_DEPLOYMENT-GROUP": "staging\nproduction"})
    (told,) = json.loads(ran.outputs["deployments"])
    assert told["rollback-deployment-id"] == ran.outputs["rollback-deployment-id"]


def test_a_registration_that_is_denied_names_what_is_missing(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator(policy=_everything_but("codedeploy:RegisterApplicationRevision"))
    ran = run_line(service)
    assert ran.code == 4
    assert "codedeploy:RegisterApplicationRevision on arn:aws:codedeploy:eu-west-1:" in ran.log
    assert created(service) == []


@pytest.mark.parametrize(
    ("operation", "kind", "place"),
    [
        ("CreateDeployment", "access-denied", "deploymentgroup:hello-web/production was denied"),
        ("GetApplication", "expired-token", "application:hello-web failed"),
    ],
)
def test_what_a_call_was_about_is_told_by_its_arn(
    operation: str, kind: str, place: str, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    for name in ("GetDeploymentGroup", operation):
        service.faults.add(name, "access-denied" if name != operation else kind, times=EVERY)
    ran = run_line(service)
    assert ran.code == 4
    assert f"codedeploy:{operation} on arn:aws:codedeploy:eu-west-1:*:{place}" in ran.log


def test_thousands_of_patterns_print_a_few_lines(still_emulator: Start, run_line: RunLine) -> None:
    patterns = "\n".join(["*.css", *(f"nothing-{number}" for number in range(3000))])
    ran = run_line(still_emulator(), "--stop-after=package", f"--exclude={patterns}")
    assert ran.log.count("Left out by") == 1
    assert "And 3,000 more patterns, 3,000 of which left out nothing" in ran.log


def test_debugging_lists_what_goes_in_and_what_is_left_out(
    still_emulator: Start, run_line: RunLine, tmp_path: Path
) -> None:
    tree = tmp_path / "app"
    (tree / "logs").mkdir(parents=True)
    (tree / "appspec.yml").write_text("version: 0.0\nos: linux\n")
    (tree / "latest").symlink_to("appspec.yml")
    (tree / "logs" / "x.log").touch()
    given = {"GITHUB_WORKSPACE": str(tree), "INPUT_SOURCE": "", "INPUT_EXCLUDE": "*.log", "RUNNER_DEBUG": "1"}
    ran = run_line(still_emulator(), "--stop-after", "package", environ=given)
    assert ran.code == 0
    told = [line for line in ran.log.splitlines() if line.startswith("::debug::")]
    assert told == [
        "::debug::in   0644 appspec.yml 23 B",
        "::debug::in   0777 latest -> appspec.yml",
        "::debug::in   0755 logs/",
        "::debug::out  logs/x.log by *.log",
    ]
