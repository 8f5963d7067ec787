"""Print one version's section of the change log: `release-notes.py 1.2.3 <CHANGELOG.md`."""

from __future__ import annotations

import re
import sys


def notes(changelog: str, version: str) -> str:
    """Return what stands below `## [version]` or `## version`, up to the next heading of that level.

    Raises `ValueError` when there is no such section, when there are two, or when it says nothing.
    """
    heading = re.compile(rf"^## \[?{re.escape(version)}\]?(?:\s.*)?$", re.MULTILINE)
    found = list(heading.finditer(changelog))
    if len(found) != 1:
        raise ValueError(f"the change log has {len(found)} sections for {version!r}, not one")
    section = re.split(r"^## ", changelog[found[0].end() :], maxsplit=1, flags=re.MULTILINE)[0].strip()
    if not section:
        raise ValueError(f"the change log says nothing about {version}")
    return f"{section}\n"


if __name__ == "__main__":
    try:
        sys.stdout.write(notes(sys.stdin.read(), *sys.argv[1:2] or [""]))
    except ValueError as error:
        raise SystemExit(f"release-notes: {error}") from None
