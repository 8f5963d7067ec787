"""Time for tests: it passes when somebody sleeps, and at no other time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from deployer.aws.retries import Retries

if TYPE_CHECKING:
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


def patient(clock: Clock | None = None) -> Retries:
    """Return the retries of a run of ten minutes, which say nothing."""
    return Retries(clock or FakeClock(), 600.0, lambda _: None)
