"""From a deployment to its end: what is done, said and written, through the real line."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from deployer.clock import SystemClock
from deployer.deployment.observe import Observer
from deployer.deployment.wait import Patience, wait
from tests.protocol.steps import deploy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.clock import FakeClock
    from tests.emulator import Emulator
    from tests.harness import RunLine, Start

pytestmark = pytest.mark.unhurried


def statuses(emulator: Emulator) -> list[str]:
    now = emulator.clock.monotonic()
    return [each.info(now)["status"] for each in emulator.deployments]


def test_a_success_says_which_revision_is_live(still_emulator: Start, run_line: RunLine) -> None:
    ran = run_line(still_emulator())
    assert ran.code == 0
    assert ran.outputs["status"] == "succeeded"
    assert ran.outputs["live-revision"] == ran.outputs["revision"]
    assert {target["status"] for target in json.loads(ran.outputs["targets"])} == {"Succeeded"}
    assert "Deployment succeeded" in ran.summary
    assert "```mermaid\ngantt" in ran.summary


def test_the_id_is_an_output_before_the_wait(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator("stuck")
    service.faults.add("GetDeployment", "access-denied", times=9)
    ran = run_line(service)
    assert ran.code == 4
    assert ran.outputs["deployment-id"] == service.deployments[0].id
    assert ran.outputs["status"] == "created"
    assert f"Deployment {service.deployments[0].id} is still running" in ran.log


def test_a_failure_is_told_on_the_failing_line_of_the_hook(still_emulator: Start, run_line: RunLine) -> None:
    ran = run_line(still_emulator("fails-after-install"))
    assert ran.code == 10
    assert "::error file=examples/hello-web/scripts/after_install.sh,line=7,title=ScriptFailed::" in ran.log
    assert "No matching distribution found for flask" in ran.summary
    failed = [target for target in json.loads(ran.outputs["targets"]) if target["status"] == "Failed"]
    assert [(each["failed-event"], each["script"]) for each in failed] == [
        ("AfterInstall", "scripts/after_install.sh")
    ]
    assert ran.outputs["error-code"] == "HEALTH_CONSTRAINTS"
    assert "scripts/after_install.sh" in ran.outputs["error-message"]
    assert f"::{ran.outputs['error-message']}" in ran.log


def test_a_junit_report_is_written_where_one_is_wanted(
    still_emulator: Start, run_line: RunLine, tmp_path: Path
) -> None:
    report = tmp_path / "report.xml"
    report.write_text("of the last run")
    ran = run_line(still_emulator("rollback-fails"), "--junit-file", str(report))
    assert ran.code == 10
    suites = re.findall(r'<testsuite name="hello-web/production( rollback)? i-', report.read_text())
    assert suites == ["", "", "", " rollback", " rollback", " rollback"]
    assert report.read_text().count("<failure ") == 4


@pytest.mark.parametrize("appspec", ["version: 1.0\nos: linux\n", None], ids=["the AppSpec", "the source"])
def test_what_the_checks_refuse_is_in_the_junit_report(
    appspec: str | None, still_emulator: Start, run_line: RunLine, tmp_path: Path
) -> None:
    report = tmp_path / "report.xml"
    (tmp_path / "app").mkdir()
    if appspec:
        (tmp_path / "app" / "appspec.yml").write_text(appspec)
    given = {"GITHUB_WORKSPACE": str(tmp_path), "INPUT_SOURCE": "app"}
    ran = run_line(still_emulator(), "--stop-after=package", "--junit-file", str(report), environ=given)
    assert ran.code == 3
    told = report.read_text()
    assert '<testsuite name="pre-flight" tests="1" failures="1"' in told
    assert ('file="app/appspec.yml" line="1"' in told) == bool(appspec)
    assert "Pre-flight failed; nothing was sent" in ran.summary


def test_the_rollback_is_followed_and_its_revision_is_live(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator("rollback")
    ran = run_line(service)
    assert ran.code == 10
    assert ran.outputs["rollback-deployment-id"] == service.deployments[1].id
    assert ran.outputs["rollback-status"] == "succeeded"
    assert ran.outputs["live-revision"] == "s3://releases/hello-web/yesterday.zip"
    assert "Live now" in ran.summary
    assert "Deployment failed, rolled back to acme/hello-web@1a2b3c4" in ran.summary.replace("&#64;", "@")
    assert statuses(service) == ["Failed", "Succeeded"]


def test_a_rollback_that_fails_is_told_as_loudly_as_the_failure(
    still_emulator: Start, run_line: RunLine
) -> None:
    """A second annotation with the rollback's own cause, and its own log; nothing is said to be live."""
    ran = run_line(still_emulator("rollback-fails"))
    assert ran.code == 10
    assert "live-revision" not in ran.outputs
    assert ran.outputs["rollback-status"] == "failed"
    assert json.loads(ran.outputs["deployments"])[0]["rollback-status"] == "failed"
    (annotation,) = [line for line in ran.log.splitlines() if "title=rollback-failed::" in line]
    assert annotation.startswith("::error title=")
    assert "it is uncertain which revision each target runs now" in annotation
    assert "ApplicationStop failed on i-0c5f3a9b7d0000001" in annotation
    assert "Unit hello-web.service not loaded." in annotation
    assert "Rollback: Log of ApplicationStop scripts/application_stop.sh" in ran.log
    assert "scripts/after_install.sh" in ran.outputs["error-message"]
    assert "The rollback d-" in ran.summary


