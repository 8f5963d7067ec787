"""Raw deflate in independent blocks, by the fastest library that this machine has.

Blocks end on a byte boundary, so that they can be compressed on several threads and joined. The name of a
`Deflater` stands for the bytes that it makes: it goes into the bundle's digest, so another library, version
or machine architecture makes another digest rather than other bytes under the same one.

ISA-L's level 3 is not used because its bytes differ between AVX2, AVX-512 and older processors; those of
levels 1 and 2 and of zlib-ng are the same on all of them.
"""

from __future__ import annotations

import platform
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, assert_never

from deployer.model import Compression

if TYPE_CHECKING:
    from collections.abc import Callable

_RAW: Final = -15
_STORED_LIMIT: Final = 0xFFFF
_SAMPLES: Final = 4
_SAMPLE: Final = 4096
_WORTH_IT: Final = 0.97
_TINY: Final = 4096


class _Stream(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self, mode: int = ..., /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Codec:
    """A library at one level; `name` stands for the bytes that it makes."""

    name: str
    start: Callable[[], _Stream]
    crc32: Callable[[bytes, int], int]
    combine: Callable[[int, int, int], int]


@dataclass(frozen=True, slots=True)
class Deflater:
    """A denser codec for files of middling size, where most of what can be saved is, and a faster one.

    Tiny files gain nothing from density but pay for its set-up; large ones are mostly binaries.
    """

    dense: Codec
    fast: Codec

    @property
    def name(self) -> str:
        """Stands for all bytes that it makes."""
        return f"{' and '.join(dict.fromkeys([self.dense.name, self.fast.name]))} on {platform.machine()}"

    def crc32(self, data: bytes, start: int = 0) -> int:
        """CRC-32 of the data, after that of what stands before it."""
        return self.fast.crc32(data, start)

    def combine(self, first: int, second: int, length: int) -> int:
        """CRC-32 of two pieces one after another, `length` being the second one's bytes."""
        return self.fast.combine(first, second, length)

    def whole(self, data: bytes) -> bytes:
        """Compress all of a small file."""
        stream = (self.fast if len(data) < _TINY else self.dense).start()
        return stream.compress(data) + stream.flush()

    def block(self, data: bytes, *, last: bool, small: bool = False) -> bytes:
        """Compress a block that others follow unless it is the `last`; what would not shrink is stored.

        `small` says that the block is made of small files.
        """
        if len(data) >= _SAMPLES * _SAMPLE and not self._shrinks(data):
            return _stored(data, last=last)
        stream = (self.dense if small else self.fast).start()
        return stream.compress(data) + stream.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)

    def _shrinks(self, data: bytes) -> bool:
        """Try a few samples spread over the block."""
        step = (len(data) - _SAMPLE) // (_SAMPLES - 1)
        sample = b"".join(data[start : start + _SAMPLE] for start in range(0, step * _SAMPLES, step))
        stream = self.fast.start()
        return len(stream.compress(sample) + stream.flush()) < _WORTH_IT * len(sample)


def deflater(compression: Compression) -> Deflater:
    """Return the compressor for a choice of the user, zlib's where there is no faster one."""
    match compression:
        case Compression.FAST:
            return Deflater(_isal(1), _isal(1))
        case Compression.BALANCED:
            return Deflater(_zlib_ng(4), _isal(2))
        case Compression.SMALL:
            return Deflater(_zlib_ng(6), _zlib_ng(6))
        case _:
            assert_never(compression)


def _isal(level: int) -> Codec:
    try:
        import isal
        from isal import isal_zlib
    except ImportError:
        return _zlib(level)
    return Codec(
        f"isa-l {isal.ISAL_VERSION} level {level}",
        lambda: isal_zlib.compressobj(level, zlib.DEFLATED, _RAW),
        isal_zlib.crc32,
        isal_zlib.crc32_combine,
    )


def _zlib_ng(level: int) -> Codec:
    try:
        from zlib_ng import zlib_ng
    except ImportError:
        return _zlib(level)
    return Codec(
        f"zlib-ng {zlib_ng.ZLIBNG_RUNTIME_VERSION} level {level}",
        lambda: zlib_ng.compressobj(level, zlib.DEFLATED, _RAW),
        zlib_ng.crc32,
        zlib_ng.crc32_combine,
    )


def _zlib(level: int) -> Codec:
    return Codec(
        f"zlib {zlib.ZLIB_RUNTIME_VERSION} level {level}",
        lambda: zlib.compressobj(level, zlib.DEFLATED, _RAW),
        zlib.crc32,
        combine_crc32,
    )


def _stored(data: bytes, *, last: bool) -> bytes:
    """The data as deflate's stored blocks (RFC 1951, 3.2.4)."""
    parts = []
    for start in range(0, len(data), _STORED_LIMIT):
        piece = data[start : start + _STORED_LIMIT]
        final = last and start + _STORED_LIMIT >= len(data)
        parts += [
            bytes([final]),
            len(piece).to_bytes(2, "little"),
            (len(piece) ^ 0xFFFF).to_bytes(2, "little"),
            piece,
        ]
    return b"".join(parts)


def combine_crc32(first: int, second: int, length: int) -> int:
    """Return the CRC-32 of two pieces one after another, `length` being the second one's bytes.

    zlib's `crc32_combine`, which Python's `zlib` does not offer: the first CRC is advanced over `length`
    zero bytes, by repeated squaring of the matrix that advances it over one bit.
    """
    advance = [0xEDB88320, *(1 << bit for bit in range(31))]
    for _ in range(3):
        advance = [_times(advance, row) for row in advance]
    while length:
        if length & 1:
            first = _times(advance, first)
        advance = [_times(advance, row) for row in advance]
        length >>= 1
    return first ^ second


def _times(matrix: list[int], vector: int) -> int:
    total = 0
    for row in matrix:
        if vector & 1:
            total ^= row
        vector >>= 1
    return total
