"""`python -m benchmarks.preflight`: what checking 30,000 files costs beside packaging them.

Fails when the check takes more than a tenth of packaging; each is the median of five rounds.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from deployer.bundle.package import package
from deployer.bundle.tree import scan
from deployer.choices import Compression
from deployer.preflight.check import check_bundle
from deployer.revision import BundleType

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.bundle.tree import Tree

_FOLDERS: Final = 300
_FILES_EACH: Final = 100
_ROUNDS: Final = 5
_SHARE: Final = 0.1
_APPSPEC: Final = """\
version: 0.0
os: linux
files:
  - source: /
    destination: /srv/app
  - source: conf/web.conf
    destination: /etc/web
permissions:
  - object: /srv/app
    owner: root
    mode: "644"
    type: [file]
    except: [appspec.yml]
  - object: /srv/app
    mode: "755"
    type: [directory]
hooks:
  AfterInstall:
    - location: scripts/install.sh
  ApplicationStart:
    - location: scripts/start.sh
"""


def main() -> int:
    """Print the medians and return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        tree = _tree(Path(folder))
        checking = _median(lambda: check_bundle(tree))
        packaging = _median(lambda: _package(tree))
        print(f"{len(tree.entries)} entries: check {checking:.3f} s, package {packaging:.3f} s")
        print(f"the check costs {checking / packaging:.1%} of packaging")
        assert check_bundle(tree) == []
    return int(checking > _SHARE * packaging)


def _tree(root: Path) -> Tree:
    for number in range(_FOLDERS):
        folder = root / "lib" / f"package{number}" / "src"
        folder.mkdir(parents=True)
        for file in range(_FILES_EACH):
            (folder / f"module{file}.js").write_text(f"exports.value = {number * file};\n" * 40)
    for name in ("scripts/install.sh", "scripts/start.sh", "conf/web.conf"):
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/bash\nset -e\n" + "echo still here\n" * 200)
        path.chmod(0o755)
    (root / "appspec.yml").write_text(_APPSPEC)
    return scan(Path(), repository=root, appspec="appspec.yml", exclude=[])


def _package(tree: Tree) -> None:
    for _ in package(tree, bundle_type=BundleType.ZIP, compression=Compression.FAST).chunks():
        pass


def _median(work: Callable[[], object]) -> float:
    took = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return median(took)


if __name__ == "__main__":
    raise SystemExit(main())
