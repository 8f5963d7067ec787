"""An object in the bucket is taken for the bundle only where CodeDeploy knows it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from tests.emulator import Emulator
    from tests.harness import RunLine, Start
    from tests.s3 import S3Server


EVIL = b"PK another archive"
ETAG = hashlib.md5(EVIL).hexdigest()  # noqa: S324 - S3's


@pytest.fixture
def client(s3: S3Server) -> S3Client:
    return s3.client()


def put(client: S3Client, bucket: str, digest: str) -> None:
    """What s3:PutObject and a checkout allow: another archive under the same name, with the same digest."""
    client.put_object(Bucket=bucket, Key=f"hello-web/{digest}.zip", Body=EVIL, Metadata={"digest": digest})


def deployed(service: Emulator) -> str:
    """The eTag of the revision that was deployed last."""
    requests = [call.parameters for call in service.calls if call.operation == "CreateDeployment"]
    return str(requests[-1]["revision"]["s3Location"]["eTag"])


def test_an_object_that_somebody_put_there_before_is_not_deployed(
    still_emulator: Start, run_line: RunLine, client: S3Client, bucket: str
) -> None:
    digest = run_line(still_emulator(), "--stop-after", "package").outputs["digest"]
    put(client, bucket, digest)
    service = still_emulator()
    ran = run_line(service)
    assert (ran.code, ran.outputs["uploaded"]) == (0, "true")
    assert "the object there is unknown to CodeDeploy" in ran.log
    assert deployed(service) == ran.outputs["etag"] != ETAG


def test_an_object_that_was_overwritten_since_is_not_deployed(
    still_emulator: Start, run_line: RunLine, client: S3Client, bucket: str
) -> None:
    service = still_emulator()
    first = run_line(service)
    put(client, bucket, first.outputs["digest"])
    ran = run_line(service)
    assert (ran.code, ran.outputs["uploaded"]) == (0, "true")
    assert deployed(service) == ran.outputs["etag"] != ETAG


def test_an_object_that_codedeploy_knows_is_not_sent_again(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    assert run_line(service, "--stop-after", "register").outputs["uploaded"] == "true"
    again = run_line(service)
    assert (again.code, again.outputs["uploaded"]) == (0, "false")


def test_the_record_of_the_group_s_own_deployment_vouches_too(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    assert run_line(service).code == 0
    service.faults.add("GetApplicationRevision", "access-denied", times=99)
    assert run_line(service).outputs["uploaded"] == "false"


@pytest.mark.parametrize("kind", ["access-denied", "500", "garbled"])
def test_where_nothing_can_be_learnt_it_is_sent_again(
    kind: str, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    assert run_line(service, "--stop-after", "register").code == 0
    service.faults.add("GetApplicationRevision", kind, times=99)
    ran = run_line(service)
    assert (ran.code, ran.outputs["uploaded"]) == (0, "true")


def test_a_registration_without_an_etag_vouches_for_nothing(
    still_emulator: Start, run_line: RunLine, client: S3Client, bucket: str
) -> None:
    service = still_emulator()
    digest = run_line(still_emulator(), "--stop-after", "package").outputs["digest"]
    put(client, bucket, digest)
    place = {"bucket": bucket, "key": f"hello-web/{digest}.zip", "bundleType": "zip"}
    service.client().register_application_revision(
        applicationName="hello-web", revision={"revisionType": "S3", "s3Location": place}
    )
    assert run_line(service).outputs["uploaded"] == "true"
    assert deployed(service) != ETAG


def calls(service: Emulator, *operations: str) -> list[str]:
    return [call.operation for call in service.calls if call.operation in operations]


@pytest.mark.parametrize(
    ("account", "code"), [("123456789012", 0), ("999999999999", 4)], ids=["expected", "another"]
)
def test_nothing_is_done_in_an_account_that_is_not_expected(
    account: str, code: int, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    ran = run_line(service, "--expected-account", account)
    assert ran.code == code
    assert ("belong to account 123456789012, not to the expected account" in ran.log) == bool(code)
    assert bool(calls(service, "CreateDeployment", "RegisterApplicationRevision")) != bool(code)


@pytest.mark.parametrize("kind", ["access-denied", "500", "cut-before"])
def test_a_revision_whose_owner_cannot_be_confirmed_is_not_deployed(
    kind: str, still_emulator: Start, run_line: RunLine, s3: S3Server
) -> None:
    service = still_emulator(bucket_store=s3)
    given = {"AWS_ENDPOINT_URL_S3": service.url, "INPUT_EXPECTED-BUCKET-OWNER": "123456789012"}
    built = run_line(service, "--stop-after", "register", environ=given)
    assert built.code == 0
    revision = {"INPUT_REVISION": built.outputs["revision"], "INPUT_SOURCE": "", "INPUT_BUCKET": ""}
    assert run_line(service, environ={**given, **revision}).code == 0
    service.faults.add("HeadObject", kind, times=99)
    ran = run_line(service, environ={**given, **revision})
    assert ran.code == 4
    assert "It cannot be confirmed that account 123456789012 owns the bucket" in ran.log
    assert calls(service, "CreateDeployment") == ["CreateDeployment"]


def test_a_foreign_bucket_is_not_advised_to_be_opened(
    still_emulator: Start, run_line: RunLine, s3: S3Server
) -> None:
    service = still_emulator(bucket_store=s3)
    given = {"AWS_ENDPOINT_URL_S3": service.url, "INPUT_EXPECTED-BUCKET-OWNER": "999999999999"}
    ran = run_line(service, environ=given)
    assert ran.code == 4
    assert "another account than 999999999999 may own this bucket" in ran.log
    assert '"Effect"' not in ran.log


@pytest.mark.parametrize(
    "changing", [("--continue",), ("--on-timeout", "rollback"), ("--on-cancel", "stop")], ids=lambda c: c[0]
)
def test_a_deployment_is_changed_only_by_who_names_its_group(
    changing: tuple[str, ...], still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator("blue-green")
    deployment = service.begin(scenario="blue-green")
    nowhere = {"INPUT_SOURCE": "", "INPUT_BUCKET": "", "INPUT_DEPLOYMENT-GROUP": "", "INPUT_APPLICATION": ""}
    ran = run_line(service, "--deployment-id", deployment.id, *changing, environ=nowhere)
    assert ran.code == 2
    assert f"{changing[0].removeprefix('--')} changes the deployment that deployment-id names" in ran.log
    other = {**nowhere, "INPUT_APPLICATION": "hello-web", "INPUT_DEPLOYMENT-GROUP": "staging"}
    assert run_line(service, "--deployment-id", deployment.id, *changing, environ=other).code == 2
    assert calls(service, "ContinueDeployment", "StopDeployment") == []
