"""Inputs made of several parts, and rules across inputs."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import botocore.session
import pytest

from deployer.choices import Back
from deployer.deployment.request import check
from deployer.errors import InvalidInput, Severity
from deployer.regions import REGIONS
from deployer.revision import AppSpecRevision, GitHubRevision, S3Revision
from deployer.settings.deployment import RollbackEvent
from deployer.settings.load import load
from deployer.settings.rules import doubts
from deployer.settings.storage import Encryption, StorageClass

if TYPE_CHECKING:
    from deployer.settings.model import Settings

SHA = "0123456789abcdef0123456789abcdef01234567"
BASE = {"application": "hello-web", "deployment-group": "production", "bucket": "revisions"}
REVISION = f"github://a/b/{SHA}"


def loaded(**inputs: str) -> Settings:
    """Settings from these inputs alone, underscores for hyphens."""
    return load({f"INPUT_{name.upper()}": text for name, text in inputs.items()}, [])


def of(**inputs: str) -> Settings:
    """Settings from these inputs beside the usual ones."""
    return loaded(**{name.replace("-", "_"): text for name, text in BASE.items()} | inputs)


def refusals(**inputs: str) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        of(**inputs)
    return [f"{problem.message} {problem.hint}" for problem in caught.value.problems]


def test_a_rehearsal_needs_its_image() -> None:
    for inputs in ({"rehearse_stubs": "systemctl"}, {"rehearse_env": "A=b"}, {"stop_after": "rehearse"}):
        (problem,) = refusals(**inputs)
        assert "rehearse-image is missing" in problem
        assert of(rehearse_image="amazonlinux:2023", **inputs).rehearse_image == "amazonlinux:2023"
    (problem,) = refusals(rehearse_image="a", stop_after="package")
    assert "a rehearsal comes after that stage" in problem


def test_the_values_of_a_rehearsal() -> None:
    settings = of(
        rehearse_image=" amazonlinux:2023 ",
        rehearse_stubs="systemctl, service\naws",
        rehearse_env="A=b=c\nEMPTY=",
        rehearse_previous="LAST_GOOD",
    )
    assert settings.rehearse_stubs == ("systemctl", "service", "aws")
    assert settings.rehearse_env == {"A": "b=c", "EMPTY": ""}
    assert settings.rehearse_previous is Back.LAST_GOOD
    named = of(rehearse_image="a", rehearse_previous="s3://b/k.zip").rehearse_previous
    assert isinstance(named, S3Revision)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("rehearse_stubs", "/bin/systemctl", "not the name of a command"),
        ("rehearse_stubs", "sh", "which the rehearsal itself needs"),
        ("rehearse_env", "1A=b", "which no variable can have"),
        ("rehearse_previous", REVISION, "is not a revision in S3"),
        ("rehearse_previous", "previous", "last-good, or a revision in S3"),
    ],
)
def test_values_that_a_rehearsal_cannot_use(name: str, value: str, problem: str) -> None:
    assert any(problem in each for each in refusals(rehearse_image="a", **{name: value}))


def test_the_last_good_revision_is_that_of_a_group() -> None:
    with pytest.raises(InvalidInput) as caught:
        loaded(rehearse_image="a", rehearse_previous="last-good", stop_after="rehearse")
    assert [problem.message for problem in caught.value.problems] == [
        "Input application is missing, for rehearse-previous: last-good.",
        "Input deployment-group is missing, for rehearse-previous: last-good.",
    ]


def test_nothing_is_rehearsed_that_is_not_packaged_here() -> None:
    for other in ({"revision": REVISION}, {"restart": "true"}, {"deployment_id": "d-A1B2C3D4E"}):
        assert any("rehearse-image" in each for each in refusals(rehearse_image="a", **other))


def test_nothing_of_it_has_a_value_unless_given() -> None:
    settings = of()
    assert (settings.revision, settings.deployment_id, settings.continue_) == (None, "", None)
    assert settings.appspec_variables is settings.object_tags is None
    assert settings.target_instances is settings.parameters is None
    assert settings.auto_rollback is settings.alarms is None
    assert (settings.sse, settings.acl, settings.storage_class, settings.encryption) == (None,) * 4
    assert settings.kms_key_id == settings.expected_bucket_owner == ""


def test_values_of_several_parts() -> None:
    settings = of(
        appspec_variables="TASK = arn:a=b\n\nEMPTY=\n",
        object_tags="team=web",
        target_instances="autoScalingGroups: [web]",
        parameters='{"deploymentMode": "STANDARD"}',
        auto_rollback="deployment-failure\nDEPLOYMENT_STOP_ON_ALARM, deployment_failure",
        alarms="errors\n errors \np99 latency",
        deployment_group="staging\n production \n",
    )
    assert settings.appspec_variables == {"TASK": "arn:a=b", "EMPTY": ""}
    assert settings.object_tags == {"team": "web"}
    assert settings.target_instances == {"autoScalingGroups": ["web"]}
    assert settings.parameters == {"deploymentMode": "STANDARD"}
    assert settings.auto_rollback == (RollbackEvent.FAILURE, RollbackEvent.ALARM)
    assert settings.alarms == ("errors", "p99 latency")
    assert settings.deployment_groups == ("staging", "production")


def test_disabled_is_not_the_same_as_not_given() -> None:
    settings = of(auto_rollback="Disabled", alarms="disabled")
    assert settings.auto_rollback == settings.alarms == ()


def test_flags_for_assignments_may_come_several_times() -> None:
    argv = ["--appspec-variables", "A=1", "--appspec-variables", "B={x: [1, 2]}", "--parameters", "a: {b: 1}"]
    settings = load({f"INPUT_{name.upper()}": text for name, text in BASE.items()}, argv)
    assert settings.appspec_variables == {"A": "1", "B": "{x: [1, 2]}"}
    assert settings.parameters == {"a": {"b": 1}}


def test_how_the_object_is_kept() -> None:
    settings = of(kms_key_id="alias/a", storage_class="glacier_ir", expected_bucket_owner=" 123456789012 ")
    assert settings.encryption is Encryption.KMS
    assert settings.storage_class is StorageClass.GLACIER_IR
    assert settings.expected_bucket_owner == "123456789012"
    assert of(kms_key_id="alias/a", sse="aws:kms:dsse").encryption is Encryption.KMS_DSSE


def test_a_revision_of_any_kind() -> None:
    assert loaded(application="a", deployment_group="b", revision=REVISION).revision == GitHubRevision(
        "a/b", SHA
    )
    inline = AppSpecRevision.of("version: 0.0\n")
    assert loaded(application="a", deployment_group="b", revision=inline.uri or "").revision == inline


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"revision": "web.zip"}, "has an unknown format. Write last-good or previous; s3://bucket/key"),
        ({"appspec_variables": "TASK"}, "has the line 'TASK', which is not an assignment"),
        ({"appspec_variables": "A=1\nA=2"}, "assigns A twice"),
        ({"appspec_variables": "1A=1"}, "has the name '1A', which is not valid in a placeholder"),
        ({"object_tags": "\n".join(f"a{n}=1" for n in range(11))}, "has 11 tags"),
        ({"alarms": "\n".join("abcdefghijk")}, "names 11 alarms"),
        ({"auto_rollback": "DEPLOYMENT_FAILUR"}, "Did you mean DEPLOYMENT_FAILURE?"),
        ({"auto_rollback": "zebra"}, "names the unknown event zebra"),
        ({"target_instances": "a: [1"}, "is not YAML in line 2"),
        ({"target_instances": "- web"}, "is not a mapping of names to values"),
        ({"target_instances": "a: \x01"}, "is not YAML"),
        ({"parameters": "web"}, "is not a mapping"),
        ({"expected_bucket_owner": "12"}, "An account number has twelve digits."),
        ({"storage_class": "DEEP_ARCHIVE"}, "is not one of the choices"),
        ({"parameters": "revision: {}"}, "revision has an input of its own. Use the input revision."),
        (
            {"parameters": "description: a", "description": "b"},
            "Inputs parameters and description contradict",
        ),
        ({"kms_key_id": "a", "sse": "AES256"}, "Inputs kms-key-id and sse contradict"),
        ({"key": "{group}.zip", "deployment_group": "a\nb"}, "several groups share one revision"),
        ({"continue": "true", "stop_after": "ready"}, "Inputs continue and stop-after contradict"),
        ({"revision": REVISION, "source": "dist"}, "Inputs source and revision contradict"),
        ({"revision": REVISION, "stop_after": "upload"}, "can stop after is plan, or register"),
        (
            {"deployment_id": "d-ABCDEFGHI", "description": "a"},
            "Inputs description and deployment-id contradict",
        ),
        ({"deployment_id": "d-ABCDEFGHI", "stop_after": "deploy"}, "can stop after is ready"),
        ({"deployment_id": "i-0123"}, "is not a deployment's id"),
    ],
)
def test_what_cannot_be(inputs: dict[str, str], said: str) -> None:
    (told,) = refusals(**inputs)
    assert said in told


def test_contradictions_are_told_beside_everything_else() -> None:
    told = refusals(revision=REVISION, source="dist", exclude="*.md", timeout="soon", regoin="x")
    assert len(told) == 4


def test_where_a_run_starts_decides_what_it_needs() -> None:
    with pytest.raises(InvalidInput) as caught:
        loaded(revision=REVISION)
    named = [problem.message for problem in caught.value.problems]
    assert named == ["Input application is missing.", "Input deployment-group is missing."]
    assert loaded(deployment_id="d-ABCDEFGHI").deployment_id == "d-ABCDEFGHI"


PREDEFINED = "CodeDeployDefault."


@pytest.mark.parametrize(
    ("name", "text", "doubt"),
    [
        ("region", "eu-west-9", "Region eu-west-9 is not one that this version knows. Did you mean eu-west-"),
        ("region", "nova-isoqq-northwest-7", "knows. Ignore this if AWS has added the region since."),
        ("deployment_config", f"{PREDEFINED}ECSCanary20Percent5Minutes", "if CodeDeploy has added it since."),
        ("deployment_config", f"{PREDEFINED}LambdaLinear5PercentEvery1Minute", "has added it since."),
        ("deployment_group", "production,staging", "'production,staging' is taken for one name with a comma"),
        ("alarms", "errors, latency", "If these are several names, write one per line, without commas."),
        ("deployment_config", f"{PREDEFINED}Gradual", f"{PREDEFINED}Gradual is not one of the predefined"),
    ],
)
def test_what_is_valid_but_probably_not_meant_is_a_warning(name: str, text: str, doubt: str) -> None:
    (problem,) = doubts(of(**{name: text}), {})
    assert problem.severity is Severity.WARNING
    assert doubt in f"{problem.message} {problem.hint}"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("region", ""),
        *(("region", region) for region in ("us-east-1", "cn-northwest-1", "eusc-de-east-1")),
        ("deployment_config", "Mine"),
        ("deployment_config", f"{PREDEFINED}LambdaLinear10PercentEvery1Minute"),
    ],
)
def test_what_is_known_or_the_users_own_is_no_doubt(name: str, text: str) -> None:
    assert list(doubts(of(**{name: text}), {})) == []


def test_with_endpoints_of_ones_own_a_region_may_have_any_name() -> None:
    base = {f"INPUT_{name.upper()}": text for name, text in BASE.items()} | {"INPUT_REGION": "garage"}
    endpoint = {"AWS_ENDPOINT_URL_S3": "http://s3.internal"}
    settings = load(base | endpoint, [])
    assert settings.region == "garage"
    assert list(doubts(settings, endpoint)) == []
    with pytest.raises(InvalidInput, match="is not a region"):
        load(base | {"AWS_ENDPOINT_URL_S3": ""}, [])


def test_the_known_regions_are_the_sdks() -> None:
    session = botocore.session.get_session()
    pairs = itertools.product(("codedeploy", "s3"), session.get_available_partitions())
    assert {region for pair in pairs for region in session.get_available_regions(*pair)} == REGIONS


def test_who_loads_may_know_that_an_input_is_not_needed() -> None:
    environ = {"INPUT_APPLICATION": "a", "INPUT_DEPLOYMENT_GROUP": "b"}
    assert load(environ, [], unneeded=lambda _: ("bucket",)).bucket == ""
    with pytest.raises(InvalidInput, match="bucket is missing"):
        load(environ, [])


ELSEWHERE = "s3://elsewhere/a.zip?eTag=e"


def test_a_revision_in_another_bucket_is_promoted() -> None:
    settings = of(revision=ELSEWHERE, bucket="revisions/apps", stop_after="upload")
    assert settings.promoted == settings.revision
    assert settings.below("a.zip") == "apps/a.zip"
    assert of(revision=ELSEWHERE, bucket="").promoted is None
    assert of(revision=ELSEWHERE, bucket="elsewhere/apps", key="{sha}.zip").promoted is None
    assert of(revision=REVISION).promoted is None


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"revision": ELSEWHERE, "key": "{sha}.zip"}, "the copy of an object keeps its key"),
        (
            {"revision": ELSEWHERE, "stop_after": "package"},
            "the first stage it can stop after is plan, or upload",
        ),
        (
            {"expected_source_bucket_owner": "123456789012"},
            "Inputs expected-source-bucket-owner and revision contradict each other: nothing is copied",
        ),
    ],
)
def test_what_contradicts_a_promotion(inputs: dict[str, str], said: str) -> None:
    (problem,) = refusals(**inputs)
    assert said in problem


@pytest.mark.parametrize(
    ("members", "message", "hint"),
    [
        ({"description": 5}, "description is 5, not text.", "Put it in quotes."),
        (
            {"ignoreApplicationStopFailures": "yes"},
            "ignoreApplicationStopFailures is 'yes', not true or false.",
            "Write it without quotes.",
        ),
        (
            {"fileExistsBehavior": "Retain"},
            "fileExistsBehavior is 'Retain', which is not allowed.",
            "Allowed: DISALLOW, OVERWRITE, RETAIN.",
        ),
        (
            {"targetInstances": {"ec2TagSet": {"ec2TagSetList": [[{"Key": 5}]]}}},
            "targetInstances.ec2TagSet.ec2TagSetList[0][0].Key is 5, not text.",
            "Put it in quotes.",
        ),
    ],
)
@pytest.mark.parametrize("label", ["", "parameters"])
def test_a_member_of_the_request_that_codedeploy_would_reject(
    members: dict[str, object], message: str, hint: str, label: str
) -> None:
    """It is named by its path, after the input that it came from."""
    [problem] = check(members, label=label) if label else check(members)
    assert (problem.message, problem.hint) == (f"Input {label}: {message}" if label else message, hint)
