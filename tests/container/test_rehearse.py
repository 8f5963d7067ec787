"""Rehearsals on a real engine: the agent's verdicts, the example's page, hostile hooks, nothing left over."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from deployer.clock import SystemClock
from deployer.errors import ExitCode
from deployer.rehearse.container import LABEL, Limits, Process, started
from deployer.rehearse.engine import Engine
from deployer.rehearse.life import Archive, Life, Terms
from deployer.rehearse.scripts import EventFailed
from deployer.revision import BundleType
from tests.container.docker import HARDENED, ROOT, Job, docker, make_job
from tests.container.services import BUCKET, aws_variables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from deployer.rehearse.container import Container
    from deployer.rehearse.life import Installed
    from tests.s3 import S3Server

CASES = json.loads((ROOT / "tests" / "appspec_cases.json").read_text())["cases"]
CLOCK = SystemClock()
WORKERS = 3
SOCKET = os.environ.get("DOCKER_HOST", "").removeprefix("unix://") or "/var/run/docker.sock"


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No test leaves a container of ours on the engine; those of tests that run beside it end as well."""
    yield
    deadline = time.monotonic() + 60
    left = rehearsing()
    while left := left & rehearsing():
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def rehearsing() -> set[str]:
    """The IDs of the containers of all rehearsals."""
    return set(docker("ps", "--all", "--quiet", f"--filter=label={LABEL}").stdout.split())


@contextmanager
def container(image: str, limits: Limits | None = None) -> Iterator[Container]:
    """A container of the image, as a rehearsal starts it."""
    with started(
        Engine.of(os.environ),
        image,
        variables=[],
        seconds=300,
        limits=limits or Limits(),
        say=print,
        clock=CLOCK,
    ) as running:
        yield running


def zipped(files: Mapping[str, tuple[int, str]]) -> bytes:
    """A zip of files by name, each with its mode and its text."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, (mode, text) in files.items():
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.external_attr = ((0o040000 if name.endswith("/") else 0o100000) | mode) << 16
            archive.writestr(info, text)
    return stream.getvalue()


def life_of(running: Container, data: bytes, *, number: int = 0) -> Life:
    """The deployment of a bundle, in which a failing ApplicationStop is passed over."""
    terms = Terms("image", CLOCK, CLOCK.monotonic() + 60, {"APPLICATION_NAME": "shop"}, ignores_stop=True)
    return Life(running, terms, Archive(BundleType.ZIP, lambda: [data], {}), f"d-{number}")


def lived(
    running: Container, data: bytes, *, number: int = 0, before: Installed | None = None
) -> tuple[Life, str]:
    """Deploy a bundle; the agent's words if it refuses it."""
    life = life_of(running, data, number=number)
    try:
        life.run(before)
    except EventFailed as failure:
        return life, str(failure)
    return life, ""


def test_each_bundle_ends_as_with_the_agent(base: str) -> None:
    """What the real agent deployed passes, and what it refused fails for the same reason."""

    def judge(cases: list[dict[str, Any]]) -> list[str]:
        wrong = []
        with container(base) as running:
            for number, case in enumerate(cases):
                files = {name: (int(file["mode"], 8), file["text"]) for name, file in case["files"].items()}
                life, refusal = lived(running, zipped(files), number=number)
                if bool(refusal) is not (case["agent"] == "refused"):
                    wrong.append(f"{case['name']}: {refusal or 'deployed'}, the agent {case['agent']} it")
                elif (
                    refusal
                    and not life.problems
                    and not _words(refusal).startswith(_words(case["agent_message"])[:60])
                ):
                    wrong.append(f"{case['name']}: {refusal}, the agent: {case['agent_message']}")
                if any(event.name == "Install" for event in life.events):
                    running.execute(Process(["rm", "-rf", "/srv/t"]), output=lambda _stream, _data: None)
        return wrong

    with ThreadPoolExecutor(WORKERS) as pool:
        found = pool.map(judge, [CASES[start::WORKERS] for start in range(WORKERS)])
    assert [line for lines in found for line in lines] == []


