from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deployer.choices import Compression, FileExistsBehavior, PreFlight, Stage
from deployer.errors import ExitCode, InvalidInput, Problem, Severity
from deployer.revision import BundleType
from deployer.settings.foreign import foreign
from deployer.settings.load import load
from deployer.settings.model import inputs
from deployer.settings.sources import inherited_inputs

if TYPE_CHECKING:
    from deployer.settings.model import Settings

REQUIRED = {
    "INPUT_APPLICATION": "hello-web",
    "INPUT_DEPLOYMENT-GROUP": "production",
    "INPUT_BUCKET": "revisions",
}


def loaded(*argv: str, **inputs: str) -> Settings:
    """Settings with the required inputs and `inputs`, as GitHub passes them."""
    return load(
        REQUIRED | {f"INPUT_{name.upper().replace('_', '-')}": text for name, text in inputs.items()}, argv
    )


def problems(environ: dict[str, str], *argv: str) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        load(environ, argv)
    assert caught.value.exit_code == ExitCode.INVALID_INPUT
    return [f"{problem.message} {problem.hint}" for problem in caught.value.problems]


def problem(**inputs: str) -> str:
    """What is said when these inputs are given beside the required ones."""
    (only,) = problems(
        REQUIRED | {f"INPUT_{name.upper().replace('_', '-')}": text for name, text in inputs.items()}
    )
    return only


def test_defaults() -> None:
    settings = loaded()
    assert settings.application == "hello-web"
    assert settings.deployment_groups == ("production",)
    assert settings.deployment_group == "production"
    assert (settings.bucket, settings.prefix) == ("revisions", "")
    assert settings.region == ""
    assert settings.source == Path()
    assert settings.appspec == "appspec.yml"
    assert settings.exclude == ()
    assert settings.bundle_type is BundleType.ZIP
    assert settings.compression is Compression.BALANCED
    assert settings.stop_after is Stage.WAIT
    assert settings.timeout == timedelta(minutes=30)
    assert settings.poll_interval is None
    assert settings.pre_flight is PreFlight.ERRORS
    assert settings.outputs_file == settings.summary_file == ""


def test_what_overrides_the_group_has_no_value_unless_given() -> None:
    settings = loaded()
    assert settings.deployment_config == settings.description == ""
    assert settings.file_exists_behavior is None
    assert settings.ignore_application_stop_failures is None
    assert settings.update_outdated_instances_only is None


@pytest.mark.parametrize(
    ("environ", "argv"),
    [
        ({"INPUT_DEPLOYMENT-GROUP": "blue"}, []),
        ({"INPUT_DEPLOYMENT_GROUP": "blue"}, []),
        ({}, ["--deployment-group", "blue"]),
        ({}, ["--deployment-group=blue"]),
        ({"INPUT_DEPLOYMENT-GROUP": "blue", "INPUT_DEPLOYMENT_GROUP": "green"}, []),
        ({"INPUT_DEPLOYMENT_GROUP": "blue", "INPUT_DEPLOYMENT-GROUP": "  \n"}, []),
        ({"INPUT_DEPLOYMENT-GROUP": "green"}, ["--deployment-group", "blue"]),
        ({"INPUT_DEPLOYMENT-GROUP": "blue"}, ["--deployment-group", ""]),
        ({}, ["--region", "eu-west-1", "--deployment-group", "blue\n"]),
    ],
)
def test_one_input_by_each_of_its_names(environ: dict[str, str], argv: list[str]) -> None:
    """A flag wins over a variable with a hyphen, that over one with an underscore; blank is not given."""
    rest = {"INPUT_APPLICATION": "hello-web", "INPUT_BUCKET": "revisions"}
    assert load(rest | environ, argv).deployment_group == "blue"


def test_origins_are_told_as_the_user_would_name_them() -> None:
    settings = loaded("--timeout", "5m", region="eu-west-1")
    assert settings.origin("region") == "input region"
    assert settings.origin("timeout") == "flag --timeout"
    assert settings.origin("key") == "default"


