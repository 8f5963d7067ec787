"""`make demo` plays each scenario, and its verdict is that the run told the truth."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from deployer.main import execute
from tests import demo
from tests.chaos.table import and_others
from tests.emulator import SCENARIOS
from tests.environment import aws_environment
from tests.s3 import S3Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.clock import FakeClock
    from tests.harness import Start

    Play = Callable[..., tuple[int, str, str | None]]

USUAL = ["lambda", "ecs-fails"]
PLANS = {
    "success": (
        "1 hook changed, AppSpec changed, 1 file added, 3 files changed, 1 file removed",
        "ValidateService scripts/validate_service.sh changed, 448 B",
        "AppSpec -      timeout: 60",
        "AppSpec +      timeout: 120",
        "Removed: public/soon.html",
        "Changed: appspec.yml, scripts/validate_service.sh, public/index.html",
        "Added: public/style.css",
    ),
    "lambda": ("TargetVersion: 7", "TargetVersion: 8"),
    "ecs": ("task-definition/web:7", "task-definition/web:8"),
}


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """S3 as the demo fills it."""
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        demo.stock(server)
        yield server


@pytest.fixture
def play(
    still_emulator: Start,
    clock: FakeClock,
    stocked: S3Server,
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Play:
    """Play a scenario with the demo's own flags: exit code, log, and the deployment's status."""
    monkeypatch.chdir(demo.ROOT)

    def play(scenario: str, *flags: str) -> tuple[int, str, str | None]:
        service = still_emulator(scenario)
        environ = dict(aws_environment(tmp_path, s3=stocked, emulator=service))
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        log = io.StringIO()
        code = execute([*demo.arguments(scenario), *flags], environ, log, clock=clock)
        states = [each.status(clock.monotonic()) for each in service.deployments if each.creator == "user"]
        return code, log.getvalue(), states[-1] if states else None

    return play


@pytest.mark.unhurried
@pytest.mark.parametrize("scenario", and_others(USUAL, SCENARIOS, 10))
def test_each_scenario_can_be_played(scenario: str, play: Play) -> None:
    """With the demo's own flags, within the demo's own time."""
    code, _, status = play(scenario)
    assert demo.verdict(code, status, refused=bool(SCENARIOS[scenario].busy)) == 0


@pytest.mark.parametrize("scenario", PLANS)
def test_the_plan_compares_with_the_release_of_yesterday(scenario: str, play: Play) -> None:
    code, log, status = play(scenario, "--stop-after", demo.PLAN)
    assert demo.verdict(code, status, plan=True) == 0
    assert [line for line in PLANS[scenario] if line not in log] == [], log


def test_the_list_names_every_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    demo.list_scenarios()
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert sorted(listed) == sorted([*SCENARIOS, demo.PLAN])
