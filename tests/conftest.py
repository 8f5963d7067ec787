"""Stand-ins that tests share: a real S3 server and the emulator."""

from __future__ import annotations

import functools
import gc
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests import environment, sdk
from tests.clock import FakeClock
from tests.emulator import Emulator
from tests.emulator.borrowed import Borrowed
from tests.fleets import STAGE, Stand
from tests.harness import Job
from tests.s3 import S3Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.harness import Start

SPEED, STILL_SPEED = 50.0, 8.0


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays to the end: modules and thousands of collected tests."""
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests see no AWS profile, no CI and no proxy of the machine that they run on."""
    clean = environment.clean_environment(tmp_path_factory.getbasetemp())
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - set(clean):
            patch.delenv(name)
        for name, value in clean.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(autouse=True, scope="session")
def _quick_sdk() -> Iterator[None]:
    """Clients are made in a fraction of the time, and wait only by the clock that the test gives."""
    with pytest.MonkeyPatch.context() as patch:
        sdk.keep_data(patch)
        sdk.keep_endpoints(patch)
        sdk.keep_methods(patch)
        sdk.keep_events(patch)
        sdk.forget_time(patch)
        yield


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One S3 server for all tests of this process, started when the first test asks for it."""
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def bucket(s3: S3Server) -> str:
    """A fresh versioned bucket."""
    return s3.create_bucket(f"bucket-{uuid4()}", versioned=True)


@pytest.fixture
def clock() -> FakeClock:
    """Time that passes by sleeping only; give it to the emulator and to the code that waits."""
    return FakeClock()


@pytest.fixture
def emulator() -> Iterator[Start]:
    """Start emulators by scenario, fast; one that answered what AWS never would fails the test."""
    with ExitStack() as stack:
        started: list[Emulator] = []

        def start(
            scenario: str | Sequence[str] = "success",
            *,
            speed: float = SPEED,
            **options: Any,  # noqa: ANN401 - those of `Emulator`
        ) -> Emulator:
            started.append(stack.enter_context(Emulator(scenario=scenario, speed=speed, **options)))
            return started[-1]

        yield start
    assert [problem for each in started for problem in each.broken] == []


@pytest.fixture
def aws_environment(s3: S3Server, tmp_path: Path) -> Callable[[Emulator], Mapping[str, str]]:
    """The whole environment for running `entrypoint.py` as a process against an emulator."""
    home = tmp_path / "home"
    home.mkdir()
    return lambda emulator: environment.aws_environment(home, s3=s3, emulator=emulator)


@pytest.fixture
def still_emulator(emulator: Start, clock: FakeClock, request: pytest.FixtureRequest) -> Start:
    """The same, with a time that stands still between the clock's sleeps.

    A deployment takes an eighth of its time, and as few looks, in tests that are not about these.
    """
    unhurried = any(request.node.get_closest_marker(name) for name in ("unhurried", "chaos"))
    return functools.partial(emulator, speed=1.0 if unhurried else STILL_SPEED, clock=clock)


@pytest.fixture
def stand(  # noqa: PLR0913 - fixtures
    still_emulator: Start,
    s3: S3Server,
    bucket: str,
    *,
    clock: FakeClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Stand:
    """An account whose deployment group selects instances by the tag `Stage=production`."""
    stand = Stand(still_emulator(borrowed=Borrowed()), Job(monkeypatch, tmp_path, s3, bucket, clock))
    stand.group["ec2TagFilters"] = [STAGE]
    return stand
