"""From a deployment to its end: watch it, and tell why when it does not succeed."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from deployer.aws.errors import sdk_errors
from deployer.choices import OnEnd, Stage
from deployer.deployment.control import continue_wait, request_stop
from deployer.deployment.model import Deployment, Status
from deployer.errors import DeployError, Problem, Severity
from deployer.report import lines, outputs, progress
from deployer.report.warnings import warnings
from deployer.signals import Interrupted
from deployer.text import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from mypy_boto3_codedeploy import CodeDeployClient

    from deployer.appspec.model import AppSpec
    from deployer.aws.client import Aws
    from deployer.bundle.contents import Bundle
    from deployer.deployment.create import Sent
    from deployer.deployment.explain import Explanation
    from deployer.deployment.model import Snapshot
    from deployer.deployment.places import Places
    from deployer.deployment.wait import Ending
    from deployer.run import Run

_HEARTBEAT = 30.0
"""Seconds without news until a line says what is being waited for; up to four times as long later on."""

_LOGS = 10
"""Logs of different failures that are printed; the summary holds more."""

_EXTRA_LOOKS = 5
"""Further looks, while none is answered, for a deployment that is to be stopped when the time is up."""

_ROLLBACK_LOOKS = timedelta(seconds=20)
_STOP_LOOKS = timedelta(seconds=60)
"""How long to look for a rollback that the service announces late, and for a stop to take effect."""


def follow(deployment: Deployment, places: Places, *, budget: timedelta, aws: Aws, run: Run) -> None:
    """Watch the deployment to its end, its rollback too; the outcome then holds how it ended, and why.

    When the time is up or the job is cancelled, do with the deployment what the inputs say.
    """
    settings, outcome = run.settings, run.outcome
    started = run.clock.monotonic()
    try:
        with run.ci.section(f"Wait for {deployment.id}, up to {duration(budget.total_seconds())}"):
            ending = outcome.ending = watch(
                deployment,
                budget,
                aws=aws,
                run=run,
                timeouts=places.timeouts,
                stop_after=settings.stop_after,
                continues=bool(settings.continue_),
                extra_looks=0 if settings.on_timeout is OnEnd.LEAVE else _EXTRA_LOOKS,
            )
    except Interrupted:
        _end(deployment, settings.on_cancel, client=aws.codedeploy_hasty, run=run)
        raise
    _conclude(ending, deployment, places, run=run)
    if ending.status is Status.TIMED_OUT and (stopped := _stop(deployment, ending, aws=aws, run=run)):
        if stopped.status in {
            Status.SUCCEEDED,
            Status.FAILED,
        }:  # by itself, before the stop could take effect
            ending = outcome.ending = stopped
            _conclude(ending, deployment, places, run=run)
        else:
            outcome.ending = replace(stopped, status=ending.status)
            if identifier := stopped.snapshot.rollback_id:
                outcome.rollback = _rollback(identifier, deployment)
    if ending.status is Status.SUCCEEDED and deployment.revision:
        outcome.live = deployment.revision
    elif ending.status in {Status.FAILED, Status.STOPPED}:
        left = budget - timedelta(seconds=run.clock.monotonic() - started)
        _follow_rollback(deployment, ending.snapshot, budget=left, aws=aws, run=run)
    run.ci.outputs(outputs.of_live(outcome.rollback, outcome.live))


def _conclude(ending: Ending, deployment: Deployment, places: Places, *, run: Run) -> None:
    """Say how a deployment ended, and why."""
    run.outcome.status = ending.status
    explanation = run.outcome.explanation = _explain(ending, places)
    run.ci.outputs(outputs.of_ending(ending, explanation.problems))
    _tell_why(explanation, run)
    if ending.snapshot.ended and ending.snapshot.unread:
        run.ci.say(lines.unread(ending.snapshot))
    run.ci.say(lines.ended(ending, deployment))


@contextmanager
def ended_when_cancelled(sent: Sent, *, aws: Aws, run: Run) -> Iterator[None]:
    """When the job is cancelled while a deployment is being created, do with it what `on-cancel` says."""
    from deployer.deployment.create import find

    request = sent.request
    try:
        yield
    except Interrupted:
        with suppress(*sdk_errors()):
            if found := find(sent, aws.codedeploy_hasty, clock=run.clock):
                deployment = Deployment(found, aws.region, request.application, request.group, sent.revision)
                _end(deployment, run.settings.on_cancel, client=aws.codedeploy_hasty, run=run)
        raise


def watch(  # noqa: PLR0913 - its knobs are keyword-only
    deployment: Deployment,
    budget: timedelta,
    *,
    aws: Aws,
    run: Run,
    timeouts: Mapping[str, float] = MappingProxyType({}),
    stop_after: Stage = Stage.WAIT,
    continues: bool = False,
    extra_looks: int = 0,
) -> Ending:
    """Look at a deployment until it ends or the budget is spent, telling what happens.

    `timeouts` are the seconds that the AppSpec allows for the scripts of each event; `continues` ends the
    first blue/green wait that it comes to; `extra_looks` is Patience's.
    """
    from deployer.deployment.observe import Observer
    from deployer.deployment.wait import Patience, wait

    tell = _narrator(run, timeouts)
    end_wait = continue_wait(deployment.id, client=aws.codedeploy_once, say=run.ci.say)

    def show(snapshot: Snapshot, seconds: float) -> None:
        tell(snapshot, seconds)
        if continues:
            end_wait(snapshot)

    return wait(
        Observer(deployment.id, aws.codedeploy_once, run.clock),
        patience=Patience(budget, run.settings.poll_interval, extra_looks),
        clock=run.clock,
        progress=show,
        stop_after=stop_after,
    )


def _narrator(run: Run, timeouts: Mapping[str, float]) -> Callable[[Snapshot, float], None]:
    """Print what changes and what looks bad, and a sign of life when nothing happens."""
    previous: Snapshot | None = None
    last = 0.0
    told: set[str] = set()

    def tell(snapshot: Snapshot, seconds: float) -> None:
        nonlocal previous, last
        news = progress.changes(previous, snapshot, seconds)
        for name, text in warnings(snapshot, seconds=seconds, now=run.clock.now(), timeouts=timeouts):
            if name not in told:
                told.add(name)
                news.append(progress.stamped(text, seconds))
        if not news and seconds - last >= min(4 * _HEARTBEAT, max(_HEARTBEAT, seconds / 10)):
            news = [progress.heartbeat(snapshot, seconds)]
        for text in news:
            run.ci.say(text)
            last = seconds
        previous = snapshot

    return tell


def _stop(deployment: Deployment, ending: Ending, *, aws: Aws, run: Run) -> Ending | None:
    """Do what `on-timeout` says; how a deployment that was asked to stop stood after that, else None.

    Nothing is stopped on a status that the last look did not read: the deployment may have succeeded since.
    """
    how, snapshot = run.settings.on_timeout, ending.snapshot
    if not snapshot.trouble:
        if not _end(deployment, how, client=aws.codedeploy, run=run):
            return None
        with _told(run):
            return watch(deployment, _STOP_LOOKS, aws=aws, run=run)
        return None
    if how is not OnEnd.LEAVE:
        problem = Problem(
            f"Deployment {deployment.id} was not stopped: it {snapshot.standing}, and AWS is not responding "
            f"({snapshot.trouble}).",
            "It may have ended since. Check it in the console, and stop it there if it is still running: "
            f"{deployment.url}",
            code="status-unread",
        )
        run.outcome.problems.append(problem)
        run.ci.annotate(problem)
    run.ci.say(f"Deployment {deployment.id} was left alone: {deployment.url}")
    return None


@contextmanager
def _told(run: Run) -> Iterator[None]:
    """Turn what ends the watching of something else than the deployment itself into a warning."""
    try:
        yield
    except DeployError as error:
        for problem in error.problems:
            run.ci.annotate(replace(problem, severity=Severity.WARNING))


def _end(deployment: Deployment, how: OnEnd, *, client: CodeDeployClient, run: Run) -> bool:
    """Do with a deployment what was asked for, say so, and return whether that may have ended it."""
    if how is OnEnd.LEAVE:
        run.ci.say(lines.still_running(deployment))
        return False
    try:
        taken = request_stop(deployment.id, rollback=how is OnEnd.ROLLBACK, client=client)
    except DeployError as error:
        run.ci.annotate(error.problems[0])
        run.ci.say(lines.still_running(deployment))
        return False
    if not taken:
        run.ci.say(f"Deployment {deployment.id} ended before it could be stopped: {deployment.url}")
        return True
    rollback = " and rolling back to the last successful revision" if how is OnEnd.ROLLBACK else ""
    run.ci.say(f"Stopping deployment {deployment.id}{rollback}: {deployment.url}")
    return True


def _follow_rollback(
    deployment: Deployment, snapshot: Snapshot, *, budget: timedelta, aws: Aws, run: Run
) -> None:
    """Watch the rollback of a deployment that did not succeed, when there is one."""
    from deployer.deployment.register import with_content

    outcome = run.outcome
    rollback_id = snapshot.rollback_id
    if snapshot.rollback_expected and not rollback_id:
        rollback_id = _look_for_rollback(deployment, aws, run)
    if not rollback_id:
        return
    rollback = outcome.rollback = _rollback(rollback_id, deployment)
    ending = None
    try:
        with _told(run), run.ci.section(f"Wait for the rollback {rollback.id}"):
            ending = watch(rollback, budget, aws=aws, run=run)
    except Interrupted:
        run.ci.say(lines.still_running(rollback))
        raise
    if ending is None:
        run.ci.say(f"Check in the console how the rollback {rollback.id} ends: {rollback.url}")
        return
    if ending.status is Status.SUCCEEDED:
        outcome.live = with_content(ending.snapshot.revision, application=deployment.application, aws=aws)
    run.ci.say(lines.rolled_back(ending, rollback))


def _look_for_rollback(deployment: Deployment, aws: Aws, run: Run) -> str | None:
    """The id of the rollback, which the service announces some seconds after the failure."""
    from deployer.deployment.observe import rollback_of

    deadline = run.clock.monotonic() + _ROLLBACK_LOOKS.total_seconds()
    while True:
        unanswered = True
        with suppress(*sdk_errors()):
            if found := rollback_of(deployment.id, aws.codedeploy_once):
                return found
            unanswered = False
        if run.clock.monotonic() >= deadline:
            if unanswered:
                run.ci.say(
                    "AWS is not responding. Check in the console whether it is being rolled back: "
                    f"{deployment.url}"
                )
            return None
        run.clock.sleep(2.0)


def _rollback(identifier: str, deployment: Deployment) -> Deployment:
    return replace(deployment, id=identifier, revision=None)


def _explain(ending: Ending, places: Places) -> Explanation:
    """Why it ended as it did; on a success only the targets that failed all the same."""
    from deployer.deployment.explain import Explanation, explain

    return Explanation((), ()) if ending.status is Status.READY else explain(ending.snapshot, places)


def _tell_why(explanation: Explanation, run: Run) -> None:
    """Annotate what went wrong, with the logs."""
    run.outcome.problems.extend(explanation.problems)
    for problem in explanation.problems:
        run.ci.annotate(problem)
    for failure in explanation.failures[:_LOGS]:
        if failure.diagnostics.log_tail:
            with run.ci.section(lines.log_title(failure), folded=True):
                run.ci.block(failure.diagnostics.log_tail)


def places_of(bundle: Bundle) -> Places:
    """Where the parts of a bundle are in the repository, for the annotations."""
    from deployer.choices import APPSPEC

    contents = bundle.contents
    path = contents.locate(APPSPEC)
    text = contents.read(APPSPEC, 1 << 20) if path else b""
    found = bundle.appspec or (_parsed(text, path) if path else None)
    return _places(found, path, contents.locate, text=text)


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
    text = (repository / path).read_bytes() if path else b""
    return _places(_parsed(text, path) if path else None, path, locate, text=text)


def _parsed(text: bytes, path: str) -> AppSpec | None:
    from deployer.appspec.parse import parse

    return parse(text, path=path).appspec


def _places(
    appspec: AppSpec | None, path: str | None, locate: Callable[[str], str | None], *, text: bytes = b""
) -> Places:
    from deployer.deployment.places import Places

    if not (appspec and path):
        return Places(locate=locate)
    return Places.of(appspec, path, locate, text=text.decode(errors="replace"))
