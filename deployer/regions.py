"""What a region's name tells: its partition, and where the console is."""

from __future__ import annotations

_PARTITIONS = (
    ("cn-", "aws-cn", "console.amazonaws.cn"),
    ("us-gov-", "aws-us-gov", "console.amazonaws-us-gov.com"),
    ("eusc-", "aws-eusc", "console.amazonaws-eusc.eu"),
    ("", "aws", "console.aws.amazon.com"),
)


def partition(region: str) -> str:
    """The partition of a region, such as `aws`, `aws-cn` or `aws-us-gov`."""
    return next(name for prefix, name, _ in _PARTITIONS if region.startswith(prefix))


def console(region: str) -> str:
    """The address of the console for a region, without a path."""
    domain = next(domain for prefix, _, domain in _PARTITIONS if region.startswith(prefix))
    return f"https://{region}.{domain}"
