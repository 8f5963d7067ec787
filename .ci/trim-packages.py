"""Make an installation of the run-time requirements small: `trim-packages.py SITE-PACKAGES`.

botocore ships a model of every AWS service with its documentation, 28 MB of it; the product calls a handful.
What is kept answers as before: documentation strings are emptied rather than removed, because botocore looks
at the key in some models; the rules of endpoints lose their spaces too; the old endpoint table, which
botocore reads whenever it makes a client, loses the other services only.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import Any

# The services the product calls, and those that botocore's own credential providers call.
SERVICES = frozenset({"codedeploy", "signin", "sso", "sso-oidc", "sts"})

# Those for which the product brings a model of its few operations: of these only the rules of endpoints stay.
MODELLED = frozenset({"autoscaling", "ec2", "ecs", "lambda", "logs", "s3", "ssm"})

# Never read here: models of boto3's resources and what goes with them, pydantic's first version and plugin
# for mypy, recurring dates, transfers by processes, headers for C, time zones, the tests of others.
UNUSED = (
    "boto3/data",
    "boto3/dynamodb",
    "boto3/ec2",
    "boto3/examples",
    "pydantic/mypy.py",
    "pydantic/v1",
    "urllib3/contrib/emscripten",
    "dateutil/easter.py",
    "dateutil/rrule.py",
    "dateutil/zoneinfo/dateutil-zoneinfo.tar.gz",
    "s3transfer/processpool.py",
    "**/tests",
    "**/*.pyi",
    "**/*.pyx",
    "**/*.h",
)


def without_documentation(model: Any) -> Any:  # noqa: ANN401  any JSON value, and the same kind again
    """Return the same JSON value with every documentation string empty."""
    if isinstance(model, dict):
        return {
            key: "" if key == "documentation" and isinstance(value, str) else without_documentation(value)
            for key, value in model.items()
        }
    if isinstance(model, list):
        return [without_documentation(value) for value in model]
    return model


def trim_models(data: Path, services: frozenset[str]) -> set[str]:
    """Leave only `services` in botocore's data folder; the names that endpoints know them by come out.

    Raises `SystemExit` when one of the services is not there.
    """
    there = {folder.name for folder in data.iterdir() if folder.is_dir()}
    if missing := services - there:
        raise SystemExit(f"trim-packages: {data} has no {', '.join(sorted(missing))}")
    for name in there - services:
        shutil.rmtree(data / name)
    for path in data.glob("*/*/examples-*"):
        path.unlink()
    prefixes = set()
    for path in data.glob("*/*/*.json.gz"):
        model = without_documentation(json.loads(gzip.decompress(path.read_bytes())))
        path.unlink()
        if path.name == "service-2.json.gz":
            prefixes.add(model["metadata"]["endpointPrefix"])
            if path.parent.parent.name in MODELLED:
                continue
        path.with_suffix("").write_text(json.dumps(model, separators=(",", ":")), encoding="utf-8")
    return prefixes


def trim_endpoints(table: dict[str, Any], prefixes: set[str]) -> dict[str, Any]:
    """Return the endpoint table with the services of these prefixes only; partitions and regions stay."""
    return table | {
        "partitions": [
            partition
            | {"services": {name: entry for name, entry in partition["services"].items() if name in prefixes}}
            for partition in table["partitions"]
        ]
    }


def main(site_packages: Path) -> None:
    """Trim the packages installed in this folder."""
    data = site_packages / "botocore" / "data"
    prefixes = trim_models(data, SERVICES | MODELLED)
    endpoints = data / "endpoints.json"
    table = trim_endpoints(json.loads(endpoints.read_bytes()), prefixes)
    endpoints.write_text(json.dumps(table, separators=(",", ":")), encoding="utf-8")
    for pattern in UNUSED:
        for path in list(site_packages.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
