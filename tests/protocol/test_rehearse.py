"""A rehearsal against a stand-in for the engine: what it asks, what it reports, and how it ends on faults."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from deployer.clock import SystemClock
from deployer.errors import EngineFault, ExitCode
from deployer.main import execute
from deployer.rehearse.container import DiskFull, Gone, Limits, Process, started
from deployer.rehearse.engine import Engine
from tests.certificates import certify
from tests.engine import Command, FakeEngine, Handler, frame
from tests.harness import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from deployer.rehearse.container import Container
    from tests.clock import FakeClock
    from tests.harness import RunLine, Start
    from tests.s3 import S3Server

ROOT = Path(__file__).parents[2]
APPSPEC = """\
version: 0.0
os: linux
files:
  - source: app
    destination: /srv/app
hooks:
  ApplicationStop:
    - location: scripts/stop.sh
  AfterInstall:
    - location: scripts/install.sh
      timeout: 60
"""
SCRIPT = "#!/bin/bash\nset -e\nsystemctl restart app\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository that deploys a file and runs two scripts."""
    root = tmp_path / "repository"
    for name, text in {
        "appspec.yml": APPSPEC,
        "app/index.html": "hello\n",
        "scripts/stop.sh": "#!/bin/sh\n",
        "scripts/install.sh": SCRIPT,
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    return root


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FakeEngine]:
    """An engine with one image, whose commands all end well."""
    with FakeEngine(tmp_path / "engine.sock", appspec=APPSPEC.encode()) as fake:
        yield fake


class Run:
    """A run on GitHub that ends after its rehearsal."""

    def __init__(self, repository: Path, environ: dict[str, str], *flags: str) -> None:
        folder = repository.parent
        self.output, self.summary, self.junit = (folder / name for name in ("output", "summary", "junit"))
        for file in (self.output, self.summary):
            file.touch()
        stream = io.StringIO()
        environ = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(repository),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            **environ,
        }
        given = ["--stop-after=rehearse", f"--junit-file={self.junit}", *flags]
        if not any(flag.startswith("--rehearse-image") for flag in flags):
            given.append("--rehearse-image=amazonlinux:2023")
        self.code = execute(given, environ, stream)
        self.log = stream.getvalue()


FAILING = {
    "scripts/install.sh": Command(
        127,
        b"restarting\n",
        b"/x/deployment-archive/scripts/install.sh: line 3: systemctl: command not found\n",
    )
}


def test_a_bundle_that_passes_is_reported_as_rehearsed(repository: Path, engine: FakeEngine) -> None:
    run = Run(repository, engine.environ)
    assert run.code == 0, run.log
    assert "AfterInstall" in run.log
    assert "Rehearsal in amazonlinux:2023 succeeded" in run.log
    assert "rehearsed" in run.output.read_text()
    assert "✅ Rehearsed; nothing was uploaded" in run.summary.read_text()
    assert engine.containers == {}


def test_stop_does_not_run_in_a_first_deployment(repository: Path, engine: FakeEngine) -> None:
    run = Run(repository, engine.environ)
    assert not any("scripts/stop.sh" in " ".join(each["Cmd"]) for each in engine.executed)
    suites = ET.parse(run.junit).getroot()  # noqa: S314 - our own
    events = {case.get("name"): case.find("skipped") is not None for case in suites.iter("testcase")}
    assert events["ApplicationStop"]
    assert not events["AfterInstall"]


def test_a_failing_script_is_explained_like_a_deployment(repository: Path, engine: FakeEngine) -> None:
    engine.commands = FAILING
    run = Run(repository, engine.environ)
    assert run.code == ExitCode.INVALID_BUNDLE
    annotation = next(line for line in run.log.splitlines() if line.startswith("::error"))
    assert "file=scripts/install.sh,line=3" in annotation
    assert "AfterInstall failed on amazonlinux:2023" in annotation
    assert "systemctl: command not found" in annotation
    assert "rehearse-stubs: systemctl" in annotation
    assert "❌ Rehearsal failed; nothing was sent" in run.summary.read_text()
    assert "restarting" in run.log, "the whole output is in the log"
    (failure,) = ET.parse(run.junit).getroot().iter("failure")  # noqa: S314 - our own
    assert failure.get("type") == "ScriptFailed"
    assert engine.containers == {}


