"""Published answers of AWS → what a user reads: the cause, the place, and nothing that is wrong."""

from __future__ import annotations

import io
import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from deployer.main import execute
from tests.chaos.table import ALL, SEED, sample
from tests.clock import FakeClock
from tests.emulator.mutations import mutated
from tests.environment import SERVICES, clean_environment
from tests.harness import read_outputs
from tests.protocol.published import CASES, served

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.emulator.wire import Answer

CODES = {0, 2, 3, 4, 5, 10, 11, 12, 13}
CHANGED_SHARE = 1 / 3
ON = {case["id"]: case for case in CASES}
_EVENTS = ("ApplicationStop", "BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService")


@dataclass(frozen=True)
class Read:
    """What a user reads of a run."""

    code: int
    log: str
    outputs: Mapping[str, str]


def _scripts(case: Mapping[str, Any]) -> dict[str, str]:
    """The script of each event, by the name that the case's targets give it."""
    scripts = {event: f"scripts/{event}.sh" for event in _EVENTS}
    for targets in case.get("targets", {}).values():
        for target in (part for each in targets for part in each.values() if isinstance(part, dict)):
            for event in target.get("lifecycleEvents") or ():
                told = event.get("diagnostics") or {}
                if told.get("scriptName") and event["lifecycleEventName"] in scripts:
                    scripts[event["lifecycleEventName"]] = told["scriptName"]
    return scripts


def _workspace(case: Mapping[str, Any], folder: Path) -> None:
    files = dict(case.get("files", {}))
    if not files:
        scripts = _scripts(case)
        destination = case.get("destination", "/srv/app")
        lines = [
            "version: 0.0",
            f"os: {case.get('os', 'linux')}",
            "files:",
            "  - source: adihealthdev/",
            f"    destination: {destination}",
            "permissions:",
            f"  - object: {destination}",
            "    type: [file]",
            "hooks:",
        ]
        for event, script in scripts.items():
            lines += [f"  {event}:", f"    - location: {script}"]
        files = {"appspec.yml": "\n".join(lines) + "\n", "adihealthdev/a.txt": "a"}
        files |= {script.replace("\\", "/").lstrip("/"): "#!/bin/sh\n" for script in scripts.values()}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Read]:
    """Run a case by its id as a job on GitHub, with each answer as `change` makes it."""

    def run(name: str, change: Callable[[Answer], Answer] = lambda answer: answer) -> Read:
        case, folder, output = ON[name], tmp_path / "work", tmp_path / "output"
        folder.mkdir()
        _workspace(case, folder)
        output.write_text("")
        with served(case, change) as url:
            given = {
                **clean_environment(tmp_path),
                "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
                "AWS_SECRET_ACCESS_KEY": "secret-of-the-example",
                "AWS_REGION": "us-east-1",
                "AWS_MAX_ATTEMPTS": "1",
                "GITHUB_ACTIONS": "true",
                "GITHUB_WORKSPACE": str(folder),
                "GITHUB_OUTPUT": str(output),
                **{f"AWS_ENDPOINT_URL_{service}": url for service in ("S3", *SERVICES)},
                **case.get("env", {}),
            }
            for each, value in given.items():
                monkeypatch.setenv(each, value)
            monkeypatch.chdir(folder)
            flags = case.get("args") or ["--deployment-id", "d-EXAMPLE01", "--timeout", "3s"]
            stream = io.StringIO()
            code = execute(flags, given, stream, clock=FakeClock())
        return Read(code, stream.getvalue(), read_outputs(output.read_text()))

    return run


@pytest.mark.chaos
@pytest.mark.parametrize("name", sample(ON, 40))
def test_the_cause_and_the_place_are_told_and_nothing_wrong_beside_them(
    name: str, read: Callable[..., Read]
) -> None:
    expected, ran = ON[name]["expected"], read(name)
    log = unquote(ran.log)
    assert [words for words in expected["says"] if words.lower() not in log.lower()] == []
    assert [words for words in expected.get("never", ()) if words in log] == []
    annotations = [line for line in log.splitlines() if line.startswith("::error")]
    if annotations:
        place = re.match(r"::error (?:file=(?P<place>[^,]+(?:,line=\d+)?))?", annotations[0])
        assert place
        assert (place["place"] or "") == expected["place"]
    assert ran.code == expected.get("code", ran.code)
    if "error-message" in expected:
        assert ran.outputs["error-message"] == expected["error-message"]


@pytest.mark.chaos
@pytest.mark.parametrize("number", range(300 if ALL else 8))
def test_no_change_to_a_published_answer_is_a_bug(number: int, read: Callable[..., Read]) -> None:
    """One answer in three is changed at random: the run ends with a code of its own, without a traceback."""
    chance = random.Random(f"{SEED} {number}")  # noqa: S311 - no secret
    name = chance.choice(sorted(ON))

    def change(answer: Answer) -> Answer:
        return mutated(answer, chance.randrange(10**9)) if chance.random() < CHANGED_SHARE else answer

    ran = read(name, change)
    assert ran.code in CODES, ran.log
    assert "Traceback" not in ran.log, ran.log
