"""The end of a deployment: its result, the reasons for it, and the consequences."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from deployer.choices import OnEnd
from deployer.deployment.control import continue_wait
from deployer.deployment.model import Explanation, Status
from deployer.follow.first_failure import FirstFailure
from deployer.follow.logs import live_log, print_logs
from deployer.follow.rollback import follow_rollback
from deployer.follow.stop import end, stop_late
from deployer.follow.updates import follow_updates
from deployer.follow.watch import watch
from deployer.report import lines, outputs
from deployer.report.suggestions import for_the_others, to_go_back
from deployer.signals import Interrupted
from deployer.text import duration

if TYPE_CHECKING:
    from deployer.aws.client import Aws
    from deployer.deployment.model import Deployment
    from deployer.deployment.places import Places
    from deployer.deployment.wait import Ending
    from deployer.run import Run

_LOGS = 10
"""Logs of different failures that are printed; the summary holds more."""

_EXTRA_LOOKS = 5
"""Further looks, while none is answered, for a deployment that is to be stopped when the time is up."""


def follow(deployment: Deployment, places: Places, *, budget: timedelta, aws: Aws, run: Run) -> None:
    """Watch the deployment to its end, its rollback too; the outcome then holds how it ended, and why.

    When the time is up or the job is cancelled, do with the deployment what the inputs say.
    """
    outcome = run.outcome
    started = run.clock.monotonic()
    ending = outcome.ending = _watched(deployment, places, budget, aws=aws, run=run)
    conclude(ending, deployment, places, aws=aws, run=run)
    if ending.status is Status.TIMED_OUT:
        ending = _out_of_time(ending, deployment, places, aws=aws, run=run)
    left = budget + ending.snapshot.waits - timedelta(seconds=run.clock.monotonic() - started)
    if ending.status is Status.SUCCEEDED:
        if ending.snapshot.flawless:
            outcome.live = deployment.revision or ending.snapshot.revision
        elif outcome.revision:
            run.suggest(for_the_others(ending.snapshot, outcome.revision))
        follow_updates(deployment, ending.snapshot, budget=left, aws=aws, run=run)
    elif ending.status in {Status.FAILED, Status.STOPPED}:
        follow_rollback(deployment, ending.snapshot, budget=left, aws=aws, run=run)
        if not outcome.rollback and outcome.revision:
            run.suggest(for_the_others(ending.snapshot, outcome.revision))
    if not outcome.live and ending.status not in {Status.READY, Status.SUCCEEDED}:
        run.suggest(to_go_back())
    run.ci.outputs(outputs.of_rollback(outcome) | outputs.of_live(outcome.live))


def _watched(deployment: Deployment, places: Places, budget: timedelta, *, aws: Aws, run: Run) -> Ending:
    """Watch the deployment until it ends or the time is up, doing meanwhile what the inputs ask for."""
    settings = run.settings
    first_failure = FirstFailure(deployment, settings.on_first_failure, aws.codedeploy_once, run.ci)
    live = live_log(deployment, aws=aws, run=run)
    continuing = continue_wait(deployment.id, client=aws.codedeploy_once, say=run.ci.say)
    acts = [
        *([live.show] if live else []),
        first_failure.show,
        *([continuing] if settings.continue_ else []),
    ]
    try:
        with run.ci.section(f"Wait for {deployment.id}, up to {duration(budget.total_seconds())}"):
            ending = watch(
                deployment,
                budget,
                aws=aws,
                run=run,
                timeouts=places.timeouts,
                stop_after=settings.stop_after,
                acts=acts,
                silent=[] if settings.on_first_failure is OnEnd.LEAVE else ["failed"],
                extra_looks=0 if settings.on_timeout is OnEnd.LEAVE else _EXTRA_LOOKS,
            )
    except Interrupted:
        end(deployment, settings.on_cancel, client=aws.codedeploy_hasty, run=run)
        raise
    return _as_stopped(ending, settings.on_first_failure) if first_failure.stopped else ending


def _out_of_time(ending: Ending, deployment: Deployment, places: Places, *, aws: Aws, run: Run) -> Ending:
    """Do what `on-timeout` says, and return how the deployment ended: by itself, if before the stop."""
    stopped = stop_late(deployment, ending, aws=aws, run=run)
    if stopped is None:
        return ending
    if stopped.status in {Status.SUCCEEDED, Status.FAILED}:
        run.outcome.ending = stopped
        conclude(stopped, deployment, places, aws=aws, run=run)
        return stopped
    run.outcome.ending = replace(stopped, status=ending.status)
    if identifier := stopped.snapshot.rollback_id:
        run.rolled_back(replace(deployment, id=identifier, revision=None))
    return ending


def _as_stopped(ending: Ending, how: OnEnd) -> Ending:
    """Return the result of a deployment that this run stopped: its targets tell why, and not the stop."""
    snapshot = ending.snapshot
    if snapshot.error_code == "MANUAL_STOP":
        snapshot = replace(snapshot, error_code="", error_message="")
    if ending.status is Status.STOPPED:
        snapshot = replace(snapshot, rollback_expected=how is OnEnd.ROLLBACK)
    return replace(ending, snapshot=snapshot)


def conclude(ending: Ending, deployment: Deployment, places: Places, *, aws: Aws, run: Run) -> None:
    """Say how a deployment ended, and why."""
    run.outcome.status = ending.status
    explanation = run.outcome.explanation = _explain(ending, places)
    run.ci.outputs(outputs.of_ending(ending, explanation.problems))
    run.outcome.problems.extend(explanation.problems)
    for problem in explanation.problems:
        run.ci.annotate(problem)
    run.outcome.explanation = print_logs(
        explanation, snapshot=ending.snapshot, deployment=deployment, most=_LOGS, aws=aws, run=run
    )
    if ending.snapshot.ended and ending.snapshot.unread:
        run.ci.say(lines.unread(ending.snapshot))
    run.ci.announce(lines.ended(ending, deployment))


def _explain(ending: Ending, places: Places) -> Explanation:
    """Explain the deployment's result; after a success, only the targets that failed nevertheless."""
    if ending.status is Status.READY or ending.snapshot.flawless:
        return Explanation()
    from deployer.deployment.explain import explain

    return explain(ending.snapshot, places)
