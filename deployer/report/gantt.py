"""A Mermaid Gantt chart of a deployment, which GitHub and GitLab render."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from deployer.deployment.model import LifecycleEvent, Snapshot, Target

_EACH_TARGET = 5
_TAGS = {"Failed": "crit, ", "InProgress": "active, ", "Succeeded": "done, "}


def gantt(snapshot: Snapshot) -> str:
    """Return a chart with bars for each event: per target in a small fleet, else first start to last end.

    Empty when no event has both its times.
    """
    targets = [target for target in snapshot.targets or () if any(_bars(target.events))]
    if not targets:
        return ""
    lines = ["gantt", "  dateFormat x", "  axisFormat %H:%M:%S"]
    if len(targets) <= _EACH_TARGET:
        for target in targets:
            lines.append(f"  section {_label(target.id)}")
            lines.extend(_bars(target.events))
    else:
        lines.append(f"  section {len(targets)} targets")
        lines.extend(_spans(targets))
    return "\n".join(lines)


def _bars(events: tuple[LifecycleEvent, ...]) -> Iterator[str]:
    for event in events:
        if event.start and event.end:
            yield _bar(event.name, event.status, event.start, event.end)


def _spans(targets: list[Target]) -> Iterator[str]:
    names = dict.fromkeys(event.name for target in targets for event in target.events)
    for name in names:
        events = [event for target in targets for event in target.events if event.name == name]
        timed = [(event.start, event.end) for event in events if event.start and event.end]
        if timed:
            status = "Failed" if any(event.status == "Failed" for event in events) else "Succeeded"
            yield _bar(name, status, min(start for start, _ in timed), max(end for _, end in timed))


def _bar(name: str, status: str, start: datetime, end: datetime) -> str:
    begin = int(start.timestamp() * 1000)
    return f"  {_label(name)} :{_TAGS.get(status, '')}{begin}, {max(int(end.timestamp() * 1000), begin + 1)}"


def _label(text: str) -> str:
    """Return text without the characters that have a meaning in a chart."""
    return re.sub(r"[^\w ./-]", "_", text)[:60]
