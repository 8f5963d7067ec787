"""Deployments as JUnit XML."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from deployer.deployment.model import Diagnostics, LifecycleEvent, Snapshot, Status, Target
from deployer.deployment.wait import Ending
from deployer.errors import Location, Problem, Severity
from deployer.report.junit import junit
from deployer.run import Outcome

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def outcome(*targets: Target, group: str = "production") -> Outcome:
    ending = Ending(Status.FAILED, Snapshot("Failed", targets=targets), 3.0)
    return Outcome(application="web", group=group, ending=ending)


def test_targets_are_suites_and_events_are_cases() -> None:
    told = Diagnostics("ScriptFailed", "scripts/x.sh", "exit code 1", "[stderr]no <disk>\n")
    events = (
        LifecycleEvent("BeforeInstall", "Succeeded", START, START + timedelta(seconds=1.5)),
        LifecycleEvent("AfterInstall", "Failed", START, START + timedelta(seconds=2), told),
        LifecycleEvent("ValidateService", "Skipped"),
    )
    (suite,) = ET.fromstring(junit(outcome(Target("i-1", "Failed", events=events))))  # noqa: S314 - our own text
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


def test_each_group_of_a_run_is_in_it_and_one_that_was_not_reached_is_not() -> None:
    last = outcome(Target("i-2", "Succeeded"))
    last.earlier = (outcome(Target("i-1", "Succeeded"), group="staging"), Outcome())
    names = [suite.get("name") for suite in ET.fromstring(junit(last))]  # noqa: S314
    assert names == ["web/staging i-1", "web/production i-2"]


def test_the_targets_of_a_rollback_have_suites_of_their_own() -> None:
    failed = outcome(Target("i-1", "Failed"))
    stop = LifecycleEvent("ApplicationStop", "Failed", START, START + timedelta(seconds=2))
    failed.rollback_ending = outcome(Target("i-1", "Failed", events=(stop,))).ending
    _, suite = ET.fromstring(junit(failed))  # noqa: S314
    assert (suite.get("name"), suite.get("failures")) == ("web/production rollback i-1", "1")
    assert suite[0].get("classname") == "web/production rollback.i-1"


def test_what_the_pre_flight_found_is_a_suite_with_files_and_lines() -> None:
    findings = (
        Problem("No script.", "Add it.", "hook-missing", location=Location("appspec.yml", 3)),
        Problem("Odd.", "Look.", "odd", Severity.WARNING, Location("app.zip")),
        Problem("Alone."),
    )
    (suite,) = ET.fromstring(junit(Outcome(findings=findings)))  # noqa: S314
    assert suite.attrib == {"name": "pre-flight", "tests": "3", "failures": "2", "skipped": "0"}
    missing, odd, alone = suite
    assert missing.attrib == {
        "classname": "pre-flight", "name": "hook-missing appspec.yml:3", "file": "appspec.yml", "line": "3",
    }  # fmt: skip
    assert missing[0].attrib == {"type": "hook-missing", "message": "No script."}
    assert (missing[0].tag, missing[0].text) == ("failure", "Add it.")
    assert (odd.get("file"), odd.get("line"), odd[0].tag, odd[0].text) == (
        "app.zip", None, "system-out", "Odd.\nLook.",
    )  # fmt: skip
    assert "file" not in alone.attrib


def test_a_bundle_without_findings_has_no_suite() -> None:
    assert len(ET.fromstring(junit(Outcome(findings=())))) == 0  # noqa: S314


def test_targets_that_may_not_be_read_leave_an_empty_report() -> None:
    unread = Outcome(ending=Ending(Status.FAILED, Snapshot("Failed", targets=None), 3.0))
    assert len(ET.fromstring(junit(unread))) == 0  # noqa: S314


@given(st.text(), st.text())
def test_any_text_of_an_instance_makes_well_formed_xml(name: str, log: str) -> None:
    event = LifecycleEvent(name, "Failed", diagnostics=Diagnostics(name, name, log, log))
    report = junit(outcome(Target(name, "Failed", events=(event,)), group=name))
    read = ET.fromstring(report.encode("utf-8"))  # noqa: S314
    assert [suite.get("failures") for suite in read] == ["1"]
