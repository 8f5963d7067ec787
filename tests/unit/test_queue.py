"""A run's place in a queue: how long it rests, and who asks first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.deployment.queue import Queue
from tests.clock import FakeClock

BUDGET = 1800.0


def queue(*, waited: float = 0.0, refusals: int = 1) -> Queue:
    waiting = Queue(FakeClock(), BUDGET, refusals)
    waiting.clock.sleep(waited)
    return waiting


@given(st.floats(0, BUDGET))
def test_a_run_without_rivals_follows_the_holder(waited: float) -> None:
    assert queue(waited=waited).rest(None) == 0


@given(st.floats(0, BUDGET), st.floats(0, BUDGET))
def test_one_with_rivals_rests_the_longer_the_more_time_lies_behind_and_before_it(a: float, b: float) -> None:
    rests = [queue(waited=waited, refusals=2).rest(None) for waited in (a, b)]
    assert all(5 <= rest <= 60 for rest in rests)
    near = [min(waited, BUDGET - waited) for waited in (a, b)]
    assert (rests[0] <= rests[1]) == (near[0] <= near[1]) or rests[0] == rests[1]


@given(st.floats(0, BUDGET), st.floats(0, BUDGET))
def test_who_waits_longer_asks_first(a: float, b: float) -> None:
    first, second = (queue(waited=waited).hold_back(None) for waited in (max(a, b), min(a, b)))
    assert first <= second <= 6


@pytest.mark.parametrize(("place", "seconds"), [(1, 0), (2, 2), (3, 4), (16, 30), (17, 30), (999, 30)])
def test_each_place_has_its_moment_to_ask_up_to_half_a_minute(place: int, seconds: float) -> None:
    assert queue(waited=500).hold_back(place) == seconds


@given(st.lists(st.tuples(st.floats(0, 300), st.integers(-50, 50)), min_size=2, max_size=20))
def test_a_later_run_in_front_moves_nobody_up(seen: list[tuple[float, int]]) -> None:
    """A place falls by one in five seconds at most, and is never smaller than the holder says."""
    waiting, before = queue(), None
    for seconds, behind in seen:
        waiting.clock.sleep(seconds)
        place = waiting.place(behind)
        assert place is not None
        assert place >= max(1, behind)
        if before is None:
            assert place == max(1, behind)
        else:
            assert place >= before - seconds / 5 - 1
        before = place
    assert waiting.place(None) is None


@given(st.floats(0, 2 * BUDGET), st.floats(0, BUDGET))
def test_nobody_sleeps_past_the_end_of_the_wait(waited: float, seconds: float) -> None:
    waiting = queue(waited=waited)
    waiting.sleep(seconds)
    assert waiting.waited <= max(waited, BUDGET)
    assert waiting.left >= 0
