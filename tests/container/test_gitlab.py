"""The example's pipeline, run by gitlab-ci-local: the component, its report, and a job that reads it."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.container.docker import ROOT, builder
from tests.container.services import aws_variables, commit
from tests.emulator import Emulator

if TYPE_CHECKING:
    from pathlib import Path

    from tests.s3 import S3Server

RUNNER = ROOT / ".ci" / "npm" / "node_modules" / ".bin" / "gitlab-ci-local"


@pytest.fixture(scope="module")
def helper(base: str) -> str:
    """The image in which the runner collects artifacts, with rsync."""
    install = "apt-get update -qq && apt-get install -y -qq --no-install-recommends rsync >/dev/null"
    subprocess.run(
        ["docker", "build", "--quiet", "--tag=deployer:gitlab-helper", "-"],
        input=f"FROM {base}\nRUN {install}\n",
        env=os.environ | {"DOCKER_BUILDKIT": builder()},
        text=True,
        check=True,
    )
    return "deployer:gitlab-helper"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An application's repository whose pipeline is the example."""
    folder = shutil.copytree(ROOT / "examples" / "hello-web", tmp_path / "project")
    shutil.copy(ROOT / "examples" / "gitlab-ci.yml", folder / ".gitlab-ci.yml")
    (folder / ".codedeployignore").write_text(".gitlab*\n")
    commit(folder, origin="git@gitlab.com:octo-org/hello-web.git")
    return folder


@pytest.fixture
def server(tmp_path: Path) -> dict[str, str]:
    """Variables that make git find the component's repository, at its first version, on this machine."""
    repository = tmp_path / "gitlab" / "deployer"
    shutil.copytree(ROOT / "templates", repository / "templates")
    commit(repository)
    subprocess.run(["git", "tag", "1.0.0"], cwd=repository, check=True)
    repository.with_suffix(".git").symlink_to(repository)
    variables = {"GIT_CONFIG_COUNT": "2"}
    for index, address in enumerate(("git@gitlab.com:", "ssh://git@gitlab.com:22/")):
        variables[f"GIT_CONFIG_KEY_{index}"] = f"url.file://{repository.parent}/.insteadOf"
        variables[f"GIT_CONFIG_VALUE_{index}"] = f"{address}codedeploy-deployer/"
    return variables


def run(
    folder: Path, helper: str, *, server: dict[str, str], variables: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run the whole pipeline."""
    # The stand-in says GITLAB_CI=false, which GitLab itself never does.
    # It issues no id_tokens either, so the job uses the access keys instead of the role.
    variables = variables | {"GITLAB_CI": "true", "INPUT_ROLE_TO_ASSUME": ""}
    options = ("--helper-image", helper, "--pull-policy", "if-not-present", "--network", "host")
    return subprocess.run(
        [
            *(RUNNER, *options, "--home", str(folder.parent / "home")),
            *(f"--variable={name}={value}" for name, value in variables.items()),
        ],
        cwd=folder,
        env=os.environ | server | {"HOME": str(folder.parent / "home")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.mark.usefixtures("image")
def test_a_pipeline_deploys(helper: str, server: dict[str, str], s3: S3Server, project: Path) -> None:
    """Jobs rehearse and deploy in sections that fold; a later one has the outputs as variables."""
    with Emulator(speed=10) as emulator:
        done = run(project, helper, server=server, variables=aws_variables(emulator.url, s3.url))
        assert done.returncode == 0, done.stdout
        deployment = emulator.deployments[0].id
    assert "deployer_package took" in done.stdout  # as this runner shows a section that it understood
    assert "> succeeded, see https://eu-west-1.console.aws.amazon.com/" in done.stdout
    assert deployment in done.stdout.rpartition("> succeeded, see ")[2]


@pytest.mark.usefixtures("image")
def test_a_failed_deployment_fails_the_pipeline(
    helper: str, server: dict[str, str], s3: S3Server, project: Path
) -> None:
    """The job is red, it says which script failed, and no later job runs."""
    with Emulator(scenario="fails-after-install", speed=10) as emulator:
        done = run(project, helper, server=server, variables=aws_variables(emulator.url, s3.url))
    assert done.returncode != 0
    assert "scripts/after_install.sh" in done.stdout
    assert "> failed, see" not in done.stdout
