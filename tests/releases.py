"""What the examples' groups run when the emulator starts: the releases of yesterday, as objects in S3."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.bundle.package import package
from deployer.bundle.tree import scan
from deployer.choices import APPSPEC, Compression
from deployer.revision import BundleType
from tests.emulator.world import first_revision
from tests.protocol.steps import DEPLOYED

if TYPE_CHECKING:
    from tests.s3 import S3Server

EXAMPLES = Path(__file__).parent.parent / "examples"


def release(s3: S3Server) -> None:
    """Put yesterday's release of each example into the bucket that its group had it from."""
    client = s3.client()
    for platform, bundle in {"Server": _hello_web(), "Lambda": _shop_lambda(), "ECS": _shop_ecs()}.items():
        place = first_revision(DEPLOYED[platform]["INPUT_APPLICATION"], platform)["s3Location"]
        if place["bucket"] not in {each["Name"] for each in client.list_buckets()["Buckets"]}:
            s3.create_bucket(place["bucket"], versioned=True)
        client.put_object(Bucket=place["bucket"], Key=place["key"], Body=bundle)


def _hello_web() -> bytes:
    """A page without style, a page that is gone today, and half the patience with the server's start."""
    with tempfile.TemporaryDirectory() as folder:
        app = shutil.copytree(EXAMPLES / "hello-web", Path(folder) / "hello-web")
        (app / "public" / "style.css").unlink()
        (app / "public" / "soon.html").write_text("<!doctype html>\n<title>Coming soon</title>\n")
        for name, today, before in (
            ("public/index.html", '    <link rel="stylesheet" href="style.css">\n', ""),
            ("scripts/validate_service.sh", "{1..30}", "{1..15}"),
            (APPSPEC, "timeout: 120", "timeout: 60"),
        ):
            (app / name).write_text(_replaced(app / name, today, before), encoding="utf-8")
        tree = scan(app, repository=app, appspec=APPSPEC, exclude=[])
        bundle = package(tree, bundle_type=BundleType.ZIP, compression=Compression.BALANCED)
        return b"".join(bundle.chunks())


def _shop_lambda() -> bytes:
    """The version before, with the one that it replaced, as it was looked up."""
    text = _replaced(EXAMPLES / "shop-lambda" / APPSPEC, "<VERSION>", "7")
    return text.replace("Properties:\n", 'Properties:\n        CurrentVersion: "6"\n').encode()


def _shop_ecs() -> bytes:
    """The task definition's revision before."""
    before = "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7"
    return _replaced(EXAMPLES / "shop-ecs" / APPSPEC, "<TASK_DEFINITION>", before).encode()


def _replaced(path: Path, today: str, before: str) -> str:
    text = path.read_text(encoding="utf-8")
    assert today in text, f"{path} says no longer {today!r}"
    return text.replace(today, before)
