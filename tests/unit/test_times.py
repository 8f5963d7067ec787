"""Modification times: each member bears its own, and whoever unpacks the archive sees it."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.bundle.package import package
from deployer.bundle.times import EARLIEST, LATEST, TimeRange, allowed_times
from deployer.bundle.tree import scan
from deployer.bundle.work import BLOCK
from deployer.choices import Compression
from deployer.errors import ExitCode, InvalidInput
from deployer.revision import BundleType

if TYPE_CHECKING:
    from deployer.bundle.contents import Bundle

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ZONES = ("UTC", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Kiritimati")
TYPES = (BundleType.ZIP, BundleType.TGZ, BundleType.TAR)
NAMES = ("appspec.yml", "folder/file", "large", "folder", "link")


def build(folder: Path, times: dict[str, int]) -> None:
    """Make a file of each way to pack it, a folder and a link."""
    (folder / "folder").mkdir(parents=True)
    (folder / "appspec.yml").write_text("version: 0.0\n")
    (folder / "folder" / "file").write_text("x" * 12)
    (folder / "large").write_bytes(bytes(BLOCK + 1))
    (folder / "link").symlink_to("folder/file")
    for name in sorted(times, reverse=True):
        os.utime(folder / name, (times[name], times[name]), follow_symlinks=False)


def pack(folder: Path, bundle_type: BundleType, times: TimeRange | None = None) -> Bundle:
    tree = scan(folder, repository=folder, appspec="appspec.yml", exclude=[], times=times or TimeRange())
    return package(tree, bundle_type=bundle_type, compression=Compression.FAST)


def unpack(bundle: Bundle, archive: Path, folder: Path, zone: str = "UTC") -> None:
    """As the agent does: over what is in the folder already."""
    archive.write_bytes(b"".join(bundle.chunks()))
    folder.mkdir(exist_ok=True)
    command = ["unzip", "-qo", str(archive), "-d", str(folder)]
    if bundle.type is not BundleType.ZIP:
        command = ["tar", "-xpsf", str(archive), "-C", str(folder)]
    subprocess.run(command, check=True, env={**os.environ, "TZ": zone})


def seen(folder: Path) -> dict[str, int]:
    return {name: int((folder / name).lstat().st_mtime) for name in NAMES}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("bundle_type", TYPES)
def test_times_arrive_in_every_time_zone(tmp_path: Path, bundle_type: BundleType, zone: str) -> None:
    """Of files packed whole and in blocks, of folders and of links."""
    times = {name: 1_750_000_001 + 1000 * number for number, name in enumerate(NAMES)}
    build(tmp_path / "source", times)

    unpack(pack(tmp_path / "source", bundle_type), tmp_path / "archive", tmp_path / "unpacked", zone)

    if bundle_type is BundleType.ZIP:  # unzip leaves a link's time alone
        times["link"] = seen(tmp_path / "unpacked")["link"]
    assert seen(tmp_path / "unpacked") == times


def test_python_reads_the_times_in_utc(tmp_path: Path) -> None:
    """A zip's DOS time, in steps of two seconds, and a tar's own."""
    build(tmp_path / "source", dict.fromkeys(NAMES, 1_750_000_001))
    moment = datetime.fromtimestamp(1_750_000_000, UTC)
    for bundle_type in TYPES:
        path = tmp_path / bundle_type
        path.write_bytes(b"".join(pack(tmp_path / "source", bundle_type).chunks()))
    with zipfile.ZipFile(tmp_path / "zip") as archive:
        assert {info.date_time for info in archive.infolist()} == {tuple(moment.timetuple()[:6])}
        assert archive.testzip() is None
    for name in ("tar", "tgz"):
        with tarfile.open(tmp_path / name) as tar:
            assert {info.mtime for info in tar} == {1_750_000_001}


@pytest.mark.parametrize("bundle_type", TYPES)
def test_python_runs_the_new_code(tmp_path: Path, bundle_type: BundleType) -> None:
    """Its byte code is taken for the source's by time and length, and stays beside it when that changes."""
    command = [sys.executable, "-c", "import conf; print(conf.TIMEOUT)"]
    elsewhere = {"PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"}
    environment = {name: value for name, value in os.environ.items() if name not in elsewhere}
    printed = []
    for number, timeout in enumerate((30, 60)):
        source = tmp_path / f"checkout-{number}"
        build(source, {})
        (source / "conf.py").write_text(f"TIMEOUT = {timeout}\n")
        os.utime(source / "conf.py", (1_750_000_000 + number, 1_750_000_000 + number))
        unpack(pack(source, bundle_type), tmp_path / "archive", tmp_path / "live")
        done = subprocess.run(
            command, cwd=tmp_path / "live", env=environment, capture_output=True, text=True, check=True
        )
        printed.append(done.stdout)
    assert list((tmp_path / "live" / "__pycache__").glob("conf.*.pyc"))
    assert printed == ["30\n", "60\n"]


def test_an_appspec_from_elsewhere_bears_its_own_time(tmp_path: Path) -> None:
    build(tmp_path / "source", {})
    (tmp_path / "other.yml").write_text("version: 0.0\n")
    os.utime(tmp_path / "other.yml", (1_700_000_000, 1_700_000_000))

    tree = scan(tmp_path / "source", repository=tmp_path, appspec="other.yml", exclude=[])

    assert tree.entries["appspec.yml"].modified == 1_700_000_000


@pytest.mark.parametrize("bundle_type", TYPES)
@settings(max_examples=15, deadline=None)
@given(
    first=st.lists(st.integers(-(1 << 31), 1 << 33), min_size=len(NAMES), max_size=len(NAMES)),
    second=st.lists(st.integers(-(1 << 31), 1 << 33), min_size=len(NAMES), max_size=len(NAMES)),
)
def test_whatever_the_times(bundle_type: BundleType, first: list[int], second: list[int]) -> None:
    """They arrive, moved into the range, and the digest is the same."""
    allowed = allowed_times("", now=NOW)
    with tempfile.TemporaryDirectory() as name:
        digests = set()
        for number, drawn in enumerate((first, second)):
            times = dict(zip(NAMES, drawn, strict=True))
            source, unpacked = Path(name) / f"source-{number}", Path(name) / f"unpacked-{number}"
            build(source, times)
            bundle = pack(source, bundle_type, allowed)
            digests.add(bundle.digest)
            unpack(bundle, Path(name) / "archive", unpacked)
            expected = {name: min(max(time, EARLIEST), int(NOW.timestamp())) for name, time in times.items()}
            found = seen(unpacked)
            if bundle_type is BundleType.ZIP:
                del found["link"], expected["link"]
            assert found == expected
        assert len(digests) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", TimeRange(EARLIEST, int(NOW.timestamp()))),
        (" ", TimeRange(EARLIEST, int(NOW.timestamp()))),
        ("1700000001", TimeRange(1_700_000_001, 1_700_000_001)),
        ("0", TimeRange(EARLIEST, EARLIEST)),
        (str(LATEST), TimeRange(LATEST, LATEST)),
    ],
)
def test_source_date_epoch(text: str, expected: TimeRange) -> None:
    assert allowed_times(text, now=NOW) == expected


@pytest.mark.parametrize("text", ["yesterday", "-1", "1.5", "1e9", "0x10", "٣", str(LATEST + 1), "9" * 5000])
def test_a_malformed_source_date_epoch_is_invalid_input(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"SOURCE_DATE_EPOCH is .* which is not a time") as caught:
        allowed_times(text, now=NOW)
    assert caught.value.exit_code == ExitCode.INVALID_INPUT
    assert len(caught.value.problems[0].message) < 120