def test_a_rollback_that_misses_a_target_makes_nothing_live(still_emulator: Start, run_line: RunLine) -> None:
    ran = run_line(still_emulator("rollback-misses-one"))
    assert (ran.code, ran.outputs["rollback-status"]) == (10, "succeeded")
    assert "live-revision" not in ran.outputs
    assert "live now" not in ran.log
    assert "::warning title=ScriptFailed::Rollback: ApplicationStart failed on i-0c5f3a9b7d0000002" in ran.log


def test_a_rollback_that_takes_too_long_is_no_success(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator("rollback-hangs")
    ran = run_line(service, "--timeout", "2m")
    assert (ran.code, ran.outputs["rollback-status"]) == (10, "timed-out")
    assert "It may still be running. Check in the console how it ends" in ran.log


def test_a_rollback_that_never_begins_is_told(still_emulator: Start, run_line: RunLine) -> None:
    """A group's first deployment has nothing to roll back to."""
    service = still_emulator("rollback")
    service.world.deployments.clear()
    ran = run_line(service)
    assert ran.code == 10
    assert "::warning title=rollback-missing::No rollback of deployment" in ran.log
    assert "rollback-status" not in ran.outputs


def test_a_rollback_for_another_reason_is_not_waited_for(
    still_emulator: Start, run_line: RunLine, clock: FakeClock
) -> None:
    service = still_emulator("fails-after-install")
    ran = run_line(service, "--auto-rollback", "DEPLOYMENT_STOP_ON_ALARM")
    assert ran.code == 10
    assert clock.passed < 15
    assert "rollback-missing" not in ran.log


@pytest.mark.parametrize(("how", "asked"), [("leave", None), ("stop", False), ("rollback", True)], ids=str)
def test_at_a_time_out_the_deployment_is_left_stopped_or_rolled_back(
    *, how: str, asked: bool | None, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator(["stuck", "success"])
    ran = run_line(service, "--timeout", "5m", "--on-timeout", how)
    assert ran.code == 12
    assert ran.outputs["status"] == "timed-out"
    assert f"::{ran.outputs['error-message']}" in ran.log
    stops = [
        call.parameters["autoRollbackEnabled"] for call in service.calls if call.operation == "StopDeployment"
    ]
    assert stops == ([] if asked is None else [asked])
    assert statuses(service)[0] == ("InProgress" if asked is None else "Stopped")
    assert ("rollback-deployment-id" in ran.outputs) == (asked is True)
    assert "::error title=timed-out::" in ran.log


def test_a_stop_that_is_denied_is_said_and_changes_nothing_else(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator("stuck")
    service.faults.add("StopDeployment", "access-denied", times=9)
    ran = run_line(service, "--timeout", "1m", "--on-timeout", "stop")
    assert ran.code == 12
    assert "is still running: https://" in ran.log
    assert "codedeploy:StopDeployment" in ran.log


def test_blue_green_waits_come_on_top_of_the_budget(
    still_emulator: Start, clock: FakeClock, run_line: RunLine
) -> None:
    service = still_emulator("blue-green")
    ran = run_line(service, "--timeout", "1m", "--poll-interval", "60s")
    assert ran.code == 12
    assert clock.passed >= 66 * 60
    assert "Continue it in the console" in ran.log


def test_stop_after_ready_ends_when_the_deployment_is_ready(still_emulator: Start, run_line: RunLine) -> None:
    ran = run_line(still_emulator("blue-green"), "--stop-after", "ready")
    assert (ran.code, ran.outputs["status"]) == (0, "ready")


@pytest.mark.parametrize("kind", ["throttle", "500", "503", "cut-before", "expired-token", "cut-after"])
def test_trouble_while_waiting_never_ends_the_wait(
    kind: str, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    service.faults.add("GetDeployment", kind, times=2, after=2)
    service.faults.add("BatchGetDeploymentTargets", kind, times=1, after=1)
    ran = run_line(service)
    assert (ran.code, ran.outputs["status"]) == (0, "succeeded")
    assert "AWS is not responding" in ran.log


def test_credentials_that_stay_expired_end_the_wait_and_the_deployment_goes_on(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator("stuck")
    service.faults.add("GetDeployment", "expired-token", times=99, after=3)
    ran = run_line(service)
    assert ran.code == 4
    assert "have expired" in ran.log
    assert "is still running: https://" in ran.log


def test_targets_that_may_not_be_read_cost_only_detail(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator("fails-after-install")
    service.faults.add("ListDeploymentTargets", "access-denied", times=99)
    ran = run_line(service)
    assert ran.code == 10
    assert service.operations().count("ListDeploymentTargets") == 1
    assert "codedeploy:BatchGetDeploymentTargets" in ran.log
    assert ran.outputs["targets"] == "[]"


def test_a_thousand_targets_cost_a_bounded_number_of_calls_a_look(
    emulator: Start, clock: FakeClock, run_line: RunLine
) -> None:
    service = emulator("thousand", speed=0.4, clock=clock)
    ran = run_line(service)
    assert ran.code == 0
    names = service.operations()
    batches = [
        len(look.split(" "))
        for look in " ".join(
            {"GetDeployment": "|", "BatchGetDeploymentTargets": "b"}.get(name, "") for name in names
        )
        .replace("  ", " ")
        .split("|")
    ]
    assert max(batches[:-1]) <= 8 + 2
    assert len(json.loads(ran.outputs["targets"])) == 1000
    assert len(ran.summary.encode()) < 200_000
    assert len(ran.log.splitlines()) < 120


def test_an_agent_that_never_answers_is_told_early(still_emulator: Start, run_line: RunLine) -> None:
    ran = run_line(still_emulator("agent-silent"), "--timeout", "10m")
    assert ran.log.count("No target has started within 3m") == 1
    assert "systemctl status codedeploy-agent" in ran.log
    assert ran.code == 10
    assert "agent was not able to receive the lifecycle event" in ran.outputs["error-message"]
    assert "last deployed successfully" not in ran.log


def test_an_event_near_its_timeout_is_told(still_emulator: Start, run_line: RunLine) -> None:
    ran = run_line(still_emulator("stuck"), "--timeout", "5m")
    assert ran.log.count("ApplicationStart on i-0c5f3a9b7d0000002 is close to its timeout of 1m 00s") == 1


def test_looks_come_at_a_tenth_of_the_time_waited_within_half_a_second_and_ten(
    still_emulator: Start, clock: FakeClock
) -> None:
    service = still_emulator("stuck")
    client = service.client()
    times: list[float] = []
    wait(
        Observer(deploy(client), lambda _: client, clock),
        patience=Patience(budget=timedelta(minutes=10)),
        clock=clock,
        progress=lambda _snapshot, seconds: times.append(seconds),
    )
    pauses = [round(after - before, 1) for before, after in pairwise(times)]
    assert pauses[:10] == [0.5] * 10
    assert max(pauses) == 10.0
    assert all(pause <= max(0.5, before / 10) + 0.1 for before, pause in zip(times, pauses, strict=False))


@pytest.mark.parametrize("throttled", [0, 3])
@pytest.mark.parametrize("scenario", ["lambda", "success", "slow-start"])
def test_an_end_is_seen_within_a_tenth_of_the_deployment(
    scenario: str, throttled: int, still_emulator: Start, clock: FakeClock
) -> None:
    """Also right after looks that were throttled."""
    service = still_emulator(scenario)
    client = service.client()
    created = deploy(client)
    service.faults.add("GetDeployment", "throttle", times=throttled, after=2)
    ending = wait(
        Observer(created, lambda _: client, clock),
        patience=Patience(budget=timedelta(hours=2)),
        clock=clock,
        progress=lambda *_: None,
    )
    snapshot = ending.snapshot
    assert snapshot.created
    assert snapshot.completed
    length = (snapshot.completed - snapshot.created).total_seconds()
    assert ending.seconds - length <= max(0.5, length / 10) + (1.0 if throttled else 0.1)


def test_a_fixed_poll_interval_is_kept(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    assert run_line(service, "--poll-interval", "7s").code == 0
    (own,) = (deployment.id for deployment in service.deployments)
    looks = [call for call in service.calls if call.operation == "GetDeployment"]
    times = [call.time for call in looks if call.parameters["deploymentId"] == own]
    assert {round(after - before) for before, after in pairwise(times)} == {7}


cut_short = pytest.mark.filterwarnings(
    "ignore:unclosed.*socket:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
"""What a signal interrupts in the middle of a request leaves its connection to the collector."""


class Alarm:
    """Sends this process a signal as soon as something is the case, for the length of a `with` block."""

    def __init__(self, when: Callable[[], object], *, number: int = signal.SIGINT) -> None:
        self.when, self.number = when, number
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.ring, daemon=True)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()

    def ring(self) -> None:
        """Wait for it, and send the signal."""
        while not self.over.wait(0.005):
            if self.when():
                os.kill(os.getpid(), self.number)
                return


@cut_short
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(("how", "asked"), [("leave", None), ("stop", False), ("rollback", True)], ids=str)
def test_a_cancelled_job_does_with_the_deployment_what_was_asked(  # noqa: PLR0913 - fixtures
    *, number: int, code: int, how: str, asked: bool | None, emulator: Start, run_line: RunLine
) -> None:
    service = emulator("stuck", speed=1.0)
    with Alarm(lambda: "ListDeploymentTargets" in service.operations(), number=number):
        ran = run_line(service, "--on-cancel", how, clock=SystemClock())
    assert ran.code == code
    stops = [
        call.parameters["autoRollbackEnabled"] for call in service.calls if call.operation == "StopDeployment"
    ]
    assert stops == ([] if asked is None else [asked])
    assert ("is still running" if asked is None else "Stopping deployment") in ran.log
    assert ran.outputs["deployment-id"] == service.deployments[0].id
    assert "Interrupted by SIG" in ran.log
    assert ran.log.count("is still running") == (asked is None)


@cut_short
@pytest.mark.parametrize(
    ("how", "said"), [("leave", "Deployment {} is still running"), ("stop", "Stopping deployment {}")]
)
def test_a_cancel_while_the_deployment_is_being_created_finds_it(
    how: str, said: str, *, emulator: Start, run_line: RunLine
) -> None:
    service = emulator("stuck", speed=1.0)
    service.faults.add("CreateDeployment", "slow", seconds=2.0)
    with Alarm(lambda: service.deployments):
        ran = run_line(service, "--on-cancel", how, clock=SystemClock())
    assert ran.code == 130
    assert said.format(service.deployments[0].id) in ran.log


@cut_short
def test_a_cancel_while_waiting_for_another_deployment_leaves_that_alone(
    emulator: Start, run_line: RunLine
) -> None:
    service = emulator(speed=1.0)
    other = service.begin(scenario="stuck")
    with Alarm(lambda: service.operations().count("GetDeployment") > 3):
        ran = run_line(service, "--on-cancel", "stop", clock=SystemClock())
    assert ran.code == 130
    assert "StopDeployment" not in service.operations()
    assert other.info(service.clock.monotonic())["status"] != "Stopped"


@cut_short
def test_a_cancel_during_the_rollback_says_that_it_goes_on(emulator: Start, run_line: RunLine) -> None:
    service = emulator("rollback", speed=3.0)

    def rollback_is_watched() -> bool:
        identifiers = [each.id for each in service.deployments[1:]]
        return any(call.parameters.get("deploymentId") in identifiers for call in list(service.calls))

    with Alarm(rollback_is_watched):
        ran = run_line(service, clock=SystemClock())
    assert ran.code == 130
    assert f"Deployment {service.deployments[1].id} is still running" in ran.log


def test_a_rollback_that_was_asked_for_here_is_followed(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator(["fails-after-install", "success"])
    ran = run_line(service, "--auto-rollback", "DEPLOYMENT_FAILURE")
    assert ran.code == 10
    assert ran.outputs["rollback-deployment-id"] == service.deployments[1].id
