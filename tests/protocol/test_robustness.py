"""Whatever others write or do, a run comes to its end, with the exit code of its deployment."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deployer.aws.retries import BRIEF
from tests.emulator import SCENARIOS
from tests.emulator.failures import script_failed
from tests.emulator.scenarios import Scenario, course, rolling
from tests.harness import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.clock import FakeClock
    from tests.emulator import Emulator
    from tests.harness import Start
    from tests.s3 import S3Server


REPOSITORY = Path(__file__).parents[2]
ENTRYPOINT = [sys.executable, "-I", str(REPOSITORY / "entrypoint.py")]
DEPLOY = (
    "--application=hello-web",
    "--deployment-group=production",
    "--source=examples/hello-web",
    "--poll-interval=1s",
)


@pytest.fixture
def job(s3: S3Server, bucket: str, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    return Job(monkeypatch, tmp_path, s3, bucket, clock)


@pytest.mark.parametrize("how", ["pipe", "closed", "full"])
def test_a_deployment_is_watched_to_its_end_though_nobody_reads_the_log(
    how: str, emulator: Start, bucket: str, aws_environment: Callable[[Emulator], Mapping[str, str]]
) -> None:
    service = emulator("fails-after-install")
    command = [*ENTRYPOINT, *DEPLOY, f"--bucket={bucket}"]
    reader, writer = os.pipe()
    os.close(reader)
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            ["sh", "-c", 'exec "$0" "$@" >&-', *command] if how == "closed" else command,
            cwd=REPOSITORY,
            env=aws_environment(service),
            stdout=full if how == "full" else writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (10, "")


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_a_reader_that_has_had_enough_is_no_error(flag: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ran = subprocess.run([*ENTRYPOINT, flag], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (0, b"")


def test_no_core_file_can_hold_the_credentials(tmp_path: Path) -> None:
    script = (
        f"import resource, sys; sys.path.insert(0, {str(REPOSITORY)!r}); sys.argv = ['x', '--version']\n"
        "from deployer.main import main; main(); print(resource.getrlimit(resource.RLIMIT_CORE))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert ran.stdout.splitlines()[-1] == "(0, 0)"


def test_files_that_cannot_be_written_are_found_before_anything_is_packaged_or_sent(
    job: Job, emulator: Start
) -> None:
    service = emulator(bucket_store=job.s3)
    names = {"INPUT_OUTPUTS_FILE": "no/o", "INPUT_SUMMARY_FILE": "no/s", "INPUT_JUNIT_FILE": "/dev/full"}
    ran = job.run(service, **names)
    assert ran.code == 2
    assert [ran.log.count(f"{name} cannot be written") for name in names.values()] == [1, 1, 1]
    assert "files," not in ran.log
    assert service.calls == []


def test_a_look_at_the_object_that_is_never_answered_costs_a_few_seconds(
    job: Job, still_emulator: Start
) -> None:
    service = still_emulator(bucket_store=job.s3)
    service.faults.add("HeadObject", "cut-before", times=999)
    ran = job.run(service)
    assert ran.code == 0, ran.log
    looks, [sent] = ([c.time for c in service.calls if c.operation == o] for o in ("HeadObject", "PutObject"))
    assert len(looks) > 1
    assert sent - looks[0] <= BRIEF


HALF_AN_EMOJI = "\ud83d"
HOSTILE_LOG = "\n".join(
    [
        base64.b64encode(bytes(300_000)).decode(),
        "#" * 30_000,
        " " * 10_000,
        f"a: line {'9' * 5000}: b",
        "[stdout]###vso[task.setvariable variable=PATH;]/builds/evil",
        "[stderr]##teamcity[setParameter name='env.PATH' value='/builds/evil']",
        "::set-env name=PATH::/builds/evil",
        f"+++ \x1b]52;c;aGk=\x07 \u202e error{HALF_AN_EMOJI}",
    ]
)
DIALECTS = {
    "github": {"GITHUB_ACTIONS": "true"},
    "gitlab": {"GITLAB_CI": "true"},
    "azure": {"TF_BUILD": "True"},
    "teamcity": {"TEAMCITY_VERSION": "2026.1"},
    "buildkite": {"BUILDKITE": "true"},
    "console": {},
}


@pytest.mark.parametrize("ends", ["Succeeded", "Failed"])
@pytest.mark.parametrize("name", DIALECTS)
def test_what_an_instance_writes_changes_neither_verdict_nor_reports(
    name: str, ends: str, job: Job, still_emulator: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a character, a long line of base64, a line number beyond all numbers, and commands."""
    failure = script_failed("AfterInstall", f"scripts/x##vso[a]b{HALF_AN_EMOJI}.sh", 1, HOSTILE_LOG)
    timeline = course(rolling([None, failure]), error=None if ends == "Succeeded" else "HEALTH_CONSTRAINTS")
    monkeypatch.setitem(SCENARIOS, "hostile", Scenario("hostile", "A log that attacks its readers", timeline))
    service = still_emulator("hostile", bucket_store=job.s3)
    files = {
        f"INPUT_{purpose}_FILE": str(job.home / purpose.lower())
        for purpose in ("OUTPUTS", "SUMMARY", "JUNIT")
    }
    ran = job.run(service, **DIALECTS[name], **files)
    assert ran.code == (0 if ends == "Succeeded" else 10), ran.log
    assert f"Deployment {ends.lower()}" in ran.files["summary"]
    assert "<failure" in ran.files["junit"]
    assert f"STATUS={ends.lower()}" in ran.files["outputs"] or f"\n{ends.lower()}\n" in ran.files["outputs"]
    assert [char for char in ("\x07", "\u202e", HALF_AN_EMOJI) if char in ran.everything] == []
    if name == "azure":
        assert "##vso[a]" not in ran.log + ran.files["outputs"]
    assert "bug" not in ran.log
