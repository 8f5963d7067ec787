"""Ending a blue/green deployment's wait, when the user asked for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_codedeploy import CodeDeployClient

    from deployer.model import Snapshot


def continuer(
    deployment_id: str, *, client: CodeDeployClient, say: Callable[[str], None]
) -> Callable[[Snapshot], None]:
    """What to show each snapshot to: it ends the first wait that the deployment comes to, and no other.

    The returned function raises a DeployError when the service refuses.
    """
    done = False

    def attend(snapshot: Snapshot) -> None:
        nonlocal done
        if not done and not snapshot.trouble and (snapshot.status == "Ready" or snapshot.terminating):
            done = _continue(deployment_id, snapshot, client)
            if done:
                say(
                    f"Continued {deployment_id}: "
                    + ("the old instances are terminated" if snapshot.terminating else "traffic is moved")
                )

    return attend


def _continue(deployment_id: str, snapshot: Snapshot, client: CodeDeployClient) -> bool:
    """Whether the wait has been ended; it may have ended by itself in the meantime."""
    from botocore.exceptions import BotoCoreError, ClientError

    from deployer.aws import error_code, explain

    try:
        client.continue_deployment(
            deploymentId=deployment_id,
            deploymentWaitType="TERMINATION_WAIT" if snapshot.terminating else "READY_WAIT",
        )
    except (BotoCoreError, ClientError) as error:
        if error_code(error) in {
            "DeploymentIsNotInReadyStateException",
            "DeploymentAlreadyCompletedException",
        }:
            return False
        raise explain(error, action="codedeploy:ContinueDeployment", resource=deployment_id) from error
    return True
