"""CRC-32, as zip, gzip and S3 use it, by the fastest library that this machine has."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def combine_with_zlib(first: int, second: int, length: int, /) -> int:
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


crc32: Callable[[bytes | memoryview, int], int] = zlib.crc32
"""CRC-32 of the data, after that of what stands before it."""

combine: Callable[[int, int, int], int] = combine_with_zlib
"""CRC-32 of two pieces one after another, the last argument being the second one's bytes."""

try:
    from isal import isal_zlib
except ImportError:  # no wheel for this platform
    pass
else:
    crc32, combine = isal_zlib.crc32, isal_zlib.crc32_combine
