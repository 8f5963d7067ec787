"""Files that another process of the job changes while they are packed, with the worst intentions."""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING

import pytest

from deployer.bundle.ignore import IgnoreRule, IgnoreRules
from deployer.bundle.package import package
from deployer.bundle.reading import Opener, read_start
from deployer.bundle.times import TimeRange
from deployer.bundle.tree import scan
from deployer.bundle.walk import Walk
from deployer.choices import Compression
from deployer.errors import InvalidBundle
from deployer.preflight.check import check_bundle
from deployer.revision import BundleType
from tests.rehearsal import rehearse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deployer.bundle.contents import Bundle

SECRET = b"only outside"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A workspace with a file in a folder; outside of it is a folder that looks the same."""
    for folder in ("outside", "repository/fill/d"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "outside" / "file").write_bytes(SECRET)
    (tmp_path / "repository" / "fill" / "d" / "file").write_bytes(b"x" * len(SECRET))
    (tmp_path / "repository" / "appspec.yml").write_text("version: 0.0\n")
    return tmp_path / "repository"


def swap(repository: Path, folder: str = "fill/d") -> None:
    """Put a link to the folder outside of the workspace in the place of a folder."""
    (repository / folder).rename(repository.parent / "moved")
    (repository / folder).symlink_to(repository.parent / "outside")


def pack(repository: Path, kind: BundleType = BundleType.ZIP) -> Bundle:
    tree = scan(repository, repository=repository, appspec="appspec.yml", exclude=[])
    return package(tree, bundle_type=kind, compression=Compression.FAST)


class Swapping(IgnoreRules):
    """Rules at whose question about a folder, after it was listed, somebody swaps it."""

    def __init__(self, repository: Path) -> None:
        super().__init__([])
        self.rules = (IgnoreRule.__new__(IgnoreRule),)
        self._repository = repository

    def decide(self, path: bytes, *, folder: bool) -> IgnoreRule | None:
        """No rule decides."""
        if folder and path == b"fill/d":
            swap(self._repository)
        return None


def test_a_folder_that_becomes_a_link_before_the_descent(repository: Path) -> None:
    """What it links to is not looked into."""
    walk = Walk(repository, repository, Swapping(repository), TimeRange())
    walk.run()
    assert "fill/d/file" not in walk.entries
    assert [problem.code for problem in walk.problems] == ["file-changed"]


@pytest.mark.parametrize("folder", ["fill", "fill/d"])
def test_a_folder_that_becomes_a_link_before_hashing(repository: Path, folder: str) -> None:
    (repository.parent / "outside" / "d").mkdir()
    (repository.parent / "outside" / "d" / "file").write_bytes(SECRET)
    tree = scan(repository, repository=repository, appspec="appspec.yml", exclude=[])
    swap(repository, folder)
    with pytest.raises(InvalidBundle, match="fill/d/file` changed"):
        package(tree, bundle_type=BundleType.ZIP, compression=Compression.FAST)


def test_a_folder_that_becomes_a_link_before_packing(repository: Path) -> None:
    """Even when the file in it is the same."""
    (repository.parent / "outside" / "file").write_bytes(b"x" * len(SECRET))
    bundle = pack(repository)
    swap(repository)
    with pytest.raises(InvalidBundle, match="fill/d/file` changed"):
        b"".join(bundle.chunks())


def test_a_file_that_goes_before_it_is_checked(repository: Path) -> None:
    """Is told as any other problem of the bundle."""
    hook = "hooks:\n  AfterInstall:\n    - location: run.sh\n"
    (repository / "appspec.yml").write_text(f"version: 0.0\nos: linux\n{hook}")
    (repository / "run.sh").write_text("#!/bin/sh\n")
    tree = scan(repository, repository=repository, appspec="appspec.yml", exclude=[])
    (repository / "run.sh").unlink()
    assert "file-changed" in {problem.code for problem in check_bundle(tree)}


def forged(content: bytes, beginning: bytes) -> bytes:
    """Another content with the same length and CRC-32: its last four bytes solve 32 linear equations."""
    text = beginning.ljust(len(content) - 4, b"!")
    empty = zlib.crc32(text + bytes(4))
    wanted = zlib.crc32(content) ^ empty
    basis: dict[int, tuple[int, int]] = {}
    for bit in range(32):
        effect, used = zlib.crc32(text + (1 << bit).to_bytes(4, "little")) ^ empty, 1 << bit
        while effect and effect.bit_length() in basis:
            other, others = basis[effect.bit_length()]
            effect, used = effect ^ other, used ^ others
        basis[effect.bit_length()] = effect, used
    solution = 0
    while wanted:
        effect, used = basis[wanted.bit_length()]
        wanted, solution = wanted ^ effect, solution ^ used
    return text + solution.to_bytes(4, "little")


@pytest.mark.parametrize("kind", [BundleType.ZIP, BundleType.TGZ])
@pytest.mark.parametrize("size", [400, 3_000_000])
def test_a_forged_checksum_does_not_pass(repository: Path, kind: BundleType, size: int) -> None:
    """The second reading is held to the cryptographic hash of the first."""
    file = repository / "fill" / "d" / "file"
    file.write_bytes(b"good ".ljust(size, b"."))
    bundle = pack(repository, kind)
    evil = forged(file.read_bytes(), b"evil ")
    assert (len(evil), zlib.crc32(evil)) == (size, zlib.crc32(file.read_bytes()))
    file.write_bytes(evil)
    with pytest.raises(InvalidBundle, match="fill/d/file` changed"):
        b"".join(bundle.chunks())


def test_no_link_is_followed_anywhere_on_the_way(repository: Path) -> None:
    """Nor is anything but a regular file read; every descriptor is closed."""
    swap(repository)
    (repository / "file").symlink_to("fill/d/file")
    for name in ("fill/d/file", "file", "fill", "gone/file"):
        with pytest.raises(OSError, match=r"\["):
            read_start(str(repository / name), 10)
    with Opener() as opener, pytest.raises(NotADirectoryError):
        opener.open(str(repository / "fill" / "d" / "file"))


@pytest.mark.parametrize("exclude", ["", ".codedeployignore", ".*"])
def test_patterns_that_are_a_link_are_not_read(repository: Path, exclude: str) -> None:
    """Whose lines the log would show; leaving the link out of the bundle changes nothing about that."""
    (repository / ".codedeployignore").symlink_to(repository.parent / "outside" / "file")
    ran = rehearse(repository, f"--exclude={exclude}")
    assert (ran.code, ran.places("ignore-file-unusable")) == (3, [(".codedeployignore", None)])
    assert SECRET.decode() not in ran.log


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (os.mkfifo, "not a regular file"),
        (os.mkdir, "not a regular file"),
        (lambda path: path.write_bytes(b"#" * ((1 << 20) + 1)), "larger than 1 MiB"),
        (lambda path: path.write_bytes(b"a\n" * 10_001), "more than 10,000 lines"),
        (lambda path: path.write_bytes(b"a*" * 2_049), "a line of more than 4096 bytes"),
    ],
    ids=["pipe", "folder", "large", "many", "long"],
)
def test_patterns_that_are_no_text_of_people(
    repository: Path, make: Callable[[Path], object], why: str
) -> None:
    make(repository / ".codedeployignore")
    ran = rehearse(repository)
    assert (ran.code, why in ran.log) == (3, True), ran.log


@pytest.mark.parametrize("target", ["../outside/file", "/proc/self/environ"])
def test_an_appspec_that_is_a_link_out_of_the_workspace(repository: Path, target: str) -> None:
    (repository / "appspec.yml").unlink()
    (repository / "appspec.yml").symlink_to(target)
    ran = rehearse(repository)
    assert ran.code == 3
    assert ran.places("appspec-missing")
    assert SECRET.decode() not in ran.log
