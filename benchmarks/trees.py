"""The trees to deploy, made once under `build/bench` from what the registries have."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY: Final = Path(__file__).parents[1]
CACHE: Final = REPOSITORY / "build" / "bench"
_APPSPEC: Final = "version: 0.0\nos: linux\nfiles:\n  - source: /\n    destination: /srv/app\n"
_WHEELS: Final = (
    "duckdb==2.0.0",
    "llvmlite==0.50.0",
    "numpy==2.4.6",
    "onnxruntime==1.32.0",
    "opencv-python-headless==5.0.0.93",
    "polars-runtime-32==2.1.0",
    "pyarrow==26.0.1",
    "scipy==1.17.1",
)
_KEPT_WHEELS: Final = ("duckdb", "polars", "scipy")


def small() -> Path:
    """A small application: the example, and this repository's own code as its library."""
    tree = _fresh("small")
    shutil.copytree(REPOSITORY / "examples" / "hello-web", tree, dirs_exist_ok=True)
    shutil.copytree(
        REPOSITORY / "deployer",
        tree / "lib",
        ignore=shutil.ignore_patterns("__pycache__"),
        dirs_exist_ok=True,
    )
    return tree


def node() -> Path:
    """A `node_modules` of about 40,000 files; npm's lock file keeps it the same."""
    return _once("node", _install_node)


def large() -> Path:
    """About 1 GB of shared objects, and a few wheels as they are."""
    return _once("large", _unpack_wheels)


def _fresh(name: str) -> Path:
    tree = CACHE / name
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    return tree


def _once(name: str, fill: Callable[[Path], None]) -> Path:
    tree = CACHE / name
    if not (tree / "appspec.yml").exists():
        fill(_fresh(name))
        (tree / "appspec.yml").write_text(_APPSPEC)
    return tree


def _install_node(tree: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(Path(__file__).with_name(name), tree)
    command = "npm ci --ignore-scripts --no-audit --no-fund --legacy-peer-deps --loglevel error"
    subprocess.run(command.split(), cwd=tree, check=True)


def _unpack_wheels(tree: Path) -> None:
    wheels = tree / "wheels"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--only-binary", ":all:", "--dest", str(wheels)]
    subprocess.run([*pip, *options, *_WHEELS], check=True)
    for wheel in sorted(wheels.iterdir()):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(tree / wheel.name.partition("-")[0])
        if not wheel.name.startswith(_KEPT_WHEELS):
            wheel.unlink()
