"""`NAME=value` pairs → the AppSpec with each `<NAME>` replaced; what is left over, the parser reports.

A value may come from elsewhere (a branch's name), so it fills in text and can never add a key: the filled
document has to have the structure of the one before. What cannot be parsed before must not become parsable.
"""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING

import yaml

from deployer.bundle.reading import LONGEST_TEXT
from deployer.choices import VARIABLE_NAME
from deployer.documents import OutOfBounds, events, line_of
from deployer.errors import Location
from deployer.rules import document as document_rules
from deployer.rules import resources as rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployer.errors import Problem


PLACEHOLDER = re.compile(f"<({VARIABLE_NAME})>")
_VARIABLE = re.compile(r"\$\{[^}]*\}|\$\([^)]*\)|\{\{.*?\}\}|\$(?!LATEST\b)[A-Za-z_]\w*|%[A-Za-z_]\w*%")


def variable(text: str) -> str:
    """Return the first variable of other tools in a text, which nothing here replaces; empty without one.

    >>> variable("/srv/${STAGE}/app"), variable("arn:…:function:check:$LATEST")
    ('${STAGE}', '')
    """
    found = _VARIABLE.search(text)
    return found[0] if found else ""


def fill(text: str, variables: Mapping[str, str], *, path: str) -> tuple[str, list[Problem]]:
    """Return the text with every placeholder replaced that has a value, and what is wrong with the values."""
    names = PLACEHOLDER.findall(text)
    longer = sum(len(variables[name]) - len(f"<{name}>") for name in names if name in variables)
    if len(text) + longer > LONGEST_TEXT:
        why = f"has more than {LONGEST_TEXT:,} bytes once its placeholders are replaced"
        return text, [document_rules.TOO_LARGE.problem(Location(path), why=why)]
    filled, known = _replaced(text, variables), set(names)
    problems = [
        rules.VARIABLE_UNUSED.problem(Location(path), name=name) for name in variables if name not in known
    ]
    line = _changed_line(text, filled, variables)
    if line is not None:
        problems.append(rules.VARIABLE_STRUCTURE.problem(Location(path, line)))
    return filled, problems


def _changed_line(text: str, filled: str, variables: Mapping[str, str]) -> int | None:
    """Return the first line, from 1, where filling in did more than replace text; None where there is none.

    Compared are the parser's events, so neither depth nor aliases can make it costly.
    """
    try:
        before = list(events(text))
    except (yaml.YAMLError, OutOfBounds) as error:
        return _line_of_error(error) if text != filled and _can_be_parsed(filled) else None
    try:
        for old, new in zip_longest(before, events(filled)):
            if new is None or old is None or _shape(old, variables) != _shape(new, {}):
                return line_of(old or before[-1])
    except (yaml.YAMLError, OutOfBounds) as error:
        return _line_of_error(error)
    return None


def _can_be_parsed(text: str) -> bool:
    try:
        return bool(list(events(text)))
    except (yaml.YAMLError, OutOfBounds):
        return False


def _line_of_error(error: Exception) -> int:
    """Return the line, from 1, at which a text cannot be parsed; 1 where that is unknown."""
    mark = getattr(error, "problem_mark", None)
    return mark.line + 1 if mark else 1


def _shape(event: yaml.Event, variables: Mapping[str, str]) -> tuple[object, ...]:
    """Return what has to stay as it is: kind, tag, anchor, and the value once it is filled in."""
    value = _replaced(getattr(event, "value", None) or "", variables)
    return type(event), getattr(event, "tag", None), getattr(event, "anchor", None), value


def _replaced(text: str, variables: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: variables.get(match[1], match[0]), text)
