"""The one resource of an AppSpec for Lambda or ECS, as its author wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from deployer.documents import OutOfBounds, compose
from deployer.errors import Location

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployer.appspec.inline import AppSpecFile


@dataclass(frozen=True, slots=True)
class Resource:
    """The properties by their names in lower case, empty for what is no text, and the places of the hooks."""

    properties: Mapping[str, str]
    hooks: Mapping[str, Location]
    location: Location


def resource_of(file: AppSpecFile) -> Resource | None:
    """Return the resource of an AppSpec that is the revision, None if it cannot be understood."""
    node, appspec = properties_of(file.text), file.parsed.appspec
    if node is None or appspec is None:
        return None
    return Resource(
        {
            str(key.value).lower(): value.value if isinstance(value, yaml.ScalarNode) else ""
            for key, value in node.value
        },
        {event: Location(file.path, hooks[0].line) for event, hooks in appspec.hooks.items() if hooks},
        Location(file.path, node.value[0][0].start_mark.line + 1),
    )


def properties_of(text: str) -> yaml.MappingNode | None:
    """Return the `Properties` of the AppSpec's one resource, None without any."""
    try:
        node = compose(text)
    except (yaml.YAMLError, OutOfBounds):
        return None
    resources = _value(node, "resources")
    first = resources.value[0] if isinstance(resources, yaml.SequenceNode) and resources.value else None
    if not isinstance(first, yaml.MappingNode) or not first.value:
        return None
    properties = _value(first.value[0][1], "properties")
    return properties if isinstance(properties, yaml.MappingNode) and properties.value else None


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if str(name.value).lower() == key), None)
