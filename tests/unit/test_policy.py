from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from deployer.aws.claims import expected_claims
from deployer.aws.policy import permissions_policy, trust_policy
from deployer.settings.load import load
from tests.emulator import iam

ROLE = "arn:aws:iam::123456789012:role/deployer"
NEEDED = ("--application=web", "--deployment-group=blue\ngreen", "--bucket=releases/apps")


def policy(*flags: str) -> dict[str, Any]:
    return permissions_policy(load({}, [*NEEDED, *flags]))


def statements(*flags: str) -> dict[str, dict[str, Any]]:
    return {each["Sid"]: each for each in policy(*flags)["Statement"]}


def trust(environ: dict[str, str], *flags: str) -> dict[str, Any]:
    document = trust_policy(load({}, [*NEEDED, *flags]), expected_claims(environ))
    (statement,) = document["Statement"]
    return dict(statement)


def check_form(document: dict[str, Any]) -> None:
    """The grammar of the IAM JSON policy language, as far as identity policies go."""
    assert set(document) == {"Version", "Statement"}
    assert document["Version"] == "2012-10-17"
    sids = [each["Sid"] for each in document["Statement"]]
    assert len(sids) == len(set(sids))
    assert len(json.dumps(document, separators=(",", ":"))) < 6144, "a managed policy's limit"
    for each in document["Statement"]:
        assert set(each) == {"Sid", "Effect", "Action", "Resource"}
        assert re.fullmatch(r"[A-Za-z0-9]+", each["Sid"])
        assert each["Effect"] == "Allow"
        for action in iam.listed(each["Action"]):
            assert re.fullmatch(
                r"(autoscaling|codedeploy|ec2|ecs|kms|lambda|logs|s3|ssm):[A-Z][A-Za-z]+", action
            )
        for resource in iam.listed(each["Resource"]):
            assert re.fullmatch(
                r"\*|arn:aws[a-z-]*:(codedeploy|ecs|kms|lambda|logs|s3):[a-z0-9*-]*:(\d{12}|\*|):.+", resource
            )
    iam.check_document(document)


@pytest.mark.parametrize(
    "flags",
    [
        (),
        ("--region=cn-north-1",),
        ("--role-to-assume", ROLE, "--region=us-gov-west-1"),
        ("--stop-after=upload",),
        ("--stop-after=register",),
        ("--stop-after=deploy",),
        ("--on-timeout=stop", "--alarms=disabled", "--acl=private", "--object-tags=a=b"),
        ("--kms-key-id=alias/releases",),
    ],
)
def test_a_policy_has_the_form_that_iam_wants(flags: tuple[str, ...]) -> None:
    check_form(policy(*flags))


def test_resources_name_exactly_what_the_inputs_name() -> None:
    found = statements("--region=eu-west-1", "--deployment-config=Mine", "--role-to-assume", ROLE)
    prefix = "arn:aws:codedeploy:eu-west-1:123456789012"
    assert found["Upload"]["Resource"] == "arn:aws:s3:::releases/apps/web/*.*"
    assert found["Register"]["Resource"] == f"{prefix}:application:web"
    assert found["Deploy"]["Resource"] == [
        f"{prefix}:deploymentgroup:web/blue",
        f"{prefix}:deploymentgroup:web/green",
    ]
    assert found["Configuration"]["Resource"] == f"{prefix}:deploymentconfig:Mine"


def test_a_configuration_that_is_the_groups_own_can_be_any() -> None:
    assert statements()["Configuration"]["Resource"].endswith(":deploymentconfig:*")


def test_the_configuration_and_alarms_of_parameters_count() -> None:
    found = statements('--parameters={"deploymentConfigName": "Mine", "overrideAlarmConfiguration": {}}')
    assert found["Configuration"]["Resource"].endswith(":deploymentconfig:Mine")
    assert "codedeploy:UpdateDeploymentGroup" in found["Deploy"]["Action"]


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-west-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-east-1", "aws-us-gov"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_arns_are_of_the_regions_partition(region: str, partition: str) -> None:
    for each in policy(f"--region={region}")["Statement"]:
        for resource in iam.listed(each["Resource"]):
            assert resource == "*" or resource.startswith(f"arn:{partition}:")


def test_a_role_tells_account_and_partition_where_the_region_does_not() -> None:
    found = statements("--role-to-assume=arn:aws-cn:iam::123456789012:role/x")
    assert found["Register"]["Resource"] == "arn:aws-cn:codedeploy:*:123456789012:application:web"


@pytest.mark.parametrize(
    ("stop_after", "required"),
    [
        ("package", set()),
        ("plan", {"Plan"}),
        ("upload", {"Upload"}),
        ("register", {"Upload", "Register"}),
        ("deploy", {"Upload", "Register", "Deploy", "Configuration"}),
        ("wait", {"Upload", "Register", "Deploy", "Configuration", "Watch"}),
    ],
)
def test_a_shorter_run_needs_less(stop_after: str, required: set[str]) -> None:
    found = statements(f"--stop-after={stop_after}")
    assert {sid for sid in found if not sid.startswith("Optional")} == required


