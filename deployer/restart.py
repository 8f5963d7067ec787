"""Restart a deployment group's application on the revision that the group runs: nothing new is installed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from deployer.deployment.conflict import create_when_free
from deployer.errors import InvalidInput, Problem
from deployer.launch import policy_of
from deployer.live.look import refreshed
from deployer.live.origin import Origin, described

if TYPE_CHECKING:
    from deployer.aws.client import Aws
    from deployer.deployment.model import Deployment
    from deployer.deployment.request import DeploymentRequest
    from deployer.live.group import Group
    from deployer.run import Run


class _Overtaken(Exception):
    """The group runs another revision than the one that was to be restarted."""


def restart(request: DeploymentRequest, group: Group, *, aws: Aws, run: Run) -> Deployment:
    """Create the deployment that restarts the application, or join the one that does it already.

    CodeDeploy itself takes the revision of the last successful deployment at the moment of the request. If
    another deployment has succeeded while this run waited for the group, that one's is described. Raises
    InvalidInput if there is none, other DeployErrors when there is no way to the group.
    """
    started = run.clock.monotonic()
    while True:
        group = refreshed(group, aws=aws, clock=run.clock)
        described_request = _announced(request, group, run)
        waited = timedelta(seconds=run.clock.monotonic() - started)
        policy = replace(
            policy_of(run, aws=aws),
            budget=run.settings.timeout - waited,
            check=partial(_check, group, aws=aws, run=run),
        )
        try:
            return run.deployed(
                create_when_free(None, described_request, policy=policy, aws=aws, clock=run.clock)
            )
        except _Overtaken:
            continue


def _check(group: Group, *, aws: Aws, run: Run) -> None:
    """Raise _Overtaken if the group is known to run something else by now."""
    now = refreshed(group, aws=aws, clock=run.clock)
    if now.live and (group.live is None or now.live.id != group.live.id):
        raise _Overtaken


def _announced(request: DeploymentRequest, group: Group, run: Run) -> DeploymentRequest:
    """Say what is restarted, and return the request with a description that names it."""
    if group.live is None and group.unread is None:
        raise InvalidInput(
            Problem(
                f"Nothing to restart: no deployment of {group.application}/{group.name} has succeeded yet.",
                "Deploy a revision first.",
            )
        )
    origin, outcome = group.live.origin if group.live else Origin(), run.outcome
    outcome.origin = replace(outcome.origin, repository=origin.repository, commit=origin.commit)
    run.restarting(group)
    return request.described(partial(_described, job=run.ci.job.description, origin=outcome.origin))


def _described(text: str, *, job: str, origin: Origin) -> str:
    return described(": ".join(part for part in ("Restart", text or job) if part), origin)
