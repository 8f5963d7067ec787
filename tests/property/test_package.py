"""Whatever the tree: what is unpacked is what was packed."""

from __future__ import annotations

import os
import stat
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.bundle.package import package
from deployer.bundle.tree import scan
from deployer.bundle.work import BLOCK
from deployer.choices import Compression
from deployer.revision import BundleType

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = st.text(  # unzip takes a `;` at a name's end for VMS's versions, and drops it
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\;"), min_size=1, max_size=40
).filter(lambda name: name not in {".", "..", ".git", ".codedeployignore"} and len(name.encode()) < 200)
NOISE = st.tuples(st.binary(min_size=1, max_size=8), st.integers(0, 3 * BLOCK // 8)).map(
    lambda both: both[0] * both[1]
)
CONTENTS = st.one_of(st.binary(max_size=200), NOISE)
MODES = st.sampled_from([0o644, 0o755, 0o600, 0o700, 0o444, 0o640])
FILES = st.tuples(CONTENTS, MODES)
TREES = st.recursive(
    st.one_of(FILES, st.just("link")),
    lambda children: st.dictionaries(NAMES, children, max_size=6),
    max_leaves=30,
)
Shape = dict[str, tuple[str, int, bytes]]


def build(place: Path, tree: Any) -> None:  # noqa: ANN401 - nested as it comes
    """Make folders of dictionaries, files of pairs, links of the rest."""
    if isinstance(tree, dict):
        place.mkdir(exist_ok=True)
        for name, child in tree.items():
            build(place / name, child)
    elif isinstance(tree, tuple):
        place.write_bytes(tree[0])
        place.chmod(tree[1])
    else:
        place.symlink_to(".")


def shape(folder: Path) -> Shape:
    """Kind, mode and content of everything in a folder."""
    found: Shape = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        mode = stat.S_IMODE(status.st_mode)
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = ("link", 0, os.fsencode(path.readlink()))
        elif path.is_dir():
            found[name] = ("folder", 0, b"")
        else:
            found[name] = ("file", mode, path.read_bytes())
    return found


def by_unzip(archive: Path, folder: Path) -> None:
    subprocess.run(
        ["unzip", "-q", archive, "-d", folder], check=True, env={**os.environ, "LC_ALL": "C.UTF-8"}
    )


def by_tar(archive: Path, folder: Path) -> None:
    subprocess.run(["tar", "-xpf", archive, "-C", folder], check=True)


def by_tarfile(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="tar")


def by_zipfile(archive: Path, folder: Path) -> None:
    """Which restores neither modes nor links on its own."""
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            mode = info.external_attr >> 16
            if stat.S_ISLNK(mode):
                (folder / info.filename).symlink_to(opened.read(info).decode())
            else:
                opened.extract(info, folder)
                (folder / info.filename).chmod(stat.S_IMODE(mode))


UNPACKERS: dict[BundleType, list[Callable[[Path, Path], None]]] = {
    BundleType.ZIP: [by_unzip, by_zipfile],
    BundleType.TGZ: [by_tar],
    BundleType.TAR: [by_tarfile],
}


@settings(max_examples=20, deadline=None)
@given(tree=st.dictionaries(NAMES, TREES, max_size=8), compression=st.sampled_from(Compression))
def test_what_is_unpacked_is_what_was_packed(tree: dict[str, Any], compression: Compression) -> None:
    """By unzip, tar and Python: names, kinds, modes, links and contents."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        build(place / "source", tree | {"appspec.yml": (b"version: 0.0\n", 0o644)})
        packed = scan(place / "source", repository=place, appspec="appspec.yml", exclude=[])
        expected = shape(place / "source")
        for bundle_type, unpackers in UNPACKERS.items():
            archive = place / f"archive.{bundle_type}"
            bundle = package(packed, bundle_type=bundle_type, compression=compression)
            archive.write_bytes(b"".join(bundle.chunks()))
            for unpack in unpackers:
                folder = place / unpack.__name__
                folder.mkdir()

                unpack(archive, folder)

                assert shape(folder) == expected
