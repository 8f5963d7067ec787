"""Pure: what the scripts of an event print, as the agent keeps it and as a person wants to read it."""

from __future__ import annotations

from collections import deque
from typing import Final

_TAIL: Final = 2048
"""Characters of which the agent sends less than this: the last whole lines that fit."""

_WHOLE: Final = 1 << 18
"""Characters that are kept of all that an event prints, the last ones."""

_LONGEST_LINE: Final = 1 << 12
_STREAMS: Final = {1: "stdout", 2: "stderr"}


class EventLog:
    """The lines of an event's scripts, each after the name of its stream, under a heading for each script."""

    def __init__(self, event: str) -> None:
        self._lines: deque[str] = deque()
        self._kept = 0
        self._left_out = 0
        self._begun = dict.fromkeys(_STREAMS, b"")
        self._add(f"LifecycleEvent - {event}\n")

    def begin(self, script: str) -> None:
        """Write the heading of a script."""
        self._add(f"Script - {script}\n")

    def write(self, stream: int, data: bytes) -> None:
        """Add some bytes of a stream (1 or 2)."""
        *lines, rest = (self._begun[stream] + data).split(b"\n")
        for line in lines:
            self._add(f"[{_STREAMS[stream]}]{line[:_LONGEST_LINE].decode(errors='replace')}\n")
        if len(rest) >= _LONGEST_LINE:
            self._add(f"[{_STREAMS[stream]}]{rest[:_LONGEST_LINE].decode(errors='replace')}\n")
            rest = b""
        self._begun[stream] = rest

    def end(self) -> None:
        """Add what the script has not ended with a line's end."""
        for stream in _STREAMS:
            if self._begun[stream]:
                self.write(stream, b"\n")

    def _add(self, line: str) -> None:
        self._lines.append(line)
        self._kept += len(line)
        while self._kept > _WHOLE:
            self._left_out += 1
            self._kept -= len(self._lines.popleft())

    @property
    def tail(self) -> str:
        """The lines that the agent would send to CodeDeploy."""
        kept: list[str] = []
        room = _TAIL
        for line in reversed(self._lines):
            room -= len(line)
            if room <= 0:
                break
            kept.append(line)
        return "".join(reversed(kept))

    @property
    def whole(self) -> str:
        """All lines, or the last of very many."""
        cut = f"({self._left_out:,} earlier lines are left out)\n" if self._left_out else ""
        return cut + "".join(self._lines)

    @property
    def speaks(self) -> bool:
        """Tell whether any script printed anything."""
        return any(line.startswith("[") for line in self._lines)
