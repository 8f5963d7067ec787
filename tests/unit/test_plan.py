"""Two revisions → what is said of their difference."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from deployer.appspec.parse import parse
from deployer.bundle.contents import EntryKind
from deployer.bundle.listing import Listed, Unknown
from deployer.live.group import Group, Record, Safeguards
from deployer.live.origin import Origin
from deployer.plan.appspec import HookChangeKind, TextDifference, hook_changes, text_difference
from deployer.plan.difference import Difference, Pair, difference
from deployer.plan.model import GroupPlan, Plan
from deployer.report.plan import headline, lines, markdown

LIVE = Record("d-ABCDEF123", "Succeeded")
GROUP = Group("hello-web", "production", live=LIVE, attempt=LIVE)
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def file(name: str, size: int = 1, crc: int = 1, mode: int = 0o644) -> Listed:
    return Listed(name, EntryKind.FILE, mode, size, crc)


def listing(*entries: Listed) -> dict[str, Listed]:
    return {entry.name: entry for entry in entries}


def appspec(**hooks: str) -> bytes:
    parts = [f"  {event}:\n    - location: {script}\n" for event, script in hooks.items()]
    return f"version: 0.0\nos: linux\nhooks:\n{''.join(parts)}".encode()


def plan_of(**facts: object) -> Plan:
    group = replace(GroupPlan(GROUP, files=Difference(), appspec=None), **facts)  # type: ignore[arg-type]
    return Plan((group,), Origin(), NOW)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([], [file("a")], "1 file added (+1 B)"),
        ([file("a")], [], "1 file removed (-1 B)"),
        ([file("a")], [file("a", 2, 2)], "1 file changed (+1 B)"),
        ([file("a")], [file("a", crc=2)], "1 file changed"),
        ([file("a")], [file("a", mode=0o755)], "1 mode changed"),
        ([file("a")], [file("a")], "Nothing changes"),
        ([file("a")], [file("a")._replace(modified=9, offset=9, packed=9)], "Nothing changes"),
        ([], [Listed("d", EntryKind.FOLDER, 0o755, 0, 0)], "1 folder added"),
        ([file("d/a")], [file("d/a"), Listed("d", EntryKind.FOLDER, 0o755, 0, 0)], "Nothing changes"),
        ([file("a")], [Listed("a", EntryKind.LINK, 0o777, 1, 1)], "1 file changed"),
        ([file("d/a", 5)], [file("d")], "1 file changed, 1 file removed (-4 B)"),
    ],
)
def test_what_makes_a_difference(old: list[Listed], new: list[Listed], expected: str) -> None:
    found = plan_of(files=difference(listing(*old), listing(*new))).groups[0]
    assert headline(found) == expected
    assert found.changed == (expected != "Nothing changes")


def test_hooks_that_come_go_or_run_another_script() -> None:
    """In the order of the new AppSpec; what still runs from the live revision says so."""
    old = parse(
        appspec(ApplicationStop="stop.sh", AfterInstall="gone.sh", ApplicationStart="/start.sh"), path=""
    )
    new = parse(
        appspec(ApplicationStop="stop.sh", BeforeInstall="new.sh", ApplicationStart="/start.sh"), path=""
    )
    pairs = tuple(Pair(file(name), file(name, 2, 2)) for name in ("start.sh", "stop.sh"))
    found = hook_changes(old.appspec, new.appspec, Difference(changed=pairs))
    assert [(each.event, each.script, each.kind, each.takes_effect_later) for each in found] == [
        ("ApplicationStop", "stop.sh", HookChangeKind.CHANGED, True),
        ("BeforeInstall", "new.sh", HookChangeKind.ADDED, False),
        ("ApplicationStart", "/start.sh", HookChangeKind.CHANGED, False),
        ("AfterInstall", "gone.sh", HookChangeKind.REMOVED, False),
    ]
    assert len(hook_changes(None, new.appspec, Difference(changed=pairs))) == 2
    assert hook_changes(old.appspec, None, Difference(changed=pairs)) == ()
    text = markdown(plan_of(hooks=found))
    assert "<code>stop.sh</code> | changed, 1 B → 2 B; takes effect with the next deployment |" in text


def test_an_appspec_that_is_too_large_is_not_compared_by_lines() -> None:
    assert text_difference(b"a\n" * 1_001, b"b") is None
    assert text_difference(b"a" * 70_000, b"b") is None
    assert text_difference(b"a\r\nb", b"a\nb\n") == TextDifference(())


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"files": Unknown("x")}, "Files not compared, because x"),
        ({"files": None, "appspec": Unknown("x")}, "AppSpec not compared, because x"),
        ({"files": Unknown("x"), "appspec": Unknown("x")}, "Files not compared, because x"),
        ({"files": None, "appspec": TextDifference(("+a",))}, "AppSpec changed"),
        ({"group": replace(GROUP, live=None)}, "Nothing is live yet"),
    ],
)
def test_what_cannot_be_compared_counts_as_changed(facts: dict[str, object], expected: str) -> None:
    found = plan_of(**facts)
    assert (headline(found.groups[0]), found.changed) == (expected, True)


@pytest.mark.parametrize("count", [1, 2, 7, 15, 40])
def test_the_log_has_fifteen_lines_for_any_number_of_groups(count: int) -> None:
    """Each group has at least its first line, of very many only the first."""
    files = Difference(added=(file("a"),), changed=(Pair(file("b"), file("b", 2)),), removed=(file("c"),))
    one = plan_of(
        files=files,
        appspec=TextDifference(tuple(f"+{number}" for number in range(30))),
        safeguards=Safeguards("CodeDeployDefault.OneAtATime"),
    )
    found = lines(replace(one, groups=one.groups * count), alone=True)
    assert len(found) <= 15
    heads = [line for line in found if line.startswith("production: ")]
    assert len(heads) == min(count, 15 if count <= 15 else 14)
    assert (found[-1] == f"And {count - 14} more groups") == (count > 15)


def test_thousands_of_files_fit_into_a_comment() -> None:
    files = Difference(added=tuple(file(f"{'d' * 90}/{number}", number) for number in range(40_000)))
    text = markdown(plan_of(files=files, appspec=TextDifference(("+a",) * 5_000)))
    assert len(text.encode()) <= 60_000
    assert "… and 39,6" in text
    assert "… and 4,900 more lines" in text
    assert text.index("<summary>AppSpec") < text.index("<summary>Files (40,000)")
    assert f"{'d' * 70}<wbr>{'d' * 20}/39999</code>" in text, "the largest first"
