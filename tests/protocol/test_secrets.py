"""Planted secrets: no run on any platform shows one, with debugging on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.emulator import SCENARIOS, Role, trust_web_identity
from tests.protocol.runs import Job
from tests.protocol.steps import DEPLOYED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.clock import FakeClock
    from tests.emulator import Emulator
    from tests.s3 import S3Server

    Start = Callable[..., Emulator]

ROLE = "arn:aws:iam::123456789012:role/deployer"
CALL = re.compile(
    r"::debug::(s3|codedeploy|sts) [A-Z]\w+ \d{3}( \w+)?( after \d+ retries)? in \d+\.\d\ds, request id \S+"
)


@pytest.fixture
def job(s3: S3Server, bucket: str, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    return Job(monkeypatch, tmp_path, s3, bucket, clock)


def secrets_of(service: Emulator, job: Job) -> set[str]:
    """All that nobody may read: of the runner, the token's issuer, STS, and the keys."""
    sessions = service.sts.sessions.values()
    return {
        service.oidc.request_token,
        job.s3.secret_key,
        *service.oidc.issued,
        *(text for each in sessions for text in (each.secret_key, each.token)),
    }


def shown(text: str) -> str:
    """The text without the lines that tell GitHub's runner what to hide."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("::add-mask::"))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_secret_is_in_output_outputs_or_summary(
    scenario: str, job: Job, emulator: Start, clock: FakeClock
) -> None:
    """And every secret that came up on the way was masked."""
    role = Role("deployer", trust_web_identity(), session_seconds=1000)
    service = emulator(scenario, speed=1.0, clock=clock, bucket_store=job.s3, roles=(role,))
    ran = job.run(
        service,
        "--timeout=5m",
        "--poll-interval=30s",
        GITHUB_ACTIONS="true",
        RUNNER_DEBUG="1",
        ACTIONS_ID_TOKEN_REQUEST_URL=service.oidc_url,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN=service.oidc.request_token,
        **{"INPUT_ROLE-TO-ASSUME": ROLE},
        **DEPLOYED[SCENARIOS[scenario].platform],
        **({} if SCENARIOS[scenario].platform == "Server" else {"INPUT_SOURCE": None, "INPUT_BUCKET": None}),
    )
    secrets = secrets_of(service, job)
    assert {"outputs", "summary"} <= set(ran.files)
    assert [secret for secret in secrets if secret in shown(ran.everything)] == []
    masked = {line.removeprefix("::add-mask::") for line in ran.output.splitlines() if "::add-mask::" in line}
    assert secrets - masked == {service.oidc.request_token, job.s3.secret_key}, "these two were never used"
    assert CALL.search(ran.output)


@pytest.mark.parametrize("variables", [{"GITLAB_CI": "true"}, {}, {"GITHUB_ACTIONS": "true"}])
@pytest.mark.parametrize("fault", ["bad-signature", "expired-token", "access-denied", "500", "cut-before"])
def test_no_secret_is_in_what_is_told_of_a_failure(
    fault: str, variables: dict[str, str], job: Job, emulator: Start, clock: FakeClock
) -> None:
    service = emulator(speed=1.0, clock=clock, bucket_store=job.s3)
    service.faults.add("RegisterApplicationRevision", fault, times=99)
    ran = job.run(service, RUNNER_DEBUG="1", **variables)
    assert ran.code in {4, 5}
    assert job.s3.secret_key not in shown(ran.everything)


def test_ambient_secrets_are_masked_before_the_first_call(
    job: Job, emulator: Start, clock: FakeClock
) -> None:
    service = emulator(speed=1.0, clock=clock, bucket_store=job.s3)
    ran = job.run(service, GITHUB_ACTIONS="true", RUNNER_DEBUG="1", AWS_SESSION_TOKEN="planted-token")
    first_call = CALL.search(ran.output)
    assert first_call
    for secret in ("planted-token", job.s3.secret_key):
        assert ran.output.index(f"::add-mask::{secret}") < first_call.start()
    assert "planted-token" not in shown(ran.everything)


def test_debugging_tells_of_each_call_and_of_those_that_got_no_answer(
    job: Job, emulator: Start, clock: FakeClock
) -> None:
    service = emulator(speed=1.0, clock=clock, bucket_store=job.s3)
    service.faults.add("RegisterApplicationRevision", "throttle")
    service.faults.add("CreateDeployment", "cut-before")
    ran = job.run(service, GITHUB_ACTIONS="true", RUNNER_DEBUG="1")
    assert ran.code == 0, ran.output
    told = re.findall(r"::debug::(.*)", ran.output)
    assert any(
        re.match(r"codedeploy RegisterApplicationRevision 200 after 1 retries in ", line) for line in told
    )
    assert any(re.match(r"codedeploy CreateDeployment ConnectionClosedError in ", line) for line in told)
    assert any(re.match(r"s3 PutObject 200 in ", line) for line in told)


def test_nothing_is_told_of_calls_without_debugging(job: Job, emulator: Start, clock: FakeClock) -> None:
    service = emulator(speed=1.0, clock=clock, bucket_store=job.s3)
    assert "::debug::" not in job.run(service, GITHUB_ACTIONS="true").output
