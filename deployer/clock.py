"""Time as a parameter: the one place that reads clocks, sleeps and leaves a pause to chance."""

from __future__ import annotations

import random
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

    def chance(self) -> float:
        """Return a number from 0 to 1, another in each run: runs that wait must not move in step."""
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

    def chance(self) -> float:
        """Return a random number from 0 to 1."""
        return random.random()  # noqa: S311 - no secret
