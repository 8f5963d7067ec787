"""Control: stop a deployment, or continue one that is waiting."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from deployer.aws.errors import (
    error_code,
    is_credentials,
    is_throttled,
    is_transient,
    sdk_errors,
    text_of,
    translate,
)
from deployer.deployment.wait import LASTING_TRIES
from deployer.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_codedeploy import CodeDeployClient
    from mypy_boto3_codedeploy.literals import DeploymentWaitTypeType

    from deployer.deployment.model import Snapshot
    from deployer.errors import Problem


_OVER = {"DeploymentIsNotInReadyStateException", "DeploymentAlreadyCompletedException"}
_FOLLOWS: Mapping[DeploymentWaitTypeType, str] = MappingProxyType(
    {"READY_WAIT": "traffic is moved", "TERMINATION_WAIT": "the old instances are terminated"}
)
"""The next step after each wait."""


def stop(deployment_id: str, *, rollback: bool, client: CodeDeployClient) -> Problem | None:
    """Ask the service to stop the deployment, and to roll back when `rollback`.

    Returns what went wrong, None when the service took the request; one that has ended already is no error.
    """
    try:
        request_stop(deployment_id, rollback=rollback, client=client)
    except DeployError as error:
        return error.problems[0]
    return None


def request_stop(deployment_id: str, *, rollback: bool, client: CodeDeployClient) -> bool:
    """Ask the same, and return whether the service took the request; False when it had ended already.

    Raises a DeployError when the service did not answer or refused.
    """
    try:
        client.stop_deployment(deploymentId=deployment_id, autoRollbackEnabled=rollback)
    except sdk_errors() as error:
        if error_code(error) == "DeploymentAlreadyCompletedException":
            return False
        raise translate(error, action="codedeploy:StopDeployment", resource=deployment_id) from error
    return True


def continue_wait(
    deployment_id: str, *, client: CodeDeployClient, say: Callable[[str], None]
) -> Callable[[Snapshot], None]:
    """Return a callback for snapshots that ends the deployment's first wait, and no other.

    Where AWS does not take the request, the next snapshot brings the next try. The returned function raises a
    DeployError when the service refuses.
    """
    return _Continuation(deployment_id, client, say).show


@dataclass(slots=True)
class _Continuation:
    """Ends one wait of a deployment.

    `unanswered` is the wait that a request whose answer was lost may have ended, `failures` is how many tries
    failed.
    """

    deployment_id: str
    client: CodeDeployClient
    say: Callable[[str], None]
    unanswered: DeploymentWaitTypeType | None = None
    failures: int = 0
    done: bool = False

    def show(self, snapshot: Snapshot) -> None:
        """End the wait that the snapshot shows, if it shows one and none was ended before."""
        if self.done or snapshot.trouble:
            return
        wait = _wait_of(snapshot)
        if self.unanswered and wait != self.unanswered:
            self._end(self.unanswered)
        elif wait and self._ends(wait):
            self._end(wait)

    def _end(self, wait: DeploymentWaitTypeType) -> None:
        self.done = True
        self.say(f"Continued {self.deployment_id}: {_FOLLOWS[wait]}")

    def _ends(self, wait: DeploymentWaitTypeType) -> bool:
        """Return whether the request ended the wait, which may also have ended by itself in the meantime."""
        try:
            self.client.continue_deployment(deploymentId=self.deployment_id, deploymentWaitType=wait)
        except sdk_errors() as error:
            if error_code(error) in _OVER:
                return self.unanswered == wait
            self.failures += 1
            if not (is_transient(error) or (is_credentials(error) and self.failures < LASTING_TRIES)):
                raise translate(
                    error, action="codedeploy:ContinueDeployment", resource=self.deployment_id
                ) from error
            if is_transient(error) and not is_throttled(error):
                self.unanswered = wait
            if self.failures == 1:
                why = error_code(error) or text_of(error)
                self.say(f"Deployment {self.deployment_id} could not be continued ({why}). Retrying.")
            return False
        return True


def _wait_of(snapshot: Snapshot) -> DeploymentWaitTypeType | None:
    """Return the wait that a deployment is in, None if it is in none."""
    if snapshot.terminating:
        return "TERMINATION_WAIT"
    return "READY_WAIT" if snapshot.status == "Ready" else None
