"""Many runs want one group: each is deployed once, in a fair order, with a bounded number of calls."""

from __future__ import annotations

import json
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
from tests.chaos.queues import (
    ARRIVAL_SECONDS,
    CREATIONS_PER_SECOND,
    FEW,
    LEAST_CORRELATION,
    MANY,
    MOST_GROWTH,
    ROWS,
)
from tests.chaos.table import ALL, SEED
from tests.clock import Turns, patient
from tests.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.deployment.holder import Holder
    from deployer.deployment.model import Deployment

pytestmark = pytest.mark.chaos

BUDGET = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Queued:
    """What came of many runs: the order of their turns by arrival, deployments, calls of all and seconds."""

    turns: list[int]
    deployed: int
    calls: int
    seconds: int


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
    with Emulator(clock=clock, creations_per_second=CREATIONS_PER_SECOND) as service:
        patch.setenv("AWS_ENDPOINT_URL", service.url)
        aws = connect("eu-west-1", source="a test", retries=patient(clock))
        turns: list[int] = []

        def deploy(number: int) -> None:
            origin = Origin("acme/shop", "1a2b3c4", "deploy.yml", number + 1 if numbered else None)
            revision = S3Revision("bucket", f"{number}.zip", BundleType.ZIP, etag=f"{number:032x}")
            register(revision, application="hello-web", aws=aws)
            request = DeploymentRequest("hello-web", "production", {"description": origin.text})

            def follow(other: Deployment, left: timedelta, waited: float = 0.0) -> object:
                observer = Observer(other.id, aws.codedeploy_within, clock)
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

        starts = sorted(chance.uniform(0, ARRIVAL_SECONDS) for _ in range(count))
        clock.run([partial(deploy, number) for number in range(count)], starts=starts)
        return Queued(turns, len(service.deployments), len(service.calls), round(clock.monotonic()))


@pytest.mark.parametrize("numbered", [True, False] if ALL else [bool(SEED % 2)])
def test_all_runs_are_deployed_and_their_calls_grow_as_they_do(
    *, numbered: bool, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """In the order of arrival where they know it, and not with the square of the queue in any case."""
    few, many = (run_all(count, numbered=numbered, seed=SEED, patch=monkeypatch) for count in (FEW, MANY))
    row = ROWS[numbered]
    for queued in (few, many):
        count = len(queued.turns)
        seen = [queued.deployed, queued.calls, round(rank_correlation(queued.turns), 2), queued.seconds]
        record_property("chaos", json.dumps(["queue", row, str(count), seen]))
        assert sorted(queued.turns) == list(range(count))
        assert queued.deployed == count
        assert not numbered or rank_correlation(queued.turns) >= LEAST_CORRELATION
    assert many.calls / MANY <= MOST_GROWTH * few.calls / FEW
