"""The image as GitHub's hosted runner starts it: folders, users, signals, and a hostile workspace."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.container.docker import HARDENED, ROOT, RUNNER_UID, Job, docker, make_job
from tests.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.s3 import S3Server

SHADOWED = ("boto3", "botocore", "deployer", "json", "pydantic", "yaml", "sitecustomize", "usercustomize")


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


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_limit_of_processes_costs_time_alone(
    image: str, workspace: Path, tmp_path: Path, limit: int
) -> None:
    """Many files are packed to the same bytes by the one process, or thread, that there may be."""
    for number in range(2500):
        (workspace / f"{number}").write_bytes(b"%d" % number * 9)
    job = make_job(tmp_path, workspace, {"INPUT_STOP-AFTER": "package"})
    limited = job.run(image, f"--pids-limit={limit}", *HARDENED)
    assert limited.returncode == 0, limited.stdout
    assert limited.stdout == job.run(image).stdout


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
    ("script", "name"),
    [((), "INPUT_STOP-AFTER"), (("sh", "-c", "deployer"), "INPUT_STOP_AFTER")],
    ids=["command", "shell"],
)
def test_the_command_is_isolated_too(
    image: str, workspace: Path, tmp_path: Path, script: tuple[str, ...], name: str
) -> None:
    """`deployer` in a job's script is as deaf to the workspace as the entry point is."""
    (workspace / "deployer.py").write_text("print('HOSTILE')\n")
    job = make_job(tmp_path, workspace, {"PYTHONPATH": "/github/workspace", name: "package"})
    entrypoint, *arguments = script or ("deployer",)
    done = job.run(image, f"--entrypoint={entrypoint}", arguments=tuple(arguments))
    assert done.returncode == 0, done.stdout
    assert "HOSTILE" not in done.stdout
    assert job.outputs()["status"] == "planned"


@pytest.fixture
def deaf() -> Iterator[str]:
    """A service that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def interrupted(job: Job, image: str, heading: str, number: signal.Signals) -> tuple[int, str]:
    """Send a signal to the step once it prints the heading; its exit code and output come out."""
    name = f"deployer-{uuid4().hex[:8]}"
    with subprocess.Popen(
        ["docker", *job.command(image, f"--name={name}")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        printed = []
        try:
            for line in process.stdout:
                printed.append(line)
                if line.removeprefix("::group::").split()[:1] == [heading]:
                    docker("kill", f"--signal={number.name}", name)
            return process.wait(timeout=30), "".join(printed)
        finally:
            docker("rm", "--force", name, check=False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_cancelled_wait(image: str, s3: S3Server, step: Callable[..., Job], number: signal.Signals) -> None:
    """As process 1 the program ends with the signal's code; the outputs already name the deployment."""
    with Emulator(scenario="stuck") as emulator:
        job = step(emulator.url, s3.url)
        code, printed = interrupted(job, image, "Wait", number)
        assert code == 128 + number, printed
        deployment = emulator.deployments[0]
    assert job.outputs()["deployment-id"] == deployment.id
    assert f"Deployment {deployment.id} is still running" in printed
    assert "Traceback" not in printed


def test_a_cancelled_deployment_is_stopped_where_that_is_asked_for(
    image: str, s3: S3Server, step: Callable[..., Job]
) -> None:
    """`on-cancel: stop` has CodeDeploy stop it, and says so."""
    with Emulator(scenario="stuck") as emulator:
        job = step(emulator.url, s3.url, **{"INPUT_ON-CANCEL": "stop"})
        code, printed = interrupted(job, image, "Wait", signal.SIGINT)
        assert code == 130, printed
        assert emulator.deployments[0].rollback_wanted is False
    assert f"Stopping deployment {job.outputs()['deployment-id']}" in printed


@pytest.mark.parametrize(
    ("stage", "operation"), [("Register", "RegisterApplicationRevision"), ("Deploy", "CreateDeployment")]
)
def test_sigterm_while_codedeploy_is_slow(
    image: str, s3: S3Server, step: Callable[..., Job], stage: str, operation: str
) -> None:
    """A request under way does not hold up the end."""
    with Emulator() as emulator:
        emulator.faults.add(operation, "slow", seconds=8.0)
        job = step(emulator.url, s3.url)
        code, printed = interrupted(job, image, stage, signal.SIGTERM)
    assert code == 143, printed
    assert "Traceback" not in printed


def test_sigterm_while_uploading(image: str, deaf: str, step: Callable[..., Job]) -> None:
    """Nor does an upload that gets nowhere."""
    with Emulator() as emulator:
        job = step(emulator.url, deaf)
        code, printed = interrupted(job, image, "Upload", signal.SIGTERM)
    assert code == 143, printed
    assert "Traceback" not in printed


def test_sigterm_while_looking_at_the_group(image: str, deaf: str, step: Callable[..., Job]) -> None:
    """Nor does a CodeDeploy that never answers."""
    code, printed = interrupted(step(deaf, deaf), image, "Region", signal.SIGTERM)
    assert code == 143, printed
    assert "Traceback" not in printed


def test_sigterm_while_packaging(image: str, deaf: str, workspace: Path, step: Callable[..., Job]) -> None:
    """Nor does a tree that takes long to read."""
    for number in range(64):
        with (workspace / f"large-{number}.bin").open("wb") as file:
            os.truncate(file.fileno(), 1 << 29)
    job = step(deaf, deaf)
    code, printed = interrupted(job, image, "Package", signal.SIGTERM)
    assert code == 143, printed
    assert "Traceback" not in printed


def test_the_example_application_serves(base: str) -> None:
    """The scripts of the example, in the order in which the agent runs them, twice over."""
    hooks = "after_install application_start validate_service"
    script = f"""
    for round in 1 2; do
      bash /revision/scripts/application_stop.sh
      bash /revision/scripts/before_install.sh
      mkdir /opt/hello-web
      cp -r /revision/server.py /revision/public /opt/hello-web
      for hook in {hooks}; do bash "/revision/scripts/$hook.sh" | cat; done
    done
    bash /revision/scripts/application_stop.sh
    ! bash -c 'exec 3<>/dev/tcp/127.0.0.1/8080' 2>/dev/null
    """
    example = ROOT / "examples" / "hello-web"
    done = docker("run", "--rm", f"--volume={example}:/revision:ro", base, "sh", "-ec", script)
    assert done.stdout.count("http://127.0.0.1:8080 answers") == 2
