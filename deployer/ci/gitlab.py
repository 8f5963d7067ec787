"""GitLab CI: collapsible sections and dotenv reports."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from deployer.ci.base import Platform, Run, printable, write_text
from deployer.ci.console import one_line, variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


# GitLab refuses a whole dotenv report above 5 KB, its default limit, so one long value must not spoil it.
_LONGEST_VALUE = 800


class GitLab(Platform):
    """Sections as GitLab's log viewer folds them; outputs as a dotenv report takes them, unquoted."""

    name: ClassVar[str] = "gitlab"

    def _describe_run(self, environ: Mapping[str, str]) -> Run:
        return Run(
            workspace=Path(environ.get("CI_PROJECT_DIR") or Path.cwd()),
            repository=environ.get("CI_PROJECT_PATH", ""),
            sha=environ.get("CI_COMMIT_SHA", ""),
            ref=environ.get("CI_COMMIT_REF_NAME", ""),
            run_id=environ.get("CI_PIPELINE_ID", ""),
            run_attempt=environ.get("CI_JOB_ID", ""),
            url=environ.get("CI_JOB_URL", ""),
        )

    @contextmanager
    def group(self, title: str, *, folded: bool = False) -> Iterator[None]:
        """A section, with its duration."""
        section = "deployer_" + "".join(char if char.isalnum() else "_" for char in title.lower())
        option = "[collapsed=true]" if folded else ""
        self._write(f"\x1b[0Ksection_start:{int(time.time())}:{section}{option}\r\x1b[0K{printable(title)}")
        try:
            yield
        finally:
            self._write(f"\x1b[0Ksection_end:{int(time.time())}:{section}\r\x1b[0K")

    def outputs(self, values: Mapping[str, str]) -> None:
        """Add `CODEDEPLOY_DEPLOYMENT_ID=…` lines to the outputs file, if there is one.

        GitLab takes values literally, on one line; a value too long for a report is left out, and said so.
        """
        if not self.outputs_file:
            return
        for name, value in values.items():
            text = one_line(value)
            if len(text.encode()) > _LONGEST_VALUE:
                self.line(f"The output {name} is too long for a dotenv report and was left out.")
            else:
                write_text(self.outputs_file, f"{variable(name)}={text}\n", purpose="outputs-file")
