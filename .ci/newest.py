"""Say whether a release may take a moving name: `newest.py 1.2.3 <TAGS` prints `true` or `false`.

TAGS are the existing tags, one per line. `v1` and the image's `:1` only ever move forward: a fix for an
older minor version gets its own tag alone.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

VERSION = re.compile(r"(?:refs/tags/)?v?(\d+)\.(\d+)\.(\d+)")


def newest(version: str, tags: Iterable[str]) -> bool:
    """Return whether no tag of the same major version is higher; raises ValueError for no version."""
    if not (match := VERSION.fullmatch(version)):
        raise ValueError(f"not a version: {version!r}")
    own = [int(part) for part in match.groups()]
    found = [[int(part) for part in tag.groups()] for tag in map(VERSION.fullmatch, tags) if tag]
    return all(other <= own for other in found if other[0] == own[0])


if __name__ == "__main__":
    try:
        names = [line.split()[-1] for line in sys.stdin if line.strip()]
        sys.stdout.write(f"{str(newest(next(iter(sys.argv[1:]), ''), names)).lower()}\n")
    except ValueError as error:
        raise SystemExit(f"newest: {error}") from None
