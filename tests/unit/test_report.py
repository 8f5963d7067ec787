"""Values → the lines, the Markdown and the charts that tell them."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer import text
from deployer.bundle.contents import Bundle, Entry, EntryKind, Transfer
from deployer.deployment.explain import explain
from deployer.deployment.model import (
    Deployment,
    Diagnostics,
    LifecycleEvent,
    Snapshot,
    Status,
    Target,
    Traffic,
)
from deployer.deployment.places import Places
from deployer.deployment.wait import Ending
from deployer.errors import Location, Problem
from deployer.report import lines, progress
from deployer.report.gantt import gantt
from deployer.report.junit import junit
from deployer.report.summary import summary
from deployer.report.warnings import warnings
from deployer.revision import BundleType, S3Revision, StoredObject
from deployer.run import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
EVENTS = ("ApplicationStop", "DownloadBundle", "AfterInstall")


class Files:
    """Contents with the given files."""

    exclusions = ()
    root_mode = 0o755

    def __init__(self, **sizes: int) -> None:
        self.entries = {name: Entry(name, EntryKind.FILE, size=size) for name, size in sizes.items()}

    def read(self, name: str, limit: int) -> bytes:
        """Nothing is read here."""
        raise NotADirectoryError(name, limit)

    def locate(self, name: str) -> str | None:
        """Nothing is in a repository here."""
        raise NotADirectoryError(name)

    def elsewhere(self, name: str) -> str:
        """Nothing is anywhere else, either."""
        raise NotADirectoryError(name)


class NoChunks:
    """An archive that nobody reads."""

    files = read = 0
    begins: Sequence[tuple[str, int]] = ()

    def __iter__(self) -> NoChunks:
        return self

    def __next__(self) -> bytes:
        raise StopIteration


def event(name: str, status: str = "Succeeded", *, at: float = 0, took: float = 2) -> LifecycleEvent:
    start = START + timedelta(seconds=at)
    return LifecycleEvent(name, status, start, start + timedelta(seconds=took))


def target(name: str = "i-1", status: str = "Succeeded", **details: object) -> Target:
    events = tuple(event(each, at=2 * number) for number, each in enumerate(EVENTS))
    return Target(name, status, **{"events": events, **details})  # type: ignore[arg-type]


def failed(name: str = "i-1", log: str = "[stderr]boom") -> Target:
    told = Diagnostics("ScriptFailed", "scripts/x.sh", "exit code 1", log)
    return Target(name, "Failed", events=(LifecycleEvent("AfterInstall", "Failed", diagnostics=told),))


def outcome(*targets: Target, status: Status = Status.FAILED, **more: object) -> Outcome:
    snapshot = Snapshot("Failed", targets=targets, error_code="HEALTH_CONSTRAINTS")
    return Outcome(
        application="web",
        group="production",
        status=status,
        deployment=Deployment("d-1", "eu-west-1", "web", "production"),
        ending=Ending(status, snapshot, 12.0),
        explanation=explain(snapshot, Places()),
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (34_212, "34.2 kB"),
        (568e6, "568 MB"),
        (2e15, "2000.0 TB"),
    ],
)
def test_sizes(count: float, said: str) -> None:
    assert text.size(count) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.04, "0.0s"), (1, "1s"), (59.6, "1m 00s"), (65, "1m 05s"), (3725, "1h 02m")]
)
def test_durations(seconds: float, said: str) -> None:
    assert text.duration(seconds) == said


def test_counts_name_unknown_states_as_they_come() -> None:
    assert text.counts({"InProgress": 2, "Succeeded": 1, "Odd": 3}) == "1 succeeded, 2 in progress, 3 Odd"
    assert (text.counted(1, "file"), text.counted(2000, "file")) == ("1 file", "2,000 files")


def test_a_small_fleet_tells_each_event_once() -> None:
    before = Snapshot("InProgress", targets=(target(events=(event("ApplicationStop"),)),))
    after = Snapshot("InProgress", targets=(target(events=(event("ApplicationStop"), event("Install"))),))
    assert progress.changes(before, after, 3) == ["     3s  i-1  Install (2s) done"]
    assert progress.changes(after, after, 4) == []


def test_a_large_fleet_tells_failures_and_counts_and_no_more_than_ten() -> None:
    fleet = tuple(failed(f"i-{number}") for number in range(50))
    told = progress.changes(None, Snapshot("InProgress", {"Failed": 50}, targets=fleet), 3)
    assert told[0] == "     3s  InProgress: 50 failed"
    assert len(told) == 11
    again = Snapshot("InProgress", {"Failed": 51}, targets=(*fleet, failed("i-99")))
    assert progress.changes(Snapshot("InProgress", {"Failed": 50}, targets=fleet), again, 4) == [
        "     4s  InProgress: 51 failed"
    ]


def test_traffic_that_moves_is_told() -> None:
    before = Snapshot("InProgress", targets=(target(traffic=(Traffic("1", 100), Traffic("2", 0))),))
    after = Snapshot("InProgress", targets=(target(traffic=(Traffic("1", 90), Traffic("2", 10))),))
    assert progress.changes(before, after, 3) == ["     3s  i-1  traffic 90 % to 1, 10 % to 2"]


def test_a_look_that_failed_is_a_sign_and_the_heartbeat_claims_only_what_was_seen() -> None:
    stormy = Snapshot("InProgress", trouble="ThrottlingException", age=39.0)
    ((_, line),) = warnings(stormy, seconds=3, now=START, timeouts={})
    assert "is not responding (ThrottlingException)" in line
    assert progress.heartbeat(stormy, 40).endswith(
        "was InProgress when last seen 39 s ago; AWS is not responding (ThrottlingException)"
    )
    unseen = Snapshot("Unknown", trouble="ThrottlingException", age=None)
    assert "could never be read; AWS" in progress.heartbeat(unseen, 30)
    assert replace(stormy, age=300.0).standing == "was InProgress when last seen 5 min ago"


def test_targets_that_cannot_be_read_are_a_sign_and_give_no_other() -> None:
    pending = Target("i-1", "Pending", events=(LifecycleEvent("Install", "Pending"),))
    blind = Snapshot("InProgress", targets=(pending,), unread="InternalFailure")
    told = dict(warnings(blind, seconds=999, now=START, timeouts={}))
    assert list(told) == ["unread"]
    assert "targets cannot be read (InternalFailure)" in progress.heartbeat(blind, 30)


def test_the_heartbeat_says_what_is_waited_for_but_not_a_whole_fleet() -> None:
    running = tuple(target(f"i-{n}", events=(event("Install", "InProgress"),)) for n in range(5))
    said = progress.heartbeat(Snapshot("InProgress", {"InProgress": 5}, targets=running), 65)
    assert (
        said == " 1m 05s  still InProgress: 5 in progress; running: i-0 Install, i-1 Install, i-2 Install …"
    )


def test_blue_green_waits_and_points_are_told_once() -> None:
    ready = Snapshot("Ready", group_wait_minutes=65, terminating=True)
    said = "\n".join(progress.changes(None, ready, 1))
    assert "extend the timeout by up to 1h 05m" in said
    assert "waiting to be continued" in said
    assert "waiting to be terminated" in said
    assert progress.changes(ready, ready, 2) == []


def test_a_transfer_tells_rate_and_time_left() -> None:
    said = progress.transferred(Transfer(10, 40, 25_000_000, 100_000_000, 9_000_000), 5.0)
    assert said == "     5s  10 of 40 files, 25.0 MB of 100 MB read, 9.0 MB sent, 5.0 MB/s, about 15s left"


def test_signs_of_a_silent_agent_a_stuck_event_and_a_failure() -> None:
    pending = Target("i-1", "Pending", events=(LifecycleEvent("Install", "Pending"),))
    silent = dict(warnings(Snapshot("InProgress", targets=(pending,)), seconds=200, now=START, timeouts={}))
    assert list(silent) == ["silent"]
    stuck = Snapshot(
        "InProgress",
        targets=(target("i-1", "InProgress", events=(event("Install", "InProgress"),)), failed("i-2")),
    )
    now = START + timedelta(seconds=50)
    told = dict(warnings(stuck, seconds=50, now=now, timeouts={"Install": 60}))
    assert list(told) == ["failed", "stuck Install"]
    assert "i-1 is close to its timeout of 1m 00s. Check the agent's log" in told["stuck Install"]
    assert list(dict(warnings(stuck, seconds=50, now=now, timeouts={}))) == ["failed"]
    assert list(warnings(Snapshot("Failed", targets=(pending,)), seconds=999, now=START, timeouts={})) == []


def test_the_gantt_shows_each_target_of_a_small_fleet_and_spans_of_a_large_one() -> None:
    small = gantt(Snapshot("Succeeded", targets=(target("i-1"), target("i-2"))))
    assert small.count("section") == 2
    assert f"ApplicationStop :done, {int(START.timestamp() * 1000)}, " in small
    large = gantt(Snapshot("Succeeded", targets=tuple(target(f"i-{n}") for n in range(900))))
    assert (large.count("section"), len(large.splitlines())) == (1, 3 + 1 + len(EVENTS))
    assert gantt(Snapshot("Created")) == ""


@given(st.text(), st.text())
def test_no_name_breaks_the_chart(name: str, label: str) -> None:
    chart = gantt(Snapshot("Succeeded", targets=(target(name, events=(event(label),)),)))
    assert re.fullmatch(r"  section [\w ./-]{0,60}", chart.splitlines()[3])
    assert re.fullmatch(r"  [\w ./-]{0,60} :done, \d+, \d+", chart.splitlines()[4])


def test_the_summary_tells_outcome_link_bundle_and_targets() -> None:
    bundle = Bundle(
        BundleType.ZIP, "0" * 64, Files(**{"a.txt": 900, "b.txt": 100}), chunks=lambda *_: NoChunks()
    )
    stored = StoredObject("releases", "web/1.zip", BundleType.ZIP, "abc", 500, uploaded=False)
    revision = S3Revision("releases", "web/1.zip", BundleType.ZIP, "abc")
    told = summary(outcome(target(), failed("i-2"), bundle=bundle, stored=stored, revision=revision))
    assert told.startswith("## ❌ web → production: Deployment failed\n")
    assert '<a href="https://eu-west-1.console.aws.amazon.com/codesuite/' in told
    assert "2 files, 1.0 kB → 500 B zip (50 %), already in S3" in told
    assert "<code>s3://releases/web/1.zip?eTag=abc</code>" in told
    assert "❌</td><td nowrap><samp>i-2</samp>" in told.partition("### Targets")[2].splitlines()[4]
    assert "<pre>[stderr]boom</pre>" in told
    assert "| <code>a.txt</code> | 900 B |" in told


def test_the_summary_stays_small_whatever_the_fleet_and_its_logs() -> None:
    fleet = [failed(f"i-{n}", log=f"[stderr]{n} " + "<&\n" * 200_000) for n in range(1000)]
    told = summary(outcome(*fleet))
    assert len(told.encode()) < 1 << 20
    assert "The other 980 targets: 980 failed" in told
    assert "and 880 more targets" in told


@given(st.text())
@settings(deadline=None)
def test_text_of_instances_is_neither_markup_nor_a_way_out_of_its_cell(said: str) -> None:
    target_ = Target(
        said, "Failed", events=(LifecycleEvent("E", "Failed", diagnostics=Diagnostics("", said, said, said)),)
    )
    told = summary(outcome(target_))
    rows = told.partition("### Targets")[2].splitlines()
    assert [row[:4] for row in rows if row] == ["<tab", "<tr>", "<tr>", "</ta"]
    for raw in ("<script", "<img", "</pre><"):
        hostile = summary(outcome(failed(f"{raw}{said}", log=f"{raw}{said}")))
        assert raw not in hostile.replace("</pre>\n", "")
    assert html.escape("<script") in summary(outcome(failed("<script")))


@given(st.text(st.characters(exclude_categories=()), max_size=20))
@settings(max_examples=40, deadline=None)
def test_reports_can_be_written_whatever_is_in_them(said: str) -> None:
    """Halves of characters too, which JSON can carry and UTF-8 cannot."""
    told = Diagnostics(said, said, said, said)
    strange = target(
        said, status=said, label=said, events=(LifecycleEvent(said, "Failed", diagnostics=told),)
    )
    result = outcome(strange, problems=[Problem(said, said, said, location=Location(said, 1))])
    assert summary(result).encode()
    assert ET.fromstring(junit(result).encode())  # noqa: S314 - our own text


def test_names_of_events_and_states_are_text_too() -> None:
    hostile = "<img src=x onerror=1> | [x](y)\u202e"
    strange = target(events=(event(hostile, hostile),), status=hostile)
    told = outcome(strange)
    assert told.ending
    snapshot = replace(told.ending.snapshot, counts={hostile: 1}, status=hostile)
    told.ending = replace(told.ending, snapshot=snapshot)
    text = summary(told)
    assert "onerror" in text
    assert [mark for mark in ("<img", "[x](", "\u202e") if mark in text] == []


def test_the_summary_of_a_run_that_failed_early_tells_the_problems_with_their_places() -> None:
    told = summary(Outcome(problems=[Problem("no | such", "do\nthis", location=Location("a.yml", 3))]))
    assert "Nothing was deployed" in told
    assert "❌ **no &#124; such**<br><code>a.yml:3</code><br>do<br>this" in told


def test_the_line_of_a_stored_bundle_tells_size_and_version_or_that_it_was_there() -> None:
    bundle = Bundle(BundleType.ZIP, "0" * 64, Files(**{"a.txt": 1000}), chunks=lambda *_: NoChunks())
    sent = StoredObject("b", "k.zip", BundleType.ZIP, "e", 500, version_id="v1")
    there = StoredObject("b", "k.zip", BundleType.ZIP, "e", 500, uploaded=False)
    assert lines.stored(sent, bundle) == "Uploaded 500 B (50 %) to s3://b/k.zip, version v1"
    assert lines.stored(there, bundle) == "Already in S3, nothing to upload: s3://b/k.zip"
    larger = StoredObject("b", "k.zip", BundleType.ZIP, "e", 1100)
    assert lines.stored(larger, bundle) == "Uploaded 1.1 kB to s3://b/k.zip"


@pytest.mark.parametrize(
    ("packed", "told"),
    [
        (None, "1 file, 1.0 kB"),
        (500, "1 file, 1.0 kB → 500 B zip (50 %)"),
        (1100, "1 file, 1.0 kB → 1.1 kB zip"),
        (1000, "1 file, 1.0 kB zip"),
    ],
)
def test_a_ratio_is_told_where_the_archive_is_smaller_than_its_files(packed: int | None, told: str) -> None:
    bundle = Bundle(BundleType.ZIP, "0" * 64, Files(**{"a.txt": 1000}), chunks=lambda *_: NoChunks())
    assert lines.extent(bundle, packed) == told
