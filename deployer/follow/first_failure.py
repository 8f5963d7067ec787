"""Ending a deployment as soon as a target has failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployer.choices import OnEnd
from deployer.deployment.control import request_stop
from deployer.errors import AwsFault, DeployError
from deployer.report import lines

if TYPE_CHECKING:
    from mypy_boto3_codedeploy import CodeDeployClient

    from deployer.ci.base import Ci
    from deployer.deployment.model import Deployment, Snapshot


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
        """Stop the deployment once a target has failed; where AWS fails, try again with the next look."""
        waits = self.how is not OnEnd.LEAVE and not self.done
        if not waits or not snapshot.failed or snapshot.ended or snapshot.trouble:
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
