"""The JUnit report: a suite for the pre-flight, and one for each target of a deployment and of its rollback.

The format is the one that Jenkins, GitLab and Azure read: https://github.com/testmoapp/junitxml.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from deployer.deployment.failures import reason
from deployer.errors import Severity
from deployer.text import printable, printable_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deployer.deployment.model import LifecycleEvent, Target
    from deployer.deployment.wait import Ending
    from deployer.errors import Problem
    from deployer.run import Outcome

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(outcome: Outcome) -> str:
    """Return the report of a run as XML: what the pre-flight found, and all its deployments."""
    root = ET.Element("testsuites", name="CodeDeploy")
    if outcome.findings:
        _preflight(root, outcome.findings)
    _targets(root, "rehearsal", outcome.rehearsal)
    for attempt in outcome.attempts:
        name = f"{attempt.application}/{attempt.group}"
        _targets(root, name, attempt.ending)
        _targets(root, f"{name} rollback", attempt.rollback_ending)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _preflight(root: ET.Element, findings: Sequence[Problem]) -> None:
    """Add a suite with a case for each finding, at its file and line; only errors fail."""
    failures = sum(finding.severity is Severity.ERROR for finding in findings)
    suite = ET.SubElement(
        root, "testsuite", name="pre-flight", tests=str(len(findings)), failures=str(failures), skipped="0"
    )
    for finding in findings:
        place = finding.location
        where = {"file": _text(place.path)} if place else {}
        if place and place.line:
            where["line"] = str(place.line)
        name = " ".join(part for part in (finding.code, ":".join(where.values())) if part)
        case = ET.SubElement(suite, "testcase", {"classname": "pre-flight", "name": _text(name), **where})
        if finding.severity is Severity.ERROR:
            failure = ET.SubElement(case, "failure", type=_text(finding.code), message=_text(finding.message))
            failure.text = _lines(finding.hint)
        else:
            ET.SubElement(case, "system-out").text = _lines(f"{finding.message}\n{finding.hint}")


def _targets(root: ET.Element, name: str, ending: Ending | None) -> None:
    for target in (ending.snapshot.targets if ending else None) or ():
        _suite(root, name, target)


def _suite(root: ET.Element, name: str, target: Target) -> None:
    events = target.events
    suite = ET.SubElement(
        root,
        "testsuite",
        name=_text(f"{name} {target.id}"),
        tests=str(len(events)),
        failures=str(sum(event.status == "Failed" for event in events)),
        skipped=str(sum(event.status not in {"Succeeded", "Failed"} for event in events)),
        time=_seconds(*events),
    )
    for event in events:
        _case(suite, name, target, event)


def _case(suite: ET.Element, name: str, target: Target, event: LifecycleEvent) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=_text(f"{name}.{target.id}"),
        name=_text(event.name),
        time=_seconds(event),
    )
    diagnostics = event.diagnostics
    if event.status == "Failed":
        failure = ET.SubElement(case, "failure")
        if diagnostics:
            failure.attrib |= {"type": _text(diagnostics.error_code), "message": _text(reason(diagnostics))}
            said = "\n".join(part for part in (diagnostics.message, diagnostics.log_tail) if part)
            failure.text = _lines(said)
    elif event.status != "Succeeded":
        ET.SubElement(case, "skipped", message=_text(event.status))


def _seconds(*events: LifecycleEvent) -> str:
    return f"{sum(event.duration.total_seconds() for event in events if event.duration):.3f}"


def _lines(text: str) -> str:
    return "\n".join(map(_text, printable_lines(text)))


def _text(text: str) -> str:
    """Return text that XML allows, with invisible characters escaped."""
    return _NOT_XML.sub("\ufffd", printable(text))
