"""Looking at a deployment: the service's answers → Snapshot, in a bounded number of calls a look."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from deployer.model import Diagnostics, LifecycleEvent, Snapshot, Target, Traffic
from deployer.revision import of_location

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from mypy_boto3_codedeploy import CodeDeployClient
    from mypy_boto3_codedeploy.type_defs import DeploymentInfoTypeDef, DeploymentTargetTypeDef

BATCH = 25
"""Targets that one BatchGetDeploymentTargets may name, from the service's documentation."""

_NO_TARGETS_YET = {"Created", "Queued"}
_KINDS = {
    "instanceTarget": "instance",
    "lambdaTarget": "lambda",
    "ecsTarget": "ecs",
    "cloudFormationTarget": "cloudformation",
}


class Observer:
    """Looks at one deployment again and again, asking only for targets that have not ended yet."""

    def __init__(self, deployment_id: str, client: CodeDeployClient) -> None:
        self.deployment_id = deployment_id
        self.client = client
        self._targets: dict[str, Target | None] = {}
        self._may_read_targets = True

    def look(self, *, batches: int) -> Snapshot:
        """The deployment now.

        At most `batches` batches of unfinished targets are read, those not seen for longest first; all of
        them once the deployment has ended. Not being allowed to read targets costs only the targets. Raises
        the SDK's exceptions.
        """
        info = self.client.get_deployment(deploymentId=self.deployment_id)["deploymentInfo"]
        overview = info.get("deploymentOverview", {})
        counts = {state: count for state, count in overview.items() if isinstance(count, int) and count}
        status = info.get("status", "Unknown")
        if self._may_read_targets and status not in _NO_TARGETS_YET:
            over = status in {"Succeeded", "Failed", "Stopped"}
            self._read_targets(expected=sum(counts.values()), batches=None if over else batches)
        return _snapshot(info, counts, self._known_targets())

    def _known_targets(self) -> tuple[Target, ...] | None:
        if not self._may_read_targets:
            return None
        return tuple(target for target in self._targets.values() if target)

    def _read_targets(self, *, expected: int, batches: int | None) -> None:
        from botocore.exceptions import ClientError

        from deployer.aws import error_code, is_denied

        try:
            if not self._targets or expected > len(self._targets):
                for identifier in self._list_targets():
                    self._targets.setdefault(identifier, None)
            unfinished = [name for name, target in self._targets.items() if not (target and target.ended)]
            for start in islice(range(0, len(unfinished), BATCH), batches):
                self._read_batch(unfinished[start : start + BATCH])
        except ClientError as error:
            if is_denied(error):
                self._may_read_targets = False
            elif error_code(error) != "DeploymentNotStartedException":
                raise

    def _list_targets(self) -> Iterator[str]:
        pages = self.client.get_paginator("list_deployment_targets").paginate(deploymentId=self.deployment_id)
        for page in pages:
            yield from page.get("targetIds", [])

    def _read_batch(self, identifiers: list[str]) -> None:
        answer = self.client.batch_get_deployment_targets(
            deploymentId=self.deployment_id, targetIds=identifiers
        )
        for identifier in identifiers:  # the next look begins with those not seen for longest
            self._targets[identifier] = self._targets.pop(identifier)
        for described in answer.get("deploymentTargets", []):
            target = _target(described)
            self._targets[target.id] = target


def rollback_of(deployment_id: str, client: CodeDeployClient) -> str | None:
    """The id of the deployment that rolls this one back, None while there is none."""
    info = client.get_deployment(deploymentId=deployment_id)["deploymentInfo"]
    return info.get("rollbackInfo", {}).get("rollbackDeploymentId")


def _snapshot(
    info: DeploymentInfoTypeDef, counts: Mapping[str, int], targets: tuple[Target, ...] | None
) -> Snapshot:
    error = info.get("errorInformation", {})
    rollback = info.get("rollbackInfo", {})
    blue_green = info.get("blueGreenDeploymentConfiguration", {})
    ready_wait = blue_green.get("deploymentReadyOption", {}).get("waitTimeInMinutes", 0)
    keep_wait = blue_green.get("terminateBlueInstancesOnDeploymentSuccess", {}).get(
        "terminationWaitTimeInMinutes", 0
    )
    return Snapshot(
        status=info.get("status", "Unknown"),
        counts=counts,
        targets=None if targets is None else tuple(sorted(targets, key=lambda target: target.id)),
        error_code=error.get("code", ""),
        error_message=error.get("message", ""),
        created=info.get("createTime"),
        completed=info.get("completeTime"),
        rollback_id=rollback.get("rollbackDeploymentId"),
        rollback_message=rollback.get("rollbackMessage", ""),
        rollback_expected=info.get("autoRollbackConfiguration", {}).get("enabled", False),
        revision=of_location(info.get("revision", {})),
        creator=info.get("creator", ""),
        compute_platform=info.get("computePlatform", ""),
        group_wait_minutes=ready_wait + keep_wait,
        terminating=info.get("instanceTerminationWaitTimeStarted", False),
    )


def _target(described: DeploymentTargetTypeDef) -> Target:
    kind, detail = _detail(described)
    return Target(
        id=detail.get("targetId", ""),
        status=detail.get("status", "Unknown"),
        kind=kind,
        label=detail.get("instanceLabel", ""),
        events=tuple(_event(event) for event in detail.get("lifecycleEvents", [])),
        traffic=tuple(_traffic(kind, detail)),
    )


def _detail(described: DeploymentTargetTypeDef) -> tuple[str, Mapping[str, Any]]:
    """The kind of target and its description; a kind unknown to us is taken as it comes."""
    parts = {name: value for name, value in described.items() if isinstance(value, dict)}
    name, detail = next(iter(parts.items()), ("", {}))
    return _KINDS.get(name, name.removesuffix("Target")), detail


def _traffic(kind: str, detail: Mapping[str, Any]) -> Iterator[Traffic]:
    if kind == "lambda" and (function := detail.get("lambdaFunctionInfo")):
        weight = round(function.get("targetVersionWeight", 0.0))  # a percentage, as in task sets
        yield Traffic(f"version {function.get('currentVersion', '?')}", 100 - weight)
        yield Traffic(f"version {function.get('targetVersion', '?')}", weight)
    for task_set in detail.get("taskSetsInfo", []):
        label = task_set.get("taskSetLabel") or task_set.get("identifer", "task set")
        yield Traffic(
            label.lower(),
            round(task_set.get("trafficWeight", 0.0)),
            f"{task_set.get('runningCount', 0)} of {task_set.get('desiredCount', 0)} tasks running",
        )
    if kind == "cloudformation" and "targetVersionWeight" in detail:
        weight = round(detail["targetVersionWeight"])
        yield Traffic("old version", 100 - weight)
        yield Traffic("new version", weight)


def _event(event: Mapping[str, Any]) -> LifecycleEvent:
    told = event.get("diagnostics", {})
    diagnostics = Diagnostics(
        error_code=told.get("errorCode", ""),
        script=told.get("scriptName", ""),
        message=told.get("message", ""),
        log_tail=told.get("logTail", ""),
    )
    return LifecycleEvent(
        name=event.get("lifecycleEventName", ""),
        status=event.get("status", "Unknown"),
        start=event.get("startTime"),
        end=event.get("endTime"),
        diagnostics=diagnostics if diagnostics != Diagnostics() else None,
    )
