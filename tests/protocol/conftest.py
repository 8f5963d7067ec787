"""The whole line in this process, on time that passes by sleeping only."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deployer.main import execute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deployer.clock import Clock
    from tests.emulator import Emulator
    from tests.s3 import S3Server

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ran:
    """What a run left behind: exit code, log, the outputs as last written, and the summary."""

    code: int
    log: str
    outputs: Mapping[str, str]
    summary: str


def read_outputs(text: str) -> dict[str, str]:
    """The outputs of a GITHUB_OUTPUT file, the last of each name."""
    values = {}
    while text:
        head, _, rest = text.partition("\n")
        name, _, delimiter = head.partition("<<")
        values[name], _, text = rest.partition(f"\n{delimiter}\n")
    return values


@pytest.fixture
def run_line(
    s3: S3Server, bucket: str, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ran]:
    """Run the line on the example against an emulator, as a GitHub job; flags are added to the usual ones."""

    def run(
        emulator: Emulator,
        *flags: str,
        environ: Mapping[str, str] | None = None,
        clock: Clock = clock,
    ) -> Ran:
        output, summary = tmp_path / "output", tmp_path / "summary.md"
        for file in (output, summary):
            file.write_text("")
        given = {
            "AWS_ACCESS_KEY_ID": s3.access_key,
            "AWS_SECRET_ACCESS_KEY": s3.secret_key,
            "AWS_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL_S3": s3.url,
            **{f"AWS_ENDPOINT_URL_{name}": emulator.url for name in ("CODEDEPLOY", "STS", "LAMBDA", "ECS")},
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(REPOSITORY),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "INPUT_APPLICATION": "hello-web",
            "INPUT_DEPLOYMENT-GROUP": "production",
            "INPUT_BUCKET": bucket,
            "INPUT_SOURCE": "examples/hello-web",
            **(environ or {}),
        }
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        stream = io.StringIO()
        code = execute(flags, given, stream, clock=clock)
        return Ran(code, stream.getvalue(), read_outputs(output.read_text()), summary.read_text())

    return run