def test_what_hooks_print_is_never_taken_for_a_command(repository: Path, engine: FakeEngine) -> None:
    said = b"::error::gotcha\n  ::add-mask::a\n##[error]gotcha\n"
    engine.commands = {"scripts/install.sh": Command(1, said, said.replace(b"\n", b"\r"))}
    run = Run(repository, engine.environ)
    assert run.code == ExitCode.INVALID_BUNDLE
    fences = r"^::stop-commands::(\w+)\n.*?\n::\1::$"
    outside = re.sub(fences, "", run.log, flags=re.MULTILINE | re.DOTALL)
    assert "gotcha" in outside, "in the annotation"
    assert not re.search(r"^\s*(::(error::gotcha|add-mask)|##\[)", outside, re.MULTILINE)
    assert "\r" not in run.log


@pytest.mark.parametrize("name", ["DB_PASSWORD", "GITHUB_TOKEN", "api_key", "CLIENT_SECRET_2"])
def test_a_secret_that_is_given_to_the_hooks_is_not_shown(
    name: str, repository: Path, engine: FakeEngine
) -> None:
    said = b"+ export X=hunter2-hunter2\nSTAGE=staging-one\n"
    engine.commands = {"scripts/install.sh": Command(1, said, said)}
    run = Run(repository, engine.environ, f"--rehearse-env={name}=hunter2-hunter2\nSTAGE=staging-one")
    written = [run.log, *(file.read_text() for file in (run.output, run.summary, run.junit))]
    assert "hunter2" not in "".join(written).replace("::add-mask::hunter2-hunter2\n", "")
    assert "STAGE=staging-one" in run.log


def test_the_agents_variables_and_those_given_reach_the_scripts(repository: Path, engine: FakeEngine) -> None:
    Run(
        repository,
        engine.environ,
        "--application=shop",
        "--deployment-group=blue",
        "--bucket=releases/apps",
        "--rehearse-env=STAGE=test",
    )
    hook = next(each for each in engine.executed if "scripts/install.sh" in " ".join(each["Cmd"]))
    variables = dict(each.split("=", 1) for each in hook["Env"])
    assert variables["LIFECYCLE_EVENT"] == "AfterInstall"
    assert (variables["APPLICATION_NAME"], variables["DEPLOYMENT_GROUP_NAME"]) == ("shop", "blue")
    assert variables["BUNDLE_BUCKET"] == "releases"
    assert variables["BUNDLE_KEY"].startswith("apps/shop/")
    assert len(variables["BUNDLE_ETAG"]) == 32
    assert "BUNDLE_VERSION" not in variables, "the agent sets none without versioning"
    assert variables["STAGE"] == "test"
    assert (hook["User"], hook["WorkingDir"]) == ("0:0", "/opt/codedeploy-agent")


def test_a_key_that_only_ci_can_fill_in_is_not_needed_to_rehearse(
    repository: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    flags = ("--bucket=releases", "--key={ref}/{sha}.zip")
    run = Run(repository, {"GITHUB_ACTIONS": "", **engine.environ}, *flags)
    assert run.code == 0, run.log


def test_nothing_of_the_host_is_in_the_container_and_it_ends_by_itself(
    repository: Path, engine: FakeEngine
) -> None:
    kept: list[Mapping[str, Any]] = []

    def start(handler: Handler) -> None:
        kept.extend(handler.fake.containers.values())
        handler.send(204)

    engine.answers["POST containers start"] = start
    Run(repository, engine.environ)
    (description,) = kept
    host = description["HostConfig"]
    assert host["AutoRemove"]
    assert not {"Binds", "Mounts", "Privileged", "NetworkMode", "Devices", "CapAdd"} & host.keys()
    assert host["Memory"] == host["MemorySwap"] > 0
    assert host["PidsLimit"] > 0
    assert description["OpenStdin"]
    assert description["StdinOnce"]
    assert description["User"] == "0:0"


def test_lambda_has_nothing_to_rehearse(tmp_path: Path, engine: FakeEngine) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "appspec.yml").write_text((ROOT / "examples/shop-lambda/appspec.yml").read_text())
    variables = "--appspec-variables=VERSION=2"
    run = Run(repository, engine.environ, variables)
    assert run.code == 0, run.log
    assert "Nothing was rehearsed" in run.log
    assert engine.seen == []


