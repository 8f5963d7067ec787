"""Servers that compare modification times serve what was deployed last: nginx and PHP, as Debian has them."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from deployer.bundle.times import TimeRange
from deployer.revision import BundleType
from tests.unit.test_times import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TYPES = (BundleType.ZIP, BundleType.TGZ)
PATIENCE = 20.0  # seconds; OPcache looks at a file again after 2
OWN, FIXED = TimeRange(), TimeRange(315532800, 315532800)


@pytest.fixture(scope="session")
def programs() -> dict[str, str]:
    """Paths of nginx and php, installed where they are missing."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    if not (shutil.which("nginx") and shutil.which("php")):
        lock = ("-o", "DPkg::Lock::Timeout=300")
        subprocess.run(["apt-get", *lock, "update", "-qq"], env=environment, check=True)
        install = ["apt-get", *lock, "install", "-y", "-qq", "--no-install-recommends"]
        subprocess.run([*install, "nginx-light", "php-cli"], env=environment, check=True)
    return {name: shutil.which(name) or pytest.fail(f"{name} is missing") for name in ("nginx", "php")}


@dataclass
class Instance:
    """A folder `live`, and what was unpacked over it so far."""

    folder: Path
    kind: BundleType
    times: TimeRange
    number: int = 0

    def deploy(self, name: str, text: str) -> None:
        """Unpack a bundle with this one file, written a second after the last one."""
        self.number += 1
        source = self.folder / f"checkout-{self.number}"
        source.mkdir()
        (source / "appspec.yml").write_text("version: 0.0\n")
        (source / name).write_text(text)
        os.utime(source / name, (1_750_000_000 + self.number,) * 2)
        bundle = pack(source, self.kind, self.times)
        unpack(bundle, self.folder / f"archive-{self.number}", self.folder / "live")


def get(port: int, path: str, *, etag: str = "") -> tuple[int, str, str]:
    """Status, ETag and text of what a server has, or of its word that a browser's copy is the newest."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"If-None-Match": etag} if etag else {})
        answer = connection.getresponse()
        return answer.status, answer.headers.get("ETag", ""), answer.read().decode()
    finally:
        connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[None]:
    """A server until the block ends, from when it answers."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + PATIENCE
        while not answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{command[0]} does not answer: {log.read_text()}")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionError:
        return False
    return True


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(("times", "status"), [(OWN, 200), (FIXED, 304)], ids=["own times", "one time"])
def test_nginx(
    programs: dict[str, str], tmp_path: Path, kind: BundleType, times: TimeRange, status: int
) -> None:
    """A browser that asks again gets the new page, though it is as long as the old one.

    With one time for all it does not: the test sees the difference.
    """
    port, instance = free_port(), Instance(tmp_path, kind, times)
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; pid {tmp_path}/pid; error_log stderr; user root; events {{}}\n"
        f"http {{ access_log off; server {{ listen 127.0.0.1:{port}; root {tmp_path}/live; }} }}\n"
    )
    instance.deploy("page.html", "old version\n")
    command = [programs["nginx"], "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)]
    with running(command, port, tmp_path / "log"):
        _, etag, _ = get(port, "/page.html")
        instance.deploy("page.html", "new version\n")
        found, _, text = get(port, "/page.html", etag=etag)

    assert etag
    assert (found, text) == (status, "new version\n" if status == HTTPStatus.OK else "")


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(
    ("times", "expected"), [(OWN, "newer"), (FIXED, "old")], ids=["own times", "one time"]
)
def test_php_with_opcache(
    programs: dict[str, str], tmp_path: Path, kind: BundleType, times: TimeRange, expected: str
) -> None:
    """OPcache at its defaults takes the new script in; with one time for all, not even a longer one."""
    port, instance = free_port(), Instance(tmp_path, kind, times)
    script = "<?php if (!opcache_get_status(false)['opcache_enabled']) { exit('no OPcache'); } "
    instance.deploy("index.php", f"{script} echo 'old';")
    options = ["-d", "opcache.enable=1", "-d", "opcache.enable_cli=1"]
    command = [programs["php"], *options, "-S", f"127.0.0.1:{port}", "-t", str(tmp_path / "live")]
    with running(command, port, tmp_path / "log"):
        assert get(port, "/index.php")[2] == "old"
        instance.deploy("index.php", f"{script} echo 'newer';")
        deadline = time.monotonic() + (PATIENCE if expected == "newer" else 5)
        while (text := get(port, "/index.php")[2]) == "old" and time.monotonic() < deadline:
            time.sleep(0.5)

    assert text == expected
