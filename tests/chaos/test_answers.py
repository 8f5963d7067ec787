"""Answers that are changed at random never crash a run, and its verdict stays that of the status alone."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

from tests.chaos.conftest import EVERY
from tests.chaos.lines import LINES
from tests.chaos.table import ALL, SEED, read
from tests.emulator.faults import MUTATED, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.conftest import Finished
    from tests.chaos.lines import Line
    from tests.emulator import Emulator

pytestmark = pytest.mark.chaos
RUNS = 500 if ALL else 12
OPERATIONS = sorted({line.operation for line in LINES})
DETAIL = {"ListDeploymentTargets", "BatchGetDeploymentTargets"}
CODES = {0, 2, 3, 4, 5, 10, 11, 12, 13}
VERDICTS = {0: "Succeeded", 10: "Failed", 11: "Stopped"}
UNDISTURBED = {cell.row: cell.expected for cell in read("faults") if cell.column == "slow"}
"""The exit code of each line whose answers are only slow."""


@pytest.mark.parametrize("number", range(RUNS))
def test_no_answer_is_a_bug(
    number: int, run: Callable[..., Finished], record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(f"{SEED} {number}")  # noqa: S311 - no secret
    line = chance.choice(LINES)
    faults = plan(line, chance)

    def spoil(service: Emulator) -> None:
        for fault in faults:
            service.faults.add(
                fault.operation, MUTATED, times=fault.times, after=fault.after, seed=fault.seed
            )

    finished = run(line, spoil)
    code, log = finished.ran.code, f"{faults}\n{finished.ran.log}"
    record_property("chaos", json.dumps(["answers", line.name, f"{SEED}-{number}", code]))
    finished.check_words()
    assert code in CODES, log
    changed = {fault.operation for fault in faults}
    if "GetDeployment" not in changed:
        now = finished.service.clock.monotonic()
        ends = {deployment.status(now) for deployment in finished.service.deployments}
        assert code not in VERDICTS or VERDICTS[code] in ends, log
    if changed <= DETAIL:
        assert code == UNDISTURBED[line.name], log


def plan(line: Line, chance: random.Random) -> list[Fault]:
    """The answers to change: of the line's own operation, and of up to two others."""
    others = chance.sample(OPERATIONS, chance.choice((0, 0, 1, 2)))
    return [
        Fault(
            operation,
            MUTATED,
            times=chance.choice((1, 2, EVERY)),
            after=chance.choice((0, 0, 1, 2)),
            seed=chance.randrange(10**9),
        )
        for operation in (line.operation, *others)
    ]
