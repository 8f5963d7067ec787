"""Stopping a deployment, when the user asked for that at a cancel, at a time-out or over a conflict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.errors import DeployError

if TYPE_CHECKING:
    from mypy_boto3_codedeploy import CodeDeployClient

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
    from botocore.exceptions import BotoCoreError, ClientError

    from deployer import aws

    try:
        client.stop_deployment(deploymentId=deployment_id, autoRollbackEnabled=rollback)
    except (BotoCoreError, ClientError) as error:
        if aws.error_code(error) == "DeploymentAlreadyCompletedException":
            return False
        raise aws.explain(error, action="codedeploy:StopDeployment", resource=deployment_id) from error
    return True
