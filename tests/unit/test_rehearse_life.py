"""A bundle's life in a container: the order of events, the agent's words for what fails, and what is left."""

from __future__ import annotations

import io
import tarfile
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from deployer.errors import EngineFault
from deployer.rehearse.container import DiskFull, Gone
from deployer.rehearse.engine import Refused
from deployer.rehearse.life import Archive, Installed, Life, Terms
from deployer.rehearse.scripts import EventFailed
from deployer.revision import BundleType
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from deployer.rehearse.container import Container, Process

APPSPEC = """\
version: 0.0
os: linux
files:
  - source: app
    destination: /srv/app
hooks:
  ApplicationStop:
    - location: stop.sh
      timeout: 60
  BeforeInstall:
    - location: before.sh
  AfterInstall:
    - location: after.sh
      timeout: 60
"""
PARTS = {'head -c "$2"': "the-appspec", "echo STDOUT": "left-open", "kill -KILL": "its-end"}
"""Words for scripts of the rehearsal's own, by a piece of each."""

TAR = Archive(BundleType.TAR, lambda: [b""], {"BUNDLE_KEY": "new.tar"})


@dataclass(frozen=True)
class Ends:
    """How a process ends: exit code (None if it never does), outputs, a fault of its script, an exception."""

    code: int | None = 0
    stdout: bytes = b""
    stderr: bytes = b""
    fault: str = ""
    raised: Exception | None = None


@dataclass
class Box:
    """A container that runs nothing: processes end as given, by a word of what they run."""

    ends: dict[str, Ends] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    files: list[bytes] = field(default_factory=list)
    unpacked: Exception | None = None

    def put(self, folder: str, chunks: Iterable[bytes]) -> None:
        """Take an archive in."""
        self.files.append(b"".join(chunks))
        if self.unpacked and folder != "/":
            raise self.unpacked

    def execute(
        self,
        process: Process,
        *,
        output: Callable[[int, bytes], None],
        until: float = float("inf"),  # noqa: ARG002 - the container's
        tick: Callable[[], None] = lambda: None,
    ) -> int | None:
        """End a process as given; without that well, and an AppSpec is there to be read."""
        self.processes.append(process)
        tick()
        text = text_of(process)
        usual = Ends(stdout=APPSPEC.encode()) if "the-appspec" in text else Ends()
        end = next((end for word, end in self.ends.items() if word in text), usual)
        if end.raised:
            raise end.raised
        if end.fault:
            output(1, f"{process.words[4]}:{end.fault}".encode())
        for stream, data in ((1, end.stdout), (2, end.stderr)):
            if data:
                output(stream, data)
        return end.code

    @property
    def events(self) -> list[tuple[str, str]]:
        """The scripts that ran, each after its event."""
        found = []
        for each in self.processes:
            variables = variables_of(each)
            if "LIFECYCLE_EVENT" in variables:
                found.append((variables["LIFECYCLE_EVENT"], each.words[-1].rpartition("/")[2]))
        return found


def text_of(process: Process) -> str:
    """What a process runs: its words, and those for scripts of the rehearsal's own."""
    script = process.words[2]
    return " ".join([*process.words[3:], *(word for piece, word in PARTS.items() if piece in script)])


def variables_of(process: Process) -> Mapping[str, str]:
    return dict(each.split("=", 1) for each in process.variables)


def life(box: Box, *, archive: Archive = TAR, ignores_stop: bool = False) -> Life:
    terms = Terms("image", FakeClock(), 1_000.0, {"APPLICATION_NAME": "shop"}, ignores_stop=ignores_stop)
    return Life(cast("Container", box), terms, archive, "d-NEW")


def failing(box: Box, **options: object) -> tuple[Life, str]:
    """The deployment that fails in this container, and the agent's words."""
    found = life(box, **options)  # type: ignore[arg-type]
    with pytest.raises(EventFailed) as failure:
        found.run()
    assert found.status == "Failed"
    assert found.snapshot().failed
    return found, str(failure.value)


@pytest.fixture
def before() -> Installed:
    """A revision that was deployed before."""
    box = Box()
    return life(box).run()


