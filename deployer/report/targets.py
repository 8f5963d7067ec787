"""The targets of a deployment as a table of their lifecycle events, as wide as GitHub's column.

A Markdown table cannot keep an instance's id on one line, so this one is HTML: icons for states, short heads,
times alone, and a mark only for what did not succeed.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

from deployer.regions import console
from deployer.report.markdown import breakable, code, details, escape, link, table
from deployer.text import counted, counts, duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deployer.deployment.model import LifecycleEvent, Target

_OPEN = 20
"""Targets up to which all are shown; of more, those that are not well, and the rest folded."""

_FOLDED = 100
_SEPARATE_COLUMNS = 7
"""Events up to which each has its column; of more, those that move traffic share one."""

_STATES = {
    "Failed": "❌",
    "InProgress": "🔄",
    "Pending": "⏳",
    "Ready": "⏸️",
    "Skipped": "⏭️",
    "Succeeded": "✅",
}
_MARKS = {"Failed": "❌", "InProgress": "🔄", "Pending": "·", "Skipped": "\N{EN DASH}", "Succeeded": ""}
_GRAVITY = {"Failed": 0, "InProgress": 2, "Pending": 3, "Skipped": 4, "Succeeded": 5}
_WELL = ("Succeeded", "Skipped")
_HEADS = {
    "BeforeBlockTraffic": "Before block",
    "BlockTraffic": "Block",
    "AfterBlockTraffic": "After block",
    "ApplicationStop": "Stop",
    "DownloadBundle": "Download",
    "BeforeInstall": "Before install",
    "AfterInstall": "After install",
    "ApplicationStart": "Start",
    "ValidateService": "Validate",
    "AllowTestTraffic": "Test",
    "AfterAllowTestTraffic": "After test",
    "BeforeAllowTraffic": "Before allow",
    "AllowTraffic": "Allow",
    "AfterAllowTraffic": "After allow",
}
_EC2 = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_SHORT = 20
"""Characters up to which an ID is kept on one line; those of EC2 have 19."""

_WHOLE_MINUTES = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Column:
    """Events that share a column, most often one."""

    head: str
    events: tuple[str, ...]


def targets_table(targets: Sequence[Target], *, region: str) -> Iterator[str]:
    """Yield the targets with their events, in a table for each fleet of a blue/green deployment."""
    labels = sorted({target.label for target in targets}, reverse=True)
    for label in labels:
        if len(labels) > 1:
            yield f"**{escape(label or 'Other')}**"
        yield from _fleet([target for target in targets if target.label == label], region)


def _fleet(targets: Sequence[Target], region: str) -> Iterator[str]:
    """Yield a table of targets, failed ones first; of many, those that are well are folded."""
    ordered = sorted(targets, key=lambda target: (_urgency(target), target.id))
    columns = _columns(ordered)
    if len(ordered) <= _OPEN:
        yield _table(ordered, columns, region)
        return
    unwell = [target for target in ordered if target.status not in _WELL][:_OPEN]
    if unwell:
        yield _table(unwell, columns, region)
    yield from _paces([target for target in ordered if target.status == "Succeeded"])
    rest = ordered[len(unwell) :]
    more = len(rest) - _FOLDED
    yield details(
        f"{'The other ' if unwell else ''}{counted(len(rest), 'target')}: "
        + escape(counts(Counter(target.status for target in rest))),
        _table(rest[:_FOLDED], columns, region),
        *([f"… and {counted(more, 'more target')}."] if more > 0 else []),
    )


def _urgency(target: Target) -> int:
    """Return the rank of a target in the table: failed ones first, those that are well last."""
    return {"Failed": 0, "Succeeded": 2, "Skipped": 3}.get(target.status, 1)


def _columns(targets: Sequence[Target]) -> list[_Column]:
    names = list(dict.fromkeys(event.name for target in targets for event in target.events))
    if len(names) <= _SEPARATE_COLUMNS:
        return [_Column(_HEADS.get(name, name), (name,)) for name in names]
    shared: dict[str, list[str]] = {}
    for name in names:
        traffic = re.fullmatch(r"(?:Before|After)?(Block|Allow)(Test)?Traffic", name)
        head = (traffic[2] or traffic[1]) if traffic else _HEADS.get(name, name)
        shared.setdefault(head, []).append(name)
    return [_Column(head, tuple(events)) for head, events in shared.items()]


def _table(targets: Sequence[Target], columns: Sequence[_Column], region: str) -> str:
    traffic = any(target.traffic for target in targets)
    heads = [
        "<th></th><th>Target</th>",
        *(["<th>Traffic</th>"] if traffic else []),
        *(f'<th title="{escape(", ".join(column.events))}">{escape(column.head)}</th>' for column in columns),
    ]
    rows = (
        [
            f'<td title="{escape(target.status)}">{_STATES.get(target.status) or escape(target.status)}</td>',
            _name(target, region),
            *([f"<td>{_traffic(target)}</td>"] if traffic else []),
            *(_cell(target, column) for column in columns),
        ]
        for target in targets
    )
    lines = (f"<tr>{''.join(cells)}</tr>" for cells in (heads, *rows))
    return "\n".join(["<table>", *lines, "</table>"])


def _name(target: Target, region: str) -> str:
    """Return the cell with the target's ID on one line, which links to an instance in the console."""
    name = f"<samp>{breakable(target.id, every=_SHORT)}</samp>"
    if region and _EC2.fullmatch(target.id):
        page = f"{console(region)}/ec2/home?region={region}#InstanceDetails:instanceId={target.id}"
        name = link(name, page)
    return f"<td{' nowrap' if len(target.id) <= _SHORT else ''}>{name}</td>"


