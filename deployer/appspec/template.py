"""`NAME=value` pairs → the AppSpec with each `<NAME>` replaced; what is left over, the parser reports.

A value may come from elsewhere (a branch's name), so it fills in text and can never add a key: the filled
document has to have the structure of the one before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from deployer.choices import VARIABLE_NAME
from deployer.errors import Location
from deployer.rules import resources as rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deployer.errors import Problem


PLACEHOLDER = re.compile(f"<({VARIABLE_NAME})>")


def fill(text: str, variables: Mapping[str, str], *, path: str) -> tuple[str, list[Problem]]:
    """The text with every placeholder replaced that has a value, and what is wrong with the values."""
    filled = _replaced(text, variables)
    known = {match[1] for match in PLACEHOLDER.finditer(text)}
    problems = [
        rules.VARIABLE_UNUSED.problem(Location(path), name=name) for name in variables if name not in known
    ]
    line = _changed_line(text, filled, variables)
    if line is not None:
        problems.append(rules.VARIABLE_STRUCTURE.problem(Location(path, line)))
    return filled, problems


def _changed_line(text: str, filled: str, variables: Mapping[str, str]) -> int | None:
    """The first line, from 1, where filling in did more than replace text; None where there is none."""
    try:
        before = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return None
    try:
        after = yaml.compose(filled, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        return error.problem_mark.line + 1 if error.problem_mark else 1
    except yaml.YAMLError:
        return 1
    return next(_differences(before, after, variables), None) if before else None


def _replaced(text: str, variables: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: variables.get(match[1], match[0]), text)


def _differences(before: yaml.Node, after: yaml.Node | None, variables: Mapping[str, str]) -> Iterator[int]:
    """Lines of the unfilled text, from 1, where filling in did more than replace text."""
    line = before.start_mark.line + 1
    if type(before) is not type(after) or after is None:
        yield line
    elif isinstance(before, yaml.ScalarNode):
        if _replaced(before.value, variables) != after.value:
            yield line
    elif len(before.value) != len(after.value):
        yield line
    else:
        for one, other in zip(before.value, after.value, strict=True):
            pairs = zip(one, other, strict=True) if isinstance(one, tuple) else [(one, other)]
            for old, new in pairs:
                yield from _differences(old, new, variables)