def test_the_events_come_in_their_order_and_are_shown_as_they_change() -> None:
    box, seen = Box(), []
    one = life(box)
    one.show = lambda snapshot: seen.append([each.status for each in (snapshot.targets or ())[0].events])
    one.run()
    assert [(each.name, each.status) for each in one.events] == [
        ("ApplicationStop", "Skipped"),
        ("DownloadBundle", "Succeeded"),
        ("BeforeInstall", "Succeeded"),
        ("Install", "Succeeded"),
        ("AfterInstall", "Succeeded"),
    ]
    assert box.events == [("BeforeInstall", "before.sh"), ("AfterInstall", "after.sh")]
    assert ["InProgress"] in seen
    assert seen[-1] == ["Skipped", *["Succeeded"] * 4]


def test_the_revision_before_is_stopped_and_cleaned_up(before: Installed) -> None:
    box = Box()
    one = life(box)
    one.run(before)
    assert [each.name for each in one.events][:2] == ["ApplicationStop", "DownloadBundle"]
    stop = box.processes[0]
    assert stop.words[-1].startswith(before.archive)
    assert variables_of(stop)["DEPLOYMENT_ID"] == "d-NEW"
    assert variables_of(stop)["BUNDLE_KEY"] == "new.tar"
    assert any("cleanup" in " ".join(each.words) for each in box.processes)


@pytest.mark.parametrize("ignores_stop", [True, False])
def test_a_stop_that_fails_ends_the_deployment_unless_it_is_ignored(
    before: Installed, *, ignores_stop: bool
) -> None:
    box = Box({"stop.sh": Ends(3, stderr=b"no\n")})
    one = life(box, ignores_stop=ignores_stop)
    if ignores_stop:
        one.run(before)
        assert [each.status for each in one.events] == ["Failed", *["Succeeded"] * 4]
        return
    with pytest.raises(EventFailed, match="failed with exit code 3"):
        one.run(before)
    assert [each.name for each in one.events] == ["ApplicationStop"]


@pytest.mark.parametrize(
    ("end", "message", "code"),
    [
        (Ends(7), "Script at specified location: after.sh failed with exit code 7", "ScriptFailed"),
        (
            Ends(None),
            "Script at specified location: after.sh failed to complete in 60 seconds",
            "ScriptTimedOut",
        ),
        (Ends(fault="missing"), "Script does not exist at specified location: /opt", "ScriptMissing"),
        (
            Ends(fault="mode"),
            "Unable to set script at specified location: after.sh as",
            "ScriptNotExecutable",
        ),
        (Ends(fault="ENOENT"), "failed with error Errno::ENOENT with message No such file", "ScriptFailed"),
        (Ends(fault="EACCES"), "failed with error Errno::EACCES with message Permission", "ScriptFailed"),
        (Ends(raised=Gone()), "after.sh ended the container that it ran in", "ScriptFailed"),
        (Ends(raised=DiskFull()), "after.sh filled the disk: No space left on device", "ScriptFailed"),
    ],
)
def test_the_agents_words_and_the_services_code_for_a_script(end: Ends, message: str, code: str) -> None:
    one, _ = failing(Box({"after.sh": end}))
    said = one.events[-1].diagnostics
    assert said
    assert message in said.message
    assert (said.error_code, said.script) == (code, "after.sh")


def test_a_stop_that_is_late_is_ended_before_anything_else_runs(before: Installed) -> None:
    box = Box({"stop.sh": Ends(None), "its-end": Ends(raised=Gone())})
    life(box, ignores_stop=True).run(before)
    first = [text_of(each).rpartition(" ")[2].rpartition("/")[2] for each in box.processes[:4]]
    assert first == ["stop.sh", "left-open", "its-end", "deployment-archive"]


@pytest.mark.parametrize("stream", ["STDOUT", "STDERR"])
def test_a_script_that_leaves_its_output_open_is_told_from_one_that_is_late(stream: str) -> None:
    one, said = failing(Box({"left-open": Ends(stdout=f"{stream}\n".encode()), "after.sh": Ends(None)}))
    assert said == f"Script at specified location: after.sh failed to close {stream}"
    diagnostics = one.events[-1].diagnostics
    assert diagnostics
    assert diagnostics.error_code == "UnknownError"


