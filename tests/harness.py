"""The pipeline, run in this process against stand-ins as a CI would run it, and the types of its fixtures."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from deployer.main import execute
from tests.environment import aws_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pytest

    from deployer.clock import Clock
    from tests.emulator import Emulator
    from tests.s3 import S3Server

REPOSITORY = Path(__file__).parents[1]
OUTPUTS, SUMMARY = "outputs", "summary"


class Start(Protocol):
    """Starts an emulator, for the length of the test."""

    def __call__(self, scenario: str | Sequence[str] = "success", **options: Any) -> Emulator:  # noqa: ANN401
        """Start one; `options` are those of `Emulator`."""
        ...


class RunLine(Protocol):
    """Runs the pipeline on the example as a job on GitHub."""

    def __call__(
        self,
        emulator: Emulator,
        *flags: str,
        environ: Mapping[str, str] | None = None,
        clock: Clock | None = None,
    ) -> Ran:
        """Run it with these flags; `environ` goes over the usual variables."""
        ...


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run left: exit code, log, outputs as last written, summary, and all files of its home."""

    code: int
    log: str
    outputs: Mapping[str, str]
    summary: str
    files: Mapping[str, str]

    @property
    def everything(self) -> str:
        """All text that anybody may read."""
        return "\n".join([self.log, *self.files.values()])


@dataclass(frozen=True, slots=True)
class Job:
    """A job in a CI: its environment, and how to run the pipeline in it."""

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
            environ = {
                "GITHUB_WORKSPACE": str(self.workspace),
                "GITHUB_OUTPUT": str(self.home / OUTPUTS),
                "GITHUB_STEP_SUMMARY": str(self.home / SUMMARY),
                **environ,
            }
            for name in (OUTPUTS, SUMMARY):
                (self.home / name).write_text("")
        stream = io.StringIO()
        with self.patch.context() as patch:
            patch.chdir(self.workspace)
            for name in given:
                patch.delenv(name, raising=False)
            for name, value in environ.items():
                patch.setenv(name, value)
            code = execute(list(flags), environ, stream, clock=self.clock)
        files = {path.name: path.read_text() for path in self.home.iterdir() if path.is_file()}
        outputs = read_outputs(files.get(OUTPUTS, "")) if environ.get("GITHUB_ACTIONS") else {}
        return Ran(code, stream.getvalue(), outputs, files.get(SUMMARY, ""), files)


def read_outputs(text: str) -> dict[str, str]:
    """The outputs of a GITHUB_OUTPUT file, the last of each name."""
    values = {}
    while text:
        head, _, rest = text.partition("\n")
        name, _, delimiter = head.partition("<<")
        values[name], _, text = rest.partition(f"\n{delimiter}\n")
    return values
