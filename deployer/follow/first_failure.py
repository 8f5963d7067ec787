"""Ending a deployment as soon as a target has failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployer.choices import ComputePlatform, OnEnd
from deployer.deployment.control import request_stop
from deployer.errors import AwsFault, DeployError
from deployer.report import lines

if TYPE_CHECKING:
    from mypy_boto3_codedeploy import CodeDeployClient

    from deployer.ci.base import Ci
    from deployer.deployment.model import Deployment, Snapshot


_SEVERAL = {"", ComputePlatform.SERVER}
"""The compute platform whose deployments have several targets; empty where the service does not say."""


@dataclass(slots=True)
class FirstFailure:
    """Ends a deployment as `on-first-failure` says; show it each snapshot.

    `stopped` tells whether the service took the request, `failures` is how many requests failed.
    """

    deployment: Deployment
    how: OnEnd
    client: CodeDeployClient
    ci: Ci
    stopped: bool = False
    done: bool = False
    failures: int = 0

    def show(self, snapshot: Snapshot) -> None:
        """Stop the deployment once an instance has failed; where AWS fails, try again with the next look.

        A deployment to Lambda or ECS has one target and fails with it: it is left to do so, since a stop
        would replace the rollback that its group may be set to.
        """
        if self.how is OnEnd.LEAVE or self.done or snapshot.compute_platform not in _SEVERAL:
            return
        if not snapshot.failed or snapshot.ended or snapshot.trouble:
            return
        try:
            self.stopped = request_stop(
                self.deployment.id, rollback=self.how is OnEnd.ROLLBACK, client=self.client
            )
        except AwsFault as error:
            self.failures += 1
            if self.failures == 1:
                self.ci.say(f"{error.problems[0].message} Retrying.")
            return
        except DeployError as error:
            self.ci.annotate(error.problems[0])
        else:
            self.ci.say(
                f"A target failed. {lines.stopping(self.deployment, self.how)}"
                if self.stopped
                else lines.ended_before_stop(self.deployment)
            )
        self.done = True