def _cell(target: Target, column: _Column) -> str:
    """Return the cell with the time that the events took, marked if one did not succeed."""
    events = [event for event in target.events if event.name in column.events]
    if not events:
        return "<td></td>"
    worst = min(events, key=lambda event: _GRAVITY.get(event.status, 1))
    mark = _MARKS.get(worst.status, escape(worst.status))
    text = " ".join(part for part in (mark, _took(events)) if part)
    if worst.status == "Failed":
        return f'<td align="right" nowrap title="{escape(worst.name)}"><strong>{text}</strong></td>'
    return f'<td align="right" nowrap>{text}</td>'


def _took(events: Sequence[LifecycleEvent]) -> str:
    """Return the time that events took together, short enough for a column; empty if none has ended."""
    times = [event.duration for event in events if event.duration]
    total = sum(times, timedelta())
    if not times or all(event.status == "Skipped" for event in events):
        return ""
    said = duration(total.total_seconds())
    short = total < _WHOLE_MINUTES or "h" in said
    return said.replace(" ", "") if short else said.partition(" ")[0]


def _traffic(target: Target) -> str:
    """Return the share of the traffic that each version gets, one per line."""
    return "<br>".join(
        f"{share.percent}&nbsp;% {escape(share.version)}"
        + (f" ({escape(share.detail)})" if share.detail else "")
        for share in target.traffic
    )


def _paces(targets: Sequence[Target]) -> Iterator[str]:
    """Yield the median and the slowest time of each event, with the slowest target."""
    times: dict[str, list[tuple[float, str]]] = {}
    for target in targets:
        for event in target.events:
            if event.duration and event.status == "Succeeded":
                times.setdefault(event.name, []).append((event.duration.total_seconds(), target.id))
    if not times:
        return
    yield f"Times of the {counted(len(targets), 'target')} that succeeded:"
    yield table(
        ("Event", "Median", "Slowest", "Slowest target"),
        (
            (escape(name), duration(median(seconds for seconds, _ in each)), duration(slowest), code(where))
            for name, each in times.items()
            for slowest, where in [max(each)]
        ),
    )
