"""The end of a deployment is seen, whatever else of AWS fails while it is watched."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise, product
from typing import TYPE_CHECKING

import pytest

from deployer.deployment.model import Status
from deployer.deployment.observe import Observer
from deployer.deployment.wait import Patience, wait
from tests.chaos.table import sample
from tests.clock import FakeClock
from tests.protocol.steps import DEPLOYED

if TYPE_CHECKING:
    from tests.emulator import Emulator
    from tests.emulator.server import LoggedCall
    from tests.harness import Ran, RunLine, Start

pytestmark = pytest.mark.unhurried


DETAILS = ("ListDeploymentTargets", "BatchGetDeploymentTargets")
KINDS = ("throttle", "500", "cut-before", "cut-after", "garbled", "access-denied")
WATCHING = {"GetDeployment", *DETAILS}
ENDINGS = [
    ("Server", "success", 0, "succeeded"),
    ("Server", "fails-after-install", 10, "failed"),
    ("Lambda", "lambda", 0, "succeeded"),
    ("Lambda", "lambda-hook-fails", 10, "failed"),
    ("ECS", "ecs", 0, "succeeded"),
    ("ECS", "ecs-fails", 10, "failed"),
]


def calls(service: Emulator, *operations: str) -> list[LoggedCall]:
    return [call for call in service.calls if call.operation in operations]


def environment(platform: str) -> dict[str, str]:
    without = {} if platform == "Server" else {"INPUT_SOURCE": "", "INPUT_BUCKET": ""}
    return {**DEPLOYED[platform], **without}


@pytest.mark.chaos
@pytest.mark.parametrize(("operation", "kind", "ending"), sample(product(DETAILS, KINDS, ENDINGS), 24))
def test_details_that_never_come_cost_only_detail(
    operation: str,
    kind: str,
    ending: tuple[str, str, int, str],
    *,
    still_emulator: Start,
    run_line: RunLine,
) -> None:
    platform, scenario, code, status = ending
    service = still_emulator(scenario)
    service.faults.add(operation, kind, times=10_000)
    ran = run_line(service, "--timeout", "1m", "--on-timeout", "rollback", environ=environment(platform))
    assert (ran.code, ran.outputs["status"]) == (code, status)
    assert not calls(service, "StopDeployment")
    looks = [call.time for call in calls(service, "GetDeployment")]
    assert max(after - before for before, after in pairwise(looks)) < 4
    if kind != "access-denied":
        assert ran.log.count("The targets cannot be read at the moment") == 1
        assert "The targets' final states could not be read" in ran.log
    assert "No lifecycle event ever started" not in ran.log


def test_what_was_known_of_the_targets_is_kept_and_said_to_be_old(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator("fails-after-install")
    service.faults.add("BatchGetDeploymentTargets", "500", times=10_000, after=3)
    ran = run_line(service)
    assert ran.code == 10
    assert len(json.loads(ran.outputs["targets"])) == 3
    assert "final states could not be read (InternalFailure)" in ran.log
    assert "final states could not be read" in ran.summary


def test_details_of_an_ended_deployment_are_asked_for_again(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator("fails-after-install")
    service.faults.add("BatchGetDeploymentTargets", "throttle", times=8, after=1)
    ran = run_line(service)
    assert ran.code == 10
    assert "scripts/after_install.sh" in ran.outputs["error-message"]
    assert "final states" not in ran.log


def test_under_throttling_the_end_is_told_soon_at_one_call_a_second(
    emulator: Start, clock: FakeClock, run_line: RunLine
) -> None:
    service = emulator(speed=9.0 / 3.0, clock=clock)
    for operation in WATCHING:
        for _ in range(200):
            service.faults.add(operation, "throttle", times=2)
            service.faults.add(operation, "throttle", after=1)
    ran = run_line(service, "--timeout", "5m")
    assert (ran.code, ran.outputs["status"]) == (0, "succeeded")
    own = ran.outputs["deployment-id"]
    times = [call.time for call in calls(service, *WATCHING) if call.parameters["deploymentId"] == own]
    assert times[-1] - times[0] <= 30
    assert all(after - before >= 0.999 for before, after in pairwise(times))


def test_a_status_that_was_not_read_stops_nothing(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    service.faults.add("GetDeployment", "throttle", times=10_000, after=2)
    ran = run_line(service, "--timeout", "40s", "--on-timeout", "rollback")
    assert (ran.code, ran.outputs["status"]) == (12, "timed-out")
    assert not calls(service, "StopDeployment")
    assert "was Created when last seen" in ran.outputs["error-message"]
    assert "was not stopped: it was Created when last seen" in ran.log
    assert "was not stopped" in ran.summary


def test_a_status_that_can_be_read_again_decides_over_the_stop(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    service.faults.add("GetDeployment", "throttle", times=1, after=2)
    ran = run_line(service, "--timeout", "1s", "--poll-interval", "60s", "--on-timeout", "stop")
    assert ran.code == 12
    (stop,) = calls(service, "StopDeployment")
    before = calls(service, "GetDeployment")
    assert any(look.time == stop.time and look.status == 200 for look in before)


@pytest.mark.parametrize(("kind", "operation"), [("throttle", DETAILS[0]), ("cut-before", DETAILS[1])])
def test_the_rollback_is_seen_to_its_end_as_well(
    kind: str, operation: str, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator("rollback")
    service.faults.add(operation, kind, times=10_000)
    ran = run_line(service)
    assert ran.code == 10
    assert ran.outputs["rollback-deployment-id"] == service.deployments[1].id
    assert ran.outputs["live-revision"] == "s3://releases/hello-web/yesterday.zip"


def test_a_rollback_that_may_not_be_watched_leaves_the_verdict(emulator: Start, run_line: RunLine) -> None:
    def followed(*, denied_after: int) -> tuple[Ran, Emulator]:
        service = emulator("rollback", speed=1.0, clock=FakeClock())
        service.faults.add("GetDeployment", "access-denied", times=10_000, after=denied_after)
        identifier = service.begin(scenario="rollback").id
        environ = {"INPUT_SOURCE": "", "INPUT_BUCKET": "", "INPUT_DEPLOYMENT-ID": identifier}
        return run_line(service, environ=environ, clock=service.clock), service

    _, service = followed(denied_after=10_000)
    looks = [call.parameters["deploymentId"] for call in calls(service, "GetDeployment")]
    ran, _ = followed(denied_after=looks.index(service.deployments[1].id))
    assert (ran.code, ran.outputs["status"]) == (10, "failed")
    assert "Check the result of the rollback" in ran.log


@pytest.mark.parametrize(
    ("scenario", "code"), [("instance-terminated", 0), ("terminated-and-fails", 10)], ids=str
)
def test_a_target_that_is_gone_costs_that_target_only(
    scenario: str, code: int, still_emulator: Start, run_line: RunLine
) -> None:
    ran = run_line(still_emulator(scenario))
    assert ran.code == code
    states = [target["status"] for target in json.loads(ran.outputs["targets"])]
    assert states == ["Succeeded", "Unknown", "Failed" if code else "Succeeded"]
    assert "state unknown; the target may no longer exist" in ran.log
    assert "final states" not in ran.log


def test_one_denied_look_ends_nothing_once_the_status_was_read(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    service.faults.add("GetDeployment", "access-denied", times=2, after=3)
    assert run_line(service).code == 0


@pytest.mark.parametrize("operation", ["GetDeploymentGroup", "GetApplication"])
@pytest.mark.parametrize("kind", ["500", "cut-before"])
def test_reads_before_the_deployment_cost_nothing(
    operation: str, kind: str, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    service.faults.add(operation, kind, times=10_000)
    assert run_line(service).code == 0


def test_many_gone_targets_cost_a_bounded_number_of_calls(still_emulator: Start, clock: FakeClock) -> None:
    service = still_emulator("thousand")
    deployment = service.begin(scenario="thousand")
    gone = {target.id for target in deployment.timeline.targets[::40]}
    deployment.timeline = replace(
        deployment.timeline,
        targets=tuple(
            replace(target, gone=0.0) if target.id in gone else target
            for target in deployment.timeline.targets
        ),
    )
    client = service.client()
    ending = wait(
        Observer(deployment.id, lambda _: client, clock),
        patience=Patience(timedelta(minutes=5)),
        clock=clock,
        progress=lambda *_: None,
    )
    assert ending.status is Status.SUCCEEDED
    states = {target.id: target.status for target in ending.snapshot.targets or ()}
    assert {name for name, state in states.items() if state == "Unknown"} == gone
    assert len(calls(service, "BatchGetDeploymentTargets")) < 400
