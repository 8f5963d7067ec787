"""A small stand-in for a Docker engine on a Unix socket: it speaks the API and runs nothing."""

from __future__ import annotations

import json
import socketserver
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

    Answer = Callable[["Handler"], None]


@dataclass(frozen=True)
class Command:
    """How a command ends that the rehearsal runs: exit code, stdout and stderr."""

    code: int = 0
    stdout: bytes = b""
    stderr: bytes = b""


def frame(stream: int, data: bytes) -> bytes:
    """Some output of a command, as the engine sends it."""
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4) + data


@dataclass
class FakeEngine:
    """An engine that has one image; `commands` are the ends of commands by a piece of their text.

    `answers` replace the answer to a request by its method and path without the container's name. `seen` are
    the requests, `containers` those that are there and their descriptions, `archives` what was put into one.
    """

    path: Path
    image: str = "amazonlinux:2023"
    appspec: bytes = b""
    commands: dict[str, Command] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    containers: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    executed: list[dict[str, Any]] = field(default_factory=list)
    archives: list[bytes] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = socketserver.ThreadingUnixStreamServer(
            str(self.path), type("Bound", (Handler,), {"fake": self})
        )
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def environ(self) -> dict[str, str]:
        """The variables of a job with this engine."""
        return {"DOCKER_HOST": f"unix://{self.path}"}

    def end_of(self, command: list[str]) -> Command:
        """How a command ends: as given, by the AppSpec where it is read, else well."""
        text = "\0".join(command)
        for piece, end in self.commands.items():
            if piece in text:
                return end
        if "appspec.yml" in text:
            return Command(0 if self.appspec else 3, self.appspec)
        return Command()


class Handler(BaseHTTPRequestHandler):
    """Answers as the Engine API does."""

    fake: FakeEngine
    protocol_version = "HTTP/1.1"

    def address_string(self) -> str:
        """A Unix socket has no address."""
        return "unix"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer()

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - http.server's names

    def _answer(self) -> None:
        self.url = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(self.url.query).items()}
        self.body = self._body()
        parts = self.url.path.strip("/").split("/")
        self.name = parts[1] if len(parts) > 1 else ""
        key = " ".join([self.command, *parts[:1], *parts[2:]])
        self.fake.seen.append(key)
        given = self.fake.answers.get(key)
        getattr(self, "_" + key.lower().replace(" ", "_"), self.absent)() if given is None else given(self)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def send(self, status: int, value: object = None) -> None:
        """Answer with JSON."""
        data = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if data:
            self.wfile.write(data)

    def refuse(self, status: int, message: str) -> None:
        """Answer with an error."""
        self.send(status, {"message": message})

    def absent(self) -> None:
        """Answer that there is no such page."""
        self.refuse(404, "page not found")

    def stream(self, data: bytes) -> None:
        """Answer with bytes that end with the connection."""
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.docker.raw-stream")
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = True

    def _post_containers(self) -> None:  # containers/create: its second part is no name
        description = json.loads(self.body)
        if description["Image"] != self.fake.image:
            self.refuse(404, f"No such image: {description['Image']}")
            return
        self.fake.containers[self.query["name"]] = description
        self.send(201, {"Id": "0" * 64, "Warnings": []})

    def _post_containers_attach(self) -> None:
        self.stream(b"")

    def _post_containers_start(self) -> None:
        self.send(204)

    def _put_containers_archive(self) -> None:
        self.fake.archives.append(self.body)
        self.send(200)

    def _get_containers_json(self) -> None:
        if self.name in self.fake.containers:
            self.send(200, {"State": {"Running": True}, "SizeRw": 0})
        else:
            self.refuse(404, "No such container")

    def _delete_containers(self) -> None:
        if self.fake.containers.pop(self.name, None):
            self.send(204)
        else:
            self.refuse(404, "No such container")

    def _post_containers_exec(self) -> None:
        self.fake.executed.append(json.loads(self.body))
        self.send(201, {"Id": str(len(self.fake.executed) - 1)})

    def _post_exec_start(self) -> None:
        end = self._end()
        self.stream(b"".join(frame(n, data) for n, data in ((1, end.stdout), (2, end.stderr)) if data))

    def _get_exec_json(self) -> None:
        self.send(200, {"Running": False, "ExitCode": self._end().code})

    def _end(self) -> Command:
        return self.fake.end_of(self.fake.executed[int(self.name)]["Cmd"])