SAME = {
    "RuntimeError: The deployment failed because the application specification file specifies two source": (
        "The sources"
    ),
    "AppSpecValidationException: The deployment failed because the application specification file includes": (
        "The permissions of the file"
    ),
    "RuntimeError: The CodeDeploy agent did not find an AppSpec file": (
        "The CodeDeploy agent did not find an AppSpec file"
    ),
    "NoMethodError: undefined method `get_range' for nil": "`context` has no `range`",
    "TypeError: no implicit conversion of Integer into String": "`owner: 0` is not a name",
}


def _words(message: str) -> str:
    """A message of the agent without its class, where the archive lies, and what we say in fewer words."""
    for theirs, ours in SAME.items():
        if message.startswith(theirs):
            return ours
    message = message.removeprefix("ScriptError: ").replace("<archive>", "…")
    start, root, rest = message.partition("/opt/codedeploy-agent/deployment-root/")
    return f"{start}…/{rest.partition('/deployment-archive/')[2]}" if root else message


APPSPEC = (
    "version: 0.0\nos: linux\nhooks:\n  BeforeInstall:\n    - location: hook\n      timeout: {timeout}\n"
)
FILLED = "while :; do dd if=/dev/zero bs=1M count=50 >>/fill 2>/dev/null; sleep 0.2; done"
HOSTILE = {
    "fork bomb": ("f() { f | f & }; f; sleep 60", "failed to complete in 4 seconds", Limits(processes=100)),
    "endless output": ("yes", "failed to complete in 4 seconds", Limits()),
    "endless line": ("cat /dev/zero", "failed to complete in 4 seconds", Limits()),
    "full disk": (FILLED, "filled the disk", Limits(disk=100_000_000)),
    "memory": ("python3 -c 'x = [0] * 10**9'", "failed with exit code", Limits(memory=100 << 20)),
    "kills its parent": ("kill -9 $PPID; sleep 1; echo alive", "failed with exit code 137", Limits()),
    "kills all": ("kill -9 -1; sleep 60", "failed with exit code 137", Limits()),
    "ends the container": ("kill -TERM 1; sleep 60", "failed with exit code", Limits()),
    "removes the agent": ("rm -rf /opt/codedeploy-agent; exit 1", "failed with exit code 1", Limits()),
}


def test_hostile_hooks_end_in_bounded_time(base: str) -> None:
    """Each ends its own rehearsal alone, with the reason; the fixture looks for what is left."""

    def judge(name: str) -> str:
        script, reason, limits = HOSTILE[name]
        spec = APPSPEC.format(timeout=60 if limits.disk < Limits().disk else 4)
        data = zipped({"appspec.yml": (0o644, spec), "hook": (0o644, f"#!/bin/bash\n{script}\n")})
        with container(base, limits) as running:
            _, refusal = lived(running, data)
        return "" if reason in refusal else f"{name}: {refusal or 'passed'}"

    with ThreadPoolExecutor(WORKERS) as pool:
        assert list(filter(None, pool.map(judge, HOSTILE))) == []


HELD = {
    "sleep 30 &": "failed to close STDOUT",
    "sleep 30 >/dev/null &": "failed to close STDERR",
    "sleep 30 >/dev/null 2>&1 &": "",
    "sleep 1 &": "",
    "sleep 30": "failed to complete in 4 seconds",
    "read -r line || exit 7": "failed with exit code 7",
    "no-such-command": "failed with exit code 127",
    '[ "$LIFECYCLE_EVENT $DEPLOYMENT_ID $APPLICATION_NAME $PWD" = '
    '"BeforeInstall d-0 shop /opt/codedeploy-agent" ]': "",
}


def test_scripts_end_as_the_agent_ends_them(base: str) -> None:
    """Output held open, timeouts, input, variables and the folder."""

    def judge(script: str) -> str:
        data = zipped({"appspec.yml": (0o644, APPSPEC.format(timeout=4)), "hook": (0o644, f"{script}\n")})
        with container(base) as running:
            _, refusal = lived(running, data)
        right = HELD[script] in refusal if HELD[script] else not refusal
        return "" if right else f"{script}: {refusal or 'passed'}"

    with ThreadPoolExecutor(WORKERS) as pool:
        assert list(filter(None, pool.map(judge, HELD))) == []


