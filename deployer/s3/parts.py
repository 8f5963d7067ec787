"""The parts of an upload: cut from a stream, sent on threads.

They are held in memory until S3 has accepted them, so a retry reads nothing again.
"""

from __future__ import annotations

import io
import threading
from base64 import b64encode
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import IO, TYPE_CHECKING, Any, Final, Protocol, cast

from deployer.bundle.hashing import crc32

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef


_SENDERS: Final = 3
_READ: Final = 1 << 16
_GRACE_SECONDS: Final = 1.0  # for requests under way to notice that the upload was aborted


class Sendable(Protocol):
    """A part of an object, wherever its bytes come from."""

    @property
    def size(self) -> int:
        """The number of its bytes."""
        ...

    def send(
        self, number: int, *, s3: S3Client, target: Mapping[str, Any], given_up: threading.Event
    ) -> CompletedPartTypeDef:
        """Make it the part of this number of the upload that `target` names; raises the SDK's exceptions."""
        ...


@dataclass(frozen=True, slots=True)
class Pieces:
    """Some of the archive in the pieces that it came in: joining them would double the memory."""

    pieces: list[bytes]
    size: int

    def put(
        self,
        number: int,
        checksum: Mapping[str, str],
        *,
        s3: S3Client,
        target: Mapping[str, Any],
        given_up: threading.Event,
    ) -> CompletedPartTypeDef:
        """Send it as the part of this number, with a checksum of any kind, which S3 checks."""
        answer = s3.upload_part(**target, **checksum, PartNumber=number, Body=self.open(given_up))  # type: ignore[arg-type]
        return {"PartNumber": number, "ETag": answer["ETag"], **checksum}  # type: ignore[typeddict-item]

    def open(self, given_up: threading.Event) -> IO[bytes]:
        """Open it as a file that a request can read, and read again."""
        return cast("IO[bytes]", _Body(self, given_up))


@dataclass(frozen=True, slots=True)
class Part(Pieces):
    """A part that S3 holds to its CRC-32."""

    crc: int

    @property
    def checksum(self) -> str:
        """Its CRC-32 as S3 wants it."""
        return base64(self.crc)

    def send(
        self, number: int, *, s3: S3Client, target: Mapping[str, Any], given_up: threading.Event
    ) -> CompletedPartTypeDef:
        """Send it as the part of this number."""
        return self.put(number, {"ChecksumCRC32": self.checksum}, s3=s3, target=target, given_up=given_up)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part that S3 copies from an object, by its pins in `source`: the bytes from `start` on."""

    source: Mapping[str, Any]
    start: int
    size: int

    def send(
        self,
        number: int,
        *,
        s3: S3Client,
        target: Mapping[str, Any],
        given_up: threading.Event,  # noqa: ARG002 - there is nothing to interrupt
    ) -> CompletedPartTypeDef:
        """Have S3 copy it as the part of this number, with what S3 computed of the copy."""
        answer = s3.upload_part_copy(
            **target,
            **self.source,
            PartNumber=number,
            CopySourceRange=f"bytes={self.start}-{self.start + self.size - 1}",
        )["CopyPartResult"]
        checksums = {name: value for name, value in answer.items() if name.startswith("Checksum")}
        return {"PartNumber": number, "ETag": answer["ETag"], **checksums}  # type: ignore[typeddict-item]


class _Body(io.RawIOBase):
    """A part as the file that a request reads; reading fails once the upload is given up."""

    def __init__(self, part: Pieces, given_up: threading.Event) -> None:
        super().__init__()
        self._part = part
        self._given_up = given_up
        self._piece = self._offset = 0

    def __len__(self) -> int:
        return self._part.size

    def tell(self) -> int:
        """Return the number of bytes read so far."""
        return sum(map(len, self._part.pieces[: self._piece])) + self._offset

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go back to the beginning, the only place that a request is ever read from."""
        if offset or whence:
            raise io.UnsupportedOperation("seek")
        self._piece = self._offset = 0
        return 0

    def read(self, _size: int = -1, /) -> bytes:
        """Return the next bytes of a piece, at most 64 KiB whatever the size asked for; none at the end.

        urllib3 asks for 16 KiB at a time and sends what it gets, and each time costs the interpreter's lock.
        What it gets has to pass the link within one timeout of the socket, so it must not be much either.
        """
        if self._given_up.is_set():
            raise InterruptedError("the upload was aborted")
        if self._piece == len(self._part.pieces):
            return b""
        piece = self._part.pieces[self._piece]
        end = self._offset + _READ
        data = piece[self._offset : end]
        self._offset = end
        if end >= len(piece):
            self._piece, self._offset = self._piece + 1, 0
        return data