@pytest.mark.parametrize(
    ("environ", "region", "origin"),
    [
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1", "AWS_REGION"),
        ({"AWS_REGION": " ", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2", "AWS_DEFAULT_REGION"),
        ({"AWS_REGION": "eu-west-1", "INPUT_REGION": "eu-west-3"}, "eu-west-3", "input region"),
        ({"AWS_REGION": "eu-west-1", "INPUT_REGION": ""}, "eu-west-1", "AWS_REGION"),
    ],
)
def test_the_variables_of_aws_stand_in_for_the_region(
    environ: dict[str, str], region: str, origin: str
) -> None:
    settings = load(REQUIRED | environ, [])
    assert (settings.region, settings.origin("region")) == (region, origin)


def test_a_wrong_stand_in_is_called_by_its_own_name() -> None:
    (said,) = problems(REQUIRED | {"AWS_REGION": "Ireland"})
    assert said.startswith("AWS_REGION: 'Ireland' is not a region.")


def test_a_flag_without_value_switches_on_and_does_not_swallow_the_next() -> None:
    settings = loaded(
        "--ignore-application-stop-failures", "--update-outdated-instances-only=no", "--description", "null"
    )
    assert settings.ignore_application_stop_failures is True
    assert settings.update_outdated_instances_only is False
    assert settings.description == "null"


@pytest.mark.parametrize("text", ["true", "TRUE", " yes\n", "1"])
def test_true(text: str) -> None:
    assert loaded(ignore_application_stop_failures=text).ignore_application_stop_failures is True


@pytest.mark.parametrize("text", ["false", "False", "no", "0"])
def test_false(text: str) -> None:
    assert loaded(ignore_application_stop_failures=text).ignore_application_stop_failures is False


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("1H1M1S", 3661), (" 5s ", 5)],
)
def test_durations(text: str, seconds: int) -> None:
    assert loaded(timeout=text).timeout == timedelta(seconds=seconds)
    assert loaded(poll_interval=text).poll_interval == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["soon", "0s", "-5", "1.5h", "5 m", "m", "1m1h", "1h30", "1d"])
def test_wrong_durations(text: str) -> None:
    said = problem(timeout=text)
    assert said.startswith(f"Input timeout: {text!r} is not a duration")
    assert "90s, 30m, 2h or 1h30m" in said


@pytest.mark.parametrize("name", ["timeout", "poll_interval", "role_duration"])
def test_a_number_without_a_unit_is_refused_with_both_meanings(name: str) -> None:
    assert "'30' has no unit. Write 30s for 30 seconds, or 30m for 30 minutes." in problem(**{name: "30"})


def test_choices_are_read_in_any_case() -> None:
    settings = loaded(
        bundle_type="TGZ",
        compression="Small",
        file_exists_behavior="retain",
        stop_after="Deploy\n",
        pre_flight="OFF",
    )
    assert settings.bundle_type is BundleType.TGZ
    assert settings.compression is Compression.SMALL
    assert settings.file_exists_behavior is FileExistsBehavior.RETAIN
    assert settings.stop_after is Stage.DEPLOY
    assert settings.pre_flight is PreFlight.OFF


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (
            {"stop_after": "registr"},
            "Input stop-after: 'registr' is not one of the choices. Allowed: package, ",
        ),
        ({"stop_after": "registr"}, "Did you mean register?"),
        ({"bundle_type": "YAML"}, "Allowed: zip, tgz, tar."),
        ({"file_exists_behavior": "never"}, "Allowed: DISALLOW, OVERWRITE, RETAIN."),
        (
            {"ignore_application_stop_failures": "maybe"},
            "'maybe' is neither true nor false. Write true or false.",
        ),
        (
            {"application": "hello web"},
            "Input application: 'hello web' is not a name that CodeDeploy allows.",
        ),
        ({"application": "x" * 101}, f"'{'x' * 80}…' is not a name"),
        ({"deployment_group": "blue\nbad/one"}, "is not a name"),
        ({"deployment_group": "blue\ngreen\nblue"}, "has a name twice"),
        ({"deployment_group": "bad/one"}, "Input deployment-group: 'bad/one' is not a name"),
        ({"deployment_config": "bad/one"}, "Input deployment-config: 'bad/one' is not a name"),
        ({"region": "eu-wst-1"}, "is not a region. Did you mean eu-west-1?"),
        ({"region": "us-east"}, "is not a region. Write its code"),
        (
            {"deployment_config": "CodeDeployDefault.AllAtOnes"},
            "predefined configurations. Did you mean CodeDeployDefault.AllAtOnce?",
        ),
        ({"deployment_group": "production, staging"}, "has several names on one line. Write one name per"),
        ({"exclude": ".git/* .env node_modules/*"}, "has several patterns on one line: .git/* .env node_mod"),
        ({"exclude": "*.log,*.tmp"}, "Write one pattern per line"),
        (
            {"region": "ireland"},
            "Input region: 'ireland' is not a region. Write its code, such as eu-west-1.",
        ),
        ({"key": "{diggest}.zip"}, "the unknown placeholder {diggest}. Placeholders: {application} {group} "),
        ({"key": "{diggest}.zip"}, "Did you mean {digest}?"),
        ({"key": "{digest!r}"}, "the unknown placeholder {digest}"),
        ({"key": "{digest:>90}"}, "the unknown placeholder {digest}"),
        ({"key": "{digest.real}"}, "the unknown placeholder {digest.real}"),
        ({"key": "{}"}, "the unknown placeholder {}"),
        ({"key": "{digest"}, "has an unmatched brace"),
        ({"key": "releases/"}, "starts or ends with a slash"),
        ({"application": "caf\udce9"}, "Input application: 'caf\\udce9' is not text. Write it in UTF-8."),
    ],
)
def test_a_wrong_value_is_shown_with_what_is_allowed(inputs: dict[str, str], said: str) -> None:
    assert said in problem(**inputs)


