"""Regions: the known ones, and the partition and console address of any, derived from its name."""

from __future__ import annotations

REGIONS = frozenset(
    f"{area}-{place}"
    for area, places in {
        "af": "south-1",
        "ap": "east-1 east-2 northeast-1 northeast-2 northeast-3 south-1 south-2 southeast-1 southeast-2 "
        "southeast-3 southeast-4 southeast-5 southeast-6 southeast-7",
        "ca": "central-1 west-1",
        "cn": "north-1 northwest-1",
        "eu": "central-1 central-2 north-1 south-1 south-2 west-1 west-2 west-3",
        "eu-isoe": "west-1",
        "eusc-de": "east-1",
        "il": "central-1",
        "me": "central-1 south-1",
        "mx": "central-1",
        "sa": "east-1",
        "us": "east-1 east-2 west-1 west-2",
        "us-gov": "east-1 west-1",
        "us-iso": "east-1 west-1",
        "us-isob": "east-1 west-1",
        "us-isof": "east-1 south-1",
    }.items()
    for place in places.split()
)
"""The regions of S3 or CodeDeploy that the SDK lists; AWS adds some each year, so others may exist."""

_PARTITIONS = (
    ("cn-", "aws-cn", "console.amazonaws.cn"),
    ("us-gov-", "aws-us-gov", "console.amazonaws-us-gov.com"),
    ("eusc-", "aws-eusc", "console.amazonaws-eusc.eu"),
    ("", "aws", "console.aws.amazon.com"),
)


def partition(region: str) -> str:
    """Return the partition of a region, such as `aws`, `aws-cn` or `aws-us-gov`."""
    return next(name for prefix, name, _ in _PARTITIONS if region.startswith(prefix))


def console(region: str) -> str:
    """Return the console's address for a region, without a path."""
    domain = next(domain for prefix, _, domain in _PARTITIONS if region.startswith(prefix))
    return f"https://{region}.{domain}"
