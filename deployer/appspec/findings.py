"""Collecting what is wrong with one AppSpec, each finding at its line and column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from deployer.appspec.nodes import Mapping, Node, Scalar, Sequence, given, is_void
from deployer.documents import MOST_VALUES
from deployer.errors import Location
from deployer.rules import document
from deployer.text import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Collection

    from deployer.errors import Problem
    from deployer.rules import Rule


_IN_FILES = {
    "overwrite": "Write `file_exists_behavior: OVERWRITE` at the top of the AppSpec instead; without it, "
    "files that are there already stop the next deployment.",
    **dict.fromkeys(
        ("owner", "group", "mode", "acls", "permissions"),
        "Set it in `permissions`, in an item with the destination as `object`.",
    ),
}
"""Advice about keys that do nothing in an item of `files`, but are often written there."""

_BELONGS = (
    (("version", "os", "files", "hooks", "permissions", "file_exists_behavior"), "the top of the AppSpec"),
    (("source", "destination"), "an item of `files`"),
    (
        ("object", "pattern", "except", "owner", "group", "mode", "acls", "context"),
        "an item of `permissions`",
    ),
    (("location", "timeout", "runas"), "an item of an event in `hooks`"),
)
_BELONGS_IN_RESOURCES = (
    (("version", "Resources", "Hooks"), "the top of the AppSpec"),
    (("Type", "Properties"), "the resource, beside the other of `Type` and `Properties`"),
    (
        (
            "Name", "Alias", "CurrentVersion", "TargetVersion",
            "TaskDefinition", "LoadBalancerInfo", "PlatformVersion", "NetworkConfiguration",
            "CapacityProviderStrategy",
        ),
        "`Properties`",
    ),
    (("ContainerName", "ContainerPort"), "`LoadBalancerInfo`"),
    (("AwsvpcConfiguration",), "`NetworkConfiguration`"),
    (("Subnets", "SecurityGroups", "AssignPublicIp"), "`AwsvpcConfiguration`"),
)  # fmt: skip
"""The place of each key, of AppSpecs for instances and of those for Lambda and ECS."""


class Placed(Protocol):
    """Anything with a place in the AppSpec; both count from 1."""

    @property
    def line(self) -> int: ...  # noqa: D102 - described by the class
    @property
    def column(self) -> int: ...  # noqa: D102 - described by the class


class Findings:
    """The problems of the AppSpec at `path`, in the order in which they were found."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def add(self, rule: Rule, where: Placed, /, **facts: object) -> None:
        """Report a rule that is broken at `where`, unless there are more reports than anybody can read."""
        if len(self.problems) >= MOST_VALUES:
            return
        self.problems.append(rule.problem(Location(self.path, where.line, where.column), **facts))

    def unknown_keys(
        self, node: Mapping, known: Collection[str], owner: str, *, any_case: bool = False
    ) -> None:
        """Report each key that nothing reads, with the nearest one that something does."""
        names = {name.lower() for name in known} if any_case else set(known)
        for key, _ in node.pairs:
            text = key.text if isinstance(key, Scalar) else key.kind
            if (text.lower() if any_case else text) not in names:
                advice = _advice(text, known, owner, any_case=any_case)
                self.add(document.UNKNOWN_KEY, key, key=text, owner=owner, advice=advice)


def _advice(key: str, known: Collection[str], owner: str, *, any_case: bool) -> str:
    """Return what to do about a key that nothing reads where it stands."""
    if "`files`" in owner and (meant := _IN_FILES.get(key)):
        return meant
    for keys, place in _BELONGS_IN_RESOURCES if any_case else _BELONGS:
        if key in keys or (any_case and key.lower() in {name.lower() for name in keys}):
            return f"Move it to {place}."
    return did_you_mean(nearest(key, known), f"Remove it; {owner} reads {listed(known)}.")


def listed(words: Collection[str], last: str = "and") -> str:
    """Join items for a sentence: `a`, `b` and `c`."""
    *first, final = (f"`{word}`" for word in words)
    return f"{', '.join(first)} {last} {final}" if first else final


def section_items(node: Node | None, section: str, findings: Findings) -> tuple[Node, ...]:
    """Return the items of a list that may be absent or null; reports anything else."""
    if isinstance(node, Sequence):
        return node.items
    node = given(node)
    if node is not None and is_void(node):
        findings.add(document.STRICT_TYPE, node, key=section, kind=node.kind, expected="a list")
    elif node is not None:
        advice = f"Start each item of `{section}` with a dash."
        findings.add(
            document.SECTION_TYPE, node, section=section, kind=node.kind, expected="a list", advice=advice
        )
    return ()
