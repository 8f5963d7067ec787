"""Deployments as JUnit XML."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from deployer.model import Diagnostics, LifecycleEvent, Snapshot, Target
from deployer.report.junit import junit

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def test_targets_are_suites_and_events_are_cases() -> None:
    told = Diagnostics("ScriptFailed", "scripts/x.sh", "exit code 1", "[stderr]no <disk>\n")
    events = (
        LifecycleEvent("BeforeInstall", "Succeeded", START, START + timedelta(seconds=1.5)),
        LifecycleEvent("AfterInstall", "Failed", START, START + timedelta(seconds=2), told),
        LifecycleEvent("ValidateService", "Skipped"),
    )
    snapshot = Snapshot("Failed", targets=(Target("i-1", "Failed", events=events),))
    (suite,) = ET.fromstring(junit([("web/production", snapshot)]))  # noqa: S314 - our own text
    assert suite.attrib == {
        "name": "web/production i-1", "tests": "3", "failures": "1", "skipped": "1", "time": "3.500",
    }  # fmt: skip
    good, bad, skipped = suite
    assert (good.get("name"), good.get("classname"), good.get("time"), len(good)) == (
        "BeforeInstall", "web/production.i-1", "1.500", 0,
    )  # fmt: skip
    assert bad[0].attrib == {"type": "ScriptFailed", "message": "scripts/x.sh: no <disk>"}
    assert bad[0].text == "exit code 1\n[stderr]no <disk>\n"
    assert skipped[0].tag == "skipped"


def test_targets_that_may_not_be_read_leave_an_empty_report() -> None:
    assert len(ET.fromstring(junit([("web/production", Snapshot("Failed", targets=None))]))) == 0  # noqa: S314


@given(st.text(), st.text())
def test_any_text_of_an_instance_makes_well_formed_xml(name: str, log: str) -> None:
    event = LifecycleEvent(name, "Failed", diagnostics=Diagnostics(name, name, log, log))
    snapshot = Snapshot("Failed", targets=(Target(name, "Failed", events=(event,)),))
    ET.fromstring(junit([(name, snapshot)]).encode("utf-8", "surrogatepass"))  # noqa: S314
