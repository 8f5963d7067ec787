"""The JUnit report: a suite for each target, a case for each of its lifecycle events.

The format is the one that Jenkins, GitLab and Azure read: https://github.com/testmoapp/junitxml.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from deployer.deployment.explain import reason
from deployer.text import printable, printable_lines

if TYPE_CHECKING:
    from deployer.deployment.model import LifecycleEvent, Target
    from deployer.run import Outcome

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(outcome: Outcome) -> str:
    """Return the report of a run's deployments as XML."""
    root = ET.Element("testsuites", name="CodeDeploy")
    for attempt in outcome.attempts:
        for target in (attempt.ending.snapshot.targets if attempt.ending else None) or ():
            _suite(root, f"{attempt.application}/{attempt.group}", target)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


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
            failure.text = "\n".join(map(_text, printable_lines(said)))
    elif event.status != "Succeeded":
        ET.SubElement(case, "skipped", message=_text(event.status))


def _seconds(*events: LifecycleEvent) -> str:
    return f"{sum(event.duration.total_seconds() for event in events if event.duration):.3f}"


def _text(text: str) -> str:
    """Return text that XML allows, with invisible characters escaped."""
    return _NOT_XML.sub("\ufffd", printable(text))
