"""Planted secrets: no run on any platform shows one, with debugging on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.chaos.table import and_others
from tests.emulator import SCENARIOS, Role, trust_web_identity
from tests.harness import Job
from tests.protocol.steps import DEPLOYED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clock import FakeClock
    from tests.emulator import Emulator
    from tests.harness import Start
    from tests.s3 import S3Server


USUAL = [
    "success",
    "blue-green",
    "busy",
    "fails-after-install",
    "rollback",
    "stuck",
    "lambda-hook-fails",
    "ecs-fails",
]
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
        *(text for each in sessions for text in (each.access_key, each.secret_key, each.token)),
    }


def shown(text: str) -> str:
    """The text without the lines that tell GitHub's runner what to hide."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("::add-mask::"))


@pytest.mark.parametrize("scenario", and_others(USUAL, SCENARIOS, 8))
def test_no_secret_is_in_output_outputs_or_summary(scenario: str, job: Job, still_emulator: Start) -> None:
    """And every secret that came up on the way was masked."""
    role = Role("deployer", trust_web_identity(), session_seconds=1000)
    service = still_emulator(scenario, bucket_store=job.s3, roles=(role,))
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
    masked = {line.removeprefix("::add-mask::") for line in ran.log.splitlines() if "::add-mask::" in line}
    assert secrets - masked == {job.s3.secret_key}, "this one was never used"
    assert CALL.search(ran.log)


@pytest.mark.parametrize("variables", [{"GITLAB_CI": "true"}, {}, {"GITHUB_ACTIONS": "true"}])
@pytest.mark.parametrize("fault", ["bad-signature", "expired-token", "access-denied", "500", "cut-before"])
def test_no_secret_is_in_what_is_told_of_a_failure(
    fault: str, variables: dict[str, str], job: Job, still_emulator: Start
) -> None:
    service = still_emulator(bucket_store=job.s3)
    service.faults.add("RegisterApplicationRevision", fault, times=99)
    ran = job.run(service, RUNNER_DEBUG="1", **variables)
    assert ran.code in {4, 5}
    assert job.s3.secret_key not in shown(ran.everything)


def test_ambient_secrets_are_masked_before_the_first_call(job: Job, still_emulator: Start) -> None:
    service = still_emulator(bucket_store=job.s3)
    ran = job.run(service, GITHUB_ACTIONS="true", RUNNER_DEBUG="1", AWS_SESSION_TOKEN="planted-token")
    first_call = CALL.search(ran.log)
    assert first_call
    for secret in ("planted-token", job.s3.access_key, job.s3.secret_key):
        assert ran.log.index(f"::add-mask::{secret}") < first_call.start()
    assert "planted-token" not in shown(ran.everything)


def test_debugging_tells_of_each_call_and_of_those_that_got_no_answer(
    job: Job, still_emulator: Start
) -> None:
    service = still_emulator(bucket_store=job.s3)
    service.faults.add("RegisterApplicationRevision", "throttle")
    service.faults.add("CreateDeployment", "cut-before")
    ran = job.run(service, GITHUB_ACTIONS="true", RUNNER_DEBUG="1")
    assert ran.code == 0, ran.log
    told = re.findall(r"::debug::(.*)", ran.log)
    assert any(
        re.match(r"codedeploy RegisterApplicationRevision 200 after 1 retries in ", line) for line in told
    )
    assert any(re.match(r"codedeploy CreateDeployment ConnectionClosedError in ", line) for line in told)
    assert any(re.match(r"s3 PutObject 200 in ", line) for line in told)


def test_nothing_is_told_of_calls_without_debugging(job: Job, still_emulator: Start) -> None:
    service = still_emulator(bucket_store=job.s3)
    assert "::debug::" not in job.run(service, GITHUB_ACTIONS="true").log


CIS: tuple[dict[str, str], ...] = (
    {"GITHUB_ACTIONS": "true"},
    {"GITLAB_CI": "true"},
    {"TF_BUILD": "1"},
    {"TEAMCITY_VERSION": "1"},
    {"BUILDKITE": "1"},
    {},
)
STRAY = {
    "AWS_ACCESS_KEY_ID": "AKIAPLANTEDPLANTED01",
    "AWS_SECRET_ACCESS_KEY": "planted/secret+key0123456789012345678901",
    "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2VjPLANTED",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "planted-request-token",
}
ENDS = {"\n": "ends with a newline", "\r\n": "ends with a carriage return", " x": "contains a space"}


def without_masks(text: str) -> str:
    """The text without the lines that tell a runner what to hide."""
    return re.sub(r"^(::add-mask::|##vso\[task\.setsecret\]).*$", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize(("variables", "stray"), list(zip(CIS, [*ENDS, *ENDS], strict=True)))
def test_a_secret_with_a_stray_newline_is_told_of_by_its_name_before_any_call(
    stray: str, variables: dict[str, str], job: Job, still_emulator: Start
) -> None:
    """The HTTP client refuses such a header too, and quotes it."""
    service = still_emulator(bucket_store=job.s3)
    asked = {"ACTIONS_ID_TOKEN_REQUEST_URL": service.oidc_url, "INPUT_ROLE-TO-ASSUME": ROLE}
    for name, secret in STRAY.items():
        more = {} if name.startswith("AWS_") else asked
        ran = job.run(service, RUNNER_DEBUG="1", **variables, **more, **{name: secret + stray})
        assert ran.code == 4
        assert f"{name} {ENDS[stray]}." in ran.log
        assert secret not in without_masks(ran.everything)
    assert service.calls == []


URLS = (
    ("HTTPS_PROXY", "socks5h://user:PLANTED-0@127.0.0.1:9"),
    ("HTTP_PROXY", "http://user:PLANTED-0@127.0.0.1:99999"),
    ("HTTP_PROXY", "http://user:PLAN#PLANTED-0@127.0.0.1:9"),
    ("AWS_ENDPOINT_URL_CODEDEPLOY", "http://user:PLANTED-0@127.0.0.1:9"),
    ("AWS_ENDPOINT_URL_CODEDEPLOY", "http://127.0.0.1:9/?token=PLANTED-0"),
    ("AWS_ENDPOINT_URL_S3", "http://user:PLANTED-0@127.0.0.1:9/a b"),
)


@pytest.mark.parametrize(
    ("variables", "variable", "url"), [(ci, *url) for ci, url in zip(CIS, URLS, strict=True)]
)
def test_no_password_of_a_proxy_or_an_endpoint_is_told(
    variable: str, url: str, variables: dict[str, str], job: Job, still_emulator: Start
) -> None:
    service = still_emulator(bucket_store=job.s3)
    ran = job.run(service, "--stop-after=register", RUNNER_DEBUG="1", **variables, **{variable: url})
    assert ran.code in {0, 2, 4, 5}, ran.log
    assert "PLANTED" not in ran.everything
