"""A signal ends the process in time, whatever it is at."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.environment import aws_environment, clean_environment
from tests.processes import PROMISED_SECONDS
from tests.processes import interrupt as end
from tests.protocol.stub import STARTED, error, stub

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.emulator import Emulator
    from tests.s3 import S3Server

ENTRYPOINT = Path(__file__).parents[2] / "entrypoint.py"
MEGABYTE = 1 << 20


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "appspec.yml").write_text(
        "version: 0.0\nos: linux\nfiles:\n  - source: /\n    destination: /srv\n"
    )
    return folder


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    return clean_environment(tmp_path)


def interrupt(
    workspace: Path, *flags: str, environ: Mapping[str, str], when: Callable[[int], bool]
) -> tuple[int, str]:
    """Send SIGTERM once `when` is true of the process's id; exit code and output of its end in time."""
    with subprocess.Popen(
        [sys.executable, ENTRYPOINT, *flags],
        cwd=workspace,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            while process.poll() is None and not when(process.pid):
                time.sleep(0.005)
            output, seconds = end(process, signal.SIGTERM)
        finally:
            process.kill()
    assert seconds < PROMISED_SECONDS, output
    return process.returncode, output


def has_read(pid: int, size: int) -> bool:
    counters = Path(f"/proc/{pid}/io").read_text(encoding="ascii")
    return int(counters.split()[1]) > size


def test_while_a_huge_file_is_hashed(workspace: Path, environ: Mapping[str, str]) -> None:
    (workspace / "data").touch()
    os.truncate(workspace / "data", 64 << 30)

    code, output = interrupt(
        workspace,
        "--stop-after=package",
        environ=environ,
        when=lambda pid: has_read(pid, 100 * MEGABYTE),
    )

    assert code == 143, output
    assert output.splitlines()[-1] == "Interrupted by SIGTERM."


def test_while_processes_read_many_files(workspace: Path, environ: Mapping[str, str]) -> None:
    (workspace / "0").write_bytes(b"\0" * (MEGABYTE // 5))
    for number in range(1, 10_000):
        (workspace / str(number)).hardlink_to(workspace / "0")

    code, output = interrupt(
        workspace,
        "--stop-after=package",
        environ=environ,
        when=lambda pid: bool(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")),
    )

    assert code == 143, output
    assert output.splitlines()[-1] == "Interrupted by SIGTERM."


def test_while_a_rehearsal_packs(workspace: Path, environ: Mapping[str, str]) -> None:
    """After each file was read once to hash it: the second reading is what the signal ends."""
    (workspace / "0").write_bytes(b"".join(b"%x\n" % (number * number) for number in range(MEGABYTE // 4)))
    size = (workspace / "0").stat().st_size
    for number in range(1, 100):
        (workspace / str(number)).hardlink_to(workspace / "0")

    code, output = interrupt(
        workspace,
        "--stop-after=package",
        "--compression=small",
        environ=environ,
        when=lambda pid: has_read(pid, 110 * size),
    )

    assert code == 143, output
    assert output.splitlines()[-1] == "Interrupted by SIGTERM."


@pytest.mark.parametrize(
    ("silent", "reason"),
    [(False, "AccessDenied"), (True, "S3 did not respond in time")],
    ids=["denied", "silent"],
)
def test_while_uploading(
    workspace: Path, s3: S3Server, emulator: Callable[..., Emulator], *, silent: bool, reason: str
) -> None:
    """Where S3 does not remove the multipart upload, the user is told."""
    (workspace / "data").write_bytes(os.urandom(12 * MEGABYTE))
    reached, ended = threading.Event(), threading.Event()

    def answer(method: str, path: str) -> tuple[int, str, dict[str, str]]:
        if method == "POST" and "uploads" in path:
            return 200, STARTED, {}
        if method == "PUT":
            reached.set()
        if method == "PUT" or (method == "DELETE" and silent):
            ended.wait()
        return 403, error("AccessDenied"), {}

    with stub(answer) as url:
        environ = aws_environment(workspace.parent, s3=s3, emulator=emulator())
        try:
            code, output = interrupt(
                workspace,
                "--stop-after=upload",
                "--bucket=bucket",
                "--application=hello-web",
                environ={**environ, "AWS_ENDPOINT_URL_S3": url},
                when=lambda _: reached.is_set(),
            )
        finally:
            ended.set()

    assert code == 143, output
    assert "Interrupted by SIGTERM." in output
    assert "The unfinished multipart upload the-id could not be removed" in output
    assert reason in output
    assert "Traceback" not in output
