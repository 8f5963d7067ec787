"""The whole output of hooks, where the agents ship it to CloudWatch Logs; moto has the log group."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.clock import FakeClock
from tests.emulator.borrowed import Borrowed
from tests.emulator.failures import AFTER_INSTALL_LOG
from tests.harness import Job
from tests.protocol.test_iam import only, printed
from tests.protocol.test_transcripts import PLATFORMS, on_platforms, texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.emulator import Emulator
    from tests.emulator.timeline import Target
    from tests.harness import Ran, Start
    from tests.s3 import S3Server

pytestmark = pytest.mark.unhurried

GROUP = "/codedeploy/deployments"
ALL = [
    "LifecycleEvent - BeforeInstall",
    "Script - scripts/before_install.sh",
    "[stdout]nothing to do",
    "LifecycleEvent - AfterInstall",
    "Script - scripts/after_install.sh",
    "[stdout]What happened long before the tail that CodeDeploy keeps",
    *AFTER_INSTALL_LOG.splitlines()[2:],
]


class Watched(NamedTuple):
    """A deployment that will fail, and a job that follows it."""

    service: Emulator
    job: Job
    id: str
    target: str

    def ship(self, texts: Sequence[str], *, stream: str = "", deployment: str = "") -> None:
        """Ship lines as the agent of an instance writes them."""
        client, stream = Borrowed.client("logs"), stream or self.target
        found = client.describe_log_groups()["logGroups"]
        if GROUP not in {each["logGroupName"] for each in found}:
            client.create_log_group(logGroupName=GROUP)
        if not client.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=stream)["logStreams"]:
            client.create_log_stream(logGroupName=GROUP, logStreamName=stream)
        now = int(self.service.clock.now().timestamp() * 1000)
        client.put_log_events(
            logGroupName=GROUP,
            logStreamName=stream,
            logEvents=[
                {
                    "timestamp": now + n,
                    "message": f"[2026-03-02 09:30:01.123] [{deployment or self.id}]{text}",
                }
                for n, text in enumerate(texts)
            ],
        )

    def follow(self, *flags: str, **variables: str | None) -> Ran:
        """Follow the deployment to its end."""
        nothing = dict.fromkeys(("INPUT_SOURCE", "INPUT_BUCKET"))
        given = [f"--deployment-id={self.id}", *flags]
        return self.job.run(self.service, *given, **{"GITHUB_ACTIONS": "true", **nothing, **variables})

    @property
    def looks(self) -> int:
        """The number of looks at the log group."""
        return self.service.operations().count("FilterLogEvents")


@pytest.fixture
def clock() -> FakeClock:
    """Time that begins now, since log groups take no lines that are older than two weeks."""
    return FakeClock(datetime.now(UTC))


@pytest.fixture
def watched(  # noqa: PLR0913 - fixtures
    still_emulator: Start,
    s3: S3Server,
    bucket: str,
    *,
    clock: FakeClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Watched:
    service = still_emulator(borrowed=Borrowed())
    begun = service.begin(scenario="fails-after-install")
    failed = next(
        each for each in begun.timeline.targets if any(event.outcome == "Failed" for event in each.events)
    )
    return Watched(service, Job(monkeypatch, tmp_path, s3, bucket, clock), begun.id, failed.id)


def logs(ran: Ran) -> list[str]:
    """The text of each folded log."""
    return re.findall(
        r"^::group::Log of [^\n]*\n::stop-commands::\w+\n(.*?)\n::\w+::$", ran.log, re.MULTILINE | re.DOTALL
    )


@on_platforms(["log-group"])
def test_a_failed_script_is_shown_in_whole(name: str, platform: str, watched: Watched) -> None:
    watched.ship(ALL)
    variables = {**dict.fromkeys(PLATFORMS["github"]), **PLATFORMS[platform]}
    ran = watched.follow(f"--log-group={GROUP}", **variables)
    shown, kept = texts(f"{name}.{platform}", ran.log, ran.code)
    assert shown == kept
    assert ran.code == 10


def test_nothing_but_the_event_s_own_lines_is_shown(watched: Watched) -> None:
    watched.ship(ALL)
    watched.ship(["LifecycleEvent - AfterInstall", "[stdout]another's"], deployment="d-OTHER0001")
    for stream in ("i-other", f"{watched.target}0"):  # as the host web-10 is beside web-1
        watched.ship(["LifecycleEvent - AfterInstall", "[stdout]elsewhere"], stream=stream)
    (log,) = logs(watched.follow(f"--log-group={GROUP}"))
    assert log.splitlines() == [f"  | {line}" for line in ALL[3:]]
    assert watched.looks == 1


def test_what_is_shipped_is_escaped_redacted_and_bounded(watched: Watched) -> None:
    secret = watched.job.s3.secret_key
    lines = [*ALL[:5], *(f"[stdout]{n:05} {'x' * 90}" for n in range(1_000)), "[stdout]::error::gotcha"]
    watched.ship([*lines, f"[stdout]key={secret}", "[stdout]" + "y" * 5_000, *ALL[6:]])
    ran = watched.follow(f"--log-group={GROUP}")
    (log,) = logs(ran)
    assert len(log) < 80_000
    assert log.startswith(f"  | … earlier lines are in the log group {GROUP}\n  | [stdout]")
    assert "  | [stdout]::error::gotcha" in log.splitlines()
    assert secret not in log
    assert "  | [stdout]key=***" in log.splitlines()
    assert "y" * 2_001 not in log


def test_lines_that_come_late_are_waited_for_but_not_for_long(watched: Watched) -> None:
    watched.ship(ALL[:6])
    before = watched.follow("--on-cancel=leave")
    ended = watched.service.clock.monotonic()
    assert before.code == 10
    ran = watched.follow(f"--log-group={GROUP}")
    assert watched.service.clock.monotonic() - ended <= 20
    assert 2 <= watched.looks <= 7
    (log,) = logs(ran)
    assert log.splitlines() == [f"  | {line}" for line in AFTER_INSTALL_LOG.splitlines()], "the longer one"


def test_lines_are_printed_as_they_come_behind_their_instance(watched: Watched) -> None:
    watched.ship(ALL)
    ran = watched.follow(f"--log-group={GROUP}", "--log-group-live=true")
    live = [
        line.removeprefix(f"  | {watched.target} ") for line in ran.log.splitlines() if watched.target in line
    ]
    assert [line for line in live if line in ALL] == ALL
    debugging = watched.follow(f"--log-group={GROUP}", RUNNER_DEBUG="1")
    assert f"  | {watched.target} [stdout]nothing to do\n" in debugging.log
    quiet = watched.follow(f"--log-group={GROUP}", "--log-group-live=false", RUNNER_DEBUG="1")
    assert "nothing to do" not in quiet.log


def test_a_group_that_cannot_be_read_is_told_of_once_and_costs_nothing_else(watched: Watched) -> None:
    ran = watched.follow("--log-group=/absent", "--log-group-live=true")
    assert ran.code == 10
    assert ran.log.count("::warning title=log-group-unread::The log group /absent cannot be read: ") == 1
    (log,) = logs(ran)
    assert log.splitlines() == [f"  | {line}" for line in AFTER_INSTALL_LOG.splitlines()]


@pytest.mark.parametrize("fault", ["throttle", "500", "cut-before", "garbled"])
def test_a_fault_that_passes_costs_a_look_and_no_more(fault: str, watched: Watched) -> None:
    watched.ship(ALL)
    watched.service.faults.add("FilterLogEvents", fault, times=2)
    ran = watched.follow(f"--log-group={GROUP}", "--log-group-live=true")
    assert "log-group-unread" not in ran.log
    assert f"  | {watched.target} [stdout]nothing to do\n" in ran.log
    watched.service.faults.add("FilterLogEvents", fault)
    (log,) = logs(watched.follow(f"--log-group={GROUP}"))
    assert log.splitlines() == [f"  | {line}" for line in ALL[3:]], "the whole log is asked for again"


@pytest.mark.parametrize("fault", ["throttle", "500", "cut-before", "garbled"])
def test_a_fault_that_stays_is_told_of_once(fault: str, watched: Watched) -> None:
    watched.ship(ALL)
    watched.service.faults.add("FilterLogEvents", fault, times=999)
    ran = watched.follow(f"--log-group={GROUP}", "--log-group-live=true")
    assert ran.code == 10
    assert ran.log.count("::warning title=log-group-unread::") == 1
    (log,) = logs(ran)
    assert log.splitlines() == [f"  | {line}" for line in AFTER_INSTALL_LOG.splitlines()]


def test_the_printed_policy_allows_just_this_group(watched: Watched) -> None:
    document = printed(watched.job, f"--log-group={GROUP}")
    allowed = only(document, lambda sid: sid == "OptionalLogs")
    (statement,) = allowed["Statement"]
    assert statement["Action"] == "logs:FilterLogEvents"
    assert statement["Resource"] == f"arn:aws:logs:eu-west-1:*:log-group:{GROUP}:*"
    assert not only(printed(watched.job), lambda sid: sid == "OptionalLogs")["Statement"]


def test_the_way_to_whole_logs_is_told_once_after_a_tail_that_is_cut(watched: Watched) -> None:
    said = "CodeDeploy keeps only the last 2 KB of a script's output. To see all of it here, ship the"
    assert said not in watched.follow().log
    begun = watched.service.world.deployments[watched.id]
    begun.timeline = replace(begun.timeline, targets=tuple(map(talkative, begun.timeline.targets)))
    ran = watched.follow()
    assert ran.log.count(said) == 1
    watched.ship(ALL)
    assert said not in watched.follow(f"--log-group={GROUP}").log


def talkative(target: Target) -> Target:
    """The target with so much output of what failed that CodeDeploy has only its end."""
    events = tuple(
        replace(
            each, diagnostics=replace(each.diagnostics, log="[stdout]more\n" * 150 + each.diagnostics.log)
        )
        if each.diagnostics and each.outcome == "Failed"
        else each
        for each in target.events
    )
    return replace(target, events=events)