def test_what_could_not_be_looked_at_counts_as_late() -> None:
    _, said = failing(Box({"left-open": Ends(raised=Gone()), "after.sh": Ends(None)}))
    assert said.endswith("failed to complete in 60 seconds")


def test_a_script_that_outlasts_the_rehearsal_is_no_script_that_is_late() -> None:
    box = Box({"before.sh": Ends(None)})  # which has an hour
    _, said = failing(box)
    assert said.endswith("was still running when the rehearsal's time was up")


def test_output_is_kept_with_its_script_and_the_end_of_it_in_the_diagnostics() -> None:
    one, _ = failing(Box({"after.sh": Ends(1, b"a\n", b"b\n")}))
    assert [event for event, _ in one.logs] == ["BeforeInstall", "AfterInstall"]
    (_, log) = one.logs[-1]
    assert log.whole == "LifecycleEvent - AfterInstall\nScript - after.sh\n[stdout]a\n[stderr]b\n"
    said = one.events[-1].diagnostics
    assert said
    assert said.log_tail == log.whole


RUNAS = APPSPEC.replace("    - location: after.sh", "    - location: after.sh\n      runas: web")


def test_a_script_runs_as_its_user_with_that_user_s_home_and_shell() -> None:
    user = "user:web:x:1000:1000:Web,,,:/home/web:"
    ends = {" web": Ends(fault=user), "the-appspec": Ends(stdout=RUNAS.encode())}
    box = Box(ends)
    life(box).run()
    last = box.processes[-1]
    assert (last.user, last.words[-3:][0]) == ("web", "/bin/sh")
    assert {"HOME": "/home/web", "SHELL": "/bin/sh", "USER": "web"}.items() <= variables_of(last).items()


@pytest.mark.parametrize("fault", ["nobody", "user:web:x", "user:web:a:b:c:d:e:f:g:h"])
def test_a_user_that_is_not_there_or_is_no_user(fault: str) -> None:
    ends = {" web": Ends(fault=fault), "the-appspec": Ends(stdout=RUNAS.encode())}
    one, said = failing(Box(ends))
    assert said == "Script at specified location: after.sh run as user web failed with exit code 1"
    diagnostics = one.events[-1].diagnostics
    assert diagnostics
    assert "user web does not exist" in diagnostics.log_tail


@pytest.mark.parametrize(
    ("end", "event", "said"),
    [
        (Ends(3), "BeforeInstall", "did not find an AppSpec file at /opt/codedeploy-agent/deployment-root/"),
        (Ends(1, stderr=b"mv: cannot\n"), "DownloadBundle", "mv: cannot"),
        (Ends(1), "DownloadBundle", "It failed."),
        (
            Ends(stdout=b"version: 0.0\nos: windows\n"),
            "BeforeInstall",
            "unsupported operating system: it is for",
        ),
        (Ends(stdout=b"- a"), "BeforeInstall", "AppSpec"),
        (Ends(None), "DownloadBundle", "It was still running when the rehearsal's time was up"),
    ],
)
def test_an_appspec_that_the_agent_refuses_fails_the_first_event_that_reads_it(
    end: Ends, event: str, said: str
) -> None:
    one, words = failing(Box({"the-appspec": end}))
    assert said in words
    assert (one.events[-1].name, one.events[-1].status) == (event, "Failed")


def test_all_that_is_wrong_with_an_appspec_is_kept_for_annotations() -> None:
    text = b"version: 0.0\nos: linux\nfiles:\n  - source: a\n  - destination: /b\n"
    one, words = failing(Box({"the-appspec": Ends(stdout=text)}))
    assert len(one.problems) == 2
    assert words == one.problems[0].message


