"""The Markdown job summary of a run, below GitHub's limit of 1 MiB whatever the fleet's size.

All text from elsewhere (names, messages, logs) is escaped here.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from deployer.deployment.model import Status
from deployer.report.gantt import gantt
from deployer.report.lines import log_title, unread
from deployer.text import counted, counts, duration, printable, printable_lines, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from deployer.bundle.contents import Bundle
    from deployer.deployment.explain import Failure
    from deployer.deployment.model import Snapshot, Target, Traffic
    from deployer.deployment.wait import Ending
    from deployer.errors import Problem
    from deployer.run import Outcome

_ROWS = 100
_LOG_CHARACTERS = 8_000
_CELL_CHARACTERS = 300
_FAILURES = 20
_TITLES = {
    Status.PLANNED: ("📦", "Packaged; nothing was uploaded"),
    Status.UPLOADED: ("☁️", "Uploaded"),
    Status.REGISTERED: ("🏷️", "Registered"),
    Status.CREATED: ("🚀", "Deployment created"),
    Status.READY: ("⏸️", "Deployment is ready to continue"),
    Status.SUCCEEDED: ("✅", "Deployment succeeded"),
    Status.FAILED: ("❌", "Deployment failed"),
    Status.STOPPED: ("🛑", "Deployment was stopped"),
    Status.TIMED_OUT: ("⏱️", "Timed out waiting for the deployment"),
}
_MARKDOWN = {ord(char): f"&#{ord(char)};" for char in "\\`*_[]|~"}
_MARKS = {"Succeeded": "✅", "Failed": "❌", "Skipped": "⏭️", "InProgress": "🔄", "Pending": "·"}


def summary(outcome: Outcome) -> str:
    """Return the summary of a run's deployments."""
    parts = [
        _title(outcome),
        _table(("", ""), _facts(outcome)),
        *_groups(outcome),
        *_problems([problem for each in outcome.attempts for problem in each.problems]),
        *_failures(outcome.explanation.failures if outcome.explanation else ()),
        *(_snapshot(outcome.ending.snapshot) if outcome.ending else ()),
        *(_shift(outcome.ending) if outcome.ending else ()),
        *(_bundle(outcome.bundle) if outcome.bundle else ()),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _title(outcome: Outcome) -> str:
    icon, text = _TITLES[outcome.status] if outcome.status else ("❌", "Nothing was deployed")
    if outcome.problems and outcome.status in {Status.PLANNED, Status.UPLOADED, Status.REGISTERED}:
        icon, text = "❌", f"{text}, then failed"
    where = " → ".join(part for part in (outcome.application, outcome.group) if part)
    return f"## {icon} {_escape(where)}: {text}" if where else f"## {icon} {text}"


def _facts(outcome: Outcome) -> Iterator[tuple[str, str]]:
    if deployment := outcome.deployment:
        yield "Deployment", f"[{_escape(deployment.id)}]({deployment.url})"
    if outcome.ending:
        snapshot = outcome.ending.snapshot
        status = snapshot.standing if snapshot.trouble else snapshot.status
        yield "Status", _escape(status) + (f": {_escape(counts(snapshot.counts))}" if snapshot.counts else "")
        yield "Took", duration(outcome.ending.seconds)
    if rollback := outcome.rollback:
        yield "Rollback", f"[{_escape(rollback.id)}]({rollback.url})"
    if outcome.live and outcome.live != outcome.revision:
        yield "Live now", _code(outcome.live.label)
    if outcome.revision:
        yield "Revision", _code(outcome.revision.label)
    if outcome.region:
        yield "Region", _code(outcome.region)
    if bundle := outcome.bundle:
        yield "Bundle", f"{counted(bundle.files, 'file')}, {size(bundle.unpacked_size)}{_archive(outcome)}"
        yield "Digest", _code(bundle.digest)


def _groups(outcome: Outcome) -> Iterator[str]:
    """Yield the result of each of several groups."""
    if len(outcome.groups) < 2:  # noqa: PLR2004 - several
        return
    yield "### Deployment groups"
    attempts = {each.group: each for each in outcome.attempts if each.deployment}
    yield _table(
        ("Group", "Deployment", "Status", "Took"),
        (_group(group, attempts.get(group)) for group in outcome.groups),
    )


def _group(name: str, attempt: Outcome | None) -> tuple[str, ...]:
    if attempt is None or attempt.deployment is None:
        return _escape(name), "", "not started", ""
    icon = _TITLES[attempt.status][0] if attempt.status else ""
    took = duration(attempt.ending.seconds) if attempt.ending else ""
    return (
        _escape(name),
        f"[{_escape(attempt.deployment.id)}]({attempt.deployment.url})",
        f"{icon} {attempt.status}",
        took,
    )


def _shift(ending: Ending) -> Iterator[str]:
    """Yield the lines on how traffic moved from version to version."""
    if len(ending.traffic) < 2:  # noqa: PLR2004 - a move has two ends
        return
    yield "### Traffic"
    versions = list(dict.fromkeys(share.version for _, shares in ending.traffic for share in shares))
    yield _table(
        ("After", *map(_escape, versions)),
        ((duration(seconds), *_percents(versions, shares)) for seconds, shares in ending.traffic[-_ROWS:]),
    )


def _percents(versions: Sequence[str], shares: Sequence[Traffic]) -> Iterator[str]:
    by_version = {share.version: share.percent for share in shares}
    for version in versions:
        yield f"{by_version[version]} %" if version in by_version else ""


def _archive(outcome: Outcome) -> str:
    bundle, stored = outcome.bundle, outcome.stored
    packed = stored.size if stored else bundle.size if bundle else None
    if packed is None or not bundle:
        return ""
    ratio = f" ({100 * packed / bundle.unpacked_size:.0f} %)" if bundle.unpacked_size else ""
    sent = ", already in S3" if stored and not stored.uploaded else ""
    return f" → {size(packed)} {bundle.type.value}{ratio}{sent}"


def _problems(problems: Sequence[Problem]) -> Iterator[str]:
    if problems:
        yield "### Problems"
        yield "\n".join(_problem(problem) for problem in problems[:_ROWS])


def _problem(problem: Problem) -> str:
    place = problem.location
    where = f"{_code(f'{place.path}:{place.line}' if place.line else place.path)} " if place else ""
    hint = "".join(f"<br>{_escape(line)}" for line in problem.hint.splitlines())
    return f"- {where}**{_escape(problem.message)}**{hint}"


def _failures(failures: Sequence[Failure]) -> Iterator[str]:
    for failure in failures[:_FAILURES]:
        log = failure.diagnostics.log_tail[-_LOG_CHARACTERS:]
        if log:
            title = _escape(log_title(failure))
            yield (
                f"<details open><summary>{title}</summary>\n\n<pre>{_preformatted(log)}</pre>\n\n</details>"
            )
    if len(failures) > _FAILURES:
        yield f"… and {len(failures) - _FAILURES} more kinds of failure."


def _snapshot(snapshot: Snapshot) -> Iterator[str]:
    if not snapshot.targets:
        return
    yield "### Targets"
    if snapshot.unread:
        yield f"{_escape(unread(snapshot))}."
    targets = sorted(snapshot.targets, key=lambda target: (target.status != "Failed", target.id))
    events = list(dict.fromkeys(event.name for target in targets for event in target.events))
    traffic = any(target.traffic for target in targets)
    yield _table(
        ("Target", "Status", *map(_escape, events), *(["Traffic"] if traffic else [])),
        (
            (
                _code(target.id) + (f" {_escape(target.label)}" if target.label else ""),
                _escape(target.status),
                *(_event(target, name) for name in events),
                *([_traffic(target)] if traffic else []),
            )
            for target in targets[:_ROWS]
        ),
    )
    if len(targets) > _ROWS:
        yield f"… and {counted(len(targets) - _ROWS, 'more target')}."
    if chart := gantt(snapshot):
        yield f"```mermaid\n{chart}\n```"


def _event(target: Target, name: str) -> str:
    event = next((event for event in target.events if event.name == name), None)
    if event is None:
        return ""
    took = f" {duration(event.duration.total_seconds())}" if event.duration else ""
    return _MARKS.get(event.status, _escape(event.status)) + took


def _traffic(target: Target) -> str:
    return "<br>".join(
        f"{share.percent} % {_escape(share.version)}"
        + (f" ({_escape(share.detail)})" if share.detail else "")
        for share in target.traffic
    )


def _bundle(bundle: Bundle) -> Iterator[str]:
    largest = [entry for entry in bundle.largest(10) if entry.size]
    if len(largest) > 1:
        yield "<details><summary>Largest files of the bundle</summary>"
        yield _table(("File", "Size"), ((_code(entry.name), size(entry.size)) for entry in largest))
        yield "</details>"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    if not lines:
        return ""
    rule = "|" + " --- |" * len(header)
    return "\n".join(["| " + " | ".join(header) + " |", rule, *lines])


def _code(text: str) -> str:
    return f"<code>{_escape(text)}</code>"


def _preformatted(text: str) -> str:
    """Return preformatted lines with invisible characters escaped."""
    return html.escape("\n".join(printable_lines(text)))


def _escape(text: str) -> str:
    """Return text on one line with Markdown, HTML and the cell separator escaped."""
    text = printable(" ".join(text.split()))
    text = text if len(text) <= _CELL_CHARACTERS else f"{text[:_CELL_CHARACTERS]}…"
    return html.escape(text).translate(_MARKDOWN)
