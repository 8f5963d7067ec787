"""The job's Docker engine, spoken to by its HTTP API: where it is, and requests to it.

http.client is all it takes: importing PyPI's `docker` would add 0.12 s and 10 MB of memory. Requests name no
version of the API, so that an engine of any age answers by its own.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from deployer.errors import EngineFault, InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from http.client import HTTPResponse

Query = dict[str, str | int]
_SOCKET = "unix:///var/run/docker.sock"
_PORT, _TLS_PORT = 2375, 2376
_MOST_BYTES = 16 << 20
_SHOWN = 500


class Refused(EngineFault):
    """The engine answered a request with an error; `status` is that of HTTP, `reason` its own words."""

    def __init__(self, status: int, reason: str, what: str) -> None:
        super().__init__(
            Problem(
                f"The Docker engine refused to {what}: {reason} (HTTP {status}).",
                "Check the engine; docker info shows its state.",
                code="rehearsal-engine",
            )
        )
        self.status = status
        self.reason = reason


class Unreachable(InvalidInput):
    """No engine answers at the address; `denied` tells that this user may not use the one there."""

    def __init__(self, address: str, reason: str, *, denied: bool = False) -> None:
        super().__init__(
            Problem(f"No Docker engine can be used at {address}: {reason}.", code="rehearsal-engine")
        )
        self.denied = denied


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine at an address: a socket's path, or a host and a port, with or without TLS.

    `seconds` is how long an answer may take: a busy machine is slow to start or remove a container.
    """

    address: str
    path: str = ""
    host: str = "localhost"
    port: int = 0
    tls: ssl.SSLContext | None = None
    seconds: float = 120.0

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Engine:
        """Return the engine that the docker command would use: DOCKER_HOST, DOCKER_TLS_VERIFY and so on.

        Raises InvalidInput when they say nothing that can be used.
        """
        address = environ.get("DOCKER_HOST", "").strip() or _SOCKET
        tls = _tls(environ) if environ.get("DOCKER_TLS_VERIFY") else None
        try:
            parts = urlsplit(address)
            port = parts.port
        except ValueError:
            raise _unusable(address) from None
        if parts.scheme == "unix" and parts.path:
            return cls(address, path=parts.path)
        if parts.scheme == "tcp" and parts.hostname:
            return cls(address, host=parts.hostname, port=port or (_TLS_PORT if tls else _PORT), tls=tls)
        raise _unusable(address)

    def ask(
        self, method: str, path: str, what: str, *, body: object = None, query: Query | None = None
    ) -> Any:  # noqa: ANN401 - JSON
        """Send a request and return the answer's JSON, None if there is none; `what` says what it is for.

        Raises Refused when the engine answers with an error, Unreachable or EngineFault when it does not.
        """
        with self.open(method, path, what, body=body, query=query) as response:
            with _speaking(self, what):
                data = response.read(_MOST_BYTES)
            try:
                return json.loads(data) if data.strip() else None
            except ValueError:
                raise _fault(self, what, "its answer is not JSON") from None

    @contextmanager
    def open(  # noqa: PLR0913 - its knobs are keyword-only
        self,
        method: str,
        path: str,
        what: str,
        *,
        body: object = None,
        chunks: Iterable[bytes] | None = None,
        endless: bool = False,
        query: Query | None = None,
    ) -> Iterator[HTTPResponse]:
        """Send a request and yield the answer, which ends with the context; `chunks` are sent as a tar.

        An `endless` answer may pause for as long as it likes once it has begun.
        """
        kind = "application/json" if chunks is None else "application/x-tar"
        payload: Iterable[bytes] | str | None = None if body is None else json.dumps(body)
        if chunks is not None:
            payload = (chunk for chunk in chunks)  # whatever else it has, it is no file
        url = f"/{quote(path)}" + (f"?{urlencode(query)}" if query else "")
        with closing(self._connection()) as connection:
            with _speaking(self, what):
                connection.connect()
                line = connection.sock  # the connection forgets it where the answer ends with it
                try:
                    connection.request(method, url, payload, {"Content-Type": kind}, encode_chunked=True)
                except BrokenPipeError:  # it has answered already, and says why in that answer
                    if chunks is None:
                        raise
                response = connection.getresponse()
            with closing(response):
                if response.status >= 400:  # noqa: PLR2004 - HTTP's errors
                    raise Refused(response.status, _reason(response.read(_MOST_BYTES)), what)
                if endless:
                    line.settimeout(None)
                try:
                    yield response
                finally:
                    with suppress(OSError):
                        line.shutdown(socket.SHUT_RDWR)  # wakes up whoever still reads from it

    def _connection(self) -> HTTPConnection:
        if self.path:
            return _UnixConnection(self.path, self.seconds)
        if self.tls:
            return HTTPSConnection(self.host, self.port, timeout=self.seconds, context=self.tls)
        return HTTPConnection(self.host, self.port, timeout=self.seconds)


def fact(answer: Any, *names: str) -> Any:  # noqa: ANN401 - JSON
    """Return what an answer has under these names; raises EngineFault if it has no such thing."""
    for name in names:
        try:
            answer = answer[name]
        except (KeyError, TypeError):
            raise EngineFault(
                Problem(f"The Docker engine's answer has no {name}.", code="rehearsal-engine")
            ) from None
    return answer


class _UnixConnection(HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@contextmanager
def _speaking(engine: Engine, what: str) -> Iterator[None]:
    """Turn what goes wrong on the way to the engine into the errors of this module."""
    try:
        yield
    except PermissionError as error:
        raise Unreachable(engine.address, _words(error), denied=True) from error
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError, socket.gaierror) as error:
        raise Unreachable(engine.address, _words(error)) from error
    except (OSError, HTTPException) as error:
        raise _fault(engine, what, _words(error)) from error


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _fault(engine: Engine, what: str, reason: str) -> EngineFault:
    return EngineFault(
        Problem(
            f"The Docker engine at {engine.address} failed to {what}: {reason}.",
            "Check the engine; docker info shows its state.",
            code="rehearsal-engine",
        )
    )


def _reason(data: bytes) -> str:
    """Return the engine's own words for an error, on one line."""
    try:
        text = str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        text = data.decode(errors="replace")
    return " ".join(text.split())[:_SHOWN].rstrip(".") or "it does not say why"


def _tls(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return the context of the certificates that the docker command would use."""
    folder = Path(environ.get("DOCKER_CERT_PATH") or Path(environ.get("HOME", "/")) / ".docker")
    try:
        context = ssl.create_default_context(cafile=os.fspath(folder / "ca.pem"))
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    except OSError as error:  # ssl.SSLError is one
        raise InvalidInput(
            Problem(
                f"DOCKER_TLS_VERIFY is set, but the certificates in {folder} cannot be used: "
                f"{_words(error)}.",
                "Set DOCKER_CERT_PATH to the folder with ca.pem, cert.pem and key.pem.",
                code="rehearsal-engine",
            )
        ) from error
    return context


def _unusable(address: str) -> InvalidInput:
    return InvalidInput(
        Problem(
            f"DOCKER_HOST is {address!r}, which a rehearsal cannot use.",
            "Set it to unix:///path or tcp://host:port, or remove it for /var/run/docker.sock.",
            code="rehearsal-engine",
        )
    )