STOPPED = """\
version: 0.0
os: linux
hooks:
  BeforeInstall:
    - location: prepare
  ApplicationStop:
    - location: stop
      timeout: 1
      runas: {user}
"""
PREPARE = "useradd app; cp /bin/sleep /usr/local/bin/dawdle"
STOPS = {
    "ends when it is told to": "dawdle 100",
    "has a child": "dawdle 100 & wait",
    "does not listen": "trap '' TERM; dawdle 100",
}


@pytest.mark.parametrize("user", ["root", "app"])
def test_a_stop_script_that_is_late_has_ended_before_the_next_one_starts(base: str, user: str) -> None:
    """As on an instance, also where its failure is passed over."""
    looks = {
        "appspec.yml": (0o644, APPSPEC.format(timeout=4)),
        "hook": (0o755, "! grep -x dawdle /proc/*/comm"),
    }

    def judge(name: str) -> str:
        stop = {
            "appspec.yml": (0o644, STOPPED.format(user=user)),
            "prepare": (0o755, f"#!/bin/sh\n{PREPARE}\n"),
            "stop": (0o755, f"#!/bin/sh\n{STOPS[name]}\n"),
        }
        with container(base) as running:
            before = life_of(running, zipped(stop)).run()
            life, refusal = lived(running, zipped(looks), number=1, before=before)
        late = [event.name for event in life.events if event.status == "Failed"] == ["ApplicationStop"]
        return "" if late and not refusal else f"{name}: {refusal or 'it was not late'}"

    with ThreadPoolExecutor(WORKERS) as pool:
        assert list(filter(None, pool.map(judge, STOPS))) == []


INSTALL = """\
version: 0.0
os: linux
files:
  - source: app
    destination: /srv/shop
permissions:
  - object: /srv/shop
    pattern: "*.sh"
    owner: games
    group: games
    mode: "750"
    type: [file]
hooks:
  BeforeInstall:
    - location: before.sh
  AfterInstall:
    - location: look.sh
      runas: tester
"""
LOOK = """\
set -eu
[ "$(id -un) $HOME $LOGNAME" = "tester /home/tester tester" ]
[ "$(stat -c %U:%G:%a /srv/shop/run.sh)" = games:games:750 ]
[ "$(stat -c %a /srv/shop/data/notes.txt)" = 640 ]
[ "$(readlink /srv/shop/current)" = data/notes.txt ]
[ ! -L /srv/shop/linked ] && [ -f /srv/shop/linked/notes.txt ]
[ -f "/srv/shop/two words.txt" ] && [ -f /srv/shop/.hidden ]
"""


