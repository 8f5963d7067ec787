"""Bytes → the tree of the first YAML document, or why the agent's reader refuses it.

The events of libyaml are used, the parser that Ruby's Psych is built on, so both accept the same syntax.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

import yaml

from deployer.appspec.nodes import Mapping, Node, Scalar, Sequence, Symbol, text_of
from deployer.appspec.scalars import is_date, resolve
from deployer.appspec.tags import TagRefused, is_read_plainly, is_rubys_own, tagged_node, tagged_value
from deployer.bundle.reading import LONGEST_TEXT
from deployer.documents import DEEPEST, OutOfBounds, events
from deployer.rules import document as rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.appspec.findings import Findings, Placed
    from deployer.appspec.nodes import Value

LIMIT = LONGEST_TEXT
_BOM = "\ufeff"
_CLOUDFORMATION = frozenset(
    f"!{name}"
    for name in (
        *("Base64", "Cidr", "Condition", "FindInMap", "GetAtt", "GetAZs", "If", "ImportValue", "Join", "Ref"),
        *("Select", "Split", "Sub", "Transform"),
    )
)


class _Mark(NamedTuple):
    line: int
    column: int


class _LibyamlMark(Protocol):
    """A place as libyaml counts, from 0."""

    line: int
    column: int


class _RefusedError(Exception):
    """The rest of the document cannot be read; the problem has been reported."""


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    mark: _Mark
    mapping: bool
    tag: str
    children: list[Node] = field(default_factory=list)

    def close(self) -> Sequence | Mapping:
        if not self.mapping:
            return Sequence(*self.mark, tuple(self.children))
        return Mapping(*self.mark, tuple(zip(self.children[::2], self.children[1::2], strict=True)))


def load(content: bytes, findings: Findings) -> Node | None:
    """Return the document's root; None if there is none or it cannot be read, with the reason reported."""
    text = _decode(content, findings)
    if text is None:
        return None
    try:
        root = _compose(text, findings)
    except yaml.YAMLError as error:
        _report_syntax(error, text, findings)
        return None
    except OutOfBounds as error:
        findings.add(rules.TOO_LARGE, _Mark(error.line, 1), why=str(error))
        return None
    except _RefusedError:
        return None
    if root is None or (isinstance(root, Scalar) and root.value in {None, False}):
        findings.add(rules.EMPTY, _Mark(1, 1))
        return None
    return root


def _decode(content: bytes, findings: Findings) -> str | None:
    if len(content) > LIMIT:
        findings.add(rules.TOO_LARGE, _Mark(1, 1), why=f"has more than {LIMIT:,} bytes")
        return None
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start].decode().removeprefix(_BOM)
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        findings.add(rules.ENCODING, _Mark(line, column), byte=content[error.start])
        return None
    if text.startswith(_BOM) and _read(_BOM + text) != _read(text):
        findings.add(rules.BYTE_ORDER_MARK, _Mark(1, 1))
    return text.removeprefix(_BOM)


def _read(text: str) -> list[tuple[type[yaml.Event], str | None]]:
    """Return what the parser makes of a text without its byte order mark, as far as it gets.

    Ruby's does not take the mark off, as it does not of a text with two, and so reads the first line a column
    further to the right. That changes nothing where the line is a comment or a brace.
    """
    read: list[tuple[type[yaml.Event], str | None]] = []
    with suppress(yaml.YAMLError, OutOfBounds):
        read += ((type(event), getattr(event, "value", None)) for event in events(text))
    return read


def _mark(mark: _LibyamlMark | None) -> _Mark:
    """Return a position that counts from 1; the document's start if the parser knows none."""
    return _Mark(mark.line + 1, mark.column + 1) if mark else _Mark(1, 1)


def _compose(text: str, findings: Findings) -> Node | None:
    parsed = events(text)
    stack: list[_Open] = []
    root: Node | None = None
    for event in parsed:
        mark = _mark(event.start_mark)
        match event:
            case yaml.DocumentEndEvent():
                _report_rest(parsed, findings)
                break
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                if len(stack) == DEEPEST:
                    findings.add(rules.TOO_DEEP, mark, limit=DEEPEST)
                    raise _RefusedError
                stack.append(_Open(mark, isinstance(event, yaml.MappingStartEvent), event.tag or ""))
                continue
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                node = _closed(stack.pop(), findings)
            case yaml.AliasEvent():
                findings.add(rules.ALIAS, mark, name=event.anchor)
                node = Scalar(*mark, None, f"*{event.anchor}")
            case yaml.ScalarEvent():
                node = _scalar(event, mark, findings)
            case _:
                continue
        if stack:
            stack[-1].children.append(node)
        else:
            root = node
    return root


