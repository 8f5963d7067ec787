"""What tests do with an emulator, as a user of boto3 would."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

from tests.emulator.timeline import TERMINAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pytest
    from botocore.exceptions import ClientError
    from mypy_boto3_codedeploy.client import CodeDeployClient

    from tests.emulator import Emulator


ARCHIVE: Any = {
    "revisionType": "S3",
    "s3Location": {"bucket": "releases", "key": "hello-web/1.zip", "bundleType": "zip", "eTag": "abc"},
}
HELLO: Any = {"applicationName": "hello-web", "deploymentGroupName": "production"}
APPSPEC: Any = {"revisionType": "AppSpecContent", "appSpecContent": {"content": "version: 0.0"}}


DEPLOYED: Mapping[str, Mapping[str, str]] = {
    "Server": {"INPUT_APPLICATION": "hello-web", "INPUT_SOURCE": "examples/hello-web"},
    "Lambda": {
        "INPUT_APPLICATION": "shop-lambda",
        "INPUT_APPSPEC": "examples/shop-lambda/appspec.yml",
        "INPUT_APPSPEC-VARIABLES": "VERSION=8",
    },
    "ECS": {
        "INPUT_APPLICATION": "shop-ecs",
        "INPUT_APPSPEC": "examples/shop-ecs/appspec.yml",
        "INPUT_APPSPEC-VARIABLES": "TASK_DEFINITION=arn:aws:ecs:eu-west-1:123456789012:task-definition/web:8",
    },
}
"""What the examples deploy to each compute platform."""


def deploy(codedeploy: CodeDeployClient, **changes: Any) -> str:  # noqa: ANN401  (CreateDeployment's own)
    """Register and deploy the archive, and return the deployment's id."""
    codedeploy.register_application_revision(applicationName="hello-web", revision=ARCHIVE)
    return codedeploy.create_deployment(**{**HELLO, "revision": ARCHIVE, **changes})["deploymentId"]


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    """AWS's code of the error."""
    return error.value.response["Error"]["Code"]


def looks(emulator: Emulator, deployment_id: str) -> Iterator[Any]:
    """Looks at a deployment twice a second, until it has ended."""
    codedeploy = emulator.client()
    while True:
        info = codedeploy.get_deployment(deploymentId=deployment_id)["deploymentInfo"]
        yield info
        if info["status"] in TERMINAL:
            return
        emulator.clock.sleep(0.5)


def end(emulator: Emulator, deployment_id: str) -> Any:  # noqa: ANN401  (AWS's description)
    """The last look at a deployment."""
    *_, last = looks(emulator, deployment_id)
    return last


def targets(codedeploy: CodeDeployClient, deployment_id: str) -> list[Any]:
    """All targets, by way of the paginator and batches of 25."""
    pages = codedeploy.get_paginator("list_deployment_targets").paginate(deploymentId=deployment_id)
    ids = [each for page in pages for each in page["targetIds"]]
    found: list[Any] = []
    for start in range(0, len(ids), 25):
        batch = ids[start : start + 25]
        answer = codedeploy.batch_get_deployment_targets(deploymentId=deployment_id, targetIds=batch)
        found += answer["deploymentTargets"]
    return [value for each in found for value in each.values() if isinstance(value, dict)]


def allow(*actions: str, resource: str = "*", effect: str = "Allow") -> dict[str, Any]:
    """A policy of one statement."""
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


def job_token(emulator: Emulator, audience: str = "sts.amazonaws.com") -> str:
    """The token that a job gets from its CI."""
    headers = {"Authorization": f"bearer {emulator.oidc.request_token}"}
    request = urllib.request.Request(f"{emulator.oidc_url}&audience={audience}", headers=headers)  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310  (loopback)
        return str(json.load(answer)["value"])


def assume_with_token(emulator: Emulator, token: str) -> dict[str, str]:
    """Assume the role `deployer` with a job's token."""
    answer = emulator.client("sts").assume_role_with_web_identity(
        RoleArn="arn:aws:iam::123456789012:role/deployer", RoleSessionName="run-1", WebIdentityToken=token
    )
    return as_session(answer["Credentials"])


def as_session(credentials: Mapping[str, str]) -> dict[str, str]:
    """STS's credentials as boto3's options."""
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }
