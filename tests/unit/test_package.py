"""Packing: the same contents have the same digest, and nothing is packed that was not hashed."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
import tarfile
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deployer.bundle import deflate
from deployer.bundle import hashing as checksums
from deployer.bundle import zip as zipped
from deployer.bundle.contents import Entry, EntryKind
from deployer.bundle.package import package, ready_made
from deployer.bundle.times import TimeRange
from deployer.bundle.tree import scan
from deployer.bundle.work import BLOCK, Member
from deployer.choices import Compression
from deployer.errors import InvalidBundle
from deployer.revision import BundleType

if TYPE_CHECKING:
    from deployer.bundle.contents import Bundle

ANY_TIME, ONE_TIME = TimeRange(), TimeRange(1_700_000_001, 1_700_000_001)
TYPES = (BundleType.ZIP, BundleType.TGZ, BundleType.TAR)
REPOSITORY = Path(__file__).parents[2]
CONTENT = {
    "appspec.yml": b"version: 0.0\n",
    "large": b"".join(b"%d\n" % number for number in range(400_000)),
    "noise": hashlib.shake_256(b"noise").digest(2 * BLOCK + 7),
    "text/ä": ("ä" * 1000).encode(),
    "empty": b"",
}


def fill(folder: Path, names: list[str]) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(CONTENT[name])
    (folder / "link").symlink_to("text/ä")
    return folder


def pack(
    folder: Path,
    bundle_type: BundleType = BundleType.ZIP,
    compression: Compression = Compression.BALANCED,
    *,
    times: TimeRange = ANY_TIME,
) -> Bundle:
    tree = scan(folder, repository=folder, appspec="appspec.yml", exclude=[], times=times)
    return package(tree, bundle_type=bundle_type, compression=compression)


def archive(bundle: Bundle) -> bytes:
    return b"".join(bundle.chunks())


def members(bundle: Bundle) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(archive(bundle))) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return fill(tmp_path / "source", list(CONTENT))


@pytest.mark.parametrize("bundle_type", TYPES)
def test_the_same_contents_have_the_same_digest(
    tmp_path: Path, source: Path, bundle_type: BundleType
) -> None:
    """Times, the order of the checkout and the umask make no difference; with one time, not to a byte."""
    umask = os.umask(0o002)
    try:
        other = fill(tmp_path / "other", list(reversed(CONTENT)))
    finally:
        os.umask(umask)
    for path in other.rglob("*"):
        os.utime(path, (0, 0), follow_symlinks=False)

    first, second = pack(source, bundle_type), pack(other, bundle_type)

    assert first.digest == second.digest
    assert archive(first) == archive(first) != archive(second)
    first, second = (pack(folder, bundle_type, times=ONE_TIME) for folder in (source, other))
    assert first.digest == second.digest == pack(source, bundle_type).digest
    assert archive(first) == archive(second)


def test_whatever_changes_the_bytes_changes_the_digest(source: Path) -> None:
    """A mode, a link, a name, an empty folder, content, the format, the compression."""
    digests = [pack(source, bundle_type).digest for bundle_type in TYPES]
    digests += [pack(source, compression=compression).digest for compression in Compression]
    digests.remove(pack(source).digest)
    for change in (
        lambda: (source / "empty").chmod(0o755),
        (source / "link").unlink,
        lambda: (source / "link").symlink_to("empty"),
        lambda: (source / "text").rename(source / "texts"),
        (source / "folder").mkdir,
        lambda: (source / "noise").write_bytes(b"less"),
        lambda: (source / "noise").write_bytes(b"more"),
    ):
        change()
        digests.append(pack(source).digest)

    assert len(set(digests)) == len(digests)


def test_a_tar_does_not_depend_on_the_compression(source: Path) -> None:
    bundles = [pack(source, BundleType.TAR, compression) for compression in Compression]

    assert len({bundle.digest for bundle in bundles}) == 1
    assert [bundle.compression for bundle in bundles] == [None] * 3


TAR_PIN = "f29258657b7f87e7"
PINS = {
    "deflate 0.9.0 level 1, isa-l 2.32.1 level 1 on x86_64": {
        "tgz": "37f22d4517ca18a3",
        "zip": "9bfa8dbb0330ff85",
    },
    "deflate 0.9.0 level 1, deflate 0.9.0 level 3, isa-l 2.32.1 level 2, zlib-ng 2.3.3 level 4 on x86_64": {
        "tgz": "d96f0bbe797e433b",
        "zip": "5bf00a4630913764",
    },
    "deflate 0.9.0 level 7, zlib-ng 2.3.3 level 6 on x86_64": {
        "tgz": "df22936b7488de7f",
        "zip": "bcb0db9956d0eb2e",
    },
}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the pins are of x86-64's compressors")
@pytest.mark.parametrize("compression", list(Compression))
@pytest.mark.parametrize("bundle_type", TYPES)
def test_the_bytes_are_pinned(source: Path, bundle_type: BundleType, compression: Compression) -> None:
    """A library that makes other bytes has another name, which is in the digest: add its pin here.

    Where the name is the same but the bytes are not, the archive's layout changed: count up `_FORMAT`.
    """
    name = deflate.deflater(compression).name
    packed = archive(pack(source, bundle_type, compression, times=ONE_TIME))
    pin = TAR_PIN if bundle_type is BundleType.TAR else PINS.get(name, {}).get(bundle_type)

    assert hashlib.sha256(packed).hexdigest()[:16] == pin, name


@pytest.mark.parametrize("compression", [Compression.FAST, Compression.BALANCED])
def test_a_block_s_third_byte_is_hashed_like_the_others(compression: Compression) -> None:
    """ISA-L on its own hashes an address there: whether a repetition is found is luck."""
    repeated = bytes(range(0xE0, 0xF8))

    def size(start: int) -> int:
        """Bytes that blocks take in which something first stands at `start`."""
        noises = [hashlib.shake_256(bytes([number])).digest(900) for number in range(50)]
        texts = [bytes(byte & 0x7F for byte in noise) for noise in noises]
        blocks = [text[:start] + repeated + text[start:400] + repeated + text[400:] for text in texts]
        return sum(len(deflate.deflater(compression).block(block, last=False)) for block in blocks)

    assert size(2) <= max(size(1), size(3))


@pytest.mark.parametrize("compression", list(Compression))
def test_noise_is_stored_and_text_shrinks(source: Path, compression: Compression) -> None:
    with zipfile.ZipFile(BytesIO(archive(pack(source, compression=compression)))) as packed:
        noise, large = packed.getinfo("noise"), packed.getinfo("large")

    assert noise.compress_size < noise.file_size * 1.001
    assert large.compress_size < large.file_size / 2


@pytest.mark.parametrize("bundle_type", TYPES)
def test_progress_counts_files_and_bytes(source: Path, bundle_type: BundleType) -> None:
    bundle = pack(source, bundle_type)
    stream = bundle.chunks()

    for _ in stream:
        assert stream.files <= bundle.files
        assert stream.read <= bundle.unpacked_size
    assert (stream.files, stream.read) == (bundle.files, bundle.unpacked_size)


@pytest.mark.parametrize("bundle_type", TYPES)
@pytest.mark.parametrize("name", ["large", "text/ä"])
@pytest.mark.parametrize("change", ["same size", "shorter", "longer", "gone", "a folder", "a FIFO"])
def test_a_file_that_changes_in_between_is_named(
    source: Path, bundle_type: BundleType, name: str, change: str
) -> None:
    """Whether it is packed whole or in blocks."""
    bundle = pack(source, bundle_type)
    path = source / name
    content = path.read_bytes()
    path.write_bytes(
        {"same size": content[:-1] + b"?", "shorter": content[:-1], "longer": content + b"?"}.get(change, b"")
    )
    if change in {"gone", "a folder", "a FIFO"}:
        path.unlink()
    if change == "a folder":
        path.mkdir()
    if change == "a FIFO":
        os.mkfifo(path)

    with pytest.raises(InvalidBundle, match=f"`{name}` changed while it was packed"):
        archive(bundle)


def test_files_that_cannot_be_hashed_are_all_named(source: Path) -> None:
    tree = scan(source, repository=source, appspec="appspec.yml", exclude=[])
    (source / "large").unlink()
    (source / "text" / "ä").unlink()
    os.mkfifo(source / "text" / "ä")
    (source / "empty").write_bytes(b"no longer")
    (source / "noise").write_bytes(b"less")

    with pytest.raises(InvalidBundle) as caught:
        package(tree, bundle_type=BundleType.ZIP, compression=Compression.FAST)

    assert [problem.message for problem in caught.value.problems] == [
        "`empty` changed while it was packed.",
        "`large` changed while it was packed.",
        "`noise` changed while it was packed.",
        "`text/ä` changed while it was packed.",
    ]
    assert {problem.code for problem in caught.value.problems} == {"file-changed"}


def test_an_abandoned_stream_ends_its_threads(source: Path) -> None:
    """Nothing goes on reading after the first chunk was enough."""
    script = (
        "import sys, threading; from pathlib import Path; from tests.unit.test_package import pack;"
        "stream = pack(Path(sys.argv[1])).chunks(); next(stream); del stream;"
        "print(threading.active_count())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(source)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "1\n"


def test_a_ready_made_archive_is_sent_as_it_is(source: Path, tmp_path: Path) -> None:
    """Its digest is its own, and its size is known."""
    path = tmp_path / "app.zip"
    path.write_bytes(archive(pack(source)))
    tree = scan(source, repository=source, appspec="appspec.yml", exclude=[])

    bundle = ready_made(tree, str(path), BundleType.ZIP)

    assert archive(bundle) == path.read_bytes()
    assert bundle.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (bundle.size, bundle.compression) == (path.stat().st_size, None)


@pytest.mark.parametrize("change", [b"?", b""], ids=["longer", "same size"])
def test_a_ready_made_archive_that_changes_is_refused(source: Path, tmp_path: Path, change: bytes) -> None:
    path = tmp_path / "app.zip"
    path.write_bytes(archive(pack(source)))
    tree = scan(source, repository=source, appspec="appspec.yml", exclude=[])
    bundle = ready_made(tree, str(path), BundleType.ZIP)
    path.write_bytes(path.read_bytes()[: None if change else -1] + (change or b"?"))

    with pytest.raises(InvalidBundle, match="changed while it was packed"):
        archive(bundle)


def test_a_ready_made_archive_has_to_be_there(source: Path) -> None:
    tree = scan(source, repository=source, appspec="appspec.yml", exclude=[])

    with pytest.raises(InvalidBundle, match=r"missing\.zip` changed"):
        ready_made(tree, str(source / "missing.zip"), BundleType.ZIP)

    path = source / "app.zip"
    path.write_bytes(b"PK")
    bundle = ready_made(tree, str(path), BundleType.ZIP)
    path.unlink()
    with pytest.raises(InvalidBundle, match=r"app\.zip` changed"):
        archive(bundle)


def test_more_members_than_a_classic_zip_can_count(tmp_path: Path) -> None:
    """The records of zip64 stand at its end."""
    members = [Member(Entry(f"{number:05}", EntryKind.FOLDER, 0o755)) for number in range(0x10000)]

    packed = list(zipped.pack(members, deflate.deflater(Compression.FAST), start=hashlib.sha256, times={}))

    path = tmp_path / "x.zip"
    path.write_bytes(b"".join(piece.data for piece in packed))
    with zipfile.ZipFile(path) as opened:
        assert len(opened.namelist()) == 0x10000
    subprocess.run(["unzip", "-qt", path], check=True)


@pytest.mark.parametrize(
    ("module", "compression"),
    [("isal", "fast"), ("deflate", "balanced"), ("zlib_ng", "small"), ("blake3", "fast")],
)
def test_python_s_own_libraries_do_where_there_is_no_faster_one(
    source: Path, module: str, compression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under another digest, since the bytes of the archive, or of the digest itself, are others."""
    best = pack(source, compression=Compression(compression))
    monkeypatch.setitem(sys.modules, module, None)

    bundle = pack(source, compression=Compression(compression))

    assert bundle.digest != best.digest
    assert members(bundle) == members(best)


@pytest.mark.parametrize("length", [0, 1, 3, 64, 1000])
def test_checksums_are_combined_as_zlib_does(length: int) -> None:
    first, second = b"first" * 9, bytes(range(256)) * 4

    combined = checksums.combine_with_zlib(zlib.crc32(first), zlib.crc32(second[:length]), length)

    assert combined == zlib.crc32(first + second[:length])


def test_tar_names_that_ustar_cannot_hold(tmp_path: Path) -> None:
    """Long names, names and targets outside ASCII get pax headers."""
    deep = "/".join(["folder" * 10] * 5)
    (tmp_path / deep).mkdir(parents=True)
    (tmp_path / deep / "ü").touch()
    (tmp_path / "appspec.yml").touch()
    (tmp_path / "link").symlink_to(f"{deep}/ü")

    with tarfile.open(fileobj=BytesIO(archive(pack(tmp_path, BundleType.TAR)))) as packed:
        assert packed.getmember(f"{deep}/ü").isfile()
        assert packed.getmember("link").linkname == f"{deep}/ü"