def _closed(ended: _Open, findings: Findings) -> Node:
    collection = ended.close()
    _report_duplicates(collection, findings)
    node = _merged(collection)
    if not ended.tag:
        return node
    try:
        read = tagged_node(ended.tag, node)
    except TagRefused:
        findings.add(rules.TAG, node, tag=ended.tag)
        return node
    _report_tag(ended.tag, node, findings)
    return read


def _scalar(event: yaml.ScalarEvent, mark: _Mark, findings: Findings) -> Scalar:
    tag: str = event.tag or ""
    if event.style and not tag:
        return Scalar(*mark, event.value, event.value)
    if is_date(event.value) and is_read_plainly(tag):
        findings.add(rules.DATE, mark, text=event.value)
        return Scalar(*mark, event.value, event.value)
    if tag:
        return Scalar(*mark, _tagged(tag, event.value, mark, findings), event.value)
    value = resolve(event.value)
    if isinstance(value, Symbol) or (isinstance(value, int) and event.value.endswith(("_", ","))):
        findings.add(rules.RUBY_ONLY, mark, text=event.value)
    return Scalar(*mark, value, event.value)


def _tagged(tag: str, text: str, mark: _Mark, findings: Findings) -> Value:
    try:
        value = tagged_value(tag, text)
    except TagRefused:
        findings.add(rules.TAG, mark, tag=tag)
        return text
    _report_tag(tag, mark, findings)
    return value


def _report_tag(tag: str, where: Placed, findings: Findings) -> None:
    """Report a tag that other readers take for something else, or that stands for nothing in an AppSpec."""
    if is_rubys_own(tag):
        findings.add(rules.RUBY_ONLY, where, text=tag)
    elif tag in _CLOUDFORMATION:
        findings.add(rules.CLOUDFORMATION, where, tag=tag)


def _merged(node: Sequence | Mapping) -> Sequence | Mapping:
    """Put the keys of an inline `<<` in its place, as Ruby does even where the key is quoted."""
    if not isinstance(node, Mapping) or not any(text_of(key) == "<<" for key, _ in node.pairs):
        return node
    pairs: list[tuple[Node, Node]] = []
    for key, value in node.pairs:
        merged = reversed(value.items) if isinstance(value, Sequence) else (value,)
        mappings = [item for item in merged if isinstance(item, Mapping)]
        if text_of(key) == "<<" and len(mappings) == (len(value.items) if isinstance(value, Sequence) else 1):
            pairs += (pair for mapping in mappings for pair in mapping.pairs)
        else:
            pairs.append((key, value))
    return Mapping(node.line, node.column, tuple(pairs))


def _report_duplicates(node: Node, findings: Findings) -> None:
    if not isinstance(node, Mapping):
        return
    seen: dict[tuple[type, object], int] = {}
    for key, _ in node.pairs:
        if isinstance(key, Scalar):
            first = seen.setdefault((type(key.value), key.value), key.line)
            if key is not node.pairs[0][0] and first != key.line:
                findings.add(rules.DUPLICATE_KEY, key, key=key.text, first=first)


def _report_rest(rest: Iterator[yaml.Event], findings: Findings) -> None:
    """Report text behind the first document: the agent reads none of it, whether it is YAML or not."""
    try:
        event = next(rest)
    except yaml.YAMLError as error:
        findings.add(rules.NOT_READ, _mark(getattr(error, "problem_mark", None)))
        return
    if isinstance(event, yaml.DocumentStartEvent):
        findings.add(rules.SECOND_DOCUMENT, _mark(event.start_mark))


def _report_syntax(error: yaml.YAMLError, text: str, findings: Findings) -> None:
    mark = getattr(error, "problem_mark", None)
    if mark is None:  # a character that YAML does not allow
        before = text[: getattr(error, "position", 0)]
        place = _Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))
        findings.add(rules.SYNTAX, place, reason=getattr(error, "reason", str(error)))
        return
    lines = text.splitlines()
    place = _mark(mark)
    if place.line > len(lines):  # the end of the file
        place = _Mark(len(lines), len(lines[-1]) + 1)
    if "\t" in lines[place.line - 1][: place.column]:
        findings.add(rules.TAB, place)
    else:
        parts = (getattr(error, "problem", None), getattr(error, "context", None))
        findings.add(rules.SYNTAX, place, reason=" ".join(part for part in parts if part))
