"""Patience with AWS: what is tried again, for how long, and what the log says of it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from deployer.aws.client import connect
from deployer.aws.retries import BRIEF, PATIENCE, Retries, pause
from deployer.deployment.model import LifecycleEvent, Target
from deployer.report.outputs import targets_json
from tests.clock import FakeClock

if TYPE_CHECKING:
    from deployer.aws.client import Aws


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> Aws:
    """AWS where nothing answers."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    return connect("eu-west-1", source="a test", retries=Retries(FakeClock(), 1800, said.append))


@given(st.integers(1, 100), st.booleans(), st.floats(0, 1))
def test_pauses_grow_and_are_bounded(failures: int, throttled: bool, chance: float) -> None:  # noqa: FBT001 - drawn
    seconds = pause(failures, throttled=throttled, chance=chance)
    assert 0.125 <= seconds <= (20 if throttled else 8)
    assert seconds <= pause(failures + 1, throttled=throttled, chance=1)


def test_an_outage_is_outlasted_for_a_minute_and_told_once(unreachable: Aws, said: list[str]) -> None:
    for _ in range(2):
        with pytest.raises(EndpointConnectionError):
            unreachable.codedeploy.get_deployment(deploymentId="d-1")
    passed = unreachable.retries.clock.monotonic()
    assert PATIENCE / 2 < passed <= PATIENCE
    [line] = said
    assert line.startswith(
        "AWS is not responding to GetDeployment (EndpointConnectionError). Retrying for up to 5"
    )


@pytest.mark.parametrize(("budget", "within", "most"), [(20, 1000, 20), (1800, 30, 30), (1, 1, BRIEF)])
def test_patience_ends_with_the_time_to_wait(
    budget: float, within: float, most: float, unreachable: Aws
) -> None:
    unreachable.retries.budget = budget
    with unreachable.retries.within(within), pytest.raises(EndpointConnectionError):
        unreachable.codedeploy.get_deployment(deploymentId="d-1")
    assert most / 2 < unreachable.retries.clock.monotonic() <= most


def read_seconds(client: Any) -> float:  # noqa: ANN401 - a client of any service
    """How long its calls wait for an answer."""
    seconds: float = client.meta.config.read_timeout
    return seconds


@pytest.mark.parametrize(("left", "seconds"), [(1000, 15), (15, 15), (14.9, 5), (4.9, 2), (0, 2), (-60, 2)])
@pytest.mark.parametrize("patience", [0, PATIENCE])
def test_a_call_waits_no_longer_than_what_is_left(
    left: float, seconds: int, patience: float, unreachable: Aws
) -> None:
    client = unreachable.codedeploy_within(left, patience=patience)
    assert read_seconds(client) == seconds
    assert client is unreachable.codedeploy_within(left, patience=patience)


def test_a_look_at_an_object_waits_less_than_a_transfer(unreachable: Aws) -> None:
    assert read_seconds(unreachable.s3_optional) == 15
    assert read_seconds(unreachable.s3) == 60


def test_what_a_run_can_do_without_is_given_up_soon(unreachable: Aws) -> None:
    with pytest.raises(EndpointConnectionError):
        unreachable.codedeploy_optional.get_deployment_group(applicationName="a", deploymentGroupName="g")
    with pytest.raises(EndpointConnectionError):
        unreachable.codedeploy_once.create_deployment(applicationName="a")
    assert unreachable.retries.clock.monotonic() <= BRIEF


def test_ten_thousand_targets_fit_into_a_variable() -> None:
    """The output says how many it leaves out, and holds those that failed."""
    event = LifecycleEvent("AfterInstall", "Failed", datetime(2026, 3, 2), None)  # noqa: DTZ001 - not read
    targets = [
        Target(
            f"i-{number:017x}",
            "Failed" if number % 100 == 0 else "Succeeded",
            events=(event,) * (number % 100 == 0),
        )
        for number in range(10_000)
    ]
    text = targets_json(targets)
    listed = json.loads(text)
    assert 95_000 < len(text) <= 100_000
    assert sum(each.get("status") == "Failed" for each in listed) == 100
    assert listed[-1]["omitted"] + len(listed) - 1 == 10_000
