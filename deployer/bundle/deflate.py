"""Raw deflate by the fastest library that this machine has: files in one go, or independent blocks.

Blocks end on a byte boundary, so that they can be compressed on several threads and joined. The name of a
`Deflater` stands for the bytes that it makes: it goes into the bundle's digest, so another library, version
or machine architecture makes another digest rather than other compressed bytes under the same one.

ISA-L's level 3 is not used because its bytes differ between AVX2, AVX-512 and older processors; those of
levels 1 and 2, of libdeflate and of zlib-ng are the same on all of them.
"""

from __future__ import annotations

import platform
import zlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, assert_never

from deployer.choices import Compression

if TYPE_CHECKING:
    from collections.abc import Callable


_RAW: Final = -15
_STORED_LIMIT: Final = 0xFFFF
_SAMPLES: Final = 4
_SAMPLE: Final = 4096
_WORTH_IT: Final = 0.97
_TINY: Final = 4096
_ISAL_BEGINNING: Final = 8


class _Stream(Protocol):
    def compress(self, data: bytes | memoryview, /) -> bytes: ...
    def flush(self, mode: int = ..., /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Whole:
    """A library at one level that compresses in one go; `name` stands for the bytes that it makes."""

    name: str
    compress: Callable[[bytes], bytes | bytearray]


@dataclass(frozen=True, slots=True)
class Blocks:
    """A library at one level that compresses blocks of a stream; `name` stands for the bytes that it makes.

    The last block (the second argument is true) ends the stream, any other ends on a byte boundary.
    """

    name: str
    compress: Callable[[bytes, bool], bytes]


@dataclass(frozen=True, slots=True)
class Deflater:
    """The libraries that compress files, by size.

    Tiny files gain nothing from density; in those of middling size is most of what can be saved; large ones
    are mostly binaries, in blocks. `mixed` is for blocks in which the small files of a tar are together.
    """

    tiny: Whole
    middling: Whole
    large: Blocks
    mixed: Blocks

    @property
    def name(self) -> str:
        """The name under which the digest records the bytes it produces."""
        names = dict.fromkeys(each.name for each in (self.tiny, self.middling, self.large, self.mixed))
        return f"{', '.join(names)} on {platform.machine()}"

    def whole(self, data: bytes) -> bytes | bytearray:
        """Compress all of a small file."""
        return (self.tiny if len(data) < _TINY else self.middling).compress(data)

    def block(self, data: bytes, *, last: bool, mixed: bool = False) -> bytes:
        """Compress a block that others follow unless it is the `last`; what would not shrink is stored."""
        if len(data) >= _SAMPLES * _SAMPLE and not self._shrinks(data):
            return _stored(data, last=last)
        return (self.mixed if mixed else self.large).compress(data, last)

    def _shrinks(self, data: bytes) -> bool:
        """Try a few samples spread over the block."""
        step = (len(data) - _SAMPLE) // (_SAMPLES - 1)
        sample = b"".join(data[start : start + _SAMPLE] for start in range(0, step * _SAMPLES, step))
        return len(self.tiny.compress(sample)) < _WORTH_IT * len(sample)


def deflater(compression: Compression) -> Deflater:
    """Return the compressor for a choice of the user, zlib's where there is no faster one."""
    match compression:
        case Compression.FAST:
            return Deflater(_libdeflate(1), _libdeflate(1), large=_isal(1), mixed=_isal(1))
        case Compression.BALANCED:
            return Deflater(_libdeflate(1), _libdeflate(3), large=_isal(2), mixed=_zlib_ng(4))
        case Compression.SMALL:
            return Deflater(_libdeflate(7), _libdeflate(7), large=_zlib_ng(6), mixed=_zlib_ng(6))
        case _:
            assert_never(compression)


def _libdeflate(level: int) -> Whole:
    try:
        import deflate
    except ImportError:
        return Whole(_zlib_name(level), partial(zlib.compress, level=level, wbits=_RAW))
    return Whole(
        f"deflate {deflate.__version__} level {level}",
        partial(deflate.deflate_compress, compresslevel=level),
    )


def _isal(level: int) -> Blocks:
    """Compress with ISA-L, which must compress the beginning of a block on its own.

    Else it takes the hash of the third byte's sequence from a register that holds an address
    (`.write_first_byte` in its igzip_icf_body_h1_gr_bt.asm, 2.32.1), and once in some thousand times makes
    other bytes. Few bytes go another way.
    """
    try:
        import isal
        from isal import isal_zlib
    except ImportError:
        return _zlib(level)

    def compress(data: bytes, last: bool) -> bytes:  # noqa: FBT001 - as Blocks has it
        stream = isal_zlib.compressobj(level, zlib.DEFLATED, _RAW)
        beginning = stream.compress(data[:_ISAL_BEGINNING]) + stream.flush(zlib.Z_SYNC_FLUSH)
        return beginning + _ended(stream, memoryview(data)[_ISAL_BEGINNING:], last=last)

    return Blocks(f"isa-l {isal.ISAL_VERSION} level {level}", compress)


def _zlib_ng(level: int) -> Blocks:
    try:
        from zlib_ng import zlib_ng
    except ImportError:
        return _zlib(level)
    name = f"zlib-ng {zlib_ng.ZLIBNG_RUNTIME_VERSION} level {level}"
    return Blocks(
        name, lambda data, last: _ended(zlib_ng.compressobj(level, zlib.DEFLATED, _RAW), data, last=last)
    )


def _zlib(level: int) -> Blocks:
    return Blocks(
        _zlib_name(level),
        lambda data, last: _ended(zlib.compressobj(level, zlib.DEFLATED, _RAW), data, last=last),
    )


def _zlib_name(level: int) -> str:
    return f"zlib {zlib.ZLIB_RUNTIME_VERSION} level {level}"


def _ended(stream: _Stream, data: bytes | memoryview, *, last: bool) -> bytes:
    return stream.compress(data) + stream.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)


def _stored(data: bytes, *, last: bool) -> bytes:
    """Return the data as deflate's stored blocks (RFC 1951, 3.2.4)."""
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
