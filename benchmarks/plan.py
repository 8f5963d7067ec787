"""`python -m benchmarks.plan`: what planning against a live bundle of 40,000 files takes, beside fetching it.

Fails when the plan takes more than a second or reads more than 5 MB; each time is the median of five rounds.
"""

from __future__ import annotations

import io
import random
import tempfile
import time
import zipfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from deployer.bundle.package import package
from deployer.bundle.tree import scan
from deployer.bundle.unzip import list_zip
from deployer.choices import Compression
from deployer.deployment.request import DeploymentRequest
from deployer.live.bundle import live_bundle
from deployer.live.group import Group, Record
from deployer.live.origin import Origin
from deployer.plan.sides import side_of_bundle, side_of_revision
from deployer.plan.stage import plan
from deployer.report.plan import lines, markdown
from deployer.revision import BundleType, S3Revision
from tests.s3 import S3Server

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.bundle.contents import Bundle

_PACKAGES: Final = 800
_FILES_EACH: Final = 50
_ROUNDS: Final = 5
_MOST_SECONDS: Final = 1.0
_MOST_BYTES: Final = 5_000_000
_BUCKET: Final = "bench"
_APPSPEC: Final = "version: 0.0\nos: linux\nfiles:\n  - source: /\n    destination: /srv/app\n"


def main() -> int:
    """Print the medians and return the exit status."""
    with tempfile.TemporaryDirectory() as folder, S3Server(Path(folder) / "s3") as server:
        root = Path(folder) / "tree"
        _grow(root)
        data = b"".join(_bundle(root).chunks())
        server.create_bucket(_BUCKET, versioned=True)
        s3 = server.client()
        stored = s3.put_object(Bucket=_BUCKET, Key="live.zip", Body=data)
        live = S3Revision(_BUCKET, "live.zip", BundleType.ZIP, stored["ETag"].strip('"'), stored["VersionId"])
        _change(root)
        new = _bundle(root)
        read: list[int] = []
        s3.meta.events.register(
            "after-call.s3.GetObject", lambda parsed, **_: read.append(parsed["ContentLength"])
        )

        def whole() -> None:
            body = s3.get_object(Bucket=_BUCKET, Key="live.zip")["Body"].read()
            list_zip(zipfile.ZipFile(io.BytesIO(body)))

        def planned() -> str:
            record = Record("d-ABCDEF123", "Succeeded", revision=live)
            made = plan(
                side_of_bundle(new),
                [(DeploymentRequest("web", "production"), Group("web", "production", live=record))],
                read=lambda revision: side_of_revision(revision, partial(live_bundle, s3=s3)),
                origin=Origin(),
                compare="",
                at=datetime.now(UTC),
            )
            return "\n".join([*lines(made, alone=True), str(len(markdown(made)))])

        fetching = _median(whole)
        read.clear()
        planning = _median(planned)
        fetched = sum(read) // _ROUNDS
        print(planned())
    print(f"{len(new.contents.entries):,} entries in {len(data) / 1e6:.1f} MB")
    print(f"plan {planning:.2f} s and {fetched / 1e6:.1f} MB, fetching and listing it whole {fetching:.2f} s")
    return int(planning > _MOST_SECONDS or fetched > _MOST_BYTES)


def _grow(root: Path) -> None:
    """Make files with names as long as those of `node_modules`, and content that hardly shrinks."""
    chance = random.Random(1)  # noqa: S311 - no secret
    for number in range(_PACKAGES):
        folder = root / "node_modules" / f"package-{number}" / "dist" / "internal"
        folder.mkdir(parents=True)
        for file in range(_FILES_EACH):
            (folder / f"observable-module-{file}.js").write_bytes(chance.randbytes(1_000))
    (root / "appspec.yml").write_text(_APPSPEC)


def _change(root: Path) -> None:
    package_ = root / "node_modules" / "package-7" / "dist" / "internal"
    (package_ / "observable-module-1.js").write_text("changed")
    (package_ / "observable-module-2.js").unlink()
    (root / "appspec.yml").write_text(_APPSPEC.replace("/srv/app", "/srv/web"))


def _bundle(root: Path) -> Bundle:
    tree = scan(Path(), repository=root, appspec="appspec.yml", exclude=[])
    return package(tree, bundle_type=BundleType.ZIP, compression=Compression.FAST)


def _median(run: Callable[[], object]) -> float:
    times = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return median(times)


if __name__ == "__main__":
    raise SystemExit(main())
