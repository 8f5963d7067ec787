"""YAML from elsewhere, read within bounds: levels, values, and no alias, of which a few lines make gigabytes.

The reader in C, which is the quick one, overflows its stack where a document is nested deeply. Events have no
such limit, so a document is looked through by its events before it is made a tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator


DEEPEST: Final = 60
"""Levels of lists and mappings; an AppSpec and a request of CodeDeploy have no more than ten."""

MOST_VALUES: Final = 20_000
"""Keys and values, lists and mappings included, which takes half a second: 4,000 entries of `files`."""

LONGEST_VALUE: Final = 4096
"""Characters; no path of Linux and no name of AWS is longer."""


class OutOfBounds(Exception):
    """The document is not read: `str(error)` says why, and where, also by its `line`."""

    def __init__(self, why: str, event: yaml.Event | None = None, advice: str = "") -> None:
        self.line = line_of(event) if event else 1
        super().__init__(f"{why} in line {self.line}{advice}" if event else why)


def compose(text: str) -> yaml.Node | None:
    """Return the tree of the first document, with places; raises YAMLError or OutOfBounds."""
    _check(text)
    return yaml.compose(text, Loader=yaml.CSafeLoader)


def load(text: str) -> Any:  # noqa: ANN401 - whatever its author wrote
    """Return the value of the only document; raises YAMLError, ValueError or OutOfBounds."""
    _check(text)
    return yaml.load(text, Loader=yaml.CSafeLoader)


def events(text: str) -> Iterator[yaml.Event]:
    """Yield the parser's events up to the first out of bounds; raises YAMLError or OutOfBounds on the way."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise OutOfBounds("is not UTF-8") from error
    depth = values = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        yield event
        values += isinstance(event, yaml.NodeEvent)
        if values > MOST_VALUES:
            raise OutOfBounds(f"exceeds {MOST_VALUES:,} keys and values", event)
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > LONGEST_VALUE:
            raise OutOfBounds(f"has a value of more than {LONGEST_VALUE:,} characters", event)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise OutOfBounds(f"is nested deeper than {DEEPEST} levels", event)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def line_of(event: yaml.Event) -> int:
    """Return the line, from 1, on which an event begins."""
    return event.start_mark.line + 1 if event.start_mark else 1


def _check(text: str) -> None:
    for event in events(text):
        if isinstance(event, yaml.AliasEvent):
            raise OutOfBounds(f"has the alias *{event.anchor}", event, "; write the value out")
