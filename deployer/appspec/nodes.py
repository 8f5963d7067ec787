"""The tree of an AppSpec: values as the agent reads them, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass

BLANKS = "\t\n\v\f\r \0"  # all that Ruby strips and a shell or a script's first line splits at


@dataclass(frozen=True, slots=True)
class Symbol:
    """A word behind a colon, `:name`, which Ruby does not take for text; `str` gives the word."""

    name: str

    def __str__(self) -> str:
        return self.name


Value = str | int | float | bool | Symbol | None


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value; `text` is how the author wrote it, without quotes."""

    line: int
    column: int
    value: Value
    text: str

    @property
    def kind(self) -> str:
        """Its kind, in words for a message."""
        match self.value:
            case None:
                return "empty"
            case bool():
                return f"the boolean `{self.text}`"
            case str():
                return "text"
            case Symbol():
                return f"the symbol {self.text}"
            case _:
                return f"the number {self.text}"


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    line: int
    column: int
    items: tuple[Node, ...]
    kind = "a list"


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values, in the author's order, duplicates included."""

    line: int
    column: int
    pairs: tuple[tuple[Node, Node], ...]

    @property
    def kind(self) -> str:
        """Its kind, in words for a message."""
        return "keys and values" if self.pairs else "empty braces"

    def get(self, key: str) -> Node | None:
        """Return the value of the last key of that name, None when there is none."""
        return next((value for name, value in reversed(self.pairs) if text_of(name) == key), None)


Node = Scalar | Sequence | Mapping


def text_of(node: Node | None) -> str | None:
    """Return the text of a text node, else None."""
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else None


def given(node: Node | None) -> Node | None:
    """Return the node, or None if there is no value: no key, or a key with nothing after it."""
    return None if isinstance(node, Scalar) and node.value is None else node


def is_void(node: Node) -> bool:
    """Tell whether a node that is not null holds nothing all the same, by Ruby: false, or empty braces."""
    return node.value is False if isinstance(node, Scalar) else isinstance(node, Mapping) and not node.pairs


def shown(node: Node) -> str:
    """Describe a node for a message: the author's text, or its type."""
    return node.text or "''" if isinstance(node, Scalar) else node.kind


def ruby_text(node: Scalar) -> str:
    """Convert a value to text as the agent does: `5` for the number 5, `true` for `yes`."""
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    if isinstance(node.value, float):
        return re.sub(r"^(-?\d+)e", r"\1.0e", str(node.value))
    return "" if node.value is None else str(node.value)
