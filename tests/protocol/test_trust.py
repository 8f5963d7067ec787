"""An object in the bucket is taken for the bundle only where CodeDeploy knows it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from tests.emulator import Emulator
    from tests.protocol.conftest import Ran
    from tests.s3 import S3Server

    Start = Callable[..., Emulator]
    Run = Callable[..., Ran]

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
    still_emulator: Start, run_line: Run, client: S3Client, bucket: str
) -> None:
    digest = run_line(still_emulator(), "--stop-after", "package").outputs["digest"]
    put(client, bucket, digest)
    service = still_emulator()
    ran = run_line(service)
    assert (ran.code, ran.outputs["uploaded"]) == (0, "true")
    assert "another object was there that CodeDeploy does not know" in ran.log
    assert deployed(service) == ran.outputs["etag"] != ETAG


def test_an_object_that_was_overwritten_since_is_not_deployed(
    still_emulator: Start, run_line: Run, client: S3Client, bucket: str
) -> None:
    service = still_emulator()
    first = run_line(service)
    put(client, bucket, first.outputs["digest"])
    ran = run_line(service)
    assert (ran.code, ran.outputs["uploaded"]) == (0, "true")
    assert deployed(service) == ran.outputs["etag"] != ETAG


def test_an_object_that_codedeploy_knows_is_not_sent_again(still_emulator: Start, run_line: Run) -> None:
    service = still_emulator()
    assert run_line(service, "--stop-after", "register").outputs["uploaded"] == "true"
    again = run_line(service)
    assert (again.code, again.outputs["uploaded"]) == (0, "false")


def test_the_record_of_the_group_s_own_deployment_vouches_too(still_emulator: Start, run_line: Run) -> None:
    service = still_emulator()
    assert run_line(service).code == 0
    service.faults.add("GetApplicationRevision", "access-denied", times=99)
    assert run_line(service).outputs["uploaded"] == "false"


@pytest.mark.parametrize("kind", ["access-denied", "500", "throttle", "garbled"])
def test_where_nothing_can_be_learnt_it_is_sent_again(
    kind: str, still_emulator: Start, run_line: Run
) -> None:
    service = still_emulator()
    assert run_line(service, "--stop-after", "register").code == 0
    service.faults.add("GetApplicationRevision", kind, times=99)
    ran = run_line(service)
    assert (ran.code, ran.outputs["uploaded"]) == (0, "true")


def test_a_registration_without_an_etag_vouches_for_nothing(
    still_emulator: Start, run_line: Run, client: S3Client, bucket: str
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
