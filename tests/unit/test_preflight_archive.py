"""Ready-made archives: opened by their content, seen as the agent unpacks them."""

from __future__ import annotations

import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from deployer.bundle.archive import open_archive
from deployer.bundle.contents import EntryKind
from deployer.errors import InvalidBundle
from deployer.preflight.check import check_bundle
from deployer.revision import BundleType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from deployer.bundle.archive import ArchiveContents
    from deployer.errors import Problem

APPSPEC = b"""version: 0.0
os: linux
files:
  - source: app
    destination: /srv/app
hooks:
  AfterInstall:
    - location: s/x.sh
"""
SH = b"#!/bin/sh\necho ok\n"
FILES = {"appspec.yml": APPSPEC, "app/a.txt": b"a\n", "s/x.sh": SH}
LINK = stat.S_IFLNK | 0o777


def mode_of(name: str) -> int:
    return 0o755 if name.endswith(".sh") else 0o644


def zip_info(
    name: str, attributes: int, *, system: int = 3, method: int = zipfile.ZIP_DEFLATED
) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = system
    info.external_attr = attributes << 16 | 0x20
    info.compress_type = method
    return info


def write_zip(path: Path, members: Iterable[tuple[zipfile.ZipInfo, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for info, data in members:
            archive.writestr(info, data)
    return path


def make_zip(path: Path, files: Mapping[str, bytes] = FILES, *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    return write_zip(
        path,
        [(zip_info(name, stat.S_IFREG | mode_of(name), method=method), data) for name, data in files.items()],
    )


def tar_info(
    name: str, kind: bytes = tarfile.REGTYPE, *, target: str = "", mode: int = 0o644
) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, target, mode
    return info


def make_tar(
    path: Path, files: Mapping[str, bytes] = FILES, *, mode: str = "w", more: Iterable[tarfile.TarInfo] = ()
) -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tar_info(name, mode=mode_of(name))
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in more:
            archive.addfile(info)
    return path


def make(kind: BundleType, folder: Path, files: Mapping[str, bytes] = FILES) -> Path:
    path = folder / f"app.{kind.extension}"
    if kind is BundleType.ZIP:
        return make_zip(path, files)
    return make_tar(path, files, mode="w:gz" if kind is BundleType.TGZ else "w")


def opened(path: Path) -> tuple[ArchiveContents, BundleType, list[str]]:
    contents, kind, problems = open_archive(path, repository=path.parent)
    return contents, kind, [problem.code for problem in problems]


def refused(path: Path) -> Problem:
    with pytest.raises(InvalidBundle) as caught:
        open_archive(path, repository=path.parent)
    (problem,) = caught.value.problems
    return problem


ARCHIVES = pytest.mark.parametrize("kind", [BundleType.ZIP, BundleType.TAR, BundleType.TGZ])


@ARCHIVES
def test_a_sound_archive(kind: BundleType, tmp_path: Path) -> None:
    contents, found, codes = opened(make(kind, tmp_path))
    assert (found, codes) == (kind, [])
    assert list(contents.entries) == ["app", "app/a.txt", "appspec.yml", "s", "s/x.sh"]
    script = contents.entries["s/x.sh"]
    assert (script.kind, script.mode, script.size) == (EntryKind.FILE, 0o755, len(SH))
    assert contents.entries["s"].kind is EntryKind.FOLDER
    assert contents.read("s/x.sh", 5) == SH[:5]
    assert contents.read("app/a.txt", 99) == b"a\n"
    assert contents.locate("s/x.sh") is None
    assert contents.exclusions == ()
    assert check_bundle(contents, bundle_type=found) == []
    with pytest.raises(KeyError):
        contents.read("app", 1)
    with pytest.raises(KeyError):
        contents.read("gone", 1)


@ARCHIVES
def test_the_only_folder_at_the_top_is_stripped_as_the_agent_does(kind: BundleType, tmp_path: Path) -> None:
    contents, _, _ = opened(make(kind, tmp_path, {f"app-1.2/{name}": data for name, data in FILES.items()}))
    assert check_bundle(contents) == []
    contents, _, _ = opened(
        make(kind, tmp_path, {"__MACOSX/x": b"", **{f"app/{name}": data for name, data in FILES.items()}})
    )
    (problem,) = check_bundle(contents)
    assert problem.message == (
        "There is no `appspec.yml` in the bundle, and the agent needs one at the bundle's root; there is "
        "app/appspec.yml."
    )
    assert problem.hint == "Package the folder app itself."
    contents, _, _ = opened(make(kind, tmp_path, {"app/a": b"", "b": b""}))
    (problem,) = check_bundle(contents)
    assert problem.message.endswith("the agent needs one at the bundle's root.")


@ARCHIVES
def test_findings_in_members_name_their_line_in_the_message(kind: BundleType, tmp_path: Path) -> None:
    contents, _, _ = opened(make(kind, tmp_path, {**FILES, "s/x.sh": b"#!/bin/sh\r\n"}))
    (problem,) = check_bundle(contents)
    assert (problem.code, problem.location) == ("hook-crlf-shebang", None)
    assert "line 8" in problem.message


@pytest.mark.parametrize(
    ("name", "mode", "found"),
    [
        ("app.zip", "w:gz", BundleType.TGZ),
        ("app.tgz", "w", BundleType.TAR),
        ("app.tar", "w:gz", BundleType.TGZ),
    ],
)
def test_the_type_follows_from_the_content(name: str, mode: str, found: BundleType, tmp_path: Path) -> None:
    _, kind, codes = opened(make_tar(tmp_path / name, mode=mode))
    assert (kind, codes) == (found, ["archive-type-mismatch"])


@pytest.mark.parametrize("name", ["app", "app.war", "release.tar.gz"])
def test_a_name_that_says_nothing_wrong(name: str, tmp_path: Path) -> None:
    assert opened(make_tar(tmp_path / name, mode="w:gz"))[2] == []


def test_what_is_no_archive(tmp_path: Path) -> None:
    for name, data in {"a.zip": b"", "b.zip": b"hello", "c.tar": b"\0" * 100}.items():
        (tmp_path / name).write_bytes(data)
        assert refused(tmp_path / name).code == "archive-unknown-type"
    (tmp_path / "x.tar").write_bytes(lzma.compress(b"hello"))
    assert refused(tmp_path / "x.tar").code == "archive-unreadable"
    (tmp_path / "x.tar").write_bytes(make_tar(tmp_path / "y.tar", mode="w:xz").read_bytes()[:-40])
    assert refused(tmp_path / "x.tar").code == "archive-unreadable"
    (tmp_path / "text.gz").write_bytes(gzip.compress(b"hello"))
    assert refused(tmp_path / "text.gz").code == "archive-unreadable"


@pytest.mark.parametrize(("mode", "method"), [("w:bz2", "bzip2"), ("w:xz", "xz")])
def test_a_compression_that_tar_finds_out_by_itself(mode: str, method: str, tmp_path: Path) -> None:
    contents, kind, problems = open_archive(make_tar(tmp_path / "app.tar", mode=mode), repository=tmp_path)
    assert kind is BundleType.TAR
    assert [(problem.code, problem.severity) for problem in problems] == [("archive-compression", "warning")]
    assert f"compressed with {method}" in problems[0].message
    assert contents.read("app/a.txt", 99) == b"a\n"
    assert check_bundle(contents, bundle_type=kind) == []


def test_a_name_that_is_in_the_archive_twice(tmp_path: Path) -> None:
    """The last one counts; a folder may come again."""
    path = make_tar(tmp_path / "app.tar", more=[tar_info("app", tarfile.DIRTYPE)] * 2)
    assert opened(path)[2] == []
    with tarfile.open(path, "a") as archive:
        info = tar_info("app/a.txt")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"new\n"))
    contents, _, codes = opened(path)
    assert codes == ["archive-duplicate"]
    assert contents.read("app/a.txt", 99) == b"new\n"


@ARCHIVES
def test_a_pointer_of_git_lfs(kind: BundleType, tmp_path: Path) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n".encode()
    other = pointer.replace(b"/v1", b"/v9")
    assert opened(make(kind, tmp_path, {**FILES, "app/x": pointer, "y": other}))[2] == ["git-lfs-pointer"]


@pytest.mark.parametrize(
    ("kind", "name", "severity"),
    [
        (tarfile.FIFOTYPE, "app/queue", "error"),
        (tarfile.FIFOTYPE, "queue", "warning"),
        (tarfile.BLKTYPE, "app/disk", "warning"),
    ],
)
def test_a_special_file_hangs_where_it_is_copied(
    kind: bytes, name: str, severity: str, tmp_path: Path
) -> None:
    contents, _, codes = opened(make_tar(tmp_path / "app.tar", more=[tar_info(name, kind)]))
    assert codes == []
    (problem,) = check_bundle(contents)
    assert problem.code in {"archive-special-file", "archive-special-member"}
    assert problem.severity == severity


@pytest.mark.parametrize(("top", "runas"), [(".", "deploy"), ("release", "deploy"), (".", "root")])
def test_the_mode_of_the_folder_that_all_is_unpacked_in(top: str, runas: str, tmp_path: Path) -> None:
    """Tar sets it where the archive was made of `.`, or of the one folder that the agent strips."""
    appspec = APPSPEC + f"      runas: {runas}\n".encode()
    files = {f"{top}/{name}": data for name, data in {**FILES, "appspec.yml": appspec}.items()}
    closed = tar_info(top, tarfile.DIRTYPE, mode=0o700)
    contents, _, _ = opened(make_tar(tmp_path / "app.tar", files, more=[closed]))
    assert [problem.code for problem in check_bundle(contents)] == ["hook-runas-mode"] * (runas != "root")


@ARCHIVES
@pytest.mark.parametrize("part", [0.3, 0.5, 0.7])
def test_a_truncated_archive_is_refused(kind: BundleType, part: float, tmp_path: Path) -> None:
    data = bytes(range(256)) * 40
    path = make(kind, tmp_path, {**FILES, "app/data": data, "app/more": data})
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part) + 1])
    assert refused(path).code == "archive-unreadable"


