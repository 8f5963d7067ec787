from __future__ import annotations

import json

import pytest

from deployer.aws.denial import read_denial

USER = "arn:aws:sts::123456789012:assumed-role/deployer/run-1"
GROUP = "arn:aws:codedeploy:eu-west-1:123456789012:deploymentgroup:web/blue"
ACTION = "codedeploy:CreateDeployment"


def advice(reason: str, *, action: str = ACTION, resource: str = GROUP) -> str:
    text = f"User: {USER} is not authorized to perform: {action} on resource: {resource} {reason}"
    return read_denial(text, action="asked:For", resource="arn:asked").advice


def test_aws_s_words_go_before_what_was_asked_for() -> None:
    """Its text names another action than the one asked for where that one needs others, such as a key's."""
    first, statement = advice("because no identity-based policy allows it").splitlines()
    assert first == f"Add this statement to the policy of {USER}:"
    assert json.loads(statement) == {"Effect": "Allow", "Action": ACTION, "Resource": GROUP}


@pytest.mark.parametrize("text", ["", "Access Denied", "Zugriff verweigert", "User: nobody knows"])
def test_without_aws_s_words_what_was_asked_for_stands_in(text: str) -> None:
    first, statement, undecided = read_denial(text, action=ACTION, resource=GROUP).advice.splitlines()
    assert first == "Add this statement to the policy of the identity:"
    assert json.loads(statement) == {"Effect": "Allow", "Action": ACTION, "Resource": GROUP}
    assert "does not say which policy decided" in undecided


def test_the_policy_of_a_resource_names_whom_it_allows() -> None:
    _, statement = advice("because no resource-based policy allows it").splitlines()
    assert json.loads(statement)["Principal"] == {"AWS": "arn:aws:iam::123456789012:role/deployer"}


@pytest.mark.parametrize("on", ["resource: arn:aws:kms:eu-west-1:2:key/1", "the resource associated with it"])
def test_a_key_elsewhere_is_not_looked_for_in_the_identity_s_policy(on: str) -> None:
    text = (
        f"User: {USER} is not authorized to perform: kms:GenerateDataKey on {on} because the resource does "
        "not exist in this Region, no resource-based policies allow access, or a resource-based policy "
        "explicitly denies access"
    )
    said = read_denial(text, action="s3:PutObject", resource="arn:aws:s3:::releases/web/1.zip").advice
    assert "another region or account" in said
    assert "policy of the identity" not in said


@pytest.mark.parametrize(
    ("kind", "owner"),
    [
        ("service control policy", "A service control policy of the organization"),
        ("resource control policy", "A resource control policy of the organization"),
        ("permissions boundary", "The permissions boundary of the identity"),
        ("session policy", "The session policy"),
        ("resource-based policy", "The policy of the resource itself"),
        ("VPC endpoint policy", "The policy of the VPC endpoint"),
    ],
)
def test_the_policy_that_decided_is_named(kind: str, owner: str) -> None:
    silent = advice(f"because no {kind} allows the {ACTION} action")
    assert silent.startswith(owner)
    assert "add this statement to it:\n{" in silent
    explicit = advice(f"with an explicit deny in a {kind}")
    assert explicit.startswith(owner)
    assert "denies it explicitly" in explicit
    assert "{" not in explicit


@pytest.mark.parametrize(
    ("action", "resource", "scope"),
    [
        ("s3:PutObject", "arn:aws:s3:::releases/web/1.zip", "arn:aws:s3:::releases/web/*"),
        ("s3:ListBucket", "arn:aws:s3:::releases", "arn:aws:s3:::releases"),
        ("codedeploy:StopDeployment", GROUP, "*"),
        ("codedeploy:GetDeployment", "deployment-1", "*"),
    ],
)
def test_the_statement_holds_for_the_next_run_too(action: str, resource: str, scope: str) -> None:
    statement = json.loads(read_denial("", action=action, resource=resource).statement)
    assert statement["Resource"] == scope


def test_what_has_no_name_in_iam_has_no_statement() -> None:
    assert (
        read_denial("", action="find credentials", resource="").advice == "Allow it in the identity's policy."
    )
