"""The listing of a bundle in S3: by its index alone, pinned, bounded, and a reason wherever there is none."""

from __future__ import annotations

import functools
import io
import os
import stat
import tarfile
import tracemalloc
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING
from zlib import crc32

import boto3
import pytest
from botocore.config import Config

from deployer.bundle.contents import EntryKind
from deployer.bundle.listing import Listed, Unknown
from deployer.bundle.package import package
from deployer.bundle.tree import scan
from deployer.choices import Compression
from deployer.live.bundle import LiveBundle, live_bundle
from deployer.revision import AppSpecRevision, BundleType, GitHubRevision, S3Revision
from deployer.s3.ranges import NotReadable, ObjectFile
from tests.emulator import Policies, Role, trust_web_identity
from tests.protocol.steps import allow, assume_with_token, job_token
from tests.protocol.stub import error, stub

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from deployer.revision import Revision
    from tests.harness import Start
    from tests.s3 import S3Server

    Store = Callable[..., S3Revision]

YEAR_2020 = 1_577_836_800


@pytest.fixture
def store(s3: S3Server, bucket: str) -> Store:
    """Put an object, and return the revision that pins it."""

    def put(data: bytes, kind: BundleType = BundleType.ZIP, key: str = "app") -> S3Revision:
        answer = s3.client().put_object(Bucket=bucket, Key=key, Body=data)
        return S3Revision(bucket, key, kind, answer["ETag"].strip('"'), answer["VersionId"])

    return put


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with a script, a link and a name beyond ASCII."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "appspec.yml").write_text("version: 0.0\nos: linux\n")
    (tmp_path / "scripts" / "stärt.sh").write_text("#!/bin/sh\n")
    (tmp_path / "scripts" / "stärt.sh").chmod(0o755)
    (tmp_path / "latest").symlink_to("scripts/stärt.sh")
    for path in tmp_path.rglob("*.*"):
        os.utime(path, (YEAR_2020, YEAR_2020))
    return tmp_path


def packed(tree: Path, kind: BundleType = BundleType.ZIP) -> bytes:
    contents = scan(tree, repository=tree, appspec="appspec.yml", exclude=())
    return b"".join(package(contents, bundle_type=kind, compression=Compression.FAST).chunks())


