"""Gitignore patterns, exactly as git reads them: text → rules → which rule decides a path.

Follows git's `dir.c` and `wildmatch.c`: patterns match bytes, a later pattern beats an earlier one, and what
lies in an excluded folder cannot be brought back (the caller does not descend into it).

The library pathspec is not used because its GitIgnoreSpec (1.1.1) disagrees with `git check-ignore` on named
classes (`[[:alpha:]]`), reversed ranges (`[b-a]`) and `[!a]` before folders, and raises on `!` and on a
backslash at the end: 38 of 369 random sets of patterns.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from deployer.errors import Location

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


IGNORE_FILE: Final = ".codedeployignore"
_CLASSES: Final = {
    b"alnum": rb"0-9A-Za-z",
    b"alpha": rb"A-Za-z",
    b"blank": rb"\ \t",
    b"cntrl": rb"\x00-\x1f\x7f",
    b"digit": rb"0-9",
    b"graph": rb"\x21-\x7e",
    b"lower": rb"a-z",
    b"print": rb"\x20-\x7e",
    b"punct": rb"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    b"space": rb"\ \t\n\r\f\v",
    b"upper": rb"A-Z",
    b"xdigit": rb"0-9A-Fa-f",
}
_SEPARATOR: Final = re.compile(rb"(?<!\\)[\s,]+")
_NEVER: Final = rb"(?!)"
_STAR: Final = b"*"  # a part that no translation yields, as is the next
_ANY_FOLDERS: Final = b"**/"


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """One pattern: `text` as its author wrote it, and where; `negated` brings back what was left out."""

    text: str
    location: Location
    negated: bool
    only_folders: bool
    by_name: bool
    regex: bytes


class IgnoreRules:
    """Patterns in order of precedence, compiled so that a path that none of them matches costs little."""

    def __init__(self, rules: Iterable[IgnoreRule]) -> None:
        self.rules = tuple(rules)
        self.matched: set[IgnoreRule] = set()
        self._single = [(rule, re.compile(rule.regex, re.DOTALL)) for rule in reversed(self.rules)]
        self._any_name = _union(rule.regex for rule in self.rules if rule.by_name)
        self._any_path = _union(rule.regex for rule in self.rules if not rule.by_name)

    def decide(self, path: bytes, *, folder: bool) -> IgnoreRule | None:
        """Return the rule that decides on `path` (relative, forward slashes), None when none matches it.

        A link to a folder is not a folder. Every rule that matches is remembered in `matched`.
        """
        name = path.rpartition(b"/")[2]
        if not (self._any_name.fullmatch(name) or self._any_path.fullmatch(path)):
            return None
        hits = [
            rule
            for rule, regex in self._single
            if (folder or not rule.only_folders) and regex.fullmatch(name if rule.by_name else path)
        ]
        self.matched.update(hits)
        return hits[0] if hits else None


def parse_file(content: bytes, path: str) -> Iterator[IgnoreRule]:
    """Read an ignore file; `path` is its path from the repository's root, for the rules' locations."""
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        rule = parse(line.removesuffix(b"\r"), Location(path, number))
        if rule is not None:
            yield rule


def parse(line: bytes, location: Location) -> IgnoreRule | None:
    """Read one pattern; None for an empty line or a comment."""
    line = line.partition(b"\0")[0]
    pattern = b"" if line.startswith(b"#") else _trim(line)
    text = os.fsdecode(pattern)
    negated = pattern.startswith(b"!")
    pattern = pattern[negated:]
    only_folders = pattern.endswith(b"/")
    if only_folders:
        pattern = pattern[:-1]
    if not pattern:
        return None
    by_name = b"/" not in pattern
    regex = _translate(pattern if by_name else pattern.removeprefix(b"/"), by_path=not by_name)
    return IgnoreRule(text, location, negated, only_folders, by_name, regex)


def split_list(pattern: bytes) -> list[bytes]:
    """Return the parts of a line between blanks and commas that no backslash makes part of a name."""
    return list(filter(None, _SEPARATOR.split(pattern)))


def _union(regexes: Iterable[bytes]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(regexes) or _NEVER, re.DOTALL)


def _trim(line: bytes) -> bytes:
    """Cut the spaces at the end; a backslash keeps the space that follows it."""
    end = position = 0
    while position < len(line):
        position += 2 if line[position : position + 1] == b"\\" else 1
        if line[position - 1 : position] != b" " or line[position - 2 : position - 1] == b"\\":
            end = position
    return line[:end]


def _translate(pattern: bytes, *, by_path: bool) -> bytes:
    """Return the regular expression of a glob; one that git never matches becomes one that never does."""
    parts: list[bytes] = []
    position = 0
    while position < len(pattern):
        char = pattern[position : position + 1]
        if char == b"*":
            part, position = _stars(pattern, position, by_path=by_path)
        elif char == b"[":
            part, position = _bracket(pattern, position + 1)
        elif char == b"?":
            part, position = b"[^/]", position + 1
        elif char == b"\\":
            escaped = pattern[position + 1 : position + 2]
            part, position = re.escape(escaped) if escaped else _NEVER, position + 2
        else:
            part, position = re.escape(char), position + 1
        parts.append(part)
    return _assembled(parts)


def _assembled(parts: list[bytes]) -> bytes:
    """Join the translated parts so that matching takes time in proportion to pattern times path, never more.

    What a star passes over is settled at the first place where the rest up to the next star matches: none
    further on could help. Atomic groups say so to the matcher, which would else try all combinations.
    """
    first, *others = (b"/".join(map(_segment, _split(piece, b"/"))) for piece in _split(parts, _ANY_FOLDERS))
    if not others:
        return first
    *middle, last = others
    return first + b"".join(b"(?>(?:.*?/)??" + piece + b")" for piece in middle) + b"(?:.*/)?" + last


def _segment(parts: list[bytes]) -> bytes:
    """Join the parts between two slashes."""
    first, *others = map(b"".join, _split(parts, _STAR))
    if not others:
        return first
    *middle, last = others
    return first + b"".join(b"(?>[^/]*?" + chunk + b")" for chunk in middle) + b"[^/]*" + last


def _split(parts: list[bytes], separator: bytes) -> Iterator[list[bytes]]:
    piece: list[bytes] = []
    for part in parts:
        if part == separator:
            yield piece
            piece = []
        else:
            piece.append(part)
    yield piece


def _stars(pattern: bytes, start: int, *, by_path: bool) -> tuple[bytes, int]:
    """Translate a run of asterisks: two or more that fill a whole path segment cross slashes."""
    end = start
    while pattern[end : end + 1] == b"*":
        end += 1
    after = pattern[end : end + 1]
    whole = (start == 0 or pattern[start - 1 : start] == b"/") and after in {b"", b"/"}
    if not (by_path and whole and end - start > 1):
        return _STAR, end
    return (_ANY_FOLDERS, end + 1) if after else (b".*", end)


def _bracket(pattern: bytes, start: int) -> tuple[bytes, int]:
    """Translate the bracket expression whose `[` stands before `start`."""
    position = start
    negated = pattern[position : position + 1] in {b"!", b"^"}
    position += negated
    first, items = position, list[bytes]()
    while pattern[position : position + 1] != b"]" or position == first:
        if pattern.startswith(b"[:", position):
            end = pattern.find(b"]", position + 2)
            if end > position + 2 and pattern[end - 1 : end] == b":":
                named = _CLASSES.get(pattern[position + 2 : end - 1])
                if named is None:
                    return _NEVER, len(pattern)
                items.append(named)
                position = end + 1
                continue
        low, position = _character(pattern, position)
        high = low
        if pattern[position : position + 1] == b"-" and pattern[position + 1 : position + 2] not in {
            b"",
            b"]",
        }:
            high, position = _character(pattern, position + 1)
        if not low or not high:
            return _NEVER, len(pattern)
        items.append(re.escape(low))  # git takes a range's beginning even when the range is reversed
        if low < high:
            items.append(re.escape(low) + b"-" + re.escape(high))
    inside = b"".join(items)
    if negated:
        return b"[^/" + inside + b"]", position + 1
    return (b"(?!/)[" + inside + b"]" if inside else _NEVER), position + 1


def _character(pattern: bytes, position: int) -> tuple[bytes, int]:
    """Return one character of a bracket expression, a backslash resolved; empty at the pattern's end."""
    if pattern[position : position + 1] == b"\\":
        position += 1
    return pattern[position : position + 1], position + 1