@pytest.mark.parametrize("checks", ["errors", "off"])
@pytest.mark.parametrize("archived", [False, True], ids=["folder", "archive"])
def test_a_bundle_for_windows_has_nothing_to_rehearse(
    repository: Path, tmp_path: Path, engine: FakeEngine, checks: str, *, archived: bool
) -> None:
    windows = APPSPEC.replace("linux", "windows").replace("/srv/app", r"c:\app").replace(".sh", ".bat")
    (repository / "appspec.yml").write_text(windows)
    for name in ("stop", "install"):
        (repository / "scripts" / f"{name}.sh").rename(repository / "scripts" / f"{name}.bat")
    flags = [f"--pre-flight={checks}"]
    if archived:
        built = shutil.make_archive(str(tmp_path / "built"), "zip", tmp_path, repository.name)
        shutil.move(built, repository / "app.zip")
        flags.append("--source=app.zip")
    run = Run(repository, engine.environ, *flags)
    assert run.code == 0, run.log
    assert "Nothing was rehearsed: the AppSpec is for Windows Server" in run.log
    assert engine.seen == []


@pytest.mark.parametrize(
    ("variables", "advice"),
    [
        ({}, "an action finds the engine by itself"),
        ({"GITHUB_ACTIONS": "", "GITLAB_CI": "true"}, "services: [docker:dind]"),
        ({"GITHUB_ACTIONS": ""}, "docker run -v /var/run/docker.sock:/var/run/docker.sock"),
    ],
)
def test_without_an_engine_the_line_for_each_ci(
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    advice: str,
) -> None:
    environ = {"DOCKER_HOST": f"unix://{tmp_path}/none.sock", "CI_PROJECT_DIR": str(repository), **variables}
    monkeypatch.chdir(repository)
    run = Run(repository, environ)
    assert run.code == ExitCode.INVALID_INPUT, run.log
    assert "No Docker engine can be used at" in run.log
    assert advice in run.log


@pytest.mark.parametrize(
    "address",
    ["ssh://host", "tcp://", "unix://", "npipe:////./pipe", "tcp://host:x", "https://host", "http://host"],
)
def test_an_address_that_cannot_be_used(repository: Path, address: str) -> None:
    run = Run(repository, {"DOCKER_HOST": address})
    assert run.code == ExitCode.INVALID_INPUT
    assert "DOCKER_HOST" in run.log


def test_certificates_that_are_not_there(repository: Path, tmp_path: Path) -> None:
    environ = {
        "DOCKER_HOST": "tcp://localhost:2376",
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": str(tmp_path),
    }
    run = Run(repository, environ)
    assert run.code == ExitCode.INVALID_INPUT
    assert "DOCKER_CERT_PATH" in run.log


def refusing(status: int, message: str) -> Callable[[Handler], None]:
    return lambda handler: handler.refuse(status, message)


def saying(text: str) -> Callable[[Handler], None]:
    return lambda handler: handler.stream(text.encode())


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refusing(404, "pull access denied for nosuch"), ExitCode.INVALID_INPUT),
        (refusing(500, "manifest unknown: manifest unknown"), ExitCode.INVALID_INPUT),
        (refusing(500, "dial tcp: lookup registry: no such host"), ExitCode.AWS_FAULT),
        (saying('{"status":"Pulling"}\n{"error":"unauthorized: authentication required"}\n'), 2),
        (saying('{"status":"Pulling"}\n{"error":"read: connection reset by peer"}\n'), ExitCode.AWS_FAULT),
        (saying('{"status":"Pulling"}\nno json\n[]\n'), ExitCode.AWS_FAULT),  # it says that it has it
    ],
)
def test_an_image_that_cannot_be_had(
    repository: Path, engine: FakeEngine, answer: Callable[[Handler], None], code: int
) -> None:
    engine.answers["POST images"] = answer
    run = Run(repository, engine.environ, "--rehearse-image=nosuch/image")
    assert run.code == code, run.log
    assert "nosuch/image" in run.log


