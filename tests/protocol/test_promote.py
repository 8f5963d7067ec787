"""Promotion: S3 copies a revision of another bucket into this one; the copy is verified and deployed."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from deployer.errors import AccessDenied, AwsFault, InvalidInput
from deployer.main import execute
from deployer.revision import BundleType, S3Revision
from deployer.s3.copy import copy
from deployer.s3.destination import Destination
from deployer.s3.download import download
from tests.emulator import iam
from tests.protocol.stub import STARTED, error, stub
from tests.protocol.test_upload import connect

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from tests.emulator import Emulator
    from tests.harness import Ran, RunLine, Start
    from tests.s3 import S3Server

PART = 5 << 20
BYTES = bytes(range(256)) * (2 * PART // 256) + b"the end"
THEIRS = "210987654321"


@pytest.fixture
def client(s3: S3Server) -> S3Client:
    return s3.client()


@pytest.fixture
def elsewhere(s3: S3Server) -> str:
    """The bucket of the build, in another region and account."""
    return s3.create_bucket(f"elsewhere-{uuid4()}", versioned=True)


@pytest.fixture
def built(client: S3Client, elsewhere: str) -> S3Revision:
    """An object as the upload leaves it."""
    put = client.put_object(
        Bucket=elsewhere,
        Key="hello-web/ä b.zip",
        Body=BYTES,
        Metadata={"digest": "d1"},
        ChecksumAlgorithm="CRC32",
    )
    return S3Revision(
        elsewhere, "hello-web/ä b.zip", BundleType.ZIP, put["ETag"].strip('"'), put["VersionId"]
    )


def registered(*_: object) -> str:
    """Take every object that is there."""
    return ""


@pytest.mark.parametrize("part", [PART, 512 << 20])
def test_a_copy_is_the_same_bytes_and_metadata(
    client: S3Client, bucket: str, built: S3Revision, part: int
) -> None:
    target = Destination(bucket, "a/b.zip", object_tags={"team": "web"})
    stored, proof = copy(built, target, s3=client, reject=registered, part=part)
    found = client.get_object(Bucket=bucket, Key="a/b.zip", VersionId=stored.version_id or "")
    assert found["Body"].read() == BYTES
    assert (found["Metadata"], found["TagCount"]) == ({"digest": "d1"}, 1)
    assert (stored.size, stored.etag, stored.uploaded) == (len(BYTES), found["ETag"].strip('"'), True)
    assert proof == "CRC32"


def test_an_object_without_a_checksum_is_compared_by_its_md5(
    client: S3Client, bucket: str, elsewhere: str
) -> None:
    """A copy of several parts has no MD5 that could be compared."""
    vars(client.meta.config)["request_checksum_calculation"] = "when_required"
    client.put_object(Bucket=elsewhere, Key="old.zip", Body=BYTES)
    revision = S3Revision(elsewhere, "old.zip", BundleType.ZIP)
    _, proof = copy(revision, Destination(bucket, "one.zip"), s3=client, reject=registered)
    assert proof == "MD5"
    _, proof = copy(revision, Destination(bucket, "two.zip"), s3=client, reject=registered, part=PART)
    assert proof == ""
    again, proof = copy(revision, Destination(bucket, "one.zip"), s3=client, reject=registered)
    assert (again.uploaded, proof) == (False, "MD5")


def test_an_object_that_changes_before_it_is_copied_is_no_copy(
    client: S3Client, bucket: str, built: S3Revision
) -> None:
    client.put_object(Bucket=built.bucket, Key=built.key, Body=b"other")
    newest = S3Revision(built.bucket, built.key, built.type, built.etag)
    with pytest.raises(InvalidInput, match="has changed since the revision was made"):
        copy(newest, Destination(bucket, "a.zip"), s3=client, reject=registered)
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    stored, _ = copy(built, Destination(bucket, "a.zip"), s3=client, reject=registered)
    assert stored.size == len(BYTES), "the version that it names is still there"


def test_what_s3_computes_of_its_copy_decides(built: S3Revision) -> None:
    """A copy with another checksum than its source never becomes an object."""
    calls: list[str] = []

    def answer(method: str, path: str) -> tuple[int, str, dict[str, str]]:
        calls.append(method)
        if method == "HEAD":
            described = {"ETag": '"e"', "Last-Modified": "Mon, 02 Mar 2026 09:30:00 GMT"}
            source = {**described, "x-amz-checksum-crc64nvme": "AAAAAAAAAAA="}
            return (404, "", {}) if "/target/" in path else (200, "abc", source)
        if method == "PUT":
            return 200, "<CopyPartResult><ETag>e</ETag></CopyPartResult>", {}
        if method == "POST":
            return (200, STARTED, {}) if "uploads" in path else (400, error("BadDigest"), {})
        return 204, "", {}

    source = S3Revision(built.bucket, built.key, built.type)
    with stub(answer) as url, pytest.raises(AwsFault, match="BadDigest"):
        copy(source, Destination("target", "a.zip"), s3=connect(url), reject=registered)
    assert calls == ["HEAD", "HEAD", "POST", "PUT", "POST", "DELETE"]


def test_a_checksum_of_checksums_is_none_of_the_whole(bucket: str) -> None:
    """S3 is then not asked to compare, and the log says that nothing was."""
    completed: list[str] = []
    described = {
        "ETag": f'"{"0" * 32}-2"',
        "Last-Modified": "Mon, 02 Mar 2026 09:30:00 GMT",
        "x-amz-checksum-crc32": "AAAAAA==-2",
        "x-amz-checksum-type": "COMPOSITE",
    }

    def answer(method: str, path: str) -> tuple[int, str, dict[str, str]]:
        if method == "HEAD":
            return (404, "", {}) if "/target/" in path else (200, "abc", described)
        if method == "PUT":
            return 200, "<CopyPartResult><ETag>e</ETag></CopyPartResult>", {}
        if "uploads" in path:
            return 200, STARTED, {}
        completed.append(path)
        return 200, "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>", {}

    source = S3Revision(bucket, "a.zip", BundleType.ZIP)
    with stub(answer) as url:
        stored, proof = copy(source, Destination("target", "a.zip"), s3=connect(url), reject=registered)
    assert (len(completed), proof, stored.etag) == (1, "", "e")


ACROSS = {"INPUT_SOURCE": "", "INPUT_EXPECTED-BUCKET-OWNER": "123456789012"}


def promote(
    run_line: RunLine, service: Emulator, revision: S3Revision, bucket: str, *flags: str, **more: str
) -> Ran:
    given = {
        **ACROSS,
        "INPUT_REVISION": revision.uri,
        "INPUT_EXPECTED-SOURCE-BUCKET-OWNER": THEIRS,
        "INPUT_BUCKET": f"{bucket}/from-build",
        "AWS_ENDPOINT_URL_S3": service.url,
        **more,
    }
    return run_line(service, *flags, environ=given)


@pytest.fixture
def across(still_emulator: Start, s3: S3Server, elsewhere: str) -> Emulator:
    """A region whose neighbour holds the build's bucket, which is another account's."""
    return still_emulator(
        bucket_store=s3, bucket_regions={elsewhere: "us-east-1"}, bucket_owners={elsewhere: THEIRS}
    )


def test_a_revision_of_another_region_and_account_is_deployed_as_its_copy(
    across: Emulator, run_line: RunLine, built: S3Revision, bucket: str, client: S3Client
) -> None:
    ran = promote(run_line, across, built, bucket)
    assert ran.code == 0, ran.log
    (created,) = (call for call in across.calls if call.operation == "CreateDeployment")
    (place,) = (each for name, each in created.parameters["revision"].items() if name == "s3Location")
    assert (place["bucket"], place["key"]) == (bucket, f"from-build/{built.key}")
    copied = client.get_object(Bucket=bucket, Key=place["key"], VersionId=place["version"])
    assert (copied["Body"].read(), copied["ETag"].strip('"')) == (BYTES, place["eTag"])
    assert f"Copied 10.5 MB from {built.uri} to s3://{bucket}/" in ran.log
    assert "with the same CRC32" in ran.log
    assert (ran.outputs["bucket"], ran.outputs["uploaded"]) == (bucket, "true")
    assert ran.outputs["revision"].startswith(f"s3://{bucket}/from-build/")
    part = next(call for call in across.calls if call.operation == "UploadPartCopy")
    sent = part.parameters["headers"]
    assert sent["x-amz-copy-source-if-match"] == f'"{built.etag}"'
    assert (sent["x-amz-expected-bucket-owner"], sent["x-amz-source-expected-bucket-owner"]) == (
        "123456789012",
        THEIRS,
    )


def test_a_copy_that_codedeploy_knows_is_not_made_again(
    across: Emulator, run_line: RunLine, built: S3Revision, bucket: str
) -> None:
    """So that a re-run joins the deployment of the first attempt instead of deploying another version."""
    first = promote(run_line, across, built, bucket, "--stop-after=register")
    again = promote(run_line, across, built, bucket, "--stop-after=register")
    assert (again.code, again.outputs["uploaded"]) == (0, "false")
    assert again.outputs["revision"] == first.outputs["revision"]
    assert "Already copied, with the same CRC32" in again.log
    assert across.operations().count("UploadPartCopy") == 1


def test_a_copy_that_codedeploy_does_not_know_is_made_again(
    across: Emulator, run_line: RunLine, built: S3Revision, bucket: str
) -> None:
    """Whoever may write to the bucket can put an object with any CRC there."""
    for _ in range(2):
        ran = promote(run_line, across, built, bucket, "--stop-after=upload")
        assert (ran.code, ran.outputs["status"], ran.outputs["uploaded"]) == (0, "uploaded", "true")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"INPUT_EXPECTED-SOURCE-BUCKET-OWNER": ""},
            "Check first whether account 123456789012 owns the bucket of the revision",
        ),
        ({"INPUT_EXPECTED-BUCKET-OWNER": THEIRS}, "another account than 210987654321 may own this bucket"),
    ],
)
def test_both_buckets_have_to_be_of_the_owners_that_are_expected(  # noqa: PLR0913, PLR0917 - fixtures
    across: Emulator, run_line: RunLine, built: S3Revision, bucket: str, given: dict[str, str], said: str
) -> None:
    """One that is expected for the copy is expected for the source too, unless it has one of its own."""
    ran = promote(run_line, across, built, bucket, **given)
    assert ran.code == 4, ran.log
    assert said in ran.log
    assert "RegisterApplicationRevision" not in across.operations()


def test_a_download_is_from_a_bucket_of_the_owner_that_is_expected(
    across: Emulator, built: S3Revision
) -> None:
    client, file = across.client("s3"), io.BytesIO()
    download(built, file, s3=client, expected_bucket_owner=THEIRS)
    assert file.getvalue() == BYTES
    with pytest.raises(AccessDenied):
        download(built, io.BytesIO(), s3=client, expected_bucket_owner="123456789012")


def test_the_bucket_of_the_copy_has_to_be_in_the_region(
    still_emulator: Start, run_line: RunLine, built: S3Revision, bucket: str, s3: S3Server
) -> None:
    service = still_emulator(bucket_store=s3, bucket_regions={bucket: "us-east-1"})
    ran = promote(run_line, service, built, bucket, **{"INPUT_EXPECTED-SOURCE-BUCKET-OWNER": ""})
    assert ran.code == 2
    assert f"The bucket `{bucket}` is in another region (us-east-1) than the deployment" in ran.log


def test_a_revision_that_is_in_the_bucket_already_is_deployed_from_where_it_is(
    still_emulator: Start, run_line: RunLine, built: S3Revision, s3: S3Server
) -> None:
    service = still_emulator(bucket_store=s3)
    ran = promote(
        run_line,
        service,
        built,
        built.bucket,
        "--stop-after=register",
        **{"INPUT_EXPECTED-SOURCE-BUCKET-OWNER": "", "INPUT_KEY": "{digest}.zip"},
    )
    assert (ran.code, ran.outputs["revision"]) == (0, built.uri)
    assert "UploadPartCopy" not in service.operations()


def policy(revision: S3Revision, bucket: str) -> dict[str, Any]:
    stream = io.StringIO()
    flags = ["--application=hello-web", "--deployment-group=production", "--region=eu-west-1"]
    given = [f"--revision={revision.uri}", f"--bucket={bucket}/from-build"]
    assert execute(["policy", *flags, *given], {}, stream) == 0
    return dict(json.loads(stream.getvalue()))


@pytest.mark.parametrize("optional", [True, False])
def test_the_printed_policy_is_enough(  # noqa: PLR0913 - fixtures
    still_emulator: Start, run_line: RunLine, built: S3Revision, bucket: str, s3: S3Server, *, optional: bool
) -> None:
    document = policy(built, bucket)
    document["Statement"] = [
        each for each in document["Statement"] if optional or not each["Sid"].startswith("Optional")
    ]
    service = still_emulator(bucket_store=s3, policy=document)
    owner = {"INPUT_EXPECTED-SOURCE-BUCKET-OWNER": "123456789012"}
    ran = promote(run_line, service, built, bucket, **owner)
    assert ran.code == 0, ran.log
    denied = {call.operation for call in service.calls if "AccessDenied" in call.error}
    not_there = {
        "HeadObject",
        "GetObject",
    }  # S3 answers 403; the live bundle is in a bucket without a name here
    assert optional <= (denied <= not_there)


@pytest.mark.parametrize("sid", ["CopyFrom", "Upload"])
def test_no_statement_of_the_copy_can_be_spared(  # noqa: PLR0913, PLR0917 - fixtures
    still_emulator: Start, run_line: RunLine, built: S3Revision, bucket: str, s3: S3Server, sid: str
) -> None:
    document = policy(built, bucket)
    (missing,) = (each for each in document["Statement"] if each["Sid"] == sid)
    document["Statement"].remove(missing)
    service = still_emulator(bucket_store=s3, policy=document)
    unchecked = {"INPUT_EXPECTED-SOURCE-BUCKET-OWNER": "", "INPUT_EXPECTED-BUCKET-OWNER": ""}
    ran = promote(run_line, service, built, bucket, **unchecked)
    assert ran.code == 4, ran.log
    (action,) = iam.listed(missing["Action"])
    assert f'"Action": "{action}"' in ran.log
