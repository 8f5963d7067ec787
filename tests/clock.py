"""Time for tests: it passes when somebody sleeps, and at no other time."""

from __future__ import annotations

import heapq
import random
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from deployer.aws.retries import Retries

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deployer.clock import Clock


@dataclass(slots=True)
class FakeClock:
    """A clock for the waiting code and the emulator to share: each look sees the same every time.

    `passed` is in seconds since `start`.
    """

    start: datetime = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    passed: float = 0.0

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self.passed

    def now(self) -> datetime:
        """The time of day, in UTC."""
        return self.start + timedelta(seconds=self.passed)

    def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.passed += seconds

    def chance(self) -> float:
        """Always the same, so that a run is the same every time."""
        return 0.5


class Turns(FakeClock):
    """A clock for several threads that take turns: one runs at a time, until it sleeps.

    Whoever is to wake up first goes on next, so that a run of many threads is the same every time.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._sleeping: list[tuple[float, int, threading.Event]] = []
        self._count = 0
        self._chance = random.Random(0)  # noqa: S311 - no secret

    def chance(self) -> float:
        """A number from 0 to 1, the next of a fixed series."""
        return self._chance.random()

    def sleep(self, seconds: float) -> None:
        """Let the others have their turns until these seconds have passed."""
        awake = self._enter(seconds)
        self._wake_next()
        awake.wait()

    def run(self, functions: Sequence[Callable[[], None]], *, starts: Sequence[float]) -> None:
        """Call each function on its own thread, at so many seconds from now; raises what one of them did."""
        failures: list[BaseException] = []

        def work(function: Callable[[], None], awake: threading.Event) -> None:
            awake.wait()
            try:
                function()
            except BaseException as error:  # noqa: BLE001 - raised again below
                failures.append(error)
            self._wake_next()

        threads = [
            threading.Thread(target=work, args=(function, self._enter(start)), daemon=True)
            for function, start in zip(functions, starts, strict=True)
        ]
        for thread in threads:
            thread.start()
        self._wake_next()
        for thread in threads:
            thread.join()
        for failure in failures:
            raise failure

    def _enter(self, seconds: float) -> threading.Event:
        awake = threading.Event()
        with self._lock:
            self._count += 1
            heapq.heappush(self._sleeping, (self.passed + max(0.0, seconds), self._count, awake))
        return awake

    def _wake_next(self) -> None:
        with self._lock:
            if self._sleeping:
                self.passed, _, awake = heapq.heappop(self._sleeping)
                awake.set()


def patient(clock: Clock | None = None) -> Retries:
    """Return the retries of a run of ten minutes, which say nothing."""
    return Retries(clock or FakeClock(), 600.0, lambda _: None)
