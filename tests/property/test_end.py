"""Whatever fails while a deployment is watched, the last status that was read in time is the verdict."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.aws.client import connect
from deployer.ci.detect import detect
from deployer.deployment.model import Deployment
from deployer.deployment.places import Places
from deployer.follow.end import follow
from deployer.run import Outcome, Run
from deployer.settings.load import load
from tests.clock import FakeClock, patient
from tests.emulator import Emulator
from tests.emulator.faults import KINDS
from tests.emulator.timeline import TERMINAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.emulator.deployments import Deployment as Started
    from tests.emulator.server import LoggedCall

REFUSALS = {"expired-token", "access-denied", "bad-signature", "clock-skew", "bad-token", "idp-rejected"}
TROUBLE = sorted(set(KINDS) - REFUSALS - {"slow"})
BUDGET_SECONDS = 20
VERDICTS = {"Succeeded": 0, "Failed": 10, "Stopped": 11}
_ROUNDING = 1e-4
SCENARIOS = {
    "success": "hello-web",
    "fails-after-install": "hello-web",
    "stopped": "hello-web",
    "stuck": "hello-web",
    "instance-terminated": "hello-web",
    "terminated-and-fails": "hello-web",
    "lambda": "shop-lambda",
    "lambda-hook-fails": "shop-lambda",
    "ecs": "shop-ecs",
    "ecs-fails": "shop-ecs",
}

pytestmark = pytest.mark.chaos


def answers(*kinds: str) -> st.SearchStrategy[list[str]]:
    """What becomes of each call of an operation in turn, empty where it is answered as it should be."""
    return st.lists(st.sampled_from(["", *kinds]), max_size=20) | st.lists(
        st.sampled_from(["", *kinds]), min_size=1, max_size=3
    ).map(lambda few: few * 100)


@pytest.fixture(scope="module")
def service() -> Iterator[Emulator]:
    """One emulator for all examples, on a time of its own."""
    with Emulator(speed=1.0, clock=FakeClock()) as emulator:
        yield emulator


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    scenario=st.sampled_from(sorted(SCENARIOS)),
    status=answers(*TROUBLE),
    listing=answers(*TROUBLE, "access-denied"),
    targets=answers(*TROUBLE, "access-denied"),
    how=st.sampled_from(["leave", "stop", "rollback"]),
)
def test_the_verdict_is_the_last_status_that_was_read_in_time(  # noqa: PLR0913 - one for each call
    *,
    scenario: str,
    status: list[str],
    listing: list[str],
    targets: list[str],
    how: str,
    service: Emulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is stopped, either, but what the look right before showed to be active."""
    assert isinstance(service.clock, FakeClock)
    deployment = service.begin(SCENARIOS[scenario], scenario=scenario)
    service.faults.clear()
    service.calls.clear()
    for operation, kinds in (
        ("GetDeployment", status),
        ("ListDeploymentTargets", listing),
        ("BatchGetDeploymentTargets", targets),
    ):
        plan(service, operation, kinds)
    environ = {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "a-secret",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL_CODEDEPLOY": service.url,
        "INPUT_APPLICATION": SCENARIOS[scenario],
        "INPUT_DEPLOYMENT_GROUP": "production",
        "INPUT_DEPLOYMENT_ID": deployment.id,
        "INPUT_TIMEOUT": f"{BUDGET_SECONDS}s",
        "INPUT_ON_TIMEOUT": how,
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    began, stream, outcome = service.clock.passed, io.StringIO(), Outcome()
    run = Run(load(environ, []), detect({}, stream), service.clock, environ, outcome)
    aws = connect("eu-west-1", source="the test", retries=patient(service.clock))
    found = Deployment(deployment.id, aws.region, deployment.application, deployment.group)
    follow(found, Places(), budget=timedelta(seconds=BUDGET_SECONDS), aws=aws, run=run)

    code, log = int(outcome.exit_code), stream.getvalue()
    looks = [call for call in service.calls if call.operation == "GetDeployment"]
    read = [look for look, kind in zip(looks, status + [""] * len(looks), strict=False) if not kind]
    stops = [call for call in service.calls if call.operation == "StopDeployment"]
    if stops:
        assert how != "leave"
        at = service.calls.index(stops[0])
        look = next(call for call in reversed(service.calls[:at]) if call.operation == "GetDeployment")
        assert look in read
        assert not statuses(deployment, look, service) <= TERMINAL
        assert code == 12
    else:
        seen = statuses(deployment, read[-1], service) if read else {""}
        assert code in {VERDICTS.get(status, 12) for status in seen}, log
    assert service.clock.passed - began < BUDGET_SECONDS + 130


def statuses(deployment: Started, look: LoggedCall, service: Emulator) -> set[str]:
    """What a look showed: two statuses where it fell on a change, as the log's times are rounded."""
    assert isinstance(service.clock, FakeClock)
    moment = look.time - service.clock.start.timestamp() - deployment.began
    return {deployment.timeline.status(moment + shift) for shift in (-_ROUNDING, _ROUNDING)}


def plan(service: Emulator, operation: str, kinds: list[str]) -> None:
    """Let each call of an operation come to what is planned for it."""
    good = 0
    for kind in kinds:
        if kind:
            service.faults.add(operation, kind, after=good)
            good = 0
        else:
            good += 1
