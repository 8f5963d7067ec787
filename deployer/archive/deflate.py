"""Raw deflate by the fastest library that this machine has: files in one go, or independent blocks.

Blocks end on a byte boundary, so that they can be compressed on several threads and joined. The name of a
`Deflater` stands for the bytes that it makes: it goes into the bundle's digest, so another library, version
or machine architecture makes another digest rather than other bytes under the same one.

ISA-L's level 3 is not used because its bytes differ between AVX2, AVX-512 and older processors; those of
levels 1 and 2, of libdeflate and of zlib-ng are the same on all of them.
"""

from __future__ import annotations

import platform
import zlib
from dataclasses import dataclass
from functools import partial
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
class Whole:
    """A library at one level that compresses in one go; `name` stands for the bytes that it makes."""

    name: str
    compress: Callable[[bytes], bytes | bytearray]


@dataclass(frozen=True, slots=True)
class Codec(Whole):
    """One that can also leave a stream open for more."""

    start: Callable[[], _Stream]


@dataclass(frozen=True, slots=True)
class Deflater:
    """What compresses what.

    Tiny files gain nothing from density but pay for its set-up; in those of middling size is most of what can
    be saved; large ones are mostly binaries. `mixed` is for the small files of a tar, which share a stream.
    """

    tiny: Whole
    middling: Whole
    large: Codec
    mixed: Codec

    @property
    def name(self) -> str:
        """Stands for all bytes that it makes."""
        names = dict.fromkeys(each.name for each in (self.tiny, self.middling, self.large, self.mixed))
        return f"{', '.join(names)} on {platform.machine()}"

    def whole(self, data: bytes) -> bytes | bytearray:
        """Compress all of a small file."""
        return (self.tiny if len(data) < _TINY else self.middling).compress(data)

    def block(self, data: bytes, *, last: bool, mixed: bool = False) -> bytes:
        """Compress a block that others follow unless it is the `last`; what would not shrink is stored.

        `mixed` says that the block is made of small files.
        """
        if len(data) >= _SAMPLES * _SAMPLE and not self._shrinks(data):
            return _stored(data, last=last)
        stream = (self.mixed if mixed else self.large).start()
        return stream.compress(data) + stream.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)

    def _shrinks(self, data: bytes) -> bool:
        """Try a few samples spread over the block."""
        step = (len(data) - _SAMPLE) // (_SAMPLES - 1)
        sample = b"".join(data[start : start + _SAMPLE] for start in range(0, step * _SAMPLES, step))
        return len(self.large.compress(sample)) < _WORTH_IT * len(sample)


def deflater(compression: Compression) -> Deflater:
    """Return the compressor for a choice of the user, zlib's where there is no faster one."""
    match compression:
        case Compression.FAST:
            return Deflater(tiny=_isal(1), middling=_isal(1), large=_isal(1), mixed=_isal(1))
        case Compression.BALANCED:
            return Deflater(tiny=_isal(2), middling=_libdeflate(3), large=_isal(2), mixed=_zlib_ng(4))
        case Compression.SMALL:
            return Deflater(
                tiny=_libdeflate(7), middling=_libdeflate(7), large=_zlib_ng(6), mixed=_zlib_ng(6)
            )
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
        partial(isal_zlib.compress, level=level, wbits=_RAW),
        partial(isal_zlib.compressobj, level, zlib.DEFLATED, _RAW),
    )


def _zlib_ng(level: int) -> Codec:
    try:
        from zlib_ng import zlib_ng
    except ImportError:
        return _zlib(level)
    return Codec(
        f"zlib-ng {zlib_ng.ZLIBNG_RUNTIME_VERSION} level {level}",
        partial(zlib_ng.compress, level=level, wbits=_RAW),
        partial(zlib_ng.compressobj, level, zlib.DEFLATED, _RAW),
    )


def _libdeflate(level: int) -> Whole:
    try:
        import deflate
    except ImportError:
        return _zlib(level)
    return Whole(
        f"libdeflate of deflate {deflate.__version__} level {level}",
        partial(deflate.deflate_compress, compresslevel=level),
    )


def _zlib(level: int) -> Codec:
    return Codec(
        f"zlib {zlib.ZLIB_RUNTIME_VERSION} level {level}",
        partial(zlib.compress, level=level, wbits=_RAW),
        partial(zlib.compressobj, level, zlib.DEFLATED, _RAW),
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
