"""Keys, policies, roles and tokens are checked as AWS checks them."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import Policies, Role, trust_principal, trust_web_identity
from tests.protocol.steps import (
    allow,
    as_session,
    assume_with_token,
    code,
    deploy,
    end,
    job_token,
)

if TYPE_CHECKING:
    from tests.clock import FakeClock
    from tests.harness import Start


REGION = "eu-west-1"
KEY = ("AKIAIOSFODNN7EXAMPLE", "a-secret")


def test_keys_and_secrets_are_checked_when_they_are_known(still_emulator: Start) -> None:
    stand_in = still_emulator(keys=dict([KEY]))
    assert stand_in.client().list_applications()["applications"]
    with pytest.raises(ClientError) as unknown:
        stand_in.client(aws_access_key_id="AKIAOTHER").list_applications()
    with pytest.raises(ClientError) as wrong:
        stand_in.client("sts", aws_secret_access_key="guess").get_caller_identity()
    assert code(unknown) == "UnrecognizedClientException"
    assert code(wrong) == "SignatureDoesNotMatch"


SEED = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["codedeploy:RegisterApplicationRevision", "codedeploy:GetApplicationRevision"],
            "Resource": f"arn:aws:codedeploy:{REGION}:123456789012:application:hello-web",
        },
        {
            "Effect": "Allow",
            "Action": ["codedeploy:CreateDeployment", "codedeploy:GetDeployment"],
            "Resource": f"arn:aws:codedeploy:{REGION}:123456789012:deploymentgroup:hello-web/*",
        },
        {
            "Effect": "Allow",
            "Action": "codedeploy:GetDeploymentConfig",
            "Resource": f"arn:aws:codedeploy:{REGION}:123456789012:deploymentconfig:CodeDeployDefault.*",
        },
    ],
}


def test_the_least_policy_deploys_and_no_more(still_emulator: Start) -> None:
    stand_in = still_emulator(policy=SEED)
    codedeploy = stand_in.client()
    deployment = deploy(codedeploy)
    assert end(stand_in, deployment)["status"] == "Succeeded"
    with pytest.raises(ClientError) as error:
        codedeploy.list_deployment_targets(deploymentId=deployment)
    action = "codedeploy:ListDeploymentTargets"
    assert error.value.response["Error"]["Message"] == (
        f"User: arn:aws:iam::123456789012:user/ci is not authorized to perform: {action} on resource: * "
        f"because no identity-based policy allows the {action} action"
    )


@pytest.mark.parametrize("without", range(3))
def test_each_statement_of_the_least_policy_is_needed(still_emulator: Start, without: int) -> None:
    statements = [statement for index, statement in enumerate(SEED["Statement"]) if index != without]
    stand_in = still_emulator(policy={"Version": "2012-10-17", "Statement": statements})
    with pytest.raises(ClientError) as error:
        deploy(stand_in.client())
    assert code(error) == "AccessDeniedException"
    assert stand_in.deployments == []


@pytest.mark.parametrize(
    ("policies", "reason"),
    [
        (Policies(identity=allow("codedeploy:Get*")), "because no identity-based policy allows"),
        (Policies(identity=allow("*", effect="Deny")), "with an explicit deny in an identity-based policy"),
        (Policies(boundary=allow("s3:*")), "because no permissions boundary allows"),
        (Policies(boundary=allow("*", effect="Deny")), "with an explicit deny in a permissions boundary"),
        (Policies(service_control=allow("s3:*")), "because no service control policy allows"),
        (
            Policies(service_control=allow("*", effect="Deny")),
            "with an explicit deny in a service control policy",
        ),
    ],
)
def test_denials_say_which_policy_denied(still_emulator: Start, policies: Policies, reason: str) -> None:
    with pytest.raises(ClientError, match=reason) as error:
        still_emulator(policy=policies).client().list_applications()
    assert code(error) == "AccessDeniedException"


def test_a_policy_that_iam_would_refuse_is_refused() -> None:
    with pytest.raises(ValueError, match="no action"):
        Policies(identity=allow("CreateDeployment"))
    with pytest.raises(ValueError, match="no resource"):
        Policies(identity=allow("codedeploy:*", resource="hello-web"))


def test_a_job_s_token_becomes_a_session(still_emulator: Start) -> None:
    stand_in = still_emulator(roles=[Role("deployer", trust_web_identity())])
    session = assume_with_token(stand_in, job_token(stand_in))
    assert stand_in.client(**session).list_applications()["applications"]
    assert stand_in.client("sts", **session).get_caller_identity()["Arn"] == (
        "arn:aws:sts::123456789012:assumed-role/deployer/run-1"
    )
    with pytest.raises(ClientError) as error:
        stand_in.client(**{**session, "aws_secret_access_key": "guess"}).list_applications()
    assert code(error) == "InvalidSignatureException"


def test_a_session_expires(still_emulator: Start, clock: FakeClock) -> None:
    stand_in = still_emulator(roles=[Role("deployer", trust_web_identity(), session_seconds=20.0)])
    session = assume_with_token(stand_in, job_token(stand_in))
    clock.sleep(19.0)
    assert stand_in.client(**session).list_applications()["applications"]
    clock.sleep(1.0)
    with pytest.raises(ClientError) as error:
        stand_in.client(**session).list_applications()
    assert code(error) == "ExpiredTokenException"


def test_other_partitions_and_providers_are_known(still_emulator: Start) -> None:
    trust = trust_web_identity(issuer="https://gitlab.com", subject="project_path:acme/*", audience="me")
    stand_in = still_emulator(roles=[Role("deployer", trust)])
    stand_in.sts.audiences.add("me")
    token = stand_in.oidc.issue("me", iss="https://gitlab.com", sub="project_path:acme/hello-web:ref:main")
    assert assume_with_token(stand_in, token)["aws_session_token"]
    china = stand_in.client("sts", region_name="cn-north-1").get_caller_identity()["Arn"]
    assert china == "arn:aws-cn:iam::123456789012:user/ci"


def test_the_token_endpoint_asks_for_the_runner_s_token(still_emulator: Start) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(still_emulator().oidc_url)  # noqa: S310


@pytest.mark.parametrize(
    ("claims", "exception"),
    [
        ({"sub": "repo:mallory/hello-web:ref:refs/heads/main"}, "AccessDenied"),
        ({"aud": "https://github.com/acme"}, "InvalidIdentityToken"),
        ({"exp": 1}, "ExpiredTokenException"),
        ({"nbf": 2**33}, "InvalidIdentityToken"),
        ({"iss": "https://example.com"}, "InvalidIdentityToken"),
    ],
)
def test_tokens_are_refused_as_sts_does(
    still_emulator: Start, claims: dict[str, Any], exception: str
) -> None:
    stand_in = still_emulator(roles=[Role("deployer", trust_web_identity())])
    with pytest.raises(ClientError) as error:
        assume_with_token(stand_in, stand_in.oidc.issue("sts.amazonaws.com", **claims))
    with pytest.raises(ClientError) as forged:
        assume_with_token(stand_in, "no-token")
    assert (code(error), code(forged)) == (exception, "InvalidIdentityToken")


def test_roles_are_chained_with_external_id_and_tags(still_emulator: Start) -> None:
    second_arn = "arn:aws:iam::123456789012:role/second"
    first = Role("first", trust_principal("arn:aws:iam::123456789012:root"))
    trust = trust_principal("arn:aws:iam::123456789012:role/first", external_id="42", tags=True)
    second = Role("second", trust, Policies(identity=allow("codedeploy:ListApplications")))
    stand_in = still_emulator(roles=[first, second])
    opened = stand_in.client("sts").assume_role(
        RoleArn="arn:aws:iam::123456789012:role/first", RoleSessionName="one"
    )
    sts = stand_in.client("sts", **as_session(opened["Credentials"]))
    with pytest.raises(ClientError) as error:
        sts.assume_role(RoleArn=second_arn, RoleSessionName="two", ExternalId="43")
    chained = sts.assume_role(
        RoleArn=second_arn, RoleSessionName="two", ExternalId="42", Tags=[{"Key": "team", "Value": "web"}]
    )
    codedeploy = stand_in.client(**as_session(chained["Credentials"]))
    assert code(error) == "AccessDenied"
    assert codedeploy.list_applications()["applications"]
    with pytest.raises(ClientError, match="assumed-role/second/two is not authorized"):
        codedeploy.list_deployment_configs()
