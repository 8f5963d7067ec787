"""Answers that cannot be read: each is a lost one, never a bug, and nobody ever sees what was in it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.emulator import Role, trust_principal, trust_web_identity
from tests.emulator.faults import UNREADABLE
from tests.protocol.runs import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.clock import FakeClock
    from tests.emulator import Emulator
    from tests.protocol.runs import Ran
    from tests.s3 import S3Server

    Start = Callable[..., Emulator]

PREFIX = "arn:aws:iam::123456789012:role"
USER = "arn:aws:iam::123456789012:user/ci"
EVERY = 999
PIECES = ("Access to this site", "AccessKeyId>", "session-secret", "session-token", "ANOTHER", "value:")
"""Parts of the answers, as they were sent or were to be: no log holds one, but to mask it."""

ROLE = {"INPUT_ROLE-TO-ASSUME": f"{PREFIX}/keyed"}
TOKEN = {"INPUT_ROLE-TO-ASSUME": f"{PREFIX}/deployer"}
LARGE = {"INPUT_SOURCE": "LARGE"}
ABSENT = {"INPUT_APPLICATION": "absent"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A call that runs make, and their exit codes when one answer, and when each, cannot be read.

    `busy`: another deployment holds the group. `lost`: CreateDeployment's answer never arrives.
    `silent`: AWS's answer to it is empty, so that one with nothing in it is as good.
    """

    operation: str
    once: int = 0
    always: int
    scenario: str = "success"
    flags: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    busy: bool = False
    lost: bool = False
    silent: bool = False

    def __str__(self) -> str:
        return self.operation + "-busy" * self.busy + "-lost" * self.lost

    def expected(self, kind: str, *, always: bool) -> int:
        """The exit code of a run that meets this kind of answer."""
        harmless = self.silent and kind in {"empty", "wrong-types", "cut-headers"}
        return self.always if always and not harmless else self.once


CASES = [
    Case(operation="OidcToken", always=5, variables=TOKEN),
    Case(operation="AssumeRoleWithWebIdentity", always=5, variables=TOKEN),
    Case(operation="AssumeRole", always=5, variables=ROLE),
    Case(operation="GetCallerIdentity", once=2, always=2, variables=ABSENT),
    Case(operation="ListApplications", once=2, always=2, variables=ABSENT),
    Case(operation="ListDeploymentGroups", once=2, always=2, variables={"INPUT_DEPLOYMENT_GROUP": "absent"}),
    Case(operation="GetDeploymentGroup", always=0),
    Case(operation="HeadObject", always=0),
    Case(operation="PutObject", always=5),
    Case(operation="CreateMultipartUpload", always=5, variables=LARGE),
    Case(operation="UploadPart", always=5, variables=LARGE),
    Case(operation="CompleteMultipartUpload", always=5, variables=LARGE),
    Case(operation="RegisterApplicationRevision", always=5, silent=True),
    Case(operation="CreateDeployment", always=0),
    Case(operation="GetDeployment", always=12, flags=("--timeout=2m",)),
    Case(operation="ListDeploymentTargets", always=12, flags=("--timeout=2m",)),
    Case(operation="BatchGetDeploymentTargets", always=12, flags=("--timeout=2m",)),
    Case(operation="ListDeployments", always=5, busy=True),
    Case(operation="GetDeployment", always=5, busy=True),
    Case(operation="StopDeployment", always=13, flags=("--on-conflict=stop",), busy=True),
    Case(operation="ListDeployments", always=5, lost=True),
    Case(
        operation="StopDeployment",
        once=12,
        always=12,
        scenario="stuck",
        flags=("--on-timeout=stop", "--timeout=1m"),
    ),
    Case(
        operation="ContinueDeployment",
        always=5,
        scenario="blue-green",
        flags=("--continue=true",),
        silent=True,
    ),
]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source whose bundle is sent in two parts."""
    folder = tmp_path_factory.mktemp("large")
    (folder / "appspec.yml").write_text(
        "version: 0.0\nos: linux\nfiles:\n- {source: /, destination: /srv/app}\n"
    )
    (folder / "data").write_bytes(random.Random(1).randbytes(6 << 20))
    return folder


@pytest.fixture
def run(
    s3: S3Server,
    bucket: str,
    clock: FakeClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    emulator: Start,
) -> Callable[..., tuple[Ran, Emulator]]:
    """Run a case as a job on GitHub with debugging, with answers of this kind."""
    job = Job(monkeypatch, tmp_path, s3, bucket, clock)
    roles = (Role("deployer", trust_web_identity()), Role("keyed", trust_principal(USER)))

    def run(case: Case, kind: str, times: int, source: Path) -> tuple[Ran, Emulator]:
        service = emulator(case.scenario, speed=1.0, clock=clock, bucket_store=s3, roles=roles)
        if case.busy:
            service.begin()
        if case.lost:
            service.faults.add("CreateDeployment", "cut-after")
        service.faults.add(case.operation, kind, times=times)
        given: dict[str, str | None] = {"GITHUB_ACTIONS": "true", "RUNNER_DEBUG": "1", **case.variables}
        if case.variables is LARGE:
            given["INPUT_SOURCE"] = str(source)
        if case.variables is TOKEN:
            given |= {
                "AWS_ACCESS_KEY_ID": None,
                "AWS_SECRET_ACCESS_KEY": None,
                "ACTIONS_ID_TOKEN_REQUEST_URL": service.oidc_url,
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": service.oidc.request_token,
            }
        return job.run(service, *case.flags, **given), service

    return run


def created(service: Emulator) -> list[str]:
    """The ids of the deployments that the run created."""
    return [each.id for each in service.deployments if each.creator == "user"][-1:]


@pytest.mark.parametrize("always", [False, True], ids=["once", "always"])
@pytest.mark.parametrize("kind", UNREADABLE)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_answer_that_cannot_be_read_is_a_lost_one(
    case: Case, kind: str, *, always: bool, large: Path, run: Callable[..., tuple[Ran, Emulator]]
) -> None:
    ran, service = run(case, kind, EVERY if always else 1, large)
    assert ran.code == case.expected(kind, always=always), ran.output
    assert "Traceback" not in ran.output
    shown = "\n".join(line for line in ran.everything.splitlines() if not line.startswith("::add-mask::"))
    assert [piece for piece in PIECES if piece in shown] == []
    mine = service.deployments[case.busy :]
    assert len(mine) <= 1
    if not (case.lost and always):
        assert all(each.id in ran.output for each in mine)
