"""A run of the campaign: a line, a fault, and what has to hold of every run."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.chaos.lines import PREFIX, ROLES, Identity
from tests.harness import REPOSITORY, Job
from tests.s3 import S3Server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.chaos.lines import Line
    from tests.clock import FakeClock
    from tests.emulator import Emulator
    from tests.harness import Ran, Start

EVERY = 10_000
SLOW_SECONDS = 0.2
MOST_SECONDS = 900.0
"""A run has a budget of two minutes for waiting; patience, the stop and a rollback come on top."""

GROUP_WAIT_SECONDS = 3600.0
"""The blue/green group waits an hour to be continued, which comes on top of the budget."""

PIECES = ("Access to this site", "AccessKeyId>", "session-secret", "session-token", "ANOTHER", "value:")
"""Parts of the answers, as they were sent or were to be: no log holds one, but to mask it."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that has ended, the service that it met, and the multipart uploads that it left."""

    line: Line
    ran: Ran
    service: Emulator
    seconds: float
    uploads: int

    def check(self, expected: int) -> None:
        """Hold what has to hold of every run; `expected` is its exit code."""
        assert self.ran.code == expected, self.ran.log
        self._check_deployments()
        self.check_words()

    def check_words(self) -> None:
        """Hold what it may say and what it must, within its time, whatever AWS answered."""
        log, code = self.ran.log, self.ran.code
        assert "Traceback" not in log, log
        errors = [line for line in log.splitlines() if line.lstrip().startswith("::error")]
        assert (code == 0) == (not errors), log
        assert not self.uploads or "upload-left-behind" in log or "unfinished" in log, log
        shown = [line for line in self.ran.everything.splitlines() if not line.startswith("::add-mask::")]
        secrets = (*PIECES, S3Server.secret_key, self.service.oidc.request_token)
        assert [piece for piece in secrets if piece in "\n".join(shown)] == []
        waits = self.line.operation == "ContinueDeployment"
        assert self.seconds < MOST_SECONDS + (GROUP_WAIT_SECONDS if waits else 0.0)

    def _check_deployments(self) -> None:
        """At most one, of what was uploaded, and its id told."""
        own = self.service.deployments[self.line.busy + self.line.live :]
        assert len(own) <= 1
        for deployment in own:
            location = deployment.revision["s3Location"]
            assert f"s3://{location['bucket']}/{location['key']}" in self.ran.outputs["revision"]
            assert location["eTag"] == self.ran.outputs["etag"]
            if not (self.line.lost and self.ran.code):
                assert deployment.id in self.ran.log
                assert self.ran.outputs["deployment-id"] == deployment.id


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose bundle is sent in two parts."""
    folder = tmp_path_factory.mktemp("large")
    (folder / "appspec.yml").write_text(
        "version: 0.0\nos: linux\nfiles:\n- {source: /, destination: /srv/app}\n"
    )
    (folder / "data").write_bytes(os.urandom(6 << 20))
    return folder


@pytest.fixture(scope="session")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of which S3 copies what it has."""
    folder = tmp_path_factory.mktemp("copied")
    (folder / "appspec.yml").write_text(
        "version: 0.0\nos: linux\nfiles:\n- {source: /, destination: /srv/app}\n"
    )
    (folder / "data").write_bytes(os.urandom(17 << 20))
    return folder


@pytest.fixture
def job(s3: S3Server, bucket: str, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    return Job(monkeypatch, tmp_path, s3, bucket, clock)


@pytest.fixture
def run(
    job: Job, clock: FakeClock, large: Path, copied: Path, still_emulator: Start
) -> Callable[[Line, Callable[[Emulator], None]], Finished]:
    """Run a line on GitHub with debugging, once `spoil` has made the service what it is to be."""

    def run(line: Line, spoil: Callable[[Emulator], None]) -> Finished:
        service = still_emulator(line.scenario, bucket_store=job.s3, roles=ROLES)
        if line.busy:
            service.begin()
        if line.lost:
            service.faults.add("CreateDeployment", "cut-after")
        if line.denied:
            service.faults.add(line.denied, "access-denied", times=EVERY)
        workspace = copied if line.live else large if line.large else REPOSITORY
        if line.live:
            goes_live(replace(job, workspace=workspace), service, clock)
        spoil(service)
        source = workspace if line.live or line.large else REPOSITORY / "examples/hello-web"
        before, began = contents(source), clock.monotonic()
        ran = replace(job, workspace=workspace).run(
            service,
            *("--timeout=2m", *line.flags),
            **{"GITHUB_ACTIONS": "true", "RUNNER_DEBUG": "1", **given(line, service, job), **line.variables},
        )
        assert contents(source) == before
        uploads = job.s3.client().list_multipart_uploads(Bucket=job.bucket).get("Uploads", [])
        return Finished(line, ran, service, clock.monotonic() - began, len(uploads))

    return run


def goes_live(job: Job, service: Emulator, clock: FakeClock) -> None:
    """Deploy the workspace behind the back of whoever deploys it next, under another key."""
    done = job.run(service, "--stop-after=upload", GITHUB_ACTIONS="true", INPUT_SOURCE=".")
    names = {"bucket": "bucket", "key": "key", "eTag": "etag", "version": "version-id"}
    place = {name: done.outputs[output] for name, output in names.items()}
    revision = {"revisionType": "S3", "s3Location": {**place, "bundleType": "zip"}}
    service.world.begin("hello-web", "production", revision, scenario="success")
    clock.sleep(3600)


def elsewhere(job: Job) -> str:
    """A revision in another bucket."""
    bucket = job.s3.create_bucket(f"elsewhere-{uuid4()}", versioned=True)
    job.s3.client().put_object(Bucket=bucket, Key="built.zip", Body=b"built")
    return f"s3://{bucket}/built.zip"


def given(line: Line, service: Emulator, job: Job) -> dict[str, str | None]:
    """The variables of the line's source and identity."""
    variables: dict[str, str | None] = {"INPUT_SOURCE": "."} if line.large or line.live else {}
    if line.live:
        variables |= {"INPUT_KEY": "{digest}/again.zip"}
    if line.promoted:
        variables |= {"INPUT_SOURCE": "", "INPUT_REVISION": elsewhere(job)}
    if line.identity is Identity.ROLE:
        variables |= {"INPUT_ROLE-TO-ASSUME": f"{PREFIX}/{ROLES[1].name}"}
    if line.identity is Identity.TOKEN:
        variables |= {
            "INPUT_ROLE-TO-ASSUME": f"{PREFIX}/{ROLES[0].name}",
            "AWS_ACCESS_KEY_ID": None,
            "AWS_SECRET_ACCESS_KEY": None,
            "ACTIONS_ID_TOKEN_REQUEST_URL": service.oidc_url,
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": service.oidc.request_token,
        }
    return variables


def contents(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Mode, size and time of change of everything in a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        found[str(path.relative_to(folder))] = (status.st_mode, status.st_size, status.st_mtime_ns)
    return found