def zipped(*members: tuple[zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for info, data in members:
            archive.writestr(info, data)
    return buffer.getvalue()


def listed(revision: Revision | None, s3: S3Client) -> LiveBundle:
    found = live_bundle(revision, s3=s3)
    assert isinstance(found, LiveBundle), found
    return found


def reason(revision: Revision | None, s3: S3Client) -> str:
    found = live_bundle(revision, s3=s3)
    assert isinstance(found, Unknown), found
    return found.reason


@pytest.mark.parametrize("kind", [BundleType.ZIP, BundleType.TGZ, BundleType.TAR])
def test_a_bundle_is_listed_with_what_its_files_are(
    kind: BundleType, *, tree: Path, store: Store, s3: S3Server
) -> None:
    revision = store(packed(tree, kind), kind)
    found = listed(revision, s3.client())
    script, link = found.entries["scripts/stärt.sh"], found.entries["latest"]
    target = "scripts/stärt.sh".encode()
    assert script[:6] == (
        "scripts/stärt.sh",
        EntryKind.FILE,
        0o755,
        10,
        crc32(b"#!/bin/sh\n"),
        YEAR_2020,
    )
    assert link[:5] == ("latest", EntryKind.LINK, 0o777, len(target), crc32(target))
    assert found.entries["scripts"].kind is EntryKind.FOLDER
    assert found.read("appspec.yml", 99) == b"version: 0.0\nos: linux\n"
    assert found.read("appspec.yml", 7) == b"version"
    assert found.read("gone", 7) is None
    pin = found.pin
    assert (pin.bucket, pin.key, pin.etag) == (revision.bucket, revision.key, revision.etag)
    assert (pin.version_id, pin.size) == (revision.version_id, len(packed(tree, kind)))


def test_a_members_place_in_a_zip_is_told(tree: Path, store: Store, s3: S3Server) -> None:
    """So that unchanged stretches of the object can be copied."""
    data = packed(tree)
    entries = listed(store(data), s3.client()).entries
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        places = {
            info.filename.rstrip("/"): (info.header_offset, info.compress_size) for info in archive.infolist()
        }
    assert {name: (entry.offset, entry.packed) for name, entry in entries.items()} == places


def test_a_revision_without_pins_is_pinned_to_what_was_read(tree: Path, store: Store, s3: S3Server) -> None:
    whole = store(packed(tree))
    found = listed(replace(whole, etag=None, version_id=None), s3.client())
    assert (found.pin.etag, found.pin.version_id) == (whole.etag, whole.version_id)


def test_other_makers_zips_have_their_dos_times(store: Store, s3: S3Server) -> None:
    good = zipfile.ZipInfo("good", (2020, 1, 2, 3, 4, 6))
    bad = zipfile.ZipInfo("./bad//name", (2020, 0, 0, 0, 0, 0))
    entries = listed(store(zipped((good, b""), (bad, b"x"))), s3.client()).entries
    assert {name: entry.modified for name, entry in entries.items()} == {
        "good": 1_577_934_246,
        "bad/name": 315_532_800,
    }


def test_of_a_large_zip_only_the_index_is_fetched(store: Store, s3: S3Server) -> None:
    info = zipfile.ZipInfo("data")
    many = [(zipfile.ZipInfo(f"{'d' * 60}/{number}"), b"") for number in range(2_000)]
    data = zipped((zipfile.ZipInfo("appspec.yml"), b"version: 0.0"), (info, os.urandom(4 << 20)), *many)
    fetched: list[int] = []
    client = s3.client()
    client.meta.events.register(
        "after-call.s3.GetObject", lambda parsed, **_: fetched.append(parsed["ContentLength"])
    )
    found = listed(store(data), client)
    assert found.read("appspec.yml", 99) == b"version: 0.0"
    assert len(found.entries) == 2_002
    assert len(fetched) == 3
    assert sum(fetched) < 600_000


def test_the_appspec_in_s3_is_read_as_it_is(store: Store, s3: S3Server) -> None:
    found = listed(store(b"version: 0.0\n", BundleType.YAML), s3.client())
    assert (found.entries, found.read("appspec.yml", 99)) == ({}, b"version: 0.0\n")


def test_what_is_no_object_of_s3_has_a_reason(s3: S3Server) -> None:
    client = s3.client()
    assert "GitHub" in reason(GitHubRevision("acme/shop", "a" * 40), client)
    assert "AppSpec" in reason(AppSpecRevision.of("version: 0.0"), client)
    assert "unknown kind" in reason(None, client)


def test_a_missing_or_replaced_object_has_a_reason(tree: Path, store: Store, s3: S3Server) -> None:
    client = s3.client()
    revision = store(packed(tree))
    unversioned = replace(revision, version_id=None)
    assert "deleted" in reason(replace(revision, key="gone", version_id=None), client)
    store(b"other")
    assert "replaced" in reason(unversioned, client)
    assert isinstance(live_bundle(revision, s3=client), LiveBundle), "its version is still there"
    client.delete_object(Bucket=revision.bucket, Key=revision.key)
    assert "deleted" in reason(unversioned, client)
    assert "empty" in reason(store(b""), client)


def test_an_object_that_is_replaced_between_two_requests_has_a_reason(store: Store, s3: S3Server) -> None:
    many = [(zipfile.ZipInfo(f"{'d' * 60}/{number}"), b"") for number in range(2_000)]
    revision = store(zipped(*many))
    client = s3.client()

    def replace_it(**_: object) -> None:
        store(b"other")

    client.meta.events.register("after-call.s3.GetObject", replace_it)
    assert "replaced" in reason(replace(revision, etag=None, version_id=None), client)


@pytest.mark.parametrize("pinned", [True, False])
def test_a_denial_has_a_reason_that_names_the_permission(
    *, pinned: bool, still_emulator: Start, tree: Path, store: Store, s3: S3Server
) -> None:
    policy = Policies(identity=allow("s3:PutObject"))
    stand_in = still_emulator(bucket_store=s3, roles=[Role("deployer", trust_web_identity(), policy)])
    client = stand_in.client("s3", **assume_with_token(stand_in, job_token(stand_in)))
    revision = store(packed(tree))
    action = "s3:GetObjectVersion" if pinned else "s3:GetObject"
    denied = reason(revision if pinned else replace(revision, version_id=None), client)
    assert denied.startswith(f"{action} on {revision.bucket}/app was denied: ")


def test_a_bucket_of_another_owner_has_a_reason(
    still_emulator: Start, tree: Path, store: Store, s3: S3Server
) -> None:
    client = still_emulator(bucket_store=s3).client("s3")
    found = live_bundle(store(packed(tree)), s3=client, expected_bucket_owner="111122223333")
    assert isinstance(found, Unknown)
    assert "denied" in found.reason


RANGE = {"Content-Range": "bytes 0-3/4", "ETag": '"e"'}
MORE = "S3 answered with more than the part asked for"
OTHER = "S3 answered with other bytes than those asked for"


def connected(url: str) -> S3Client:
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, "PK..", {"ETag": '"e"'}), MORE),
        ((206, "PK..", {**RANGE, "Content-Range": "bytes 0-9/4"}), OTHER),
        ((206, "PK..", {**RANGE, "Content-Range": "bytes 9-0/4"}), OTHER),
        ((206, "PK..", {**RANGE, "Content-Range": "nonsense"}), MORE),
        ((206, "PK..", {**RANGE, "Content-Range": f"bytes 0-3/{10**18}"}), OTHER),
        (
            (206, "PK..", {**RANGE, "Content-Range": f"bytes 0-{10**15}/{10**18}"}),
            "the index of the bundle is larger than 25.2 MB",
        ),
        ((206, "PK..", {"Content-Range": "bytes 0-3/4"}), "cannot be read"),
        ((206, "PK\5\6" + "\xff" * 18, {"Content-Range": "bytes 0-21/22", "ETag": '"e"'}), "cannot be read"),
        ((500, error("InternalError"), {}), "s3:GetObject on bucket/key failed"),
        ((503, error("SlowDown"), {}), "s3:GetObject on bucket/key failed"),
        ((400, "<html>no", {}), "s3:GetObject on bucket/key failed"),
        ((301, error("PermanentRedirect"), {}), ""),
    ],
    ids=str,
)
def test_answers_without_sense_have_a_reason(answer: tuple[int, str, dict[str, str]], said: str) -> None:
    with stub(lambda *_: answer) as url:
        found = reason(S3Revision("bucket", "key", BundleType.ZIP, "e"), connected(url))
    assert found
    assert said in found


