"""A bundle's life on an instance: the events of a deployment in their order, in a container.

What is rehearsed is a deployment in place. The load balancer's own events are left out, since there is none;
hooks around them run where the AppSpec has them.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from deployer.appspec.parse import LIMIT, parse
from deployer.choices import APPSPEC, FileExistsBehavior
from deployer.deployment.model import LifecycleEvent, Snapshot, Target
from deployer.errors import Severity
from deployer.rehearse import install
from deployer.rehearse.container import DiskFull, Gone, Process
from deployer.rehearse.engine import Refused
from deployer.rehearse.log import EventLog
from deployer.rehearse.scripts import FOLDER, TIME_UP, EventFailed, Hooks
from deployer.rehearse.unpack import Damaged, as_tar, file_in_tar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from deployer.appspec.model import AppSpec
    from deployer.clock import Clock
    from deployer.errors import Problem
    from deployer.rehearse.container import Container
    from deployer.revision import BundleType

GROUP_ID: Final = "00000000-0000-0000-0000-000000000000"
"""The group's ID in the folders' names, since the true one is known to nobody without AWS."""

_ROOT: Final = f"{FOLDER}/deployment-root"
_INSTRUCTIONS: Final = f"{_ROOT}/deployment-instructions"
_BEFORE: Final = ("BeforeBlockTraffic", "AfterBlockTraffic", "ApplicationStop")
"""Events whose scripts are those of the revision before."""

_AFTER: Final = (
    "AfterInstall",
    "ApplicationStart",
    "ValidateService",
    "BeforeAllowTraffic",
    "AfterAllowTraffic",
)
_NO_APPSPEC: Final = 3

_STRIP: Final = r"""
cd "$1" || exit 1
count=0
for name in * .[!.]* ..?*; do
  if [ -e "$name" ] || [ -L "$name" ]; then count=$((count + 1)) last=$name; fi
