"""Each call of AWS meets each fault, once and for ever."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.chaos.conftest import EVERY, SLOW_SECONDS
from tests.chaos.lines import LINES
from tests.chaos.table import chosen, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.conftest import Finished
    from tests.chaos.table import Cell
    from tests.emulator import Emulator

pytestmark = pytest.mark.chaos
BY_NAME = {line.name: line for line in LINES}


@pytest.mark.parametrize("cell", chosen(read("faults")), ids=str)
def test_a_fault_costs_what_the_table_says(
    cell: Cell, run: Callable[..., Finished], record_property: Callable[[str, object], None]
) -> None:
    line = BY_NAME[cell.row]
    times = EVERY if cell.moment == "every" else 1

    def spoil(service: Emulator) -> None:
        service.faults.add(line.operation, cell.column, times=times, after=line.after, seconds=SLOW_SECONDS)

    finished = run(line, spoil)
    record_property("chaos", json.dumps(["faults", cell.row, cell.column, cell.moment, finished.ran.code]))
    finished.check(cell.expected)
