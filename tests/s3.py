"""A real S3 server on loopback: SeaweedFS, which checks signatures, checksums and MD5s."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.request import urlopen

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_s3.client import S3Client

REGION = "eu-west-1"
STARTUP_SECONDS = 30.0
ATTEMPTS = 5
SOCKETS = Path("/tmp")  # noqa: S108  (where SeaweedFS puts its sockets, whatever TMPDIR says)
PORTS = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port",
    "s3.port.grpc",
    "admin.port",
    "admin.port.grpc",
)


class S3Server:
    """SeaweedFS over a directory, for the length of a `with` block.

    The identity `access_key`/`secret_key` may do everything; `limited_access_key`/`limited_secret_key` may
    read and list nothing but the bucket `limited_bucket`.
    """

    access_key = "AKIAIOSFODNN7EXAMPLE"
    secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    limited_access_key = "AKIAI44QH8DHBEXAMPLE"
    limited_secret_key = "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"
    limited_bucket = "read-only"

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.log = directory / "weed.log"
        self.url = ""
        self._ports: dict[str, int] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._session: Session | None = None

    def __enter__(self) -> Self:
        (self.directory / "data").mkdir(parents=True, exist_ok=True)
        self._configuration.write_text(json.dumps({"identities": self._identities()}))
        for _ in range(ATTEMPTS):
            try:
                if self._start():
                    return self
            except BaseException:
                self._stop()
                raise
            self._stop()
        raise RuntimeError(f"SeaweedFS did not start; the end of {self.log}:\n{self.log.read_text()[-4000:]}")

    def __exit__(self, *_: object) -> None:
        self._stop()

    def client(self, *, access_key: str | None = None, secret_key: str | None = None) -> S3Client:
        """A boto3 client, with the identity that may do everything unless another is given."""
        import boto3
        from botocore.config import Config

        if self._session is None:
            self._session = boto3.session.Session()
        return self._session.client(
            "s3",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=access_key or self.access_key,
            aws_secret_access_key=secret_key or self.secret_key,
            config=Config(s3={"addressing_style": "path"}),
        )

    def create_bucket(self, name: str, *, versioned: bool) -> str:
        """Create a bucket and return its name; it has a volume, for which its first object would wait."""
        client = self._creator
        client.create_bucket(Bucket=name)
        master = f"http://127.0.0.1:{self._ports['master.port']}"
        with urlopen(f"{master}/vol/grow?collection={name}&count=1&replication=000"):  # noqa: S310 - loopback
            pass
        if versioned:
            client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    @cached_property
    def _creator(self) -> S3Client:
        """The client for all buckets, since making it takes longer than all that a bucket needs."""
        return self.client()

    @property
    def _configuration(self) -> Path:
        return self.directory / "identities.json"

    def _identities(self) -> list[dict[str, object]]:
        limited = [f"{action}:{self.limited_bucket}" for action in ("Read", "List")]
        return [
            _identity("ci", self.access_key, self.secret_key, ["Admin"]),
            _identity("limited", self.limited_access_key, self.limited_secret_key, limited),
        ]

    def _start(self) -> bool:
        self._ports = dict(zip(PORTS, _free_ports(len(PORTS)), strict=True))
        weed = Path(sys.executable).with_name("weed")
        flags = {
            "dir": self.directory / "data",
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "s3.config": self._configuration,
            "s3.autoCreateBucket": "false",
            "s3.iam": "false",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "webdav": "false",
            "admin.ui": "false",
            "master.telemetry": "false",
            "volume.max": 10_000,
            **self._ports,
        }
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(weed), "mini", *(f"-{name}={value}" for name, value in flags.items())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=self.directory,
            )
        self.url = f"http://127.0.0.1:{self._ports['s3.port']}"
        return self._wait()

    def _wait(self) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + STARTUP_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._answers():
                return True
            time.sleep(0.05)
        return False

    def _answers(self) -> bool:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self.client().list_buckets()
        except (BotoCoreError, ClientError):
            return False
        return True

    def _stop(self) -> None:
        """Kill it: its data are thrown away, and a graceful end takes seconds."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        for port in self._ports.values():
            for left in SOCKETS.glob(f"seaweedfs-*-{port}.sock"):
                left.unlink(missing_ok=True)


def _identity(name: str, access_key: str, secret_key: str, actions: list[str]) -> dict[str, object]:
    credentials = [{"accessKey": access_key, "secretKey": secret_key}]
    return {"name": name, "credentials": credentials, "actions": actions}


def _free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
