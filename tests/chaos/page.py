"""docs/reliability.md: what is expected of the campaign, and what was seen."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.chaos.queues import FEW, MANY, ROWS
from tests.chaos.record import seen
from tests.chaos.table import MOMENTS, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TEMPLATE = Path(__file__).with_name("page.md")


def markdown() -> str:
    """The whole page."""
    text, found = _TEMPLATE.read_text(encoding="utf-8"), seen()
    for name, make in (
        ("faults", _faults),
        ("signals", _signals),
        ("queue", _queue),
        ("environments", _environments),
    ):
        text = text.replace(f"{{{{{name}}}}}\n", make(found.get(name, {})))
    return text


def _faults(found: Mapping[str, Any]) -> str:
    """The table of expected exit codes; where something else was seen, that in bold."""
    cells = read("faults")
    rows = list(dict.fromkeys(cell.row for cell in cells))
    columns = list(dict.fromkeys(cell.column for cell in cells))
    expected = {(cell.row, cell.column, cell.moment): cell.expected for cell in cells}
    met = 0

    def texts(row: str) -> Iterator[str]:
        nonlocal met
        for column in columns:
            codes = []
            for moment in MOMENTS:
                if (code := expected.get((row, column, moment))) is not None:
                    was = found.get(row, {}).get(column, {}).get(moment)
                    met += was == code
                    codes.append(str(code) if was in {None, code} else f"**{was}**, not {code}")
            yield " / ".join(dict.fromkeys(codes))

    body = [[row, *texts(row)] for row in rows]
    recorded = sum(len(moments) for row in found.values() for moments in row.values())
    total = f"{recorded:,} of {len(cells):,} runs are recorded; {met:,} of these ended as expected.\n"
    return f"{total}\n" + _table(["Call", *columns], body)


def _signals(found: Mapping[str, Any]) -> str:
    body = []
    for name, runs in found.items():
        codes = Counter(first for first, _ in runs.values())
        again = Counter(second for _, second in runs.values())
        body.append([name, str(len(runs)), _counts(codes), _counts(again)])
    return _table(["Signal", "Runs", "Exit codes (runs)", "Exit codes of the re-runs (runs)"], body)


def _counts(codes: Counter[int]) -> str:
    return ", ".join(f"{code} ({count})" for code, count in sorted(codes.items()))


def _queue(found: Mapping[str, Any]) -> str:
    head = [
        "The runs",
        "Number",
        "Deployed",
        "Calls of a run",
        "Rank correlation",
        "Seconds until all are deployed",
    ]
    body = []
    for row in ROWS.values():
        for count in (FEW, MANY):
            deployed, calls, correlation, seconds = found.get(row, {}).get(str(count), [""] * 4)
            each = round(calls / count) if calls else ""
            body.append([row, *map(str, (count, deployed, each, correlation, seconds))])
    return _table(head, body)


def _environments(found: Mapping[str, Any]) -> str:
    from tests.chaos.environments import ENVIRONMENTS

    body = [[name, str(each.expected), str(found.get(name, ""))] for name, each in ENVIRONMENTS.items()]
    return _table(["Environment", "Expected", "Seen"], body)


def _table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
