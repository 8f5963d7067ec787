"""Logs and messages as tools, agents and the service write them → the telling line, the cause, the place."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from deployer.aws.codes import (
    ACCOUNT_HINTS,
    CREDENTIAL_HINTS,
    DENIED,
    INPUT_HINTS,
    PASSING_HINTS,
    THROTTLED,
)
from deployer.aws.errors import translate
from deployer.deployment.agent import AGENT_CLUES
from deployer.deployment.causes import BALANCED, ERROR_CODES, EVENT_CODES, OTHER_CODES, cause_of
from deployer.deployment.explain import explain
from deployer.deployment.model import Diagnostics, LifecycleEvent, Snapshot, Target
from deployer.deployment.places import Places
from deployer.deployment.refusals import APPSPEC_CLUES
from deployer.deployment.scripts import (
    CHECK_CLUES,
    COMMAND_CLUES,
    ENDING_CLUES,
    EXIT_CLUES,
    FILE_CLUES,
    LOG_CLUES,
)
from deployer.deployment.service import SERVICE_CLUES
from deployer.deployment.tools import START_CLUES, TOOL_CLUES
from deployer.errors import Location, Problem

TEXTS = json.loads((Path(__file__).parents[1] / "failure_texts.json").read_text())
ROOT = "/opt/codedeploy-agent/deployment-root/8d2f9b1c-77aa/d-Q1W2E3R4T/deployment-archive"
SCRIPT = "ops/run.sh"
APPSPEC = """\
version: 0.0
os: linux
files:
  - source: web
    destination: /srv/shop
permissions:
  - object: /srv/shop
hooks:
  ApplicationStop:
    - location: ops/run.sh
  AfterInstall:
    - location: ops/run.sh
