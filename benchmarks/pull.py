"""How long an engine takes to pull an image and to unpack it, over a link as fast as a hosted runner's.

The registry is Debian's `docker-registry`, on loopback; root installs it where it is missing.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from tests.container.docker import docker

if TYPE_CHECKING:
    from collections.abc import Iterator

BITS_PER_SECOND: Final = 200e6
ROUNDS: Final = 3
CONFIGURATION: Final = """
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "{address}", relativeurls: true}}
"""


def seconds_to_pull(*images: str) -> list[float]:
    """Return the median seconds for each image, in turns.

    The engine has the layers of the originals, so a copy in a single layer is pulled.
    """
    with tempfile.TemporaryDirectory() as folder, registry(Path(folder)) as (address, slow):
        names = [f"{number}:copy" for number in range(len(images))]
        for image, name in zip(images, names, strict=True):
            push_copy(image, f"{address}/{name}", Path(folder, "copy.tar"))
        took = [[pull(f"{slow}/{name}") for name in names] for _ in range(ROUNDS)]
        return [median(times) for times in zip(*took, strict=True)]


def push_copy(image: str, name: str, file: Path) -> None:
    """Push an image's files under this name; none of them stays with the engine."""
    container = docker("create", image, "true").stdout.strip()
    docker("export", f"--output={file}", container)
    docker("rm", container)
    docker("import", str(file), name)
    docker("push", "--quiet", name)
    docker("image", "rm", name)


def pull(name: str) -> float:
    """Pull an image and remove it again."""
    start = time.perf_counter()
    docker("pull", "--quiet", name)
    took = time.perf_counter() - start
    docker("image", "rm", name)
    return took


@contextmanager
def registry(folder: Path) -> Iterator[tuple[str, str]]:
    """Run a registry, and a slow link to it; their addresses come out."""
    if not shutil.which("docker-registry"):
        quietly = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update", "-qq"], check=True, **quietly)  # type: ignore[call-overload]
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "docker-registry"]
        subprocess.run(install, check=True, **quietly)  # type: ignore[call-overload]
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    configuration = folder / "registry.yml"
    configuration.write_text(CONFIGURATION.format(folder=folder / "data", address=address))
    link = [sys.executable, "-m", "benchmarks.slow_link", f"http://{address}", str(BITS_PER_SECOND)]
    with (
        subprocess.Popen(["docker-registry", "serve", configuration], stderr=subprocess.DEVNULL) as server,
        subprocess.Popen(link, stdout=subprocess.PIPE, text=True) as slow,
    ):
        try:
            assert slow.stdout
            yield address, slow.stdout.readline().strip().removeprefix("http://")
        finally:
            slow.terminate()
            server.terminate()