def test_a_tar_with_rubbish_instead_of_an_end(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "app.tar")
    content = path.read_bytes().rstrip(b"\0")
    path.write_bytes(content + b"\0" * (-len(content) % 512) + b"x" * 512)
    assert refused(path).code == "archive-unreadable"


def test_an_encrypted_zip(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "app.zip")
    content = bytearray(path.read_bytes())
    place = content.find(b"PK\x01\x02")
    content[place + 8] |= 1
    path.write_bytes(content)
    contents, _, codes = opened(path)
    assert codes == ["archive-encrypted"]
    (problem,) = check_bundle(contents)
    assert problem.code == "archive-unreadable"
    assert "appspec.yml in app.zip" in problem.message


@pytest.mark.parametrize(
    ("method", "code"),
    [
        (zipfile.ZIP_STORED, []),
        (zipfile.ZIP_DEFLATED, []),
        (zipfile.ZIP_BZIP2, ["archive-method-rare"]),
        (zipfile.ZIP_LZMA, ["archive-method"]),
    ],
)
def test_methods(method: int, code: list[str], tmp_path: Path) -> None:
    _, _, codes = opened(make_zip(tmp_path / "app.zip", method=method))
    assert codes == code


def test_a_method_that_only_newer_tools_know(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "app.zip")
    path.write_bytes(
        path.read_bytes().replace(b"PK\x01\x02\x14\x03\x14\0\0\0\x08", b"PK\x01\x02\x14\x03\x14\0\0\0\x5d")
    )
    _, _, problems = open_archive(path, repository=tmp_path)
    assert "compressed with Zstandard" in problems[0].message
    assert "(and 2 more)" in problems[0].message


