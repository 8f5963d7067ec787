"""Sending a bundle to a real S3 server."""

from __future__ import annotations

import hashlib
import os
import threading
import zlib
from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config

from deployer.bundle.contents import Bundle, Transfer
from deployer.bundle.package import package
from deployer.bundle.tree import scan
from deployer.choices import Compression
from deployer.errors import AccessDenied, AwsFault, DeployError, InvalidBundle, InvalidInput, Severity
from deployer.revision import BundleType
from deployer.s3.destination import Destination
from deployer.s3.upload import upload
from tests.protocol.stub import STARTED, error, stub

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from tests.harness import Start
    from tests.s3 import S3Server

MEGABYTE = 1 << 20
TWO_PARTS = 6 * MEGABYTE
MORE_PARTS = 16 * MEGABYTE  # than are sent at a time


@pytest.fixture
def client(s3: S3Server) -> S3Client:
    return s3.client()


@pytest.fixture
def make(tmp_path: Path) -> Callable[[int], Bundle]:
    """A bundle with so many bytes that do not shrink."""

    def make(size: int) -> Bundle:
        (tmp_path / "appspec.yml").write_text("version: 0.0\n")
        (tmp_path / "data").write_bytes(os.urandom(size))
        tree = scan(tmp_path, repository=tmp_path, appspec="appspec.yml", exclude=[])
        return package(tree, bundle_type=BundleType.ZIP, compression=Compression.FAST)

    return make


def ignore(_: Transfer) -> None:
    pass


def uploads(client: S3Client, bucket: str) -> list[Any]:
    return list(client.list_multipart_uploads(Bucket=bucket).get("Uploads", []))


@pytest.mark.parametrize("size", [10, 5 * MEGABYTE - 400, TWO_PARTS, MORE_PARTS], ids=str)
def test_what_arrives_is_the_bundle(
    client: S3Client, bucket: str, make: Callable[[int], Bundle], size: int
) -> None:
    """One request or many parts: the object is the archive, pinned to its eTag and version."""
    bundle = make(size)

    stored = upload(bundle, Destination(bucket, "app/x.zip"), s3=client, progress=ignore)

    got = client.get_object(Bucket=bucket, Key="app/x.zip")
    content = got["Body"].read()
    assert hashlib.sha256(content).digest() == hashlib.sha256(b"".join(bundle.chunks())).digest()
    assert stored.size == len(content)
    assert (stored.etag, stored.version_id) == (got["ETag"].strip('"'), got["VersionId"])
    assert (stored.uploaded, stored.bucket, stored.key) == (True, bucket, "app/x.zip")
    assert uploads(client, bucket) == []


@pytest.mark.parametrize("size", [10, TWO_PARTS], ids=["one request", "parts"])
def test_an_unchanged_bundle_is_not_sent_again(
    client: S3Client, bucket: str, make: Callable[[int], Bundle], size: int
) -> None:
    """Nor packed: its files may even be gone."""
    bundle, destination = make(size), Destination(bucket, "x.zip")
    first = upload(bundle, destination, s3=client, progress=ignore)
    seen: list[Transfer] = []

    second = upload(bundle, destination, s3=client, progress=seen.append, reject=lambda *_: "")

    assert not second.uploaded
    assert (second.etag, second.version_id, second.size) == (first.etag, first.version_id, first.size)
    assert seen == []


def test_another_bundle_under_the_same_key_replaces_it(
    client: S3Client, bucket: str, make: Callable[[int], Bundle]
) -> None:
    destination = Destination(bucket, "x.zip")
    first = upload(make(10), destination, s3=client, progress=ignore)

    second = upload(make(11), destination, s3=client, progress=ignore)

    assert second.uploaded
    assert second.version_id != first.version_id


def test_an_unversioned_bucket_has_no_version(
    s3: S3Server, client: S3Client, make: Callable[[int], Bundle]
) -> None:
    bucket = s3.create_bucket(f"plain-{uuid4()}", versioned=False)

    assert upload(make(10), Destination(bucket, "x.zip"), s3=client, progress=ignore).version_id is None


def test_progress_ends_with_everything(client: S3Client, bucket: str, make: Callable[[int], Bundle]) -> None:
    """Files and bytes go up to their totals, sent bytes to the archive's size, on the calling thread."""
    bundle = make(MORE_PARTS)
    seen: list[Transfer] = []
    threads = set()

    def progress(transfer: Transfer) -> None:
        seen.append(transfer)
        threads.add(threading.current_thread())

    stored = upload(bundle, Destination(bucket, "x.zip"), s3=client, progress=progress)

    assert seen == sorted(seen, key=lambda transfer: (transfer.sent, transfer.read))
    assert seen[-1] == Transfer(2, 2, bundle.unpacked_size, bundle.unpacked_size, stored.size)
    assert threads == {threading.current_thread()}


