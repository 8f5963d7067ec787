"""No byte twice: what did not change keeps its time, and S3 copies it from the bundle that is live."""

from __future__ import annotations

import os
import random
import re
import zipfile
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest

from tests.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from tests.emulator import Emulator
    from tests.harness import Ran, RunLine, Start
    from tests.s3 import S3Server

MEGABYTE = 1 << 20
REUSED = re.compile(r"sent ([\d.]+) MB, copied ([\d.]+) MB from the last bundle")
LONG_AGO = 1_000_000_000


@pytest.fixture
def clock() -> FakeClock:
    """An hour from now: what S3 has by its own clock is older than every deployment of the test."""
    return FakeClock(datetime.now(UTC) + timedelta(hours=1))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Files that do not shrink, of 22 MiB, with small ones between them."""
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "appspec.yml").write_text("version: 0.0\nos: linux\nfiles: [{source: /, destination: /srv}]\n")
    for name, data in noise().items():
        (folder / f"{name}.bin").write_bytes(data)
    for name in "aceg":
        (folder / f"{name}.txt").write_text(name)
    return folder


@cache
def noise() -> dict[str, bytes]:
    """The contents of the large files."""
    source = random.Random(1)  # noqa: S311 - no secret
    return {name: source.randbytes(11 * MEGABYTE // 2) for name in "bdfh"}


@pytest.fixture
def service(still_emulator: Start, s3: S3Server) -> Emulator:
    return still_emulator(bucket_store=s3)


def deploy(run_line: RunLine, service: Emulator, tree: Path, *flags: str, **environ: str) -> Ran:
    given = {"GITHUB_WORKSPACE": str(tree), "INPUT_SOURCE": "", "AWS_ENDPOINT_URL_S3": service.url}
    ran = run_line(service, *flags, environ={**given, **environ})
    assert ran.code == 0, ran.log
    return ran


def stored(s3: S3Server, ran: Ran) -> bytes:
    found = s3.client().get_object(Bucket=ran.outputs["bucket"], Key=ran.outputs["key"])
    return found["Body"].read()


def times(data: bytes) -> dict[str, tuple[int, ...]]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {info.filename: info.date_time for info in archive.infolist()}


def reused(ran: Ran) -> tuple[float, float]:
    """Megabytes sent and copied, by the log."""
    found = REUSED.search(ran.log)
    return (float(found[1]), float(found[2])) if found else (0.0, 0.0)


def touch(tree: Path, text: str) -> None:
    """A new checkout with one change, a minute later: an archive tells times in steps of two seconds."""
    (tree / "e.txt").write_text(text)
    for path in tree.iterdir():
        later = path.stat().st_mtime + 60
        os.utime(path, (later, later))


@pytest.mark.unhurried
def test_a_change_is_sent_and_the_rest_is_copied(
    run_line: RunLine, service: Emulator, tree: Path, s3: S3Server, clock: FakeClock
) -> None:
    first = deploy(run_line, service, tree)
    assert reused(first) == (0.0, 0.0)
    clock.sleep(3600)
    touch(tree, "changed")
    service.calls.clear()
    second = deploy(run_line, service, tree)
    assert service.operations().count("GetObject") <= 2, "the index once, and the AppSpec"
    sent, copied = reused(second)
    assert (sent < 7, copied > 14) == (True, True), second.log
    before, after = times(stored(s3, first)), times(stored(s3, second))
    assert {name for name in after if before[name] != after[name]} == {"e.txt"}
    assert after["e.txt"] > before["e.txt"]
    with zipfile.ZipFile(BytesIO(stored(s3, second))) as archive:
        assert {info.filename: archive.read(info) for info in archive.infolist()} == {
            path.name: path.read_bytes() for path in tree.iterdir()
        }


def test_the_bytes_are_those_of_a_plain_upload_and_of_the_next_one(
    run_line: RunLine, service: Emulator, tree: Path, s3: S3Server, clock: FakeClock
) -> None:
    """Whoever sends the same files again sends nothing, and elsewhere makes the same object."""
    deploy(run_line, service, tree)
    clock.sleep(3600)
    touch(tree, "changed")
    second = deploy(run_line, service, tree)
    assert reused(second)[1] > 14
    clock.sleep(3600)
    touch(tree, "changed")
    assert deploy(run_line, service, tree, "--stop-after=upload").outputs["uploaded"] == "false"
    service.faults.add("UploadPartCopy", "access-denied", times=99)
    plain = deploy(run_line, service, tree, "--stop-after=upload", INPUT_KEY="plain.zip")
    assert reused(plain) == (0.0, 0.0)
    assert stored(s3, plain) == stored(s3, second)


@pytest.mark.parametrize("kind", ["access-denied", "cut-after", "garbled"])
def test_what_cannot_be_copied_is_sent(
    run_line: RunLine, service: Emulator, tree: Path, s3: S3Server, kind: str
) -> None:
    """From the first refusal on everything is; the campaign has all faults."""
    deploy(run_line, service, tree)
    touch(tree, kind)
    service.faults.add("UploadPartCopy", kind, times=99)
    ran = deploy(run_line, service, tree, "--stop-after=upload")
    with zipfile.ZipFile(BytesIO(stored(s3, ran))) as archive:
        assert {info.filename: archive.read(info) for info in archive.infolist()} == {
            path.name: path.read_bytes() for path in tree.iterdir()
        }


def test_what_is_not_what_the_index_says_is_not_taken(
    run_line: RunLine, service: Emulator, tree: Path, s3: S3Server, bucket: str
) -> None:
    """The live bundle is data from elsewhere: its index may promise what its bytes are not."""
    first = deploy(run_line, service, tree, "--stop-after=upload")
    data = bytearray(stored(s3, first))
    data[len(data) // 8] ^= 1
    put = s3.client().put_object(Bucket=bucket, Key="forged.zip", Body=bytes(data))
    place = {"bucket": bucket, "key": "forged.zip", "bundleType": "zip", "version": put["VersionId"]}
    revision = {"revisionType": "S3", "s3Location": place}
    service.world.begin("hello-web", "production", revision, scenario="success")
    service.clock.sleep(3600)
    touch(tree, "changed")
    ran = deploy(run_line, service, tree, "--stop-after=upload")
    sent, copied = reused(ran)
    assert (sent > 5, copied > 5) == (True, True), ran.log
    assert zipfile.ZipFile(BytesIO(stored(s3, ran))).testzip() is None


def _denied(*actions: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": list(actions), "Resource": "*"},
        ],
    }


def test_where_the_live_bundle_may_not_be_read_files_keep_their_own_times(
    still_emulator: Start, run_line: RunLine, tree: Path, s3: S3Server
) -> None:
    denied = _denied("s3:GetObject", "s3:GetObjectVersion")
    service = still_emulator(bucket_store=s3, policy=denied)
    first = deploy(run_line, service, tree)
    touch(tree, "changed")
    ran = deploy(run_line, service, tree, "--stop-after=upload")
    assert reused(ran) == (0.0, 0.0)
    own = times(stored(s3, ran))["b.bin"]
    assert own >= times(stored(s3, first))["b.bin"]
    assert "UploadPartCopy" not in service.operations()


def test_after_a_deployment_that_failed_every_file_bears_its_own_time(
    still_emulator: Start, run_line: RunLine, tree: Path, s3: S3Server
) -> None:
    """Some instances may have its files, newer than what was live before."""
    service = still_emulator(["success", "fails-after-install"], bucket_store=s3)
    deploy(run_line, service, tree)
    touch(tree, "broken")
    given = {"GITHUB_WORKSPACE": str(tree), "INPUT_SOURCE": "", "AWS_ENDPOINT_URL_S3": service.url}
    assert run_line(service, environ=given).code == 10
    before = service.operations().count("UploadPartCopy")
    touch(tree, "mended")
    deploy(run_line, service, tree, "--stop-after=upload")
    assert service.operations().count("UploadPartCopy") == before


def test_source_date_epoch_is_every_time_and_equal_stretches_are_copied(
    run_line: RunLine, service: Emulator, tree: Path, s3: S3Server
) -> None:
    epoch = {"SOURCE_DATE_EPOCH": str(LONG_AGO)}
    deploy(run_line, service, tree, **epoch)
    touch(tree, "changed")
    ran = deploy(run_line, service, tree, **epoch)
    assert reused(ran)[1] > 14
    assert len(set(times(stored(s3, ran)).values())) == 1


def test_a_bundle_in_another_format_is_sent_with_the_times_of_what_is_live(
    run_line: RunLine, service: Emulator, tree: Path, clock: FakeClock
) -> None:
    deploy(run_line, service, tree)
    clock.sleep(3600)
    touch(tree, "changed")
    ran = deploy(run_line, service, tree, "--stop-after=upload", **{"INPUT_BUNDLE-TYPE": "tar"})
    assert reused(ran) == (0.0, 0.0)
    assert "UploadPartCopy" not in service.operations()
