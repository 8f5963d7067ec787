"""Words in a failure's texts that give its cause away: what a clue is, and how texts are searched.

Texts of instances are untrusted: they are only searched, in bounded pieces, and nothing but the advice and
the place of an annotation depends on them. Every pattern takes time linear in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployer.deployment.causes import Cause, Place

if TYPE_CHECKING:
    from collections.abc import Iterable

SEARCHED = 500
"""Characters of a line that are searched at its front: anybody may write long ones."""

ENDING = 250
"""Characters at the end of a longer line that are searched too: what failed may come after a long command."""

LINES = 100
"""Lines of a text that are searched, the last ones."""

CHARACTERS = 8192
"""Characters at a text's end that are searched: the service keeps at most 4 KB of a log."""

_COLOR = re.compile(r"\x1b\[[0-9;?]{0,30}[A-Za-z]|\[(?:\d{1,3};){0,4}\d{1,3}m")
"""A terminal's colors; what shows or copies a log may drop the character that begins them."""

_LINE_END = re.compile(r"\r?\n|\r(?![:'\u2019])")
"""A carriage return ends a line (progress bars), except where a shell quotes it as part of a name."""


@dataclass(frozen=True, slots=True)
class Clue:
    """Words that give a cause away, in the events where they mean that (anywhere when empty).

    `pattern` ignores case; it is compiled when first searched for, as most runs succeed. `why` and `advice`
    may name its groups in braces; groups `key` and `line` narrow down the place, else the given `key`.
    `source` says where the words were published.
    """

    pattern: str
    why: str
    advice: str
    source: str
    place: Place = Place.DEFAULT
    key: str = ""
    events: frozenset[str] = frozenset()

    def cause(self, text: str, event: str) -> Cause | None:
        """Return the cause, None if the text does not match."""
        if self.events and event not in self.events:
            return None
        if not (match := re.search(self.pattern, text, re.IGNORECASE)):
            return None
        named = match.groupdict(default="")
        return Cause(
            self.why.format(**named).strip(),
            self.advice.format(**named).strip(),
            self.place,
            named.get("key") or self.key,
            int(named["line"]) if named.get("line") else None,
            within=self.key,
        )


def clue(  # noqa: PLR0913 - a row of a table
    pattern: str,
    why: str,
    advice: str,
    *events: str,
    source: str,
    place: Place = Place.DEFAULT,
    key: str = "",
) -> Clue:
    """Build a row of a table of clues."""
    return Clue(pattern, why, advice, source, place, key, frozenset(events))


def lines_of(text: str) -> list[str]:
    """Return the last non-blank lines of a text without colors, of long ones the front and the end."""
    lines = (_shortened(line.strip()) for line in _LINE_END.split(_COLOR.sub("", text[-CHARACTERS:])))
    return [line for line in lines if line][-LINES:]


def _shortened(line: str) -> str:
    return line if len(line) <= SEARCHED + ENDING else f"{line[:SEARCHED]} … {line[-ENDING:]}"


def causes_in(texts: Iterable[str], event: str, clues: Iterable[Clue]) -> tuple[Cause, ...]:
    """Return the causes found in the first text that contains any, in the clues' order.

    The texts come in the order of how much they say.
    """
    clues = tuple(clues)
    for text in texts:
        searched = "\n".join(lines_of(text))
        found = (each.cause(searched, event) for each in clues)
        if causes := tuple(dict.fromkeys(cause for cause in found if cause)):
            return causes
    return ()
