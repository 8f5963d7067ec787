"""The scripts that users may copy, run as they are: only the stand-ins' addresses are added."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.container.docker import ROOT
from tests.container.services import aws_variables
from tests.emulator import Emulator
from tests.recipes import recipes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.s3 import S3Server

    Shell = Callable[..., subprocess.CompletedProcess[str]]

RECIPES = {
    title: recipe
    for title, recipe in recipes().items()
    if recipe.command[0] == "docker" and "--role-to-assume" not in recipe.flags
}
JOBS = {
    "Docker": ({}, "== Deploy", ""),
    "Buildkite": ({"BUILDKITE": "true"}, "+++ Deploy", "annotation"),
    "Azure Pipelines": ({"TF_BUILD": "True"}, "##[section]Deploy", "codedeploy.md"),
    "TeamCity": ({"TEAMCITY_VERSION": "2025.11"}, "##teamcity[blockOpened name='Deploy']", "codedeploy.xml"),
}
"""What the CI sets, a line of its log, and the report that it is shown."""


@pytest.fixture
def shell(image: str, tmp_path: Path) -> Shell:
    """Run a script in the example's folder: `shell(script, variables)`; its reports go to `tmp_path`."""
    assert image
    tools = tmp_path / "bin"
    tools.mkdir()
    options = "--network=host --env AWS_ENDPOINT_URL --env AWS_ENDPOINT_URL_S3"
    for name, text in (
        ("docker", f'shift\nexec {shutil.which("docker")} run {options} "$@"\n'),
        ("buildkite-agent", f"echo \"$@\"\ncat >'{tmp_path}/annotation'\n"),
    ):
        (tools / name).write_text(f"#!/bin/sh\n{text}")
        (tools / name).chmod(0o755)
    folder = shutil.copytree(ROOT / "examples" / "hello-web", tmp_path / "workspace")
    common = {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "TMPDIR": str(tmp_path),
        "AGENT_TEMPDIRECTORY": str(tmp_path),
    }

    def run(*command: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=folder,
            env=os.environ | common | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    return run


def test_the_docker_run_example(shell: Shell, s3: S3Server) -> None:
    """The script that users may copy deploys the folder it is called in."""
    with Emulator(speed=10) as emulator:
        script = str(ROOT / "examples" / "docker-run.sh")
        done = shell(script, "--timeout", "1m", variables=aws_variables(emulator.url, s3.url))
        assert done.returncode == 0, done.stdout
        assert emulator.deployments[0].id in done.stdout


def test_each_script_of_the_recipes_is_run() -> None:
    assert RECIPES.keys() == JOBS.keys()


@pytest.mark.parametrize("title", JOBS)
def test_a_recipe_runs(shell: Shell, s3: S3Server, tmp_path: Path, title: str) -> None:
    """It deploys, speaks the CI's dialect, and leaves the report where the script looks for it."""
    job, heading, report = JOBS[title]
    with Emulator(speed=50) as emulator:
        variables = aws_variables(emulator.url, s3.url) | job
        done = shell("bash", "-c", RECIPES[title].script, variables=variables)
    assert done.returncode == 0, done.stdout
    assert heading in done.stdout.splitlines()
    assert not report or "hello-web" in (tmp_path / report).read_text(encoding="utf-8")


def test_a_recipe_fails_with_the_deployment(shell: Shell, s3: S3Server, tmp_path: Path) -> None:
    """A script that reports after the deployer ends with the deployer's exit code all the same."""
    with Emulator(scenario="fails-after-install", speed=50) as emulator:
        variables = aws_variables(emulator.url, s3.url) | JOBS["Buildkite"][0]
        done = shell("bash", "-c", RECIPES["Buildkite"].script, variables=variables)
    assert done.returncode == 10, done.stdout
    assert "annotate --context codedeploy --style error" in done.stdout
    assert "after_install.sh" in (tmp_path / "annotation").read_text(encoding="utf-8")
