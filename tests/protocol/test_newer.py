"""Runs that overtake each other, and groups that run the revision already."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from deployer.aws.policy import permissions_policy
from deployer.settings.load import load
from tests.emulator import iam
from tests.protocol.test_back import created, deployed
from tests.protocol.test_live import PLATFORMS, job

if TYPE_CHECKING:
    from tests.harness import Ran, RunLine, Start
    from tests.s3 import S3Server

STAYS = pytest.mark.parametrize(("how", "code", "status"), [("fail", 13, None), ("skip", 0, "skipped")])


@PLATFORMS
@pytest.mark.parametrize("active", [True, False], ids=["active", "live"])
@STAYS
def test_an_older_run_does_not_replace_a_newer_one(  # noqa: PLR0913 - fixtures
    platform: str,
    active: bool,  # noqa: FBT001
    how: str,
    code: int,
    status: str | None,
    *,
    still_emulator: Start,
    run_line: RunLine,
) -> None:
    service = still_emulator()
    newer = deployed(run_line, service, platform, 2, *(["--stop-after", "deploy"] if active else []))
    ran = deployed(run_line, service, platform, 1, "--on-newer", how)
    assert (ran.code, len(created(service))) == (code, 1), ran.log
    standing = "is being deployed to" if active else "is live in"
    assert f"Run 812 (acme/shop@ccccccc, {newer.outputs['deployment-id']}) {standing} " in ran.log
    assert "this is run 811 (acme/shop@bbbbbbb), which is older." in ran.log
    if status:
        assert ran.outputs["status"] == status
        assert "Skipped; a newer run was deployed" in ran.summary
        assert json.loads(ran.outputs["deployments"]) == [{"group": "production", "status": "skipped"}]
    else:
        assert ran.outputs["error-code"] == "newer-run"


@pytest.mark.parametrize(("how", "warned"), [("warn", True), ("deploy", False)])
def test_it_does_so_where_that_is_wanted(
    how: str,
    warned: bool,  # noqa: FBT001
    *,
    still_emulator: Start,
    run_line: RunLine,
) -> None:
    service = still_emulator()
    deployed(run_line, service, "Server", 2)
    ran = deployed(run_line, service, "Server", 1, "--on-newer", how)
    assert (ran.code, len(created(service))) == (0, 2)
    assert ran.log.count("::warning title=newer-run::Run 812 ") == warned


@pytest.mark.unhurried
@STAYS
def test_the_group_is_looked_at_again_after_a_wait(
    how: str, code: int, status: str | None, *, still_emulator: Start, run_line: RunLine
) -> None:
    """That is where one run overtakes another: both wait for a third, and the newer one comes first."""
    service = still_emulator()
    other = service.begin()
    look, newer = (
        service.codedeploy.get_deployment,
        {"description": "[acme/shop@cccccccccccc deploy.yml#812]"},
    )

    def overtaken(request: Any) -> Any:  # noqa: ANN401 - the emulator's
        answer = look(request)
        ended = answer["deploymentInfo"]["status"] == "Succeeded"
        if request["deploymentId"] == other.id and ended and service.deployments == [other]:
            service.begin(request=newer, revision=other.revision)
        return answer

    service.codedeploy.get_deployment = overtaken  # type: ignore[method-assign]
    ran = deployed(run_line, service, "Server", 1, "--on-newer", how)
    assert ran.code == code, ran.log
    assert f"{other.id} holds production; waiting for it" in ran.log
    _, overtaking = service.deployments
    assert f"Run 812 (acme/shop@ccccccc, {overtaking.id}) is being deployed to" in ran.log
    assert ran.outputs.get("status") == (status or "registered")


@pytest.mark.parametrize("action", ["GetDeploymentGroup", "GetDeployment"])
@pytest.mark.parametrize(("how", "code"), [("fail", 4), ("skip", 4), ("warn", 0), ("deploy", 0)])
def test_what_may_not_be_looked_at_is_not_taken_for_nothing(
    action: str, how: str, code: int, *, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    deployed(run_line, service, "Server", 2)
    service.faults.add(action, "access-denied", times=99)
    ran = deployed(run_line, service, "Server", 1, "--on-newer", how, "--stop-after", "deploy")
    assert (ran.code, len(created(service))) == (code, 1 if code else 2)
    assert ("Live: unknown (AccessDeniedException)" in ran.log) or code


@pytest.mark.parametrize("denied", [False, True])
def test_a_newer_run_that_came_in_between_is_made_up_for(
    denied: bool,  # noqa: FBT001
    *,
    still_emulator: Start,
    run_line: RunLine,
) -> None:
    """The request was on its way so long that a newer run was deployed and succeeded meanwhile."""
    service = still_emulator()
    create, clock = service.codedeploy.create_deployment, service.clock
    newer = {"description": "[acme/shop@cccccccccccc deploy.yml#812]"}

    def late(request: Any, *, region: str) -> Any:  # noqa: ANN401 - the emulator's
        service.begin(request=newer)
        clock.sleep(60.0)
        return create(request, region=region)

    service.codedeploy.create_deployment = late  # type: ignore[method-assign]
    if denied:
        service.faults.add("StopDeployment", "access-denied", times=9)
    ran = deployed(run_line, service, "Server", 1, "--on-newer", "fail")
    own = service.deployments[1]
    assert (ran.code, ran.outputs["deployment-id"]) == (13, own.id)
    if denied:
        assert f"{own.id} could not be stopped (" in ran.log
    else:
        assert f"{own.id}, which was on its way at the same time, is being stopped and rolled back" in ran.log
        clock.sleep(5.0)
        assert own.status(clock.monotonic()) == "Stopped"
        assert service.deployments[2].revision == service.deployments[0].revision


def test_a_failed_newer_run_and_another_workflow_s_hold_nothing_up(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator(["success", "no-instances", "success"])
    deployed(run_line, service, "Server", 1)
    assert deployed(run_line, service, "Server", 3).code == 10
    service.begin(request={"description": "[acme/shop@dddddddddddd nightly.yml#9000]"})
    service.clock.sleep(60.0)
    assert deployed(run_line, service, "Server", 2, "--on-newer", "fail").code == 0


def test_a_revision_given_by_hand_is_never_held_up(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    older = deployed(run_line, service, "Server", 1)
    deployed(run_line, service, "Server", 2)
    given = {"INPUT_SOURCE": "", "INPUT_BUCKET": "", "INPUT_REVISION": older.outputs["revision"]}
    assert run_line(service, "--on-newer", "fail", environ=given).code == 0


@pytest.mark.parametrize(
    ("how", "code", "status"),
    [("warn", 0, "succeeded"), ("fail", 13, None), ("skip", 0, "skipped"), ("deploy", 0, "succeeded")],
)
def test_a_revision_that_an_earlier_job_of_the_run_built_is_the_run_s(
    how: str, code: int, status: str | None, *, still_emulator: Start, run_line: RunLine
) -> None:
    """A promotion that waited for its approval while a newer run was deployed."""
    service = still_emulator()
    older = deployed(run_line, service, "Server", 1, "--stop-after", "register")
    newer = deployed(run_line, service, "Server", 2)
    given = {"INPUT_SOURCE": "", "INPUT_BUCKET": "", "INPUT_REVISION": older.outputs["revision"]}
    ran = run_line(service, "--on-newer", how, environ={**job("Server", 811, "b"), **given})
    assert ran.code == code, ran.log
    assert status in {None, ran.outputs.get("status")}
    said = f"Run 812 (acme/shop@ccccccc, {newer.outputs['deployment-id']}) is live in hello-web/production"
    assert (said in ran.log) == (how != "deploy")


def test_the_run_s_own_commit_on_github_is_the_run_s(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()

    def commit(number: int, sha: str, built: str) -> Ran:
        given = {"INPUT_SOURCE": "", "INPUT_BUCKET": "", "INPUT_REVISION": f"github://acme/shop/{built * 40}"}
        return run_line(service, "--on-newer", "fail", environ={**job("Server", number, sha), **given})

    assert commit(812, "c", "c").code == 0
    assert service.deployments[-1].request["description"].endswith("[acme/shop@cccccccccccc deploy.yml#812]")
    assert commit(811, "b", "b").code == 13
    by_hand = commit(811, "b", "a")
    assert by_hand.code == 0
    assert "Live: acme/shop@ccccccc, for " in by_hand.log
    assert (
        f"→ Deploying: @aaaaaaa, https://github.com/acme/shop/compare/{'c' * 12}...{'a' * 12}" in by_hand.log
    )


def test_the_printed_policy_suffices_for_the_look(
    still_emulator: Start, run_line: RunLine, s3: S3Server, bucket: str
) -> None:
    given = ["--application=hello-web", "--deployment-group=production", f"--bucket={bucket}"]
    service = still_emulator(bucket_store=s3)
    deployed(run_line, service, "Server", 2)
    policy = permissions_policy(load({}, [*given, "--on-newer=fail", "--key=*.zip"]))
    required = [each for each in policy["Statement"] if not each["Sid"].startswith("Optional")]
    service.sts.policies["*"] = iam.Policies(identity={**policy, "Statement": required})
    assert deployed(run_line, service, "Server", 1, "--on-newer", "fail").code == 13
    assert deployed(run_line, service, "Server", 3, "--on-newer", "fail").code == 0


@PLATFORMS
def test_an_unchanged_group_is_spared(platform: str, *, still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    first = deployed(run_line, service, platform, 1)
    ran = deployed(run_line, service, platform, 1, "--if-unchanged", "skip")
    assert (ran.code, ran.outputs["status"], len(created(service))) == (0, "unchanged", 1)
    assert f"production runs this revision already, by {first.outputs['deployment-id']}." in ran.log
    assert ran.outputs["live-revision"] == first.outputs["revision"]
    assert "Unchanged; the group runs this revision" in ran.summary
    assert deployed(run_line, service, platform, 1).outputs["status"] == "succeeded"
    assert deployed(run_line, service, platform, 2, "--if-unchanged", "skip").outputs["status"] == "succeeded"


@pytest.mark.parametrize(
    "what",
    [
        {"scenario": "no-instances"},
        {"scenario": "stuck"},
        {"request": {"targetInstances": {"autoScalingGroups": ["green"]}}},
    ],
    ids=["failed since", "is active", "chosen instances"],
)
def test_a_group_that_may_not_be_whole_is_not_spared(
    what: dict[str, Any], *, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    deployed(run_line, service, "Server", 1)
    if "request" in what:
        what = {**what, "revision": service.deployments[0].revision}
    service.begin(**what)
    service.clock.sleep(60.0)
    deployed(run_line, service, "Server", 1, "--if-unchanged", "skip", "--on-conflict", "stop")
    assert [call.error for call in service.calls if call.operation == "CreateDeployment"][-1] == ""
    assert sum(each.creator == "user" for each in service.deployments) == 3


@pytest.mark.parametrize("scenario", ["one-fails-goes-on", "one-skipped-goes-on"])
def test_a_success_that_missed_a_target_spares_nothing(
    scenario: str, *, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator([scenario, "success"])
    first = deployed(run_line, service, "Server", 1)
    assert (first.code, "live-revision" in first.outputs) == (0, False)
    assert " targets. To deploy it only to the others: revision: " in first.log
    ran = deployed(run_line, service, "Server", 1, "--if-unchanged", "skip")
    assert (ran.outputs["status"], len(created(service))) == ("succeeded", 2)
    assert deployed(run_line, service, "Server", 1, "--if-unchanged", "skip").outputs["status"] == "unchanged"


@pytest.mark.parametrize(
    "how",
    [
        {"creator": "autoscaling"},
        {"creator": "CodeDeployAutoUpdate"},
        {"request": {"deploymentMode": "RESTART"}},
    ],
    ids=["launched", "outdated", "restart"],
)
def test_what_brings_nothing_new_hides_neither_the_run_nor_a_failure(
    how: dict[str, Any], *, still_emulator: Start, run_line: RunLine
) -> None:
    """What AWS deploys to instances that come later is the last success again, and so is a restart."""
    service = still_emulator()
    newer = deployed(run_line, service, "Server", 2)

    def launch() -> None:
        service.clock.sleep(60.0)
        service.begin(revision=service.deployments[0].revision, **how)
        service.clock.sleep(60.0)

    launch()
    ran = deployed(run_line, service, "Server", 2, "--if-unchanged", "skip")
    assert f"production runs this revision already, by {newer.outputs['deployment-id']}." in ran.log
    assert deployed(run_line, service, "Server", 1, "--on-newer", "fail").code == 13
    service.begin(scenario="no-instances")
    launch()
    assert deployed(run_line, service, "Server", 2, "--if-unchanged", "skip").outputs["status"] == "succeeded"


def test_a_group_whose_history_may_not_be_read_is_not_spared_behind_auto_scaling(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    deployed(run_line, service, "Server", 1)
    service.begin(revision=service.deployments[0].revision, creator="autoscaling")
    service.clock.sleep(60.0)
    service.faults.add("ListDeployments", "access-denied", times=99)
    ran = deployed(run_line, service, "Server", 1, "--if-unchanged", "skip")
    assert ran.outputs["status"] == "succeeded"
    assert "went to some instances only; some instances may run something else" in ran.summary


def test_each_of_several_groups_is_spared_by_itself(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    run_line(service, environ={"INPUT_DEPLOYMENT-GROUP": "staging"})
    ran = run_line(
        service, "--if-unchanged", "skip", environ={"INPUT_DEPLOYMENT-GROUP": "staging\nproduction"}
    )
    statuses = [(each["group"], each["status"]) for each in json.loads(ran.outputs["deployments"])]
    assert statuses == [("staging", "unchanged"), ("production", "succeeded")]
    assert "2 of 2 deployment groups done" in ran.summary
