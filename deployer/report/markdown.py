"""Markdown for a job's summary on GitHub: escaped, and no wider than the column it is shown in.

That column is about 1,000 px wide, and what is wider scrolls: the end of it is not seen. GitHub's sanitizer
drops styles and classes (html-pipeline's SanitizationFilter lists what it keeps), so width is kept by the
attributes that it leaves, and by where text may break.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from typing import TYPE_CHECKING

from deployer.text import printable, printable_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_CELL_CHARACTERS = 300
_LOG_COLUMNS = 110  # of 8.2 px each, in a frame of 32 px
_TAB = 8
_MARKDOWN = {ord(char): f"&#{ord(char)};" for char in "\\`*_[]|~"}
_YAML_PIECES = re.compile(r"(?:\\.|[^\\]){1,80}(?!\s)|(?:\\.|[^\\])+")  # no escape cut, no blank first
_LONGEST_WORD = 70  # a digest with an extension is no longer


def escape(text: str) -> str:
    """Return text on one line with Markdown, HTML and the cell separator escaped."""
    return _escaped(_shortened(text))


def breakable(text: str, *, every: int = _LONGEST_WORD) -> str:
    """Return the same with places where a word may break that is longer than `every` characters."""
    words = re.sub(rf"[^\s/?&;]{{{every}}}(?=[^\s/?&;])", "\\g<0>\0", _shortened(text))
    return _escaped(words).replace("\0", "<wbr>")


def code(text: str) -> str:
    """Return text as code, on one line."""
    return f"<code>{breakable(text)}</code>"


def link(text: str, url: str) -> str:
    """Return a link in HTML, which Markdown and tables take alike."""
    return f'<a href="{html.escape(url)}">{text}</a>'


def preformatted(text: str) -> str:
    """Return a log as it is, with long lines wrapped and invisible characters escaped."""
    lines = [piece for line in printable_lines(text) for piece in _wrapped(line.expandtabs(_TAB))]
    return f"<pre>{html.escape(chr(10).join(lines))}</pre>"


def fenced(lines: Iterable[str], language: str) -> str:
    """Return lines as they are, colored by a language, with invisible characters escaped."""
    text = "\n".join(printable(line.expandtabs(_TAB)) for line in lines)
    fence = "`" * max(3, *(len(run[0]) + 1 for run in re.finditer("`+", text)), 3)
    return f"{fence}{language}\n{text}\n{fence}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown, empty when there is no row."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    rule = "|" + " --- |" * len(header)
    return "\n".join(["| " + " | ".join(header) + " |", rule, *lines]) if lines else ""


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Return a table of names and values without a head, empty when there is no row."""
    lines = [f'<tr><th align="left">{name}</th><td>{value}</td></tr>' for name, value in rows]
    return "\n".join(["<table>", *lines, "</table>"]) if lines else ""


def details(title: str, *parts: str, shown: bool = False) -> str:
    """Return parts that are folded under a title, or at first `shown`."""
    return "\n\n".join(
        [f"<details{' open' if shown else ''}><summary>{title}</summary>", *parts, "</details>"]
    )


def yaml_text(text: str, *, indent: int) -> str:
    """Return text in quotes as YAML, in several lines where one would be wider than the column.

    A backslash at a line's end joins it with the next without the blanks before that one.
    """
    quoted = json.dumps(printable(text), ensure_ascii=False)
    return f"\\\n{' ' * indent}".join(_YAML_PIECES.findall(quoted))


def _shortened(text: str) -> str:
    text = printable(" ".join(text.split()))
    return text if len(text) <= _CELL_CHARACTERS else f"{text[:_CELL_CHARACTERS]}…"


def _escaped(text: str) -> str:
    return html.escape(text).translate(_MARKDOWN)


def _wrapped(line: str) -> Iterator[str]:
    """Yield a line in pieces that fit the column, cut after a blank if there is one in the last third."""
    prefix = ""
    while (fits := _fitting(line, _LOG_COLUMNS - len(prefix))) < len(line):
        cut = line.rfind(" ", 2 * fits // 3, fits) + 1 or fits
        yield prefix + line[:cut].rstrip()
        line, prefix = line[cut:], "  ↳ "
    yield prefix + line


def _fitting(line: str, columns: int) -> int:
    """Return how many of a line's characters fit; a wide one takes two columns."""
    width = 0
    for number, char in enumerate(line):
        width += 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if width > columns:
            return number
    return len(line)
