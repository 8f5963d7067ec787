"""Sending a bundle to a real S3 server."""

from __future__ import annotations

import hashlib
import os
import threading
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from deployer.errors import AccessDenied, AwsFault, InvalidBundle, InvalidInput
from deployer.files import scan
from deployer.model import Bundle, BundleType, Compression, Transfer
from deployer.package import package
from deployer.upload import Destination, upload

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from tests.s3 import S3Server

MEGABYTE = 1 << 20


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


@pytest.mark.parametrize("size", [10, 8 * MEGABYTE, 8 * MEGABYTE - 300, 30 * MEGABYTE], ids=str)
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


@pytest.mark.parametrize("size", [10, 20 * MEGABYTE], ids=["one request", "parts"])
def test_an_unchanged_bundle_is_not_sent_again(
    client: S3Client, bucket: str, make: Callable[[int], Bundle], size: int
) -> None:
    """Nor packed: its files may even be gone."""
    bundle, destination = make(size), Destination(bucket, "x.zip")
    first = upload(bundle, destination, s3=client, progress=ignore)
    seen: list[Transfer] = []

    second = upload(bundle, destination, s3=client, progress=seen.append)

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
    bundle = make(20 * MEGABYTE)
    seen: list[Transfer] = []
    threads = set()

    def progress(transfer: Transfer) -> None:
        seen.append(transfer)
        threads.add(threading.current_thread())

    stored = upload(bundle, Destination(bucket, "x.zip"), s3=client, progress=progress)

    assert seen == sorted(seen, key=lambda transfer: (transfer.sent, transfer.read))
    assert seen[-1] == Transfer(2, 2, bundle.unpacked_size, bundle.unpacked_size, stored.size)
    assert threads == {threading.current_thread()}
