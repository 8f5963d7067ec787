from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING

import pytest

from deployer.errors import InvalidInput
from deployer.main import Command, execute, split_command

if TYPE_CHECKING:
    from pathlib import Path

ROLE = "--role-to-assume=arn:aws:iam::123456789012:role/deploy"


@pytest.mark.parametrize(
    ("argv", "command", "rest"),
    [
        ([], Command.RUN, []),
        (["--region", "eu-west-1"], Command.RUN, ["--region", "eu-west-1"]),
        (["run", "--region", "eu-west-1"], Command.RUN, ["--region", "eu-west-1"]),
        (["--region", "eu-west-1", "--help"], Command.HELP, []),
        (["nonsense", "-h"], Command.HELP, []),
        (["--version"], Command.VERSION, []),
        (["policy", "--bucket", "releases"], Command.POLICY, ["--bucket", "releases"]),
        (["policy", "--bucket", "releases", "--trust"], Command.TRUST, ["--bucket", "releases"]),
    ],
)
def test_commands(argv: list[str], command: Command, rest: list[str]) -> None:
    assert split_command(argv)[0] is command
    assert list(split_command(argv)[1]) == rest


def test_an_unknown_command_is_told_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput) as caught:
        split_command(["polcy"])
    (problem,) = caught.value.problems
    assert problem.message == "Unknown command 'polcy'."
    assert problem.hint == (
        "Did you mean policy? Write inputs as --name=value; --help lists them, and the commands."
    )


@pytest.mark.parametrize(
    ("word", "hint"),
    [("help", "Did you mean --help?"), ("version", "Did you mean --version?"), ("deploy", "Write inputs as")],
)
def test_an_unknown_command_is_told_on_stderr(
    word: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stdout = io.StringIO()
    assert execute([word, "--region=eu-west-1"], {}, stdout) == 2
    assert stdout.getvalue() == ""
    assert f"Unknown command '{word}'.\n  {hint}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("environ", "flags", "words"),
    [
        ({}, [], ["ACCOUNT", "OWNER/REPOSITORY", "ENVIRONMENT"]),
        ({"GITHUB_REPOSITORY": "a/b", "GITHUB_REF": "refs/pull/1/merge"}, [], ["ACCOUNT", "ENVIRONMENT"]),
        ({"GITHUB_REPOSITORY": "PROJECT/TAG", "GITHUB_REF": "refs/heads/BRANCH"}, [ROLE], []),
        ({"GITLAB_CI": "true"}, [ROLE], ["GROUP/PROJECT", "BRANCH"]),
        ({"GITLAB_CI": "true", "CI_COMMIT_TAG": "1"}, [ROLE], ["GROUP/PROJECT", "TAG"]),
        ({"CIRCLECI": "true"}, [ROLE], ["ORGANIZATION", "PROJECT", "ORIGIN", "BRANCH"]),
        ({"BITBUCKET_WORKSPACE": "acme"}, [ROLE], ["REPOSITORY", "ENVIRONMENT_UUID"]),
        ({"BITBUCKET_WORKSPACE": "acme", "BITBUCKET_REPO_UUID": "{1}"}, [ROLE], ["ENVIRONMENT_UUID"]),
    ],
)
def test_what_has_to_be_replaced_in_a_trust_policy_is_said_on_stderr(
    environ: dict[str, str], flags: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each placeholder that the policy holds, and no other; stdout is the policy alone."""
    stdout = io.StringIO()
    assert execute(["policy", "--trust", *flags], environ, stdout) == 0
    told = re.findall(r"^Replace (\S+) with .*\.$", capsys.readouterr().err, re.MULTILINE)
    assert told == words
    policy = json.dumps(json.loads(stdout.getvalue()))
    assert all(word in policy for word in words)


def test_what_a_policy_could_not_narrow_is_said_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    needed = ["policy", "--application=a", "--deployment-group=b", "--bucket=releases"]
    assert execute(needed, {}, io.StringIO()) == 0
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()] == [
        "The account in the ARNs is *",
        "The region in the ARNs is *",
    ]
    assert execute([*needed, ROLE, "--region=eu-west-1"], {}, io.StringIO()) == 0
    assert capsys.readouterr().err == ""


def test_everything_that_is_wrong_with_the_inputs_is_told_at_once(tmp_path: Path) -> None:
    """Documents, placeholders that this job has no value for, and files that cannot be written too."""
    stdout = io.StringIO()
    argv = ["--bucket=releases", "--key={sha}.zip", "--region=Ireland", "--timeout=30"]
    argv += ["--target-instances=autoScalingGroup: [a]", "--parameters=deploymentMod: RESTART"]
    argv += [f"--summary-file={tmp_path}/no/summary.md", f"--outputs-file={tmp_path}/outputs.env"]
    assert execute(argv, {"DEPLOYMENT_GROUP": "a"}, stdout) == 2
    errors = [line for line in stdout.getvalue().splitlines() if line.startswith("error: ")]
    assert [error.split()[2].rstrip(":") for error in errors] == [
        *("application", "deployment-group", "--region", "key", "target-instances", "parameters"),
        *("--timeout", "summary-file"),
    ]
    assert "ERROR_MESSAGE='Input application is missing.'" in (tmp_path / "outputs.env").read_text()


def test_a_trust_policy_needs_no_inputs_and_errors_of_policy_go_to_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stdout = io.StringIO()
    job = {"GITHUB_REPOSITORY": "acme/hello-web", "GITHUB_REF": "refs/heads/main"}
    assert execute(["policy", "--trust"], job, stdout) == 0
    assert "repo:acme/hello-web:ref:refs/heads/main" in stdout.getvalue()
    stdout = io.StringIO()
    assert execute(["policy"], job, stdout) == 2
    assert stdout.getvalue() == ""
    assert "Input application is missing." in capsys.readouterr().err