def test_an_image_is_pulled_by_its_tag_alone(repository: Path, engine: FakeEngine) -> None:
    asked: list[dict[str, str]] = []

    def pulled(handler: Handler) -> None:
        asked.append(handler.query)
        engine.image = "localhost:5000/base"
        handler.stream(b'{"status":"Done"}\n')

    engine.answers["POST images"] = pulled
    run = Run(repository, engine.environ, "--rehearse-image=localhost:5000/base")
    assert run.code == 0, run.log
    assert asked == [{"fromImage": "localhost:5000/base", "tag": "latest"}]


def garbage(handler: Handler) -> None:
    handler.wfile.write(b"nonsense\r\n\r\n")
    handler.close_connection = True


def hanging_up(handler: Handler) -> None:
    handler.close_connection = True


FAULTS = {
    "another answer": lambda handler: handler.send(200, []),
    "an error": refusing(500, "layer does not exist"),
    "no HTTP": garbage,
    "nothing at all": hanging_up,
    "no JSON": saying("<html>"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "request_",
    ["POST containers", "POST containers start", "POST containers exec", "POST exec start", "GET exec json"],
)
def test_a_fault_of_the_engine_ends_the_run_and_leaves_nothing(
    repository: Path, engine: FakeEngine, request_: str, fault: str
) -> None:
    key = request_.replace(" create", "")
    engine.answers[key] = FAULTS[fault]
    run = Run(repository, engine.environ)
    harmless = fault == "another answer" and "exec" not in request_  # of these only the status counts
    if harmless or (request_ == "POST exec start" and fault in {"another answer", "no JSON"}):
        assert run.code in {ExitCode.DONE, ExitCode.INVALID_BUNDLE}, run.log
    else:
        assert run.code == ExitCode.AWS_FAULT, run.log
    assert "bug" not in run.log
    assert engine.containers == {}
    assert "DELETE containers" in engine.seen


def test_an_archive_that_the_engine_does_not_unpack_fails_the_download(
    repository: Path, engine: FakeEngine
) -> None:
    engine.answers["PUT containers archive"] = refusing(500, "unexpected EOF")
    run = Run(repository, engine.environ)
    assert run.code == ExitCode.INVALID_BUNDLE
    assert "DownloadBundle failed" in run.log


def test_output_that_is_cut_short_is_shown_as_far_as_it_came(repository: Path, engine: FakeEngine) -> None:
    engine.commands = FAILING
    engine.answers["POST exec start"] = lambda handler: handler.stream(frame(2, b"half a line")[:-4])
    run = Run(repository, engine.environ, "--pre-flight=off")
    assert run.code in {0, ExitCode.INVALID_BUNDLE}
    assert engine.containers == {}


def test_a_script_may_be_silent_for_longer_than_an_answer_may_take(engine: FakeEngine) -> None:
    def slow(handler: Handler) -> None:
        handler.stream(b"")
        handler.wfile.flush()
        time.sleep(1.3)
        handler.wfile.write(frame(1, b"done\n"))

    engine.answers["POST exec start"] = slow
    impatient = Engine(str(engine.path), path=str(engine.path), seconds=1.0)
    said: list[tuple[int, bytes]] = []
    with started(
        impatient, engine.image, variables=[], seconds=9, limits=Limits(), say=print, clock=SystemClock()
    ) as container:
        assert container.execute(Process(["true"]), output=lambda *piece: said.append(piece)) == 0
    assert said == [(1, b"done\n")]


def waiting(handler: Handler) -> None:
    """A process that runs for as long as its container does."""
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.flush()
    while handler.fake.containers:
        time.sleep(0.01)
    handler.close_connection = True


@dataclass
class Hurried(SystemClock):
    """A clock by which a second is over at once."""

    passed: float = 0.0

    def monotonic(self) -> float:
        """Each look is a second after the one before."""
        self.passed += 1.0
        return self.passed


@contextmanager
def running(engine: FakeEngine, *, limits: Limits | None = None) -> Iterator[Container]:
    """A container of the engine, with a clock that runs fast."""
    own = Engine(str(engine.path), path=str(engine.path))
    given = limits or Limits()
    with started(
        own, engine.image, variables=[], seconds=99, limits=given, say=print, clock=Hurried()
    ) as container:
        yield container


def test_a_process_is_given_up_at_its_time_and_looked_after_until_then(engine: FakeEngine) -> None:
    engine.answers["POST exec start"] = waiting
    ticks: list[None] = []
    with running(engine) as container:
        process = Process(["sleep", "infinity"])
        ended = container.execute(process, output=lambda *_: None, until=9.0, tick=lambda: ticks.append(None))
    assert ended is None
    assert ticks


def test_a_container_that_fills_its_disk_is_noticed(engine: FakeEngine) -> None:
    engine.answers["POST exec start"] = waiting
    engine.answers["GET containers json"] = lambda handler: handler.send(
        200, {"State": {"Running": True}, "SizeRw": 11}
    )
    with pytest.raises(DiskFull), running(engine, limits=Limits(disk=10)) as container:
        container.execute(Process(["fill"]), output=lambda *_: None)
    assert engine.containers == {}


def test_a_process_that_ends_with_its_container_has_no_exit_code(engine: FakeEngine) -> None:
    engine.answers["GET exec json"] = lambda handler: handler.send(200, {"Running": False, "ExitCode": None})
    with pytest.raises(Gone), running(engine) as container:
        container.execute(Process(["true"]), output=lambda *_: None)


def test_output_that_ends_before_its_process_is_a_fault_of_the_engine(engine: FakeEngine) -> None:
    engine.answers["GET exec json"] = lambda handler: handler.send(200, {"Running": True, "ExitCode": None})
    with pytest.raises(EngineFault, match="still running"), running(engine) as container:
        container.execute(Process(["true"]), output=lambda *_: None)


def test_a_very_loud_process_is_read_to_its_end(engine: FakeEngine) -> None:
    """More frames than are kept waiting, one of them in several reads."""
    loud = b"".join(frame(1, b"x" * 100) for _ in range(500)) + frame(2, b"y" * 200_000)
    engine.answers["POST exec start"] = lambda handler: handler.stream(loud)
    said = {1: 0, 2: 0}

    def output(stream: int, data: bytes) -> None:
        said[stream] += len(data)

    with running(engine) as container:
        assert container.execute(Process(["shout"]), output=output) == 0
    assert said == {1: 50_000, 2: 200_000}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refusing(500, "driver failed"), "The engine will remove it when this process ends."),
        (hanging_up, "The engine will remove the container deployer-rehearsal-"),
        (refusing(409, "removal is already in progress"), ""),
    ],
)
def test_a_container_that_cannot_be_removed_is_named_and_costs_nothing(
    repository: Path, engine: FakeEngine, answer: Callable[[Handler], None], said: str
) -> None:
    engine.answers["DELETE containers"] = answer
    run = Run(repository, engine.environ)
    assert run.code == 0, run.log
    assert said in run.log
    assert bool(said) == ("refused to remove" in run.log or "failed to remove" in run.log)


