"""Ready-made archives that were made to harm: refused with a clear error, at a bounded cost."""

from __future__ import annotations

import gzip
import io
import lzma
import stat
import tarfile
import tracemalloc
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.rehearsal import rehearse
from tests.unit.test_preflight_archive import FILES, LINK, make_tar, make_zip, tar_info, write_zip, zip_info

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.rehearsal import Rehearsal

MEBIBYTE = 1 << 20
FILE = stat.S_IFREG | 0o644


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """None of it takes more than a few MiB."""
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 24 * MEBIBYTE


def deploy(path: Path) -> Rehearsal:
    return rehearse(path.parent, f"--source={path.name}")


def codes(path: Path) -> set[str]:
    ran = deploy(path)
    assert ran.code == 3, ran.log
    return {finding.code for finding in ran.findings if finding.severity == "error"}


@pytest.mark.parametrize("target", ["/etc", "../..", "app/../../.."])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_link_that_leads_out(kind: str, target: str, tmp_path: Path) -> None:
    """As in a folder, it stays a link, through which nothing is read."""
    if kind == "zip":
        members = [(zip_info(name, FILE), data) for name, data in FILES.items()]
        path = write_zip(tmp_path / "app.zip", [*members, (zip_info("l", LINK), target.encode())])
    else:
        path = make_tar(tmp_path / "app.tar", more=[tar_info("l", tarfile.SYMTYPE, target=target)])
    ran = deploy(path)
    assert ran.code == 0, ran.log
    assert ran.places("link-leaves-source") == [(path.name, None)]


def test_a_link_to_nothing_is_a_warning(tmp_path: Path) -> None:
    ran = deploy(make_tar(tmp_path / "app.tar", more=[tar_info("l", tarfile.SYMTYPE, target="gone")]))
    assert ran.code == 0
    assert ran.places("link-dangling") == [("app.tar", None)]


@pytest.mark.parametrize("target", ["/etc", "app"])
def test_a_member_below_a_link(target: str, tmp_path: Path) -> None:
    """It would be unpacked where the link leads, even if that is in the bundle."""
    more = [tar_info("l", tarfile.SYMTYPE, target=target), tar_info("l/x")]
    assert "archive-through-link" in codes(make_tar(tmp_path / "app.tar", more=more))


@pytest.mark.parametrize("target", ["../../etc/shadow", "/etc/shadow"])
def test_a_hard_link_that_leads_out(target: str, tmp_path: Path) -> None:
    more = [tar_info("l", tarfile.LNKTYPE, target=target)]
    assert codes(make_tar(tmp_path / "app.tar", more=more)) == {"archive-outside"}


@pytest.mark.parametrize("name", ["app/a\nb", "app/\x1b]52;c;\x07"])
def test_control_characters_in_a_name(name: str, tmp_path: Path) -> None:
    assert "bundle-name-control" in codes(make_zip(tmp_path / "app.zip", {**FILES, name: b""}))


def test_an_archive_of_xz_that_unpacks_to_gigabytes(tmp_path: Path) -> None:
    """Compression that tar finds out by itself is bounded like the one that the type names."""
    big = tar_info("app/big")
    big.size = 2 << 30
    path = tmp_path / "app.tar"
    path.write_bytes(lzma.compress(big.tobuf(), preset=0))
    assert codes(path) == {"archive-bomb"}


@pytest.mark.parametrize("kind", ["zip", "tgz"])
def test_a_name_of_thousands_of_folders(kind: str, tmp_path: Path) -> None:
    """Each of which would be an entry, with a name as long."""
    files = {"appspec.yml": b"version: 0.0\nos: linux\n", "a/" * 30_000 + "b": b""}
    path = tmp_path / f"app.{kind}"
    archive = make_zip(path, files) if kind == "zip" else make_tar(path, files, mode="w:gz")
    assert codes(archive) == {"name-unusable"}


