"""CreateDeployment's answer is lost: the deployment is the run's own or a new one, never an earlier one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.aws.client import connect
from deployer.choices import OnConflict
from deployer.deployment.conflict import ConflictPolicy, create_when_free
from deployer.deployment.request import DeploymentRequest
from deployer.errors import DeployError
from deployer.revision import AppSpecRevision, location
from tests.clock import FakeClock, patient
from tests.emulator import Emulator
from tests.protocol.steps import DEPLOYED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deployer.deployment.model import Deployment
    from tests.harness import RunLine, Start

pytestmark = pytest.mark.chaos


PLATFORMS = pytest.mark.parametrize("platform", ["Server", "Lambda", "ECS"])
LOST = pytest.mark.parametrize("kind", ["503", "500", "cut-before", "cut-after"])


def job(platform: str) -> dict[str, str]:
    """The inputs of a job that deploys the example; for Lambda and ECS the AppSpec travels inline."""
    return {**DEPLOYED[platform], **({} if platform == "Server" else {"INPUT_BUCKET": ""})}


@dataclass(slots=True)
class Skewed:
    """The time of a machine whose clock is wrong by some seconds."""

    true: FakeClock
    seconds: float

    def chance(self) -> float:
        """The same number as ever."""
        return self.true.chance()

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self.true.monotonic()

    def now(self) -> datetime:
        """The time of day that the machine believes in."""
        return self.true.now() + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        """Let true time pass."""
        self.true.sleep(seconds)


@dataclass(slots=True)
class Eventful(FakeClock):
    """A time in which something happens as soon as somebody begins to sleep."""

    events: list[Callable[[], Any]] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Let happen what is due, then let time pass."""
        while self.events:
            self.events.pop()()
        self.passed += seconds


def revision_of(service: Emulator) -> Mapping[str, Any]:
    """The revision of the last request as it was sent."""
    sent = [call.parameters for call in service.calls if call.operation == "CreateDeployment"]
    found: Mapping[str, Any] = sent[-1]["revision"]
    return found


@PLATFORMS
@LOST
def test_an_earlier_deployment_of_the_revision_is_not_taken_for_the_lost_one(
    platform: str, kind: str, *, still_emulator: Start, clock: FakeClock, run_line: RunLine
) -> None:
    """One revision, another, and the first again, all within two minutes."""
    service = still_emulator()
    environ = job(platform)
    first = run_line(service, environ=environ)
    other = service.begin(environ["INPUT_APPLICATION"])
    clock.sleep(25.0)
    assert not other.active(clock.monotonic())
    service.faults.add("CreateDeployment", kind)
    again = run_line(service, environ=environ)
    assert (first.code, again.code, again.outputs["status"]) == (0, 0, "succeeded")
    assert again.outputs["deployment-id"] != first.outputs["deployment-id"]
    assert again.outputs["deployment-id"] == service.deployments[-1].id
    assert again.outputs["live-revision"] == first.outputs["live-revision"] == again.outputs["revision"]
    assert len(service.deployments) == 3
    assert clock.passed < 120


