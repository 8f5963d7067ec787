from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from deployer.errors import InvalidInput
from deployer.main import Command, execute, split_command

if TYPE_CHECKING:
    from pathlib import Path


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
    assert problem.hint == "Commands: run, policy, policy --trust."


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
