"""`python -m tests.chaos.record REPORT`: keep what the runs of a JUnit report came to, in seen.json.

What other runs came to stays; `make docs` then writes it into docs/reliability.md.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

SEEN = Path(__file__).with_name("seen.json")


def seen() -> dict[str, Any]:
    """What was seen: by campaign, row, column and moment."""
    kept: dict[str, Any] = json.loads(SEEN.read_text(encoding="utf-8")) if SEEN.is_file() else {}
    return kept


def keep(report: Path) -> int:
    """Add a report's runs to what was seen; returns their number."""
    kept, count = seen(), 0
    for element in ET.parse(report).iter("property"):  # noqa: S314 - pytest wrote it
        if element.get("name") == "chaos":
            *path, last, value = json.loads(element.get("value", ""))
            place = kept
            for step in path:
                place = place.setdefault(step, {})
            place[last] = value
            count += 1
    SEEN.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return count


if __name__ == "__main__":
    sys.stdout.write(f"Recorded {keep(Path(sys.argv[1]))} runs.\n")
