from __future__ import annotations

import io
import json
import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from deployer.choices import Shell
from deployer.command import Call, Command, parse
from deployer.main import execute
from deployer.reference.completion import COMMANDS, completion
from deployer.reference.inputs import OPTIONS, entries
from deployer.settings.model import inputs

if TYPE_CHECKING:
    from pathlib import Path

ROLE = "--role-to-assume=arn:aws:iam::123456789012:role/deploy"


@pytest.mark.parametrize(
    ("argv", "call"),
    [
        ([], Call(Command.RUN, [])),
        (["--region", "eu-west-1"], Call(Command.RUN, ["--region", "eu-west-1"])),
        (["run", "--region", "eu-west-1"], Call(Command.RUN, ["--region", "eu-west-1"])),
        (["--region", "eu-west-1", "--help"], Call(Command.HELP)),
        (["nonsense", "-h"], Call(Command.HELP)),
        (["help", "policy"], Call(Command.HELP)),
        (["--version"], Call(Command.VERSION)),
        (["version"], Call(Command.VERSION)),
        (["policy", "--bucket", "releases"], Call(Command.POLICY, ["--bucket", "releases"])),
        (["policy", "--bucket", "releases", "--trust"], Call(Command.TRUST, ["--bucket", "releases"])),
        (["completion", "zsh"], Call(Command.COMPLETION, ["zsh"])),
        (["-v", "--region", "x"], Call(Command.RUN, ["--region", "x"], verbose=True)),
        (["--quiet", "run"], Call(Command.RUN, [], quiet=True)),
    ],
)
def test_commands(argv: list[str], call: Call) -> None:
    assert parse(argv) == call


