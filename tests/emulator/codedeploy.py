"""The operations of CodeDeploy over a world."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.emulator import rules
from tests.emulator.deployments import without_content
from tests.emulator.errors import ServiceError
from tests.emulator.timeline import TERMINAL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.emulator.deployments import Deployment
    from tests.emulator.world import Application, World

REQUEST_MEMBERS = (
    "deploymentConfigName", "description", "ignoreApplicationStopFailures", "targetInstances",
    "autoRollbackConfiguration", "updateOutdatedInstancesOnly", "fileExistsBehavior", "deploymentMode",
    "overrideAlarmConfiguration", "ec2DeploymentOptions",
)  # fmt: skip
TARGETS_PER_CALL = 25


class CodeDeploy:
    """One method an operation: from the request's members to the response's.

    `page` is how many entries a list has at most before it needs a next token.
    """

    def __init__(self, world: World, *, page: int = 100) -> None:
        self.world = world
        self.page = page

    def call(self, operation: str, request: Mapping[str, Any], *, region: str) -> dict[str, Any]:
        """Carry out one operation."""
        self.world.settle()
        method: Callable[..., dict[str, Any]] | None = getattr(self, _snake(operation), None)
        if method is None:
            raise ServiceError("UnknownOperationException", f"The emulator has no {operation}")
        if operation == "CreateDeployment":
            return self.create_deployment(request, region=region)
        return method(request)

    def list_applications(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Names of all applications."""
        return self._paged("applications", sorted(self.world.applications), request)

    def get_application(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """One application."""
        found = self._application(request)
        return {
            "application": {
                "applicationId": "b7f4c1de-1111-4222-8333-944445555666",
                "applicationName": found.name,
                "createTime": self.world.since,
                "linkedToGitHub": False,
                "computePlatform": found.platform,
            }
        }

    def list_deployment_groups(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Names of an application's groups."""
        found = self._application(request)
        return {
            "applicationName": found.name,
            **self._paged("deploymentGroups", sorted(found.groups), request),
        }

    def get_deployment_group(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """One group, with its last deployments."""
        application = self._application(request)
        group = self.world.group(application.name, request["deploymentGroupName"])
        now = self.world.clock.monotonic()
        style = {"deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"}
        if application.platform != "Server":
            style = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
        info: dict[str, Any] = {
            "applicationName": application.name,
            "deploymentGroupId": "0f0e7b2c-1111-4222-8333-944445555666",
            "deploymentGroupName": group.name,
            "deploymentConfigName": group.config,
            "serviceRoleArn": f"arn:aws:iam::{self.world.account}:role/codedeploy",
            "computePlatform": application.platform,
            "deploymentStyle": style,
            "autoRollbackConfiguration": {"enabled": False, "events": []},
            "alarmConfiguration": {"enabled": False, "ignorePollAlarmFailure": False, "alarms": []},
        }
        if application.platform == "Server":
            info["ec2TagFilters"] = [{"Key": "Name", "Value": application.name, "Type": "KEY_AND_VALUE"}]
        if application.platform == "ECS":
            info["ecsServices"] = [{"clusterName": "shop", "serviceName": "shop-web"}]
        attempts = self.world.of_group(application.name, group.name)
        good = [deployment for deployment in attempts if deployment.status(now) == "Succeeded"]
        if good:
            info["lastSuccessfulDeployment"] = _last(good[-1], now)
            info["targetRevision"] = without_content(good[-1].revision)
        if attempts:
            info["lastAttemptedDeployment"] = _last(attempts[-1], now)
        return {"deploymentGroupInfo": {**info, **group.settings}}

    def list_deployment_configs(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Names of all deployment configs."""
        return self._paged("deploymentConfigsList", sorted(self.world.configs), request)

    def get_deployment_config(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """One deployment config."""
        name = request["deploymentConfigName"]
        platform, members = self.world.config(name)
        facts = {"deploymentConfigName": name, "computePlatform": platform, "createTime": self.world.since}
        return {"deploymentConfigInfo": {**facts, **members}}

    def list_on_premises_instances(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Names of the registered instances that have the tag of the only filter that is emulated."""
        (wanted,) = request["tagFilters"]
        assert wanted["Type"] == "KEY_AND_VALUE"
        tag = (wanted["Key"], wanted["Value"])
        return {"instanceNames": sorted(name for name, tags in self.world.premises.items() if tag in tags)}

    def register_application_revision(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Remember a revision."""
        application = self._application(request)
        rules.check_revision(request["revision"], application.platform)
        rules.check_description(request.get("description"))
        self.world.register(application.name, request["revision"], request.get("description"))
        return {}

    def get_application_revision(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """What is known of a revision."""
        application = self._application(request)
        entry = self.world.found(application.name, request["revision"])
        if entry is None:
            raise ServiceError("RevisionDoesNotExistException", "No revision found for the given location.")
        facts = {"registerTime": entry["registered"], "description": entry["description"]}
        return {
            "applicationName": application.name,
            "revision": entry["revision"],
            "revisionInfo": {name: value for name, value in facts.items() if value is not None},
        }

    def list_application_revisions(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Locations of an application's revisions, filtered by bucket and key's prefix."""
        bucket, prefix = request.get("s3Bucket"), request.get("s3KeyPrefix", "")
        if prefix and not bucket:
            raise ServiceError("BucketNameFilterRequiredException", "A key prefix needs a bucket name.")
        found = [entry["revision"] for entry in self._application(request).revisions]
        if bucket:
            places = [(revision, revision.get("s3Location", {})) for revision in found]
            found = [r for r, s3 in places if s3.get("bucket") == bucket and s3["key"].startswith(prefix)]
        return self._paged("revisions", [without_content(each) for each in found], request)

    def create_deployment(self, request: Mapping[str, Any], *, region: str) -> dict[str, Any]:
        """Start a deployment, unless a rule or an active one forbids it."""
        rules.check_deployment(self.world, request)
        application, group = request["applicationName"], request["deploymentGroupName"]
        now = self.world.clock.monotonic()
        active = self.world.active(application, group, now)
        if active:
            raise ServiceError(
                "DeploymentLimitExceededException",
                f"The Deployment Group '{group}' already has an active Deployment '{active.id}'",
            )
        revision: Any = request.get("revision") or self.world.live(application, group, now)
        self.world.register(application, revision)
        members = {name: request[name] for name in REQUEST_MEMBERS if name in request}
        if members.get("deploymentMode") == "STANDARD":
            del members["deploymentMode"]  # by the reference it is absent then
        deployment = self.world.begin(application, group, revision, request=members, region=region)
        return {"deploymentId": deployment.id}

    def get_deployment(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """One deployment."""
        return {"deploymentInfo": self._deployment(request).info(self.world.clock.monotonic())}

    def batch_get_deployments(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Up to 25 deployments; unknown ones are left out."""
        ids = request["deploymentIds"]
        if len(ids) > TARGETS_PER_CALL:
            raise ServiceError("BatchLimitExceededException", "At most 25 deployment IDs are allowed.")
        now = self.world.clock.monotonic()
        found = [self.world.deployments[each] for each in ids if each in self.world.deployments]
        return {"deploymentsInfo": [deployment.info(now) for deployment in found]}

    def list_deployments(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Ids of deployments, filtered by group, status and time of creation.

        In no order: the reference promises none. A deployment is listed only after the world's delay.
        """
        application, group = request.get("applicationName"), request.get("deploymentGroupName")
        if group and not application:
            raise ServiceError("ApplicationNameRequiredException", "A group needs its application's name.")
        if application and group:
            self.world.group(application, group)
        elif application:
            self.world.application(application)
        span = request.get("createTimeRange", {})
        start, end = span.get("start"), span.get("end")
        if start is not None and end is not None and start > end:
            raise ServiceError("InvalidTimeRangeException", "The start of the time range is after its end.")
        statuses, now = request.get("includeOnlyStatuses"), self.world.clock.monotonic()
        found = [
            deployment.id
            for _, deployment in sorted(self.world.deployments.items())
            if now - deployment.began >= self.world.listing_delay
            and (not application or deployment.application == application)
            and (not group or deployment.group == group)
            and (not statuses or deployment.status(now) in statuses)
            and (start is None or start <= deployment.created)
            and (end is None or deployment.created <= end)
        ]
        return self._paged("deployments", found, request)

    def list_deployment_targets(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Ids of a deployment's targets, filtered by status and label."""
        deployment, now = self._started(request), self.world.clock.monotonic()
        filters = request.get("targetFilters", {})
        ids = deployment.target_ids(now)
        for name, member in (("TargetStatus", "status"), ("ServerInstanceLabel", "instanceLabel")):
            if name in filters:
                bodies = {each: self._body(deployment, each) for each in ids}
                ids = [each for each in ids if bodies[each].get(member) in filters[name]]
        return self._paged("targetIds", ids, request)

    def batch_get_deployment_targets(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Up to 25 targets."""
        deployment, ids = self._started(request), request["targetIds"]
        if not ids:
            raise ServiceError("DeploymentTargetIdRequiredException", "At least one target ID is required.")
        if len(ids) > TARGETS_PER_CALL:
            raise ServiceError(
                "DeploymentTargetListSizeExceededException",
                f"The list of target IDs has {len(ids)} entries, at most {TARGETS_PER_CALL} are allowed.",
            )
        return {"deploymentTargets": [self._target(deployment, each) for each in ids]}

    def get_deployment_target(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """One target."""
        return {"deploymentTarget": self._target(self._started(request), request["targetId"])}

    def stop_deployment(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Stop a deployment, with a rollback when asked for."""
        deployment, now = self._deployment(request), self.world.clock.monotonic()
        if not deployment.active(now):
            raise _completed(deployment)
        deployment.stop(now, rollback=request.get("autoRollbackEnabled"))
        return {"status": "Pending", "statusMessage": "Stopping the deployment."}

    def continue_deployment(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """End a blue/green deployment's wait."""
        if "deploymentId" not in request:
            raise ServiceError("DeploymentIdRequiredException", "The deployment ID is required.")
        deployment, now = self._deployment(request), self.world.clock.monotonic()
        if not deployment.active(now):
            raise _completed(deployment)
        if not deployment.timeline.holds:
            raise ServiceError(
                "UnsupportedActionForDeploymentTypeException",
                "ContinueDeployment is supported for blue/green deployments only.",
            )
        if deployment.waiting(now) != request.get("deploymentWaitType", "READY_WAIT"):
            raise ServiceError(
                "DeploymentIsNotInReadyStateException", f"The deployment {deployment.id} is not in that wait."
            )
        deployment.go_on(now)
        return {}

    def _application(self, request: Mapping[str, Any]) -> Application:
        rules.check_application_name(request["applicationName"])
        return self.world.application(request["applicationName"])

    def _deployment(self, request: Mapping[str, Any]) -> Deployment:
        if not re.fullmatch(r"d-[A-Z0-9]{9}", request["deploymentId"]):
            raise ServiceError(
                "InvalidDeploymentIdException", f"The deployment ID {request['deploymentId']} is not valid."
            )
        return self.world.deployment(request["deploymentId"])

    def _started(self, request: Mapping[str, Any]) -> Deployment:
        deployment, now = self._deployment(request), self.world.clock.monotonic()
        if not deployment.started(now) and deployment.status(now) not in TERMINAL:
            raise ServiceError(
                "DeploymentNotStartedException", f"The deployment {deployment.id} has not started yet."
            )
        return deployment

    def _target(self, deployment: Deployment, target_id: str) -> dict[str, Any]:
        found = deployment.target(target_id, self.world.clock.monotonic())
        if found is None:
            raise ServiceError(
                "DeploymentTargetDoesNotExistException",
                f"The target {target_id} does not exist in the deployment {deployment.id}.",
            )
        return found

    def _body(self, deployment: Deployment, target_id: str) -> dict[str, Any]:
        found = self._target(deployment, target_id)
        return next(value for value in found.values() if isinstance(value, dict))

    def _paged(self, member: str, entries: Sequence[Any], request: Mapping[str, Any]) -> dict[str, Any]:
        token = request.get("nextToken", "page-0")
        offset = token.removeprefix("page-")
        if not token.startswith("page-") or not offset.isdecimal() or int(offset) > len(entries):
            raise ServiceError("InvalidNextTokenException", "The next token is not valid.")
        end = int(offset) + self.page
        following = {"nextToken": f"page-{end}"} if end < len(entries) else {}
        return {member: list(entries[int(offset) : end]), **following}


def _last(deployment: Deployment, now: float) -> dict[str, Any]:
    info = deployment.info(now)
    facts = {"deploymentId": deployment.id, "status": info["status"], "createTime": info["createTime"]}
    return facts | ({"endTime": info["completeTime"]} if "completeTime" in info else {})


def _completed(deployment: Deployment) -> ServiceError:
    return ServiceError(
        "DeploymentAlreadyCompletedException", f"The deployment {deployment.id} has already completed."
    )


def _snake(operation: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