@pytest.mark.parametrize("kind", ["zip", "tgz"])
@pytest.mark.parametrize("apart", [True, False])
def test_many_names_of_thousands_of_folders(kind: str, apart: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """A few kilobytes that name gigabytes of folders, or that lead through the same ones again and again."""
    names = [f"r{each if apart else ''}/{'a/' * 2000}f{each}" for each in range(100 if apart else 800)]
    files = {"appspec.yml": b"version: 0.0\nos: linux\n", **dict.fromkeys(names, b"")}
    path = tmp_path / f"app.{kind}"
    archive = make_zip(path, files) if kind == "zip" else make_tar(path, files, mode="w:gz")
    assert codes(archive) == {"archive-unreadable"}


@pytest.mark.parametrize("source", ["link.zip", "../app.zip", "{absolute}"])
def test_an_archive_outside_of_the_workspace(source: str, tmp_path: Path) -> None:
    """Given by a link, or by a path that leads out: as for a folder."""
    (tmp_path / "repository").mkdir()
    path = make_zip(tmp_path / "app.zip")
    (tmp_path / "repository" / "link.zip").symlink_to(path)
    ran = rehearse(tmp_path / "repository", f"--source={source.format(absolute=path)}")
    assert (ran.code, [finding.code for finding in ran.findings]) == (2, ["source-unusable"]), ran.log


@pytest.mark.parametrize("source", ["link.zip", "latest/app.zip"])
def test_an_archive_through_a_link(source: str, tmp_path: Path) -> None:
    """Also where it stays in the workspace: as for a folder."""
    (tmp_path / "build").mkdir()
    make_zip(tmp_path / "build" / "app.zip")
    (tmp_path / "link.zip").symlink_to("build/app.zip")
    (tmp_path / "latest").symlink_to("build")
    ran = rehearse(tmp_path, f"--source={source}")
    assert (ran.code, [finding.code for finding in ran.findings]) == (2, ["source-unusable"]), ran.log
    assert "Write `source: build/app.zip`" in ran.findings[0].message


def zeros(archive: zipfile.ZipFile, info: zipfile.ZipInfo, mebibytes: int) -> None:
    with archive.open(info, "w", force_zip64=True) as stream:
        for _ in range(mebibytes):
            stream.write(bytes(MEBIBYTE))


@pytest.mark.parametrize("honest", [True, False], ids=["declared", "hidden"])
def test_a_link_of_many_megabytes(honest: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """Whatever size the directory tells."""
    path = tmp_path / "app.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zip_info("appspec.yml", FILE), FILES["appspec.yml"])
        zeros(archive, zip_info("l", LINK), 64)
        if not honest:
            archive.getinfo("l").file_size = 100
    assert codes(path) & {"archive-link-target", "archive-unreadable"}


def test_a_zip_that_unpacks_to_terabytes(tmp_path: Path) -> None:
    path = tmp_path / "app.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zip_info("appspec.yml", FILE), FILES["appspec.yml"])
        archive.writestr(zip_info("big", FILE), b"")
        archive.getinfo("big").file_size = 1 << 42
    assert codes(path) == {"archive-bomb"}


def test_a_tgz_that_unpacks_to_terabytes(tmp_path: Path) -> None:
    """Told by the header, before any of it is unpacked."""
    info = tar_info("big")
    info.size = 1 << 42
    (tmp_path / "app.tgz").write_bytes(gzip.compress(info.tobuf() + bytes(1 << 16)))
    assert codes(tmp_path / "app.tgz") == {"archive-bomb"}


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_of_many_megabytes(kind: bytes, tmp_path: Path) -> None:
    info = tar_info("big", kind)
    info.size = 64 * MEBIBYTE
    with gzip.open(tmp_path / "app.tgz", "wb") as stream:
        stream.write(info.tobuf())
        for _ in range(64):
            stream.write(bytes(MEBIBYTE))
    assert codes(tmp_path / "app.tgz") == {"archive-unreadable"}


def test_a_tail_of_many_megabytes(tmp_path: Path) -> None:
    """After the last member, where tar expects zeros."""
    path = make_tar(tmp_path / "app.tgz", mode="w:gz")
    with path.open("ab") as stream:
        stream.write(gzip.compress(bytes(MEBIBYTE)) * 20)
    assert codes(path) == {"archive-bomb"}


@pytest.mark.parametrize("table", [b"x\n", b"1\nx\n", b"9" * 600, b"2\n0\n9\n"])
def test_a_malformed_sparse_file(table: bytes, tmp_path: Path) -> None:
    """Is an unreadable archive, and no bug of ours."""
    info = tar_info("sparse")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "9"}
    info.size = 512
    with tarfile.open(tmp_path / "app.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(table.ljust(512, b"\0")))
    assert codes(tmp_path / "app.tar") == {"archive-unreadable"}