"""
PLACES = Places(
    locate={SCRIPT: SCRIPT}.get,
    appspec=Location("appspec.yml"),
    hooks={"ApplicationStop": Location("appspec.yml", 10), "AfterInstall": Location("appspec.yml", 12)},
    files={"/srv/shop": Location("appspec.yml", 4)},
    sources={"web": Location("appspec.yml", 4)},
    keys={
        key.strip(": -"): Location("appspec.yml", number)
        for number, line in enumerate(APPSPEC.lower().splitlines(), 1)
        for key in [line.partition(":")[0]]
    },
)
CLUES = (
    *AGENT_CLUES, *APPSPEC_CLUES, *CHECK_CLUES, *COMMAND_CLUES, *ENDING_CLUES, *EXIT_CLUES, *FILE_CLUES,
    *LOG_CLUES, *SERVICE_CLUES, *START_CLUES, *TOOL_CLUES,
)  # fmt: skip


def told(event: str, diagnostics: Diagnostics) -> Problem:
    events = (LifecycleEvent(event, "Failed", diagnostics=diagnostics),)
    snapshot = Snapshot(
        "Failed",
        targets=(Target("i-0", "Failed", events=events),),
        error_code="HEALTH_CONSTRAINTS",
        error_message="Too many individual instances failed.",
    )
    return explain(snapshot, PLACES).problems[0]


def by_script(log: str, *, ended: str = "failed with exit code 1", event: str = "AfterInstall") -> Problem:
    """What is told of a script that wrote these lines, to standard error where they name no stream."""
    lines = [
        f"LifecycleEvent - {event}",
        f"Script - {SCRIPT}",
        *(line if line.startswith("[std") else f"[stderr]{line}" for line in log.split("\n")),
    ]
    message = f"Script at specified location: {SCRIPT} run as user root {ended}"
    return told(event, Diagnostics("ScriptFailed", SCRIPT, message, "\n".join(lines) + "\n"))


def named(location: Location | None) -> str | None:
    return ":".join(str(part) for part in (location.path, location.line) if part) if location else None


def misled(row: dict[str, str], problem: Problem) -> bool:
    """Whether a user is told what the row says never to tell."""
    return "never" in row and row["never"] in f"{problem.message}\n{problem.hint}"


def by_agent(event: str, message: str) -> Problem:
    return told(event, Diagnostics("UnknownError", "", message))


@pytest.mark.parametrize("row", TEXTS["scripts"], ids=lambda row: row["log"][:60])
def test_what_a_script_wrote_is_told_by_its_telling_line_with_what_it_means(row: dict[str, str]) -> None:
    log = row["log"].replace("ROOT", ROOT)
    event = row.get("event", "AfterInstall")
    problem = by_script(log, ended=f"failed with exit code {row['exit']}", event=event)
    assert row["telling"] in problem.message
    assert row["hint"] in problem.hint
    assert not misled(row, problem)
    assert not re.search(r"(?:there|not found): (?:\d+|\w+-?\w*:)?\.$", problem.hint, re.MULTILINE)
    assert not re.search(r"  | $", problem.hint, re.MULTILINE)
    assert problem.location
    assert problem.location.path == SCRIPT


def test_an_application_that_does_not_run_fails_no_check_of_the_script_that_stops_it() -> None:
    problem = by_script("ERROR: Application is not running", event="ApplicationStop")
    assert "gave up on the application" not in problem.hint


@pytest.mark.parametrize(
    ("ended", "hint", "line"),
    [
        ("failed to close STDOUT", "in the background", None),
        ("failed to close STDERR", "in the background", None),
        (f"failed with error Errno::ENOENT with message No such file or directory - {ROOT}/{SCRIPT}",
         "Windows line endings", None),
        (f"failed with error Errno::ENOEXEC with message Exec format error - {ROOT}/{SCRIPT}", "#!", 1),
        (f"failed with error Errno::EACCES with message Permission denied - {ROOT}/{SCRIPT}", "runas", None),
        ("failed with error ArgumentError with message invalid byte sequence in UTF-8", "not UTF-8", None),
    ],
)  # fmt: skip
def test_how_the_agent_says_that_a_script_ended_is_surer_than_its_log(
    ended: str, hint: str, line: int | None
) -> None:
    problem = by_script("curl: (7) Failed to connect to localhost port 80: Connection refused", ended=ended)
    assert hint in problem.hint
    assert "Nothing is listening" not in problem.hint
    assert problem.location == Location(SCRIPT, line)


@pytest.mark.parametrize("row", TEXTS["agent"], ids=lambda row: row["message"][:60])
def test_what_the_agent_says_of_its_own_work_is_told_with_the_place_that_it_is_about(
    row: dict[str, str],
) -> None:
    message = row["message"].replace("ROOT", ROOT)
    problem = by_agent(row["event"], message)
    assert message in problem.message
    assert row["hint"] in problem.hint
    assert not misled(row, problem)
    assert "codedeploy-agent.log on the instance." not in problem.hint
    assert named(problem.location) == row["place"]


RESOURCE = [
    "TaskDefinition",
    "ContainerName",
    "ContainerPort",
    "NetworkConfiguration",
    "CapacityProviderStrategy",
    "Alias",
    "CurrentVersion",
    "TargetVersion",
    "Name",
]
"""Keys of the AppSpecs for ECS and Lambda, one on each line."""


@pytest.mark.parametrize("row", TEXTS["service"], ids=lambda row: f"{row['code']} {row['message'][-40:]}")
def test_what_the_service_says_of_a_deployment_comes_first_with_the_line_that_it_is_about(
    row: dict[str, str],
) -> None:
    keys = {key.lower(): Location("appspec.yml", number) for number, key in enumerate(RESOURCE, 1)}
    kind = {"Server": "instance"}.get(row["platform"], row["platform"].lower())
    target = Target("t", "Failed", kind=kind, events=(LifecycleEvent("Install", "Failed"),))
    snapshot = Snapshot(
        "Failed",
        targets=(target,),
        error_code=row["code"],
        error_message=row["message"],
        compute_platform=row["platform"],
    )
    problem = explain(snapshot, Places(appspec=Location("appspec.yml"), keys=keys)).problems[0]
    assert problem.message == row["message"]
    assert row["hint"] in problem.hint
    assert not misled(row, problem)
    assert named(problem.location) == row["place"]


def test_the_appspec_of_the_previous_revision_is_not_the_one_in_the_repository() -> None:
    problem = by_agent("ApplicationStop", "(<unknown>): did not find expected key at line 3 column 1")
    assert problem.location == Location("appspec.yml", 10)
    assert "last deployed successfully" in problem.hint


def test_only_the_script_that_failed_is_listened_to() -> None:
    """The log of an event holds what all of its scripts wrote; the last one failed."""
    log = f"Script - ops/first.sh\n[stderr]ERROR: harmless\nScript - {SCRIPT}\n[stdout]working\n"
    message = f"Script at specified location: {SCRIPT} failed with exit code 3"
    problem = told("AfterInstall", Diagnostics("ScriptFailed", SCRIPT, message, log))
    assert "harmless" not in problem.message


def test_no_more_kinds_of_failures_are_searched_than_anybody_reads() -> None:
    targets = tuple(
        Target(
            f"i-{n}",
            "Failed",
            events=(
                LifecycleEvent(
                    "Install", "Failed", diagnostics=Diagnostics("UnknownError", "", f"{n}: ELOOP")
                ),
            ),
        )
        for n in range(60)
    )
    explained = explain(Snapshot("Failed", targets=targets), PLACES).failures
    assert sum(bool(failure.causes) for failure in explained) == 50


PASSING = {"INTERNAL_ERROR", "THROTTLED"}
"""Codes of faults that pass."""


def test_only_faults_that_pass_are_answered_with_another_run() -> None:
    """The same revision on the same instances fails in the same way again."""
    causes = [
        cause_of(code, platform)
        for code in ERROR_CODES.keys() - PASSING
        for platform in ("", "ECS", "Lambda")
    ]
    causes += [*EVENT_CODES.values(), *OTHER_CODES.values(), *BALANCED.values()]
    advice = [*(cause.advice for cause in causes), *(clue.advice for clue in CLUES)]
    assert [each for each in advice if "run the job again" in each.lower()] == []
    assert all("again" in ERROR_CODES[code].advice for code in PASSING)


def refused(code: str, *, status: int = 400) -> Problem:
    answer = {
        "Error": {"Code": code, "Message": "Words of AWS."},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    error = ClientError(answer, "PutObject")  # type: ignore[arg-type]  # the stubs want more of an answer
    return translate(error, action="s3:PutObject", resource="arn:aws:s3:::b/k").problems[0]


@pytest.mark.parametrize(
    "code",
    [
        *INPUT_HINTS, *ACCOUNT_HINTS, *CREDENTIAL_HINTS, *sorted(DENIED), "KMS.DisabledException",
        "KMSKeyDisabledException", "InvalidSomething", "SomethingDoesNotExistException", "ACodeOfTomorrow",
    ],
)  # fmt: skip
def test_what_the_caller_has_to_change_is_never_answered_with_another_run(code: str) -> None:
    problem = refused(code)
    assert problem.hint
    assert "run the job again" not in problem.hint.lower()


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *((code, 400) for code in PASSING_HINTS),
        *((code, 400) for code in sorted(THROTTLED)),
        ("InternalError", 500),
    ],
)
def test_a_fault_that_passes_is_answered_with_another_run(code: str, status: int) -> None:
    assert "Run the job again" in refused(code, status=status).hint
