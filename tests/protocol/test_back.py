"""Going back with one word: what runs is stopped, what failed is undone, and what was left stays left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from deployer.aws.policy import permissions_policy
from deployer.settings.load import load
from tests.emulator import iam
from tests.protocol.test_live import PLATFORMS, RUN, job

if TYPE_CHECKING:
    from tests.clock import FakeClock
    from tests.emulator import Emulator
    from tests.harness import Ran, RunLine, Start
    from tests.s3 import S3Server

pytestmark = pytest.mark.chaos

APPLICATIONS = {"Server": "hello-web", "Lambda": "shop-lambda", "ECS": "shop-ecs"}
VARIABLES = {
    "Lambda": "VERSION={}",
    "ECS": "TASK_DEFINITION=arn:aws:ecs:eu-west-1:123456789012:task-definition/web:{}",
}


def deployed(run_line: RunLine, service: Emulator, platform: str, version: int, *flags: str) -> Ran:
    """Deploy a version of the platform's example, each another revision of another commit and run."""
    environ = dict(job(platform, 810 + version, "abcdef"[version]))
    if platform == "Server":
        environ["INPUT_KEY"] = f"{version}.zip"
    else:
        environ["INPUT_APPSPEC-VARIABLES"] = VARIABLES[platform].format(version)
    return run_line(service, *flags, environ=environ)


def back(run_line: RunLine, service: Emulator, platform: str, *flags: str, to: str = "last-good") -> Ran:
    """Go back, in a job that has nothing but the group's name."""
    environ = {**RUN, "INPUT_APPLICATION": APPLICATIONS[platform], "GITHUB_SHA": "9" * 40}
    environ |= {"INPUT_SOURCE": "", "INPUT_BUCKET": "", "INPUT_REVISION": to, "GITHUB_RUN_NUMBER": "3"}
    environ["GITHUB_WORKFLOW_REF"] = "acme/shop/.github/workflows/rollback.yml@refs/heads/main"
    return run_line(service, *flags, environ=environ)


def created(service: Emulator) -> list[Any]:
    return [call.parameters for call in service.calls if call.operation == "CreateDeployment"]


def stops(service: Emulator) -> list[Any]:
    return [call.parameters for call in service.calls if call.operation == "StopDeployment"]


