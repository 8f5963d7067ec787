"""Control: stop a deployment, or continue one that is waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.aws.errors import error_code, sdk_errors, translate
from deployer.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_codedeploy import CodeDeployClient

    from deployer.deployment.model import Snapshot
    from deployer.errors import Problem


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
    """What to show each snapshot to: it ends the first wait that the deployment comes to, and no other.

    The returned function raises a DeployError when the service refuses.
    """
    done = False

    def show(snapshot: Snapshot) -> None:
        nonlocal done
        if not done and not snapshot.trouble and (snapshot.status == "Ready" or snapshot.terminating):
            done = _continue(deployment_id, snapshot, client)
            if done:
                say(
                    f"Continued {deployment_id}: "
                    + ("the old instances are terminated" if snapshot.terminating else "traffic is moved")
                )

    return show


def _continue(deployment_id: str, snapshot: Snapshot, client: CodeDeployClient) -> bool:
    """Whether the wait has been ended; it may have ended by itself in the meantime."""
    try:
        client.continue_deployment(
            deploymentId=deployment_id,
            deploymentWaitType="TERMINATION_WAIT" if snapshot.terminating else "READY_WAIT",
        )
    except sdk_errors() as error:
        if error_code(error) in {
            "DeploymentIsNotInReadyStateException",
            "DeploymentAlreadyCompletedException",
        }:
            return False
        raise translate(error, action="codedeploy:ContinueDeployment", resource=deployment_id) from error
    return True
