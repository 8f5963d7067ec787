"""What a group deploys to, looked at before anything is sent: what a user reads, and what it may not cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.emulator.borrowed import Borrowed
from tests.fleets import STAGE, Stand
from tests.protocol.test_iam import only, printed
from tests.protocol.test_transcripts import PLATFORMS, on_platforms, texts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.harness import Start


def fit(stand: Stand) -> None:
    stand.launch(3)


def misspelt(stand: Stand) -> None:
    stand.group["ec2TagFilters"] = [{**STAGE, "Value": "prodution"}]
    stand.launch(4)


def stopped(stand: Stand) -> None:
    stand.stop(stand.launch(4)[:1])


def too_many_stopped(stand: Stand) -> None:
    stand.stop(stand.launch(4)[:2])


def minimum(stand: Stand) -> None:
    stand.launch(3)
    stand.config("FLEET_PERCENT", 75)


def suspects(stand: Stand) -> None:
    """Instances without a profile, and one that Systems Manager has lost."""
    assert stand.service.borrowed
    stand.launch(2, profile=False)
    stand.service.borrowed.lost.update([*stand.launch(1), "i-0123456789abcdef0"])


def suspended(stand: Stand) -> None:
    """An Auto Scaling group whose process Launch is suspended."""
    stand.launch(1)
    stand.scale("web", 0)
    Borrowed.client("autoscaling").suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["Launch"])


def empty(stand: Stand) -> None:
    """One Auto Scaling group without instances, and one that does not exist."""
    stand.group["ec2TagFilters"] = []
    stand.scale("web", 0)
    stand.group["autoScalingGroups"].append({"name": "gone"})


SERVERS: dict[str, tuple[Callable[[Stand], None], int]] = {
    "fleet-fit": (fit, 0),
    "fleet-no-instance": (misspelt, 2),
    "fleet-stopped": (stopped, 0),
    "fleet-too-many-stopped": (too_many_stopped, 2),
    "fleet-minimum": (minimum, 2),
    "fleet-suspects": (suspects, 0),
    "fleet-launch-suspended": (suspended, 0),
    "fleet-scaling-group-empty": (empty, 2),
}


@on_platforms(SERVERS)
def test_instances_are_looked_at_before_anything_is_sent(name: str, platform: str, *, stand: Stand) -> None:
    prepare, code = SERVERS[name]
    prepare(stand)
    ran = stand.run(INPUT_KEY="app.zip", **PLATFORMS[platform])
    shown, kept = texts(f"{name}.{platform}", ran.log, ran.code)
    assert shown == kept
    assert ran.code == code
    assert code == 0 or not stand.sent
    assert len(stand.asked) <= 6


def service(stand: Stand, **settings: object) -> None:
    stand.service.neighbours.services["shop/shop-web"] |= settings


ECS: dict[str, tuple[Callable[[Stand], None], int]] = {
    "ecs-service-missing": (lambda stand: stand.service.neighbours.services.clear(), 2),
    "ecs-service-inactive": (lambda stand: service(stand, status="INACTIVE"), 2),
    "ecs-controller": (lambda stand: service(stand, deploymentController={"type": "ECS"}), 2),
    "ecs-capacity-provider": (
        lambda stand: service(stand, capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT"}]),
        0,
    ),
}


@on_platforms(ECS)
def test_ecs_services_are_looked_at_before_anything_is_sent(
    name: str, platform: str, *, stand: Stand
) -> None:
    prepare, code = ECS[name]
    prepare(stand)
    inputs = {
        "INPUT_APPLICATION": "shop-ecs",
        "INPUT_SOURCE": "examples/shop-ecs",
        "INPUT_APPSPEC_VARIABLES": "TASK_DEFINITION=shop-web:41",
        "INPUT_BUCKET": "",
    }
    ran = stand.run(**inputs, **PLATFORMS[platform])
    shown, kept = texts(f"{name}.{platform}", ran.log, ran.code)
    assert shown == kept
    assert ran.code == code
    assert stand.asked == ["DescribeServices"]
    assert code == 0 or not stand.sent


APPSPEC = """\
version: 0.0
Resources:
- Orders:
    Type: AWS::Lambda::Function
    Properties:
      Name: shop-orders
      Alias: {alias}
      CurrentVersion: 7
      TargetVersion: 8