@pytest.mark.parametrize("end", [Command(1), None])
def test_stubs_that_cannot_be_put_in_place_are_a_fault_of_the_image(
    repository: Path, engine: FakeEngine, end: Command | None
) -> None:
    if end:
        engine.commands["for name; do"] = end
    else:
        engine.answers["GET exec json"] = lambda handler: handler.send(
            200, {"Running": False, "ExitCode": None}
        )
    run = Run(repository, engine.environ, "--rehearse-stubs=systemctl")
    assert run.code == ExitCode.INVALID_INPUT
    assert "Input rehearse-stubs: the commands cannot be replaced" in run.log


@pytest.mark.parametrize(
    ("status", "reason", "code"),
    [
        (400, 'exec: "/bin/sh": no such file or directory', ExitCode.INVALID_INPUT),
        (500, "no space left on device", ExitCode.AWS_FAULT),
    ],
)
def test_an_image_that_cannot_be_started_is_told_from_an_engine_that_cannot(
    repository: Path, engine: FakeEngine, status: int, reason: str, code: int
) -> None:
    engine.answers["POST containers start"] = refusing(status, reason)
    run = Run(repository, engine.environ)
    assert run.code == code
    assert reason in run.log


def test_an_engine_by_its_address() -> None:
    assert Engine.of({}).path == "/var/run/docker.sock"
    assert Engine.of({"DOCKER_HOST": "unix:///run/docker.sock"}).path == "/run/docker.sock"
    tcp = Engine.of({"DOCKER_HOST": "tcp://docker"})
    assert (tcp.host, tcp.port, tcp.tls) == ("docker", 2375, None)


