"""Whatever two bundles hold: the difference leads from the one to the other, and its report stays bounded."""

from __future__ import annotations

import posixpath
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.bundle.contents import EntryKind
from deployer.bundle.listing import Listed, Unknown
from deployer.live.group import Group, Safeguards
from deployer.live.origin import Origin
from deployer.plan.appspec import HookChange, HookChangeKind, TextDifference, text_difference
from deployer.plan.difference import Difference, difference
from deployer.plan.model import GroupPlan, Plan
from deployer.report.plan import lines, markdown


def listed(name: str, kind: EntryKind, mode: int, size: int, crc: int) -> Listed:
    """An entry; a link has no mode of its own."""
    return Listed(name, kind, 0o777 if kind is EntryKind.LINK else mode, size, crc)


PARTS = st.sampled_from(["a", "b", "ä", "c d"])
PATHS = st.lists(PARTS, min_size=1, max_size=3).map("/".join)
KINDS = st.sampled_from([EntryKind.FILE, EntryKind.LINK, EntryKind.FOLDER])
MODES = st.sampled_from([0o644, 0o755])
LISTINGS = st.dictionaries(
    PATHS, st.tuples(KINDS, MODES, st.integers(0, 2), st.integers(0, 1)), max_size=8
).map(lambda found: {name: listed(name, *rest) for name, rest in found.items()})
TEXTS = st.text(max_size=20)
NAMES = st.one_of(TEXTS, st.text(alphabet="`<|\n:[@\x1b\u202e", min_size=1, max_size=40))
ENTRIES = st.builds(Listed, NAMES, KINDS, MODES, st.integers(0, 2**40), st.integers(0, 2**32 - 1))


def with_folders(entries: dict[str, Listed]) -> dict[str, Listed]:
    """A listing with the folders that unpacking makes."""
    found = dict(entries)
    for name in entries:
        while name := posixpath.dirname(name):
            found.setdefault(name, Listed(name, EntryKind.FOLDER, 0o755, 0, 0))
    return found


def essence(entries: dict[str, Listed]) -> dict[str, tuple[object, ...]]:
    """What of a listing matters on an instance."""
    return {
        name: (entry.kind, entry.size, entry.crc, entry.mode if entry.kind is not EntryKind.LINK else 0)
        for name, entry in entries.items()
    }


@given(LISTINGS, LISTINGS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_difference_applied_to_the_old_listing_gives_the_new_one(
    old: dict[str, Listed], new: dict[str, Listed]
) -> None:
    found = difference(old, new)
    result = with_folders(old)
    for entry in found.removed:
        del result[entry.name]
    for entry in found.added:
        assert entry.name not in result
        result[entry.name] = entry
    for before, after in found.changed:
        assert result[before.name] == before
        result[after.name] = after
    for _, after in found.modes:
        result[after.name] = result[after.name]._replace(mode=after.mode)
    assert essence(result) == essence(with_folders(new))
    assert bool(found) == (essence(with_folders(old)) != essence(with_folders(new)))
    assert found.growth == sum(e.size for e in new.values()) - sum(e.size for e in old.values())


@given(st.lists(TEXTS, max_size=12), st.lists(TEXTS, max_size=12))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_lines_of_an_appspec_lead_from_the_old_text_to_the_new_one(
    old: list[str], new: list[str]
) -> None:
    before, after = ("\n".join(each).encode() for each in (old, new))
    found = text_difference(before, after)
    assert found
    gone = [line[1:] for line in found.lines if line[0] == "-"]
    come = [line[1:] for line in found.lines if line[0] == "+"]
    old_lines, new_lines = before.decode().splitlines(), after.decode().splitlines()
    for line in gone:
        old_lines.remove(line)
    for line in come:
        new_lines.remove(line)
    assert sorted(old_lines) == sorted(new_lines)
    assert bool(found.lines) == (before.decode().splitlines() != after.decode().splitlines())


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Plans of a few groups or many, with names and texts from anywhere, a few or many."""
    unknown = st.builds(Unknown, NAMES)
    few = st.lists(ENTRIES, max_size=3).map(tuple)
    hook = st.builds(HookChange, NAMES, NAMES, st.sampled_from(HookChangeKind))
    times = draw(st.sampled_from([1, 100]))
    files = st.tuples(few, few).map(lambda both: Difference(added=both[0] * times, removed=both[1] * times))
    texts = st.lists(NAMES, max_size=5).map(lambda some: TextDifference(tuple(some) * times))
    group = st.builds(
        GroupPlan,
        st.builds(Group, NAMES, NAMES),
        files=st.one_of(st.none(), unknown, files),
        appspec=st.one_of(st.none(), unknown, texts),
        hooks=st.lists(hook, max_size=3).map(lambda some: tuple(some) * times),
        safeguards=st.one_of(
            st.none(), st.builds(Safeguards, NAMES, st.tuples(NAMES), st.tuples(NAMES, NAMES))
        ),
        notes=st.lists(NAMES, max_size=2).map(tuple),
    )
    groups = draw(st.lists(group, min_size=1, max_size=3)) * draw(st.sampled_from([1, 10]))
    return Plan(tuple(groups), Origin(), datetime(2026, 3, 2, tzinfo=UTC))


@given(plans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_report_is_bounded_and_whole_whatever_a_bundle_holds(plan: Plan) -> None:
    assert len(lines(plan, alone=True)) <= 15
    text = markdown(plan)
    assert len(text.encode()) <= 60_000
    assert text.count("<details") == text.count("</details>")
    assert "\x1b" not in text
    assert "\u202e" not in text
