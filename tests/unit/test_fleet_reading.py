"""What is read of a fleet, and how little an answer that is missing, cut short or without sense costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from deployer.fleet.model import Fleet, Minimum
from deployer.fleet.read import Reader, read_fleet
from deployer.live.targets import Selection, TagFilter
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deployer.aws.client import Aws

    Answer = Mapping[str, Any] | Exception

STAGE = TagFilter("Stage", "production")
TAGGED = Selection(((STAGE,),))
SCALED = Selection(scaling=("web",))
DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "No."}}, "Any")
DENIED.response["ResponseMetadata"] = {"HTTPStatusCode": 403}  # type: ignore[typeddict-item]
UNREACHABLE = ConnectTimeoutError(endpoint_url="https://ec2")


@dataclass
class Account:
    """Answers to calls by their names, the last of several for good; `asked` are the calls."""

    answers: dict[str, list[Answer]]
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def neighbor(self, _service: str) -> Account:
        """The same for any service."""
        return self

    def __getattr__(self, operation: str) -> Callable[..., Mapping[str, Any]]:
        """A call of any client."""

        def call(**parameters: object) -> Mapping[str, Any]:
            self.asked.append((operation, parameters))
            given = self.answers.get(operation, [DENIED])
            answer = given.pop(0) if len(given) > 1 else given[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def instance(name: str, state: str = "running", **tags: str) -> dict[str, Any]:
    """An instance as EC2 describes it."""
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"InstanceId": name, "State": {"Name": state}, "IamInstanceProfile": {}, "Tags": listed}


def described(*instances: Mapping[str, Any], more: str = "") -> dict[str, Any]:
    """A page of DescribeInstances."""
    return {"Reservations": [{"Instances": list(instances)}], "NextToken": more}


def scaling(*members: str, desired: int = 1) -> dict[str, Any]:
    """The answer about one Auto Scaling group."""
    group = {
        "AutoScalingGroupName": "web",
        "DesiredCapacity": desired,
        "Instances": [{"InstanceId": each} for each in members],
        "SuspendedProcesses": [],
    }
    return {"AutoScalingGroups": [group]}


def read(
    selection: Selection, *, config: str = "", **answers: Answer | list[Answer]
) -> tuple[Fleet, list[str], Account]:
    """The fleet, the debug lines, and what was asked."""
    account = Account({name: each if isinstance(each, list) else [each] for name, each in answers.items()})
    said: list[str] = []
    reader = Reader(cast("Aws", account), FakeClock(), said.append)
    reader.begin()
    return read_fleet(selection, config=config, reader=reader), said, account


def test_instances_are_those_with_a_tag_of_each_group_on_all_pages() -> None:
    """EC2 is asked for what it can tell, the rest is looked at here."""
    groups = ((STAGE, TagFilter("Stage", "canary")), (TagFilter(None, "web"),), (TagFilter("Team", None),))
    first = instance("i-1", Stage="production", Role="web", Team="a")
    others = [
        instance("i-2", Stage="canary", Role="db", Team="a"),
        instance("i-3", Stage="canary", Role="web"),
    ]
    last = instance("i-4", Stage="canary", Role="web", Team="")
    fleet, _, account = read(
        Selection(groups), describe_instances=[described(first, *others, more="2"), described(last)]
    )
    assert [each.id for each in fleet.instances or ()] == ["i-1", "i-4"]
    (_, parameters), (_, second) = [each for each in account.asked if each[0] == "describe_instances"]
    assert [(each["Name"], each["Values"]) for each in parameters["Filters"]] == [
        ("tag:Stage", ["production", "canary"]),
        ("tag-key", ["Team"]),
        ("instance-state-name", ["pending", "running", "stopping", "stopped"]),
    ]
    assert second["NextToken"] == "2"


def test_characters_with_a_meaning_in_filters_are_taken_as_they_are() -> None:
    _, _, account = read(Selection(((TagFilter("Stage", r"a*b?c\d"),),)), describe_instances=described())
    assert account.asked[0][1]["Filters"][0] == {"Name": "tag:Stage", "Values": [r"a\*b\?c\\d"]}


def test_members_of_a_scaling_group_are_read_by_its_tag_unless_their_own_tags_found_them() -> None:
    both = Selection(((STAGE,),), ("web",))
    one = instance("i-1", Stage="production")
    fleet, _, account = read(
        both, describe_auto_scaling_groups=scaling("i-1"), describe_instances=described(one)
    )
    assert fleet.total == 1
    assert len([each for each in account.asked if each[0] == "describe_instances"]) == 1
    answers: list[Answer] = [described(one), described(instance("i-2"), instance("i-warm"))]
    fleet, _, _ = read(both, describe_auto_scaling_groups=scaling("i-1", "i-2"), describe_instances=answers)
    assert sorted(each.id for each in fleet.instances or ()) == ["i-1", "i-2"], "not those of a warm pool"


def test_what_ec2_does_not_know_yet_is_not_counted() -> None:
    fleet, _, _ = read(SCALED, describe_auto_scaling_groups=scaling("i-1"), describe_instances=described())
    assert fleet.instances is None
    assert fleet.total is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "FLEET_PERCENT", "value": 75}, Minimum("mine", percent=75)),
        ({"type": "HOST_COUNT", "value": 2}, Minimum("mine", count=2)),
        ({"type": "HOST_COUNT", "value": -1}, Minimum("mine")),
        ({"type": "MOST_CONCURRENCY", "value": 1}, Minimum("mine")),
        (None, None),
    ],
)
def test_a_configuration_s_minimum(given: Mapping[str, Any] | None, expected: Minimum | None) -> None:
    info = {"minimumHealthyHosts": given} if given else {}
    fleet, _, _ = read(
        TAGGED,
        config="mine",
        describe_instances=described(instance("i-1", Stage="production")),
        get_deployment_config={"deploymentConfigInfo": info},
    )
    assert fleet.minimum == expected


@pytest.mark.parametrize(
    ("tag", "asked"),
    [
        (STAGE, {"Key": "Stage", "Value": "production", "Type": "KEY_AND_VALUE"}),
        (TagFilter("Stage", None), {"Key": "Stage", "Type": "KEY_ONLY"}),
        (TagFilter(None, "production"), {"Value": "production", "Type": "VALUE_ONLY"}),
    ],
)
def test_on_premises_instances_are_counted_by_the_service(tag: TagFilter, asked: dict[str, str]) -> None:
    pages: list[Answer] = [{"instanceNames": ["a", "b"], "nextToken": "2"}, {"instanceNames": ["c"]}]
    fleet, _, account = read(Selection(premises=((tag,),)), list_on_premises_instances=pages)
    assert (fleet.premises, fleet.total) == (3, 3)
    assert account.asked[0][1]["tagFilters"] == [asked]
    assert account.asked[1][1]["nextToken"] == "2"


def test_several_tags_on_premises_are_not_counted() -> None:
    """The reference does not say whether all of them have to match."""
    fleet, _, account = read(Selection(premises=((STAGE, TagFilter("Team", "a")),)))
    assert fleet.total is None
    assert account.asked == []


def test_lost_connections_are_those_of_running_instances() -> None:
    running, stopped = (instance(f"i-{state}", state, Stage="production") for state in ("running", "stopped"))
    lost = [
        {"InstanceId": name, "PingStatus": "ConnectionLost"} for name in ("i-running", "i-stopped", "i-x")
    ]
    fleet, _, _ = read(
        TAGGED,
        describe_instances=described(running, stopped),
        describe_instance_information={
            "InstanceInformationList": [*lost, {"InstanceId": "i-running", "PingStatus": "Online"}, {}]
        },
    )
    assert fleet.lost == ("i-running",)


def test_of_very_many_instances_systems_manager_is_asked_for_all_that_are_lost() -> None:
    """A filter takes a hundred IDs."""
    many = [instance(f"i-{n}", Stage="production") for n in range(101)]
    _, _, account = read(TAGGED, describe_instances=described(*many), describe_instance_information={})
    (parameters,) = [each for name, each in account.asked if name == "describe_instance_information"]
    assert [each["Key"] for each in parameters["Filters"]] == ["PingStatus"]


def test_instances_with_like_tags_are_read_where_none_is_selected() -> None:
    near = instance("i-1", stage="production")
    fleet, _, account = read(TAGGED, describe_instances=[described(), described(near)])
    assert [each.id for each in fleet.others or ()] == ["i-1"]
    spellings = account.asked[1][1]["Filters"][0]["Values"]
    assert {"Stage", "stage", "STAGE"} <= set(spellings)
    fleet, _, account = read(Selection(((TagFilter(None, "x"),),)), describe_instances=described())
    assert (fleet.total, fleet.others, len(account.asked)) == (0, None, 1), "no key to look for"


@pytest.mark.parametrize("selection", [TAGGED, SCALED, Selection(((STAGE,),), ("web",))])
@pytest.mark.parametrize("fault", [DENIED, UNREACHABLE])
def test_what_is_refused_or_out_of_reach_is_unknown(selection: Selection, fault: Exception) -> None:
    fleet, said, account = read(
        selection, config="mine", describe_instances=fault, describe_auto_scaling_groups=fault
    )
    assert fleet.total is None
    assert any("failed" in line for line in said)
    assert len(account.asked) <= (1 if fault is UNREACHABLE else 2), "without a network, one try is enough"


def test_a_page_that_is_missing_makes_the_whole_unknown() -> None:
    one = instance("i-1", Stage="production")
    fleet, _, _ = read(TAGGED, describe_instances=[described(one, more="2"), DENIED])
    assert fleet.instances is None


def test_an_endless_answer_takes_six_calls() -> None:
    fleet, said, account = read(
        TAGGED, describe_instances=described(instance("i-1", Stage="production"), more="again")
    )
    assert fleet.instances is None
    assert len(account.asked) == 6
    assert "skipped" in said[-1]


def test_no_call_begins_after_some_seconds() -> None:
    clock = FakeClock()
    account = Account({"describe_instances": [described()]})
    reader = Reader(cast("Aws", account), clock, print)
    reader.begin()
    clock.sleep(6)
    assert read_fleet(TAGGED, config="", reader=reader) == Fleet(scaling=(), premises=0)
    assert account.asked == []


@pytest.mark.parametrize(("fault", "tries"), [(DENIED, 3), (UNREACHABLE, 1)])
def test_each_group_has_its_own_calls_but_no_service_out_of_reach_is_asked_again(
    fault: Exception, tries: int
) -> None:
    """Of twenty groups, each would wait for the same address that nobody answers."""
    account = Account({"describe_instances": [fault]})
    reader = Reader(cast("Aws", account), FakeClock(), print)
    for _ in range(3):
        reader.begin()
        assert read_fleet(TAGGED, config="", reader=reader).total is None
    assert len(account.asked) == tries


def test_a_service_out_of_reach_costs_the_next_group_nothing_else() -> None:
    """A private network often has a way to EC2 and none to Systems Manager."""
    one = described(instance("i-1", Stage="production"))
    account = Account({"describe_instances": [one], "describe_instance_information": [UNREACHABLE]})
    reader = Reader(cast("Aws", account), FakeClock(), print)
    for _ in range(2):
        reader.begin()
        assert read_fleet(TAGGED, config="", reader=reader).total == 1
    assert [name for name, _ in account.asked] == [
        "describe_instances",
        "describe_instance_information",
        "describe_instances",
    ]


HALF: dict[str, tuple[Selection, dict[str, Answer]]] = {
    "an instance without an ID": (TAGGED, {"describe_instances": described({"State": {"Name": "running"}})}),
    "an instance without a state": (TAGGED, {"describe_instances": described({"InstanceId": "i-1"})}),
    "a tag without a value": (
        TAGGED,
        {"describe_instances": described(instance("i-1") | {"Tags": [{"Key": "Stage"}, {}]})},
    ),
    "a scaling group without anything": (
        SCALED,
        {"describe_auto_scaling_groups": {"AutoScalingGroups": [{}]}, "describe_instances": described()},
    ),
    "members and processes without names": (
        SCALED,
        {
            "describe_auto_scaling_groups": {
                "AutoScalingGroups": [{"Instances": [{}], "SuspendedProcesses": [{}]}]
            },
            "describe_instances": described(),
        },
    ),
}


@pytest.mark.parametrize("case", HALF)
def test_an_answer_that_lacks_something_never_ends_a_run(case: str) -> None:
    selection, answers = HALF[case]
    fleet, _, _ = read(selection, config="", **answers)
    assert not fleet.lost
