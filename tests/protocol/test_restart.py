"""`restart: true`, and what else depends on how a group deploys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.catalogue import BLUE_GREEN_STYLE
from tests.protocol.steps import allow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.emulator import Emulator
    from tests.harness import RunLine, Start

RESTART = {"INPUT_RESTART": "true", "INPUT_SOURCE": "", "INPUT_BUCKET": ""}
JOB = {"GITHUB_SHA": "c" * 40, "GITHUB_REPOSITORY": "acme/hello-web", "GITHUB_RUN_NUMBER": "812"}
SUSPENDING = "ec2DeploymentOptions: {autoScalingGroupProcessesToSuspend: [Terminate, AZRebalance]}"


def sent(emulator: Emulator) -> list[Mapping[str, Any]]:
    """Return the requests that created deployments, or were to."""
    return [call.parameters for call in emulator.calls if call.operation == "CreateDeployment"]


def test_a_restart_sends_no_revision(still_emulator: Start, run_line: RunLine) -> None:
    """Nothing is packaged, uploaded or registered; the outputs name what was restarted."""
    service = still_emulator()
    ran = run_line(service, environ={**RESTART, **JOB})
    assert (ran.code, ran.outputs["status"]) == (0, "succeeded")
    (request,) = sent(service)
    assert request["deploymentMode"] == "RESTART"
    assert "revision" not in request
    assert not {"RegisterApplicationRevision", "PutObject", "HeadObject"} & {*service.operations()}
    assert ran.outputs["revision"] == ran.outputs["live-revision"] == "s3://releases/hello-web/yesterday.zip"
    assert "→ Restarting" in ran.log
    assert "It needs CodeDeploy agent 2.1.0 or later on each instance." in ran.log
    assert not {"Package", "Upload", "Register"} & {*ran.log.split()}


def test_a_restart_keeps_the_commit_of_what_runs(still_emulator: Start, run_line: RunLine) -> None:
    """The job's own commit was not deployed, and the next deployment compares with what really runs."""
    service = still_emulator()
    run_line(service, environ={**RESTART, **JOB})
    description = sent(service)[0]["description"]
    assert description.startswith("Restart")
    assert "acme/hello-web@1a2b3c4d5e6f" in description
    assert "cccccc" not in description
    again = run_line(service, environ=JOB)
    assert "Live: acme/hello-web@1a2b3c4" in again.log


def test_what_succeeded_while_a_restart_waited_is_what_it_restarts(
    still_emulator: Start, run_line: RunLine
) -> None:
    """CodeDeploy takes the revision at the moment of the request, so its commit is described."""
    service = still_emulator()
    newer = {
        "revisionType": "S3",
        "s3Location": {"bucket": "releases", "key": "newer.zip", "bundleType": "zip"},
    }
    service.begin(revision=newer, request={"description": "[acme/hello-web@9f8e7d6c5b4a deploy.yml#813]"})
    ran = run_line(service, environ={**RESTART, **JOB})
    assert ran.code == 0, ran.log
    assert "Live: acme/hello-web@9f8e7d6" in ran.log
    assert "acme/hello-web@9f8e7d6c5b4a" in sent(service)[-1]["description"]
    assert ran.outputs["revision"] == ran.outputs["live-revision"] == "s3://releases/newer.zip"