def test_backslashes_in_a_tar_are_part_of_the_name(tmp_path: Path) -> None:
    contents, _, codes = opened(make_tar(tmp_path / "app", {**FILES, "app\\b.txt": b""}))
    assert not codes
    assert "app\\b.txt" in contents.entries


@ARCHIVES
@pytest.mark.parametrize(
    ("name", "code"),
    [("../b.txt", "archive-outside"), ("/etc/b.txt", "archive-outside")],
)
def test_names_that_do_not_unpack(kind: BundleType, name: str, code: str, tmp_path: Path) -> None:
    contents, _, codes = opened(make(kind, tmp_path, {**FILES, name: b""}))
    assert codes == [code]
    assert "../b.txt" not in contents.entries


def test_names_with_a_leading_dot_are_plain_names(tmp_path: Path) -> None:
    more = [tar_info(".", tarfile.DIRTYPE), tar_info("./empty", tarfile.DIRTYPE, mode=0o700)]
    path = make_tar(tmp_path / "a.tar", {f"./{name}": data for name, data in FILES.items()}, more=more)
    contents, _, codes = opened(path)
    assert codes == []
    assert "." not in contents.entries
    assert contents.entries["empty"].mode == 0o700


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_links_and_special_files_of_a_tar(mode: str, tmp_path: Path) -> None:
    more = [
        tar_info("link", tarfile.SYMTYPE, target="s/x.sh"),
        tar_info("out", tarfile.SYMTYPE, target="../../x"),
        tar_info("hard", tarfile.LNKTYPE, target="s/x.sh"),
        tar_info("dangling", tarfile.LNKTYPE, target="gone"),
        tar_info("queue", tarfile.FIFOTYPE),
    ]
    contents, _, codes = opened(make_tar(tmp_path / "app", mode=mode, more=more))
    assert codes == ["archive-link-without-target", "link-leaves-source"]
    assert (contents.entries["link"].kind, contents.entries["link"].target) == (EntryKind.LINK, "s/x.sh")
    assert contents.read("link", 99) == SH
    assert contents.read("hard", 99) == SH
    assert "dangling" not in contents.entries
    assert contents.entries["queue"].kind is EntryKind.SPECIAL
    with pytest.raises(KeyError):
        contents.read("out", 9)


