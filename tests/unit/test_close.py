"""The reports at the end of a run: whatever is wrong with one, the others are written and the code stays."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from deployer.ci.console import Console
from deployer.errors import ExitCode
from deployer.main import close
from deployer.run import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class Faulty(Console):
    """A CI with a bug in its report of one kind."""

    def __init__(self, kind: str, stream: io.StringIO) -> None:
        super().__init__({}, stream)
        self.kind = kind

    def outputs(self, values: Mapping[str, str]) -> None:
        """Fail where the bug is here."""
        self._report("outputs", lambda: super(Faulty, self).outputs(values))

    def summary(self, report: Callable[[], str]) -> None:
        """Fail where the bug is here."""
        self._report("summary", lambda: super(Faulty, self).summary(report))

    def junit(self, report: Callable[[], str]) -> None:
        """Fail where the bug is here."""
        self._report("junit", lambda: super(Faulty, self).junit(report))

    def _report(self, kind: str, write: Callable[[], None]) -> None:
        if kind == self.kind:
            raise RecursionError(f"a bug in {kind}")
        write()


@pytest.mark.parametrize("code", [ExitCode.DONE, ExitCode.FAILED])
@pytest.mark.parametrize("kind", ["outputs", "summary", "junit"])
def test_a_report_that_fails_costs_neither_the_others_nor_the_exit_code(
    kind: str, code: ExitCode, tmp_path: Path
) -> None:
    stream = io.StringIO()
    ci = Faulty(kind, stream)
    ci.keep_in(**{each: str(tmp_path / each) for each in ("outputs", "summary", "junit")})
    assert close(code, Outcome(), ci, seconds=1.0) == code
    assert f"RecursionError: a bug in {kind}" in stream.getvalue()
    assert stream.getvalue().count("This is a bug in the deployer") == 1
    written = {path.name for path in tmp_path.iterdir() if path.read_text()}
    assert written == {"outputs", "summary", "junit"} - {kind}


def test_an_outcome_that_nothing_can_report_changes_no_exit_code(tmp_path: Path) -> None:
    """Here a problem that is none: each report trips over it."""
    stream = io.StringIO()
    ci = Faulty("", stream)
    ci.keep_in(outputs=str(tmp_path / "outputs"), summary=str(tmp_path / "summary"))
    outcome = Outcome()
    outcome.problems.append(None)  # type: ignore[arg-type]  # the bug
    assert close(ExitCode.DONE, outcome, ci, seconds=1.0) == ExitCode.DONE
    assert "This is a bug in the deployer" in stream.getvalue()
