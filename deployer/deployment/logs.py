"""Pure: what a script's log says of its failure, and on which line of which file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deployer.deployment.clues import lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LOUD = re.compile(
    r"error|fatal|panic|not found|no such|denied|cannot|can't|unable|refused|missing|invalid|could not"
    r"|couldn't"
    r"|exhausted|exception(?! for)|not recognized|unrecognized|already exists|already in use"
    r"|used by another|not in gzip format|timed? ?out|unreachable|expired|unknown|unbound variable"
    r"|unsupported"
    r"|segmentation fault"
    r"|requires at least|too ?many|no package|not (?:loaded|set|installed|available|allowed|permitted)"
    r"|must (?:be|have)|can only|\bFAILED!|\[(?:emerg|crit|alert)\]|(?-i:\bE[A-Z]{4,}\b)",
    re.IGNORECASE,
)
_WEAK = re.compile(r"failed|failure|killed|terminated|aborted|not running", re.IGNORECASE)
_AFTERMATH = re.compile(
    r"could not read from remote repository|error is not recoverable|error: nothing to do"
    r"|^npm (?:err!|error) (?:code|errno|syscall|path)\b"
    r"|ELIFECYCLE|exit status \d|errors in crontab|returned status|some index files failed"
    r"|operable program|\*\*\* \[[^\n]{0,200}\] error",
    re.IGNORECASE,
)
"""Lines that follow from a failure whose cause is in an earlier line, however loud they are."""

_QUIET = re.compile(
    r"\+{1,9} |(?:npm )?warn|deprecat|notice:|info:|hint:|usage:|see ['\"\u2018]"
    r"|npm (?:err!|error)\s*(?:a complete log|this is probably|/|$)",
    re.IGNORECASE,
)
"""The beginnings of lines that say nothing about a failure: traces, warnings, how to use a command."""

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
_HEADING = "Script - "
"""The heading that the agent writes before each script of an event; the last of them failed."""


def _said(log: str) -> list[tuple[str, str]]:
    """Return each line of the last script with its stream; one without a mark continues the line before."""
    said: list[tuple[str, str]] = []
    stream = ""
    for line in lines_of(log):
        if line.startswith(_HEADING):
            said.clear()
        elif mark := _STREAM.match(line):
            stream = mark[1]
            line = line[mark.end() :].strip()  # noqa: PLW2901 - without its mark
        if line and not line.startswith(_HEADING):
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
    def last(stream: str, speaks: Callable[[str], bool]) -> int | None:
        for at in range(len(said) - 1, -1, -1):
            where, line = said[at]
            if where == stream and not _QUIET.match(line) and speaks(line):
                return at
        return None

    for stream, speaks in (
        ("stderr", _is_loud),
        ("stderr", _is_weak),
        ("stderr", bool),
        ("stdout", _is_loud),
        ("stdout", _is_weak),
    ):
        if (at := last(stream, speaks)) is not None:
            return at
    return next((at for at in range(len(said) - 1, -1, -1) if said[at][0] == "stderr"), None)


def _is_loud(line: str) -> bool:
    """Return whether a line tells what went wrong."""
    return bool(_LOUD.search(line)) and not _AFTERMATH.search(line) and not _NONE.search(line)


def _is_weak(line: str) -> bool:
    """Return whether a line tells no more than that something went wrong."""
    return bool(_WEAK.search(line) or _AFTERMATH.search(line)) and not _NONE.search(line)


def named_lines(log: str) -> Iterator[tuple[str, int]]:
    """Yield the files and lines that a log names, the last first."""
    for line in reversed(lines_of(log)):
        for pattern in _PLACES:
            if match := pattern.search(line):
                yield match["file"], int(match["line"])
