"""Fleets that moto has: every way to select instances, and a large one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.emulator.borrowed import Borrowed
from tests.fleets import STAGE, Stand

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.harness import Ran

APP = {"Key": "App", "Value": "web", "Type": "KEY_AND_VALUE"}


def run(stand: Stand, *flags: str, **variables: str) -> Ran:
    return stand.run(*flags, GITHUB_ACTIONS="true", **variables)


@pytest.mark.parametrize(
    ("tags", "wanted", "why"),
    [
        ({"stage": "prodution"}, "prodution", "; 4 have stage=prodution."),
        ({"Stage": "blue"}, "prodution", "; its values are blue (4)."),
        ({"Name": "web"}, "prodution", "."),
        ({"Stage": "p"}, "*", "; its values are p (4)."),
    ],
)
def test_the_nearest_tag_is_named(tags: Mapping[str, str], wanted: str, why: str, stand: Stand) -> None:
    stand.launch(4, profile=False, **tags)
    stand.group["ec2TagFilters"] = [{**STAGE, "Value": wanted}]
    ran = run(stand)
    assert ran.code == 2, ran.log
    assert f"no instance has the tag Stage={wanted}{why}" in ran.log
    assert stand.asked == ["DescribeInstances", "DescribeInstances"]


def test_tag_groups_all_have_to_match_and_one_tag_of_each_does(stand: Stand) -> None:
    stand.group["ec2TagFilters"] = []
    for stage, app in (("production", "web"), ("staging", "web"), ("production", "db")):
        stand.launch(1, Stage=stage, App=app)
    either = [STAGE, {**STAGE, "Value": "staging"}]
    for groups, count in (
        ([either, [APP]], "2 instances"),
        ([either, [{"Key": "App", "Type": "KEY_ONLY"}]], "3 instances"),
        ([[{"Value": "db", "Type": "VALUE_ONLY"}], [STAGE]], "1 instance"),
        ([[{"Key": "Stage", "Type": "KEY_ONLY"}, APP], [{"Key": "App", "Type": "KEY_ONLY"}]], "3 instances"),
    ):
        stand.group["ec2TagSet"] = {"ec2TagSetList": groups}
        assert f"deploys to {count}\n" in run(stand).log
    stand.group["ec2TagSet"] = {"ec2TagSetList": [[{**STAGE, "Value": "staging"}], [{**APP, "Value": "db"}]]}
    assert "no instance has all of the tag Stage=staging and the tag App=db." in run(stand).log
    stand.group["ec2TagSet"] = {"ec2TagSetList": [[STAGE], [{**APP, "Value": "dbx"}]]}
    assert "no instance has the tag App=dbx; 1 has App=db." in run(stand).log


def test_a_group_that_names_nothing_selects_nothing(stand: Stand) -> None:
    stand.group["ec2TagFilters"] = []
    ran = run(stand)
    assert ran.code == 2
    assert "selects no instance: it names neither tags nor Auto Scaling groups." in ran.log
    assert stand.asked == []


def test_an_instance_with_the_tag_and_in_the_auto_scaling_group_counts_once(stand: Stand) -> None:
    ids = stand.scale("web", 2)
    stand.launch(1)
    Borrowed.client("ec2").create_tags(Resources=ids[:1], Tags=[{"Key": "Stage", "Value": "production"}])
    assert "deploys to 3 instances\n" in run(stand).log
    stand.group["ec2TagFilters"] = []
    assert "deploys to 2 instances\n" in run(stand).log


def test_on_premises_instances_count_too(stand: Stand) -> None:
    stand.group["ec2TagFilters"] = []
    stand.group["onPremisesInstanceTagFilters"] = [STAGE]
    ran = run(stand)
    assert ran.code == 2
    assert "no on-premises instance has the tag Stage=production." in ran.log
    stand.service.world.premises["rack-1"] = {("Stage", "production")}
    assert "deploys to 1 instance\n" in run(stand).log
    stand.group["onPremisesInstanceTagFilters"] = [STAGE, APP]
    ran = run(stand)
    assert ran.code == 0
    assert "deploys to" not in ran.log, "several tags are not documented, so nothing is claimed"


def test_blue_green_deployments_go_to_the_instances_that_are_named(stand: Stand) -> None:
    stand.launch(1, Stage="green")
    settings = {
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "blueGreenDeploymentConfiguration": {"greenFleetProvisioningOption": {"action": "DISCOVER_EXISTING"}},
    }
    stand.group.update(settings)
    assert run(stand).code == 0, "the replacement instances are not known"
    assert stand.asked == []
    named = "--target-instances=tagFilters: [{Key: Stage, Value: %s, Type: KEY_AND_VALUE}]"
    assert "deploys to 1 instance\n" in run(stand, named % "green").log
    ran = run(stand, named % "gren")
    assert ran.code == 2
    assert "no instance has the tag Stage=gren; 1 has Stage=green." in ran.log


def test_where_only_outdated_instances_are_deployed_to_their_number_is_not_known(stand: Stand) -> None:
    stand.launch(2)
    stand.config("HOST_COUNT", 2)
    assert run(stand).code == 2
    assert run(stand, "--update-outdated-instances-only=true").code == 0


def test_a_restart_is_checked_too(stand: Stand) -> None:
    usual = {"INPUT_BUCKET": "", "INPUT_SOURCE": ""}
    assert run(stand, "--restart=true", **usual).code == 2
    assert run(stand, "--restart=true", "--pre-flight=off", **usual).code == 0


@pytest.mark.parametrize("kind", ["access-denied", "throttle", "500", "cut-before"])
@pytest.mark.parametrize(
    "operation",
    ["DescribeInstances", "DescribeAutoScalingGroups", "DescribeInstanceInformation", "GetDeploymentConfig"],
)
def test_what_cannot_be_read_is_silent(operation: str, kind: str, stand: Stand) -> None:
    stand.group["autoScalingGroups"] = [{"name": "web"}]
    stand.launch(1)
    stand.service.faults.add(operation=operation, kind=kind, times=9)
    ran = run(stand)
    assert ran.code == 0, ran.log
    assert "::warning" not in ran.log
    assert stand.asked.count(operation) <= 1
    assert "AWS is not responding" not in ran.log


def test_a_fleet_of_a_thousand_takes_six_calls_at_most(stand: Stand) -> None:
    assert stand.service.borrowed
    stand.service.borrowed.crowds[stand.launch(1)[0]] = 990
    stand.scale("web", 9)
    stand.group["onPremisesInstanceTagFilters"] = [STAGE]
    stand.service.world.premises["rack-1"] = {("Stage", "production")}
    ran = run(stand)
    assert "deploys to 1,000 instances\n" in ran.log
    assert len(stand.asked) == 6