def test_a_given_revision_needs_no_upload() -> None:
    flags = ["--application=web", "--deployment-group=blue", "--revision=s3://releases/a.zip"]
    sids = {each["Sid"] for each in permissions_policy(load({}, flags))["Statement"]}
    assert "Upload" not in sids
    assert {"Register", "Deploy", "OptionalConfirm"} <= sids


def test_a_given_deployment_needs_only_to_be_watched() -> None:
    document = permissions_policy(
        load(
            {},
            [
                "--deployment-id=d-ABCDEF123",
                "--continue=true",
                "--application=hello-web",
                "--deployment-group=production",
            ],
        )
    )
    required = {each["Sid"]: each for each in document["Statement"] if "Optional" not in each["Sid"]}
    assert set(required) == {"Watch", "Continue"}
    assert required["Watch"]["Resource"] == "arn:aws:codedeploy:*:*:deploymentgroup:hello-web/production"


@pytest.mark.parametrize(
    ("flag", "sid", "action"),
    [
        ("--acl=private", "Upload", "s3:PutObjectAcl"),
        ("--object-tags=team=web", "Upload", "s3:PutObjectTagging"),
        ("--kms-key-id=1234", "Encrypt", "kms:GenerateDataKey"),
        ("--alarms=high-cpu", "Deploy", "codedeploy:UpdateDeploymentGroup"),
        ("--on-first-failure=rollback", "OptionalStop", "codedeploy:StopDeployment"),
        ("--on-timeout=stop", "OptionalStop", "codedeploy:StopDeployment"),
        ("--on-cancel=rollback", "OptionalStop", "codedeploy:StopDeployment"),
        ("--on-conflict=stop", "OptionalStop", "codedeploy:StopDeployment"),
    ],
)
def test_what_an_input_asks_for_is_in_the_policy_with_it_alone(flag: str, sid: str, action: str) -> None:
    assert action in iam.listed(statements(flag)[sid]["Action"])
    assert action not in json.dumps(policy())


@pytest.mark.parametrize(
    ("given", "resource"),
    [
        ("arn:aws:kms:eu-west-1:123456789012:key/1", "arn:aws:kms:eu-west-1:123456789012:key/1"),
        ("alias/releases", "arn:aws:kms:*:*:alias/releases"),
        ("1234", "arn:aws:kms:*:*:key/1234"),
    ],
)
def test_a_key_is_named_by_its_arn(given: str, resource: str) -> None:
    assert statements(f"--kms-key-id={given}")["Encrypt"]["Resource"] == resource


def test_every_optional_statement_is_explained() -> None:
    """The table in the documentation says what is lost without it."""
    appspec = permissions_policy(
        load({}, ["--application=a", "--deployment-group=g"], unneeded=lambda _: ("bucket",))
    )
    given = permissions_policy(
        load({}, ["--application=a", "--deployment-group=g", "--revision=s3://releases/a.zip"])
    )
    followed = permissions_policy(load({}, ["--deployment-id=d-A1B2C3D4E"]))
    planned = policy("--stop-after=plan", "--kms-key-id=alias/releases")
    everything = [appspec, given, followed, planned, policy("--on-timeout=stop", "--log-group=/deployments")]
    sids = {each["Sid"] for document in everything for each in document["Statement"]}
    table = (Path(__file__).parents[2] / "docs" / "iam.md").read_text()
    explained = set(re.findall(r"`(Optional\w+)`", table))
    assert {sid for sid in sids if sid.startswith("Optional")} == explained


def test_github_s_trust_is_in_this_repository_and_branch() -> None:
    environ = {"GITHUB_REPOSITORY": "acme/web", "GITHUB_REF": "refs/heads/main"}
    host = "token.actions.githubusercontent.com"
    assert trust(environ, "--role-to-assume", ROLE) == {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{host}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{host}:aud": "sts.amazonaws.com",
                f"{host}:sub": "repo:acme/web:ref:refs/heads/main",
            }
        },
    }


CIRCLE = {"CIRCLECI": "true", "CIRCLE_ORGANIZATION_ID": "o-1", "CIRCLE_PROJECT_ID": "p-1"}
BITBUCKET = {"BITBUCKET_WORKSPACE": "acme", "BITBUCKET_REPO_UUID": "{1}"}
USER = "????????-????-????-????-????????????"


