"""Printing the logs of hooks: while they run, and those of failures in whole where they are shipped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deployer.aws.errors import is_denial
from deployer.choices import ComputePlatform
from deployer.errors import Problem, Severity
from deployer.report import lines

if TYPE_CHECKING:
    from deployer.aws.client import Aws
    from deployer.deployment.failures import Failure
    from deployer.deployment.model import Deployment, Explanation, Snapshot
    from deployer.deployment.shipped_log import ShippedLog
    from deployer.run import Run

_CUT = 1_900
"""Characters from which the tail of a log is probably cut: the agent sends 2 KB."""

_MOST_LINES = 5_000
"""Lines that are printed while the hooks run."""

_LOOK_SECONDS = 5.0
"""Time between two looks for new lines; CloudWatch's agents send no more often."""

_UNREAD = "log-group-unread"
_CHECK = "Check the input log-group; the group is in the region of the deployment, and in its account."
_SERVERS = {"", ComputePlatform.SERVER}


@dataclass(slots=True)
class LiveLog:
    """Prints each line that is shipped, behind its instance, while scripts run; show it each snapshot."""

    log: ShippedLog
    run: Run
    looked: float | None = None
    shown: int = 0

    def show(self, snapshot: Snapshot) -> None:
        """Print the lines since the last look."""
        now = self.run.clock.monotonic()
        early = self.looked is not None and now - self.looked < _LOOK_SECONDS and not snapshot.ended
        if early or self.log.refusal or self.shown >= _MOST_LINES or snapshot.created is None:
            return
        self.looked = now
        news = self.log.news(snapshot.created)[: _MOST_LINES - self.shown]
        self.shown += len(news)
        if news:
            self.run.ci.block("\n".join(f"{stream} {text}" for stream, text in news))
        if self.shown >= _MOST_LINES:
            self.run.ci.say(f"Further lines are in the log group {self.log.group}.")
        _tell_refusal(self.log, self.run)


def live_log(deployment: Deployment, *, aws: Aws, run: Run) -> LiveLog | None:
    """Return what prints the log while the hooks run, None where that is not wanted."""
    settings = run.settings
    wanted = settings.log_group_live or (settings.log_group_live is None and run.ci.debugging)
    if not (wanted and settings.log_group):
        return None
    return LiveLog(_shipped(settings.log_group, deployment, aws=aws, run=run), run)


def _shipped(group: str, deployment: Deployment, *, aws: Aws, run: Run) -> ShippedLog:
    from deployer.deployment.shipped_log import ShippedLog

    return ShippedLog(group, deployment.id, aws, run.clock)


def print_logs(  # noqa: PLR0913 - all but the explanation are keyword-only
    explanation: Explanation,
    *,
    snapshot: Snapshot,
    deployment: Deployment,
    most: int,
    title: str = "",
    aws: Aws,
    run: Run,
) -> Explanation:
    """Print `most` logs of failures, in whole where they are shipped; return the explanation with these."""
    group = run.settings.log_group if snapshot.compute_platform in _SERVERS else ""
    log = _shipped(group, deployment, aws=aws, run=run) if group else None
    failures = []
    for failure in explanation.failures[:most]:
        told = _in_whole(failure, log, snapshot) if log else failure
        failures.append(told)
        if text := told.diagnostics.log_tail:
            with run.ci.section(f"{title}{lines.log_title(told)}", folded=True):
                run.ci.block(text)
    if log:
        _tell_refusal(log, run)
    elif any(len(each.diagnostics.log_tail) >= _CUT for each in failures):
        run.ci.say(lines.TAILS_ONLY)
    return replace(explanation, failures=(*failures, *explanation.failures[most:]))


def _in_whole(failure: Failure, log: ShippedLog, snapshot: Snapshot) -> Failure:
    """Return a failure with all that its script printed on its first target, as far as that is there."""
    tail = failure.diagnostics.log_tail
    if not (tail or failure.diagnostics.script):
        return failure
    whole = log.whole(failure.targets[0], failure.event, tail=tail, since=snapshot.created)
    if len(whole) <= len(tail):
        return failure
    return replace(failure, diagnostics=replace(failure.diagnostics, log_tail=whole))


def _tell_refusal(log: ShippedLog, run: Run) -> None:
    """Warn, once, that the group that the inputs name cannot be read."""
    if log.refusal is None or any(each.code == _UNREAD for each in run.outcome.problems):
        return
    advice = log.refusal.hint if is_denial(log.refusal) else f"{log.refusal.hint}\n{_CHECK}".strip()
    problem = Problem(
        f"The log group {log.group} cannot be read: {log.refusal.message}", advice, _UNREAD, Severity.WARNING
    )
    run.outcome.problems.append(problem)
    run.ci.annotate(problem)
