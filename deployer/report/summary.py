"""The Markdown job summary of a run, below GitHub's limit of 1 MiB whatever the fleet's size.

All text from elsewhere (names, messages, logs) is escaped by `deployer.report.markdown`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer import REPOSITORY, __version__
from deployer.deployment.model import Status
from deployer.errors import Severity
from deployer.report.codes import documentation
from deployer.report.gantt import gantt
from deployer.report.lines import ENDINGS, extent, how_ended, log_title, unread
from deployer.report.markdown import code, details, escape, facts, link, preformatted, table, yaml_text
from deployer.report.plan import folded, markdown
from deployer.report.targets import targets_table
from deployer.text import counted, counts, duration, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from deployer.deployment.failures import Failure
    from deployer.deployment.model import Deployment, Snapshot, Traffic
    from deployer.deployment.wait import Ending
    from deployer.errors import Problem
    from deployer.run import Outcome

_ACTION = f"{REPOSITORY}@v{__version__.partition('.')[0]}"
_MOST_BYTES = 1_000_000
_ROWS = 100
_LOG_CHARACTERS = 8_000
_FAILURES = 20
_SHOWN_LOGS = 3
_TITLES = {
    Status.PLANNED: ("📦", "Packaged; nothing was uploaded"),
    Status.REHEARSED: ("✅", "Rehearsed; nothing was uploaded"),
    Status.UPLOADED: ("☁️", "Uploaded"),
    Status.REGISTERED: ("🏷️", "Registered"),
    Status.CREATED: ("🚀", "Deployment created"),
    Status.READY: ("⏸️", "Deployment is ready to continue"),
    Status.SUCCEEDED: ("✅", "Deployment succeeded"),
    Status.FAILED: ("❌", "Deployment failed"),
    Status.STOPPED: ("🛑", "Deployment was stopped"),
    Status.TIMED_OUT: ("⏱️", "Timed out waiting for the deployment"),
    Status.SKIPPED: ("⏭️", "Skipped; a newer run was deployed"),
    Status.UNCHANGED: ("✅", "Unchanged; the group runs this revision"),
}
_BEFORE_DEPLOYMENT = {Status.PLANNED, Status.REHEARSED, Status.UPLOADED, Status.REGISTERED}
_SEVERITIES = {Severity.ERROR: "❌", Severity.WARNING: "⚠️", Severity.NOTICE: "ℹ️"}  # noqa: RUF001


def summary(outcome: Outcome) -> str:
    """Return the summary of a run's deployments.

    Of several groups, each has its title and its targets, the one that failed before the others.
    """
    if outcome.plan and outcome.status is Status.PLANNED:
        parts = [_title(outcome, "##"), *map(_problem, outcome.problems[:_ROWS]), markdown(outcome.plan)]
    elif len(outcome.groups) > 1:
        attempts = sorted(outcome.attempts, key=lambda attempt: attempt.lets_next_group_begin)
        parts = [*_groups(outcome), *(part for each in attempts for part in _section(each))]
    else:
        parts = [_title(outcome, "##"), *_attempt(outcome, "###")]
    return "\n\n".join(_fitting([*filter(None, parts), *_rehearsal(outcome), *_revision(outcome)])) + "\n"


def _fitting(parts: Iterable[str]) -> Iterator[str]:
    """Yield the parts that there is room for."""
    left, dropped = _MOST_BYTES, 0
    for part in parts:
        room = len(part.encode()) + 2
        if room <= left:
            left -= room
            yield part
        else:
            dropped += 1
    if dropped:
        yield f"{counted(dropped, 'part')} of this summary did not fit below GitHub's limit of 1 MiB."


def _title(outcome: Outcome, level: str) -> str:
    where = " → ".join(part for part in (outcome.application, outcome.group) if part)
    icon, text = _standing(outcome)
    return f"{level} {icon} {escape(where)}: {text}" if where else f"{level} {icon} {text}"


def _standing(outcome: Outcome) -> tuple[str, str]:
    """Return an icon and a few words for the result of a run, or of its deployment to one group."""
    if outcome.status is None:
        return "❌", "Pre-flight failed; nothing was sent" if outcome.findings else "Nothing was deployed"
    if outcome.rehearsal and outcome.rehearsal.status is Status.FAILED:
        return "❌", "Rehearsal failed; nothing was sent"
    icon, text = _TITLES[outcome.status]
    if outcome.plan and outcome.status is Status.PLANNED:
        icon, text = "🔭", "Planned; nothing was uploaded"
    if outcome.problems and outcome.status in _BEFORE_DEPLOYMENT:
        return "❌", f"{text}, then failed"
    if ending := outcome.rollback_ending:
        if ending.status is Status.SUCCEEDED:
            to = f" to {escape(outcome.before_label)}" if outcome.before_label else ""
            return icon, f"{text}, rolled back{to}"
        return "❌", f"{text}, and its rollback {ENDINGS[ending.status]}"
    return icon, text


def _groups(outcome: Outcome) -> Iterator[str]:
    """Yield the results of several groups as a table."""
    attempts = {each.group: each for each in outcome.attempts if _begun(each)}
    done = sum(each.lets_next_group_begin for each in outcome.attempts if _begun(each))
    icon = "✅" if done == len(outcome.groups) else _standing(outcome)[0]
    yield f"## {icon} {escape(outcome.application)}: {done} of {len(outcome.groups)} deployment groups done"
    yield table(
        ("Group", "Deployment", "Status", "Took"),
        (_group(group, attempts.get(group)) for group in outcome.groups),
    )


def _begun(attempt: Outcome) -> bool:
    return bool(attempt.deployment or attempt.problems or attempt.spared)


def _group(name: str, attempt: Outcome | None) -> tuple[str, ...]:
    if attempt is None or not (attempt.deployment or attempt.spared):
        return escape(name), "", "not started", ""
    icon, _ = _standing(attempt)
    if attempt.deployment is None:
        return escape(name), "", f"{icon} {attempt.status}", ""
    took = duration(attempt.ending.seconds) if attempt.ending else ""
    return escape(name), _deployment(attempt.deployment), f"{icon} {attempt.status}", took


def _section(attempt: Outcome) -> Iterator[str]:
    if attempt.deployment or attempt.problems:
        yield _title(attempt, "###")
        yield from _attempt(attempt, "####")


def _attempt(outcome: Outcome, level: str) -> Iterator[str]:
    """Yield the result of a deployment, its problems and its targets, with headings of this level."""
    yield "<br>".join(_lines(outcome))
    yield from _plan(outcome)
    if outcome.problems:
        yield f"{level} Problems"
        yield from map(_problem, outcome.problems[:_ROWS])
    for of, explanation in (("", outcome.explanation), ("Rollback: ", outcome.rollback_explanation)):
        yield from _failures(explanation.failures if explanation else (), of)
    for suggestion in outcome.suggestions:
        yield f"{escape(suggestion.purpose)}:"
        yield _step(outcome, suggestion.inputs)
    if ending := outcome.ending:
        yield from _continuation(outcome, ending.snapshot, level)
        yield from _targets(ending.snapshot, f"{level} Targets", outcome.region)
        yield from _shift(ending, level)
    if (rollback := outcome.rollback_ending) and rollback.status is not Status.SUCCEEDED:
        yield from _targets(rollback.snapshot, f"{level} Targets of the rollback", outcome.region)


def _plan(outcome: Outcome) -> Iterator[str]:
    """Yield what was planned for the group."""
    if outcome.plan:
        of_group = (each for each in outcome.plan.groups if each.group.name == outcome.group)
        yield from (folded(each, outcome.plan) for each in of_group)


def _lines(outcome: Outcome) -> Iterator[str]:
    """Yield how the deployment and its rollback ended."""
    deployment, ending = outcome.deployment, outcome.ending
    if deployment is None:
        return
    if ending is None:
        yield f"Deployment {_deployment(deployment)} is still running."
    else:
        reached = f": {escape(counts(ending.snapshot.counts))}" if ending.snapshot.counts else ""
        yield f"Deployment {_deployment(deployment)} {escape(how_ended(ending))}{reached}."
    if rollback := outcome.rollback:
        yield _rollback(rollback, outcome)
    if outcome.before:
        yield _replacement(outcome)


def _replacement(outcome: Outcome) -> str:
    """Return what the group ran before, and what was deployed in its place."""
    changes = f" ({link('changes', outcome.compare_url)})" if outcome.compare_url else ""
    commit = outcome.origin.label or "this revision"
    return f"Live before: {escape(outcome.before)} → {escape(commit)}{changes}"


def _rollback(rollback: Deployment, outcome: Outcome) -> str:
    ending, which = outcome.rollback_ending, f"Rollback {_deployment(rollback)}"
    if ending is None:
        return f"↩️ {which} was not followed to its end."
    how = f"{which} {escape(how_ended(ending))}"
    if ending.status is not Status.SUCCEEDED:
        return f"❌ {how}."
    return f"↩️ {how}." + (f" Live now: {code(outcome.live.label)}" if outcome.live else "")


def _deployment(deployment: Deployment) -> str:
    return link(escape(deployment.id), deployment.url)


def _problem(problem: Problem) -> str:
    place = problem.location
    about = [
        *([code(f"{place.path}:{place.line}" if place.line else place.path)] if place else []),
        *([_explained(problem.code)] if problem.code else []),
    ]
    lines = [
        f"{_SEVERITIES[problem.severity]} **{escape(problem.message)}**",
        *([" · ".join(about)] if about else []),
        *map(escape, problem.hint.splitlines()),
    ]
    return "<br>".join(lines)


def _explained(name: str) -> str:
    """Return a problem's code, with a link to its documentation if it has one."""
    url = documentation(name)
    return link(escape(name), url) if url else escape(name)