@pytest.mark.parametrize(
    ("environ", "provider", "subject"),
    [
        ({}, "token.actions.githubusercontent.com", "repo:OWNER/REPOSITORY:environment:ENVIRONMENT"),
        (
            {"GITHUB_REPOSITORY": "acme/web", "GITHUB_REF": "refs/pull/7/merge"},
            "token.actions.githubusercontent.com",
            "repo:acme/web:environment:ENVIRONMENT",
        ),
        (
            {"GITLAB_CI": "true", "CI_PROJECT_PATH": "acme/web", "CI_COMMIT_REF_NAME": "main"},
            "gitlab.com",
            "project_path:acme/web:ref_type:branch:ref:main",
        ),
        (
            {"GITLAB_CI": "true", "CI_SERVER_URL": "https://git.acme.org", "CI_COMMIT_TAG": "v1"},
            "git.acme.org",
            "project_path:GROUP/PROJECT:ref_type:tag:ref:TAG",
        ),
        (
            {**CIRCLE, "CIRCLE_REPOSITORY_URL": "git@github.com:acme/web.git", "CIRCLE_BRANCH": "main"},
            "oidc.circleci.com/org/o-1",
            f"org/o-1/project/p-1/user/{USER}/vcs-origin/github.com/acme/web/vcs-ref/refs/heads/main",
        ),
        (
            {**CIRCLE, "CIRCLE_REPOSITORY_URL": "https://github.com/acme/web", "CIRCLE_TAG": "v1"},
            "oidc.circleci.com/org/o-1",
            f"org/o-1/project/p-1/user/{USER}/vcs-origin/github.com/acme/web/vcs-ref/refs/tags/v1",
        ),
        (
            {**BITBUCKET, "BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID": "{2}"},
            "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
            "{1}:{2}:*",
        ),
        (
            BITBUCKET,
            "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
            "{1}:ENVIRONMENT_UUID:*",
        ),
    ],
)
def test_the_trust_is_in_the_ci_that_the_environment_shows(
    environ: dict[str, str], provider: str, subject: str
) -> None:
    statement = trust(environ)
    assert statement["Principal"]["Federated"] == f"arn:aws:iam::ACCOUNT:oidc-provider/{provider}"
    conditions = [
        *statement["Condition"]["StringEquals"].items(),
        *statement["Condition"].get("StringLike", {}).items(),
    ]
    assert (f"{provider}:sub", subject) in conditions
    assert f"{provider}:aud" in statement["Condition"]["StringEquals"]


@pytest.mark.parametrize(
    ("source", "admitted"),
    [
        ("github.com/acme/web/vcs-ref/refs/heads/main", True),
        ("github.com/acme/web/vcs-ref/refs/heads/other", False),
        ("github.com/acme/web/vcs-ref/refs/pull/7", False),
        ("github.com/fork/web/vcs-ref/refs/heads/main", False),
        (
            "github.com/acme/web/vcs-ref/refs/heads/x/vcs-origin/github.com/acme/web/vcs-ref/refs/heads/main",
            False,
        ),
    ],
)
def test_a_branch_whose_name_ends_like_the_subject_is_not_admitted(source: str, admitted: bool) -> None:  # noqa: FBT001
    """On CircleCI the user is in the subject's middle; a `*` there would match such a branch too."""
    environ = {**CIRCLE, "CIRCLE_REPOSITORY_URL": "https://github.com/acme/web", "CIRCLE_BRANCH": "main"}
    document = trust_policy(load({}, NEEDED), expected_claims(environ))
    subject = f"org/o-1/project/p-1/user/01234567-89ab-cdef-0123-456789abcdef/vcs-origin/{source}"
    host = "oidc.circleci.com/org/o-1"
    provider = document["Statement"][0]["Principal"]["Federated"]
    context = iam.Context(frozenset({provider}), {f"{host}:aud": "o-1", f"{host}:sub": subject})
    assert bool(iam.decide(document, "sts:AssumeRoleWithWebIdentity", "*", context)) == admitted


def test_the_last_of_a_chain_trusts_the_one_before() -> None:
    first = "arn:aws:iam::123456789012:role/first"
    statement = trust(
        {}, f"--role-to-assume={first}\n{ROLE}", "--role-external-id=secret", "--role-session-tags=team=web"
    )
    assert statement["Principal"] == {"AWS": first}
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "secret"}}


def test_a_restart_stores_and_registers_nothing() -> None:
    flags = ["--application=a", "--deployment-group=g", "--restart=true", "--region=eu-west-1"]
    document = permissions_policy(load({}, flags))
    actions = {action for each in document["Statement"] for action in iam.listed(each["Action"])}
    assert "codedeploy:CreateDeployment" in actions
    assert not {action for action in actions if action.startswith("s3:")}
    assert "codedeploy:RegisterApplicationRevision" not in actions


def test_what_is_replaced_in_a_rehearsal_has_to_be_read() -> None:
    rehearsed = ("--rehearse-image=amazonlinux:2023", "--region=eu-west-1")
    named = statements(*rehearsed, "--rehearse-previous=s3://other/web/1.zip")
    assert named["RehearsePrevious"]["Resource"] == "arn:aws:s3:::other/web/1.zip"
    assert "RehearseLastGood" not in named
    last = statements(*rehearsed, "--rehearse-previous=last-good")
    assert last["RehearsePrevious"]["Resource"] == "arn:aws:s3:::releases/*"
    assert last["RehearseLastGood"]["Action"] == ["codedeploy:GetDeploymentGroup", "codedeploy:GetDeployment"]
    assert not {"RehearsePrevious", "RehearseLastGood"} & statements(*rehearsed).keys()
