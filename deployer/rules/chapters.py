"""The chapters of the pre-flight's documentation, in order: each is a module of rules."""

from __future__ import annotations

from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING

from deployer.rules import (
    Rule,
    archive,
    bundle,
    document,
    files,
    fleet,
    hooks,
    permissions,
    resources,
    tree,
    upload,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

CHAPTERS: Mapping[str, ModuleType] = MappingProxyType(
    {
        "The AppSpec document": document,
        "`files`": files,
        "`hooks` and their scripts": hooks,
        "`permissions`": permissions,
        "Lambda and ECS": resources,
        "The bundle": bundle,
        "The source folder": tree,
        "Ready-made archives": archive,
        "The upload": upload,
        "The deployment group": fleet,
    }
)


def rules_of(chapter: ModuleType) -> list[Rule]:
    """Return the rules that a module of `deployer.rules` defines, in its order."""
    return [value for value in vars(chapter).values() if isinstance(value, Rule)]


def all_rules() -> list[Rule]:
    """Return every rule, in the order of the documentation."""
    return list(chain.from_iterable(map(rules_of, CHAPTERS.values())))
