"""Many runs want one group: each is deployed once, in a fair order, with a bounded number of calls."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from deployer.aws.client import connect
from deployer.choices import OnConflict
from deployer.deployment.conflict import ConflictPolicy, create_when_free
from deployer.deployment.observe import Observer
from deployer.deployment.register import register
from deployer.deployment.request import DeploymentRequest
from deployer.deployment.wait import Patience, wait
from deployer.live.origin import Origin, read
from deployer.revision import BundleType, S3Revision
from tests.clock import Turns, patient
from tests.emulator import Emulator

if TYPE_CHECKING:
    from deployer.deployment.holder import Holder
    from deployer.deployment.model import Deployment

pytestmark = pytest.mark.chaos

RUNS = 24
BUDGET = timedelta(hours=2)
A_SECOND = 2
"""CreateDeployment calls that the service takes in one second in these tests."""


@dataclass(frozen=True, slots=True)
class Queued:
    """What came of many runs: the order of their turns by arrival, and the calls that all of them made."""

    turns: list[int]
    calls: int


def rank_correlation(order: list[int]) -> float:
    """Spearman's coefficient of the order of turns against that of arrival: 1 where they are the same."""
    count = len(order)
    return 1 - 6 * sum((place - arrival) ** 2 for place, arrival in enumerate(order)) / (count**3 - count)


def run_all(count: int, *, numbered: bool, seed: int, patch: pytest.MonkeyPatch) -> Queued:
    """Let runs of different revisions arrive within a minute at one group."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    clock = Turns()
    patch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    with Emulator(clock=clock, creations_per_second=A_SECOND) as service:
        patch.setenv("AWS_ENDPOINT_URL", service.url)
        aws = connect("eu-west-1", source="a test", retries=patient(clock))
        turns: list[int] = []

        def deploy(number: int) -> None:
            origin = Origin("acme/shop", "1a2b3c4", "deploy.yml", number + 1 if numbered else None)
            revision = S3Revision("bucket", f"{number}.zip", BundleType.ZIP, etag=f"{number:032x}")
            register(revision, application="hello-web", aws=aws)
            request = DeploymentRequest("hello-web", "production", {"description": origin.text})

            def follow(other: Deployment, left: timedelta, waited: float = 0.0) -> object:
                observer = Observer(other.id, aws.codedeploy_once, clock)
                patience = Patience(left, waited_seconds=waited)
                return wait(observer, patience=patience, clock=clock, progress=lambda *_: None)

            def place(holder: Holder) -> int | None:
                return origin.place_behind(read(holder.description))

            policy = ConflictPolicy(
                on_conflict=OnConflict.JOIN,
                budget=BUDGET,
                follow=follow,
                say=lambda _: None,
                place=place,
            )
            deployment = create_when_free(revision, request, policy=policy, aws=aws, clock=clock)
            turns.append(number)
            follow(deployment, BUDGET)

        starts = sorted(chance.uniform(0, 60) for _ in range(count))
        clock.run([partial(deploy, number) for number in range(count)], starts=starts)
        assert len(service.deployments) == count
        return Queued(turns, len(service.calls))


@pytest.mark.parametrize("seed", range(2))
def test_runs_that_know_their_numbers_have_their_turns_in_order(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued = run_all(RUNS, numbered=True, seed=seed, patch=monkeypatch)
    assert sorted(queued.turns) == list(range(RUNS))
    assert rank_correlation(queued.turns) >= 0.8


def test_runs_that_know_nothing_of_each_other_are_all_deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    queued = run_all(RUNS, numbered=False, seed=7, patch=monkeypatch)
    assert sorted(queued.turns) == list(range(RUNS))


def test_calls_grow_with_the_runs_and_not_with_their_square(monkeypatch: pytest.MonkeyPatch) -> None:
    few = run_all(RUNS // 4, numbered=True, seed=3, patch=monkeypatch)
    many = run_all(RUNS, numbered=True, seed=3, patch=monkeypatch)
    assert many.calls / RUNS <= 2 * few.calls / (RUNS // 4)
