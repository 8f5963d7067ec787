"""One container of an engine: started, filled, used by commands as they come, and gone in every case.

Nothing of the host is mounted, and no privilege is added. The container lives on the connection to its
standard input: when this process ends, however it does, the engine closes that, the first process of the
container reads its end, and the engine removes the container. A limit of time holds even where the network
hides that the connection is gone.
"""

from __future__ import annotations

import queue
import secrets
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Final

from deployer.errors import DeployError, EngineFault, InvalidInput, Problem
from deployer.rehearse.engine import Engine, Refused, Unreachable, fact
from deployer.rehearse.pull import pull

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from http.client import HTTPResponse

    from deployer.clock import Clock

LABEL: Final = "com.github.codedeploy-deployer.rehearsal"
"""The label of every container that a rehearsal starts."""

ROOT: Final = "0:0"
"""The user that the agent runs as, whatever user the image names."""

_MAIN: Final = "(sleep {seconds} && kill -9 $$) & read -r _"
_GRACE: Final = 300
"""Seconds for which the container outlives its time, if nothing removes it before."""

_TICK: Final = 1.0
_FRAMES: Final = 64
_HEAD: Final = 8
_NOT_FOUND, _CONFLICT = 404, 409


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of a container: bytes of memory, number of processes, and bytes written to its disk."""

    memory: int = 2 << 30
    processes: int = 1024
    disk: int = 10_000_000_000


@dataclass(frozen=True, slots=True)
class Process:
    """A process to run in a container: its words, its user, its variables as `NAME=value`, and its folder."""

    words: Sequence[str]
    user: str = ROOT
    variables: Sequence[str] = ()
    folder: str = "/"


class Gone(Exception):
    """The container has ended by itself, or something in it ended it."""


class DiskFull(Exception):
    """The container has written more to its disk than it may."""


class Container:
    """A running container; commands run in it one after the other."""

    def __init__(self, engine: Engine, name: str, limits: Limits, clock: Clock) -> None:
        self._engine = engine
        self._name = name
        self._limits = limits
        self._clock = clock

    def put(self, folder: str, chunks: Iterable[bytes]) -> None:
        """Unpack a tar, which may be compressed with gzip, in a folder of the container.

        Raises Refused if the engine cannot, Gone if there is no container any more.
        """
        with (
            self._alive(),
            self._engine.open(
                "PUT",
                f"containers/{self._name}/archive",
                "unpack an archive",
                chunks=chunks,
                query={"path": folder},
            ) as response,
        ):
            response.read()

    def execute(
        self,
        process: Process,
        *,
        output: Callable[[int, bytes], None],
        until: float = float("inf"),
        tick: Callable[[], None] = lambda: None,
    ) -> int | None:
        """Run a process and return its exit code; None if it has not ended by the time `until`.

        `output` is given its output as it comes: 1 for stdout or 2 for stderr, and some bytes. `tick` is
        called about once a second. Raises Gone or DiskFull.
        """
        with self._alive():
            identifier = self._described(process)
            with self._engine.open(
                "POST",
                f"exec/{identifier}/start",
                "run a command",
                body={"Detach": False, "Tty": False},
                endless=True,
            ) as response:
                if not self._read(response, output, until, tick):
                    return None
            return self._exit_code(identifier)

    def _described(self, process: Process) -> str:
        """Describe a process to the engine, and return the ID by which it can be started."""
        created = self._engine.ask(
            "POST",
            f"containers/{self._name}/exec",
            "run a command",
            body={
                "AttachStdout": True,
                "AttachStderr": True,
                "Cmd": list(process.words),
                "User": process.user,
                "Env": list(process.variables),
                "WorkingDir": process.folder,
            },
        )
        return str(fact(created, "Id"))

    def _exit_code(self, identifier: str) -> int:
        ended = self._engine.ask("GET", f"exec/{identifier}/json", "tell how a command ended")
        if fact(ended, "Running"):
            raise EngineFault(
                Problem(
                    "The Docker engine closed the output of a command that is still running.",
                    code="rehearsal-engine",
                )
            )
        code = fact(ended, "ExitCode")
        if not isinstance(code, int):
            raise Gone
        return code

    def _read(
        self,
        response: HTTPResponse,
        output: Callable[[int, bytes], None],
        until: float,
        tick: Callable[[], None],
    ) -> bool:
        """Hand on all output; false if it has not ended by then."""
        frames: queue.Queue[tuple[int, bytes] | None] = queue.Queue(_FRAMES)
        done = threading.Event()
        threading.Thread(target=_pump, args=(response, frames, done), daemon=True).start()
        ticked = sized = self._clock.monotonic()
        try:
            while True:
                now = self._clock.monotonic()
                if now >= until:
                    return False
                if now - ticked >= _TICK:
                    ticked = now
                    tick()
                    if now - sized >= 5 * _TICK:
                        self._check_disk()
                        sized = self._clock.monotonic()
                try:
                    frame = frames.get(timeout=min(_TICK, until - now))
                except queue.Empty:
                    continue
                if frame is None:
                    return True
                output(*frame)
        finally:
            done.set()

    def _check_disk(self) -> None:
        state = self._engine.ask(
            "GET", f"containers/{self._name}/json", "tell a container's size", query={"size": 1}
        )
        if (fact(state, "SizeRw") or 0) > self._limits.disk:
            raise DiskFull

    @contextmanager
    def _alive(self) -> Iterator[None]:
        """Turn the engine's answer that there is no such container, or that it does not run, into Gone."""
        try:
            yield
        except Refused as error:
            if error.status in {_NOT_FOUND, _CONFLICT} and not self.runs():
                raise Gone from error
            raise

    def runs(self) -> bool:
        """Tell whether the container still runs."""
        try:
            state = self._engine.ask("GET", f"containers/{self._name}/json", "tell a container's state")
        except Refused as error:
            if error.status == _NOT_FOUND:
                return False
            raise
        return bool(fact(state, "State", "Running"))


