"""Models of the few operations that the product uses of large services, taken from botocore's own.

Reading EC2's whole model takes a quarter of a second, in each run; one operation of it takes 10 ms.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MODELS = Path(__file__).parents[1] / "deployer" / "aws" / "models"
OPERATIONS = {
    "autoscaling": ["DescribeAutoScalingGroups"],
    "ec2": ["DescribeInstances"],
    "ecs": ["DescribeServices", "DescribeTaskDefinition"],
    "lambda": ["GetAlias"],
    "logs": ["FilterLogEvents"],
    "s3": [
        *("HeadBucket", "HeadObject", "GetObject", "PutObject"),  # the first to find a bucket's region
        *("CreateMultipartUpload", "UploadPart", "UploadPartCopy"),
        *("CompleteMultipartUpload", "AbortMultipartUpload"),
    ],
    "ssm": ["DescribeInstanceInformation"],
}


def files() -> dict[Path, str]:
    """Each model's file and what should stand in it."""
    found = {}
    for service, operations in OPERATIONS.items():
        path = max(Path(botocore.__file__).parent.glob(f"data/{service}/*/service-2.json.gz"))
        model = reduced(json.loads(gzip.decompress(path.read_bytes())), operations)
        text = json.dumps(model, separators=(",", ":"), sort_keys=True)
        found[MODELS / service / path.parent.name / "service-2.json"] = f"{text}\n"
    return found


def reduced(model: Mapping[str, Any], operations: Iterable[str]) -> dict[str, Any]:
    """The model of these operations with the shapes that they refer to, without documentation."""
    kept = {name: _plain(model["operations"][name]) for name in operations}
    shapes: dict[str, Any] = {}
    wanted = list(_references(kept))
    while wanted:
        name = wanted.pop()
        if name not in shapes:
            shapes[name] = _plain(model["shapes"][name])
            wanted += _references(shapes[name])
    return {**model, "documentation": "", "operations": kept, "shapes": shapes, "examples": {}}


def _references(value: Any) -> Iterable[str]:  # noqa: ANN401 - any JSON value
    """The names of shapes anywhere in a value."""
    if isinstance(value, dict):
        if isinstance(value.get("shape"), str):
            yield value["shape"]
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value, and the same kind again
    """The same without documentation; botocore wants the key of an operation."""
    if isinstance(value, dict):
        return {
            key: _plain(each)
            for key, each in value.items()
            if key != "documentation" or not isinstance(each, str)
        }
    return [_plain(each) for each in value] if isinstance(value, list) else value
