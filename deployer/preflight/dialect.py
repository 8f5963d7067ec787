"""Constructs of bash in a script for /bin/sh, looked for in its code without its texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMAND: Final = r"(?:^|[;&|(){}!]|\b(?:if|then|elif|else|while|until|do)\b)\s*"
_SUBSTITUTION: Final = re.compile(r"(?<!\\)\$\{(?:#?\w+\[|!\w|(?:\w+|[@*])(?:[\^,/@~]|:[\d$( ]))")
_ONLY_BASH: Final = {
    "`[[`": re.compile(rf"{_COMMAND}\[\[\s"),
    "an array": re.compile(rf"{_COMMAND}(?:(?:local|declare|readonly|export|typeset)\s+)?[A-Za-z_]\w*\+?=\("),
    "the keyword `function`": re.compile(rf"{_COMMAND}function\s+[\w:.-]+"),
    "`source`": re.compile(rf"{_COMMAND}source\s+[^\s=]"),
    "`<<<`": re.compile(r"<<<"),
    "process substitution": re.compile(r"(?:^|\s)[<>]\((?!\()"),
    "`&>`": re.compile(r"(?<![<>&\d])&>>?\s*[^\s&]"),
    "a substitution such as `${x^^}`": _SUBSTITUTION,
    "a range such as `{1..3}`": re.compile(r"(?<![\w$])\{\d+\.\.\d+\}"),
}
_HEREDOC: Final = re.compile(r"<<(-?)[ \t]*\\?(['\"]?)([A-Za-z_][\w.-]*)\2")
_QUOTED: Final = re.compile(r"\$'(?:\\.|[^'\\])*'|'[^']*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_BEFORE_A_COMMENT: Final = " \t\n;&|("
_CHOOSES_BASH: Final = re.compile(r"\bexec\s+\S*bash\b")


def only_bash(script: str) -> tuple[int, str] | None:
    """Return the first line, from 1, with something that only bash understands, and what it is.

    None for a script that starts bash itself. Only what no sh has counts, and only as code: neither
    comments, nor quoted text (but for substitutions), nor here-documents.
    """
    if _CHOOSES_BASH.search(script):
        return None
    for number, line in enumerate(code_of(script).split("\n"), start=1):
        for what, pattern in _ONLY_BASH.items():
            if pattern.search(line):
                return number, what
    return None


def code_of(script: str) -> str:
    r"""Return a script with a `_` in place of each text, and without comments; lines stay where they are.

    >>> code_of("echo 'a\nb' # c")
    'echo _\n_ '
    """
    return "".join(_pieces(script))


def _pieces(script: str) -> Iterator[str]:
    place, before = 0, "\n"
    ends: list[tuple[str, str]] = []
    while place < len(script):
        character = script[place]
        end, piece = place + 1, character
        if character == "\\":
            end, piece = place + 2, _lines_of(script[place : place + 2])
        elif quoted := _QUOTED.match(script, place):
            end, piece = quoted.end(), _lines_of(quoted[0])
        elif character == "#" and before in _BEFORE_A_COMMENT:
            end, piece = _end_of_line(script, place), ""
        elif script.startswith("<<<", place):
            end, piece = place + 3, "<<<"
        elif heredoc := _HEREDOC.match(script, place):
            ends.append((heredoc[3], heredoc[1]))
            end, piece = heredoc.end(), "_"
        elif character == "\n" and ends:
            end = _end_of_texts(script, end, ends)
            piece, ends = "\n" * script.count("\n", place, end), []
        yield piece
        before = script[end - 1]
        place = end


def _lines_of(text: str) -> str:
    """Return the stand-in for a text, on as many lines: never the beginning of a command.

    In double quotes, substitutions that only bash has are code.
    """
    if not text.startswith('"'):
        return "_" + "\n_" * text.count("\n")
    return "\n".join("_" + "".join(_SUBSTITUTION.findall(line)) for line in text.split("\n"))


def _end_of_line(script: str, place: int) -> int:
    end = script.find("\n", place)
    return len(script) if end < 0 else end


def _end_of_texts(script: str, place: int, ends: list[tuple[str, str]]) -> int:
    """Return the end of all here-documents that start at a line, each with its last line."""
    for word, dash in ends:
        while place < len(script):
            end = _end_of_line(script, place)
            line = script[place:end]
            place = min(end + 1, len(script))
            if (line.lstrip("\t") if dash else line) == word:
                break
    return place