def _pump(
    response: HTTPResponse, frames: queue.Queue[tuple[int, bytes] | None], done: threading.Event
) -> None:
    """Read the frames of a command's output until it ends, or the connection does.

    A frame has a head of eight bytes: the stream, three zeros, and the length of what follows.
    """

    def hand_on(frame: tuple[int, bytes] | None) -> None:
        while not done.is_set():
            with suppress(queue.Full):
                frames.put(frame, timeout=_TICK)
                return

    with suppress(OSError, HTTPException, ValueError, AttributeError):  # the last two once it is closed
        while not done.is_set() and len(head := response.read(_HEAD)) == _HEAD:
            size = int.from_bytes(head[4:])
            while size:
                data = response.read(min(size, 1 << 16))
                if not data:
                    break
                size -= len(data)
                hand_on((2 if head[0] == 2 else 1, data))  # noqa: PLR2004 - stderr
    hand_on(None)


@contextmanager
def started(  # noqa: PLR0913 - its knobs are keyword-only
    engine: Engine,
    image: str,
    *,
    variables: Sequence[str],
    seconds: float,
    limits: Limits,
    say: Callable[[str], None],
    clock: Clock,
) -> Iterator[Container]:
    """Yield a running container of an image, which is pulled if it is not there; it is removed at the end."""
    name = f"deployer-rehearsal-{secrets.token_hex(8)}"
    body = _description(image, variables, seconds, limits)
    made = True
    try:
        try:
            _create(engine, name, body)
        except Unreachable:
            made = False
            raise
        except Refused as error:
            if error.status != _NOT_FOUND:
                raise _unusable(image, error) from error
            pull(engine, image, say=say)
            _create(engine, name, body)
        lifeline = engine.open(
            "POST",
            f"containers/{name}/attach",
            "attach to a container",
            endless=True,
            query={"stream": 1, "stdin": 1},
        )
        with lifeline:
            try:
                engine.ask("POST", f"containers/{name}/start", "start a container")
            except Refused as error:
                raise _unusable(image, error) from error
            yield Container(engine, name, limits, clock)
    finally:
        if made:
            _remove(engine, name, say)


def _description(image: str, variables: Sequence[str], seconds: float, limits: Limits) -> dict[str, object]:
    return {
        "Image": image,
        "Entrypoint": ["/bin/sh", "-c", _MAIN.format(seconds=round(seconds) + _GRACE)],
        "Cmd": [],
        "User": ROOT,
        "WorkingDir": "/",
        "Env": list(variables),
        "Labels": {LABEL: "true"},
        "Healthcheck": {"Test": ["NONE"]},
        "OpenStdin": True,
        "StdinOnce": True,
        "HostConfig": {
            "AutoRemove": True,
            "Init": True,
            "Memory": limits.memory,
            "MemorySwap": limits.memory,
            "PidsLimit": limits.processes,
            "CapDrop": ["MKNOD", "NET_RAW"],
        },
    }


def _create(engine: Engine, name: str, body: dict[str, object]) -> None:
    engine.ask("POST", "containers/create", "create a container", body=body, query={"name": name})


def _unusable(image: str, error: Refused) -> DeployError:
    """Return the error that no container of an image can be started: by its fault, or else the engine's."""
    if "/bin/sh" in error.reason or "invalid reference" in error.reason:
        return InvalidInput(
            Problem(
                f"Input rehearse-image: no container of {image} can be started: {error.reason}.",
                "Name an image of the system that the instances run, with /bin/sh and the usual commands.",
                code="rehearsal-image",
            )
        )
    return error


def _remove(engine: Engine, name: str, say: Callable[[str], None]) -> None:
    """Remove the container, whatever state it is in; what fails is said and changes nothing."""
    try:
        engine.ask("DELETE", f"containers/{name}", "remove a container", query={"force": 1, "v": 1})
    except Refused as error:
        if error.status not in {_NOT_FOUND, _CONFLICT}:  # gone, or about to
            say(f"{error.problems[0].message} The engine will remove it when this process ends.")
    except (EngineFault, InvalidInput) as error:
        say(f"{error.problems[0].message} The engine will remove the container {name} later.")