def test_files_arrive_as_the_agent_installs_them(base: str, tmp_path: Path) -> None:
    """Modes, owners, links, linked folders and odd names; `runas` becomes the user that a hook has made."""
    root = tmp_path / "bundle"
    for name, mode, text in (
        ("appspec.yml", 0o644, INSTALL),
        ("before.sh", 0o644, "useradd --create-home --shell /bin/sh tester\n"),
        ("look.sh", 0o755, f"#!/bin/sh\n{LOOK}"),
        ("app/run.sh", 0o755, "#!/bin/sh\n"),
        ("app/data/notes.txt", 0o640, "notes\n"),
        ("app/two words.txt", 0o644, ""),
        ("app/.hidden", 0o644, ""),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
        (root / name).chmod(mode)
    (root / "app/current").symlink_to("data/notes.txt")
    (root / "app/linked").symlink_to("data")
    for form in ("zip", "tgz"):
        ran = rehearse(root, "--rehearse-image", base, "--bundle-type", form)
        assert ran.returncode == 0, ran.stdout


def rehearse(
    folder: Path, *flags: str, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the program on a folder up to its rehearsal."""
    return subprocess.run(
        [sys.executable, str(ROOT / "entrypoint.py"), "--stop-after=rehearse", *flags],
        cwd=folder,
        env=_environ(environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )


def _environ(more: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "DOCKER_HOST") if name in os.environ}
    return {**kept, **(more or {})}


@pytest.fixture
def example(tmp_path: Path) -> Job:
    """A job of the example, as GitHub's runner lays it out."""
    workspace = shutil.copytree(ROOT / "examples" / "hello-web", tmp_path / "workspace")
    return make_job(tmp_path, workspace, {"INPUT_STOP-AFTER": "rehearse"})


def test_the_example_serves_its_page_in_a_rehearsal(image: str, base: str, example: Job) -> None:
    """The image runs as a container action does, hardened, with the engine's socket."""
    example.variables["INPUT_REHEARSE-IMAGE"] = base
    done = example.run(image, f"--volume={SOCKET}:/var/run/docker.sock", *HARDENED)
    assert done.returncode == 0, done.stdout
    assert "http://127.0.0.1:8080 answers" in done.stdout
    assert example.outputs()["status"] == "rehearsed"


def test_a_user_who_may_not_use_the_engine_is_told(image: str, base: str, example: Job) -> None:
    example.variables["INPUT_REHEARSE-IMAGE"] = base
    done = example.run(image, f"--volume={SOCKET}:/var/run/docker.sock", "--user=1001")
    assert done.returncode == ExitCode.INVALID_INPUT, done.stdout
    assert "--group-add" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_killed_leaves_nothing(base: str, tmp_path: Path, number: int) -> None:
    """A signal removes the container; without one, the engine notices that the run is gone."""
    (tmp_path / "appspec.yml").write_text(APPSPEC.format(timeout=100))
    (tmp_path / "hook").write_text("#!/bin/sh\nsleep 100\n")
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "entrypoint.py"), "--stop-after=rehearse", f"--rehearse-image={base}"],
        cwd=tmp_path,
        env=_environ(),
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        for line in process.stdout:
            if "BeforeInstall started" in line:
                break
        process.send_signal(number)
        rest = process.stdout.read()
    assert process.returncode == (ExitCode.TERMINATED if number == signal.SIGTERM else -number), rest


def test_a_bundle_replaces_the_revision_before(base: str, tmp_path: Path, s3: S3Server) -> None:
    """ApplicationStop is that revision's, its files are cleaned up, and its own deployment comes first."""
    before = tmp_path / "before"
    shutil.copytree(ROOT / "examples" / "hello-web", before)
    (before / "public" / "old.html").write_text("old\n")
    stop = before / "scripts" / "application_stop.sh"
    stop.write_text(f"{stop.read_text()}echo stopping the revision before\n")
    archive = shutil.make_archive(str(tmp_path / "before"), "gztar", before)
    s3.client().upload_file(archive, BUCKET, "before.tgz")
    now = shutil.copytree(ROOT / "examples" / "hello-web", tmp_path / "now")
    check = now / "scripts" / "before_install.sh"
    check.write_text("#!/bin/sh\n[ ! -e /run/hello-web.pid ] && [ -e /opt/hello-web/public/old.html ]\n")
    look = now / "scripts" / "after_install.sh"
    look.write_text("#!/bin/sh\n[ ! -e /opt/hello-web/public/old.html ] && [ -e /opt/hello-web/server.py ]\n")
    flags = [f"--rehearse-image={base}", f"--rehearse-previous=s3://{BUCKET}/before.tgz"]
    ran = rehearse(now, *flags, environ=aws_variables("http://127.0.0.1:9", s3.url))
    assert ran.returncode == 0, ran.stdout
    assert "stopping the revision before" in ran.stdout


def test_a_stub_stands_in_for_a_command(base: str, tmp_path: Path) -> None:
    """Without it the hint names it; with it, its call is in the log, under every path that there is."""
    (tmp_path / "appspec.yml").write_text(APPSPEC.format(timeout=10))
    (tmp_path / "hook").write_text(
        "#!/bin/bash\nset -e\nsystemctl restart shop\n/usr/bin/systemctl daemon-reload\n"
    )
    ran = rehearse(tmp_path, f"--rehearse-image={base}")
    assert ran.returncode == ExitCode.INVALID_BUNDLE, ran.stdout
    assert "rehearse-stubs: systemctl" in ran.stdout
    ran = rehearse(tmp_path, f"--rehearse-image={base}", "--rehearse-stubs=systemctl")
    assert ran.returncode == 0, ran.stdout
    assert "stub: systemctl restart shop" in ran.stdout