"""


@pytest.mark.parametrize(("alias", "code"), [("live", 0), ("life", 2)])
def test_a_lambda_alias_has_to_exist(alias: str, code: int, *, stand: Stand, tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "appspec.yml").write_text(APPSPEC.format(alias=alias))
    ran = stand.within(tmp_path / "workspace").run(
        INPUT_APPLICATION="shop-lambda", INPUT_SOURCE=".", INPUT_BUCKET="", GITHUB_ACTIONS="true"
    )
    assert ran.code == code, ran.log
    said = (
        "::error file=appspec.yml,line=6,title=lambda-alias-missing::The Lambda function shop-orders has no "
        "alias life, or does not exist.%0ACreate the alias, or correct `Name` and `Alias` in the AppSpec."
    )
    assert (said in ran.log) == bool(code)


def test_a_hook_for_test_traffic_needs_a_test_listener(stand: Stand, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "appspec.yml").write_text(
        "version: 0.0\nResources:\n- Web:\n    Type: AWS::ECS::Service\n    Properties:\n"
        "      TaskDefinition: shop-web:41\n      LoadBalancerInfo: {ContainerName: web, ContainerPort: 80}\n"
        "Hooks:\n- AfterAllowTestTraffic: check\n"
    )
    inputs = {"INPUT_APPLICATION": "shop-ecs", "INPUT_SOURCE": ".", "INPUT_BUCKET": ""}
    ran = stand.within(workspace).run(**inputs, GITHUB_ACTIONS="true")
    assert ran.code == 0, ran.log
    assert (
        "::warning file=appspec.yml,line=9,title=ecs-test-listener::The hook AfterAllowTestTraffic runs "
        "without test traffic: shop-ecs/production has no test listener." in ran.log
    )
    group = stand.service.world.group("shop-ecs", "production").settings
    pair = {"testTrafficRoute": {"listenerArns": ["arn:aws:elasticloadbalancing:eu-west-1:1:listener/x"]}}
    group["loadBalancerInfo"] = {"targetGroupPairInfoList": [pair]}
    assert "ecs-test-listener" not in stand.within(workspace).run(**inputs, GITHUB_ACTIONS="true").log


def test_the_printed_policy_lets_the_fleet_be_looked_at(stand: Stand, still_emulator: Start) -> None:
    service = still_emulator(borrowed=Borrowed(), bucket_store=stand.job.s3, policy=printed(stand.job))
    allowed = Stand(service, stand.job)
    allowed.launch(2, Name="hello-web")
    ran = allowed.run(GITHUB_ACTIONS="true")
    assert ran.code == 0, ran.log
    assert "hello-web/production deploys to 2 instances\n" in ran.log
    assert not [call for call in service.calls if call.error and call.service != "s3"]


def test_the_least_policy_is_enough_and_the_check_says_nothing(stand: Stand, still_emulator: Start) -> None:
    """Even where it would have found that the deployment cannot succeed."""
    least = only(printed(stand.job), lambda sid: not sid.startswith("Optional") or sid == "OptionalGroup")
    service = still_emulator(borrowed=Borrowed(), bucket_store=stand.job.s3, policy=least)
    allowed = Stand(service, stand.job)
    ran = allowed.run(GITHUB_ACTIONS="true", RUNNER_DEBUG="1")
    assert ran.code == 0, ran.log
    assert "::warning" not in ran.log
    assert allowed.asked == ["DescribeInstances"]
    assert (
        "::debug::ec2: describe_instances failed (UnauthorizedOperation); what depends on it is not checked."
        in ran.log
    )


@pytest.mark.parametrize("kind", ["throttle", "500", "cut-before", "html"])
def test_what_cannot_be_read_costs_one_try_and_no_word(kind: str, stand: Stand) -> None:
    stand.service.faults.add(operation="DescribeInstances", kind=kind, times=9)
    ran = stand.run(GITHUB_ACTIONS="true")
    assert ran.code == 0, ran.log
    assert stand.asked == ["DescribeInstances"]
    assert "DescribeInstances" not in ran.log


def test_the_check_is_off_with_the_others_and_for_what_does_not_deploy(stand: Stand) -> None:
    for flag in ("--pre-flight=off", "--stop-after=register"):
        assert stand.run(flag, GITHUB_ACTIONS="true").code == 0
        assert stand.asked == []


def test_strict_stops_at_warnings(stand: Stand) -> None:
    stopped(stand)
    ran = stand.run("--pre-flight=strict", GITHUB_ACTIONS="true")
    assert ran.code == 2
    assert "::error title=fleet-stopped::" in ran.log
    assert not stand.sent


def test_a_plan_says_how_many_instances_there_are(stand: Stand) -> None:
    fit(stand)
    ran = stand.run("--stop-after=plan", GITHUB_ACTIONS="true")
    assert ran.code == 0, ran.log
    assert '<th align="left">Instances</th><td>3</td>' in ran.outputs["plan"]
    assert not stand.sent
    stopped(stand)
    assert (
        "hello-web/production deploys to 7 instances, 1 of them stopped\n"
        in stand.run(GITHUB_ACTIONS="true").log
    )
