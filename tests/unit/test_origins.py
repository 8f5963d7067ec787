"""Which hosts are AWS's own, and which only stand below its names."""

from __future__ import annotations

import boto3
import pytest

from deployer.aws.origins import strange_endpoint

SESSION = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-west-1")


def told(service: str, url: str, **environ: str) -> list[str]:
    client = SESSION.client(service, endpoint_url=url)  # type: ignore[call-overload]  # any of them
    return [problem.message for problem in strange_endpoint(client, environ)]


@pytest.mark.parametrize(
    ("service", "host"),
    [
        ("codedeploy", "codedeploy.eu-west-1.amazonaws.com"),
        ("codedeploy", "codedeploy-fips.us-gov-west-1.amazonaws.com"),
        ("codedeploy", "codedeploy.cn-north-1.amazonaws.com.cn"),
        ("codedeploy", "vpce-0a1b-c2d3.codedeploy.eu-west-1.vpce.amazonaws.com"),
        ("s3", "s3.amazonaws.com"),
        ("s3", "s3.dualstack.ap-southeast-2.amazonaws.com"),
        ("s3", "bucket.vpce-0a1b-c2d3.s3.us-east-1.vpce.amazonaws.com"),
        ("sts", "sts.us-iso-east-1.c2s.ic.gov"),
        ("lambda", "lambda.us-east-1.api.aws"),
    ],
)
def test_aws_s_own_hosts_are_nothing_to_tell_of(service: str, host: str) -> None:
    assert told(service, f"https://{host}") == []
    (warning,) = told(service, f"http://{host}")
    assert "not encrypted" in warning


@pytest.mark.parametrize(
    "host",
    [
        "codedeploy.eu-west-1.amazonaws.com.evil.example",
        "codedeploy.eu-west-1.elb.amazonaws.com",
        "a1b2.execute-api.eu-west-1.amazonaws.com",
        "ec2-192-0-2-1.eu-west-1.compute.amazonaws.com",
        "s3.eu-west-1.amazonaws.com",
        "localhost:4566",
        "[::1]:4566",
    ],
)
def test_any_other_host_is_said_with_what_names_it(host: str) -> None:
    own = {"AWS_ENDPOINT_URL_CODEDEPLOY": "x", "AWS_ENDPOINT_URL": "y"}
    url = f"https://user:secret@{host}/path?token=secret"
    assert told("codedeploy", url, **own) == [
        f"Calls to CodeDeploy go to https://{host}, set by AWS_ENDPOINT_URL_CODEDEPLOY."
    ]
    assert told("codedeploy", url) == [f"Calls to CodeDeploy go to https://{host}, set by the profile."]
