"""What the samples of mutants came to, kept in score.json, and as a table.

equivalent.json says of mutants that survive why no test can notice them.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGES: Final = ("appspec", "bundle", "ci", "deployment", "preflight", "s3")

_SCORE = Path(__file__).with_name("score.json")
_EQUIVALENT = Path(__file__).with_name("equivalent.json")
_Z = 1.96  # the normal distribution's, for 95 %


def keep(package: str, mutants: int, seed: str, noticed: Mapping[str, bool]) -> None:
    """Keep what became of a package's sample; `noticed` are by the change that a mutant makes.

    What was noticed when a sample was first recorded stays beside it: later tests were made for the others.
    """
    kept: dict[str, Any] = _read(_SCORE)
    before = kept.get(package, {})
    survivors = sorted(change for change, found in noticed.items() if not found)
    count = len(noticed) - len(survivors)
    kept[package] = {
        "mutants": mutants,
        "seed": seed,
        "tried": len(noticed),
        "first": before["first"] if before.get("seed") == seed else [count, len(noticed)],
        "survivors": survivors,
    }
    _SCORE.write_text(json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def rows() -> list[list[str]]:
    """A row for each package: mutants, tried, noticed at first and now, equivalent, score, interval."""
    equivalent, found = _read(_EQUIVALENT), []
    for package, kept in _read(_SCORE).items():
        same = sum(change in equivalent for change in kept["survivors"])
        tried, noticed = kept["tried"] - same, kept["tried"] - len(kept["survivors"])
        low, high = _interval(noticed, tried)
        first = "{} of {}".format(*kept["first"])
        counts = [f"{kept['mutants']:,}", str(kept["tried"]), first, str(noticed), str(same)]
        found.append([f"`{package}`", *counts, f"{noticed / tried:.0%}", f"{low:.0%} to {high:.0%}"])
    return found


def _interval(hits: int, count: int) -> tuple[float, float]:
    """Wilson's interval for a share, at 95 %."""
    share, z2 = hits / count, _Z**2 / count
    middle = share + z2 / 2
    half = _Z * math.sqrt(share * (1 - share) / count + z2 / (4 * count))
    return (middle - half) / (1 + z2), (middle + half) / (1 + z2)


def _read(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return data
