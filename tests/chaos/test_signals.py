"""Signals at random moments, each followed by a re-run: nothing is deployed twice, nothing is left unsaid."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.chaos.conftest import contents
from tests.chaos.table import ALL, SEED
from tests.environment import aws_environment
from tests.harness import REPOSITORY
from tests.processes import PROMISED_SECONDS, interrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.emulator import Emulator
    from tests.harness import Start
    from tests.s3 import S3Server

pytestmark = pytest.mark.chaos
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
RUNS = 40 if ALL else 2
"""Of each signal."""

CALLS = 14
"""A run that nobody disturbs makes about so many calls."""

ENDED = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}


@pytest.mark.parametrize("number", range(RUNS))
@pytest.mark.parametrize("which", SIGNALS, ids=lambda each: each.name)
def test_a_run_that_is_interrupted_can_be_run_again(  # noqa: PLR0913 - fixtures
    which: signal.Signals,
    number: int,
    *,
    s3: S3Server,
    bucket: str,
    tmp_path: Path,
    emulator: Start,
    record_property: Callable[[str, object], None],
) -> None:
    chance = random.Random(f"{SEED} {which} {number}")  # noqa: S311 - no secret
    service = emulator(bucket_store=s3, speed=5.0)
    example, environ = REPOSITORY / "examples/hello-web", aws_environment(tmp_path, s3=s3, emulator=service)
    before = contents(example)
    process = start(bucket, environ)
    if number % 2:
        wait_for_call(service, chance.randint(1, CALLS), process)
    else:
        time.sleep(chance.uniform(0.05, 2.0))
    log, seconds = interrupt(process, which)
    assert process.returncode in {ENDED[which], 0}, log
    assert process.returncode == 0 or seconds < PROMISED_SECONDS
    assert "Traceback" not in log
    assert s3.secret_key not in log
    first = service.deployments
    assert len(first) <= 1
    if which is not signal.SIGKILL:
        assert all(each.id in log for each in first)
        assert no_upload_left(s3, bucket) or "unfinished" in log
    again = start(bucket, environ)
    log = again.communicate(timeout=60)[0]
    record_property(
        "chaos", json.dumps(["signals", which.name, str(number), [process.returncode, again.returncode]])
    )
    assert again.returncode == 0, log
    assert contents(example) == before
    created = [call.status for call in service.calls if call.operation == "CreateDeployment"]
    assert len(service.deployments) <= created.count(200)
    assert service.deployments[-1].id in log
    assert not [path for path in tmp_path.iterdir() if path.name != ".aws"]


def start(bucket: str, environ: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start a run of the example, with temporary files in its home."""
    flags = ("--application=hello-web", "--deployment-group=production", "--source=examples/hello-web")
    return subprocess.Popen(
        [sys.executable, "-I", "entrypoint.py", *flags, f"--bucket={bucket}", "--timeout=1m"],
        cwd=REPOSITORY,
        env={**environ, "TMPDIR": environ["HOME"]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for_call(service: Emulator, count: int, process: subprocess.Popen[str]) -> None:
    """Wait until the run has made so many calls, or has ended."""
    while len(service.calls) < count and process.poll() is None:
        time.sleep(0.002)


def no_upload_left(s3: S3Server, bucket: str) -> bool:
    return not s3.client().list_multipart_uploads(Bucket=bucket).get("Uploads")
