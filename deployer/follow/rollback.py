"""Following the rollback of a deployment: the service creates it as a deployment of its own.

A rollback that fails is the worst state of a fleet, so it is reported as loudly as the failure before it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from deployer.aws.errors import sdk_errors
from deployer.deployment.model import Status
from deployer.deployment.places import Places
from deployer.errors import Problem, Severity
from deployer.follow.logs import print_logs
from deployer.follow.stop import annotating
from deployer.follow.watch import watch
from deployer.report import lines
from deployer.signals import Interrupted

if TYPE_CHECKING:
    from deployer.aws.client import Aws
    from deployer.deployment.model import Deployment, Explanation, Snapshot
    from deployer.deployment.wait import Ending
    from deployer.run import Run

_LOOKS = timedelta(seconds=20)
"""The time to wait for a rollback, which the service announces late."""

_LOGS = 3
"""Logs of different failures of a rollback that are printed."""


def follow_rollback(
    deployment: Deployment, snapshot: Snapshot, *, budget: timedelta, aws: Aws, run: Run
) -> None:
    """Watch the rollback of a deployment that did not succeed, when there is one.

    The outcome then holds how it ended, and why it failed if it did.
    """
    from deployer.deployment.register import with_content

    outcome = run.outcome
    rollback_id = snapshot.rollback_id
    if snapshot.rollback_expected and not rollback_id:
        rollback_id = look_for_rollback(deployment, aws, run)
    if not rollback_id:
        return
    rollback = run.rolled_back(replace(deployment, id=rollback_id, revision=None))
    try:
        with annotating(run), run.ci.section(f"Wait for the rollback {rollback.id}"):
            outcome.rollback_ending = watch(rollback, budget, aws=aws, run=run)
    except Interrupted:
        run.ci.announce(lines.still_running(rollback))
        raise
    ending = outcome.rollback_ending
    if ending is None:
        run.ci.say(f"Check the result of the rollback {rollback.id} in the console: {rollback.url}")
        return
    if ending.snapshot.flawless:
        outcome.live = with_content(ending.snapshot.revision, application=deployment.application, aws=aws)
    else:
        _tell_failure(ending, rollback, aws=aws, run=run)
    run.ci.announce(lines.rolled_back(ending, rollback))


def _tell_failure(ending: Ending, rollback: Deployment, *, aws: Aws, run: Run) -> None:
    """Annotate that the rollback did not succeed on every target, and why, with the logs.

    The scripts are those of an earlier revision, so no line of this repository is named.
    """
    from deployer.deployment.explain import explain

    explanation = explain(ending.snapshot, Places())
    for problem in _problems(ending, explanation, rollback):
        run.outcome.problems.append(problem)
        run.ci.annotate(problem)
    run.outcome.rollback_explanation = print_logs(
        explanation,
        snapshot=ending.snapshot,
        deployment=rollback,
        most=_LOGS,
        title="Rollback: ",
        aws=aws,
        run=run,
    )


def _problems(ending: Ending, explanation: Explanation, rollback: Deployment) -> list[Problem]:
    """Return the rollback's failure with its first cause, then the others; of a success only those."""
    causes = explanation.problems
    if ending.status is Status.SUCCEEDED:
        return [replace(each, message=f"Rollback: {each.message}") for each in causes]
    if ending.status is Status.TIMED_OUT:
        advice = f"It may still be running. Check in the console how it ends: {rollback.url}"
    else:
        advice = f"Fix the cause, then deploy a revision that works: {rollback.url}"
    first = (causes[0].message, causes[0].hint) if causes else ()
    hint = "\n".join(part for part in (*first, advice) if part)
    message = (
        f"The rollback {rollback.id} {lines.how_ended(ending)}; it is uncertain which revision each "
        "target runs now."
    )
    return [
        Problem(message, hint, code="rollback-failed"),
        *(replace(other, message=f"Rollback: {other.message}") for other in causes[1:]),
    ]


def look_for_rollback(deployment: Deployment, aws: Aws, run: Run) -> str | None:
    """Return the ID of the rollback, which the service announces some seconds late; None without one."""
    from deployer.deployment.observe import rollback_of

    deadline = run.clock.monotonic() + _LOOKS.total_seconds()
    while True:
        unanswered = True
        try:
            found, message = rollback_of(deployment.id, aws.codedeploy_once)
            unanswered = False
        except sdk_errors():
            found = message = ""
        if found:
            return found
        if run.clock.monotonic() >= deadline:
            _tell_missing(deployment, message, unanswered=unanswered, run=run)
            return None
        run.clock.sleep(2.0)


def _tell_missing(deployment: Deployment, message: str, *, unanswered: bool, run: Run) -> None:
    """Say that no rollback began, by the service's own message where it has one."""
    if unanswered:
        run.ci.say(
            f"AWS is not responding. Check in the console whether it is being rolled back: {deployment.url}"
        )
        return
    run.ci.annotate(
        Problem(
            f"No rollback of deployment {deployment.id} has begun, although it is set to be rolled back"
            + (f": {message}" if message else "."),
            "Without an earlier successful revision there is nothing to roll back to. Check which revision "
            f"each target runs: {deployment.url}",
            code="rollback-missing",
            severity=Severity.WARNING,
        )
    )