@pytest.mark.parametrize(
    ("argv", "message", "hint"),
    [
        (["polcy"], "Unknown command 'polcy'.", "Did you mean policy? Write inputs as --name=value; "),
        (["deploy"], "Unknown command 'deploy'.", "Write inputs as --name=value; "),
        (
            ["-q", "--verbose"],
            "The flags --verbose and --quiet contradict each other.",
            "Remove one of them.",
        ),
        (["completion"], "Completion needs the name of one shell: bash, zsh, fish.", "Write deployer "),
        (
            ["completion", "tcsh"],
            "Completion needs the name of one shell: bash, zsh, fish.",
            "Write deployer ",
        ),
    ],
)
def test_a_wrong_command_is_told_on_stderr(
    argv: list[str], message: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stdout = io.StringIO()
    assert execute(argv, {}, stdout) == 2
    assert stdout.getvalue() == ""
    assert f"error: {message}\n  {hint}" in capsys.readouterr().err


def test_a_call_without_inputs_leads_to_the_help() -> None:
    """One problem, not one for each input; but a variable that only lacks its prefix is pointed out."""
    stdout = io.StringIO()
    assert execute([], {"AWS_REGION": "eu-west-1"}, stdout) == 2
    assert stdout.getvalue().count("error: ") == 1
    assert "`deployer --help` lists all inputs." in stdout.getvalue()
    stdout = io.StringIO()
    assert execute([], {"S3_BUCKET": "releases"}, stdout) == 2
    assert "The variable S3_BUCKET is set, but is not an input" in stdout.getvalue()
    stdout = io.StringIO()
    assert execute(["--region=eu-west-1"], {}, stdout) == 2
    assert stdout.getvalue().count("is missing") == 3


def test_quiet_leaves_problems_and_verbose_adds_debug_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source that is fine is no news; a broken one is told all the same."""
    (tmp_path / "appspec.yml").write_text("version: 0.0\nos: linux\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    flags = ["--stop-after=package", "--application=hello-web"]
    logs = {}
    for switch in ("--quiet", "--verbose", "--pre-flight=off"):
        stream = io.StringIO()
        assert execute([*flags, switch], {}, stream) == 0
        logs[switch] = stream.getvalue()
    assert logs["--quiet"] == ""
    assert "debug: " in logs["--verbose"]
    assert "debug: " not in logs["--pre-flight=off"]
    assert "== Package" in logs["--pre-flight=off"]
    (tmp_path / "appspec.yml").write_text("version: 0.0\nos: lnux\n", encoding="utf-8")
    stream = io.StringIO()
    assert execute([*flags, "--quiet"], {}, stream) == 3
    assert "error: " in stream.getvalue()


def completed(line: str) -> set[str]:
    """The words that bash offers at the end of a line, split as bash splits it."""
    words = re.findall(r"=|[^ =]+|(?<= )$", line)
    script = completion(Shell.BASH)
    asks = f"COMP_WORDS=({' '.join(word or repr('') for word in words)}) COMP_CWORD={len(words) - 1}"
    call = '_deployer deployer "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"; echo "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["bash", "-c", f"{script}\n{asks}\n{call}"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_bash_completes_commands_flags_and_values() -> None:
    assert {*COMMANDS} == {*Command} - {Command.RUN, Command.TRUST}
    assert completed("deployer ") > {*COMMANDS, *(f"--{name}" for name in inputs())}
    assert completed("deployer pol") == {"policy"}
    assert completed("deployer completion ") == {"bash", "zsh", "fish"}
    assert completed("deployer --on-ca") == {"--on-cancel"}
    assert completed("deployer --bundle-type=t") == {"tgz", "tar"}
    assert completed("deployer --on-cancel ") == {"leave", "stop", "rollback"}
    assert completed("deployer --on-cancel=") == {"leave", "stop", "rollback"}
    assert completed("deployer --restart --cont") == {"--continue"}
    assert completed("deployer --source ") == set(), "a file, which bash completes itself"


def test_zsh_is_told_every_command_flag_and_value_in_words_of_its_own() -> None:
    """Each is one word of the shell, in which `_arguments` reads brackets and colons as its own."""
    words = shlex.split(completion(Shell.ZSH), comments=True)
    specs = {found[1]: each for each in words if (found := re.match(r"\*?(--[\w-]+)=?\[", each))}
    assert specs.keys() == {*OPTIONS, *(f"--{entry.name}" for entry in entries())}
    for entry in entries():
        spec = specs[f"--{entry.name}"]
        about = re.sub(r"\\(.)", r"\1", spec[spec.index("[") + 1 : re.search(r"(?<!\\)\]", spec).start()])  # type: ignore[union-attr]
        assert about == entry.gist.replace("`", "")
        value = re.search(r":value:(.*)$", spec)
        assert (value is None) is entry.is_switch
        if entry.choices:
            assert value
            assert value[1] == f"({' '.join(entry.choices)})"
    (commands,) = (each for each in words if each.startswith("1:command:"))
    assert [name for name in COMMANDS if f"{name}\\:" in commands] == [*COMMANDS]
    assert f"2:shell:({' '.join(Shell)})" in words


def test_fish_is_told_every_command_flag_and_value() -> None:
    lines = [each for each in completion(Shell.FISH).splitlines() if not each.startswith("#")]
    assert all(each.startswith("complete --command deployer ") for each in lines)
    told = {}
    for line in lines:
        if name := re.search(r" --long-option ([\w-]+)", line):
            text = re.search(r" --description '((?:[^'\\]|\\.)*)'$", line)
            assert text, line
            told[name[1]] = (line, re.sub(r"\\(.)", r"\1", text[1]))
    assert told.keys() == {*(each.removeprefix("--") for each in OPTIONS), *inputs()}
    for entry in entries():
        line, about = told[entry.name]
        assert about == entry.gist.replace("`", "")
        assert ("--require-parameter" in line) is (not entry.is_switch and not entry.choices)
        if entry.choices:
            assert f"--exclusive --arguments '{' '.join(entry.choices)}'" in line
    offered = [found[1] for line in lines if (found := re.search(r"subcommand --arguments (\w+)", line))]
    assert offered == [*COMMANDS]


@pytest.mark.parametrize(("shell", "check"), [(Shell.ZSH, "-n"), (Shell.FISH, "--no-execute")])
def test_the_shell_itself_can_read_its_script(shell: Shell, check: str, tmp_path: Path) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not on this machine")
    script = tmp_path / "script"
    script.write_text(completion(shell), encoding="utf-8")
    done = subprocess.run([shell, check, str(script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


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
    assert "error: No inputs are set." in capsys.readouterr().err
