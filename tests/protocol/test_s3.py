"""The S3 server is real; behind the emulator it also knows identities, owners and regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.emulator import Policies, Role, trust_web_identity
from tests.protocol.steps import allow, assume_with_token, code, job_token

if TYPE_CHECKING:
    from tests.harness import Start
    from tests.s3 import S3Server


def test_s3_behind_the_emulator_knows_sessions_and_policies(
    still_emulator: Start, s3: S3Server, bucket: str
) -> None:
    policy = allow("s3:PutObject", "s3:GetObject", resource=f"arn:aws:s3:::{bucket}/apps/*")
    stand_in = still_emulator(
        bucket_store=s3,
        roles=[Role("deployer", trust_web_identity(), Policies(identity=policy))],
    )
    session = assume_with_token(stand_in, job_token(stand_in))
    store = stand_in.client("s3", **session)
    put = store.put_object(Bucket=bucket, Key="apps/ä b.zip", Body=b"bundle", ServerSideEncryption="AES256")
    assert put["VersionId"]
    assert store.get_object(Bucket=bucket, Key="apps/ä b.zip")["Body"].read() == b"bundle"
    with pytest.raises(ClientError, match=r's3:PutObject on resource: "arn:aws:s3:::.*/other.zip"'):
        store.put_object(Bucket=bucket, Key="other.zip", Body=b"")
    with pytest.raises(ClientError) as missing:
        store.head_object(Bucket=bucket, Key="apps/missing.zip")
    assert code(missing) == "403"
    logged = next(call for call in stand_in.calls if call.operation == "PutObject")
    assert logged.parameters["headers"]["x-amz-server-side-encryption"] == "AES256"


def test_s3_behind_the_emulator_redirects_to_a_bucket_s_region(
    still_emulator: Start, s3: S3Server, bucket: str
) -> None:
    stand_in = still_emulator(bucket_store=s3, bucket_regions={bucket: "us-east-1"})
    stand_in.client("s3").put_object(Bucket=bucket, Key="a", Body=b"a")
    put = [(call.status, call.error) for call in stand_in.calls if call.operation == "PutObject"]
    assert put == [(301, "PermanentRedirect"), (200, "")]


def test_s3_behind_the_emulator_has_owners_keys_and_faults(
    still_emulator: Start, s3: S3Server, bucket: str
) -> None:
    stand_in = still_emulator(bucket_store=s3)
    store = stand_in.client("s3")
    put = store.put_object(
        Bucket=bucket, Key="a", Body=b"a", ServerSideEncryption="aws:kms", SSEKMSKeyId="key"
    )
    assert put["SSEKMSKeyId"] == "key"
    with pytest.raises(ClientError) as owner:
        store.put_object(Bucket=bucket, Key="a", Body=b"a", ExpectedBucketOwner="111122223333")
    stand_in.faults.add("GetObject", "throttle")
    with pytest.raises(ClientError) as slow:
        store.get_object(Bucket=bucket, Key="a")
    assert (code(owner), code(slow)) == ("AccessDenied", "SlowDown")


def test_the_s3_server_is_real(s3: S3Server, bucket: str) -> None:
    """Wrong checksums, wrong secrets and foreign buckets are refused."""
    limited = s3.client(access_key=s3.limited_access_key, secret_key=s3.limited_secret_key)
    with pytest.raises(ClientError) as foreign:
        limited.put_object(Bucket=bucket, Key="a", Body=b"")
    with pytest.raises(ClientError) as checksum:
        s3.client().put_object(Bucket=bucket, Key="a", Body=b"a", ChecksumSHA256="AAAA")
    with pytest.raises(ClientError) as secret:
        s3.client(secret_key="wrong").list_objects_v2(Bucket=bucket)
    assert code(foreign) == "AccessDenied"
    assert code(checksum) in {"BadDigest", "InvalidRequest"}
    assert code(secret) == "SignatureDoesNotMatch"
