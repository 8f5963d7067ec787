"""The sizes of the campaign: how much a run deploys, to how many targets, and its exit code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Size:
    """So many files of random bytes besides the AppSpec, and targets, of which one in ten may fail."""

    files: int = 1
    file_bytes: int = 100
    targets: int = 1
    failing: bool = False
    expected: int = 0


SIZES = {
    "an empty file": Size(file_bytes=0),
    "10,000 empty files": Size(files=10_000, file_bytes=0),
    "10,000 files": Size(files=10_000),
    "a file of one part": Size(file_bytes=4 << 20),
    "a file of three parts": Size(file_bytes=12 << 20),
    "no target": Size(targets=0),
    "1,000 targets": Size(targets=1_000),
    "1,000 targets, one in ten fails": Size(targets=1_000, failing=True, expected=10),
    "10,000 targets": Size(targets=10_000),
    "10,000 targets, one in ten fails": Size(targets=10_000, failing=True, expected=10),
}
