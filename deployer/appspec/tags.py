"""Tags as the agent's YAML reader takes them: Ruby's Psych, which may make plain values and symbols only.

It refuses a tag only where that makes it look for a class: `!map:Name` does on keys and values, and means
nothing on a list or a word. A value with a tag is read as if it had no quotes.
"""

from __future__ import annotations

import base64
import re
from typing import Final

from deployer.appspec.nodes import Mapping, Node, Scalar, Sequence, Symbol, Value, text_of
from deployer.appspec.scalars import resolve

_YAML: Final = "tag:yaml.org,2002:"
_BINARY: Final = {"!binary", f"{_YAML}binary"}
_FLOAT: Final = {"!float", f"{_YAML}float"}
_ORDERED: Final = {"!omap", f"{_YAML}omap"}
_TEXT: Final = re.compile(rf"!(?:str|ruby/string)(?::(?P<name>.*))?|{re.escape(_YAML)}str")
_SYMBOL: Final = re.compile(r"!ruby/sym(?:bol)?:?.*")
_SCALAR_CLASS: Final = re.compile(r"!ruby/(?:object:(?:BigDecimal|DateTime|Complex|Rational)|regexp|range)")
_ENCODINGS: Final = {
    "UTF-8",
    "US-ASCII",
    "ASCII",
    "ASCII-8BIT",
    "BINARY",
    "ISO-8859-1",
    "UTF-16LE",
    "UTF-16BE",
}
_NAME_OF_CLASS: Final = {"!ruby/class", "!ruby/module"}
_LIST_CLASS: Final = re.compile(r"!(?:seq|ruby/array):.*")
_MAPPING_CLASS: Final = re.compile(
    r"!ruby/(?:(?:struct|exception).*|object(?!:Hash$).*|range|(?:array|hash|marshalable|hash-with-ivars):.*)"
    rf"|!map:.*|(?:!|{re.escape(_YAML)})(?:set|omap)"
)
_RUBYS_OWN: Final = re.compile(rf"!ruby/|!(?:str|map|seq):|(?:!|{re.escape(_YAML)})omap")
_DECIMAL: Final = re.compile(r"[-+]?\d+(?:_\d+)*(?:\.\d+(?:_\d+)*)?(?:[eE][-+]?\d+)?", re.ASCII)


class TagRefused(Exception):
    """The agent's reader refuses the tag here."""


def is_rubys_own(tag: str) -> bool:
    """Tell whether other readers than Ruby's take a tag for something else."""
    return bool(_RUBYS_OWN.match(tag))


def is_read_plainly(tag: str) -> bool:
    """Tell whether a word with that tag, or with none, is looked at for numbers, dates and the like."""
    return tag not in _BINARY and not _TEXT.fullmatch(tag) and not _SYMBOL.fullmatch(tag)


def tagged_value(tag: str, text: str) -> Value:
    """Return what a word with a tag stands for; raises TagRefused."""
    if tag in _BINARY:
        return _decoded(text)
    if match := _TEXT.fullmatch(tag):
        if match["name"]:
            raise TagRefused
        return text
    if _SYMBOL.fullmatch(tag):
        return Symbol(text)
    if _SCALAR_CLASS.fullmatch(tag) or (tag in _NAME_OF_CLASS and text):
        raise TagRefused
    if tag == "!ruby/encoding" and text.upper() not in _ENCODINGS:
        raise TagRefused
    value = resolve(text)
    return _number(value) if tag in _FLOAT else value


def tagged_node(tag: str, node: Sequence | Mapping) -> Node:
    """Return what a list, or keys and values, with a tag stand for; raises TagRefused."""
    if isinstance(node, Sequence):
        if _LIST_CLASS.fullmatch(tag):
            raise TagRefused
        return _ordered(node) if tag in _ORDERED else node
    if _MAPPING_CLASS.fullmatch(tag):
        raise TagRefused
    if match := _TEXT.fullmatch(tag):
        if match["name"]:
            raise TagRefused
        return _text_in(node)
    if tag == "!ruby/hash-with-ivars":
        elements = node.get("elements")
        return elements if isinstance(elements, Mapping) else Mapping(node.line, node.column, ())
    return node


def _decoded(text: str) -> str:
    """Decode base 64 as Ruby does: whatever is none of its characters is left out."""
    digits = re.sub(r"[^A-Za-z0-9+/]", "", text.partition("=")[0])
    whole = digits[: len(digits) - (len(digits) % 4 == 1)]
    return base64.b64decode(whole + "=" * (-len(whole) % 4)).decode(errors="replace")


def _number(value: Value) -> float:
    """Convert a value to a number with a fraction; raises TagRefused for what is none."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value.strip()):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TagRefused
    return float(value)


def _ordered(node: Sequence) -> Mapping:
    """Return a list of pairs as keys and values; raises TagRefused for a list of anything else."""
    pairs: list[tuple[Node, Node]] = []
    for item in node.items:
        match item:
            case Mapping(pairs=inner) if inner:
                pairs.append((inner[0][0], inner[-1][1]))
            case Sequence(items=inner) if inner:
                pairs.append((inner[0], inner[-1]))
            case _:
                raise TagRefused
    return Mapping(node.line, node.column, tuple(pairs))


def _text_in(node: Mapping) -> Node:
    """Return the text that keys and values stand for; raises TagRefused where none of them is `str`."""
    if not node.pairs:
        return Scalar(node.line, node.column, None, "")
    text = node.get("str")
    if text is None or text_of(text) is None:
        raise TagRefused
    return text
