"""Two runs on one group, their calls in any order: the older never replaces the newer; none comes twice."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.aws.client import connect
from deployer.ci.detect import detect
from deployer.deployment.places import Places
from deployer.deployment.register import register
from deployer.deployment.request import requests_of
from deployer.errors import DeployError
from deployer.follow.end import follow
from deployer.launch import launch_unless_spared
from deployer.live.look import look
from deployer.live.origin import Origin
from deployer.revision import AppSpecRevision, BundleType, S3Revision
from deployer.run import Outcome, Run
from deployer.settings.load import load
from tests.clock import FakeClock, patient
from tests.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from deployer.aws.client import Aws
    from deployer.revision import Revision

APPLICATIONS = ("hello-web", "shop-lambda", "shop-ecs")
NUMBERS = (809, 812)


@dataclass
class Turns:
    """Lets one thread run at a time: whose turn is next is drawn at each step, among those not done yet."""

    draws: list[int]
    waiting: set[int] = field(default_factory=set)
    turn: int | None = None
    ready: threading.Condition = field(default_factory=threading.Condition)

    def step(self, me: int) -> None:
        """Give the turn away, and wait until it comes back."""
        with self.ready:
            self._draw()
            self.ready.wait_for(lambda: self.turn == me)

    def leave(self, me: int) -> None:
        """Be done."""
        with self.ready:
            self.waiting.discard(me)
            self._draw()

    def _draw(self) -> None:
        order = sorted(self.waiting)
        self.turn = order[(self.draws.pop(0) if self.draws else 0) % len(order)] if order else None
        self.ready.notify_all()


@dataclass
class Side:
    """One of the two runs: its connection, and its clock, the emulator's, in which each sleep is a step."""

    clock: FakeClock
    me: int
    turns: Turns = field(default_factory=lambda: Turns([]))
    aws: Aws = field(init=False)

    def __post_init__(self) -> None:
        self.aws = connect("eu-west-1", source="the test", retries=patient(self))
        aws = self.aws
        for client in (aws.codedeploy, aws.codedeploy_optional, aws.codedeploy_once):
            for event in ("before-call", "after-call"):
                client.meta.events.register(event, lambda **_: self.turns.step(self.me))

    def chance(self) -> float:
        """The same number as ever."""
        return self.clock.chance()

    def monotonic(self) -> float:
        """Return the emulator's time."""
        return self.clock.monotonic()

    def now(self) -> datetime:
        """Return the emulator's time of day."""
        return self.clock.now()

    def sleep(self, seconds: float) -> None:
        """Let the other run on, then let time pass."""
        self.turns.step(self.me)
        self.clock.sleep(seconds)


@dataclass
class Stage:
    """An emulator on a time of its own, and two sides that talk to it."""

    service: Emulator
    clock: FakeClock
    sides: tuple[Side, Side]

    def begin_anew(self) -> None:
        """Forget all deployments but yesterday's."""
        world = self.service.world
        self.clock.sleep(3600.0)
        self.service.faults.clear()
        world.deployments = {
            key: each for key, each in world.deployments.items() if key in self.service.seeded
        }


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """One stage for all examples, since clients take their time to be made."""
    clock = FakeClock()
    with Emulator(speed=1.0, clock=clock) as service, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
        patch.setenv("AWS_ENDPOINT_URL_CODEDEPLOY", service.url)
        yield Stage(service, clock, (Side(clock, 0), Side(clock, 1)))


@settings(max_examples=15, deadline=None)
@given(
    application=st.sampled_from(APPLICATIONS),
    bursts=st.lists(st.tuples(st.integers(0, 1), st.integers(1, 60)), max_size=12),
    policies=st.tuples(*[st.sampled_from(["join", "wait", "stop", "fail"])] * 2),
    faults=st.lists(st.sampled_from(["cut-after", "cut-before", "503", "throttle"]), max_size=2),
)
def test_none_deploys_twice_and_the_older_never_replaces_the_newer(
    *,
    application: str,
    bursts: list[tuple[int, int]],
    policies: tuple[str, str],
    faults: list[str],
    stage: Stage,
) -> None:
    """Steps are before a call, between the service's answer and the run's reading it, and each sleep."""
    stage.begin_anew()
    for kind in faults:
        stage.service.faults.add("CreateDeployment", kind)
    turns = Turns([side for side, steps in bursts for _ in range(steps)], {0, 1})
    threads = []
    for side, policy in zip(stage.sides, policies, strict=True):
        side.turns = turns
        threads.append(threading.Thread(target=partial(deploy, side, application, policy)))
    for thread in threads:
        thread.start()
    turns.leave(-1)
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)

    stage.clock.sleep(1.0)  # a stop takes effect a moment after it was asked for
    now = stage.clock.monotonic()
    own = [each for each in stage.service.deployments if each.creator == "user"]
    numbers = [int(each.request["description"].rpartition("#")[2].rstrip("]")) for each in own]
    assert len(set(numbers)) == len(numbers), "a run created two deployments"
    assert not any(each.active(now) for each in own), "one was left running"
    succeeded = [number for number, each in zip(numbers, own, strict=True) if each.status(now) == "Succeeded"]
    assert succeeded == sorted(succeeded), "a group runs one at a time, so this is their order"


def deploy(side: Side, application: str, on_conflict: str) -> None:
    """Deploy as one run of the workflow, from its first look at the group on."""
    number = NUMBERS[side.me]
    environ = {
        "INPUT_APPLICATION": application,
        "INPUT_DEPLOYMENT_GROUP": "production",
        "INPUT_BUCKET": "releases",
        "INPUT_ON_NEWER": "fail",
        "INPUT_ON_CONFLICT": on_conflict,
        "INPUT_POLL_INTERVAL": "5s",
    }
    run = Run(load(environ, []), detect({}, io.StringIO()), side, environ, Outcome())
    run.outcome.origin = Origin("acme/shop", f"{number}a2b3c4d", "deploy.yml", number)
    revision, aws = revision_of(application, number), side.aws
    side.turns.step(side.me)
    try:
        register(revision, application=application, aws=aws)
        group = look(application, "production", aws=aws, clock=side)
        side.sleep(30.0)
        (request,) = requests_of(run.settings)
        if deployment := launch_unless_spared(revision, request, group, aws=aws, run=run):
            follow(deployment, Places(), budget=timedelta(minutes=30), aws=aws, run=run)
    except DeployError as error:
        run.ci.say(str(error))
    finally:
        side.turns.leave(side.me)


def revision_of(application: str, number: int) -> Revision:
    """Return the revision that a run made."""
    if application == "hello-web":
        return S3Revision("releases", f"{number}.zip", BundleType.ZIP, etag=f"etag-{number}")
    return AppSpecRevision.of(f"version: 0.0\n# {number}\n")
