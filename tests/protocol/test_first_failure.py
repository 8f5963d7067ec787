"""`on-first-failure`: a deployment ends with its first target that fails; and what is left to deploy then."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from deployer.choices import OnEnd
from deployer.ci.detect import detect
from deployer.deployment.model import Deployment, Snapshot
from deployer.follow.first_failure import FirstFailure
from tests.protocol.steps import DEPLOYED

if TYPE_CHECKING:
    from tests.emulator import Emulator
    from tests.harness import RunLine, Start

pytestmark = pytest.mark.unhurried


def stops(emulator: Emulator) -> list[bool]:
    """Return whether each StopDeployment that was carried out asked for a rollback."""
    calls = [call for call in emulator.calls if call.operation == "StopDeployment" and call.status == 200]
    return [call.parameters["autoRollbackEnabled"] for call in calls]


def test_a_deployment_is_left_to_its_configuration(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator("health-constraints")
    ran = run_line(service)
    assert (ran.code, stops(service)) == (10, [])
    assert "the deployment continues as long as its configuration allows" in ran.log


@pytest.mark.parametrize(("how", "rollback"), [("stop", False), ("rollback", True)])
def test_it_is_stopped_once_when_its_first_target_fails(
    *,
    how: str,
    rollback: bool,
    still_emulator: Start,
    run_line: RunLine,
) -> None:
    """The targets that were not begun are spared, and the target that failed is the reason told."""
    service = still_emulator(["one-fails-goes-on", "success"])
    ran = run_line(service, "--on-first-failure", how)
    assert (ran.code, ran.outputs["status"], stops(service)) == (11, "stopped", [rollback])
    assert "A target failed. Stopping deployment" in ran.log
    assert "the deployment continues" not in ran.log
    assert ran.outputs["error-message"].startswith("ApplicationStart failed on i-0c5f3a9b7d0000002")
    assert "MANUAL_STOP" not in ran.log
    assert ran.outputs.get("rollback-status") == ("succeeded" if rollback else None)
    assert ("Rolled back by" in ran.log) == rollback


def test_a_success_is_not_touched(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    assert run_line(service, "--on-first-failure", "stop").code == 0
    assert stops(service) == []


def test_targets_that_may_not_be_read_are_counted(still_emulator: Start, run_line: RunLine) -> None:
    """The service's overview is enough to know that one failed."""
    service = still_emulator("one-fails-goes-on")
    service.faults.add("ListDeploymentTargets", "access-denied", times=99)
    ran = run_line(service, "--on-first-failure", "stop")
    assert (ran.code, stops(service)) == (11, [False])


@pytest.mark.parametrize("kind", ["throttle", "cut-after"])
def test_a_stop_that_fails_for_a_moment_is_tried_again(
    kind: str, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator("one-fails-goes-on")
    service.faults.add("StopDeployment", kind, times=2)
    ran = run_line(service, "--on-first-failure", "stop")
    assert (ran.code, ran.outputs["status"]) == (11, "stopped")
    assert ran.log.count("Retrying.") == 1


def test_a_stop_that_is_denied_is_told_once(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator("one-fails-goes-on")
    service.faults.add("StopDeployment", "access-denied", times=99)
    ran = run_line(service, "--on-first-failure", "stop")
    assert (ran.code, ran.outputs["status"]) == (0, "succeeded")
    assert ran.log.count("title=AccessDeniedException") == 1


def test_a_deployment_that_ended_meanwhile_was_not_stopped(still_emulator: Start) -> None:
    """Between a look and the request it may end by itself."""
    service, stream = still_emulator("fails-after-install"), io.StringIO()
    deployment = service.begin(scenario="fails-after-install")
    service.clock.sleep(60)
    found = Deployment(deployment.id, "eu-west-1", "hello-web", "production")
    first_failure = FirstFailure(found, OnEnd.STOP, service.client(), detect({}, stream))
    for _ in range(2):
        first_failure.show(Snapshot("InProgress", counts={"Failed": 1}))
    assert not first_failure.stopped
    assert stream.getvalue().count("has already ended") == 1


def test_an_adopted_deployment_has_to_be_named(still_emulator: Start, run_line: RunLine) -> None:
    """IAM cannot limit StopDeployment to an application."""
    flags = ("--deployment-id", "d-A1B2C3D4E", "--on-first-failure", "stop")
    nothing = {f"INPUT_{name}": "" for name in ("APPLICATION", "DEPLOYMENT-GROUP", "BUCKET", "SOURCE")}
    ran = run_line(still_emulator(), *flags, environ=nothing)
    assert ran.code == 2
    assert "Input application is missing: on-first-failure changes the deployment" in ran.log
    assert "Input deployment-group is missing: on-first-failure changes the deployment" in ran.log


@pytest.mark.parametrize(("platform", "scenario"), [("Lambda", "lambda-hook-fails"), ("ECS", "ecs-fails")])
def test_a_deployment_of_one_target_fails_by_itself(
    platform: str, scenario: str, still_emulator: Start, run_line: RunLine
) -> None:
    """A stop without rollback would replace the one that its group may be set to."""
    service = still_emulator(scenario)
    given = {"INPUT_BUCKET": "", "INPUT_SOURCE": "", **DEPLOYED[platform]}
    ran = run_line(service, "--on-first-failure", "stop", environ=given)
    assert (ran.code, stops(service)) == (10, [])


def test_what_is_left_to_deploy_is_one_line(still_emulator: Start, run_line: RunLine) -> None:
    """As inputs that deploy the same revision to the instances that lack it."""
    service = still_emulator("fails-after-install")
    ran = run_line(service)
    wanted = f"revision: {ran.outputs['revision']} with update-outdated-instances-only: true"
    assert f"This revision is on 1 of 3 targets. To deploy it only to the others: {wanted}" in ran.log
    assert "This revision is on 1 of 3 targets" in ran.summary
    again = run_line(
        still_emulator(),
        environ={
            "INPUT_REVISION": ran.outputs["revision"],
            "INPUT_UPDATE-OUTDATED-INSTANCES-ONLY": "true",
            "INPUT_SOURCE": "",
        },
    )
    assert again.code == 0, again.log


@pytest.mark.parametrize("scenario", ["script-missing", "rollback", "lambda-hook-fails"])
def test_nothing_is_left_where_all_or_no_targets_have_the_revision(
    scenario: str, still_emulator: Start, run_line: RunLine
) -> None:
    platform = {"INPUT_APPLICATION": "shop-lambda", "INPUT_APPSPEC": "examples/shop-lambda/appspec.yml"}
    given = {**platform, "INPUT_APPSPEC-VARIABLES": "VERSION=8", "INPUT_BUCKET": "", "INPUT_SOURCE": ""}
    ran = run_line(still_emulator(scenario), environ=given if "lambda" in scenario else {})
    assert ran.code == 10
    assert "To deploy it only to the others" not in ran.log
