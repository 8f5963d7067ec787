"""A run on machines that lack something ends as it should, and says why."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.chaos.environments import ENVIRONMENTS
from tests.chaos.table import ALL, SEED
from tests.environment import aws_environment
from tests.harness import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.harness import Start
    from tests.s3 import S3Server

pytestmark = pytest.mark.chaos
NAMES = list(ENVIRONMENTS)
CHOSEN = NAMES if ALL else NAMES[SEED % 4 :: 4]


@pytest.mark.parametrize("name", CHOSEN)
def test_a_run_ends_as_it_should(  # noqa: PLR0913 - fixtures
    name: str,
    *,
    s3: S3Server,
    bucket: str,
    tmp_path: Path,
    emulator: Start,
    record_property: Callable[[str, object], None],
) -> None:
    each = ENVIRONMENTS[name]
    service = emulator(bucket_store=s3)
    environ = {**aws_environment(tmp_path, s3=s3, emulator=service), **each.variables}
    flags = ("--application=hello-web", "--deployment-group=production", "--source=examples/hello-web")
    command = shlex.join(
        [sys.executable, "-I", "entrypoint.py", *flags, f"--bucket={bucket}", "--timeout=1m"]
    )
    script = f"{each.before or ':'}; {command} {each.after}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=REPOSITORY,
        env={variable: value for variable, value in environ.items() if value is not None},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    record_property("chaos", json.dumps(["environments", name, done.returncode]))
    assert done.returncode == each.expected, done.stdout
    assert "Traceback" not in done.stdout
    assert "Exception ignored" not in done.stdout
    assert len(service.deployments) == (each.expected == os.EX_OK)