def test_only_what_is_given_is_sent() -> None:
    destination = Destination(
        "b",
        "k",
        sse="aws:kms",
        kms_key_id="key",
        storage_class="STANDARD_IA",
        object_tags={"a": "1 2", "b": ""},
    )

    assert Destination("b", "k").keeping == {}
    assert Destination("b", "k").address == {"Bucket": "b", "Key": "k"}
    assert Destination("b", "k", expected_bucket_owner="1").address["ExpectedBucketOwner"] == "1"
    assert destination.keeping == {
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": "key",
        "StorageClass": "STANDARD_IA",
        "Tagging": "a=1+2&b=",
    }


def crc(data: bytes) -> str:
    return b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def test_s3_checks_each_part_and_the_whole_and_whose_the_bucket_is(
    still_emulator: Start, s3: S3Server, bucket: str, make: Callable[[int], Bundle]
) -> None:
    """What is damaged on the way becomes no object, and nothing goes to a bucket that changed hands."""
    stand_in, bundle = still_emulator(bucket_store=s3), make(TWO_PARTS)
    destination = Destination(bucket, "x", sse="AES256", expected_bucket_owner="123456789012")

    upload(bundle, destination, s3=stand_in.client("s3"), progress=ignore)

    archive = b"".join(bundle.chunks())
    calls = [(call.operation, call.parameters["headers"]) for call in stand_in.calls]
    assert {headers["x-amz-expected-bucket-owner"] for _, headers in calls} == {"123456789012"}
    sent = dict(calls)
    begun, done = sent["CreateMultipartUpload"], sent["CompleteMultipartUpload"]
    assert (begun["x-amz-checksum-algorithm"], begun["x-amz-checksum-type"]) == ("CRC32", "FULL_OBJECT")
    assert (begun["x-amz-meta-digest"], begun["x-amz-server-side-encryption"]) == (bundle.digest, "AES256")
    assert (done["x-amz-checksum-crc32"], done["x-amz-checksum-type"]) == (crc(archive), "FULL_OBJECT")
    assert done["x-amz-mp-object-size"] == str(len(archive))
    parts = [headers["x-amz-checksum-crc32"] for name, headers in calls if name == "UploadPart"]
    assert sorted(parts) == sorted([crc(archive[: 5 * MEGABYTE]), crc(archive[5 * MEGABYTE :])])


def test_parts_are_large_enough_for_the_most_that_s3_takes(
    client: S3Client, bucket: str, make: Callable[[int], Bundle]
) -> None:
    """At most 10,000: an archive of 73 GB has parts of 7 MiB, into which these contents fit."""
    bundle = make(TWO_PARTS)
    large = replace(bundle, size=9_999 * 7 * MEGABYTE)
    tags = [
        upload(each, Destination(bucket, "x"), s3=client, progress=ignore).etag for each in (bundle, large)
    ]
    assert ["-2" in tag for tag in tags] == [True, False]


@pytest.mark.parametrize(
    ("storage_class", "sent"),
    [("", False), ("STANDARD_IA", False), ("GLACIER_IR", False), ("GLACIER", True), ("DEEP_ARCHIVE", True)],
)
def test_an_object_that_nobody_could_download_is_sent_again(
    make: Callable[[int], Bundle], storage_class: str, *, sent: bool
) -> None:
    bundle = make(10)
    found = {"ETag": '"old"', "x-amz-meta-digest": bundle.digest, "x-amz-storage-class": storage_class}
    found["Last-Modified"] = "Mon, 02 Mar 2026 09:30:00 GMT"

    with stub(lambda method, _: (200, "", found if method == "HEAD" else {"ETag": '"new"'})) as url:
        stored = upload(bundle, Destination("b", "x"), s3=connect(url), progress=ignore, reject=lambda *_: "")

    assert (stored.uploaded, stored.etag) == (sent, "new" if sent else "old")


@pytest.mark.parametrize("size", [10, TWO_PARTS], ids=["one request", "parts"])
def test_tags_arrive(client: S3Client, bucket: str, make: Callable[[int], Bundle], size: int) -> None:
    upload(make(size), Destination(bucket, "x", object_tags={"team": "web"}), s3=client, progress=ignore)

    assert client.get_object_tagging(Bucket=bucket, Key="x")["TagSet"] == [{"Key": "team", "Value": "web"}]


