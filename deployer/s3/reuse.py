"""An archive as it is packed → parts that S3 copies from an object that it has, and parts to send.

Where the bytes should lie in that object is a hint that is never trusted: of every copy S3 tells the SHA-256,
and what differs from the bytes that were packed here, or cannot be copied, is sent.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from deployer.aws.errors import sdk_errors
from deployer.s3.parts import Pieces, Stretch

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

    from deployer.bundle.contents import ChunkStream


@dataclass(slots=True)
class Origin:
    """An object to copy from, until S3 refuses that: its pins, and where in it the members should lie.

    `s3` is a client for what can be done without. `copied` are the sizes of what S3 did copy.
    """

    source: Mapping[str, Any]
    places: Mapping[str, int]
    s3: S3Client
    copied: list[int] = field(default_factory=list)
    refused: bool = False

    def copy(
        self,
        start: int,
        part: Pieces,
        number: int,
        digest: str,
        **more: Any,  # noqa: ANN401 - handed on
    ) -> CompletedPartTypeDef | None:
        """Have S3 copy what should be this part; None unless its SHA-256 is `digest`."""
        if self.refused:
            return None
        try:
            done = Stretch(self.source, start, part.size).send(number, s3=self.s3, **more)
        except sdk_errors():
            self.refused = True
            return None
        if done.get("ChecksumSHA256") != digest:
            self.refused = "ChecksumSHA256" not in done  # by a server that computes none
            return None
        self.copied.append(part.size)
        return done


@dataclass(frozen=True, slots=True)
class HashedPart(Pieces):
    """A part that S3 holds to its SHA-256; if `start` is given, the origin should have its bytes there."""

    origin: Origin
    start: int | None

    def send(
        self, number: int, *, s3: S3Client, target: Mapping[str, Any], given_up: threading.Event
    ) -> CompletedPartTypeDef:
        """Have it copied as the part of this number, or send it."""
        state = sha256()
        for piece in self.pieces:
            state.update(piece)
        digest = b64encode(state.digest()).decode()
        if self.start is not None and (
            done := self.origin.copy(self.start, self, number, digest, target=target, given_up=given_up)
        ):
            return done
        return self.put(number, {"ChecksumSHA256": digest}, s3=s3, target=target, given_up=given_up)


def cut_along(
    stream: ChunkStream, origin: Origin, *, least: int, tell: Callable[[], None]
) -> Iterator[HashedPart]:
    """Cut the stream into parts where what can be copied begins and ends.

    All but the last have `least` bytes, to be copied also up to three times as many. `tell` is called for
    each piece of the stream that has arrived.
    """
    part = _Open(origin, least)
    for piece, shift in _shifted(stream, origin.places, tell):
        left = piece
        while left:
            if part.ends_before(shift):
                yield part.cut(part.size)
            elif not part.room:  # what stays is enough to be copied, whatever follows
                yield part.cut(2 * least)
            left = part.take(left, shift)
    if part.size:
        yield part.cut(part.size)


def _shifted(
    stream: ChunkStream, places: Mapping[str, int], tell: Callable[[], None]
) -> Iterator[tuple[bytes, int | None]]:
    """Yield the stream in pieces, each with how much farther on it lies in the origin; None if nowhere."""
    at, shift = 0, None
    for chunk in stream:
        tell()
        start = 0
        for name, offset in stream.begins:
            place = places.get(name)
            following = None if place is None else place - at - offset
            if following != shift:
                yield chunk[start:offset], shift
                start, shift = offset, following
        yield chunk[start:], shift
        at += len(chunk)


@dataclass(slots=True)
class _Open:
    """A part while it grows, from `begin` of the archive; all of it lies `shift` bytes on in the origin."""

    origin: Origin
    least: int
    begin: int = 0
    shift: int | None = None
    size: int = 0
    pieces: list[bytes] = field(default_factory=list)

    @property
    def room(self) -> int:
        """Return how many bytes may be added."""
        return (self.least if self.shift is None else 3 * self.least) - self.size

    def ends_before(self, shift: int | None) -> bool:
        """Return whether it is complete before bytes that lie elsewhere, or full with some to send."""
        return self.size >= self.least and (self.shift is None or shift != self.shift)

    def take(self, piece: bytes, shift: int | None) -> bytes:
        """Take in what there is room for, and return the rest."""
        if not self.size:
            self.shift = shift
        elif shift != self.shift:
            self.shift = None
        room = self.room
        taken, rest = piece[:room], piece[room:]
        self.pieces.append(taken)
        self.size += len(taken)
        return rest

    def cut(self, size: int) -> HashedPart:
        """Return its first `size` bytes as a part, and go on with the rest."""
        pieces: list[bytes] = []
        left = size
        while left:
            piece = self.pieces.pop(0)
            pieces.append(piece[:left])
            if rest := piece[left:]:
                self.pieces.insert(0, rest)
            left -= len(pieces[-1])
        start = None if self.shift is None else self.begin + self.shift
        self.begin += size
        self.size -= size
        return HashedPart(pieces, size, self.origin, start)