@pytest.mark.parametrize(
    "region", ["eu-west-1", "us-gov-east-1", "cn-northwest-1", "us-iso-east-1", "eusc-de-east-1"]
)
def test_regions(region: str) -> None:
    assert loaded(region=region).region == region


@pytest.mark.parametrize(
    ("text", "bucket", "prefix"),
    [
        ("revisions", "revisions", ""),
        ("revisions/", "revisions", ""),
        ("revisions/some/folders/", "revisions", "some/folders"),
        ("s3://revisions/some", "revisions", "some"),
        ("a.b-3", "a.b-3", ""),
    ],
)
def test_buckets(text: str, bucket: str, prefix: str) -> None:
    settings = loaded(bucket=text)
    assert (settings.bucket, settings.prefix) == (bucket, prefix)


@pytest.mark.parametrize(
    "text", ["ab", "Revisions", "a..b", "10.0.0.1", "-ab", "ab-", "x" * 64, "s3://", "under_score"]
)
def test_wrong_buckets(text: str) -> None:
    assert "does not start with a bucket name" in problem(bucket=text)


def test_patterns_are_kept_as_they_are() -> None:
    """Spaces may matter to gitignore, and commas and brackets are parts of names."""
    lines = ["# comment", " leading", "trailing\\ ", "a,b", "[x]", "!keep", "My Files/My App/*", "*.\\ *"]
    assert loaded(exclude="\r\n".join([*lines, "", "  "])).exclude == tuple(lines)
    assert loaded(*(f"--exclude={line}" for line in lines)).exclude == tuple(lines)
    assert loaded("--exclude=a\nb", "--exclude", "c", exclude="d").exclude == ("a", "b", "c")


def test_the_key_is_filled_in_below_the_folders_of_the_bucket() -> None:
    settings = loaded(bucket="revisions/web", key="{group}/{application}-{sha}.{extension}")
    key = settings.object_key({"sha": "abc123", "extension": "zip", "digest": ""})
    assert key == "web/production/hello-web-abc123.zip"
    assert loaded().object_key({"digest": "d1", "extension": "tgz"}) == "hello-web/d1.tgz"


def test_a_key_that_the_run_cannot_fill_in_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"Input key: \{run_id\} has no value in this run"):
        loaded(key="{run_id}").object_key({"run_id": ""})


def test_a_key_longer_than_s3_allows_is_refused() -> None:
    with pytest.raises(InvalidInput, match="the key would be 1025 bytes long"):
        loaded(key="{ref}").object_key({"ref": "é" * 512 + "x"})
    assert loaded(key="{ref}").object_key({"ref": "é" * 512})


@pytest.mark.parametrize(
    ("stop_after", "missing"),
    [
        ("package", []),
        ("upload", ["application", "bucket"]),
        ("register", ["application", "bucket"]),
        ("deploy", ["application", "deployment-group", "bucket"]),
        ("wait", ["application", "deployment-group", "bucket"]),
    ],
)
def test_what_is_required_depends_on_how_far_the_run_goes(stop_after: str, missing: list[str]) -> None:
    if not missing:
        assert load({"INPUT_STOP_AFTER": stop_after}, []).stop_after == stop_after
        return
    said = problems({"INPUT_STOP_AFTER": stop_after})
    assert [text.split(" is missing")[0] for text in said] == [f"Input {name}" for name in missing]


