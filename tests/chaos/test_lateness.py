"""Outages of a length, answers that are late, and calls that are never answered, at each stage of a run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.chaos.conftest import EVERY
from tests.chaos.lines import LINES
from tests.chaos.table import read, sample
from tests.emulator.faults import HANGING, LATE, OUTAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.conftest import Finished
    from tests.chaos.table import Cell
    from tests.emulator import Emulator

pytestmark = pytest.mark.chaos
BY_NAME = {line.name: line for line in LINES}
PARTS = {
    "PutObject",
    "UploadPart",
    "CompleteMultipartUpload",
    "CreateMultipartUpload",
    "AbortMultipartUpload",
}
LATENESS = {"5 s late": (LATE, 5.0, 5.0), "14 s late": (LATE, 14.0, 50.0), "never": (HANGING, 15.0, 60.0)}
"""The kind of each column, with the seconds for calls of metadata, and for those of the transfer."""


@pytest.mark.parametrize("cell", sample(read("outages"), 5), ids=str)
def test_an_outage_costs_what_the_table_says(
    cell: Cell, run: Callable[..., Finished], record_property: Callable[[str, object], None]
) -> None:
    line = BY_NAME[cell.row]
    seconds = float(cell.column.removesuffix(" s"))

    def spoil(service: Emulator) -> None:
        service.faults.add(line.operation, OUTAGE, after=line.after, seconds=seconds)

    finished = run(line, spoil)
    record_property("chaos", json.dumps(["outages", cell.row, cell.column, cell.moment, finished.ran.code]))
    finished.check(cell.expected)


@pytest.mark.parametrize("cell", sample(read("lateness"), 5), ids=str)
def test_a_late_answer_costs_what_the_table_says(
    cell: Cell, run: Callable[..., Finished], record_property: Callable[[str, object], None]
) -> None:
    line = BY_NAME[cell.row]
    kind, seconds, transfer = LATENESS[cell.column]
    times = EVERY if cell.moment == "every" else 1

    def spoil(service: Emulator) -> None:
        longer = transfer if line.operation in PARTS else seconds
        service.faults.add(line.operation, kind, times=times, after=line.after, seconds=longer)

    finished = run(line, spoil)
    record_property("chaos", json.dumps(["lateness", cell.row, cell.column, cell.moment, finished.ran.code]))
    finished.check(cell.expected)
