"""STS's refusals of a job's token → what the identity provider, the token or the CI lacks."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from deployer.aws.claims import Claims
from deployer.aws.refusals import refused_token

ROLE = "arn:aws:iam::444455556666:role/deploy"
CLAIMS = Claims(
    "https://gitlab.example.com", "project_path:shop/web:ref_type:branch:ref:main", "sts.amazonaws.com"
)


@pytest.mark.parametrize(
    ("message", "hint", "never"),
    [
        ("Couldn't retrieve verification key from your identity provider, please reference the documentation",
         "reachable from the internet", "create-open-id"),
        ("OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
         "update-open-id-connect-provider-thumbprint", "create-open-id"),
        ("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
         "without quotes", "create-open-id"),
        ("Missing a required claim: sub", "lacks a claim", "create-open-id"),
        ("Missing a required claim: audience", "lacks a claim", "add-client-id"),
        ("Incorrect token audience", "add-client-id-to-open-id-connect-provider", "create-open-id"),
        ("The audience claim is not known", "add-client-id-to-open-id-connect-provider", "lacks"),
        ("No OpenIDConnect provider found in your account for https://gitlab.example.com",
         "create-open-id-connect-provider", "add-client-id"),
    ],
)  # fmt: skip
def test_each_fault_of_a_token_has_its_own_advice(message: str, hint: str, never: str) -> None:
    error = ClientError(
        {"Error": {"Code": "InvalidIdentityToken", "Message": message}}, "AssumeRoleWithWebIdentity"
    )
    (problem,) = refused_token(error, ROLE, CLAIMS, origin="the variable TOKEN").problems
    assert message in problem.message
    assert hint in problem.hint
    assert never not in problem.hint
