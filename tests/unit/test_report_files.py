"""The files that a run writes, where what stands at their names is somebody else's choice."""

from __future__ import annotations

import io
import os
import resource
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deployer.ci.detect import detect
from deployer.ci.files import ReportFile
from deployer.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deployer.ci.base import Ci

PURPOSES = ("outputs", "summary", "junit")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def platform_of(**environ: str) -> tuple[Ci, io.StringIO]:
    stream = io.StringIO()
    return detect(environ, stream), stream


def written(platform: Ci, **files: str) -> None:
    platform.keep_in(**files)
    platform.outputs({"status": "planned"})
    platform.summary(lambda: "# x")
    platform.junit(lambda: "<testsuites/>")


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """A disk that is full once a file has this many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def a_link(path: Path) -> None:
    victim = path.parent / "victim"
    victim.write_text("precious")
    path.symlink_to(victim)


def a_dangling_link(path: Path) -> None:
    path.symlink_to(path.parent.parent / "outside")


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("planted", [a_link, a_dangling_link, os.mkfifo, os.mkdir])
def test_what_is_no_regular_file_is_refused_and_left_alone(
    purpose: str, planted: Callable[[Path], None], workspace: Path
) -> None:
    planted(workspace / "report")
    platform, _ = platform_of()
    with pytest.raises(InvalidInput, match=rf"The {purpose}-file report cannot be written: it must"):
        written(platform, **{purpose: "report"})
    assert not (workspace.parent / "outside").exists()
    assert not (victim := workspace / "victim").exists() or victim.read_text() == "precious"


@pytest.mark.parametrize("purpose", PURPOSES)
def test_no_folder_of_the_workspace_leads_out_of_it(purpose: str, workspace: Path) -> None:
    elsewhere = workspace.parent / "elsewhere"
    elsewhere.mkdir()
    (workspace / "reports").symlink_to(elsewhere)
    for path in ("reports/file", f"{workspace}/reports/file"):
        with pytest.raises(InvalidInput, match="must not contain links"):
            written(platform_of()[0], **{purpose: path})
    assert list(elsewhere.iterdir()) == []


def test_no_link_of_the_checkout_is_followed_from_a_folder_in_it(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace / ".git").mkdir()
    (workspace / "services").mkdir()
    (workspace.parent / "elsewhere").mkdir()
    (workspace / "report").symlink_to(workspace.parent / "elsewhere")
    monkeypatch.chdir(workspace / "services")
    with pytest.raises(InvalidInput, match="must not contain links"):
        platform_of()[0].keep_in(outputs="../report/outputs")
    assert [*(workspace.parent / "elsewhere").iterdir()] == []


def test_files_begin_anew_in_each_run(workspace: Path) -> None:
    for name in PURPOSES:
        (workspace / name).write_text("LD_PRELOAD=/builds/evil.so\n")
    platform, _ = platform_of(GITLAB_CI="true")
    platform.keep_in(**{name: name for name in PURPOSES})
    assert list(workspace.iterdir()) == [], "leftovers would be packed, or taken for this run's"
    written(platform)
    assert (workspace / "outputs").read_text() == "CODEDEPLOY_STATUS=planned\n"
    assert (workspace / "summary").read_text() == "# x\n"
    assert (workspace / "junit").read_text() == "<testsuites/>"
    assert {path.name for path in workspace.iterdir()} == set(PURPOSES)


def test_the_files_of_github_s_runner_are_added_to(workspace: Path) -> None:
    for name in ("outputs", "summary"):
        (workspace / name).write_text("before\n")
    platform, _ = platform_of(
        GITHUB_ACTIONS="true",
        GITHUB_OUTPUT=str(workspace / "outputs"),
        GITHUB_STEP_SUMMARY=str(workspace / "summary"),
    )
    written(platform)
    assert (workspace / "outputs").read_text().startswith("before\nstatus<<")
    assert (workspace / "summary").read_text() == "before\n# x\n"


@pytest.mark.parametrize("variables", [{}, {"GITLAB_CI": "true"}, {"GITHUB_ACTIONS": "true"}])
def test_a_disk_that_fills_up_later_is_one_warning_and_leaves_no_half_of_anything(
    variables: dict[str, str], workspace: Path
) -> None:
    platform, stream = platform_of(**variables)
    platform.keep_in(outputs="outputs", summary="summary", junit="junit")
    platform.outputs({"status": "planned"})
    before = (workspace / "outputs").read_text()
    with files_of_at_most(len(before) + 10):
        platform.outputs({"digest": "0" * 64})
        platform.outputs({"digest": "0" * 64})
        platform.summary(lambda: "x" * 10_000)
        platform.junit(lambda: "x" * 10_000)
    assert (workspace / "outputs").read_text() == before
    assert {path.name for path in workspace.iterdir()} == {"outputs"}
    for purpose in PURPOSES:
        assert stream.getvalue().count(f"The {purpose}-file {purpose} cannot be written: File too large") == 1
    assert "error" not in stream.getvalue()


def test_a_file_that_cannot_be_replaced_is_written_in_its_place(workspace: Path) -> None:
    """As one that a container mounts by itself; here it is the name of this process, as a file."""
    file = ReportFile("/proc/self/comm", "summary-file", workspace)
    before = Path(file.path).read_text()
    try:
        file.begin()
        file.put("renamed")
        assert Path(file.path).read_text() == "renamed\n"
    finally:
        Path(file.path).write_text(before)