def test_links_modes_and_special_files_of_a_zip(tmp_path: Path) -> None:
    members = [
        (zip_info("appspec.yml", stat.S_IFREG | 0o644), APPSPEC),
        (zip_info("now", LINK), b"app"),
        (zip_info("app/", stat.S_IFDIR | 0o750), b""),
        (zip_info("dos", 0, system=0), b""),
        (zip_info("bare", 0), b""),
        (zip_info("queue", stat.S_IFIFO | 0o644), b""),
    ]
    contents, _, codes = opened(write_zip(tmp_path / "app.zip", members))
    assert codes == ["archive-no-modes", "archive-special-zipped"]
    assert (contents.entries["now"].kind, contents.entries["now"].target) == (EntryKind.LINK, "app")
    assert contents.entries["app"].mode == 0o750
    assert contents.entries["dos"].mode == 0o644


@pytest.mark.parametrize(
    ("raw", "system", "name"),
    [(b"caf\xc3\xa9", 3, "café"), (b"caf\xe9", 3, "caf\udce9"), (b"caf\x82", 0, "café")],
)
def test_names_of_a_zip_without_the_unicode_flag(raw: bytes, system: int, name: str, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "app.zip", [(zip_info("n" * len(raw), 0o644, system=system), b"")])
    path.write_bytes(path.read_bytes().replace(b"n" * len(raw), raw))
    assert list(opened(path)[0].entries) == [name]


def test_a_name_that_is_not_utf8_is_reported(tmp_path: Path) -> None:
    contents, _, _ = opened(make_tar(tmp_path / "app.tar", {**FILES, "app/caf\udce9": b""}))
    (problem,) = check_bundle(contents)
    assert (problem.code, "app/caf\\xe9" in problem.message) == ("bundle-name-not-utf8", True)
    contents, _, _ = opened(make_tar(tmp_path / "app.tar", {**FILES, "doc/caf\udce9": b""}))
    (problem,) = check_bundle(contents)
    assert (problem.code, problem.severity) == ("bundle-name-not-utf8-unused", "warning")


def test_a_script_beyond_what_is_kept_in_memory_is_read_again(tmp_path: Path) -> None:
    data = b"#!/bin/sh\n" + b"#" * 200_000
    contents, _, _ = opened(make_tar(tmp_path / "app.tgz", {**FILES, "s/x.sh": data}, mode="w:gz"))
    assert contents.read("s/x.sh", 300_000) == data


def test_a_damaged_member_is_reported_when_it_is_read(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "app.zip", {"appspec.yml": APPSPEC}, method=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"os: linux", b"os: linuy"))
    (problem,) = check_bundle(opened(path)[0])
    assert problem.code == "archive-unreadable"
