"""Reading a fleet: the only module here that calls AWS, and never one that a run depends on.

Each call is optional. What is denied, fails or would take too long is None, with a debug line; nothing else
follows from it. A fleet of a thousand instances takes six calls: DescribeInstances returns up to 1,000 a
page, all instances of an Auto Scaling group are listed with it, and Systems Manager is asked only for
connections that are lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from deployer.aws.errors import error_code, http_status, sdk_errors
from deployer.fleet.model import Fleet, Instance, Minimum, ScalingGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from deployer.aws.client import Aws
    from deployer.clock import Clock
    from deployer.live.targets import Selection, TagFilter

_MOST_CALLS = 6
_SECONDS = 5.0
"""The time after which no further call is made."""

_PAGE = 1_000
_LOST_PAGE = 50
_MOST_IDS = 100
"""Instance IDs that a filter of DescribeInstanceInformation takes, by its model."""

_STATES = ("pending", "running", "stopping", "stopped")
_SCALING_TAG = "aws:autoscaling:groupName"
"""The tag that EC2 Auto Scaling puts on its instances."""

_WILDCARD = re.compile(r"[\\*?]")
"""Characters with a meaning in EC2's filters, which a backslash takes away, by their reference."""


@dataclass(slots=True)
class Reader:
    """Asks AWS for what a run can do without: for each group a few calls in a few seconds.

    After the network has failed, no further call is made for the group, and none to that service for the
    others. `refusal` is the code of the service's refusal of the last call.
    """

    aws: Aws
    clock: Clock
    debug: Callable[[str], None]
    refusal: str = ""
    _calls: int = 0
    _deadline: float = 0.0
    _unreachable: set[str] = field(default_factory=set)
    _clients: dict[str, Any] = field(default_factory=dict)

    def begin(self) -> None:
        """Begin with another group, which has its own calls and time."""
        self._calls = _MOST_CALLS
        self._deadline = self.clock.monotonic() + _SECONDS

    def ask(self, service: str, operation: str, **parameters: object) -> Mapping[str, Any] | None:
        """Return the answer to a call, None if there is none."""
        self.refusal = ""
        if why := self._why_not(service):
            self.debug(f"{service}: {operation} was skipped: {why}.")
            return None
        self._calls -= 1
        try:
            if service not in self._clients:
                self._clients[service] = self.aws.neighbor(service)
            answer: Mapping[str, Any] = getattr(self._clients[service], operation)(**parameters)
        except sdk_errors() as error:
            if not http_status(error):
                self._unreachable.add(service)
                self._calls = 0
            self.refusal = error_code(error)
            why = self.refusal or type(error).__name__
            self.debug(f"{service}: {operation} failed ({why}); what depends on it is not checked.")
            return None
        return answer

    def _why_not(self, service: str) -> str:
        """Return why a call is not made, empty if it may be."""
        if service in self._unreachable:
            return "the network has failed before"
        spent = self._calls <= 0 or self.clock.monotonic() > self._deadline
        return "reading has taken enough calls or time already" if spent else ""

    def pages(
        self, service: str, operation: str, *, next_page: str = "NextToken", **parameters: object
    ) -> list[Mapping[str, Any]] | None:
        """Return all pages of an answer, None if one is missing; `next_page` is the member with the token."""
        answers: list[Mapping[str, Any]] = []
        following: dict[str, object] = {}
        while (answer := self.ask(service, operation, **parameters, **following)) is not None:
            answers.append(answer)
            if not answer.get(next_page):
                return answers
            following = {next_page: answer[next_page]}
        return None


def read_fleet(selection: Selection, *, config: str, reader: Reader) -> Fleet:
    """Read the instances that are selected, and what has to hold for them by their configuration."""
    scaling = _scaling_groups(selection.scaling, reader)
    fleet = Fleet(_instances(selection, scaling, reader), scaling, _on_premises(selection, reader))
    if fleet.total == 0 and selection.tags:
        return replace(fleet, others=_with_keys(selection, reader))
    if fleet.total and config:
        fleet = replace(fleet, minimum=_minimum(config, reader))
    return replace(fleet, lost=tuple(_lost(fleet.instances or (), reader)))


def _scaling_groups(names: Collection[str], reader: Reader) -> tuple[ScalingGroup, ...] | None:
    if not names:
        return ()
    pages = reader.pages("autoscaling", "describe_auto_scaling_groups", AutoScalingGroupNames=list(names))
    if pages is None:
        return None
    return tuple(_scaling_group(each) for page in pages for each in page.get("AutoScalingGroups", []))


def _scaling_group(given: Mapping[str, Any]) -> ScalingGroup:
    suspended = {
        each.get("ProcessName"): each.get("SuspensionReason", "")
        for each in given.get("SuspendedProcesses", [])
    }
    return ScalingGroup(
        given.get("AutoScalingGroupName", ""),
        given.get("DesiredCapacity", 0),
        frozenset(each.get("InstanceId", "") for each in given.get("Instances", [])),
        suspended.get("Launch"),
    )


