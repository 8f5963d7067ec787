"""The image as GitHub's hosted runner starts it: folders, users, signals, and a hostile workspace."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.container.docker import HARDENED, ROOT, RUNNER_UID, Job, docker, make_job
from tests.emulator import Emulator
from tests.s3 import REGION, S3Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BUCKET = "container-revisions"
SHADOWED = ("boto3", "botocore", "deployer", "json", "pydantic", "yaml", "sitecustomize", "usercustomize")


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
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
        inputs = {
            "AWS_ACCESS_KEY_ID": S3Server.access_key,
            "AWS_SECRET_ACCESS_KEY": S3Server.secret_key,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": codedeploy_url,
            "AWS_ENDPOINT_URL_S3": s3_url,
            "INPUT_APPLICATION": "hello-web",
            "INPUT_DEPLOYMENT-GROUP": "production",
            "INPUT_BUCKET": BUCKET,
            "INPUT_DESCRIPTION": "",
        }
        return make_job(tmp_path, workspace, inputs | variables)

    return lay_out


def snapshot(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Everything about a tree that a program could have changed."""
    return {
        str(path.relative_to(folder)): (stat.st_mode, stat.st_mtime_ns, stat.st_uid)
        for path in folder.rglob("*")
        for stat in [path.lstat()]
    }


def test_a_step_deploys(image: str, s3: S3Server, workspace: Path, step: Callable[..., Job]) -> None:
    """Hyphenated inputs arrive, outputs and summary are written, the workspace is left as it was."""
    with Emulator(speed=10) as emulator:
        job = step(emulator.url, s3.url)
        before = snapshot(workspace)
        done = job.run(image)
        assert done.returncode == 0, done.stdout
        outputs = job.outputs()
        assert outputs["status"] == "succeeded"
        assert outputs["deployment-id"] == emulator.deployments[0].id
    assert "::group::" in done.stdout
    assert outputs["deployment-id"] in job.summary.read_text(encoding="utf-8")
    assert snapshot(workspace) == before


@pytest.mark.parametrize("uid", [0, 1000, RUNNER_UID])
def test_no_privilege_is_needed(image: str, s3: S3Server, step: Callable[..., Job], uid: int) -> None:
    """A read-only root, no capability, whatever user: the deployment succeeds all the same."""
    with Emulator(speed=10) as emulator:
        job = step(emulator.url, s3.url)
        done = job.run(image, *HARDENED, f"--user={uid}:{uid}")
    assert done.returncode == 0, done.stdout
    assert job.outputs()["status"] == "succeeded"


def test_a_hostile_workspace_changes_nothing(
    image: str, s3: S3Server, workspace: Path, step: Callable[..., Job]
) -> None:
    """Modules, start-up files and settings that lie in the workspace or in PYTHON variables never run."""
    trap = "import os; print('HOSTILE', flush=True); os._exit(99)\n"
    for name in SHADOWED:
        (workspace / f"{name}.py").write_text(trap)
    (workspace / "deployer").mkdir()
    (workspace / "deployer" / "__init__.py").write_text(trap)
    (workspace / "evil.pth").write_text(trap)
    (workspace / "pyproject.toml").write_text('[tool.deployer]\napplication = "HOSTILE"\n')
    (workspace / ".env").write_text("INPUT_APPLICATION=HOSTILE\nAWS_REGION=hostile-1\n")
    (workspace / "pyvenv.cfg").write_text("home = /github/workspace\n")
    hostile = {
        "PYTHONPATH": "/github/workspace",
        "PYTHONHOME": "/github/workspace",
        "PYTHONSTARTUP": "/github/workspace/boto3.py",
        "PYTHONUSERBASE": "/github/workspace",
        "PYTHONPYCACHEPREFIX": "/github/workspace",
        "PYTHONINSPECT": "1",
        "PYTHONWARNINGS": "error",
    }
    with Emulator(speed=10) as emulator:
        job = step(emulator.url, s3.url, **hostile)
        before = snapshot(workspace)
        done = job.run(image)
        assert done.returncode == 0, done.stdout
        assert emulator.deployments[0].application == "hello-web"
    assert "HOSTILE" not in done.stdout
    assert job.outputs()["status"] == "succeeded"
    assert snapshot(workspace) == before


@pytest.mark.parametrize(
    "arguments", [("--entrypoint=deployer",), ("--entrypoint=sh",)], ids=["command", "shell"]
)
def test_the_command_is_isolated_too(
    image: str, workspace: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """`deployer` in a job's script is as deaf to the workspace as the entry point is."""
    (workspace / "deployer.py").write_text("print('HOSTILE')\n")
    job = make_job(tmp_path, workspace, {"PYTHONPATH": "/github/workspace", "INPUT_STOP-AFTER": "package"})
    script = ("-c", "deployer") if arguments == ("--entrypoint=sh",) else ()
    done = job.run(image, *arguments, arguments=script)
    assert done.returncode == 0, done.stdout
    assert "HOSTILE" not in done.stdout
    assert job.outputs()["status"] == "planned"


@pytest.fixture
def deaf() -> Iterator[str]:
    """A service that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def interrupted(job: Job, image: str, sign: str, number: signal.Signals) -> tuple[int, str]:
    """Send a signal to the step once it has printed `sign`; its exit code and output come out."""
    name = f"deployer-{uuid4().hex[:8]}"
    process = subprocess.Popen(
        ["docker", *job.command(image, f"--name={name}")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    printed = []
    for line in process.stdout:
        printed.append(line)
        if sign in line:
            docker("kill", f"--signal={number.name}", name)
            break
    printed.append(process.stdout.read())
    return process.wait(timeout=30), "".join(printed)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_cancelled_wait(image: str, s3: S3Server, step: Callable[..., Job], number: signal.Signals) -> None:
    """As process 1 the program ends with the signal's code; the outputs already name the deployment."""
    with Emulator(scenario="stuck") as emulator:
        job = step(emulator.url, s3.url)
        code, printed = interrupted(job, image, "Wait for", number)
        assert code == 128 + number, printed
        deployment = emulator.deployments[0]
    assert job.outputs()["deployment-id"] == deployment.id
    assert f"Deployment {deployment.id} goes on" in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize(
    ("stage", "operation"), [("Register", "RegisterApplicationRevision"), ("Deploy", "CreateDeployment")]
)
def test_sigterm_while_codedeploy_is_slow(
    image: str, s3: S3Server, step: Callable[..., Job], stage: str, operation: str
) -> None:
    """A request under way does not hold up the end."""
    with Emulator() as emulator:
        emulator.faults.add(operation, "slow", seconds=20.0)
        job = step(emulator.url, s3.url)
        code, printed = interrupted(job, image, f"::group::{stage}", signal.SIGTERM)
    assert code == 143, printed
    assert "Traceback" not in printed


def test_sigterm_while_uploading(image: str, deaf: str, step: Callable[..., Job]) -> None:
    """Nor does an upload that gets nowhere."""
    job = step(deaf, deaf)
    code, printed = interrupted(job, image, "::group::Upload", signal.SIGTERM)
    assert code == 143, printed
    assert "Traceback" not in printed


def test_sigterm_while_packaging(image: str, deaf: str, workspace: Path, step: Callable[..., Job]) -> None:
    """Nor does a tree that takes long to read."""
    with (workspace / "large.bin").open("wb") as file:
        os.truncate(file.fileno(), 1 << 35)
    job = step(deaf, deaf)
    code, printed = interrupted(job, image, "::group::Package", signal.SIGTERM)
    assert code == 143, printed
    assert "Traceback" not in printed
