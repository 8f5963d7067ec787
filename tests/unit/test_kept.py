"""Times of a bundle's members: what did not change keeps its own, what changed is newer."""

from __future__ import annotations

from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.bundle.contents import EntryKind
from deployer.bundle.listing import Listed
from deployer.bundle.times import EARLIEST
from deployer.live.kept import kept

NOW: Final = 1_800_000_000
OWN: Final = NOW - 50
NAMES = st.sampled_from(["a", "b", "c"])
TIMES = st.integers(EARLIEST, NOW)


def a_file(name: str, *, crc: int = 1, modified: int = OWN, offset: int = 0, mode: int = 0o644) -> Listed:
    return Listed(name, EntryKind.FILE, mode, 10, crc, modified, offset, 8)


def listing(*files: Listed) -> dict[str, Listed]:
    return {each.name: each for each in files}


def test_an_unchanged_file_bears_the_time_that_it_has_where_it_runs() -> None:
    live = listing(a_file("same", modified=NOW - 900, offset=77), a_file("gone"))
    keeps = kept(listing(a_file("same"), a_file("new")), [live], now=NOW)
    assert keeps.times == {"same": NOW - 900}
    assert (keeps.places, keeps.size) == ({"same": 77}, 8)


def test_a_changed_file_is_newer_than_the_one_that_it_replaces() -> None:
    ours = listing(
        a_file("content", crc=2), a_file("mode", mode=0o755), a_file("of 1985", crc=2, modified=EARLIEST)
    )
    live = listing(a_file("content", modified=OWN - 1), a_file("mode"), a_file("of 1985", modified=EARLIEST))
    keeps = kept(ours, [live], now=NOW)
    assert keeps.times == {"content": OWN, "mode": NOW, "of 1985": NOW}
    assert keeps.places == {}


def test_times_that_no_bundle_may_bear_are_not_taken_over() -> None:
    live = listing(a_file("past", modified=EARLIEST - 1), a_file("future", modified=NOW + 1))
    keeps = kept(listing(a_file("past"), a_file("future")), [live], now=NOW)
    assert (keeps.times, keeps.places) == ({}, {})


def test_fixed_times_stay_and_what_bears_them_can_be_copied() -> None:
    live = listing(a_file("same", offset=5), a_file("other", modified=OWN - 1, offset=50))
    keeps = kept(listing(a_file("same"), a_file("other")), [live], now=NOW, fixed=True)
    assert (keeps.times, keeps.places) == ({}, {"same": 5})


@settings(deadline=None)
@given(
    st.dictionaries(NAMES, st.tuples(st.integers(1, 2), TIMES)),
    st.lists(st.dictionaries(NAMES, st.tuples(st.integers(1, 2), TIMES)), min_size=1, max_size=3),
)
def test_in_every_group_what_changed_is_newer(
    ours: dict[str, tuple[int, int]], lives: list[dict[str, tuple[int, int]]]
) -> None:
    """Unless what it replaces is of this very second."""

    def of(files: dict[str, tuple[int, int]]) -> dict[str, Listed]:
        return {name: a_file(name, crc=crc, modified=time) for name, (crc, time) in files.items()}

    keeps = kept(of(ours), [of(live) for live in lives], now=NOW)
    for name, (crc, own) in ours.items():
        time = keeps.times.get(name, own)
        there = [live[name] for live in lives if name in live]
        assert all(time > theirs or time == NOW for other, theirs in there if other != crc)
        if there and all(other == crc for other, _ in there):
            assert time == there[0][1]
        again = kept(of({name: (crc, own)}), [of({name: (crc, time)})], now=NOW + 9)
        assert again.times.get(name, own) == time, "what is deployed twice is the same bytes"
