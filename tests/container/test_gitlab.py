"""A real pipeline, run by gitlab-ci-local: the component, its report, and a job that reads it."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.container.docker import ROOT, builder
from tests.container.services import BUCKET, aws_variables, commit
from tests.emulator import Emulator

if TYPE_CHECKING:
    from pathlib import Path

    from tests.s3 import S3Server

RUNNER = ROOT / ".ci" / "npm" / "node_modules" / ".bin" / "gitlab-ci-local"


def project(folder: Path, image: str, base: str, variables: dict[str, str]) -> Path:
    """An application's repository whose pipeline includes the component and reads its report."""
    shutil.copytree(ROOT / "examples" / "hello-web", folder)
    (folder / "templates").mkdir()
    shutil.copy(ROOT / "templates" / "deploy.yml", folder / "templates")
    pipeline = {
        "stages": ["deploy", "after"],
        # The runner's stand-in says GITLAB_CI=false, which GitLab itself never does.
        "variables": variables | {"GITLAB_CI": "true"},
        "include": [
            {
                "local": "templates/deploy.yml",
                "inputs": {
                    "image": image,
                    "application": "hello-web",
                    "deployment-group": "production",
                    "bucket": BUCKET,
                },
            }
        ],
        "read": {
            "stage": "after",
            "image": base,
            "script": ['echo "read [$CODEDEPLOY_STATUS] [$CODEDEPLOY_DEPLOYMENT_ID]"'],
        },
    }
    (folder / ".gitlab-ci.yml").write_text(yaml.safe_dump(pipeline), encoding="utf-8")
    commit(folder)
    return folder


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


def run(folder: Path, helper: str) -> subprocess.CompletedProcess[str]:
    """Run the whole pipeline."""
    options = ("--helper-image", helper, "--pull-policy", "if-not-present", "--network", "host")
    return subprocess.run(
        [RUNNER, *options, "--home", str(folder.parent / "home")],
        cwd=folder,
        env=os.environ | {"HOME": str(folder.parent / "home")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_a_pipeline_deploys(image: str, base: str, helper: str, s3: S3Server, tmp_path: Path) -> None:
    """The component's job deploys in sections that fold, and a later job has its outputs as variables."""
    with Emulator(speed=10) as emulator:
        folder = project(tmp_path / "project", image, base, aws_variables(emulator.url, s3.url))
        done = run(folder, helper)
        assert done.returncode == 0, done.stdout
        assert f"read [succeeded] [{emulator.deployments[0].id}]" in done.stdout, done.stdout
    assert "deployer_package took" in done.stdout  # as this runner shows a section that it understood


def test_a_failed_deployment_fails_the_pipeline(
    image: str, base: str, helper: str, s3: S3Server, tmp_path: Path
) -> None:
    """The job is red, it says which script failed, and no later job runs."""
    with Emulator(scenario="fails-after-install", speed=10) as emulator:
        folder = project(tmp_path / "project", image, base, aws_variables(emulator.url, s3.url))
        done = run(folder, helper)
    assert done.returncode != 0
    assert "scripts/after_install.sh" in done.stdout
    assert "read [" not in done.stdout
