"""Targets of each compute platform, laid out in time."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from tests.emulator.timeline import Diagnostics, Event, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.emulator.failures import Failure

IN_PLACE = {
    "ApplicationStop": 0.6,
    "DownloadBundle": 0.9,
    "BeforeInstall": 0.5,
    "Install": 0.8,
    "AfterInstall": 0.9,
    "ApplicationStart": 0.6,
    "ValidateService": 0.9,
}
BLOCK = {"BeforeBlockTraffic": 0.3, "BlockTraffic": 0.8, "AfterBlockTraffic": 0.3}
ALLOW = {"BeforeAllowTraffic": 0.3, "AllowTraffic": 0.8, "AfterAllowTraffic": 0.3}
LOAD_BALANCED = {**BLOCK, **IN_PLACE, **ALLOW}
LAMBDA = {"BeforeAllowTraffic": 1.5, "AllowTraffic": 6.0, "AfterAllowTraffic": 1.5}
ECS = {
    "BeforeInstall": 0.8,
    "Install": 2.5,
    "AfterInstall": 0.8,
    "AllowTestTraffic": 0.5,
    "AfterAllowTestTraffic": 1.2,
    "BeforeAllowTraffic": 0.8,
    "AllowTraffic": 3.0,
    "AfterAllowTraffic": 1.0,
}


def instance_id(number: int) -> str:
    """The id of the fleet's instance of that number, the same in every run."""
    return f"i-0c5f3a9b7d{number:07x}"


def sequence(
    pace: dict[str, float], *, start: float, failure: Failure | None = None, stuck: str | None = None
) -> tuple[Event, ...]:
    """The events one after the other; a failure skips the rest, a stuck one keeps it waiting."""
    events: list[Event] = []
    at, failed = start, False
    for name, duration in pace.items():
        if failed:
            events.append(Event(name, start=at, end=at, outcome="Skipped"))
        elif name == stuck:
            events.append(Event(name, start=at))
            at = inf
        elif failure and name == failure.event:
            at += duration
            events.append(Event(name, at - duration, at, "Failed", failure.diagnostics))
            failed = True
        else:
            events.append(Event(name, at, at + duration, diagnostics=Diagnostics()))
            at += duration
    return tuple(events)


def instance(
    number: int,
    *,
    start: float,
    pace: dict[str, float] | None = None,
    failure: Failure | None = None,
    stuck: str | None = None,
    label: str = "",
) -> Target:
    """One EC2 instance or on-premises host."""
    events = sequence(pace or IN_PLACE, start=start, failure=failure, stuck=stuck)
    return Target(instance_id(number), events=events, label=label)


def waiting(number: int) -> Target:
    """An instance whose agent never picks anything up."""
    return Target(instance_id(number), events=tuple(Event(name) for name in IN_PLACE))


def end_of(targets: Sequence[Target]) -> float:
    """When the last event of the targets that ends has ended."""
    return max((event.end for target in targets for event in target.events if event.end < inf), default=0.0)


def shift(events: Sequence[Event], steps: int) -> list[tuple[float, float]]:
    """Times and weights in percent as the traffic goes over during AllowTraffic, in equal steps."""
    event = next(event for event in events if event.name == "AllowTraffic")
    if event.start >= event.end or event.end == inf:
        return [(0.0, 0.0)]
    width = (event.end - event.start) / steps
    shifted = [(event.start + width * step, 100.0 * (step + 1) / steps) for step in range(steps)]
    if event.outcome == "Failed":
        shifted = [*shifted[: steps // 2], (event.end, 0.0)]
    return [(0.0, 0.0), *shifted]


def function(*, failure: Failure | None = None, start: float = 1.0) -> Target:
    """The alias `live` of the Lambda function `shop-orders`, whose traffic moves from version 7 to 8."""
    events = sequence(LAMBDA, start=start, failure=failure)
    facts = {
        "functionName": "shop-orders",
        "functionAlias": "live",
        "currentVersion": "7",
        "targetVersion": "8",
    }
    details = tuple(
        (at, {"lambdaFunctionInfo": {**facts, "targetVersionWeight": weight}})
        for at, weight in shift(events, 10)
    )
    return Target("shop-orders:live", "lambdaTarget", events, details=details)


def service(*, failure: Failure | None = None, start: float = 1.0) -> Target:
    """The ECS service `web` of the cluster `shop`, moving from the blue task set to the green."""
    events = sequence(ECS, start=start, failure=failure)
    install = next(event for event in events if event.name == "Install")
    weights = [(at, weight, 4 if at >= install.end else 0) for at, weight in shift(events, 10)]
    weights += [(install.start, 0.0, 0), (install.end, 0.0, 0 if install.outcome == "Failed" else 4)]
    details = tuple(
        (at, {"taskSetsInfo": _task_sets(weight, green=green)}) for at, weight, green in sorted(weights)
    )
    return Target("shop:web", "ecsTarget", events, details=details)


def stack_resource(name: str, *, start: float = 1.0) -> Target:
    """A Lambda alias that CloudFormation deploys through CodeDeploy."""
    events = sequence(LAMBDA, start=start)
    details = tuple(
        (at, {"resourceType": "AWS::Lambda::Alias", "targetVersionWeight": weight})
        for at, weight in shift(events, 4)
    )
    return Target(name, "cloudFormationTarget", events, details=details)


def _task_sets(weight: float, *, green: int) -> list[dict[str, Any]]:
    return [
        {
            "identifer": "ecs-svc/1111111111111111111",
            "desiredCount": 4,
            "pendingCount": 0,
            "runningCount": 4,
            "status": "PRIMARY" if weight < 100 else "ACTIVE",
            "trafficWeight": 100.0 - weight,
            "targetGroup": {"name": "shop-blue"},
            "taskSetLabel": "Blue",
        },
        {
            "identifer": "ecs-svc/2222222222222222222",
            "desiredCount": 4,
            "pendingCount": 4 - green,
            "runningCount": green,
            "status": "ACTIVE" if weight < 100 else "PRIMARY",
            "trafficWeight": weight,
            "targetGroup": {"name": "shop-green"},
            "taskSetLabel": "Green",
        },
    ]
