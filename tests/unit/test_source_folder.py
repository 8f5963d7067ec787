"""The folder that is packaged: what of it belongs to the run itself, and where people point by mistake."""

from __future__ import annotations

import io
import os
import pwd
import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from deployer.main import execute

NOBODY = 65534
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


def messages(*flags: str, **environ: str) -> str:
    """What a run without annotations says of its first problem, on one line."""
    code, log = packaged(*flags, **environ)
    assert code in {2, 3}, log
    return " ".join(line.strip() for line in log.splitlines() if not line.startswith("=="))


@pytest.mark.parametrize("source", ["/", "..", "../checkout/.."])
def test_the_root_of_the_file_system_is_one_sentence(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    """The image starts there when `--workdir` or the mount was forgotten."""
    monkeypatch.chdir("/")
    source = source if source != "../checkout/.." else "./"
    code, log = packaged(f"--source={source}")
    assert code == 2
    error, hint = log.strip().splitlines()[-2:]
    assert f"The source `{Path(source)}` is /, the root of the whole file system." in error
    assert "--workdir /workspace" in hint


def test_the_home_folder_is_not_looked_through_for_an_appspec(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(workspace))
    assert packaged()[0] == 0, "some CI systems make the workspace the home folder"
    (workspace / "appspec.yml").rename(workspace / "app" / "appspec.yml")
    assert f"The source `.` is the home folder {workspace}, and has no AppSpec." in messages()


def test_a_user_without_a_home_is_served_too(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container with `--user 1234`, whom no file of the system names."""

    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    (workspace / "appspec.yml").unlink()
    assert "Add an appspec.yml" in messages()


def move(workspace: Path, **files: str) -> Path:
    """A checkout with the AppSpec elsewhere, and a build in services/web/dist."""
    (workspace / ".git").mkdir()
    (workspace / "appspec.yml").unlink()
    for name, text in {"services/web/dist/app/index.html": "hello", **files}.items():
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace / name).write_text(text)
    return workspace


def test_an_appspec_elsewhere_in_the_workspace(workspace: Path) -> None:
    move(
        workspace,
        **{"deploy/web/appspec.yml": APPSPEC, "node_modules/x/appspec.yml": "", "z/a/b/appspec-b.yml": ""},
    )
    said = messages("--source=services/web/dist")
    assert "at the bundle's root; the workspace has `deploy/web/appspec.yml`." in said
    assert (
        "Write `appspec: deploy/web/appspec.yml` to deploy the source with it, or `source: deploy/web` to"
        in said
    )
    assert packaged("--source=services/web/dist", "--appspec=deploy/web/appspec.yml")[0] == 0


@pytest.mark.parametrize(
    "flags",
    [
        ["--source=dist"],
        ["--source=dist", "--appspec=../../deploy/appspec.yml"],
        ["--appspec={0}/deploy/appspec.yml"],
    ],
)
def test_an_appspec_outside_of_the_working_folder(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, flags: list[str]
) -> None:
    """The working folder is a part of the checkout: it says where to start, and with which inputs."""
    move(workspace, **{"deploy/appspec.yml": APPSPEC})
    monkeypatch.chdir(workspace / "services" / "web")
    said = messages(*(flag.format(workspace) for flag in flags))
    assert f"there is {workspace}/deploy/appspec.yml, which is outside the workspace {Path.cwd()}." in said
    source = "services/web/dist" if len(flags) > 1 or "source" in flags[0] else "services/web"
    assert f"Start in {workspace}, with `source: {source}` and `appspec: deploy/appspec.yml`." in said
    monkeypatch.chdir(workspace)
    assert packaged(f"--source={source}", "--appspec=deploy/appspec.yml")[0] == (0 if "dist" in source else 3)


def test_scripts_beside_an_appspec_outside_of_the_source(workspace: Path) -> None:
    hooks = "hooks:\n  AfterInstall:\n    - location: scripts/after.sh\n"
    files = APPSPEC + "  - source: conf d/app.ini\n    destination: /etc/app\n"
    move(
        workspace,
        **{
            "deploy/appspec.yml": files + hooks,
            "deploy/scripts/after.sh": "#!/bin/sh\n",
            "deploy/conf d/app.ini": "",
        },
    )
    flags = ("--source=services/web/dist", "--appspec=deploy/appspec.yml")
    said = messages(*flags)
    assert "`deploy/scripts/after.sh` is next to the AppSpec, but outside the source." in said
    commands = re.findall(r"`(cp -R .*?)`", said)
    assert commands == ["cp -R 'deploy/conf d' services/web/dist/", "cp -R deploy/scripts services/web/dist/"]
    for command in commands:
        subprocess.run(["/bin/sh", "-c", command], check=True, cwd=workspace)
    code, log = packaged(*flags)
    assert code == 0, log


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("appspec", [True, False])
def test_everything_that_cannot_be_read_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, *, appspec: bool
) -> None:
    """Folders, scripts, the AppSpec and other files; what the owner alone may read is no problem to him."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)
        for name in ("appspec.yml", "closed/x", "app/a.bin", "app/b.sh", "app/mine"):
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_text(APPSPEC if name == "appspec.yml" else "")
        closed = ["app/a.bin", "app/b.sh", *(["appspec.yml"] if appspec else []), "closed/"]
        for name in closed:
            (place / name).chmod(0)
        os.chown(place / "app/mine", NOBODY, NOBODY)
        (place / "app/mine").chmod(0o400)
        monkeypatch.chdir(place)
        os.seteuid(NOBODY)
        try:
            code, log = packaged()
        finally:
            os.seteuid(0)
    assert code == 3
    assert re.findall(r"error: `(.*?)` cannot be read: Permission denied", log) == closed


def test_problems_are_told_in_the_order_of_the_lines(workspace: Path) -> None:
    """Whatever rule they break, so that GitHub's first ten are those at the top of the file."""
    text = (
        "version: 1.0\nos: linux\nfile: []\nfiles:\n  - source: gone\n    destination: srv\n    mode: x\n"
        "hooks:\n  AfterInstall:\n    - location: gone.sh\n      timeout: soon\n      runsa: me\n"
    )
    (workspace / "appspec.yml").write_text(text)
    lines = [int(line) for line in re.findall(r"^appspec.yml:(\d+):", packaged()[1], re.MULTILINE)]
    assert len(lines) > 6
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("node_modules .env", "`.env` in it matches what would be deployed."),
        ("build,app/*.html", "`app/*.html` in it matches what"),
        ("gone, nothing/", "The pattern `gone, nothing/` matched nothing. [pattern-unused]"),
        ("gone", "The pattern `gone` matched nothing. [pattern-unused]"),
    ],
)
def test_a_list_of_patterns_on_one_line_does_not_deploy_what_it_names(
    workspace: Path, pattern: str, said: str
) -> None:
    (workspace / ".env").write_text("TOKEN=x")
    code, log = packaged(f"--exclude={pattern}", "--pre-flight=off")
    assert said in log
    assert code == (3 if "deployed" in said or "app/" in said else 0)
    assert ("one per line" in log.replace("one pattern per", "one per")) == (pattern != "gone")


def test_a_comma_or_a_blank_of_a_name_is_no_list(workspace: Path) -> None:
    (workspace / "app" / "a, b.txt").write_text("")
    code, log = packaged("--exclude=a, b.txt")
    assert (code, "Left out by a, b.txt" in log) == (0, True), log


def test_where_there_is_no_appspec_at_all(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    move(workspace, **{"services/web/dist/appspec.txt": ""})
    (workspace / "services" / "locked").mkdir(mode=0)
    monkeypatch.chdir(workspace / "services")
    assert "Add an appspec.yml, or name the one to use with the input `appspec`." in messages("--source=web")


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