LISTING = b"\0".join([b"file", b"/srv/app/a", b"/bundle/a", b"", b""])
THERE = b"\0".join([b"file", b"/srv/app/a", b"/bundle/a", b"-there", b""])


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ({"/walk": Ends(2, stderr=b"sh: out of memory\n")}, "sh: out of memory"),
        ({"/walk": Ends(stdout=THERE)}, "The specified file already exists at this location: /srv/app/a"),
        (
            {
                "/walk": Ends(stdout=LISTING),
                "/install": Ends(
                    1, b"0", b"cp: cannot create regular file '/srv/app/a': Read-only file system\n"
                ),
            },
            "Read-only file system @ rb_sysopen - /srv/app/a",
        ),
        (
            {"/walk": Ends(stdout=LISTING), "/install": Ends(1, b"", b"killed\n")},
            "killed",
        ),
        ({"/walk": Ends(stdout=b"x" * ((1 << 26) + 1))}, "too many files to install"),
    ],
)
def test_an_installation_that_fails(ends: dict[str, Ends], said: str) -> None:
    one, words = failing(Box(ends))
    assert said in words
    assert one.events[-1].name == "Install"


def test_what_the_container_cannot_show_is_noted() -> None:
    spec = APPSPEC + "permissions:\n  - object: /srv/app/a\n    acls: ['u:root:rw']\n    type: [file]\n"
    listing = LISTING + b"without\0acl\0\0\0"
    one = life(Box({"the-appspec": Ends(stdout=spec.encode()), "/walk": Ends(stdout=listing)}))
    assert one.run().paths == ["/srv/app/a"]
    assert one.notes == [
        "The acls of /srv/app/a were not set: the image has no setfacl, or no place for them."
    ]


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (Gone(), "The container ended during this event."),
        (DiskFull(), "No space left on device: the container has written more than a rehearsal may."),
        (
            Refused(500, "OCI runtime exec failed: fork: resource temporarily unavailable", "run a command"),
            "The container can start no further process: OCI runtime exec failed",
        ),
    ],
)
def test_what_happens_to_the_container_fails_the_event(raised: Exception, said: str) -> None:
    one, _ = failing(Box({"/walk": Ends(raised=raised)}))
    diagnostics = one.events[-1].diagnostics
    assert diagnostics
    assert said in diagnostics.message


def test_a_fault_of_the_engine_is_no_failure_of_the_bundle() -> None:
    one = life(Box({"/walk": Ends(raised=Refused(500, "no space for layers", "run a command"))}))
    with pytest.raises(EngineFault):
        one.run()
    assert one.status == "InProgress"


def archived(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), name * 3)
        link = zipfile.ZipInfo("latest")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "a.txt")
    return stream.getvalue()


def zipped(data: bytes) -> Archive:
    def chunks() -> Iterator[bytes]:
        yield data[:10]
        yield data[10:]

    return Archive(BundleType.ZIP, chunks, {})


def test_a_zip_reaches_the_engine_as_the_tar_that_unzip_would_make() -> None:
    box = Box()
    life(box, archive=zipped(archived("a.txt", "d/"))).run()
    with tarfile.open(fileobj=io.BytesIO(box.files[0])) as tar:
        found = {each.name: each for each in tar.getmembers()}
        file = tar.extractfile("a.txt")
        assert file
        assert file.read() == b"a.txt" * 3
    assert found["d"].isdir()
    assert found["latest"].issym()
    assert found["latest"].linkname == "a.txt"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no zip", "Error extracting zip archive: File is not a zip file"),
        (archived("../../etc/passwd"), "Error extracting zip archive: "),
        (
            archived("a.txt").replace(b"a.txta.txta.txt", b"a.txta.txtb.txt"),
            "Error extracting zip archive: a.txt",
        ),
    ],
)
def test_a_zip_that_cannot_be_unpacked_fails_the_download(data: bytes, said: str) -> None:
    one, words = failing(Box(), archive=zipped(data))
    assert words.startswith(said)
    assert one.events[-1].name == "DownloadBundle"


def test_an_archive_that_the_engine_refuses_fails_the_download() -> None:
    box = Box(unpacked=Refused(400, "unexpected EOF", "unpack an archive"))
    one, words = failing(box)
    assert words == "Error extracting tar archive: unexpected EOF"
    assert one.events[-1].name == "DownloadBundle"