@pytest.mark.parametrize("later", ["1-65536", "0-65534"])
def test_another_stretch_than_the_one_asked_for_is_not_read(later: str) -> None:
    """The first answer is the object's end; what comes before it is asked for when it is read."""
    end = (206, "e" * 66_560, {**RANGE, "Content-Range": "bytes 133440-199999/200000"})
    first, last = map(int, later.split("-"))
    other = {**RANGE, "Content-Range": f"bytes {later}/200000"}
    answers = iter([end, (206, "b" * (last - first + 1), other)])
    with stub(lambda *_: next(answers)) as url:
        file = ObjectFile(S3Revision("bucket", "key", BundleType.ZIP), s3=connected(url), most=1 << 20)
        assert (file.seek(-5, io.SEEK_END), file.read(9), file.read(9)) == (199_995, b"eeeee", b"")
        file.seek(0)
        with pytest.raises(NotReadable, match=OTHER):
            file.read(4)


@functools.cache
def hostile() -> dict[str, tuple[bytes, BundleType, str]]:
    """Objects that were made to harm, and a word of the reason, empty where the listing is merely odd."""
    bomb = io.BytesIO()
    with tarfile.open(fileobj=bomb, mode="w:gz") as tar:
        info = tarfile.TarInfo("zeros")
        info.size = 65 << 20
        tar.addfile(info, io.BytesIO(bytes(info.size)))
    good = zipped((zipfile.ZipInfo("a"), b"a"))
    end = good.rindex(b"PK\5\6")
    return {
        "random": (os.urandom(99_999), BundleType.ZIP, "cannot be read"),
        "cut off": (good[:-9], BundleType.ZIP, "cannot be read"),
        "index beyond the end": (
            good[: end + 12] + (25 << 20).to_bytes(4, "little") + good[end + 16 :],
            BundleType.ZIP,
            "cannot be read",
        ),
        "no gzip": (good, BundleType.TGZ, "cannot be read"),
        "no tar": (b"x" * 9_999, BundleType.TAR, "cannot be read"),
        "bomb": (bomb.getvalue(), BundleType.TGZ, "unpacks to more than"),
        "control characters": (good.replace(b"a", b"\x1b"), BundleType.ZIP, ""),
        "out of the folder": (zipped((zipfile.ZipInfo("../../a"), b"")), BundleType.ZIP, ""),
        "a long name": (zipped((zipfile.ZipInfo("a" * 60_000), b"")), BundleType.ZIP, ""),
        "deep folders": (
            zipped(*((zipfile.ZipInfo(f"{each}/{'a/' * 2000}b"), b"") for each in range(2000))),
            BundleType.ZIP,
            "nested too deeply",
        ),
    }


@pytest.mark.parametrize("name", hostile())
def test_a_hostile_object_costs_little_and_raises_nothing(name: str, store: Store, s3: S3Server) -> None:
    data, kind, word = hostile()[name]
    revision = store(data, kind)
    client = s3.client()
    client.head_object(Bucket=revision.bucket, Key=revision.key)
    tracemalloc.start()
    found = live_bundle(revision, s3=client)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 << 20
    if word:
        assert isinstance(found, Unknown)
        assert word in found.reason
        assert found.reason.isprintable()
    else:
        assert isinstance(found, LiveBundle)


def test_a_zip_whose_index_is_too_large_is_not_read(store: Store, s3: S3Server) -> None:
    """Its end record tells the size, so that it is not even fetched."""
    end = b"PK\5\6" + bytes(8) + (25 << 20).to_bytes(4, "little") + bytes(6)
    revision = store(bytes(26 << 20) + end)
    assert "larger than 25.2 MB" in reason(revision, s3.client())


def test_a_large_tar_is_not_read(store: Store, s3: S3Server) -> None:
    assert "no index" in reason(store(os.urandom(17 << 20), BundleType.TGZ), s3.client())


def test_a_member_that_cannot_be_read_is_none(store: Store, s3: S3Server) -> None:
    data = bytearray(zipped((zipfile.ZipInfo("appspec.yml"), b"version: 0.0")))
    data[0] = 0
    found = listed(store(bytes(data)), s3.client())
    assert found.read("appspec.yml", 99) is None


def test_a_link_of_a_zip_is_known_by_its_checksum(store: Store, s3: S3Server) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    entry = listed(store(zipped((info, b"target"))), s3.client()).entries["link"]
    assert entry[:5] == Listed("link", EntryKind.LINK, 0o777, 6, crc32(b"target"))[:5]
