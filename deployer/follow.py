"""From a deployment to its end: watch it, and tell why when it does not succeed."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from deployer.aws.errors import sdk_errors
from deployer.choices import OnEnd, Stage
from deployer.deployment.control import continuer, request_stop
from deployer.deployment.model import Deployment, Status
from deployer.errors import DeployError, Problem, Severity
from deployer.report import lines, outputs, progress
from deployer.report.warnings import signs
from deployer.signals import Interrupted
from deployer.text import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from mypy_boto3_codedeploy import CodeDeployClient

    from deployer.aws.client import Aws
    from deployer.bundle.contents import Contents
    from deployer.deployment.create import Sent
    from deployer.deployment.explain import Explanation, Places
    from deployer.deployment.model import Snapshot
    from deployer.deployment.wait import Ending
    from deployer.run import Line

_HEARTBEAT = 30.0
"""Seconds without news until a line says what is being waited for; up to four times as long later on."""

_LOGS = 10
"""Logs of different failures that are printed; the summary holds more."""

_EXTRA_LOOKS = 5
"""Further looks, while none is answered, for a deployment that is to be stopped when the time is up."""

_ROLLBACK_LOOKS = timedelta(seconds=20)
_STOP_LOOKS = timedelta(seconds=60)
"""How long to look for a rollback that the service announces late, and for a stop to take effect."""


def follow(deployment: Deployment, places: Places, *, budget: timedelta, aws: Aws, line: Line) -> None:
    """Watch the deployment to its end, its rollback too; how it ended, and why, stands in the outcome then.

    When the time is up or the job is cancelled, do with the deployment what the inputs say.
    """
    settings, outcome = line.settings, line.outcome
    started = line.clock.monotonic()
    try:
        with line.platform.group(f"Wait for {deployment.id}, up to {duration(budget.total_seconds())}"):
            ending = outcome.ending = watch(
                deployment,
                budget,
                aws=aws,
                line=line,
                timeouts=places.timeouts,
                stop_after=settings.stop_after,
                resume=bool(settings.continue_),
                extra_looks=0 if settings.on_timeout is OnEnd.LEAVE else _EXTRA_LOOKS,
            )
    except Interrupted:
        _end(deployment, settings.on_cancel, client=aws.codedeploy_hasty, line=line)
        raise
    _conclude(ending, deployment, places, line=line)
    if ending.status is Status.TIMED_OUT and (stopped := _stop(deployment, ending, aws=aws, line=line)):
        if stopped.status in {
            Status.SUCCEEDED,
            Status.FAILED,
        }:  # by itself, before the stop could take effect
            ending = outcome.ending = stopped
            _conclude(ending, deployment, places, line=line)
        else:
            outcome.ending = replace(stopped, status=ending.status)
            if identifier := stopped.snapshot.rollback_id:
                outcome.rollback = _rollback(identifier, deployment)
    if ending.status is Status.SUCCEEDED and deployment.revision:
        outcome.live = deployment.revision
    elif ending.status in {Status.FAILED, Status.STOPPED}:
        left = budget - timedelta(seconds=line.clock.monotonic() - started)
        _follow_rollback(deployment, ending.snapshot, budget=left, aws=aws, line=line)
    line.platform.outputs(outputs.of_live(outcome.rollback, outcome.live))


def _conclude(ending: Ending, deployment: Deployment, places: Places, *, line: Line) -> None:
    """Say how a deployment ended, and why."""
    line.outcome.status = ending.status
    explanation = line.outcome.explanation = _explain(ending, places)
    line.platform.outputs(outputs.of_ending(ending, explanation.problems))
    _tell_why(explanation, line)
    if ending.snapshot.ended and ending.snapshot.unread:
        line.platform.line(lines.unread(ending.snapshot))
    line.platform.line(lines.ended(ending, deployment))


@contextmanager
def ended_when_cancelled(sent: Sent, *, aws: Aws, line: Line) -> Iterator[None]:
    """When the job is cancelled while a deployment is being created, do with it what `on-cancel` says."""
    from deployer.deployment.create import find

    order = sent.order
    try:
        yield
    except Interrupted:
        with suppress(*sdk_errors()):
            if found := find(sent, aws.codedeploy_hasty, clock=line.clock):
                deployment = Deployment(found, aws.region, order.application, order.group, sent.revision)
                _end(deployment, line.settings.on_cancel, client=aws.codedeploy_hasty, line=line)
        raise


def watch(  # noqa: PLR0913 - its knobs are keyword-only
    deployment: Deployment,
    budget: timedelta,
    *,
    aws: Aws,
    line: Line,
    timeouts: Mapping[str, float] = MappingProxyType({}),
    stop_after: Stage = Stage.WAIT,
    resume: bool = False,
    extra_looks: int = 0,
) -> Ending:
    """Look at a deployment until it ends or the budget is spent, telling what happens.

    `timeouts` are the seconds that the AppSpec allows for the scripts of each event; `resume` ends the first
    blue/green wait that it comes to; `extra_looks` is Patience's.
    """
    from deployer.deployment.observe import Observer
    from deployer.deployment.wait import Patience, wait

    tell = _narrator(line, timeouts)
    attend = continuer(deployment.id, client=aws.codedeploy, say=line.platform.line)

    def show(snapshot: Snapshot, seconds: float) -> None:
        tell(snapshot, seconds)
        if resume:
            attend(snapshot)

    return wait(
        Observer(deployment.id, aws.codedeploy_once, line.clock),
        patience=Patience(budget, line.settings.poll_interval, extra_looks),
        clock=line.clock,
        progress=show,
        stop_after=stop_after,
    )


def _narrator(line: Line, timeouts: Mapping[str, float]) -> Callable[[Snapshot, float], None]:
    """Print what changes and what looks bad, and a sign of life when nothing happens."""
    previous: Snapshot | None = None
    last = 0.0
    told: set[str] = set()

    def tell(snapshot: Snapshot, seconds: float) -> None:
        nonlocal previous, last
        news = progress.changes(previous, snapshot, seconds)
        for name, text in signs(snapshot, seconds=seconds, now=line.clock.now(), timeouts=timeouts):
            if name not in told:
                told.add(name)
                news.append(progress.stamped(text, seconds))
        if not news and seconds - last >= min(4 * _HEARTBEAT, max(_HEARTBEAT, seconds / 10)):
            news = [progress.heartbeat(snapshot, seconds)]
        for text in news:
            line.platform.line(text)
            last = seconds
        previous = snapshot

    return tell


def _stop(deployment: Deployment, ending: Ending, *, aws: Aws, line: Line) -> Ending | None:
    """Do what `on-timeout` says; how a deployment that was asked to stop stood after that, else None.

    Nothing is stopped on a status that the last look did not read: the deployment may have succeeded since.
    """
    how, snapshot = line.settings.on_timeout, ending.snapshot
    if not snapshot.trouble:
        if not _end(deployment, how, client=aws.codedeploy, line=line):
            return None
        with _told(line):
            return watch(deployment, _STOP_LOOKS, aws=aws, line=line)
        return None
    if how is not OnEnd.LEAVE:
        problem = Problem(
            f"Deployment {deployment.id} was not stopped: it {snapshot.standing}, and AWS does not answer "
            f"({snapshot.trouble}).",
            f"It may have ended since. Look at it, and stop it there if it still runs: {deployment.url}",
            code="status-unread",
        )
        line.outcome.problems.append(problem)
        line.platform.annotate(problem)
    line.platform.line(f"Deployment {deployment.id} is left as it is: {deployment.url}")
    return None


@contextmanager
def _told(line: Line) -> Iterator[None]:
    """Turn what ends the watching of something else than the deployment itself into a warning."""
    try:
        yield
    except DeployError as error:
        for problem in error.problems:
            line.platform.annotate(replace(problem, severity=Severity.WARNING))


def _end(deployment: Deployment, how: OnEnd, *, client: CodeDeployClient, line: Line) -> bool:
    """Do with a deployment what was asked for, say so, and return whether that may have ended it."""
    if how is OnEnd.LEAVE:
        line.platform.line(f"Deployment {deployment.id} goes on: {deployment.url}")
        return False
    try:
        taken = request_stop(deployment.id, rollback=how is OnEnd.ROLLBACK, client=client)
    except DeployError as error:
        line.platform.annotate(error.problems[0])
        line.platform.line(f"Deployment {deployment.id} could not be stopped and goes on: {deployment.url}")
        return False
    if not taken:
        line.platform.line(f"Deployment {deployment.id} ended before it could be stopped: {deployment.url}")
        return True
    rollback = ", and the last successful revision is rolled back to" if how is OnEnd.ROLLBACK else ""
    line.platform.line(f"Deployment {deployment.id} is being stopped{rollback}: {deployment.url}")
    return True


def _follow_rollback(
    deployment: Deployment, snapshot: Snapshot, *, budget: timedelta, aws: Aws, line: Line
) -> None:
    """Watch the rollback of a deployment that did not succeed, when there is one."""
    from deployer.deployment.register import with_content

    outcome = line.outcome
    rollback_id = snapshot.rollback_id
    if snapshot.rollback_expected and not rollback_id:
        rollback_id = _look_for_rollback(deployment, aws, line)
    if not rollback_id:
        return
    rollback = outcome.rollback = _rollback(rollback_id, deployment)
    ending = None
    try:
        with _told(line), line.platform.group(f"Wait for the rollback {rollback.id}"):
            ending = watch(rollback, budget, aws=aws, line=line)
    except Interrupted:
        line.platform.line(f"The rollback {rollback.id} goes on: {rollback.url}")
        raise
    if ending is None:
        line.platform.line(f"How the rollback {rollback.id} ends has to be looked up: {rollback.url}")
        return
    if ending.status is Status.SUCCEEDED:
        outcome.live = with_content(ending.snapshot.revision, application=deployment.application, aws=aws)
    line.platform.line(lines.rolled_back(ending, rollback))


def _look_for_rollback(deployment: Deployment, aws: Aws, line: Line) -> str | None:
    """The id of the rollback, which the service announces some seconds after the failure."""
    from deployer.deployment.observe import rollback_of

    deadline = line.clock.monotonic() + _ROLLBACK_LOOKS.total_seconds()
    while True:
        unanswered = True
        with suppress(*sdk_errors()):
            if found := rollback_of(deployment.id, aws.codedeploy_once):
                return found
            unanswered = False
        if line.clock.monotonic() >= deadline:
            if unanswered:
                line.platform.line(
                    f"AWS does not answer: whether it is rolled back is unknown: {deployment.url}"
                )
            return None
        line.clock.sleep(2.0)


def _rollback(identifier: str, deployment: Deployment) -> Deployment:
    return replace(deployment, id=identifier, revision=None)


def _explain(ending: Ending, places: Places) -> Explanation:
    """Why it ended as it did; on a success only the targets that failed all the same."""
    from deployer.deployment.explain import Explanation, explain

    return Explanation((), ()) if ending.status is Status.READY else explain(ending.snapshot, places)


def _tell_why(explanation: Explanation, line: Line) -> None:
    """Annotate what went wrong, with the logs."""
    line.outcome.problems.extend(explanation.problems)
    for problem in explanation.problems:
        line.platform.annotate(problem)
    for failure in explanation.failures[:_LOGS]:
        if failure.diagnostics.log_tail:
            with line.platform.group(lines.log_title(failure), folded=True):
                line.platform.block(failure.diagnostics.log_tail)


def places_of(contents: Contents) -> Places:
    """Where the parts of a bundle stand in the repository, for the annotations."""
    from deployer.choices import APPSPEC

    path = contents.locate(APPSPEC)
    return _places(path, contents.read(APPSPEC, 1 << 20) if path else b"", contents.locate)


def places_in(repository: Path, *, appspec: str) -> Places:
    """The same for a revision that was built elsewhere: this checkout is most often of the same commit."""

    def locate(name: str) -> str | None:
        try:
            path = (repository / name).resolve()
            found = path.is_file() and path.is_relative_to(repository.resolve())
        except (OSError, ValueError):  # no name that a file can have
            return None
        return path.relative_to(repository.resolve()).as_posix() if found else None

    path = locate(appspec)
    return _places(path, (repository / path).read_bytes() if path else b"", locate)


def _places(path: str | None, text: bytes, locate: Callable[[str], str | None]) -> Places:
    from deployer.appspec.parse import parse
    from deployer.deployment.explain import Places

    appspec = parse(text, path=path).appspec if path else None
    return Places.of(appspec, path, locate) if appspec and path else Places(locate=locate)
