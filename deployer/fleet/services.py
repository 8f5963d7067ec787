"""The ECS service or the Lambda alias that is deployed to, read and judged.

Each of the two calls is optional, as those of `read` are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployer.rules import fleet as rules
from deployer.text import first_few

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deployer.appspec.resource import Resource
    from deployer.errors import Problem
    from deployer.fleet.read import Reader
    from deployer.live.targets import Service, Targets

_CODE_DEPLOY = "CODE_DEPLOY"
_TEST_HOOK = "AfterAllowTestTraffic"


@dataclass(frozen=True, slots=True)
class EcsService:
    """An ECS service as ECS describes it; `state` is empty where ECS knows no such service."""

    state: str
    controller: str = ""
    providers: tuple[str, ...] = ()


def read_service(service: Service, reader: Reader) -> EcsService | None:
    """Ask ecs:DescribeServices; None where there is no answer.

    The default controller is ECS, by the API reference of CreateService.
    """
    answer = reader.ask("ecs", "describe_services", cluster=service.cluster, services=[service.name])
    if answer is None:
        return None
    found: list[Mapping[str, Any]] = answer.get("services", [])
    if not found:
        missing = any(each.get("reason") == "MISSING" for each in answer.get("failures", []))
        return EcsService("") if missing else None
    given = found[0]
    strategy = given.get("capacityProviderStrategy", [])
    return EcsService(
        given.get("status", ""),
        given.get("deploymentController", {}).get("type", "ECS"),
        tuple(each.get("capacityProvider", "") for each in strategy),
    )


def judge_service(
    group: str, targets: Targets, service: Service, found: EcsService | None, resource: Resource | None
) -> Iterator[Problem]:
    """Yield the problems of an ECS service; those of the AppSpec only where that is at hand."""
    names = {"group": group, "service": service.name, "cluster": service.cluster}
    if found and found.state != "ACTIVE":
        fact = f"is {found.state}" if found.state else "does not exist"
        yield rules.NO_SERVICE.problem(None, **names, fact=fact)
    elif found and found.controller != _CODE_DEPLOY:
        yield rules.CONTROLLER.problem(None, **names, controller=found.controller)
    elif found and found.providers and resource and "capacityproviderstrategy" not in resource.properties:
        yield rules.CAPACITY.problem(resource.location, **names, providers=first_few(found.providers))
    if resource and not targets.test_traffic and _TEST_HOOK in resource.hooks:
        yield rules.NO_TEST_TRAFFIC.problem(resource.hooks[_TEST_HOOK], group=group)


def judge_alias(resource: Resource, reader: Reader) -> Iterator[Problem]:
    """Yield the problem of a Lambda alias that does not exist, by lambda:GetAlias.

    Where the AppSpec leaves the version out, it is looked up by the same call later on.
    """
    function, alias = resource.properties.get("name", ""), resource.properties.get("alias", "")
    if not (function and alias and "currentversion" in resource.properties):
        return
    answer = reader.ask("lambda", "get_alias", FunctionName=function, Name=alias)
    if answer is None and reader.refusal == "ResourceNotFoundException":
        yield rules.NO_ALIAS.problem(resource.location, function=function, alias=alias)
