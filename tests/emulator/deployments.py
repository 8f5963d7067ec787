"""Deployments: a timeline set off at a moment, and what users do to it on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from math import inf
from typing import TYPE_CHECKING, Any

from tests.emulator.timeline import TERMINAL, Event, Target, Timeline, latest

if TYPE_CHECKING:
    from collections.abc import Mapping

INLINE = ("appSpecContent", "string")
ROLLBACK_EVENTS = {"ALARM_ACTIVE": "DEPLOYMENT_STOP_ON_ALARM", "MANUAL_STOP": "DEPLOYMENT_STOP_ON_REQUEST"}
KINDS = {
    "instanceTarget": "InstanceTarget",
    "lambdaTarget": "LambdaTarget",
    "ecsTarget": "ECSTarget",
    "cloudFormationTarget": "CloudFormationTarget",
}


@dataclass(slots=True)
class Deployment:
    """One deployment.

    `created` is in seconds since the epoch, `began` the same moment on the monotonic clock. `request` holds
    the members of CreateDeployment that DeploymentInfo repeats. `skips` are the ends of waits, by kind, in
    elapsed seconds. `rollback_wanted` is what StopDeployment asked for.
    """

    id: str
    application: str
    group: str
    platform: str
    config: str
    revision: dict[str, Any]
    timeline: Timeline
    created: float
    began: float
    speed: float
    creator: str = "user"
    request: dict[str, Any] = field(default_factory=dict)
    previous: dict[str, Any] | None = None
    region: str = "eu-west-1"
    account: str = "123456789012"
    rollback_wanted: bool | None = None
    rollback_id: str | None = None
    rolled_back_id: str | None = None
    update_id: str | None = None
    root_id: str | None = None
    skips: dict[str, float] = field(default_factory=dict)

    def elapsed(self, now: float) -> float:
        """Emulated seconds since the creation."""
        return (now - self.began) * self.speed

    def time(self, now: float) -> float:
        """Seconds on the deployment's own clock, which stands still while it waits to be continued."""
        elapsed, waited = self.elapsed(now), 0.0
        for hold in self.timeline.holds:
            if elapsed - waited < hold.at:
                break
            released = min(self.skips.get(hold.kind, inf), hold.at + waited + hold.limit)
            if elapsed < released:
                return hold.at
            waited = released - hold.at
        return elapsed - waited

    def epoch(self, time: float) -> float:
        """The time of day that a moment on the deployment's own clock is told as."""
        waited = 0.0
        for hold in self.timeline.holds:
            if time <= hold.at:
                break
            released = min(self.skips.get(hold.kind, inf), hold.at + waited + hold.limit)
            waited = released - hold.at
        return round(self.created + time + waited, 3)

    def moment(self, time: float) -> float:
        """The monotonic time of a moment on the deployment's own clock."""
        return self.began + (self.epoch(time) - self.created) / self.speed

    def status(self, now: float) -> str:
        """The deployment's status."""
        return self.timeline.status(self.time(now))

    def active(self, now: float) -> bool:
        """Whether it holds its deployment group."""
        return self.status(now) not in TERMINAL

    def waiting(self, now: float) -> str | None:
        """The kind of wait that it is in, None when it is in none."""
        time = self.time(now)
        return next((hold.kind for hold in self.timeline.holds if hold.at == time), None)

    def go_on(self, now: float) -> None:
        """End the wait that it is in."""
        kind = self.waiting(now)
        if kind:
            self.skips[kind] = self.elapsed(now)

    def stop(self, now: float, *, rollback: bool | None) -> None:
        """Stop it; None leaves the rollback to what was configured."""
        self.go_on(now)
        self.timeline = self.timeline.stopped(self.time(now))
        self.rollback_wanted = rollback

    def rolls_back(self, configured: Mapping[str, Any]) -> bool:
        """Whether a rollback follows its failure or stop, by the group's configuration or its own."""
        if self.creator != "user" or self.rollback_id:
            return False
        if self.rollback_wanted is not None:
            return self.rollback_wanted
        wish = self.request.get("autoRollbackConfiguration", configured)
        code = self.timeline.error[0] if self.timeline.error else ""
        event = ROLLBACK_EVENTS.get(code, "DEPLOYMENT_FAILURE")
        return bool(wish.get("enabled")) and event in wish.get("events", [])

    def started(self, now: float) -> bool:
        """Whether its targets can be listed."""
        return self.time(now) >= self.timeline.visible

    def target_ids(self, now: float) -> list[str]:
        """The targets that are there by now."""
        time = self.time(now)
        return [target.id for target in self.timeline.targets if target.appears <= time]

    def info(self, now: float) -> dict[str, Any]:
        """The service's DeploymentInfo."""
        time = self.time(now)
        line = self.timeline
        facts: dict[str, Any] = {
            "applicationName": self.application,
            "deploymentGroupName": self.group,
            "deploymentConfigName": self.config,
            "deploymentId": self.id,
            "previousRevision": without_content(self.previous),
            "revision": without_content(self.revision),
            "status": line.status(time),
            "createTime": self.created,
            "creator": self.creator,
            "computePlatform": self.platform,
            "autoRollbackConfiguration": {"enabled": False},
            "deploymentStatusMessages": [],
            "fileExistsBehavior": "DISALLOW",
            "deploymentStyle": {"deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"},
            "ignoreApplicationStopFailures": False,
            "updateOutdatedInstancesOnly": False,
            "instanceTerminationWaitTimeStarted": self.waiting(now) == "TERMINATION_WAIT",
            **({"deploymentStyle": _TRAFFIC} if self.platform != "Server" else {}),
            **line.style,
            **line.said,
            **self.request,
        }
        if time >= line.start:
            facts["startTime"] = self.epoch(line.start)
        if time >= line.overview or time >= line.end:
            facts["deploymentOverview"] = line.counts(time)
        if time >= line.end:
            facts["completeTime"] = self.epoch(line.end)
            if line.error:
                facts["errorInformation"] = {"code": line.error[0], "message": line.error[1]}
        facts["rollbackInfo"] = self._rollback_info()
        if self.update_id:
            facts["relatedDeployments"] = {"autoUpdateOutdatedInstancesDeploymentIds": [self.update_id]}
        if self.root_id:
            facts["relatedDeployments"] = {"autoUpdateOutdatedInstancesRootDeploymentId": self.root_id}
        return {name: value for name, value in facts.items() if value is not None}

    def _rollback_info(self) -> dict[str, Any]:
        if new := self.rollback_id:
            message = (
                f"Deployment {self.id} terminated. Automatic rollback is triggered with a DeploymentId {new}."
            )
            return {"rollbackDeploymentId": new, "rollbackMessage": message}
        if old := self.rolled_back_id:
            message = f"Deployment {self.id} is triggered to roll back deployment {old}."
            return {"rollbackTriggeringDeploymentId": old, "rollbackMessage": message}
        return {}

    def target(self, target_id: str, now: float) -> dict[str, Any] | None:
        """The service's DeploymentTarget, None when there is none of that id, or none any more."""
        found = next((target for target in self.timeline.targets if target.id == target_id), None)
        return self._target(found, self.time(now)) if found and self.time(now) < found.gone else None

    def _target(self, target: Target, time: float) -> dict[str, Any]:
        body: dict[str, Any] = {
            "deploymentId": self.id,
            "targetId": target.id,
            "status": target.status(time),
            "lifecycleEvents": [self._event(event, time) for event in target.events],
            "lastUpdatedAt": self._updated(target, time),
            **(latest(target.details, time) or {}),
        }
        if target.kind != "cloudFormationTarget":
            body["targetArn"] = self._arn(target)
        if target.label:
            body["instanceLabel"] = target.label
        return {"deploymentTargetType": KINDS[target.kind], target.kind: body}

    def _updated(self, target: Target, time: float) -> float:
        changes = [at for event in target.events for at in (event.start, event.end) if at <= time]
        return self.epoch(max(changes, default=0.0))

    def _event(self, event: Event, time: float) -> dict[str, Any]:
        status = event.status(time)
        facts: dict[str, Any] = {"lifecycleEventName": event.name, "status": status}
        if status not in {"Pending", "Skipped"} or (status == "Skipped" and event.start < event.end):
            facts["startTime"] = self.epoch(event.start)
        if time >= event.end and "startTime" in facts:
            facts["endTime"] = self.epoch(event.end)
        if time >= event.end and event.diagnostics and status != "Skipped":
            found = event.diagnostics
            facts["diagnostics"] = {
                "errorCode": found.code,
                "scriptName": found.script,
                "message": found.message,
                "logTail": found.log,
            }
        return facts

    def _arn(self, target: Target) -> str:
        service, resource = {
            "instanceTarget": ("ec2", f"instance/{target.id}"),
            "lambdaTarget": ("lambda", f"function:{target.id}"),
            "ecsTarget": ("ecs", f"service/{target.id.replace(':', '/')}"),
        }[target.kind]
        return f"arn:{partition(self.region)}:{service}:{self.region}:{self.account}:{resource}"


_TRAFFIC = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}


def partition(region: str) -> str:
    """The partition that a region belongs to."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rpartition("-")[0].rpartition("-")[0], "aws")


def same_revision(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two revision locations are the same one."""
    return _identity(one) == _identity(other)


def _identity(revision: dict[str, Any]) -> dict[str, Any]:
    """The location as it was registered; an inline AppSpec is known by its digest alone."""
    for member in INLINE:
        if inline := revision.get(member):
            return {"sha256": inline.get("sha256") or sha256(inline["content"].encode()).hexdigest()}
    return revision


def without_content(revision: dict[str, Any] | None) -> dict[str, Any] | None:
    """A location as all operations but GetApplicationRevision tell it: an inline AppSpec's digest only.

    By the reference of GetDeployment; the other operations' references do not promise the content either.
    """
    for member in INLINE:
        if revision and member in revision:
            return {"revisionType": revision["revisionType"], member: _identity(revision)}
    return revision
