"""What the container tests share: the image that `make e2e` built, and the engine that runs it."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.container.docker import PUBLISHED, ROOT, Job, docker, make_job
from tests.container.services import BUCKET, aws_variables
from tests.s3 import S3Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands in this folder, so that `-m "not container"` leaves it out.

    An image that is built, or a workflow of seven jobs, takes minutes on a busy machine.
    """
    for item in items:
        if "tests/container/" in item.nodeid:
            item.add_marker(pytest.mark.container)
            item.add_marker(pytest.mark.timeout(300))


def environment(name: str) -> str:
    """A variable that `.ci/with-image` sets; the tests have to fail, not to skip, where it is not there."""
    if name not in os.environ:
        pytest.fail(f"{name} is not set: run `make e2e`")
    return os.environ[name]


@pytest.fixture(scope="session")
def image() -> str:
    """The tag of the image under test, which the name that users know it by points at too."""
    tag = environment("IMAGE")
    docker("tag", tag, PUBLISHED)
    return tag


@pytest.fixture(scope="session")
def base() -> str:
    """The image that it was built from: the official one, or a stand-in where no registry answers."""
    return environment("BASE")


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """S3 with a versioned bucket."""
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        server.create_bucket(BUCKET, versioned=True)
        yield server


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "examples" / "hello-web", tmp_path / "workspace")


@pytest.fixture
def step(workspace: Path, tmp_path: Path) -> Callable[..., Job]:
    """Lay out a step that deploys the example: `step(codedeploy_url, s3_url, **variables)`."""

    def lay_out(codedeploy_url: str, s3_url: str, **variables: str) -> Job:
        inputs = aws_variables(codedeploy_url, s3_url) | {
            "INPUT_APPLICATION": "hello-web",
            "INPUT_DEPLOYMENT-GROUP": "production",
            "INPUT_BUCKET": BUCKET,
            "INPUT_DESCRIPTION": "",
        }
        return make_job(tmp_path, workspace, inputs | variables)

    return lay_out