@pytest.mark.parametrize("size", [10, TWO_PARTS], ids=["one request", "parts"])
def test_a_denied_upload_may_be_to_another_account_s_bucket(make: Callable[[int], Bundle], size: int) -> None:
    destination = Destination("b", "x", expected_bucket_owner="123456789012")
    with (
        stub(lambda method, _: (403, "" if method == "HEAD" else error("AccessDenied"), {})) as url,
        pytest.raises(AccessDenied) as caught,
    ):
        upload(make(size), destination, s3=connect(url), progress=ignore)

    [problem] = caught.value.problems
    assert problem.code == "bucket-owner"
    assert problem.message == (
        "S3 denied the upload to b: another account than 123456789012 may own this bucket."
    )
    assert problem.hint == (
        "Check the inputs bucket and expected-bucket-owner first. Only if the bucket is yours, allow "
        "s3:PutObject on it (`deployer policy` prints the statement)."
    )


@pytest.mark.parametrize("size", [10, TWO_PARTS], ids=["one request", "parts"])
def test_a_missing_bucket_is_invalid_input(
    client: S3Client, make: Callable[[int], Bundle], size: int
) -> None:
    with pytest.raises(InvalidInput) as caught:
        upload(make(size), Destination("not-there", "x"), s3=client, progress=ignore)

    [problem] = caught.value.problems
    assert "not-there/x" in problem.message
    assert "Check the input bucket" in problem.hint


def test_a_denied_upload_names_the_permission(
    s3: S3Server, client: S3Client, make: Callable[[int], Bundle]
) -> None:
    """The statement to add is in the hint."""
    limited = s3.client(access_key=s3.limited_access_key, secret_key=s3.limited_secret_key)
    if s3.limited_bucket not in [found["Name"] for found in client.list_buckets()["Buckets"]]:
        s3.create_bucket(s3.limited_bucket, versioned=False)

    with pytest.raises(AccessDenied) as caught:
        upload(make(10), Destination(s3.limited_bucket, "x"), s3=limited, progress=ignore)

    assert "s3:PutObject" in caught.value.problems[0].hint
    assert f"arn:aws:s3:::{s3.limited_bucket}/*" in caught.value.problems[0].hint


def test_no_server_is_a_fault(make: Callable[[int], Bundle]) -> None:
    with pytest.raises(AwsFault, match="Could not connect"):
        upload(make(10), Destination("bucket", "x"), s3=connect("http://127.0.0.1:9"), progress=ignore)


class Interruption(BaseException):
    """What a signal's handler raises."""


def test_an_interrupted_upload_leaves_nothing_behind(
    client: S3Client, bucket: str, make: Callable[[int], Bundle]
) -> None:
    """The multipart upload is aborted, whatever ended it."""

    def interrupt(transfer: Transfer) -> None:
        if transfer.sent:
            raise Interruption

    with pytest.raises(Interruption):
        upload(make(MORE_PARTS), Destination(bucket, "x"), s3=client, progress=interrupt)

    assert uploads(client, bucket) == []
    assert "Contents" not in client.list_objects_v2(Bucket=bucket)


def test_a_file_that_changes_meanwhile_leaves_nothing_behind(
    client: S3Client, bucket: str, make: Callable[[int], Bundle], tmp_path: Path
) -> None:
    bundle = make(MORE_PARTS)
    with (tmp_path / "data").open("r+b") as data:
        data.seek(-1, os.SEEK_END)
        last = data.read()
        data.seek(-1, os.SEEK_END)
        data.write(bytes([last[0] ^ 1]))

    with pytest.raises(InvalidBundle, match="`data` changed"):
        upload(bundle, Destination(bucket, "x"), s3=client, progress=ignore)

    assert uploads(client, bucket) == []


