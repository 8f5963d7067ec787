"""The fate of a deployment that the run stops watching: it is left, stopped or rolled back."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from deployer.aws.errors import sdk_errors
from deployer.choices import OnEnd
from deployer.deployment.control import request_stop
from deployer.deployment.model import Deployment
from deployer.errors import DeployError, Problem, Severity
from deployer.follow.watch import watch
from deployer.report import lines
from deployer.signals import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_codedeploy import CodeDeployClient

    from deployer.aws.client import Aws
    from deployer.deployment.create import Sent
    from deployer.deployment.wait import Ending
    from deployer.run import Run

_STOP_LOOKS = timedelta(seconds=60)
"""The time to wait for a stop to take effect."""


@contextmanager
def ended_when_cancelled(sent: Sent, *, aws: Aws, run: Run) -> Iterator[None]:
    """Apply `on-cancel` to a deployment if the job is cancelled while it is being created."""
    from deployer.deployment.create import find

    request = sent.request
    try:
        yield
    except Interrupted:
        with suppress(*sdk_errors()):
            if found := find(sent, aws.codedeploy_hasty, clock=run.clock):
                deployment = Deployment(found, aws.region, request.application, request.group, sent.revision)
                end(deployment, run.settings.on_cancel, client=aws.codedeploy_hasty, run=run)
        raise


def stop_late(deployment: Deployment, ending: Ending, *, aws: Aws, run: Run) -> Ending | None:
    """Do what `on-timeout` says; how a deployment that was asked to stop stood after that, else None.

    Nothing is stopped on a status that the last look did not read: the deployment may have succeeded since.
    """
    how, snapshot = run.settings.on_timeout, ending.snapshot
    if not snapshot.trouble:
        if not end(deployment, how, client=aws.codedeploy, run=run):
            return None
        with annotating(run):
            return watch(deployment, _STOP_LOOKS, aws=aws, run=run)
        return None
    if how is not OnEnd.LEAVE:
        problem = Problem(
            f"Deployment {deployment.id} was not stopped: it {snapshot.standing}, and AWS is not responding "
            f"({snapshot.trouble}).",
            "It may have ended since. Check it in the console and stop it there if it is still running: "
            f"{deployment.url}",
            code="status-unread",
        )
        run.outcome.problems.append(problem)
        run.ci.annotate(problem)
    run.ci.say(f"Deployment {deployment.id} was not changed: {deployment.url}")
    return None


@contextmanager
def annotating(run: Run) -> Iterator[None]:
    """Turn what ends the watching of something else than the deployment itself into a warning."""
    try:
        yield
    except DeployError as error:
        for problem in error.problems:
            run.ci.annotate(replace(problem, severity=Severity.WARNING))


def end(deployment: Deployment, how: OnEnd, *, client: CodeDeployClient, run: Run) -> bool:
    """Do with a deployment what was asked for, say so, and return whether that may have ended it."""
    if how is OnEnd.LEAVE:
        run.ci.announce(lines.still_running(deployment))
        return False
    try:
        taken = request_stop(deployment.id, rollback=how is OnEnd.ROLLBACK, client=client)
    except DeployError as error:
        run.ci.annotate(error.problems[0])
        run.ci.announce(lines.still_running(deployment))
        return False
    if not taken:
        run.ci.say(lines.ended_before_stop(deployment))
        return True
    run.ci.say(lines.stopping(deployment, how))
    return True
