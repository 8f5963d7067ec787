"""GitLab CI: collapsible sections and dotenv reports."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TextIO

from deployer.ci.base import Ci, Job
from deployer.ci.console import variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


# GitLab refuses a whole dotenv report above 5 KB, its default limit: no long value must spoil it, and none is
# written twice, however many groups there are.
_LONGEST_VALUE = 800

_HARMLESS = re.compile(r"(?:[A-Za-z0-9_./:@%+,=?-]|&(?=\w+=))*")
"""Values that stay values even where somebody sources the file, which is unquoted, in a shell."""


class GitLab(Ci):
    """Sections as GitLab's log viewer folds them; outputs as a dotenv report takes them, unquoted."""

    name: ClassVar[str] = "gitlab"

    def __init__(self, environ: Mapping[str, str], stream: TextIO | None) -> None:
        super().__init__(environ, stream)
        self._outputs: dict[str, str] = {}

    def _describe_job(self, environ: Mapping[str, str]) -> Job:
        project = environ.get("CI_PROJECT_URL", "")
        return Job(
            workspace=Path(environ.get("CI_PROJECT_DIR") or Path.cwd()),
            repository=environ.get("CI_PROJECT_PATH", ""),
            sha=environ.get("CI_COMMIT_SHA", ""),
            ref=environ.get("CI_COMMIT_REF_NAME", ""),
            run_id=environ.get("CI_PIPELINE_ID", ""),
            run_attempt=environ.get("CI_JOB_ID", ""),
            url=environ.get("CI_JOB_URL", ""),
            run_number=environ.get("CI_PIPELINE_IID", ""),
            compare=f"{project}/-/compare/{{old}}...{{new}}" if project else "",
        )

    @contextmanager
    def section(self, title: str, *, folded: bool = False) -> Iterator[None]:
        """Open a section, with its duration."""
        section = "deployer_" + re.sub(r"[^a-z0-9]", "_", title.lower())
        option = "[collapsed=true]" if folded else ""
        self._write(f"\x1b[0Ksection_start:{int(time.time())}:{section}{option}\r\x1b[0K{self._safe(title)}")
        try:
            yield
        finally:
            self._write(f"\x1b[0Ksection_end:{int(time.time())}:{section}\r\x1b[0K")

    def outputs(self, values: Mapping[str, str]) -> None:
        """Keep `CODEDEPLOY_DEPLOYMENT_ID=…` lines in the outputs file, if there is one.

        GitLab takes values literally. One that is too long for a report, or that a shell could take for more
        than a value, is left out, and the log says so.
        """
        if not (file := self._files.get("outputs")):
            return
        kept = {
            name: value
            for name, value in values.items()
            if len(value) <= _LONGEST_VALUE and _HARMLESS.fullmatch(value)
        }
        if left_out := ", ".join(name for name in values if name not in kept):
            self.say(f"Left out of the {file.purpose}, since it cannot hold such values safely: {left_out}")
        self._outputs |= kept
        lines = (f"{variable(name)}={value}\n" for name, value in self._outputs.items())
        self._keep(file, "".join(lines), whole=True)
