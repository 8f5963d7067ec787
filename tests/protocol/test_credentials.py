"""Credentials from a program, a service or the environment that are not what they should be."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.harness import Job
from tests.protocol.stub import stub
from tests.protocol.test_identity import DEPLOYER, NO_KEYS, github

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clock import FakeClock
    from tests.harness import Ran, Start
    from tests.s3 import S3Server

SECRET = "PLANTED/secret+key0123456789"
GOOD = {"Version": 1, "AccessKeyId": "ASIAPLANTEDPLANTED01", "SecretAccessKey": SECRET, "SessionToken": "x"}
PRINTED = {
    "no JSON": SECRET,
    "cut off": json.dumps(GOOD)[:-1],
    "no object": json.dumps([SECRET]),
    "null": "null",
    "nothing": "",
    "another version": json.dumps({**GOOD, "Version": SECRET}),
    "a part missing": json.dumps({"Version": 1, "SecretAccessKey": SECRET}),
    "a number": json.dumps({**GOOD, "AccessKeyId": 5}),
    "an object": json.dumps({**GOOD, "AccessKeyId": {"a": SECRET}}),
    "no time": json.dumps({**GOOD, "Expiration": SECRET}),
    "a time of no zone": json.dumps({**GOOD, "Expiration": "2099-01-01T00:00:00"}),
    "a time that is past": json.dumps({**GOOD, "Expiration": "2001-01-01T00:00:00Z"}),
    "not UTF-8": "\udcff" + SECRET,
    "nested": "[" * 100_000,
}
TOO_MANY = ("<E><Error><Code>TooManyRequests</Code><Message>Slow down</Message></Error></E>", "", SECRET)


@pytest.fixture
def job(s3: S3Server, bucket: str, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    return Job(monkeypatch, tmp_path / "home", s3, bucket, clock)


def refused(ran: Ran) -> bool:
    """Whether a run ended as credentials that cannot be used make it end, and did not quote them."""
    clean = SECRET not in ran.everything and "Traceback" not in ran.log
    return clean and ran.code == 4 and "gave none that can be used." in ran.log


@pytest.mark.parametrize("printed", PRINTED)
def test_a_program_that_prints_no_credentials(
    printed: str, job: Job, still_emulator: Start, tmp_path: Path
) -> None:
    (tmp_path / "printed").write_bytes(PRINTED[printed].encode(errors="surrogateescape"))
    ran = run_with_program(f"cat {tmp_path}/printed", job, still_emulator, tmp_path)
    assert refused(ran), ran.log


@pytest.mark.parametrize("program", [f"sh -c 'echo {SECRET} >&2; exit 1'", "/missing/program"])
def test_a_program_that_fails(program: str, job: Job, still_emulator: Start, tmp_path: Path) -> None:
    assert refused(run_with_program(program, job, still_emulator, tmp_path))


def run_with_program(program: str, job: Job, start: Start, folder: Path) -> Ran:
    (folder / "home").mkdir()
    (folder / "config").write_text(f"[default]\ncredential_process = {program}\n")
    variables = {**NO_KEYS, "AWS_CONFIG_FILE": str(folder / "config"), "RUNNER_DEBUG": "1"}
    return job.run(start(bucket_store=job.s3), "--stop-after=register", **variables)


@pytest.mark.parametrize("printed", ["no JSON", "no object", "a part missing", "a number", "no time"])
@pytest.mark.parametrize("status", [200, 404])
def test_a_service_that_answers_with_no_credentials(
    status: int, printed: str, job: Job, still_emulator: Start, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    with stub(lambda *_: (status, PRINTED[printed], {})) as url:
        variables = {**NO_KEYS, "AWS_CONTAINER_CREDENTIALS_FULL_URI": url, "RUNNER_DEBUG": "1"}
        ran = job.run(still_emulator(bucket_store=job.s3), "--stop-after=register", **variables)
    assert refused(ran), ran.log


@pytest.mark.parametrize("text", ["soon", "2099-13-01T00:00:00Z", "5", " ", "2099-01-01T00:00:00Z\n"])
def test_an_end_that_is_no_time(text: str, job: Job, still_emulator: Start, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    ran = job.run(still_emulator(bucket_store=job.s3), AWS_CREDENTIAL_EXPIRATION=text)
    assert (ran.code, "AWS_CREDENTIAL_EXPIRATION is not a time." in ran.log) == (4, True), ran.log


@pytest.mark.parametrize("answers", [2, 3, 4])
def test_credentials_of_a_program_that_become_unreadable(
    answers: int, job: Job, still_emulator: Start, tmp_path: Path
) -> None:
    """They end soon, and what renews them prints something else by then."""
    soon = datetime.now(UTC) + timedelta(minutes=5)
    good = {
        "Version": 1,
        "AccessKeyId": job.s3.access_key,
        "SecretAccessKey": job.s3.secret_key,
        "Expiration": soon.isoformat(),
    }
    (tmp_path / "good").write_text(json.dumps(good))
    (tmp_path / "program").write_text(
        f"cd {tmp_path}; echo >>asked; [ $(wc -l <asked) -gt {answers} ] && echo {SECRET} || cat good"
    )
    ran = run_with_program(f"sh {tmp_path}/program", job, still_emulator, tmp_path)
    assert refused(ran), ran.log


@pytest.mark.parametrize("body", TOO_MANY)
@pytest.mark.parametrize(
    "inputs", [{"INPUT_ROLE_TO_ASSUME": DEPLOYER}, {"INPUT_EXPECTED_ACCOUNT": "123456789012"}]
)
def test_sts_that_asks_for_fewer_calls(
    inputs: dict[str, str], body: str, job: Job, still_emulator: Start, tmp_path: Path
) -> None:
    """It is tried again for as long as the run may last, and told as what it is, whatever the answer says."""
    (tmp_path / "home").mkdir()
    with stub(lambda *_: (429, body, {})) as url:
        ran = job.run(
            still_emulator(bucket_store=job.s3),
            "--timeout=1m",
            AWS_ENDPOINT_URL_STS=url,
            RUNNER_DEBUG="1",
            **inputs,
        )
    assert ran.code == 5
    assert "AWS is throttling " in ran.log
    assert "Run the job again" in ran.log
    assert SECRET not in ran.everything


@pytest.mark.parametrize("status", [408, 429, 503])
def test_a_token_endpoint_that_is_too_busy(
    status: int, job: Job, still_emulator: Start, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    with stub(lambda *_: (status, SECRET, {})) as url:
        service = still_emulator(bucket_store=job.s3)
        ran = job.run(service, **github(service, ACTIONS_ID_TOKEN_REQUEST_URL=f"{url}/?a=b"))
    assert ran.code == 5
    assert f"GitHub's token endpoint responded with HTTP status {status}" in ran.log
    assert "GitHub's status page" in ran.log
    assert SECRET not in ran.everything