done
if [ "$count" = 1 ] && [ -d "./$last" ]; then
  for name in "./$last"/*[Aa][Pp][Pp][Ss][Pp][Ee][Cc]* "./$last"/.*[Aa][Pp][Pp][Ss][Pp][Ee][Cc]*; do
    if [ -e "$name" ] || [ -L "$name" ]; then
      cd .. && mv deployment-archive temporary && mv "temporary/$last" deployment-archive &&
        rmdir temporary || exit 1
      break
    fi
  done
fi
[ -e "$1/appspec.yml" ] || exit 3
head -c "$2" "$1/appspec.yml"
"""

_MOST_SAID: Final = 1 << 26
"""Bytes that a listing may have: those of a million files."""


@dataclass(frozen=True, slots=True)
class Archive:
    """The bytes of a revision, and what they are; `path` is its AppSpec's in the repository.

    `variables` are those by which hooks know the object in S3.
    """

    type: BundleType
    chunks: Callable[[], Iterable[bytes]]
    variables: Mapping[str, str]
    path: str = APPSPEC


def variables_of(
    bucket: str, key: str, *, version: str | None = None, etag: str | None = None
) -> dict[str, str]:
    """Return the agent's variables of an object in S3; it sets none for what the revision does not name."""
    given = {"BUCKET": bucket, "KEY": key, "VERSION": version, "ETAG": etag}
    return {f"BUNDLE_{name}": value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Terms:
    """The conditions of a deployment, whatever is deployed.

    `variables` are those that hooks find beside the event's and the archive's. `deadline` is on the clock.
    `behavior` holds for files that exist, `ignores_stop` is whether a failing ApplicationStop is passed over.
    """

    image: str
    clock: Clock
    deadline: float
    variables: Mapping[str, str]
    behavior: FileExistsBehavior = FileExistsBehavior.DISALLOW
    ignores_stop: bool = False


@dataclass(frozen=True, slots=True)
class Installed:
    """A revision that has been deployed: where it is unpacked, what it says, and which paths it installed."""

    archive: str
    appspec: AppSpec
    paths: Sequence[str]


@dataclass(slots=True)
class Life:
    """One deployment of an archive in a container; `show` is given each change, and a tick every second.

    After it `events` are those that there were, `logs` their output, `notes` what a container could not show,
    `problems` what is wrong with the AppSpec if that is why it failed, and `seconds` how long it took.
    """

    container: Container
    terms: Terms
    archive: Archive
    identifier: str
    show: Callable[[Snapshot], None] = lambda _snapshot: None
    events: list[LifecycleEvent] = field(default_factory=list)
    logs: list[tuple[str, EventLog]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: tuple[Problem, ...] = ()
    status: str = "InProgress"
    seconds: float = 0.0

    def run(self, before: Installed | None = None) -> Installed:
        """Deploy the archive, over what was deployed before; raises EventFailed as soon as an event fails."""
        began = self.terms.clock.monotonic()
        try:
            installed = self._deploy(before)
            self.status = "Succeeded"
        except EventFailed:
            self.status = "Failed"
            raise
        finally:
            self.seconds = self.terms.clock.monotonic() - began
            self._tick()
        return installed

    def _deploy(self, before: Installed | None) -> Installed:
        if before:
            self._stop(before)
        folder = f"{_ROOT}/{GROUP_ID}/{self.identifier}/deployment-archive"
        with self._event("DownloadBundle"):
            text = self._unpack(folder)
        try:
            appspec = self._read(text, folder)
        except EventFailed as error:
            with self._event("BeforeInstall"):  # the first that reads it
                raise EventFailed(str(error)) from error
        if not before and appspec.hooks.get("ApplicationStop"):
            self.events.insert(0, LifecycleEvent("ApplicationStop", "Skipped"))
        self._hooks("BeforeInstall", appspec, folder)
        with self._event("Install"):
            paths = self._install(appspec, folder, before)
        for event in _AFTER:
            self._hooks(event, appspec, folder)
        return Installed(folder, appspec, paths)

    def snapshot(self) -> Snapshot:
        """Return the deployment as it is now."""
        target = Target(self.terms.image, self.status, events=tuple(self.events))
        return Snapshot(self.status, targets=(target,), compute_platform="Server")

    def _stop(self, before: Installed) -> None:
        for event in _BEFORE:
            try:
                self._hooks(event, before.appspec, before.archive)
            except EventFailed:
                if not self.terms.ignores_stop:
                    raise

    def _hooks(self, event: str, appspec: AppSpec, folder: str) -> None:
        """Run the scripts of an event, if it has any."""
        scripts = appspec.hooks.get(event)
        if not scripts:
            return
        log = EventLog(event)
        self.logs.append((event, log))
        own = {"LIFECYCLE_EVENT": event, "DEPLOYMENT_ID": self.identifier}
        variables = {**self.terms.variables, **self.archive.variables, **own}
        hooks = Hooks(
            self.container,
            self.terms.clock,
            [f"{name}={value}" for name, value in variables.items()],
            self.terms.deadline,
            self._tick,
        )
        with self._event(event):
            for script in scripts:
                hooks.run(script, folder, log)

    @contextmanager
    def _event(self, name: str) -> Iterator[None]:
        """Record an event from its start to its end."""
        started = LifecycleEvent(name, "InProgress", self.terms.clock.now())
        self.events.append(started)
        self._tick()
        try:
            yield
        except EventFailed as error:
            self._end(replace(started, status="Failed", diagnostics=error.diagnostics))
            raise
        except (Gone, DiskFull, Refused) as error:
            failed = EventFailed(_words(error))
            self._end(replace(started, status="Failed", diagnostics=failed.diagnostics))
            raise failed from error
        self._end(replace(started, status="Succeeded"))

    def _end(self, event: LifecycleEvent) -> None:
        self.events[-1] = replace(event, end=self.terms.clock.now())
        self._tick()

    def _tick(self) -> None:
        self.show(self.snapshot())

    def _unpack(self, folder: str) -> bytes | None:
        """Unpack the archive and return its AppSpec; None without one."""
        self._sh('mkdir -p "$1"', folder)
        try:
            with as_tar(self.archive.type, self.archive.chunks()) as chunks:
                self.container.put(folder, chunks)
        except Damaged as error:
            raise EventFailed(str(error)) from error
        except Refused as error:
            raise EventFailed(f"Error extracting {self.archive.type} archive: {error.reason}") from error
        code, text, said = self._sh(_STRIP, folder, str(LIMIT + 1))
        if code == _NO_APPSPEC:
            return None
        if code:
            raise EventFailed(_last_line(said))
        return text

    def _read(self, text: bytes | None, folder: str) -> AppSpec:
        """Parse the AppSpec; raises EventFailed where the agent would refuse it, keeping all problems."""
        if text is None:
            raise EventFailed(f"The CodeDeploy agent did not find an AppSpec file at {folder}/{APPSPEC}.")
        parsed = parse(text, path=self.archive.path)
        errors = tuple(each for each in parsed.problems if each.severity is Severity.ERROR)
        if errors or parsed.appspec is None:
            self.problems = errors
            raise EventFailed(errors[0].message if errors else "The AppSpec cannot be read.")
        if parsed.appspec.os != "linux":
            kind = parsed.appspec.os or parsed.appspec.compute_platform.label
            raise EventFailed(f"The AppSpec specifies an unsupported operating system: it is for {kind}.")
        return parsed.appspec

    def _install(self, appspec: AppSpec, folder: str, before: Installed | None) -> Sequence[str]:
        """Clean up after the deployment before, copy files, set permissions; return the installed paths."""
        if before:
            self._script(install.clean(before.paths), "cleanup")
        code, listing, said = self._script(install.walk(appspec, folder), "walk")
        if code:
            raise EventFailed(_last_line(said))
        try:
            plan = install.instructions(appspec, install.found(listing), behavior=self.terms.behavior)
        except install.Refusal as error:
            raise EventFailed(str(error)) from error
        script, steps = install.follow(plan)
        code, number, said = self._script(script, "install")
        if code:
            step = steps[int(number)] if number.isdigit() and int(number) < len(steps) else None
            raise EventFailed(install.failure(step, said) if step else _last_line(said))
        self.notes += plan.notes
        return plan.installed

    def _script(self, script: bytes, name: str) -> tuple[int, bytes, str]:
        """Run a script that may be longer than an argument can be: as a file among the instructions."""
        path = f"{_INSTRUCTIONS}/{name}"
        self.container.put("/", [file_in_tar(path.lstrip("/"), script)])
        return self._sh('. "$1"', path)

    def _sh(self, script: str, *arguments: str) -> tuple[int, bytes, str]:
        """Run a script of a shell as the agent, and return its exit code, its output and its complaints."""
        streams = {1: bytearray(), 2: bytearray()}

        def output(stream: int, data: bytes) -> None:
            streams[stream].extend(data)
            if len(streams[stream]) > _MOST_SAID:
                raise EventFailed("There are too many files to install; links may form a cycle")

        code = self.container.execute(
            Process(["/bin/sh", "-c", script, "sh", *arguments]),
            output=output,
            until=self.terms.deadline,
            tick=self._tick,
        )
        if code is None:
            raise EventFailed(f"It was {TIME_UP}")
        return code, bytes(streams[1]), streams[2].decode(errors="replace")


def _words(error: Gone | DiskFull | Refused) -> str:
    """Return why an event cannot go on in the container; raises what is the engine's own fault again."""
    if isinstance(error, Gone):
        return "The container ended during this event."
    if isinstance(error, DiskFull):
        return "No space left on device: the container has written more than a rehearsal may."
    if "runtime" in error.reason.lower():  # runc's, for want of processes or memory in the container
        return f"The container can start no further process: {error.reason}."
    raise error


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "It failed.")
