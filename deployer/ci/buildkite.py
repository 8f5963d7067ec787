"""Buildkite: log groups (Buildkite's documentation, "Managing log output").

Annotations need Buildkite's agent, which a container does not have: a pipeline annotates with the summary
file, as the documentation of this project shows.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from deployer.ci.base import Job
from deployer.ci.console import Console

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Buildkite(Console):
    """Groups that fold, and open where something is to be seen."""

    name: ClassVar[str] = "buildkite"

    def _describe_job(self, environ: Mapping[str, str]) -> Job:
        return Job(
            workspace=Path.cwd(),
            repository=environ.get("BUILDKITE_PIPELINE_SLUG", ""),
            sha=environ.get("BUILDKITE_COMMIT", ""),
            ref=environ.get("BUILDKITE_BRANCH", ""),
            run_id=environ.get("BUILDKITE_BUILD_NUMBER", ""),
            run_attempt=environ.get("BUILDKITE_RETRY_COUNT", ""),
            url=environ.get("BUILDKITE_BUILD_URL", ""),
            workflow=environ.get("BUILDKITE_PIPELINE_SLUG", ""),
            run_number=environ.get("BUILDKITE_BUILD_NUMBER", ""),
        )

    def _plain(self, text: str) -> None:
        """Print text that does not open a group."""
        super()._plain(f" {text}" if text.startswith(("---", "+++", "~~~", "^^^")) else text)

    @contextmanager
    def section(self, title: str, *, folded: bool = False) -> Iterator[None]:
        """Open a group, which ends where the next one begins."""
        self._write(f"{'---' if folded else '+++'} {self._safe(title)}")
        yield
