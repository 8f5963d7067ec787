"""Partition and console address of a region, derived from its name."""

from __future__ import annotations

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
