"""Pure: what a script's log says of its failure, and on which line of which file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deployer.deployment.clues import lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOUD = re.compile(
    r"error|fatal|not found|no such|denied|cannot|can't|unable|refused|missing|invalid|could not|couldn't"
    r"|exhausted|exception|not recognized|already exists|already in use|\bFAILED!",
    re.IGNORECASE,
)
_WEAK = re.compile(r"failed|failure|killed|not running", re.IGNORECASE)
"""Words that tell of a failure, though most often of one that a line before has told the cause of."""

_QUIET = re.compile(r"\+ |(?:npm )?warn|deprecat|notice:|info:", re.IGNORECASE)
"""The beginnings of lines that say nothing about a failure: traces of `set -x`, warnings."""

_NONE = re.compile(r"\b(?:0|no) (?:errors?|failures?|failed)\b", re.IGNORECASE)

_NAME = r"(?<![\w./@+\\-])(?P<file>[\w./@+\\-]{1,400})"
_PLACES = (
    re.compile(_NAME + r": line (?P<line>\d{1,9}): "),  # bash
    re.compile(r'File "(?P<file>[^"\n]{1,400})", line (?P<line>\d{1,9})'),  # Python
    re.compile(_NAME + r":(?P<line>\d{1,9}):\d{1,9}\)?"),  # Node
    re.compile(_NAME + r": (?P<line>\d{1,9}): "),  # dash
    re.compile(_NAME + r":(?P<line>\d{1,9}):in "),  # Ruby
)
_STREAM = re.compile(r"\[(stdout|stderr)\]")


def _said(log: str) -> list[tuple[str, str]]:
    """Return each line with its stream; a line without a mark continues the one before it."""
    said: list[tuple[str, str]] = []
    stream = ""
    for line in lines_of(log):
        if mark := _STREAM.match(line):
            stream = mark[1]
            line = line[mark.end() :].strip()  # noqa: PLW2901 - without its mark
        if line:
            said.append((stream, line))
    return said


def telling_line(log: str) -> str:
    """Return the line of a log that says most about a failure, empty if none does.

    That is the last that speaks of an error on standard error, else the last one there that is no mere
    trace or warning, else the last that speaks of an error on standard output.
    """
    return _split(log)[0]


def texts_of(log: str) -> tuple[str, str, str]:
    """Split a log by relevance: the most telling line, the lines after it, the lines before it."""
    return _split(log)


def _split(log: str) -> tuple[str, str, str]:
    said = _said(log)
    at = _telling(said)
    if at is None:
        return "", "", "\n".join(line for _, line in said)
    lines = [line for _, line in said]
    return lines[at], "\n".join(lines[at + 1 :]), "\n".join(lines[:at])


def _telling(said: list[tuple[str, str]]) -> int | None:
    def last(stream: str, words: re.Pattern[str] | None) -> int | None:
        for at in range(len(said) - 1, -1, -1):
            where, line = said[at]
            if where == stream and not _QUIET.match(line) and (not words or _speaks(line, words)):
                return at
        return None

    for stream, words in (
        ("stderr", _LOUD),
        ("stderr", _WEAK),
        ("stderr", None),
        ("stdout", _LOUD),
        ("stdout", _WEAK),
    ):
        if (at := last(stream, words)) is not None:
            return at
    return next((at for at in range(len(said) - 1, -1, -1) if said[at][0] == "stderr"), None)


def _speaks(line: str, words: re.Pattern[str]) -> bool:
    return bool(words.search(line)) and not _NONE.search(line)


def named_lines(log: str) -> Iterator[tuple[str, int]]:
    """Yield the files and lines that a log names, the last first."""
    for line in reversed(lines_of(log)):
        for pattern in _PLACES:
            if match := pattern.search(line):
                yield match["file"], int(match["line"])