def _failures(failures: Sequence[Failure], of: str) -> Iterator[str]:
    """Yield the logs of what failed, the first ones unfolded; `of` begins their titles."""
    for number, failure in enumerate(failures[:_FAILURES]):
        log = failure.diagnostics.log_tail[-_LOG_CHARACTERS:]
        if log:
            yield details(of + escape(log_title(failure)), preformatted(log), shown=number < _SHOWN_LOGS)
    if len(failures) > _FAILURES:
        yield f"… and {len(failures) - _FAILURES} more kinds of failure."


def _continuation(outcome: Outcome, snapshot: Snapshot, level: str) -> Iterator[str]:
    """Yield how to continue a blue/green deployment that waits for it."""
    if snapshot.ended or not (snapshot.status == "Ready" or snapshot.terminating):
        return
    yield f"{level} To continue"
    then = "terminate the original instances" if snapshot.terminating else "move traffic to the new instances"
    yield (
        f"The deployment waits to be continued; it will then {then}. Continue it in the console, or with a "
        f"step like this and the same credentials:"
    )
    identifier = outcome.deployment.id if outcome.deployment else ""
    yield _step(outcome, {"deployment-id": identifier, "continue": "true"})


def _step(outcome: Outcome, inputs: Mapping[str, str]) -> str:
    """Return a step with these inputs for the same deployment group, to be pasted into a workflow."""
    place = {
        "application": outcome.application,
        "deployment-group": outcome.group,
        "region": outcome.region,
    }
    lines = (
        f"    {name}: {value if value == 'true' else yaml_text(value, indent=6)}"
        for name, value in {**inputs, **place}.items()
        if value
    )
    return "\n".join(["```yaml", f"- uses: {_ACTION}", "  with:", *lines, "```"])


