"""Servers that do not come from this project, on loopback ports, and runs against them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from tests.environment import clean_environment
from tests.harness import REPOSITORY, read_outputs
from tests.s3 import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

BUCKET = "revisions"
STARTUP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Witness:
    """A server of S3, and perhaps of more of AWS: where it listens, and a key that it knows."""

    name: str
    url: str
    access_key: str
    secret_key: str

    def client(self, service: str) -> Any:  # noqa: ANN401 - of any service
        """A boto3 client of it."""
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(s3={"addressing_style": "path"}) if service == "s3" else None,
        )

    def run(
        self, home: Path, workspace: Path, *flags: str, bucket: str = BUCKET
    ) -> tuple[int, str, Mapping[str, str]]:
        """Run the product as a process; returns its exit code, log and outputs."""
        outputs = home / "outputs"
        outputs.write_text("")
        done = subprocess.run(
            [sys.executable, "-I", REPOSITORY / "entrypoint.py", f"--bucket={bucket}", *flags],
            cwd=workspace,
            env={
                **clean_environment(home),
                "AWS_ACCESS_KEY_ID": self.access_key,
                "AWS_SECRET_ACCESS_KEY": self.secret_key,
                "AWS_REGION": REGION,
                "AWS_ENDPOINT_URL": self.url,
                "GITHUB_ACTIONS": "true",
                "GITHUB_WORKSPACE": str(workspace),
                "GITHUB_OUTPUT": str(outputs),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=100,
            check=False,
        )
        return done.returncode, done.stdout, read_outputs(outputs.read_text())


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Witness]:
    """Moto's server, which takes every key."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    witness = Witness("moto", f"http://127.0.0.1:{port}", "AKIAIOSFODNN7EXAMPLE", "a-secret-of-moto")
    yield from serving(witness, command, tmp_path_factory.mktemp("moto"))


@pytest.fixture(scope="session")
def s3rver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Witness]:
    """S3rver, which knows one key."""
    port, folder = free_port(), tmp_path_factory.mktemp("s3rver")
    program = REPOSITORY / ".ci/npm/node_modules/.bin/s3rver"
    command = [str(program), "-d", str(folder), "-a", "127.0.0.1", "-p", str(port)]
    witness = Witness("s3rver", f"http://127.0.0.1:{port}", "S3RVER", "S3RVER")
    yield from serving(witness, command, folder)


@pytest.fixture(params=["moto", "s3rver"])
def witness(request: pytest.FixtureRequest) -> Witness:
    found: Witness = request.getfixturevalue(request.param)
    return found


def serving(witness: Witness, command: Sequence[str], folder: Path) -> Iterator[Witness]:
    """Run a server until the tests have ended, with a bucket."""
    log = folder / "server.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with (
        log.open("wb") as stream,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, env=environment
        ) as process,
    ):
        try:
            deadline = time.monotonic() + STARTUP_SECONDS
            while not listens(witness):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            witness.client("s3").create_bucket(
                Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
            )
            yield witness
        finally:
            process.kill()


def listens(witness: Witness) -> bool:
    host, port = witness.url.removeprefix("http://").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands in this folder, so that `-m "not witness"` leaves it out."""
    for item in items:
        if "tests/witness/" in item.nodeid:
            item.add_marker(pytest.mark.witness)
