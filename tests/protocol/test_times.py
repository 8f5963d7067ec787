"""An object in S3 that is older than what the group runs: sent again, and in no other case."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest

from tests.clock import FakeClock

if TYPE_CHECKING:
    from tests.emulator import Emulator
    from tests.harness import Ran, RunLine, Start
    from tests.s3 import S3Server


LOOKS = ("codedeploy:GetDeploymentGroup", "codedeploy:GetDeployment")


@pytest.fixture
def clock() -> FakeClock:
    """An hour from now: what S3 has by its own clock is older than every deployment of the test."""
    return FakeClock(datetime.now(UTC) + timedelta(hours=1))


def upload(run_line: RunLine, service: Emulator, **environ: str) -> Ran:
    """The example up to the upload."""
    ran = run_line(service, "--stop-after", "upload", environ=environ)
    assert ran.code == 0, ran.log
    return ran


def other_goes_live(service: Emulator, clock: FakeClock, group: str = "production", **pins: str) -> str:
    """Deploy something else behind the step's back, and return the deployment's id."""
    place: dict[str, Any] = {"bucket": "releases", "key": "other.zip", "bundleType": "zip", **pins}
    revision = {"revisionType": "S3", "s3Location": place}
    deployment = service.world.begin("hello-web", group, revision, scenario="success")
    clock.sleep(3600)
    return deployment.id


def test_a_commit_that_goes_back_is_sent_again(
    still_emulator: Start, run_line: RunLine, clock: FakeClock
) -> None:
    service = still_emulator()
    first = upload(run_line, service)
    live = other_goes_live(service, clock)

    again = upload(run_line, service)

    assert again.outputs["uploaded"] == "true"
    assert again.outputs["digest"] == first.outputs["digest"]
    assert again.outputs["key"] == first.outputs["key"]
    assert again.outputs["version-id"] != first.outputs["version-id"]
    assert "Uploaded again" in again.log
    assert f"older than the live deployment {live}" in again.log


def test_it_is_sent_again_for_any_of_several_groups(
    still_emulator: Start, run_line: RunLine, clock: FakeClock
) -> None:
    service = still_emulator()
    groups = {"INPUT_DEPLOYMENT-GROUP": "production\nstaging"}
    first = upload(run_line, service, **groups)
    pins = {"bucket": first.outputs["bucket"], "key": first.outputs["key"], "eTag": first.outputs["etag"]}
    other_goes_live(service, clock, **pins)
    live = other_goes_live(service, clock, "staging")

    again = upload(run_line, service, **groups)

    assert f"older than the live deployment {live}" in again.log


@pytest.mark.parametrize("quote", ["", '"'], ids=["plain", "in quotes"])
def test_what_the_group_runs_is_reused(
    still_emulator: Start, run_line: RunLine, clock: FakeClock, quote: str
) -> None:
    """Whoever registered it, with the eTag in quotes or without."""
    service = still_emulator()
    first = upload(run_line, service)
    other_goes_live(
        service,
        clock,
        bucket=first.outputs["bucket"],
        key=first.outputs["key"],
        eTag=f"{quote}{first.outputs['etag']}{quote}",
    )

    again = upload(run_line, service)

    assert again.outputs["uploaded"] == "false"
    assert again.outputs["version-id"] == first.outputs["version-id"]


def test_a_newer_object_is_reused(still_emulator: Start, run_line: RunLine, clock: FakeClock) -> None:
    service = still_emulator(clock=replace(clock, start=datetime(2026, 1, 1, tzinfo=UTC)))
    run_line(service, "--stop-after", "register")

    assert upload(run_line, service).outputs["uploaded"] == "false"


@pytest.mark.parametrize("action", LOOKS)
def test_where_the_group_may_not_be_read_the_object_is_reused(
    still_emulator: Start, run_line: RunLine, clock: FakeClock, action: str
) -> None:
    service = still_emulator(
        policy={
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "*", "Resource": "*"},
                {"Effect": "Deny", "Action": action, "Resource": "*"},
            ],
        }
    )
    run_line(service, "--stop-after", "register")
    other_goes_live(service, clock)

    assert upload(run_line, service).outputs["uploaded"] == "false"


def test_a_named_revision_and_a_build_for_no_group_are_taken_as_they_are(
    still_emulator: Start, run_line: RunLine, clock: FakeClock
) -> None:
    service = still_emulator()
    nobody = {"INPUT_DEPLOYMENT-GROUP": ""}
    first = run_line(service, "--stop-after", "register", environ=nobody)
    other_goes_live(service, clock)

    assert upload(run_line, service, **nobody).outputs["uploaded"] == "false"
    given = {"INPUT_SOURCE": "", "INPUT_BUCKET": "", "INPUT_REVISION": first.outputs["revision"]}
    deployed = run_line(service, environ=given)
    assert deployed.code == 0, deployed.log
    assert deployed.outputs["live-revision"] == first.outputs["revision"]


def test_source_date_epoch_comes_from_the_environment(
    still_emulator: Start, run_line: RunLine, s3: S3Server, bucket: str
) -> None:
    service = still_emulator()
    wrong = run_line(service, "--stop-after", "package", environ={"SOURCE_DATE_EPOCH": "soon"})
    assert wrong.code == 2
    assert "SOURCE_DATE_EPOCH is 'soon', which is not a time." in wrong.log
    sent = upload(run_line, service, SOURCE_DATE_EPOCH="1700000001")
    body = s3.client().get_object(Bucket=bucket, Key=sent.outputs["key"])["Body"].read()
    with zipfile.ZipFile(BytesIO(body)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(2023, 11, 14, 22, 13, 20)}
