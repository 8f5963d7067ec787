"""From a deployment to its end: watch it, and tell why when it does not succeed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer import outputs
from deployer.model import Status
from deployer.report import lines, progress
from deployer.report.text import duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.aws import Aws
    from deployer.explain import Places
    from deployer.line import Line
    from deployer.model import Contents, Deployment, Snapshot

_HEARTBEAT = 30.0
"""Seconds without news until a line says what is being waited for."""

_LOGS = 10
"""Logs of different failures that are printed; the summary holds more."""


def follow(deployment: Deployment, places: Places, *, aws: Aws, line: Line) -> None:
    """Watch the deployment to its end; how it ended, and why, stands in the outcome then."""
    from deployer.observe import Observer
    from deployer.wait import Patience, wait

    settings, outcome = line.settings, line.outcome
    with line.platform.group(f"Wait for {deployment.id}, up to {duration(settings.timeout.total_seconds())}"):
        outcome.ending = wait(
            Observer(deployment.id, aws.codedeploy_once),
            patience=Patience(settings.timeout, settings.poll_interval),
            clock=line.clock,
            progress=_narrator(line),
            stop_after=settings.stop_after,
        )
    outcome.status = outcome.ending.status
    line.platform.outputs(outputs.of_ending(outcome.ending))
    if outcome.status in {Status.FAILED, Status.STOPPED}:
        _tell_why(outcome.ending.snapshot, places, line)
    line.platform.line(lines.ended(outcome.ending, deployment))


def _narrator(line: Line) -> Callable[[Snapshot, float], None]:
    """Print what changes, and a sign of life when nothing does."""
    previous: Snapshot | None = None
    last = 0.0

    def tell(snapshot: Snapshot, seconds: float) -> None:
        nonlocal previous, last
        news = progress.changes(previous, snapshot, seconds)
        if not news and seconds - last >= _HEARTBEAT:
            news = [progress.heartbeat(snapshot, seconds)]
        for text in news:
            line.platform.line(text)
            last = seconds
        previous = snapshot

    return tell


def _tell_why(snapshot: Snapshot, places: Places, line: Line) -> None:
    from deployer.explain import explain

    explanation = line.outcome.explanation = explain(snapshot, places)
    line.outcome.problems.extend(explanation.problems)
    for problem in explanation.problems:
        line.platform.annotate(problem)
    for failure in explanation.failures[:_LOGS]:
        if failure.diagnostics.log_tail:
            with line.platform.group(lines.log_title(failure), folded=True):
                line.platform.block(failure.diagnostics.log_tail)


def places_of(contents: Contents) -> Places:
    """Where the parts of a bundle stand in the repository, for the annotations."""
    from deployer.appspec import APPSPEC, parse
    from deployer.explain import Places

    path = contents.locate(APPSPEC)
    if path is None:
        return Places(locate=contents.locate)
    appspec = parse(contents.read(APPSPEC, 1 << 20), path=path).appspec
    return Places.of(appspec, path, contents.locate) if appspec else Places(locate=contents.locate)