@PLATFORMS
@LOST
def test_a_failure_of_the_run_before_is_not_told_again(
    platform: str, kind: str, *, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator(["no-instances", "success"])
    failed = run_line(service, environ=job(platform))
    service.faults.add("CreateDeployment", kind)
    again = run_line(service, environ=job(platform))
    assert (failed.code, again.code) == (10, 0)
    assert [each.id for each in service.deployments] == [
        failed.outputs["deployment-id"],
        again.outputs["deployment-id"],
    ]


@PLATFORMS
@pytest.mark.parametrize("seconds", [-300, -130, 0, 130, 300])
def test_the_machine_s_clock_may_be_as_wrong_as_aws_lets_it(
    platform: str, seconds: int, *, still_emulator: Start, clock: FakeClock, run_line: RunLine
) -> None:
    """The deployment has ended by the time it is looked for, so that no conflict would save it."""
    service = still_emulator("no-instances")
    service.faults.add("CreateDeployment", "cut-after")
    service.world.listing_delay = 5.0
    ran = run_line(service, environ=job(platform), clock=Skewed(clock, seconds))
    assert ran.code == 10
    assert [each.id for each in service.deployments] == [ran.outputs["deployment-id"]]


def test_the_deployment_of_another_attempt_is_not_taken_for_this_one_s(
    still_emulator: Start, run_line: RunLine
) -> None:
    """Both send the same revision at the same time, and the descriptions tell them apart."""
    clock = Eventful()
    service = still_emulator(clock=clock)
    environ = {
        **job("Lambda"),
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_RUN_ID": "7",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_RUN_ATTEMPT": "1",
    }
    run_line(service, "--stop-after", "deploy", environ=environ, clock=clock)
    first, revision = service.deployments[0], revision_of(service)
    clock.sleep(30.0)
    service.faults.add("CreateDeployment", "cut-before")
    clock.events.append(
        lambda: service.begin(
            "shop-lambda", revision=revision, scenario="no-instances", request=dict(first.request)
        )
    )
    second = run_line(
        service, "--stop-after", "deploy", environ={**environ, "GITHUB_RUN_ATTEMPT": "2"}, clock=clock
    )
    assert first.request["description"].endswith("/runs/7 attempt 1")
    assert second.outputs["deployment-id"] == service.deployments[-1].id
    assert len(service.deployments) == 3


@pytest.mark.parametrize("policy", ["join", "wait", "fail", "stop"])
def test_a_deployment_that_is_listed_late_is_the_run_s_own_whatever_is_to_be_done_about_others(
    policy: str, *, emulator: Start, clock: FakeClock, run_line: RunLine
) -> None:
    service = emulator(speed=0.1, clock=clock)
    service.faults.add("CreateDeployment", "cut-after")
    service.world.listing_delay = 9.0
    ran = run_line(service, "--on-conflict", policy)
    assert ran.code == 0
    assert [each.id for each in service.deployments] == [ran.outputs["deployment-id"]]
    assert "StopDeployment" not in service.operations()


def test_a_second_answer_that_is_lost_is_looked_up_too(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    service.faults.add("CreateDeployment", "cut-before")
    service.faults.add("CreateDeployment", "cut-after")
    ran = run_line(service)
    assert ran.code == 0
    assert [each.id for each in service.deployments] == [ran.outputs["deployment-id"]]


def test_a_look_that_fails_is_made_up_for_by_the_next(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    service.faults.add("CreateDeployment", "cut-after")
    service.faults.add("ListDeployments", "500", times=5)
    ran = run_line(service)
    assert ran.code == 0
    assert len(service.deployments) == 1


def test_nothing_is_looked_up_in_advance(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    assert run_line(service).code == 0
    assert "ListDeployments" not in service.operations()


def run_obtain(
    revision: AppSpecRevision, order: DeploymentRequest, clock: Skewed, patch: pytest.MonkeyPatch, url: str
) -> Deployment:
    """Create or join a deployment, as the line does."""
    for name, value in {"ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "SECRET_ACCESS_KEY": "a-secret"}.items():
        patch.setenv(f"AWS_{name}", value)
    patch.setenv("AWS_ENDPOINT_URL_CODEDEPLOY", url)
    aws = connect("eu-west-1", source="a test", retries=patient(clock))
    contest = ConflictPolicy(
        on_conflict=OnConflict.JOIN,
        budget=timedelta(minutes=10),
        follow=lambda *_: clock.sleep(20.0),
        say=lambda _: None,
    )
    return create_when_free(revision, order, policy=contest, aws=aws, clock=clock)


Earlier = st.tuples(
    st.sampled_from(["success", "no-instances", "lambda-hook-fails"]),
    st.booleans(),
    st.sampled_from(["user", "autoscaling", "codeDeployRollback"]),
    st.floats(0.0, 40.0),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    earlier=st.lists(Earlier, max_size=4),
    faults=st.lists(st.sampled_from(["500", "503", "cut-before", "cut-after", "throttle"]), max_size=3),
    skew=st.floats(-295.0, 295.0),
    delay=st.floats(0.0, 6.0),
    page=st.integers(1, 3),
)
def test_whatever_was_there_and_whatever_fails_the_deployment_is_the_run_s_own_or_joined(  # noqa: PLR0913
    earlier: list[tuple[str, bool, str, float]],
    faults: list[str],
    skew: float,
    delay: float,
    page: int,
    *,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = FakeClock()
    revision = AppSpecRevision.of("version: 0.0")
    with Emulator(clock=clock, page=page) as service:
        service.world.listing_delay = delay
        for scenario, same, creator, pause in earlier:
            while (
                active := service.world.active("shop-lambda", "production", clock.monotonic())
            ) is not None:
                clock.sleep(1.0)
            service.begin(
                "shop-lambda",
                scenario=scenario,
                creator=creator,
                revision=location(revision) if same else None,
            )
            clock.sleep(pause)
        before = {each.id for each in service.deployments}
        active = service.world.active("shop-lambda", "production", clock.monotonic())
        joinable = {active.id} if active and earlier[-1][1] and earlier[-1][2] != "autoscaling" else set()
        for kind in faults:
            service.faults.add("CreateDeployment", kind)
        try:
            found = run_obtain(
                revision,
                DeploymentRequest("shop-lambda", "production"),
                Skewed(clock, skew),
                monkeypatch,
                service.url,
            )
        except DeployError:
            assert {each.id for each in service.deployments} == before
        else:
            new = {each.id for each in service.deployments} - before
            assert len(new) <= 1
            assert found.id in (new or joinable)
        assert service.broken == []