@PLATFORMS
@pytest.mark.parametrize("to", ["last-good", "previous"])
def test_what_is_running_is_stopped_and_its_rollback_is_followed(
    platform: str, to: str, *, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    good = deployed(run_line, service, platform, 1)
    bad = deployed(run_line, service, platform, 2, "--stop-after", "deploy")
    ran = back(run_line, service, platform, to=to)
    assert (ran.code, ran.outputs["status"]) == (0, "succeeded"), ran.log
    assert stops(service) == [{"deploymentId": bad.outputs["deployment-id"], "autoRollbackEnabled": True}]
    assert len(created(service)) == 2
    rollback = service.deployments[-1]
    assert (rollback.creator, ran.outputs["deployment-id"]) == ("codeDeployRollback", rollback.id)
    assert ran.outputs["live-revision"] == ran.outputs["revision"] == good.outputs["revision"]
    assert f"{bad.outputs['deployment-id']} is still running; going back to acme/shop@bbbbbbb." in ran.log
    assert f"To undo going back: revision: {bad.outputs['revision']}" in ran.log
    assert (
        "production is back on acme/shop@bbbbbbb; the next deployment from the branch brings acme/shop"
        in (ran.log)
    )


@PLATFORMS
def test_after_a_failure_the_last_good_revision_is_deployed_again(
    platform: str, *, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator(["success", "no-instances", "success"])
    good = deployed(run_line, service, platform, 1)
    bad = deployed(run_line, service, platform, 2)
    assert bad.code == 10
    assert "To go back to the last good revision: revision: last-good\n" in bad.log
    assert "revision: &#34;last-good&#34;" in bad.summary or 'revision: "last-good"' in bad.summary
    ran = back(run_line, service, platform)
    assert (ran.code, stops(service)) == (0, []), ran.log
    assert created(service)[-1]["revision"] == created(service)[0]["revision"]
    assert ran.outputs["revision"] == good.outputs["revision"]
    description = created(service)[-1]["description"]
    assert description.startswith(f"Back from {bad.outputs['deployment-id']}: https://")
    assert description.endswith("[acme/shop@bbbbbbbbbbbb deploy.yml#811]"), (
        "what is live, not the rollback's run"
    )


@PLATFORMS
def test_behind_a_success_there_is_the_revision_before_and_only_once(
    platform: str, *, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    good = deployed(run_line, service, platform, 1)
    bad = deployed(run_line, service, platform, 2)
    ran = back(run_line, service, platform, to="previous")
    assert (ran.code, ran.outputs["revision"]) == (0, good.outputs["revision"]), ran.log
    assert ran.outputs["previous-revision"] == bad.outputs["revision"]
    assert (
        f"Live: acme/shop@ccccccc, for less than a minute, {bad.outputs['deployment-id']} → Deploying: "
        in (ran.log)
    )
    again = back(run_line, service, platform, to="previous")
    assert (again.code, len(created(service))) == (2, 3)
    assert f"went back already: {ran.outputs['deployment-id']} brought back acme/shop@bbbbbbb" in again.log
    live = back(run_line, service, platform)
    assert (live.code, live.outputs["revision"]) == (0, good.outputs["revision"])
    assert "so last-good is the revision that the group runs already." in live.log
    spared = back(run_line, service, platform, "--if-unchanged", "skip")
    assert (spared.code, spared.outputs["status"]) == (0, "unchanged")
    undone = back(run_line, service, platform, to=bad.outputs["revision"])
    assert (undone.code, undone.outputs["live-revision"]) == (0, bad.outputs["revision"])


def test_a_revision_that_was_deployed_twice_is_left_all_the_same(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    good = deployed(run_line, service, "Server", 1)
    for _ in range(2):
        deployed(run_line, service, "Server", 2)
    ran = back(run_line, service, "Server", to="previous")
    assert (ran.code, ran.outputs["revision"]) == (0, good.outputs["revision"])
    assert "going back to acme/shop@bbbbbbb." in ran.log
    service.faults.add("ListDeployments", "access-denied", times=99)
    for _ in range(2):
        deployed(run_line, service, "Server", 3)
    ran = back(run_line, service, "Server", to="previous")
    assert ran.code == 2
    assert "allow codedeploy:ListDeployments" in ran.log


def test_a_failure_before_auto_scaling_launched_an_instance_is_what_is_gone_back_from(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator(["success", "success", "no-instances", "success"])
    for version in (1, 2, 3):
        deployed(run_line, service, "Server", version)
        service.clock.sleep(60.0)
    good = service.deployments[1].revision
    service.begin(revision=good, creator="autoscaling")
    service.clock.sleep(60.0)
    assert back(run_line, service, "Server", to="previous").code == 0
    assert created(service)[-1]["revision"] == good


@pytest.mark.parametrize("tried", ["success", "no-instances"])
def test_a_bundle_that_was_deleted_is_missed_before_anything_is_stopped(
    tried: str, *, still_emulator: Start, run_line: RunLine, s3: S3Server, bucket: str
) -> None:
    service = still_emulator(["success", tried])
    good = deployed(run_line, service, "Server", 1)
    deployed(run_line, service, "Server", 2, *(["--stop-after", "deploy"] if tried == "success" else []))
    s3.client().delete_object(Bucket=bucket, Key="1.zip", VersionId=good.outputs["version-id"])
    ran = back(run_line, service, "Server")
    assert ran.code == 2
    assert "The bundle of the last good revision was deleted from S3, so nothing was stopped or deployed" in (
        ran.log
    )
    assert (stops(service), len(created(service))) == ([], 2)


def test_an_appspec_that_cannot_be_read_again_is_missed_before_anything_is_stopped(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    deployed(run_line, service, "Lambda", 1)
    deployed(run_line, service, "Lambda", 2, "--stop-after", "deploy")
    service.faults.add("GetApplicationRevision", "access-denied", times=99)
    ran = back(run_line, service, "Lambda")
    assert (ran.code, stops(service)) == (2, [])
    assert "Allow codedeploy:GetApplicationRevision" in ran.log


@pytest.mark.parametrize("action", ["GetDeploymentGroup", "GetDeployment", "StopDeployment"])
def test_a_denial_changes_nothing_and_names_what_is_missing(
    action: str, *, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    deployed(run_line, service, "Server", 1)
    deployed(run_line, service, "Server", 2, "--stop-after", "deploy")
    service.faults.add(action, "access-denied", times=99)
    ran = back(run_line, service, "Server")
    assert (ran.code, len(service.deployments)) == (4, 2)
    assert f"codedeploy:{action}" in ran.log


@pytest.mark.parametrize("ends", ["success", "no-instances"])
def test_what_ends_before_the_stop_is_still_gone_back_from(
    ends: str, *, still_emulator: Start, run_line: RunLine, clock: FakeClock
) -> None:
    """Whatever it came to in the meantime: the way was decided when it was running."""
    service = still_emulator(["success", ends, "success"])
    good = deployed(run_line, service, "Server", 1)
    bad = deployed(run_line, service, "Server", 2, "--stop-after", "deploy")
    stop = service.codedeploy.stop_deployment

    def late(request: Any) -> Any:  # noqa: ANN401 - the emulator's
        clock.sleep(600.0)
        return stop(request)

    service.codedeploy.stop_deployment = late  # type: ignore[method-assign]
    ran = back(run_line, service, "Server")
    assert (ran.code, ran.outputs["live-revision"]) == (0, good.outputs["revision"])
    assert f"Deployment {bad.outputs['deployment-id']} has already ended" in ran.log
    assert len(created(service)) == 3


def test_what_does_not_stop_in_time_is_told_as_that(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator(["success", "stuck"])
    deployed(run_line, service, "Server", 1)
    bad = deployed(run_line, service, "Server", 2, "--stop-after", "deploy")
    service.codedeploy.stop_deployment = lambda request: {"status": "Pending"}  # type: ignore[method-assign] # noqa: ARG005
    ran = back(run_line, service, "Server", "--timeout", "10s", "--poll-interval", "5s")
    assert (ran.code, ran.outputs["status"]) == (12, "timed-out")
    assert ran.outputs["deployment-id"] == bad.outputs["deployment-id"]
    assert len(created(service)) == 2


def test_a_stop_without_a_rollback_is_made_up_for(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    good = deployed(run_line, service, "Server", 1)
    deployed(run_line, service, "Server", 2, "--stop-after", "deploy")
    stop = service.codedeploy.stop_deployment

    def without_rollback(request: Any) -> Any:  # noqa: ANN401 - the emulator's
        return stop({**request, "autoRollbackEnabled": False})

    service.codedeploy.stop_deployment = without_rollback  # type: ignore[method-assign]
    ran = back(run_line, service, "Server")
    assert (ran.code, ran.outputs["live-revision"]) == (0, good.outputs["revision"])
    assert len(created(service)) == 3


def test_each_of_several_groups_goes_back_by_its_own_history(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    groups = {"INPUT_DEPLOYMENT-GROUP": "staging\nproduction"}
    staging = deployed(run_line, service, "Server", 1, "--deployment-group", "staging")
    production = deployed(run_line, service, "Server", 2)
    run_line(service, environ={**job("Server", 813, "d"), **groups})
    given = {**groups, "INPUT_REVISION": "previous", "INPUT_SOURCE": "", "INPUT_BUCKET": ""}
    ran = run_line(service, environ=given)
    assert ran.code == 0, ran.log
    revisions = [each["revision"]["s3Location"]["key"] for each in created(service)[-2:]]
    assert revisions == [staging.outputs["key"], production.outputs["key"]]


def test_a_bundle_that_has_changed_is_no_way_back(
    still_emulator: Start, run_line: RunLine, s3: S3Server
) -> None:
    service, bucket = still_emulator(), s3.create_bucket(f"bucket-{uuid4()}", versioned=False)
    for version in ("1", "2"):
        run_line(service, environ={"INPUT_BUCKET": bucket, "INPUT_KEY": f"{version}.zip"})
    s3.client().put_object(Bucket=bucket, Key="1.zip", Body=b"another")
    ran = back(run_line, service, "Server", to="previous")
    assert (ran.code, len(created(service))) == (2, 2)
    assert "There is no way back, and nothing was stopped. The object has changed" in ran.log


@pytest.mark.parametrize("operation", ["StopDeployment", "CreateDeployment"])
@pytest.mark.parametrize("kind", ["cut-after", "cut-before", "503"])
def test_a_lost_answer_neither_stops_twice_nor_deploys_twice(
    kind: str, operation: str, *, still_emulator: Start, run_line: RunLine
) -> None:
    running = operation == "StopDeployment"
    service = still_emulator(["success", "success" if running else "no-instances", "success"])
    good = deployed(run_line, service, "Server", 1)
    deployed(run_line, service, "Server", 2, *(["--stop-after", "deploy"] if running else []))
    service.faults.add(operation, kind)
    ran = back(run_line, service, "Server")
    assert (ran.code, ran.outputs["live-revision"]) == (0, good.outputs["revision"])
    assert len(service.deployments) == 3


def test_a_way_back_that_another_job_began_is_joined(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    deployed(run_line, service, "Server", 1)
    deployed(run_line, service, "Server", 2)
    first = back(run_line, service, "Server", "--stop-after", "deploy", to="previous")
    second = back(run_line, service, "Server", to="previous")
    assert (second.code, second.outputs["deployment-id"]) == (0, first.outputs["deployment-id"])
    assert (stops(service), len(service.deployments)) == ([], 3)


@pytest.mark.parametrize("tried", ["success", "no-instances"])
def test_the_printed_policy_suffices(
    tried: str, *, still_emulator: Start, run_line: RunLine, s3: S3Server
) -> None:
    given = ["--application=hello-web", "--deployment-group=production", "--revision=last-good"]
    service = still_emulator(["success", tried, "success"], bucket_store=s3)
    deployed(run_line, service, "Server", 1)
    deployed(run_line, service, "Server", 2, *(["--stop-after", "deploy"] if tried == "success" else []))
    service.sts.policies["*"] = iam.Policies(identity=permissions_policy(load({}, given)))
    ran = back(run_line, service, "Server")
    assert ran.code == 0, ran.log
    assert not [call for call in service.calls if "AccessDenied" in call.error]
