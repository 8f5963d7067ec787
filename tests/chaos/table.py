"""The table of expectations: calls down, faults across, and in each cell the exit codes."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = Path(__file__).parent
ALL = os.environ.get("CHAOS") == "all"
SEED = int(os.environ.get("CHAOS_SEED", "1"))
MOMENTS = ("first", "every")
"""When the fault strikes: the first call of the operation, or every one."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A run of the campaign, and the exit code that it has to end with."""

    row: str
    column: str
    moment: str
    expected: int

    def __str__(self) -> str:
        return f"{self.row}-{self.column}-{self.moment}".replace(" ", "_")


@cache
def read(name: str) -> tuple[Cell, ...]:
    """The cells of `name`.tsv; a cell reads `first/every`, or one code where the column names the moment."""
    head, *lines = (FOLDER / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    _, *columns = head.split("\t")
    return tuple(
        Cell(row, column, moment, int(code))
        for row, *cells in (line.split("\t") for line in lines)
        for column, cell in zip(columns, cells, strict=True)
        for moment, code in zip(MOMENTS, cell.split("/"), strict=False)
    )


def sample(cells: Sequence[Cell], count: int) -> list[Cell]:
    """The cells to run: all, or so many by the seed."""
    return list(cells) if ALL else random.Random(SEED).sample(cells, count)  # noqa: S311 - no secret


def chosen(cells: Sequence[Cell]) -> list[Cell]:
    """The cells to run: all, or by the seed one or more for each row, and for each column at each moment."""
    if ALL:
        return list(cells)
    shuffled = random.Random(SEED).sample(cells, len(cells))  # noqa: S311 - no secret
    kept = {cell.row: cell for cell in reversed(shuffled)}
    columns = {(cell.column, cell.moment): cell for cell in kept.values()}
    columns = {(cell.column, cell.moment): cell for cell in reversed(shuffled)} | columns
    return list(dict.fromkeys([*kept.values(), *columns.values()]))
