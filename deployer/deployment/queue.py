"""Waiting for a turn at a deployment group that many runs want: who looks how often, and who asks first.

A run knows its place where the description of the holder names a run of the same workflow: as many runs are
ahead as their numbers are apart. It rests while others have their turns, and then asks in that order. Where
places are unknown, the run that has waited longest asks first, within a random second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployer.clock import Clock


_SLOT = 2.0
"""Seconds between the requests of two neighbours: time for one CreateDeployment and its answer."""

_LAST_SLOT = 30.0
"""Seconds after which even the last asks, since the runs ahead may have been cancelled."""

_LONGEST_REST = 60.0
_FIRST_TURN = 20.0
"""Seconds that a turn is taken to last until one was seen."""

_LONGEST_DELAY = 5.0
_HALF_DELAY = 60.0
"""Seconds to hold back at most where places are unknown, and of waiting that halve it."""


@dataclass(slots=True)
class Queue:
    """The wait of one run; places count from 1, the run whose turn comes next."""

    clock: Clock
    began: float
    _first: tuple[float, int] | None = None

    def rest(self, place: int | None) -> float:
        """Return the seconds to look at nothing: half of the turns ahead, as fast as turns have passed."""
        now = self.clock.monotonic()
        if place is None or place <= 1:
            return 0.0
        if self._first is None:
            self._first = now, place
        since, first = self._first
        turn = (now - since) / (first - place) if place < first else max(_FIRST_TURN, now - since)
        return min(_LONGEST_REST, (place - 1) / 2 * turn)

    def hold_back(self, place: int | None) -> float:
        """Return the seconds to wait with the request once the group is free."""
        if place is not None:
            return min(_LAST_SLOT, _SLOT * max(0, place - 1))
        waited = self.clock.monotonic() - self.began
        return _LONGEST_DELAY / (1 + waited / _HALF_DELAY) + self.clock.chance()
