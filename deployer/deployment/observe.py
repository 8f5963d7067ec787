"""Looking at a deployment: the service's answers → Snapshot, in a bounded number of calls a look."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from deployer.aws.errors import error_code, is_denied, is_lasting, is_transient, sdk_errors, text_of
from deployer.deployment.model import Diagnostics, LifecycleEvent, Snapshot, Target, Traffic
from deployer.deployment.zones import zonal_waits
from deployer.revision import of_location

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from mypy_boto3_codedeploy import CodeDeployClient
    from mypy_boto3_codedeploy.type_defs import DeploymentInfoTypeDef, DeploymentTargetTypeDef

    from deployer.clock import Clock
    from deployer.deployment.zones import ZonalWaits


BATCH = 25
"""Targets that one BatchGetDeploymentTargets may name, from the service's documentation."""

_GENTLE_PAUSE = 1.0
_GENTLE_SECONDS = 60.0
"""Seconds between two calls, and how long to keep to that after the service was overloaded or unreachable."""

_GENTLE_BATCHES = 8
_SEARCH = 64
"""Batches of a last look while being gentle, and calls that it may spend on finding targets that are gone."""

_LONGEST_TEXT = 1 << 16
"""Characters of what a target says that are kept, many times the 4 KB that the service keeps itself."""

_LONGEST_MESSAGE = 1_000
"""Characters of a message on the deployment that are shown."""

_NO_TARGETS_YET = {"Created", "Queued"}
_GONE = {
    "DeploymentTargetDoesNotExistException",
    "InstanceDoesNotExistException",
    "InvalidDeploymentTargetIdException",
}
_KINDS = {
    "instanceTarget": "instance",
    "lambdaTarget": "lambda",
    "ecsTarget": "ecs",
    "cloudFormationTarget": "cloudformation",
}
_Answer = TypeVar("_Answer")