def test_an_engine_that_wants_certificates(tmp_path: Path) -> None:
    """As GitLab's dind service does: both sides show theirs."""
    ca = certify(tmp_path)
    shutil.copy(ca, tmp_path / "cert.pem")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca, tmp_path / "key.pem")
    context.load_verify_locations(ca)
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Handler.fake = FakeEngine(
        tmp_path, answers={"GET containers": lambda handler: handler.send(200, ["seen"])}
    )
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    environ = {
        "DOCKER_HOST": f"tcp://127.0.0.1:{server.server_port}",
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": str(tmp_path),
    }
    assert Engine.of(environ).ask("GET", "containers", "list containers") == ["seen"]
    server.shutdown()
    server.server_close()


def test_a_container_that_ends_fails_the_event(repository: Path, engine: FakeEngine) -> None:
    def gone(handler: Handler) -> None:
        handler.fake.containers.clear()
        handler.refuse(409, "container is not running")

    engine.answers["POST containers exec"] = gone
    run = Run(repository, engine.environ)
    assert run.code == ExitCode.INVALID_BUNDLE
    assert "The container ended" in run.log


LAST_GOOD = ("--rehearse-image=amazonlinux:2023", "--rehearse-previous=last-good")


@pytest.fixture
def example_engine(engine: FakeEngine) -> FakeEngine:
    """An engine in which the example's AppSpec is unpacked."""
    engine.appspec = (ROOT / "examples" / "hello-web" / "appspec.yml").read_bytes()
    return engine


def test_the_last_good_revision_is_replaced(
    still_emulator: Start, run_line: RunLine, example_engine: FakeEngine
) -> None:
    """It is deployed first, then stopped."""
    service, environ = still_emulator(), example_engine.environ
    live = run_line(service)
    assert live.code == 0
    ran = run_line(service, *LAST_GOOD, "--stop-after=rehearse", environ=environ)
    assert ran.code == 0, ran.log
    assert ran.outputs["status"] == "rehearsed"
    hooks = [
        dict(each.split("=", 1) for each in command["Env"])
        for command in example_engine.executed
        if any("LIFECYCLE_EVENT" in each for each in command["Env"])
    ]
    lived = ["BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService"]
    assert [hook["LIFECYCLE_EVENT"] for hook in hooks] == [*lived, "ApplicationStop", *lived]
    assert len({hook["DEPLOYMENT_ID"] for hook in hooks}) == 2
    first, stop = hooks[0], hooks[4]
    assert (first["BUNDLE_KEY"], first["BUNDLE_VERSION"]) == (live.outputs["key"], live.outputs["version-id"])
    assert first["BUNDLE_ETAG"] == live.outputs["etag"]
    assert "BUNDLE_VERSION" not in stop, "it is stopped by the deployment that replaces it"


def test_a_group_without_any_success_has_a_first_deployment(
    still_emulator: Start, run_line: RunLine, example_engine: FakeEngine
) -> None:
    service = still_emulator()
    service.world.deployments.clear()
    ran = run_line(service, *LAST_GOOD, "--stop-after=rehearse", environ=example_engine.environ)
    assert ran.code == 0, ran.log
    assert "No deployment of the group has succeeded yet" in ran.log


