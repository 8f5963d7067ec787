"""The names that other tools give to our inputs, so that a message can translate them."""

from __future__ import annotations

from functools import cache
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING

from deployer.settings.model import inputs
from deployer.settings.tools import ADVICE, OTHER_NAMES, TOOLS, Translation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def translated(meaning: str) -> Translation:
    """Return the translation for the name of an input, or for a key of `ADVICE`."""
    return ADVICE.get(meaning) or Translation(meaning, f"Use {meaning}.")


def _squashed(name: str) -> str:
    """Return a name without case and separators: `applicationName` and `APPLICATION_NAME` are the same."""
    return "".join(filter(str.isalnum, name.lower()))


def _meanings() -> Iterator[tuple[str, str]]:
    """Yield all foreign names with what they mean."""
    for meaning, names in OTHER_NAMES.items():
        yield from ((name, meaning) for name in names.split())
    yield from chain.from_iterable(tool.inputs.items() for tool in TOOLS.values())


@cache
def foreign() -> Mapping[str, Translation]:
    """Return the translations by squashed name; a name that is an input's as well has none."""
    own = set(map(_squashed, inputs()))
    squashed = {_squashed(name): translated(meaning) for name, meaning in _meanings()}
    return MappingProxyType({name: known for name, known in squashed.items() if name not in own})


def translation(name: str) -> Translation | None:
    """Return what a name of another tool means here, None for a name that is not in the table."""
    return foreign().get(_squashed(name))


def plain_variable(name: str, environ: Mapping[str, str]) -> str:
    """Return the variable that probably holds an input of that name but lacks the prefix, empty if none does.

    A foreign name counts if it is of several words: `APP` or `GROUP` may mean anything.
    """
    for variable, text in sorted(environ.items()):
        known = translation(variable) if "_" in variable else None
        if text.strip() and (_squashed(variable) == _squashed(name) or (known and known.name == name)):
            return variable
    return ""
