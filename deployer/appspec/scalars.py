"""Plain YAML values as the agent reads them: by Ruby's Psych, which follows YAML 1.1 in its own way.

`0644` is the number 420, `yes` is true, `12:30` is a number in base 60, `:x` is a symbol, `1e3` is text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deployer.appspec.nodes import Symbol

if TYPE_CHECKING:
    from deployer.appspec.nodes import Value

_WORD = re.compile(r"[^\d.:-]?[A-Za-z_\s!@#$%^&*(){}<>|/~;=]+", re.ASCII)
_LONGEST_WORD = 5
_LONGEST_NUMBER = 100
_WEIGHTS = (3600, 60, 1)  # Psych's: two places are hours and minutes
_WORDS: dict[str, Value] = {"~": None, "null": None}
_WORDS |= dict.fromkeys(("yes", "true", "on"), True) | dict.fromkeys(("no", "false", "off"), False)
_QUOTED_SYMBOL = re.compile(r":(['\"])(.*)\1")
_TIME = re.compile(
    r"-?\d{4}-\d{1,2}-\d{1,2}([Tt]|\s+)\d{1,2}:\d\d:\d\d(\.\d*)?(\s*(Z|[-+]\d{1,2}:?(\d\d)?))?", re.ASCII
)
_DATE = re.compile(r"\d{4}-(1[012]|0\d|\d)-([12]\d|3[01]|0\d|\d)", re.ASCII)
_SPECIAL_FLOATS = {"+.inf": "inf", ".inf": "inf", "-.inf": "-inf", ".nan": "nan"}
_BASE_60 = re.compile(r"[-+]?\d[\d_]*(:[0-5]?\d){1,2}(?P<fraction>\.[\d_]*)?", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\d[\d_,]*)?\.\d*([eE][+-]\d+)?", re.ASCII)
_INTEGER = re.compile(
    r"[-+]?(?:0b[_,]*(?P<two>[01][01_,]*)|0(?P<eight>[0-7_,]+)|(?P<ten>0|[1-9](?:[_,]?\d)*)"
    r"|0x[_,]*(?P<sixteen>[\da-fA-F][\da-fA-F_,]*))",
    re.ASCII,
)
_BASES = {"two": 2, "eight": 8, "ten": 10, "sixteen": 16}


def is_date(text: str) -> bool:
    """Tell whether a plain value is read as a date or a time, which the agent's safe reader refuses.

    Days that no calendar has are refused as well: the class is refused before the day is looked at.
    """
    return bool(_TIME.fullmatch(text) or _DATE.fullmatch(text))


def resolve(text: str) -> Value:
    """Return the value of a plain (unquoted) scalar; what no rule takes is text."""
    if not text:
        return None
    if "\n" in text or _WORD.match(text):
        return text if len(text) > _LONGEST_WORD else _WORDS.get(text.lower(), text)
    return text if len(text) > _LONGEST_NUMBER else _number(text)


def _number(text: str) -> Value:
    if text.startswith(":") and len(text) > 1:
        quoted = _QUOTED_SYMBOL.match(text)
        return Symbol(quoted[2].removeprefix(":") if quoted else text[1:])
    if text.lower() in _SPECIAL_FLOATS:
        return float(_SPECIAL_FLOATS[text.lower()])
    plain = text.replace("_", "").replace(",", "")
    if match := _BASE_60.fullmatch(text):
        as_number = float if match["fraction"] else int
        return sum(as_number(part) * weight for part, weight in zip(plain.split(":"), _WEIGHTS, strict=False))
    if match := _INTEGER.fullmatch(text):
        base = str(match.lastgroup)
        digits: str = match[base].replace("_", "").replace(",", "")
        number = int(f"0{digits}", _BASES[base])
        return -number if text[0] == "-" else number
    if _FLOAT.fullmatch(text) and plain.lstrip("+-") != ".":
        return float(plain)
    return text
