"""The targets of a deployment group, as its description tells: instances by their tags, services by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class TagFilter:
    """A tag that instances are selected by: its key, its value, or both; None for what does not matter."""

    key: str | None
    value: str | None

    def matches(self, tags: Mapping[str, str]) -> bool:
        """Return whether one of the tags is the filter's; both parts are case-sensitive."""
        if self.key is None:
            return self.value in tags.values()
        return self.key in tags and self.value in {None, tags[self.key]}

    def __str__(self) -> str:
        """Return the filter for people: `the tag Stage=production`, or the part that matters."""
        if self.key is None:
            return f"a tag with the value {self.value}"
        return f"the tag {self.key}" if self.value is None else f"the tag {self.key}={self.value}"


@dataclass(frozen=True, slots=True)
class Selection:
    """The instances of a group: those with these tags, in these Auto Scaling groups, or on premises.

    Of tags, an instance needs one of each group, by the API reference of EC2TagSet; `ec2TagFilters` are one
    group. An instance that any of the three names belongs to the deployment group.
    """

    tags: tuple[tuple[TagFilter, ...], ...] = ()
    scaling: tuple[str, ...] = ()
    premises: tuple[tuple[TagFilter, ...], ...] = ()

    def has_tags_of(self, tags: Mapping[str, str]) -> bool:
        """Return whether an EC2 instance with these tags is selected by them."""
        return bool(self.tags) and all(any(each.matches(tags) for each in group) for group in self.tags)

    def __bool__(self) -> bool:
        """Return whether it names anything at all."""
        return bool(self.tags or self.scaling or self.premises)


@dataclass(frozen=True, slots=True)
class Service:
    """An ECS service by its names."""

    cluster: str
    name: str


@dataclass(frozen=True, slots=True)
class Targets:
    """The targets of a group, and the deployment configuration that it uses.

    `copied` tells that a blue/green deployment makes the instances itself, as a copy of an Auto Scaling
    group; `test_traffic`, that an ECS service has a listener for tests.
    """

    selection: Selection = field(default_factory=Selection)
    config: str = ""
    copied: bool = False
    services: tuple[Service, ...] = ()
    test_traffic: bool = False


def targets_of(info: Mapping[str, Any]) -> Targets:
    """Return the targets that a DeploymentGroupInfo names."""
    blue_green = info.get("blueGreenDeploymentConfiguration") or {}
    provisioning = (blue_green.get("greenFleetProvisioningOption") or {}).get("action")
    pairs = (info.get("loadBalancerInfo") or {}).get("targetGroupPairInfoList") or ()
    return Targets(
        selection_of(info),
        info.get("deploymentConfigName", ""),
        copied=provisioning == "COPY_AUTO_SCALING_GROUP",
        services=tuple(
            Service(each.get("clusterName", ""), each.get("serviceName", ""))
            for each in info.get("ecsServices") or ()
        ),
        test_traffic=any((pair.get("testTrafficRoute") or {}).get("listenerArns") for pair in pairs),
    )


def selection_of(info: Mapping[str, Any]) -> Selection:
    """Return the instances that a DeploymentGroupInfo selects, or the TargetInstances of a request."""
    groups = info.get("autoScalingGroups") or ()
    return Selection(
        _groups(
            info.get("ec2TagFilters") or info.get("tagFilters"),
            (info.get("ec2TagSet") or {}).get("ec2TagSetList"),
        ),
        tuple(each.get("name", "") if isinstance(each, dict) else each for each in groups),
        _groups(
            info.get("onPremisesInstanceTagFilters"),
            (info.get("onPremisesTagSet") or {}).get("onPremisesTagSetList"),
        ),
    )


def _groups(
    filters: Iterable[Mapping[str, str]] | None, sets: Iterable[Iterable[Mapping[str, str]]] | None
) -> tuple[tuple[TagFilter, ...], ...]:
    groups = [*([filters] if filters else []), *(sets or ())]
    return tuple(tuple(map(_filter, group)) for group in groups if group)


def _filter(given: Mapping[str, str]) -> TagFilter:
    """Return a filter; without a type, what is given matters."""
    kind = given.get("Type") or given.get("type")
    key, value = given.get("Key"), given.get("Value")
    if kind == "KEY_ONLY":
        value = None
    elif kind == "VALUE_ONLY":
        key = None
    return TagFilter(key, value)