def test_the_key_decides_what_an_upload_needs() -> None:
    upload = {"INPUT_STOP-AFTER": "upload", "INPUT_BUCKET": "revisions"}
    assert load(upload | {"INPUT_KEY": "{digest}"}, []).application == ""
    (said,) = problems(upload | {"INPUT_KEY": "{group}/{digest}"})
    assert said == (
        "Input deployment-group is missing. It is required to upload. Set it as `deployment-group` under "
        "`with:`, as the variable INPUT_DEPLOYMENT_GROUP, or as the flag --deployment-group."
    )


def test_all_problems_are_told_at_once() -> None:
    said = problems(
        {"INPUT_APPLICATION": "hello web", "INPUT_DEPLOYMNT-GROUP": "production", "INPUT_TIMEOUT": "soon"},
        *("--bukcet", "revisions", "stray", "--compression=best", "--region", "--key"),
    )
    assert [text.split(":")[0].split(".")[0] for text in said] == [
        "Input application",
        "Unknown input 'deploymnt-group'",
        "Flag --region needs a value",
        "Flag --compression",
        "Unknown flag '--bukcet'",
        "Flag --key needs a value",
        "Input timeout",
        "Unexpected word 'stray' on the command line",
    ]


def test_what_else_is_checked_is_told_with_the_rest_in_the_inputs_order() -> None:
    with pytest.raises(InvalidInput) as caught:
        load({}, ["--timeout=soon"], check=lambda _: [("key", Problem("No key.", "Write one."))])
    assert [problem.message.split(" is ")[0] for problem in caught.value.problems] == [
        "Input application",
        "Input deployment-group",
        "Input bucket",
        "No key.",
        "Flag --timeout: 'soon'",
    ]


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ("APPLICATION_NAME DEPLOYMENT_GROUP S3_BUCKET", "APPLICATION_NAME DEPLOYMENT_GROUP S3_BUCKET"),
        (
            "CODEDEPLOY_S3_BUCKET APPLICATION deploymentGroup",
            "APPLICATION deploymentGroup CODEDEPLOY_S3_BUCKET",
        ),
        ("APP GROUP BUCKETS PATH S3_KEY", ""),
    ],
)
def test_a_variable_without_its_prefix_is_named_where_the_input_is_missing(
    variables: str, named: str
) -> None:
    """As Bitbucket's pipe and others call them; their values are not shown."""
    said = str(problems(dict.fromkeys(variables.split(), "secret") | {"DEPLOYMENTGROUP": " "}))
    found = re.findall(r"The variable (\S+) is set, but is not an input: name it INPUT_", said)
    assert found == named.split()
    assert "secret" not in said


@pytest.mark.parametrize(
    ("environ", "argv"),
    [
        ({}, ["--applicaton=y", "--deployment-group=g", "--bucket=b-b-b"]),
        ({}, ["--deployment-id=foo"]),
        ({}, ["--deploymnt-id=d-ABCDEFGHI"]),
        ({}, ["--revision=github://owner/repo", "--application=a", "--deployment-group=g"]),
        ({"INPUT_CODEDEPLOY_NAME": "a"}, ["--deployment-group=g", "--bucket=b-b-b"]),
        ({}, ["--applicationName=a", "--deployment-group=g", "--bucket=b-b-b"]),
    ],
)
def test_one_mistake_is_told_once(environ: dict[str, str], argv: list[str]) -> None:
    assert len(problems(environ, *argv)) == 1


def test_inputs_of_another_action_are_translated_one_by_one() -> None:
    names = "aws_access_key codedeploy_name codedeploy_group s3_bucket s3_folder excluded_files aws_region"
    said = problems({f"INPUT_{name.upper()}": "x" for name in names.split()})
    assert [text.split("' ", 1)[-1].split(". ", 1)[1] for text in said] == [
        "Use application.",
        "Use deployment-group.",
        "Use region.",
        "Write gitignore patterns into exclude, one per line.",
        "Use bucket.",
        "Set AWS_ACCESS_KEY_ID as an environment variable; credentials are never inputs.",
        "Write the folder after the bucket's name: bucket: my-bucket/some/folder.",
    ]


