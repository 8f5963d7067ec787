"""What is said of a fleet, by what is known of it."""

from __future__ import annotations

import pytest

from deployer.errors import Severity
from deployer.fleet.judge import judge
from deployer.fleet.model import Fleet, Instance, Minimum, ScalingGroup
from deployer.live.targets import Selection, TagFilter

STAGE = TagFilter("Stage", "production")
SELECTION = Selection(((STAGE,),))
ONE_AT_A_TIME = Minimum("CodeDeployDefault.OneAtATime")


def instances(count: int, *, stopped: int = 0) -> tuple[Instance, ...]:
    """So many instances, the first of them stopped."""
    states = ["stopped"] * stopped + ["running"] * (count - stopped)
    tags = {"Stage": "production"}
    return tuple(Instance(f"i-{n}", state, profile=True, tags=tags) for n, state in enumerate(states))


def found(
    total: int, minimum: Minimum | None = None, *, stopped: int = 0, premises: int | None = 0
) -> list[tuple[str, Severity]]:
    """The codes and severities of what is found."""
    fleet = Fleet(instances(total, stopped=stopped), (), premises, minimum)
    return [(problem.code, problem.severity) for problem in judge("a/b", SELECTION, fleet)]


def why(selection: Selection, fleet: Fleet) -> str:
    """Why no instance is selected."""
    (problem,) = judge("a/b", selection, fleet)
    assert problem.code == "fleet-no-instance"
    return problem.message.removeprefix("a/b selects no instance: ")


@pytest.mark.parametrize(
    ("minimum", "total", "text", "possible"),
    [
        (Minimum("mine", percent=75), 3, "3 (75 % of 3, rounded up)", False),
        (Minimum("mine", percent=75), 4, "3 (75 % of 4)", True),
        (Minimum("mine", percent=66), 3, "2 (66 % of 3, rounded up)", True),
        (Minimum("mine", percent=95), 9, "9 (95 % of 9, rounded up)", False),
        (Minimum("mine", percent=100), 2, "2 (100 % of 2)", False),
        (Minimum("mine", percent=0), 1, "0 (0 % of 1)", True),
        (Minimum("mine", count=4), 3, "4", False),
        (Minimum("mine", count=3), 3, "3", False),
        (Minimum("mine", count=2), 3, "2", True),
        (Minimum("mine", count=0), 1, "0", True),
        (ONE_AT_A_TIME, 1, "0", True),
        (ONE_AT_A_TIME, 5, "4", True),
    ],
)
def test_a_minimum_has_to_be_less_than_the_total(
    minimum: Minimum, total: int, text: str, *, possible: bool
) -> None:
    assert minimum.text(total) == text
    assert found(total, minimum) == ([] if possible else [("fleet-minimum", Severity.ERROR)])


def test_of_one_instance_the_guide_leaves_open_what_predefined_minima_mean() -> None:
    half = Minimum("CodeDeployDefault.HalfAtATime", percent=50)
    assert found(1, half) == [("fleet-minimum", Severity.WARNING)]
    assert found(2, half) == []


@pytest.mark.parametrize(
    ("total", "stopped", "minimum", "code"),
    [
        (4, 1, ONE_AT_A_TIME, "fleet-stopped"),
        (4, 2, ONE_AT_A_TIME, "fleet-too-many-stopped"),
        (4, 2, Minimum("mine", percent=50), "fleet-stopped"),
        (4, 3, Minimum("mine", percent=50), "fleet-too-many-stopped"),
        (4, 3, Minimum("mine", count=0), "fleet-stopped"),
        (4, 4, Minimum("mine", count=0), "fleet-too-many-stopped"),
        (1, 1, ONE_AT_A_TIME, "fleet-too-many-stopped"),
        (4, 4, None, "fleet-stopped"),
    ],
)
def test_stopped_instances_are_held_against_the_minimum(
    total: int, stopped: int, minimum: Minimum | None, code: str
) -> None:
    assert [name for name, _ in found(total, minimum, stopped=stopped)] == [code]


def test_nothing_is_certain_where_a_part_is_unknown() -> None:
    assert found(0, premises=None) == []
    assert found(3, Minimum("mine", count=3), premises=None) == []
    assert list(judge("a/b", SELECTION, Fleet(None, (), 0))) == []
    assert found(3, stopped=3, premises=None) == [("fleet-stopped", Severity.WARNING)]


def test_the_tag_that_no_instance_has_is_named_with_the_nearest() -> None:
    some = instances(4)
    typo, other = TagFilter("Stage", "prodution"), TagFilter("App", None)
    assert why(Selection(((typo,),)), Fleet((), (), 0, others=some)) == (
        "no instance has the tag Stage=prodution; 4 have Stage=production."
    )
    assert why(Selection(((TagFilter("stage", "production"),),)), Fleet((), (), 0, others=some)).endswith(
        "; 4 have Stage=production."
    )
    assert why(Selection(((TagFilter("stage", None),),)), Fleet((), (), 0, others=some)) == (
        "no instance has the tag stage; its values are production (4)."
    )
    assert why(Selection(((typo, other),)), Fleet((), (), 0, others=())) == (
        "no instance has the tag Stage=prodution or the tag App."
    )


def test_of_several_tag_groups_the_one_that_excludes_all_is_named_if_it_is_certain() -> None:
    typo, value = TagFilter("Stage", "x"), TagFilter(None, "web")
    both = Selection(((STAGE,), (typo,)))
    assert why(both, Fleet((), (), 0, others=instances(1))) == (
        "no instance has the tag Stage=x; its values are production (1)."
    )
    assert why(both, Fleet((), (), 0, others=None)) == (
        "no instance has all of the tag Stage=production and the tag Stage=x."
    )
    assert why(Selection(((STAGE,), (value,))), Fleet((), (), 0, others=instances(1))) == (
        "no instance has all of the tag Stage=production and a tag with the value web."
    )


def test_every_way_to_belong_to_the_group_is_told() -> None:
    selection = Selection((), ("web", "gone"), ((STAGE,),))
    fleet = Fleet((), (ScalingGroup("web", 2),), 0)
    assert why(selection, fleet) == (
        "the Auto Scaling group web has no instances and wants 2; there is no Auto Scaling group gone; no "
        "on-premises instance has the tag Stage=production."
    )
    assert why(Selection(), Fleet((), (), 0)) == "it names neither tags nor Auto Scaling groups."


@pytest.mark.parametrize(
    ("tag", "matches"),
    [
        (STAGE, True),
        (TagFilter("Stage", None), True),
        (TagFilter(None, "production"), True),
        (TagFilter("stage", "production"), False),
        (TagFilter("Stage", "Production"), False),
        (TagFilter(None, "Stage"), False),
        (TagFilter("Stage", ""), False),
    ],
)
def test_a_tag_is_compared_by_what_its_filter_gives(tag: TagFilter, *, matches: bool) -> None:
    assert tag.matches({"Stage": "production", "Name": "web"}) is matches
