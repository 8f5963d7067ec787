"""Restart a deployment group's application on the revision that the group runs: nothing new is installed."""

from __future__ import annotations

from dataclasses import replace
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


def restart(request: DeploymentRequest, group: Group, *, aws: Aws, run: Run) -> Deployment:
    """Create the deployment that restarts the application, or join the one that does it already.

    CodeDeploy itself takes the revision of the last successful deployment. Raises InvalidInput if there is
    none, other DeployErrors when there is no way to the group.
    """
    group, outcome = refreshed(group, aws=aws, clock=run.clock), run.outcome
    if group.live is None and group.unread is None:
        raise InvalidInput(
            Problem(
                f"Nothing to restart: no deployment of {group.application}/{group.name} has succeeded yet.",
                "Deploy a revision first.",
            )
        )
    origin = group.live.origin if group.live else Origin()
    outcome.origin = replace(outcome.origin, repository=origin.repository, commit=origin.commit)
    run.restarting(group)
    describe = partial(_described, job=run.ci.job.description, origin=outcome.origin)
    return run.deployed(
        create_when_free(
            None, request.described(describe), policy=policy_of(run, aws=aws), aws=aws, clock=run.clock
        )
    )


def _described(text: str, *, job: str, origin: Origin) -> str:
    return described(": ".join(part for part in ("Restart", text or job) if part), origin)