def _targets(snapshot: Snapshot, heading: str, region: str) -> Iterator[str]:
    if not snapshot.targets:
        return
    yield heading
    if snapshot.unread:
        yield f"{escape(unread(snapshot))}."
    yield from targets_table(snapshot.targets, region=region)
    if chart := gantt(snapshot):
        yield f"```mermaid\n{chart}\n```"


def _shift(ending: Ending, level: str) -> Iterator[str]:
    """Yield how traffic moved from version to version."""
    if len(ending.traffic) < 2:  # noqa: PLR2004 - a move has two ends
        return
    yield f"{level} Traffic"
    versions = list(dict.fromkeys(share.version for _, shares in ending.traffic for share in shares))
    yield table(
        ("After", *map(escape, versions)),
        ((duration(seconds), *_percents(versions, shares)) for seconds, shares in ending.traffic[-_ROWS:]),
    )


def _percents(versions: Sequence[str], shares: Sequence[Traffic]) -> Iterator[str]:
    by_version = {share.version: share.percent for share in shares}
    for version in versions:
        yield f"{by_version[version]} %" if version in by_version else ""


def _rehearsal(outcome: Outcome) -> Iterator[str]:
    """Yield how the rehearsal went, with the log of what failed."""
    if outcome.rehearsal is None:
        return
    explanation = outcome.rehearsal_explanation
    yield from _targets(outcome.rehearsal.snapshot, "### Rehearsal", "")
    yield from _failures(explanation.failures if explanation else (), "Rehearsal: ")


def _revision(outcome: Outcome) -> Iterator[str]:
    """Yield the revision and the bundle."""
    if rows := facts(_facts(outcome)):
        yield f"### {'Revision' if outcome.revision else 'Bundle'}"
        yield rows
    largest = [entry for entry in outcome.bundle.largest(10) if entry.size] if outcome.bundle else []
    if len(largest) > 1:
        files = table(("File", "Size"), ((code(entry.name), size(entry.size)) for entry in largest))
        yield details("Largest files of the bundle", files)


def _facts(outcome: Outcome) -> Iterator[tuple[str, str]]:
    if outcome.revision:
        yield "Revision", code(outcome.revision.label)
    if outcome.region:
        yield "Region", code(outcome.region)
    if bundle := outcome.bundle:
        stored = outcome.stored
        sent = ", already in S3" if stored and not stored.uploaded else ""
        yield "Bundle", extent(bundle, stored.size if stored else bundle.size) + sent
        yield "Digest", code(bundle.digest)