def connect(url: str) -> S3Client:
    """A client that does not retry."""
    return boto3.session.Session().client(
        "s3",
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="secret",
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize(
    "answer",
    [
        (301, error("PermanentRedirect"), {"x-amz-bucket-region": "us-east-2"}),
        (400, error("AuthorizationHeaderMalformed", "<Region>us-east-2</Region>"), {}),
    ],
    ids=["redirect", "signature"],
)
def test_a_bucket_in_another_region_is_refused(
    make: Callable[[int], Bundle], answer: tuple[int, str, dict[str, str]]
) -> None:
    """Not followed there, as botocore would: the service would not find the revision."""
    with (
        stub(lambda method, _: (403, "", {}) if method == "HEAD" else answer) as url,
        pytest.raises(InvalidInput, match=r"`bucket` is in another region .us-east-2. than the deployment"),
    ):
        upload(make(10), Destination("bucket", "x"), s3=connect(url), progress=ignore)


@pytest.mark.parametrize("abort", [204, 403], ids=["cleaned", "left behind"])
def test_a_refused_part_ends_the_upload(make: Callable[[int], Bundle], abort: int) -> None:
    """And an upload that cannot be removed is told beside the cause."""
    calls: list[str] = []

    def answer(method: str, path: str) -> tuple[int, str, dict[str, str]]:
        calls.append(method)
        if method == "POST":
            return (200, STARTED, {}) if "uploads" in path else (200, "", {})
        if method == "DELETE":
            return (abort, "" if abort == 204 else error("AccessDenied"), {})
        return (403, error("AccessDenied") if method == "PUT" else "", {})

    with stub(answer) as url, pytest.raises(AccessDenied) as caught:
        upload(make(MORE_PARTS), Destination("bucket", "x"), s3=connect(url), progress=ignore)

    assert calls.count("DELETE") == 1
    notes = [problem for problem in caught.value.problems if problem.severity is Severity.WARNING]
    assert [problem.code for problem in notes] == ["upload-left-behind"] * (abort == 403)
    assert all("the-id" in note.message and "AbortMultipartUpload" in note.hint for note in notes)


@pytest.mark.parametrize("own", [True, False], ids=["of these parts", "of other parts"])
def test_an_upload_that_a_lost_answer_completed_is_taken_by_its_etag(
    make: Callable[[int], Bundle], *, own: bool
) -> None:
    """S3 then answers NoSuchUpload to the next try; an object that another writer put there is not taken."""
    bundle = make(MORE_PARTS)
    tags: dict[int, str] = {}
    calls: list[str] = []

    def answer(method: str, path: str) -> tuple[int, str, dict[str, str]]:
        calls.append(method)
        if method == "PUT":
            number = int(parse_qs(urlsplit(path).query)["partNumber"][0])
            tags[number] = f"{number:032x}"
            return 200, "", {"ETag": f'"{tags[number]}"'}
        if method == "POST" and "uploads" in path:
            return 200, STARTED, {}
        if method == "HEAD" and "POST" in calls:
            parts = [tags[number] for number in sorted(tags, reverse=not own)]
            whole = hashlib.md5(bytes.fromhex("".join(parts)), usedforsecurity=False).hexdigest()
            headers = {"ETag": f'"{whole}-{len(tags)}"', "x-amz-meta-digest": bundle.digest}
            return 200, "", {**headers, "Last-Modified": "Mon, 02 Mar 2026 09:30:00 GMT"}
        return 404, "" if method == "HEAD" else error("NoSuchUpload"), {}

    with stub(answer) as url:
        if own:
            stored = upload(bundle, Destination("bucket", "x"), s3=connect(url), progress=ignore)
            assert stored.etag.endswith(f"-{len(tags)}")
            assert "DELETE" not in calls
        else:
            with pytest.raises(DeployError) as caught:
                upload(bundle, Destination("bucket", "x"), s3=connect(url), progress=ignore)
            assert [problem.code for problem in caught.value.problems] == ["NoSuchUpload"]


def test_an_upload_whose_beginning_was_never_confirmed_may_be_left(make: Callable[[int], Bundle]) -> None:
    with (
        stub(
            lambda method, _: (404, "", {}) if method == "HEAD" else (500, error("InternalError"), {})
        ) as url,
        pytest.raises(AwsFault) as caught,
    ):
        upload(make(MORE_PARTS), Destination("bucket", "x"), s3=connect(url), progress=ignore)

    assert [problem.code for problem in caught.value.problems] == ["InternalError", "upload-may-be-left"]


@pytest.mark.parametrize("most", [0, 1, 2])
def test_a_machine_that_starts_few_threads_packs_and_sends_all_the_same(
    most: int, client: S3Client, bucket: str, make: Callable[[int], Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start
    left = iter(range(most))

    def refuse(thread: threading.Thread) -> None:
        if next(left, None) is None:
            raise RuntimeError("can't start new thread")
        start(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        bundle = make(MORE_PARTS)
        upload(bundle, Destination(bucket, "x"), s3=client, progress=ignore)

    assert client.get_object(Bucket=bucket, Key="x")["Body"].read() == b"".join(bundle.chunks())
    assert uploads(client, bucket) == []
