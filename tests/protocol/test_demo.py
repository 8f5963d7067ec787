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

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clock import FakeClock
    from tests.harness import Start
    from tests.s3 import S3Server

USUAL = ["lambda", "ecs-fails"]


@pytest.mark.unhurried
@pytest.mark.parametrize("scenario", and_others(USUAL, SCENARIOS, 10))
def test_each_scenario_can_be_played(  # noqa: PLR0913 - fixtures
    scenario: str,
    *,
    still_emulator: Start,
    clock: FakeClock,
    s3: S3Server,
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the demo's own flags, within the demo's own time."""
    service = still_emulator(scenario)
    environ = dict(aws_environment(tmp_path, s3=s3, emulator=service))
    monkeypatch.chdir(demo.ROOT)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    code = execute(demo.arguments(scenario, bucket), environ, io.StringIO(), clock=clock)
    states = [each.status(clock.monotonic()) for each in service.deployments if each.creator == "user"]
    status = states[-1] if states else "none"
    assert demo.verdict(code, status, refused=bool(SCENARIOS[scenario].busy)) == 0


def test_the_list_names_every_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    demo.list_scenarios()
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert sorted(listed) == sorted([*SCENARIOS, demo.PLAN])
