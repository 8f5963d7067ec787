"""Time as a parameter: the one place that reads clocks and sleeps."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The operations on time that waiting code may use."""

    def monotonic(self) -> float:
        """Return seconds since an arbitrary start; they never go backwards."""
        ...

    def now(self) -> datetime:
        """Return the wall-clock time, in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; a signal handler's exception ends the wait at once."""
        ...


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        """Return seconds since an arbitrary start."""
        return time.monotonic()

    def now(self) -> datetime:
        """Return the wall-clock time, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