def cut(stream: Iterable[bytes], size: int, *, tell: Callable[[], None]) -> Iterator[Part]:
    """Cut the stream into parts of `size` bytes, the last one shorter; at least one.

    `tell` is called for each piece of the stream that has arrived.
    """
    pieces: list[bytes] = []
    crc, room = 0, size
    for chunk in stream:
        tell()
        left = chunk
        while left:
            if not room:
                yield Part(pieces, size, crc)
                pieces, crc, room = [], 0, size
            piece, left = left[:room], left[room:]
            pieces.append(piece)
            crc = crc32(piece, crc)
            room -= len(piece)
    yield Part(pieces, size - room, crc)


class Senders:
    """Threads that send parts, used by one thread; at most as many parts are in memory as there are threads.

    The threads are daemons: a connection that hangs never keeps the process alive.
    """

    def __init__(self, s3: S3Client, target: Mapping[str, Any], *, sent: Callable[[int], None]) -> None:
        self._s3 = s3
        self._target = target
        self._sent = sent
        self._given_up = threading.Event()
        self._todo: SimpleQueue[tuple[int, Sendable]] = SimpleQueue()
        self._done: SimpleQueue[tuple[CompletedPartTypeDef, int] | Exception] = SimpleQueue()
        self._threads = 0
        self._under_way = 0
        self._count = 0
        self._parts: list[CompletedPartTypeDef] = []

    def put(self, part: Sendable) -> None:
        """Send a part; waits while every thread is busy, raises what a thread failed with."""
        while self._under_way == _SENDERS or not self._done.empty():
            self._take()
        self._count += 1
        self._under_way += 1
        if self._under_way > self._threads and not self._start_thread():
            self._send(self._count, part)  # the machine starts no thread at all
        else:
            self._todo.put((self._count, part))

    def finish(self) -> list[CompletedPartTypeDef]:
        """Wait for all parts and return what completes the upload."""
        while self._under_way:
            self._take()
        return sorted(self._parts, key=lambda part: part["PartNumber"])

    def give_up(self) -> None:
        """Make the threads stop at once, and wait a moment for them."""
        self._given_up.set()
        while self._under_way:
            try:
                self._done.get(timeout=_GRACE_SECONDS)
            except Empty:
                break
            self._under_way -= 1

    def _start_thread(self) -> bool:
        """Start another thread where the machine allows it; False when there is none."""
        try:
            threading.Thread(target=self._work, daemon=True).start()
        except RuntimeError:  # the container's limit of processes
            return self._threads > 0
        self._threads += 1
        return True

    def _take(self) -> None:
        result = self._done.get()
        self._under_way -= 1
        if isinstance(result, Exception):
            raise result
        part, size = result
        self._parts.append(part)
        self._sent(size)

    def _work(self) -> None:
        while not self._given_up.is_set():
            self._send(*self._todo.get())

    def _send(self, number: int, part: Sendable) -> None:
        try:
            done = part.send(number, s3=self._s3, target=self._target, given_up=self._given_up)
            self._done.put((done, part.size))
        except Exception as error:  # noqa: BLE001 - raised again on the thread that waits
            self._done.put(error)


def base64(crc: int) -> str:
    """Encode a CRC-32 as S3 expects it."""
    return b64encode(crc.to_bytes(4, "big")).decode()
