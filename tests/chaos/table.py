"""The table of expectations: calls down, faults across, and in each cell the exit codes."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_Case = TypeVar("_Case")
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

    @property
    def strike(self) -> tuple[str, str]:
        """The fault, and when it strikes."""
        return self.column, self.moment

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


def sample(cases: Iterable[_Case], count: int) -> list[_Case]:
    """The cases to run: all, or so many by the seed."""
    given = list(cases)
    return given if ALL else random.Random(SEED).sample(given, count)  # noqa: S311 - no secret


def and_others(usual: Sequence[str], cases: Iterable[str], count: int) -> list[object]:
    """The usual cases, and so many of the others, by the seed, as part of the campaign."""
    others = sample((case for case in cases if case not in usual), count)
    return [*usual, *(pytest.param(case, marks=pytest.mark.chaos) for case in others)]


def chosen(cells: Sequence[Cell]) -> list[Cell]:
    """The cells to run: all, or by the seed one or more for each row, and for each column at each moment."""
    if ALL:
        return list(cells)
    shuffled = random.Random(SEED).sample(cells, len(cells))  # noqa: S311 - no secret
    kept: list[Cell] = []
    for row in dict.fromkeys(cell.row for cell in shuffled):
        met, own = {cell.strike for cell in kept}, [cell for cell in shuffled if cell.row == row]
        kept.append(next((cell for cell in own if cell.strike not in met), own[0]))
    met = {cell.strike for cell in kept}
    others = {cell.strike: cell for cell in shuffled if cell.strike not in met}
    return [*kept, *others.values()]
