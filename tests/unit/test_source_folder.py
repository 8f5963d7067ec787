"""The folder that is packaged: what of it belongs to the run itself, and where people point by mistake."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from deployer.main import execute

APPSPEC = "version: 0.0\nos: linux\nfiles:\n  - source: app\n    destination: /srv/app\n"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with an application."""
    folder = tmp_path / "checkout"
    (folder / "app").mkdir(parents=True)
    (folder / "app" / "index.html").write_text("hello")
    (folder / "appspec.yml").write_text(APPSPEC)
    monkeypatch.chdir(folder)
    return folder


def packaged(*flags: str, **environ: str) -> tuple[int, str]:
    """Exit code and log of a run that only packages."""
    stream = io.StringIO()
    code = execute(["--stop-after=package", "--pre-flight=strict", *flags], environ, stream)
    return code, stream.getvalue()


REPORTS = (
    "--outputs-file=app/codedeploy.env",
    "--summary-file=./summary.md",
    "--junit-file=app/../junit.xml",
)


@pytest.mark.parametrize("ci", ["GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", ""])
def test_three_runs_give_one_digest_whatever_they_write_into_the_source(workspace: Path, ci: str) -> None:
    """Nor does what other steps add to the CI's own files count, or the job's token."""
    own = {name: str(workspace / f"app/{name}") for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH")}
    own |= {"GITHUB_STATE": "state", "GITHUB_STEP_SUMMARY": "app/step.md", "DRONE_OUTPUT": "app/drone"}
    token = workspace / "token"
    digests = set()
    for number in range(3):
        for path in own.values():
            Path(path).write_text(f"other=step {number}")
        token.write_text(f"header.payload{number}.signature")
        code, log = packaged(
            *REPORTS, f"--web-identity-token-file={token}", **own, **({ci: "true"} if ci else {})
        )
        assert code == 0, log
        assert "2 files, " in log
        digests.update(re.findall(r"Digest (\w+)", log))
    assert len(digests) == 1
    assert (workspace / "app/codedeploy.env").is_file()


def test_what_another_run_wrote_is_a_file_like_any_other(workspace: Path) -> None:
    (workspace / "app/codedeploy.env").write_text("CODEDEPLOY_STATUS=succeeded\n")
    assert "3 files, " in packaged("--outputs-file=other.env")[1]


@pytest.mark.usefixtures("workspace")
def test_a_pattern_for_the_run_s_own_file_is_not_in_vain() -> None:
    """On the first run the file does not exist yet; `strict` must not fail for that."""
    code, log = packaged(*REPORTS, "--exclude=*.env\n/summary.md")
    assert code == 0, log
    code, log = packaged(*REPORTS, "--exclude=!codedeploy.env")
    assert (code, "2 files, " in log) == (0, True), log
