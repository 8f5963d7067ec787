"""Where 32 bits are too few: sizes and offsets beyond 4 GiB."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from deployer.bundle import tar
from deployer.bundle import zip as zipped
from deployer.bundle.contents import Entry, EntryKind
from deployer.bundle.deflate import Blocks, Deflater, Whole, deflater
from deployer.bundle.hashing import combine
from deployer.bundle.package import package
from deployer.bundle.tree import scan
from deployer.bundle.work import BLOCK, Member
from deployer.choices import Compression
from deployer.revision import BundleType

if TYPE_CHECKING:
    from pathlib import Path

GIGABYTE = 1 << 30
HUGE = 4 * GIGABYTE + 7
LATER = b"what comes after it"
ENGINE = deflater(Compression.FAST)
BY_PYTHON = (
    "import sys, shutil, zipfile; archive, name = sys.argv[1:];"
    "shutil.copyfileobj(zipfile.ZipFile(archive).open(name), sys.stdout.buffer, 1 << 20)"
)


class Length:
    """Instead of a hash, which would take long here: how much there was."""

    def __init__(self, data: bytes = b"") -> None:
        self._length = len(data)

    def update(self, data: bytes | memoryview, /) -> None:
        """Count more."""
        self._length += len(data)

    def digest(self) -> bytes:
        """The length in decimal digits."""
        return b"%d" % self._length

    def hexdigest(self) -> str:
        """The same as text."""
        return self.digest().decode()


def sparse(path: Path, size: int) -> Member:
    """A file of zeros that takes no room, with its CRC-32."""
    path.touch()
    os.truncate(path, size)
    crc, length, rest = zlib.crc32(b"\0"), 1, f"{size:b}"[1:]
    for bit in rest:
        crc, length = combine(crc, crc, length), 2 * length
        if bit == "1":
            crc, length = zlib.crc32(b"\0", crc), length + 1
    return Member(Entry(path.name, EntryKind.FILE, 0o644, size, path=str(path)), b"%d" % size, crc)


SWOLLEN = bytes(64 << 20)


def swell(data: bytes, _last: bool) -> bytes:  # noqa: FBT001 - as Blocks has it
    """Sixty-four times a full block; what it makes cannot be unpacked."""
    return SWOLLEN if len(data) == BLOCK else data


def test_a_file_that_stands_beyond_4_gib_is_found(tmp_path: Path) -> None:
    """By the offset in a zip64 record, and so is the central directory."""
    whole = Whole("swollen", lambda data: data if len(data) == len(LATER) else b"")
    blocks = Blocks("swollen", swell)
    (tmp_path / "later").write_bytes(LATER)
    later = Entry("later", EntryKind.FILE, 0o644, len(LATER), path=str(tmp_path / "later"))
    last = Member(later, b"%d" % len(LATER), zlib.crc32(LATER))
    large = [sparse(tmp_path / f"large{number}", 33 * BLOCK) for number in range(2)]
    archive = tmp_path / "x.zip"

    with archive.open("wb") as output:
        swollen = Deflater(whole, whole, blocks, blocks)
        for piece in zipped.pack([*large, last], swollen, start=Length, times={}):
            if piece.data is SWOLLEN:
                output.seek(len(piece.data), os.SEEK_CUR)
            else:
                output.write(piece.data)

    with zipfile.ZipFile(archive) as opened:
        assert opened.getinfo("later").header_offset > 4 * GIGABYTE
        assert opened.read("later") == LATER
    unzipped = subprocess.run(["unzip", "-p", archive, "later"], capture_output=True, check=True)
    assert unzipped.stdout == LATER


def test_a_tar_counts_beyond_8_gib(tmp_path: Path) -> None:
    """Where ustar's size field ends."""
    packed = tar.pack([sparse(tmp_path / "huge", 9 * GIGABYTE)], ENGINE, start=Length, gzip=False, times={})

    with tarfile.open(fileobj=BytesIO(next(packed).data)) as opened:
        info = opened.next()

    assert info
    assert (info.name, info.size) == ("huge", 9 * GIGABYTE)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    (folder / "appspec.yml").touch()
    sparse(folder / "huge", HUGE)
    with (folder / "huge").open("r+b") as huge:
        huge.write(b"begin")
        huge.seek(-3, os.SEEK_END)
        huge.write(b"end")
    (folder / "later").write_bytes(LATER)
    return folder


@pytest.mark.large
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("bundle_type", "command"),
    [
        (BundleType.ZIP, ["unzip", "-p"]),
        (BundleType.ZIP, [sys.executable, "-c", BY_PYTHON]),
        (BundleType.TGZ, ["tar", "-xOzf"]),
        (BundleType.TAR, ["tar", "-xOf"]),
    ],
    ids=["unzip", "zipfile", "tgz", "tar"],
)
def test_huge_files_come_out_as_they_went_in(
    tree: Path, tmp_path: Path, *, bundle_type: BundleType, command: list[str]
) -> None:
    contents = scan(tree, repository=tree, appspec="appspec.yml", exclude=[])
    bundle = package(contents, bundle_type=bundle_type, compression=Compression.BALANCED)
    archive = tmp_path / f"x.{bundle_type}"
    with archive.open("wb") as output:
        for chunk in bundle.chunks():
            if chunk.count(0) == len(chunk):
                output.seek(len(chunk), os.SEEK_CUR)
            else:
                output.write(chunk)
        output.truncate()

    for name in ("huge", "later"):
        with subprocess.Popen([*command, archive, name], stdout=subprocess.PIPE) as unpacker:
            compared = subprocess.run(["cmp", "-", tree / name], stdin=unpacker.stdout, check=False)
        assert (name, unpacker.returncode, compared.returncode) == (name, 0, 0)
