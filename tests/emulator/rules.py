"""What CreateDeployment and RegisterApplicationRevision refuse, in the service's own exceptions."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from tests.emulator.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.emulator.world import World

NAME = re.compile(r"[A-Za-z0-9._+=,@-]{1,100}\Z")
LOCATIONS = {
    "S3": ("s3Location", ("bucket", "key", "bundleType")),
    "GitHub": ("gitHubLocation", ("repository", "commitId")),
    "String": ("string", ("content",)),
    "AppSpecContent": ("appSpecContent", ("content",)),
}


def check_application_name(name: str) -> None:
    """The rule for names, of applications and of groups."""
    if not NAME.match(name):
        raise ServiceError("InvalidApplicationNameException", f"The application name '{name}' is not valid.")


def check_description(description: str | None) -> None:
    """At most 256 characters."""
    if description is not None and len(description) > 256:
        raise ServiceError(
            "DescriptionTooLongException",
            f"The description is too long: {len(description)} characters, at most 256 are allowed.",
        )


def check_revision(revision: Mapping[str, Any] | None, platform: str) -> None:
    """A revision names exactly one location, complete, and of a kind that the platform takes."""
    if not revision:
        raise ServiceError("RevisionRequiredException", "The revision is required.")
    kind = revision.get("revisionType")
    if kind not in LOCATIONS:
        raise _invalid_revision("The revision type is required.")
    member, required = LOCATIONS[kind]
    given = set(revision) - {"revisionType"}
    if given != {member}:
        raise _invalid_revision(f"A revision of type {kind} needs exactly the member {member}.")
    missing = [name for name in required if not revision[member].get(name)]
    if missing:
        raise _invalid_revision(f"{member} lacks {', '.join(missing)}.")
    _check_kind(kind, revision[member], platform)


def _check_kind(kind: str, location: Mapping[str, Any], platform: str) -> None:
    appspec = kind in {"String", "AppSpecContent"} or location.get("bundleType") in {"YAML", "JSON"}
    if appspec == (platform == "Server"):
        wanted = "an archive or a GitHub commit" if platform == "Server" else "an AppSpec file"
        raise _invalid_revision(f"For the {platform} compute platform the revision has to be {wanted}.")
    if kind == "String" and platform != "Lambda":
        raise _invalid_revision("A revision of type String is for the Lambda compute platform only.")
    if kind == "GitHub" and not re.fullmatch(r"[0-9a-f]{40}", location["commitId"]):
        raise _invalid_revision("The commit ID has to be the full SHA-1 of the commit.")
    if kind == "GitHub" and not re.fullmatch(r"[\w.-]+/[\w.-]+", location["repository"]):
        raise _invalid_revision("The repository has to be given as account/repository.")
    wanted = hashlib.sha256(location.get("content", "").encode()).hexdigest()
    if appspec and location.get("sha256", wanted) != wanted:
        raise _invalid_revision("The SHA-256 does not match the content.")


def check_deployment(world: World, request: Mapping[str, Any]) -> None:
    """All rules of CreateDeployment but the one about an active deployment."""
    name, group = request["applicationName"], request.get("deploymentGroupName")
    check_application_name(name)
    application = world.application(name)
    if group is None:
        raise ServiceError("DeploymentGroupNameRequiredException", "The deployment group name is required.")
    if not NAME.match(group):
        raise ServiceError("InvalidDeploymentGroupNameException", f"The group name '{group}' is not valid.")
    world.group(name, group)
    check_description(request.get("description"))
    in_place = application.platform == "Server" and world.deployment_type(name, group) == "IN_PLACE"
    _check_config(world, request.get("deploymentConfigName"), application.platform)
    _check_targets(request.get("targetInstances"), application.platform, in_place=in_place)
    _check_server_only(request, application.platform)
    _check_processes(
        request.get("ec2DeploymentOptions"),
        scales=in_place and bool(world.group(name, group).settings.get("autoScalingGroups")),
    )
    _check_rollback(request.get("autoRollbackConfiguration"))
    _check_alarms(request.get("overrideAlarmConfiguration"))
    if request.get("deploymentMode") == "RESTART":
        _check_restart(
            request, in_place=in_place, deployed=world.live(name, group, world.clock.monotonic()) is not None
        )
    else:
        check_revision(request.get("revision"), application.platform)
        _check_registered(world, name, request["revision"])


def _check_registered(world: World, application: str, revision: dict[str, Any]) -> None:
    """A revision is registered before it is deployed, unless the deployment carries it."""
    if revision["revisionType"] in {"String", "AppSpecContent"}:
        return
    if world.registered(application, revision) is None:
        raise ServiceError(
            "RevisionDoesNotExistException", f"The revision does not exist for the application {application}."
        )


def _check_restart(request: Mapping[str, Any], *, in_place: bool, deployed: bool) -> None:
    """A restart is of instances, in place, of what they run; the reference names no exceptions for it."""
    for refused, message in (
        (not in_place, "RESTART is supported for EC2/On-premises in-place deployments only."),
        ("revision" in request, "The revision must not be specified when deploymentMode is RESTART."),
        (
            request.get("updateOutdatedInstancesOnly"),
            "updateOutdatedInstancesOnly must not be true when deploymentMode is RESTART.",
        ),
        (not deployed, "The deployment group has no successful deployment whose revision could restart."),
    ):
        if refused:
            raise ServiceError("InvalidInputException", message)


def _check_processes(options: Mapping[str, Any] | None, *, scales: bool) -> None:
    """Processes are suspended in place only, and where the group has an Auto Scaling group."""
    if (options or {}).get("autoScalingGroupProcessesToSuspend") and not scales:
        raise ServiceError(
            "InvalidAutoScalingGroupProcessToSuspendException",
            "Processes can be suspended only for in-place deployments to at least one Auto Scaling group.",
        )


def _check_config(world: World, config: str | None, platform: str) -> None:
    if config is None:
        return
    if not NAME.match(config):
        raise ServiceError(
            "InvalidDeploymentConfigNameException",
            f"The deployment configuration name '{config}' is not valid.",
        )
    if world.config(config)[0] != platform:
        raise ServiceError(
            "InvalidComputePlatformException",
            f"The deployment configuration {config} is not for the {platform} compute platform.",
        )


def _check_targets(targets: Mapping[str, Any] | None, platform: str, *, in_place: bool) -> None:
    if targets is None:
        return
    code = "InvalidTargetInstancesException"
    if platform != "Server":
        raise ServiceError(code, f"targetInstances is not supported for the {platform} compute platform.")
    if "tagFilters" in targets and "ec2TagSet" in targets:
        raise ServiceError(code, "tagFilters and ec2TagSet exclude each other.")
    if not any(targets.values()):
        raise ServiceError(code, "targetInstances names no instance.")
    filters = [*targets.get("tagFilters", ())]
    sets = targets.get("ec2TagSet", {}).get("ec2TagSetList", ())
    for group in sets:
        filters += group
    if len(targets.get("tagFilters", ())) > 10 or len(sets) > 3:
        raise ServiceError(code, "At most ten tag filters or three tag groups are allowed.")
    for each in filters:
        kind = each.get("Type", "KEY_AND_VALUE")
        if ("KEY" in kind and not each.get("Key")) or ("VALUE" in kind and "Value" not in each):
            raise ServiceError(code, f"A tag filter of type {kind} lacks its key or its value.")
    if in_place:
        raise ServiceError(code, "Target instances cannot be specified for an in-place deployment.")


def _check_server_only(request: Mapping[str, Any], platform: str) -> None:
    if platform == "Server":
        return
    for member, code in (
        ("fileExistsBehavior", "InvalidFileExistsBehaviorException"),
        ("ignoreApplicationStopFailures", "InvalidIgnoreApplicationStopFailuresValueException"),
        ("updateOutdatedInstancesOnly", "InvalidUpdateOutdatedInstancesOnlyValueException"),
    ):
        if request.get(member):  # false is what the reference expects
            raise ServiceError(code, f"{member} is not supported for the {platform} compute platform.")


def _check_rollback(wish: Mapping[str, Any] | None) -> None:
    if wish is None:
        return
    if wish.get("enabled") and not wish.get("events"):
        raise ServiceError(
            "InvalidAutoRollbackConfigException", "Automatic rollback needs at least one event."
        )


def _check_alarms(wish: Mapping[str, Any] | None) -> None:
    if wish is None:
        return
    alarms = wish.get("alarms", [])
    if wish.get("enabled") and not alarms:
        raise ServiceError("InvalidAlarmConfigException", "At least one alarm is required.")
    names = [alarm.get("name") or "" for alarm in alarms]
    if any(not 0 < len(name) <= 255 for name in names) or len({*names}) < len(names):
        raise ServiceError(
            "InvalidAlarmConfigException", "An alarm has no name or one of over 255 characters, or is twice."
        )
    if len(alarms) > 10:
        raise ServiceError("AlarmsLimitExceededException", "At most 10 alarms are allowed.")


def _invalid_revision(message: str) -> ServiceError:
    return ServiceError("InvalidRevisionException", message)