def _instances(
    selection: Selection, scaling: tuple[ScalingGroup, ...] | None, reader: Reader
) -> tuple[Instance, ...] | None:
    """Return the EC2 instances; None where one of the two ways to belong to a group is unknown."""
    members = None if scaling is None else {each for group in scaling for each in group.members}
    found: dict[str, Instance] = {}
    if selection.tags:
        tagged = _described(_filters(selection), reader)
        if tagged is None:
            return None
        found |= {each.id: each for each in tagged if selection.has_tags_of(each.tags)}
    if selection.scaling and members is None:
        return None
    if members and not members <= set(found):
        names = list(map(_literal, selection.scaling))
        scaled = _described([{"Name": f"tag:{_SCALING_TAG}", "Values": names}], reader)
        if scaled is None:
            return None
        found |= {each.id: each for each in scaled if each.id in members}
    if members and not found:  # EC2 and Auto Scaling do not agree yet
        return None
    return tuple(found.values())


def _described(filters: Iterable[Mapping[str, Any]], reader: Reader) -> list[Instance] | None:
    states = {"Name": "instance-state-name", "Values": list(_STATES)}
    pages = reader.pages("ec2", "describe_instances", Filters=[*filters, states], MaxResults=_PAGE)
    if pages is None:
        return None
    return [
        Instance(
            each.get("InstanceId", ""),
            each.get("State", {}).get("Name", ""),
            profile="IamInstanceProfile" in each,
            tags={tag.get("Key", ""): tag.get("Value", "") for tag in each.get("Tags", [])},
        )
        for page in pages
        for reservation in page.get("Reservations", [])
        for each in reservation.get("Instances", [])
    ]


def _filters(selection: Selection) -> list[Mapping[str, Any]]:
    """Return filters that all selected instances pass, and as few others as EC2 can tell.

    EC2 takes one filter of a name, whose values are alternatives; different ones all have to hold.
    """
    filters: dict[str, list[str]] = {}
    for group in selection.tags:
        keys = {each.key for each in group}
        if None in keys:  # EC2 has no filter for a value of any key
            continue
        if len(keys) == 1 and all(each.value is not None for each in group):
            filters.setdefault(f"tag:{group[0].key}", [_literal(each.value or "") for each in group])
        else:
            filters.setdefault("tag-key", [_literal(key or "") for key in sorted(map(str, keys))])
    return [{"Name": name, "Values": values} for name, values in filters.items()]


def _with_keys(selection: Selection, reader: Reader) -> tuple[Instance, ...] | None:
    """Return instances that have tags of the same keys, in any spelling that people use."""
    keys = {tag.key for group in selection.tags for tag in group if tag.key}
    spellings = {
        form for key in keys for form in (key, key.lower(), key.upper(), key.capitalize(), key.title())
    }
    if not spellings:
        return None
    found = _described([{"Name": "tag-key", "Values": sorted(map(_literal, spellings))}], reader)
    return None if found is None else tuple(found)


def _literal(text: str) -> str:
    return _WILDCARD.sub(r"\\\g<0>", text)


def _on_premises(selection: Selection, reader: Reader) -> int | None:
    """Return the number of on-premises instances; None with several tags, which the reference leaves open."""
    filters: list[TagFilter] = [each for group in selection.premises for each in group]
    if not filters:
        return 0
    if len(filters) > 1:
        return None
    given = {"Key": filters[0].key, "Value": filters[0].value}
    kind = (
        "VALUE_ONLY"
        if filters[0].key is None
        else "KEY_ONLY"
        if filters[0].value is None
        else "KEY_AND_VALUE"
    )
    pages = reader.pages(
        "codedeploy",
        "list_on_premises_instances",
        next_page="nextToken",
        registrationStatus="Registered",
        tagFilters=[{name: text for name, text in given.items() if text is not None} | {"Type": kind}],
    )
    return None if pages is None else sum(len(page.get("instanceNames", [])) for page in pages)


def _minimum(config: str, reader: Reader) -> Minimum | None:
    """Return how many instances a configuration keeps healthy.

    The reference says that CodeDeployDefault.OneAtATime has a type that nobody else can use.
    """
    answer = reader.ask("codedeploy", "get_deployment_config", deploymentConfigName=config)
    given = (answer or {}).get("deploymentConfigInfo", {}).get("minimumHealthyHosts")
    if not given:
        return None
    kind, value = given.get("type"), given.get("value", 0)
    if kind == "FLEET_PERCENT":
        return Minimum(config, percent=value)
    return Minimum(config, count=value) if kind == "HOST_COUNT" and value >= 0 else Minimum(config)


def _lost(instances: Collection[Instance], reader: Reader) -> Iterator[str]:
    """Yield the running instances that Systems Manager knew and has lost, by one page of those."""
    running = {each.id for each in instances if not each.stopped}
    if not running:
        return
    filters: list[Mapping[str, Any]] = [{"Key": "PingStatus", "Values": ["ConnectionLost"]}]
    if len(running) <= _MOST_IDS:
        filters.append({"Key": "InstanceIds", "Values": sorted(running)})
    answer = reader.ask("ssm", "describe_instance_information", Filters=filters, MaxResults=_LOST_PAGE)
    for each in (answer or {}).get("InstanceInformationList", []):
        if each.get("PingStatus") == "ConnectionLost" and each.get("InstanceId") in running:
            yield each["InstanceId"]
