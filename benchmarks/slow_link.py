"""A TCP proxy on loopback that lets no more bytes through than a slow link would."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Final
from urllib.parse import urlsplit

_PIECE: Final = 16_384
_BUFFER: Final = 65_536
_BURST: Final = 0.02
"""Seconds by which the event loop may wake up late without any of the link's time being lost."""


class Link:
    """One direction of a link that all its connections share."""

    def __init__(self, bits_per_second: float) -> None:
        self._bytes_per_second = bits_per_second / 8
        self._free = time.monotonic()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Copy until the end, each piece when its turn on the link has passed."""
        try:
            while piece := await reader.read(_PIECE):
                now = time.monotonic()
                self._free = max(self._free, now - _BURST) + len(piece) / self._bytes_per_second
                await asyncio.sleep(self._free - now)
                writer.write(piece)
                await writer.drain()
            writer.write_eof()
        except ConnectionError:
            writer.close()


async def serve(url: str, bits_per_second: float) -> None:
    """Stand in front of `url` until cancelled; the first line on stdout is the proxy's URL."""
    target = urlsplit(url)
    up, down = Link(bits_per_second), Link(bits_per_second)

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(target.hostname, target.port, limit=_BUFFER)
        await asyncio.gather(up.carry(reader, there[1]), down.carry(there[0], writer))
        writer.close()
        there[1].close()

    server = await asyncio.start_server(connect, "127.0.0.1", 0, limit=_BUFFER)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], float(sys.argv[2])))