def test_a_revision_before_that_is_gone(
    still_emulator: Start, run_line: RunLine, engine: FakeEngine, bucket: str
) -> None:
    flags = ("--rehearse-image=amazonlinux:2023", f"--rehearse-previous=s3://{bucket}/gone.zip")
    ran = run_line(still_emulator(), *flags, environ=engine.environ)
    assert ran.code in {ExitCode.INVALID_INPUT, ExitCode.ACCESS_DENIED, ExitCode.AWS_FAULT}, ran.log
    assert "gone.zip" in ran.log
    assert engine.seen == []


@pytest.mark.parametrize("pin", ["", "?versionId="])
def test_a_revision_before_that_may_not_be_read_names_the_missing_permission(  # noqa: PLR0913 - fixtures
    pin: str,
    *,
    still_emulator: Start,
    engine: FakeEngine,
    s3: S3Server,
    bucket: str,
    clock: FakeClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put = s3.client().put_object(Bucket=bucket, Key="old/1.zip", Body=b"x")
    service = still_emulator(bucket_store=s3)
    service.faults.add("GetObject", "access-denied", times=9)
    given = f"s3://{bucket}/old/1.zip{pin and pin + put['VersionId']}"
    job = Job(monkeypatch, tmp_path, s3, bucket, clock)
    ran = job.run(
        service, "--rehearse-image=amazonlinux:2023", f"--rehearse-previous={given}", **engine.environ
    )
    assert ran.code == ExitCode.ACCESS_DENIED, ran.log
    action = "s3:GetObjectVersion" if pin else "s3:GetObject"
    assert f'"Action": "{action}"' in ran.log
    assert f'"Resource": "arn:aws:s3:::{bucket}/old/*"' in ran.log


def test_a_failed_rehearsal_sends_nothing(
    still_emulator: Start, run_line: RunLine, example_engine: FakeEngine
) -> None:
    service = still_emulator()
    example_engine.commands = {"scripts/after_install.sh": Command(1)}
    ran = run_line(service, "--rehearse-image=amazonlinux:2023", environ=example_engine.environ)
    assert ran.code == ExitCode.INVALID_BUNDLE
    assert service.calls == []
    assert "uploaded" not in ran.outputs


def test_a_previous_revision_that_fails_is_named_as_that(
    still_emulator: Start, run_line: RunLine, example_engine: FakeEngine
) -> None:
    """The bundle is not deployed over it."""
    service, environ = still_emulator(), example_engine.environ
    run_line(service)
    example_engine.commands = {"scripts/after_install.sh": Command(1, stderr=b"no disk\n")}
    ran = run_line(service, *LAST_GOOD, "--stop-after=rehearse", environ=environ)
    assert ran.code == ExitCode.INVALID_BUNDLE
    assert "The previous revision: AfterInstall failed on amazonlinux:2023" in ran.log
    identifiers = {
        variable
        for each in example_engine.executed
        for variable in each["Env"]
        if "DEPLOYMENT_ID" in variable
    }
    assert identifiers == {"DEPLOYMENT_ID=d-PREVIOUS0"}


def test_a_last_good_revision_that_is_not_in_s3_is_refused(
    still_emulator: Start, run_line: RunLine, engine: FakeEngine
) -> None:
    service = still_emulator()
    given = {"INPUT_BUCKET": "", "INPUT_SOURCE": "", "INPUT_REVISION": f"github://acme/shop/{'d' * 40}"}
    assert run_line(service, environ=given).code == 0
    ran = run_line(service, *LAST_GOOD, environ=engine.environ)
    assert ran.code == ExitCode.INVALID_INPUT
    assert "Input rehearse-previous: last-good is not a revision in S3 (" in ran.log
    assert engine.seen == []


def test_a_cancelled_job_removes_the_container(repository: Path, engine: FakeEngine) -> None:
    engine.answers["POST exec start"] = waiting
    flags = ["--stop-after=rehearse", "--rehearse-image=amazonlinux:2023"]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "entrypoint.py"), *flags],
        cwd=repository,
        env={"PATH": os.environ["PATH"], "GITHUB_WORKSPACE": str(repository), **engine.environ},
        stdout=subprocess.PIPE,
        text=True,
    )
    while "POST exec start" not in engine.seen and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    log, _ = process.communicate(timeout=30)
    assert process.returncode == ExitCode.TERMINATED, log
    assert engine.containers == {}
