"""Text for people: sizes, durations, counts, names and texts from elsewhere, and which name was meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Sized


_COLORS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_HIDDEN = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f"  # control characters but the tab
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f"  # without width
    "\u2060-\u206f\u3164\ufeff\uffa0"
    "\u2028-\u202e\ufff9-\ufffb\U000e0000-\U000e0fff"  # line ends, directions of writing, tags
    "\ud800-\udfff]"  # halves of characters
)

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_KILO = 1000
_WHOLE = 100
_ALIKE = 0.7  # difflib's ratio; below it, suggestions are far-fetched
_LONGEST_WORD = 200  # characters that are compared with other names


def legible(name: str) -> str:
    r"""Return a file's name of any bytes as text: `caf\xe9` where it is not UTF-8."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the most similar of the known words whatever its case, empty when none is similar."""
    return next(iter(similar(word, known)), "")


def similar(word: str, known: Iterable[str], *, most: int = 1) -> list[str]:
    """Return those of the known words that are like a word whatever its case, the most similar first."""
    from difflib import get_close_matches

    by_lower = {name.lower(): name for name in known}
    return [
        by_lower[match]
        for match in get_close_matches(word[:_LONGEST_WORD].lower(), by_lower, n=most, cutoff=_ALIKE)
    ]


def did_you_mean(name: str, otherwise: str = "") -> str:
    """Return the question whether `name` was meant, or what to say `otherwise` when it is empty."""
    return f"Did you mean {name}?" if name else otherwise


def size(count: float) -> str:
    """Format bytes in decimal units with three digits: `34.2 kB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < _KILO:
            return f"{count:.0f} {unit}" if unit == "B" or count >= _WHOLE else f"{count:.1f} {unit}"
        count /= _KILO
    return f"{count:.1f} TB"


def duration(seconds: float) -> str:
    """Format seconds for readers: `0.4s`, `12s`, `3m 05s`, `1h 02m`."""
    if seconds < 1:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m {whole % _MINUTE:02}s"
    return f"{whole // _HOUR}h {whole % _HOUR // _MINUTE:02}m"


def cut(text: str, limit: int) -> str:
    """Truncate a text to so many characters, with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def age(seconds: float) -> str:
    """Return a time that has passed in its largest whole unit: `12 minutes`, `2 days`."""
    units = ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"))
    parts = (counted(int(seconds // unit), noun) for unit, noun in units if seconds >= unit)
    return next(parts, "less than a minute")


def counted(count: int, noun: str) -> str:
    """Format a number with its noun, in the plural if needed: `1 file`, `2 files`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def first_few(names: Sequence[str], most: int = 3) -> str:
    """List the first names of many, and how many more there are: `a, b, c and 4 more`."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def and_more(found: Sized) -> str:
    """Say how many there are behind the first one that is named: ` (and 4 more)`, empty for one."""
    return f" (and {len(found) - 1} more)" if len(found) > 1 else ""


def counts(by_state: Mapping[str, int]) -> str:
    """Count the targets in each state, finished ones first: `2 succeeded, 1 in progress`."""
    names = {
        "Succeeded": "succeeded",
        "Failed": "failed",
        "Skipped": "skipped",
        "Ready": "ready",
        "InProgress": "in progress",
        "Pending": "pending",
    }
    known = [f"{by_state[state]:,} {word}" for state, word in names.items() if by_state.get(state)]
    return ", ".join(
        known + [f"{count:,} {state}" for state, count in by_state.items() if state not in names]
    )


def printable(text: str) -> str:
    r"""Return one line that neither terminals nor readers can mistake for anything else.

    Colors are dropped; characters that cannot be seen, or change how others are seen, become escapes: `\x1b`.
    """
    return _HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), _COLORS.sub("", text))


def printable_lines(text: str) -> list[str]:
    """Return the lines of a text from elsewhere (a log tail), each printable."""
    return [printable(line) for line in text.replace("\r\n", "\n").split("\n")]
