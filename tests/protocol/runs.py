"""The whole line, run in this process against stand-ins, as a CI would run it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.main import execute
from tests.environment import aws_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from deployer.clock import Clock
    from tests.emulator import Emulator
    from tests.s3 import S3Server

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run left: its exit code, its output, and its files."""

    code: int
    output: str
    files: Mapping[str, str]

    @property
    def everything(self) -> str:
        """All text that anybody may read."""
        return "\n".join([self.output, *self.files.values()])


@dataclass(frozen=True, slots=True)
class Job:
    """A job in a CI: its environment, and how to run the line in it."""

    patch: pytest.MonkeyPatch
    home: Path
    s3: S3Server
    bucket: str
    clock: Clock | None = None
    workspace: Path = REPOSITORY

    def run(self, emulator: Emulator, *flags: str, **variables: str | None) -> Ran:
        """Deploy examples/hello-web with these flags; a variable that is None is not set."""
        given = {
            **aws_environment(self.home, s3=self.s3, emulator=emulator),
            "INPUT_APPLICATION": "hello-web",
            "INPUT_DEPLOYMENT_GROUP": "production",
            "INPUT_BUCKET": f"{self.bucket}/revisions",
            "INPUT_SOURCE": "examples/hello-web",
            **variables,
        }
        environ = {name: value for name, value in given.items() if value is not None}
        if environ.get("GITHUB_ACTIONS"):
            environ |= {
                "GITHUB_WORKSPACE": str(self.workspace),
                "GITHUB_OUTPUT": str(self.home / "outputs"),
                "GITHUB_STEP_SUMMARY": str(self.home / "summary"),
            }
        stream = io.StringIO()
        with self.patch.context() as patch:
            patch.chdir(self.workspace)
            for name in given:
                patch.delenv(name, raising=False)
            for name, value in environ.items():
                patch.setenv(name, value)
            code = execute(list(flags), environ, stream, clock=self.clock)
        files = {path.name: path.read_text() for path in self.home.iterdir() if path.is_file()}
        return Ran(code, stream.getvalue(), files)