def test_several_groups_are_restarted_in_turn(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    ran = run_line(service, environ={**RESTART, "INPUT_DEPLOYMENT-GROUP": "staging\nproduction"})
    assert ran.code == 0, ran.log
    assert [request["deploymentGroupName"] for request in sent(service)] == ["staging", "production"]
    assert "Restart staging" in ran.log


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--revision", "s3://b/k.zip"), "Inputs revision and restart contradict each other"),
        (("--source", "dist"), "Inputs source and restart contradict each other"),
        (("--bundle-type", "tar"), "Inputs bundle-type and restart contradict each other"),
        (("--stop-after", "upload"), "Inputs stop-after and restart contradict each other"),
        (("--target-instances", "autoScalingGroups: [a]"), "Inputs target-instances and restart contradict"),
        (("--update-outdated-instances-only", "true"), "all instances of the group are restarted"),
        (("--continue", "true"), "a restart is in place and never waits to be continued"),
        (("--parameters", "deploymentMode: STANDARD"), "both set deploymentMode"),
        (("--deployment-id", "d-A1B2C3D4E"), "Inputs restart and deployment-id contradict each other"),
    ],
)
def test_what_contradicts_a_restart_is_told(
    flags: tuple[str, ...], said: str, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    ran = run_line(service, *flags, environ=RESTART)
    assert (ran.code, service.calls) == (2, [])
    assert said in ran.log


def test_no_restart_contradicts_nothing(still_emulator: Start, run_line: RunLine) -> None:
    """A workflow passes its choice on, and it may be no."""
    ran = run_line(still_emulator(), "--restart", "false", "--update-outdated-instances-only", "true")
    assert ran.code == 0, ran.log


def test_the_mode_as_a_parameter_leads_to_the_input(still_emulator: Start, run_line: RunLine) -> None:
    """As a parameter it would be sent with a revision, which CodeDeploy rejects."""
    ran = run_line(still_emulator(), "--parameters", "deploymentMode: RESTART")
    assert ran.code == 2
    assert "Use restart: true, which packages nothing." in ran.log


@pytest.mark.parametrize("application", ["shop-lambda", "shop-ecs"])
def test_only_instances_are_restarted(application: str, still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    ran = run_line(service, environ={**RESTART, "INPUT_APPLICATION": application})
    assert (ran.code, sent(service)) == (2, [])
    assert "and CodeDeploy restarts instances only." in ran.log


@pytest.mark.parametrize(
    ("flags", "style", "said"),
    [
        (
            {"INPUT_RESTART": "true"},
            BLUE_GREEN_STYLE,
            "Input restart: hello-web/production deploys blue/green",
        ),
        (
            {"INPUT_TARGET-INSTANCES": "autoScalingGroups: [a]"},
            {},
            "Input target-instances: hello-web/production deploys in place",
        ),
        (
            {"INPUT_PARAMETERS": SUSPENDING},
            BLUE_GREEN_STYLE,
            "Input parameters: hello-web/production deploys blue/green",
        ),
        (
            {"INPUT_PARAMETERS": SUSPENDING},
            {},
            "Input parameters: hello-web/production has no Auto Scaling group",
        ),
    ],
)
def test_what_a_group_does_not_take_is_told_before_anything_is_sent(
    flags: Mapping[str, str],
    style: Mapping[str, Any],
    said: str,
    *,
    still_emulator: Start,
    run_line: RunLine,
) -> None:
    """And without the right to look at the group, the service says it itself."""
    given = {**(RESTART if "INPUT_RESTART" in flags else {}), **flags}
    denied = allow("*")
    denied["Statement"] += allow("codedeploy:GetDeploymentGroup", effect="Deny")["Statement"]
    for policy, told in ((None, said), (denied, "codedeploy:CreateDeployment")):
        service = still_emulator(policy=policy)
        service.world.group("hello-web", "production").settings |= style
        ran = run_line(service, environ=given)
        assert ran.code == 2, ran.log
        assert told in ran.log
        assert bool(sent(service)) == (policy is not None)


def test_a_restart_without_a_deployment_before_it(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    service.world.deployments.clear()
    ran = run_line(service, environ=RESTART)
    assert (ran.code, sent(service)) == (2, [])
    assert "Nothing to restart: no deployment of hello-web/production has succeeded yet." in ran.log


def test_a_re_run_joins_its_restart_and_a_deployment_does_not(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    first = run_line(service, "--stop-after", "deploy", environ=RESTART)
    second = run_line(service, environ=RESTART)
    assert second.outputs["deployment-id"] == first.outputs["deployment-id"]
    assert "already restarts the application: following it" in second.log
    service = still_emulator()
    other = run_line(service, "--stop-after", "deploy", environ=RESTART)
    ran = run_line(service)
    assert ran.outputs["deployment-id"] != other.outputs["deployment-id"]
    assert "which restarts the application, holds production" in ran.log


def test_a_lost_answer_never_restarts_twice(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    service.faults.add("CreateDeployment", "cut-after")
    ran = run_line(service, environ=RESTART)
    assert (ran.code, len(service.deployments)) == (0, 1)
    assert ran.outputs["deployment-id"] == service.deployments[0].id


@pytest.mark.parametrize("scenario", ["all-skipped", "agent-silent"])
def test_agents_that_are_too_old_are_named(scenario: str, still_emulator: Start, run_line: RunLine) -> None:
    ran = run_line(still_emulator(scenario), "--timeout", "5m", environ=RESTART)
    assert ran.code in {10, 12}
    assert "dpkg -s codedeploy-agent or rpm -q codedeploy-agent shows its version" in ran.log


def test_a_script_that_fails_is_no_matter_of_the_agent(still_emulator: Start, run_line: RunLine) -> None:
    ran = run_line(still_emulator("fails-after-install"), environ=RESTART)
    assert ran.code == 10
    assert "shows its version" not in ran.log
    assert "To deploy it only to the others" not in ran.log


def test_processes_may_stay_suspended_after_a_failure(still_emulator: Start, run_line: RunLine) -> None:
    """CodeDeploy fails the deployment if it cannot resume them, and then nobody resumes them."""
    service = still_emulator("processes-suspended")
    settings = service.world.group("hello-web", "production").settings
    ran = run_line(service, "--parameters", SUSPENDING)
    assert ran.code == 10
    assert "::warning title=processes-suspended::CodeDeploy suspended Terminate and AZRebalance" in ran.log
    assert "--scaling-processes Terminate AZRebalance" in ran.log
    assert "autoscaling:ResumeProcesses" in ran.log
    assert "This is not the role of the CI job." in ran.log
    fine = still_emulator()
    fine.world.group("hello-web", "production").settings |= settings
    assert "processes-suspended" not in run_line(fine, "--parameters", SUSPENDING).log
