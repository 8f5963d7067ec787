"""The docker command, and a job as GitHub's hosted runner lays it out for a container action."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

ROOT = Path(__file__).parents[2]
RUNNER_UID = 1001
PUBLISHED = "ghcr.io/codedeploy-deployer/deployer:1"

HARDENED = (
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
)


def docker(*arguments: str, check: bool = True, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run docker, its two streams in one."""
    done = subprocess.run(
        ["docker", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    if check and done.returncode:
        raise AssertionError(f"docker {' '.join(arguments)} ended {done.returncode}:\n{done.stdout}")
    return done


def builder() -> str:
    """The value of DOCKER_BUILDKIT that the docker command can follow."""
    return "0" if docker("buildx", "version", check=False).returncode else "1"


def python(image: str, code: str) -> str:
    """What a piece of code prints in the image's own environment."""
    return docker("run", "--rm", "--entrypoint=/opt/deployer/venv/bin/python", image, "-I", "-c", code).stdout


def weight(image: str) -> tuple[int, int]:
    """Bytes of the image's layers: as files, and as a registry keeps them."""
    with tempfile.TemporaryDirectory() as folder:
        docker("save", f"--output={folder}/image.tar", image)
        with tarfile.open(f"{folder}/image.tar") as saved:
            manifest = saved.extractfile("manifest.json")
            assert manifest
            layers = json.load(manifest)[0]["Layers"]
            contents = [file.read() for name in layers if (file := saved.extractfile(name))]
    unpacked = compressed = 0
    for content in contents:
        plain = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
        compressed += len(gzip.compress(plain))
        with tarfile.open(fileobj=io.BytesIO(plain)) as layer:
            unpacked += sum(entry.size for entry in layer)
    return unpacked, compressed


@dataclass(frozen=True, slots=True)
class Job:
    """A step's folders as the hosted runner mounts them, owned by its user, and the variables it sets."""

    folder: Path
    workspace: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def output(self) -> Path:
        """The file behind GITHUB_OUTPUT."""
        return self.folder / "set_output_1"

    @property
    def summary(self) -> Path:
        """The file behind GITHUB_STEP_SUMMARY."""
        return self.folder / "step_summary_1"

    def outputs(self) -> dict[str, str]:
        """What the step has written, read as the runner reads it."""
        values = {}
        lines = iter(self.output.read_text(encoding="utf-8").splitlines())
        for line in lines:
            name, _, delimiter = line.partition("<<")
            values[name] = "\n".join(iter(lambda: next(lines), delimiter))
        return values

    def command(self, image: str, *options: str, arguments: tuple[str, ...] = ()) -> list[str]:
        """The arguments for docker, as close to the runner's own as can be."""
        variables = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": "/github/workspace",
            "GITHUB_OUTPUT": f"/github/file_commands/{self.output.name}",
            "GITHUB_STEP_SUMMARY": f"/github/file_commands/{self.summary.name}",
            "GITHUB_REPOSITORY": "octo-org/hello-web",
            "GITHUB_SHA": "8f4b2c6d1e0a9b3c5d7e8f90a1b2c3d4e5f60718",
            "GITHUB_REF_NAME": "main",
            "GITHUB_RUN_ID": "4242",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_SERVER_URL": "https://github.com",
            "HOME": "/github/home",
        } | self.variables
        return [
            "run",
            "--rm",
            "--network=host",
            "--workdir=/github/workspace",
            f"--volume={self.workspace}:/github/workspace",
            f"--volume={self.folder}:/github/file_commands",
            *(f"--env={name}={value}" for name, value in variables.items()),
            *options,
            image,
            *arguments,
        ]

    def run(
        self, image: str, *options: str, arguments: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run the step to its end."""
        return docker(*self.command(image, *options, arguments=arguments), check=False)


def make_job(folder: Path, workspace: Path, variables: dict[str, str]) -> Job:
    """Lay out the folders; everybody may write the command files, as different users try."""
    commands = folder / f"file_commands_{uuid4().hex[:8]}"
    commands.mkdir()
    job = Job(commands, workspace, variables)
    for path in (job.output, job.summary):
        path.touch()
        path.chmod(0o666)
    for path in (commands, *commands.iterdir(), workspace, *workspace.rglob("*")):
        os.chown(path, RUNNER_UID, RUNNER_UID, follow_symlinks=False)
    return job
