"""A terminal, or any CI that has no dialect of its own."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from deployer.ci.base import Ci, Job

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Console(Ci):
    """Plain lines; outputs go to `outputs-file` as dotenv, quoted where a shell needs it."""

    name: ClassVar[str] = "console"

    def _describe_job(self, environ: Mapping[str, str]) -> Job:
        return Job(workspace=Path.cwd(), url=environ.get("BUILD_URL", ""))

    @contextmanager
    def section(self, title: str, *, folded: bool = False) -> Iterator[None]:  # noqa: ARG002 - nothing folds
        """Print a heading."""
        self.say(f"== {title}")
        yield

    def outputs(self, values: Mapping[str, str]) -> None:
        """Add `CODEDEPLOY_DEPLOYMENT_ID=…` lines to the outputs file, if there is one."""
        if file := self._files.get("outputs"):
            lines = (
                f"{variable(name)}={shlex.quote(self._safe_value(value))}\n" for name, value in values.items()
            )
            self._keep(file, "".join(lines))


def variable(output: str) -> str:
    """Return an output's variable outside GitHub: `deployment-id` → `CODEDEPLOY_DEPLOYMENT_ID`."""
    return "CODEDEPLOY_" + output.upper().replace("-", "_")
