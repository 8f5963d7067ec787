"""The inputs about a deployment → one Order for each group; nothing that was not given is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployer.deploy import Order
from deployer.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.settings import Settings


def orders_of(settings: Settings, *, description: str) -> tuple[Order, ...]:
    """The orders, in the groups' order; `description` stands in where none is given.

    Raises InvalidInput with everything in `target-instances` and `parameters` that CodeDeploy does not know.
    """
    parameters = dict(_parameters(settings, description))
    return tuple(Order(settings.application, group, parameters) for group in settings.deployment_groups)


def _parameters(settings: Settings, description: str) -> Iterator[tuple[str, Any]]:
    _check(settings)
    given = {
        "deploymentConfigName": settings.deployment_config or None,
        "description": settings.description or description or None,
        "fileExistsBehavior": settings.file_exists_behavior,
        "ignoreApplicationStopFailures": settings.ignore_application_stop_failures,
        "updateOutdatedInstancesOnly": settings.update_outdated_instances_only,
        "targetInstances": settings.target_instances,
    }
    yield from ((name, value) for name, value in given.items() if value is not None)
    if (events := settings.auto_rollback) is not None:
        yield (
            "autoRollbackConfiguration",
            {"enabled": bool(events), **({"events": [*events]} if events else {})},
        )
    if (alarms := settings.alarms) is not None:
        named = {"alarms": [{"name": name} for name in alarms]} if alarms else {}
        yield "overrideAlarmConfiguration", {"enabled": bool(alarms), **named}
    yield from (settings.parameters or {}).items()


def _check(settings: Settings) -> None:
    if not settings.parameters and not settings.target_instances:
        return
    from deployer.parameters import check

    problems = check(settings.parameters or {}, label="parameters")
    if settings.target_instances is not None:
        problems += check(settings.target_instances, label="target-instances", within="targetInstances")
    if problems:
        raise InvalidInput(*problems)
