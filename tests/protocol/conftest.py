"""The whole pipeline in this process, on time that passes by sleeping only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.harness import Job

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from deployer.clock import Clock
    from tests.emulator import Emulator
    from tests.harness import Ran, RunLine
    from tests.s3 import S3Server


@pytest.fixture
def run_line(
    s3: S3Server, bucket: str, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> RunLine:
    """Run the pipeline on the example against an emulator, as a job on GitHub."""
    job = Job(monkeypatch, tmp_path, s3, bucket, clock)

    def run(
        emulator: Emulator,
        *flags: str,
        environ: Mapping[str, str] | None = None,
        clock: Clock | None = None,
    ) -> Ran:
        usual: dict[str, str | None] = {
            "GITHUB_ACTIONS": "true",
            "AWS_ENDPOINT_URL_S3": s3.url,
            "INPUT_DEPLOYMENT_GROUP": None,
            "INPUT_DEPLOYMENT-GROUP": "production",
            "INPUT_BUCKET": bucket,
        }
        return replace(job, clock=clock or job.clock).run(emulator, *flags, **{**usual, **(environ or {})})

    return run
