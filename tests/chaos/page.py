"""docs/reliability.md: what is expected of the campaign, what was seen, and what the tests notice."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.chaos.environments import ENVIRONMENTS
from tests.chaos.queues import FEW, MANY, ROWS
from tests.chaos.record import seen
from tests.chaos.sizes import SIZES
from tests.chaos.table import MOMENTS, read
from tests.mutants import score

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.chaos.environments import Environment
    from tests.chaos.sizes import Size

_TEMPLATE = Path(__file__).with_name("page.md")


def markdown() -> str:
    """The whole page."""
    text, found = _TEMPLATE.read_text(encoding="utf-8"), seen()
    for name, make in (
        ("faults", partial(_cells, "faults")),
        ("outages", partial(_cells, "outages")),
        ("lateness", partial(_cells, "lateness")),
        ("answers", _answers),
        ("signals", _signals),
        ("queue", _queue),
        ("sizes", partial(_expected, "Size", SIZES)),
        ("environments", partial(_expected, "Environment", ENVIRONMENTS)),
    ):
        text = text.replace(f"{{{{{name}}}}}\n", make(found.get(name, {})))
    head = ["Package", "Mutants", "Tried", "At first", "Noticed", "Equivalent", "Score", "95 % interval"]
    return text.replace("{{mutants}}\n", _table(head, score.rows()))


def _cells(name: str, found: Mapping[str, Any]) -> str:
    """The table of expected exit codes; where something else was seen, that in bold."""
    cells = read(name)
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


def _answers(found: Mapping[str, Any]) -> str:
    codes = Counter(code for runs in found.values() for code in runs.values())
    return f"{codes.total():,} runs are recorded, which ended with {_counts(codes)}.\n"


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


def _expected(
    what: str, rows: Mapping[str, Environment] | Mapping[str, Size], found: Mapping[str, Any]
) -> str:
    body = [[name, str(each.expected), str(found.get(name, ""))] for name, each in rows.items()]
    return _table([what, "Expected", "Seen"], body)


def _table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