class Observer:
    """Looks at one deployment again and again, asking only for targets that have not ended yet.

    The deployment's own description alone says how it is; its targets are detail, which a look does without
    where it cannot be read. While the service is overloaded it is called once a second at most.
    `client_within` returns a client whose calls wait for so many seconds at most, as far as that is possible.
    """

    def __init__(
        self, deployment_id: str, client_within: Callable[[float], CodeDeployClient], clock: Clock
    ) -> None:
        self.deployment_id = deployment_id
        self.clock = clock
        self._client_within = client_within
        self._until = float("inf")
        self._targets: dict[str, Target | None] = {}
        self._gone: set[str] = set()
        self._may_read_targets = True
        self._zonal: ZonalWaits | None = None
        self._next_page = ""
        self._batch = BATCH
        self._called = self._gentle_until = float("-inf")

    @property
    def client(self) -> CodeDeployClient:
        """The client for the next call, which waits no longer than what is left."""
        return self._client_within(self._until - self.clock.monotonic())

    def look(self, *, batches: int, left: float) -> Snapshot:
        """Read the deployment's current state within the seconds that are left.

        At most `batches` batches of unfinished targets are read, those not seen for longest first; all of
        them once the deployment has ended. Raises the SDK's exceptions where the deployment itself cannot be
        read; the snapshot says what goes wrong with its targets.
        """
        self._until = self.clock.monotonic() + left
        info = self._call(self.client.get_deployment)["deploymentInfo"]
        if self._zonal is None:
            self._zonal = zonal_waits(info.get("deploymentConfigName", ""), self.client)
        snapshot = _snapshot(info)
        waits = self._zonal.at_most(sum(snapshot.counts.values())) if self._zonal else 0.0
        return self.read_targets(replace(snapshot, zonal_wait_seconds=waits), batches=batches)

    def read_targets(self, snapshot: Snapshot, *, batches: int) -> Snapshot:
        """Return the snapshot with its targets' current state, as far as readable; `batches` as above.

        Not being allowed to read them costs only the targets, one that is gone only that one.
        """
        unread = ""
        if self._may_read_targets and snapshot.status not in _NO_TARGETS_YET:
            unread = self._read_targets(snapshot, batches)
        return replace(snapshot, targets=self._known_targets(), unread=unread)

    def _known_targets(self) -> tuple[Target, ...] | None:
        if not self._may_read_targets:
            return None
        return tuple(sorted(filter(None, self._targets.values()), key=lambda target: target.id))

    def _read_targets(self, snapshot: Snapshot, batches: int) -> str:
        """Read what is unfinished, and return why that did not succeed, empty when it did."""
        try:
            if self._next_page or len(self._targets) < max(1, sum(snapshot.counts.values())):
                self._list_targets()
            return self._read_batches(batches, last=snapshot.ended)
        except sdk_errors() as error:
            if error_code(error) == "DeploymentNotStartedException":
                return ""
            if is_denied(error) and not any(self._targets.values()):
                self._may_read_targets = False
                return ""
            if is_lasting(error):
                self._next_page = ""
            return error_code(error) or text_of(error)

    def _list_targets(self) -> None:
        """Ask for the ids of all targets, from the page on at which the last attempt failed."""
        pages = {""}
        while True:
            page = {"nextToken": self._next_page} if self._next_page else {}
            answer = self._call(self.client.list_deployment_targets, **page)
            for identifier in answer.get("targetIds", []):
                self._targets.setdefault(identifier, None)
            self._next_page = answer.get("nextToken", "")
            if self._next_page in pages:
                return
            pages.add(self._next_page)

    def _read_batches(self, batches: int, *, last: bool) -> str:
        """Read unfinished targets, at the end all of them; what keeps some of those unread, else empty.

        One that is gone makes the service refuse its whole batch, which is halved until that one is found.
        """
        unfinished = [name for name, target in self._targets.items() if not (target and target.ended)]
        waiting = [name for name in unfinished if name not in self._gone]
        allowed = len(waiting) // BATCH + _SEARCH if last else batches
        if self.clock.monotonic() < self._gentle_until:
            allowed = min(allowed, _GENTLE_BATCHES if last else 1)
        while waiting and allowed:
            allowed -= 1
            batch = waiting[: self._batch]
            try:
                self._read_batch(batch)
            except sdk_errors() as error:
                if error_code(error) not in _GONE:
                    raise
                self._batch = max(1, len(batch) // 2)
                if len(batch) > 1:
                    continue
                self._gone.update(batch)
                self._lose(batch[0])
            else:
                self._batch = min(BATCH, 2 * self._batch)
            waiting = waiting[len(batch) :]
        return f"{len(waiting)} have not been read yet" if last and waiting else ""

    def _read_batch(self, identifiers: list[str]) -> None:
        answer = self._call(self.client.batch_get_deployment_targets, targetIds=identifiers)
        found = {target.id: target for target in map(_target, answer.get("deploymentTargets", []))}
        for identifier in identifiers:  # the next look begins with those not seen for longest
            self._targets[identifier] = self._targets.pop(identifier)
            if identifier not in found:
                self._lose(identifier)
        self._targets |= found

    def _lose(self, identifier: str) -> None:
        """Keep what is known of a target that the service describes no more."""
        known = self._targets[identifier] or Target(identifier, "")
        self._targets[identifier] = replace(known, status="Unknown")

    def _call(self, method: Callable[..., _Answer], **parameters: object) -> _Answer:
        """Call the service about the deployment, gently where it was overloaded or out of reach."""
        if self.clock.monotonic() < self._gentle_until:
            self.clock.sleep(max(0.0, self._called + _GENTLE_PAUSE - self.clock.monotonic()))
        self._called = self.clock.monotonic()
        try:
            return method(deploymentId=self.deployment_id, **parameters)
        except sdk_errors() as error:
            if is_transient(error):
                self._gentle_until = self.clock.monotonic() + _GENTLE_SECONDS
            raise


def rollback_of(deployment_id: str, client: CodeDeployClient) -> tuple[str, str]:
    """Return the ID of the deployment that rolls this one back, and what is said of it; empty without one."""
    info = client.get_deployment(deploymentId=deployment_id)["deploymentInfo"]
    rollback = info.get("rollbackInfo", {})
    return rollback.get("rollbackDeploymentId", ""), rollback.get("rollbackMessage", "")


def _snapshot(info: DeploymentInfoTypeDef) -> Snapshot:
    overview = info.get("deploymentOverview", {})
    error = info.get("errorInformation", {})
    rollback = info.get("rollbackInfo", {})
    blue_green = info.get("blueGreenDeploymentConfiguration", {})
    ready_wait = blue_green.get("deploymentReadyOption", {}).get("waitTimeInMinutes", 0)
    keep_wait = blue_green.get("terminateBlueInstancesOnDeploymentSuccess", {}).get(
        "terminationWaitTimeInMinutes", 0
    )
    return Snapshot(
        status=info.get("status", "Unknown"),
        counts={state: count for state, count in overview.items() if isinstance(count, int) and count},
        error_code=error.get("code", ""),
        error_message=error.get("message", ""),
        created=info.get("createTime"),
        completed=info.get("completeTime"),
        rollback_id=rollback.get("rollbackDeploymentId"),
        rollback_expected=_is_rolled_back(info),
        revision=of_location(info.get("revision", {})),
        creator=info.get("creator", ""),
        compute_platform=info.get("computePlatform", ""),
        messages=tuple(_messages(info)),
        updates=tuple(info.get("relatedDeployments", {}).get("autoUpdateOutdatedInstancesDeploymentIds", [])),
        group_wait_minutes=ready_wait + keep_wait,
        terminating=info.get("instanceTerminationWaitTimeStarted", False),
        blue_green=info.get("deploymentStyle", {}).get("deploymentType") == "BLUE_GREEN",
        mode=info.get("deploymentMode", ""),
        outdated_only=bool(info.get("updateOutdatedInstancesOnly")),
        suspended=tuple(info.get("ec2DeploymentOptions", {}).get("autoScalingGroupProcessesToSuspend", [])),
    )


def _messages(info: DeploymentInfoTypeDef) -> Iterator[str]:
    """Yield what the service says of the deployment, each text once and on one line.

    Its message on the rollback only where there is none, since a rollback is followed.
    """
    rollback = info.get("rollbackInfo", {})
    said = [info.get("additionalDeploymentStatusInfo", ""), *info.get("deploymentStatusMessages", [])]
    if len(rollback) == 1:
        said.append(rollback.get("rollbackMessage", ""))
    yield from dict.fromkeys(" ".join(text.split())[:_LONGEST_MESSAGE] for text in said if text.strip())


_ROLLBACK_EVENTS = {
    "ALARM_ACTIVE": "DEPLOYMENT_STOP_ON_ALARM",
    "MANUAL_STOP": "DEPLOYMENT_STOP_ON_REQUEST",
}
"""Triggers of rollbacks by the code of a deployment that ended; any other code is a failure."""


def _is_rolled_back(info: DeploymentInfoTypeDef) -> bool:
    """Tell whether a rollback is configured for the way in which the deployment ended, or may yet end."""
    configured = info.get("autoRollbackConfiguration", {})
    events = configured.get("events")
    code = info.get("errorInformation", {}).get("code", "")
    wanted = _ROLLBACK_EVENTS.get(code, "DEPLOYMENT_FAILURE")
    return configured.get("enabled", False) and (not events or wanted in events)


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
    """Return the kind of target and its description; unknown kinds are passed through."""
    parts = {name: value for name, value in described.items() if isinstance(value, dict)}
    name, detail = next(iter(parts.items()), ("", {}))
    return _KINDS.get(name, name.removesuffix("Target")), detail


def _traffic(kind: str, detail: Mapping[str, Any]) -> Iterator[Traffic]:
    if kind == "lambda" and (function := detail.get("lambdaFunctionInfo")):
        weight = _percent(function.get("targetVersionWeight", 0.0), detail)
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
        weight = _percent(detail["targetVersionWeight"], detail)
        yield Traffic("old version", 100 - weight)
        yield Traffic("new version", weight)


def _percent(weight: float, detail: Mapping[str, Any]) -> int:
    """Return the weight of a function's new version in percent.

    The reference says percentage, but finished shifts were published with 1.0: a fraction is what lies below
    1, and 1 itself once traffic was shifted, where it cannot mean one percent.
    """
    shifted = any(
        event.get("lifecycleEventName") == "AllowTraffic" and event.get("status") == "Succeeded"
        for event in detail.get("lifecycleEvents", [])
    )
    return round(weight * 100 if weight < 1 or (weight == 1 and shifted) else weight)


def _event(event: Mapping[str, Any]) -> LifecycleEvent:
    given = event.get("diagnostics", {})
    diagnostics = Diagnostics(
        error_code=given.get("errorCode", ""),
        script=given.get("scriptName", ""),
        message=given.get("message", "")[:_LONGEST_TEXT],
        log_tail=given.get("logTail", "")[-_LONGEST_TEXT:],
    )
    return LifecycleEvent(
        name=event.get("lifecycleEventName", ""),
        status=event.get("status", "Unknown"),
        start=event.get("startTime"),
        end=event.get("endTime"),
        diagnostics=diagnostics if diagnostics != Diagnostics() else None,
    )
