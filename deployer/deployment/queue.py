"""Waiting for a turn at a deployment group that many runs want: who looks how often, and who asks first.

A run knows its place where the description of the holder names a run of the same workflow: as many runs are
ahead as their numbers are apart. It rests while others have their turns, and then asks in that order. Where
places are unknown, a run that was refused twice has rivals. It then looks at random moments, the less often
the longer it has waited, so that many who wait make few calls, and more often again when its own time runs
out. Of those that find the group free, the one that has waited longest asks first, within a random second.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployer.clock import Clock


_SLOT = 2.0
"""Seconds between the requests of two neighbours: time for one CreateDeployment and its answer."""

_LAST_SLOT = 30.0
"""Seconds after which even the last asks, since the runs ahead may have been cancelled."""

_SHORTEST_REST, _LONGEST_REST = 5.0, 60.0
_FIRST_TURN = 20.0
"""Seconds that a turn is taken to last until one was seen."""

_SHORTEST_TURN = 5.0

_RIVALS = 2
"""Refusals that tell a run without a place that others wait too; the first tells of the holder alone."""

_REST_SHARE = 4
"""The part of the time waited, and of the time left, that such a run rests between two looks."""

_LONGEST_DELAY = 5.0
_HALF_DELAY = 60.0
"""Seconds to hold back at most where places are unknown, and of waiting that halve it."""


@dataclass(slots=True)
class Queue:
    """The wait of one run, for `budget` seconds; places count from 1, the run whose turn comes next.

    `refusals` is how often the run has asked for the group in vain.
    """

    clock: Clock
    budget: float
    refusals: int = 0
    _began: float = field(init=False)
    _first: tuple[float, int] | None = None
    _seen: tuple[float, int] | None = None

    def __post_init__(self) -> None:
        self._began = self.clock.monotonic()

    @property
    def waited(self) -> float:
        """The seconds since the run joined the queue."""
        return self.clock.monotonic() - self._began

    @property
    def left(self) -> float:
        """The seconds that the run may still wait."""
        return max(0.0, self.budget - self.waited)

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds, as far as they are left."""
        self.clock.sleep(min(seconds, self.left))

    def place(self, behind: int | None) -> int | None:
        """Return this run's place, given by how many turns it comes after the holder; None if unknown.

        It falls no faster than turns can pass: a holder may be a later run that asked at the right moment.
        """
        if behind is None:
            return None
        now = self.clock.monotonic()
        seen, place = self._seen or (now, 1)
        place = max(1, behind, round(place - (now - seen) / _SHORTEST_TURN))
        self._seen = now, place
        return place

    def rest(self, place: int | None) -> float:
        """Return the seconds to look at nothing: half of the turns ahead, as fast as turns have passed."""
        now = self.clock.monotonic()
        if place is None and self.refusals >= _RIVALS:
            rest = min(_LONGEST_REST, max(_SHORTEST_REST, min(self.waited, self.left) / _REST_SHARE))
            return rest * (0.5 + self.clock.chance())
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
        return _LONGEST_DELAY / (1 + self.waited / _HALF_DELAY) + self.clock.chance()
