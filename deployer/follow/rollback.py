"""Following the rollback of a deployment: the service creates it as a deployment of its own."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from deployer.aws.errors import sdk_errors
from deployer.deployment.model import Status
from deployer.follow.stop import told
from deployer.follow.watch import watch
from deployer.report import lines
from deployer.signals import Interrupted

if TYPE_CHECKING:
    from deployer.aws.client import Aws
    from deployer.deployment.model import Deployment, Snapshot
    from deployer.run import Run

_ROLLBACK_LOOKS = timedelta(seconds=20)
"""The time to wait for a rollback, which the service announces late."""


def follow_rollback(
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
    rollback = outcome.rollback = rollback_as(rollback_id, deployment)
    ending = None
    try:
        with told(run), run.ci.section(f"Wait for the rollback {rollback.id}"):
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
    """Return the ID of the rollback, which the service announces some seconds after the failure."""
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


def rollback_as(identifier: str, deployment: Deployment) -> Deployment:
    """Return the rollback of a deployment, which has this id."""
    return replace(deployment, id=identifier, revision=None)