def test_every_translation_leads_to_an_input_and_translates_none() -> None:
    for name, known in foreign().items():
        assert known.name in {"", *inputs()}
        assert name not in {each.replace("-", "") for each in inputs()}
        assert known.hint.endswith((".", "…"))


@pytest.mark.parametrize(
    "argv", [["--application-name=x"], ["--frobnicate"], ["--quite"], ["--s3-location=x"]]
)
def test_who_gives_unknown_names_alone_is_told_of_those_alone(argv: list[str]) -> None:
    (problem,) = problems({}, *argv)
    assert problem.startswith("Unknown flag")


def test_a_mistyped_stage_does_not_make_other_inputs_missing() -> None:
    assert len(problems({"INPUT_STOP_AFTER": "pakage"})) == 1


@pytest.mark.parametrize(
    ("environ", "argv", "said"),
    [
        ({"INPUT_REGOIN": ""}, [], "Unknown input 'regoin'. Did you mean region?"),
        (
            {"INPUT_FROBNICATE": "x"},
            [],
            "Unknown input 'frobnicate'. Remove it; the README and --help list all inputs.",
        ),
        ({}, ["--deployment_group=x"], "Unknown flag '--deployment_group'. Did you mean --deployment-group?"),
        ({}, ["--app=x"], "Unknown flag '--app'. Use application."),
        ({}, ["--quite"], "Unknown flag '--quite'. Did you mean --quiet?"),
        ({}, ["-x"], "Unknown flag '-x'. Remove it; the README and --help list all inputs."),
        (
            {},
            ["--region=eu-west-1", "--", "word"],
            "Unexpected word 'word' on the command line. Write inputs as",
        ),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(
    environ: dict[str, str], argv: list[str], said: str
) -> None:
    assert any(text.startswith(said) for text in problems(REQUIRED | environ, *argv))


def test_what_the_runner_reads_itself_is_no_unknown_input() -> None:
    """GitHub passes `with: args` and `with: entrypoint` on as variables too."""
    assert loaded(args="--timeout 5m", entrypoint="/bin/sh")


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(loaded(), "application", "other")  # noqa: B010 - mypy knows that it is frozen


def test_the_process_environment_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPUT_APPLICATION", "other")
    monkeypatch.setenv("application", "other")
    monkeypatch.setenv("APPLICATION", "other")
    assert load({"INPUT_STOP-AFTER": "package"}, ["--region", "eu-west-1"]).application == ""


INHERITED = {
    "INPUT_PRE_FLIGHT": "off",
    "INPUT_ROLE_TO_ASSUME": "arn:aws:iam::123456789012:role/other",
    "INPUT_OUTPUTS_FILE": "elsewhere",
    "INPUT_DEPLOYMENT_ID": "d-ABCDEFGHI",
    "INPUT_On_Conflict": "stop",
}


def test_an_earlier_step_on_github_does_not_make_another_run_of_this_one() -> None:
    step = {"INPUT_APPLICATION": "web", "INPUT_DEPLOYMENT-GROUP": "production", "INPUT_BUCKET": "releases"}
    github = {"GITHUB_ACTIONS": "true", **step}
    assert load({**github, **INHERITED}, []) == load(github, [])
    told = list(inherited_inputs({**github, **INHERITED}))
    assert [problem.message.split()[0] for problem in told] == list(INHERITED)
    assert {problem.severity for problem in told} == {Severity.WARNING}
    assert load({**step, **INHERITED, "INPUT_DEPLOYMENT_ID": ""}, []).on_conflict == "stop", (
        "elsewhere they count"
    )


def test_what_github_s_environment_says_beside_the_step_is_said_and_never_wins() -> None:
    environ = {"GITHUB_ACTIONS": "true", "INPUT_APPLICATION": "web", "INPUT_application": "evil"}
    environ |= {"INPUT_DEPLOYMENT-GROUP": "", "INPUT_DEPLOYMENT_GROUP": "staging", "INPUT_BUCKET": "releases"}
    settings = load(environ, [])
    assert (settings.application, settings.deployment_group) == ("web", "staging")
    (notice,) = inherited_inputs(environ)
    assert notice.message.startswith("Input deployment-group is from INPUT_DEPLOYMENT_GROUP of the job's env")
