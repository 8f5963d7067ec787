"""The line against servers of other makers: what the emulator says of AWS, they say too."""

from __future__ import annotations

import io
import os
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.witness.conftest import BUCKET

if TYPE_CHECKING:
    from pathlib import Path

    from tests.witness.conftest import Witness

UPLOAD = ("--key={digest}.zip", "--stop-after=upload")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "appspec.yml").write_text(
        "version: 0.0\nos: linux\nfiles:\n- {source: /, destination: /srv/app}\n"
    )
    return folder


@pytest.mark.parametrize("size", [1, 12 << 20], ids=["one part", "several parts"])
def test_a_bundle_is_uploaded_once_and_read_back(
    size: int, *, witness: Witness, workspace: Path, tmp_path: Path
) -> None:
    data = os.urandom(size)
    (workspace / "data").write_bytes(data)
    code, log, outputs = witness.run(tmp_path, workspace, *UPLOAD)
    assert code == 0, log
    key = outputs["key"]
    stored = witness.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    with zipfile.ZipFile(io.BytesIO(stored)) as archive:
        assert archive.testzip() is None
        assert archive.read("data") == data
    code, log, again = witness.run(tmp_path, workspace, *UPLOAD)
    assert code == 0, log
    assert again["key"] == key
    assert witness.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read() == stored
    if witness.name == "moto":  # s3rver cannot list them
        assert not witness.client("s3").list_multipart_uploads(Bucket=BUCKET).get("Uploads")


def test_a_bucket_that_does_not_exist_is_named(witness: Witness, workspace: Path, tmp_path: Path) -> None:
    code, log, _ = witness.run(tmp_path, workspace, *UPLOAD, bucket="absent-bucket")
    assert code == 2, log
    assert "absent-bucket" in log
    assert "NoSuchBucket" in log


def test_a_role_is_assumed(moto: Witness, workspace: Path, tmp_path: Path) -> None:
    """With the keys of the job; the session that comes of it uploads."""
    role = "arn:aws:iam::123456789012:role/deployer"
    code, log, outputs = moto.run(tmp_path, workspace, *UPLOAD, f"--role-to-assume={role}")
    assert code == 0, log
    assert f"Role {role}" in log
    assert outputs["key"]
