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
    check_revision(request.get("revision"), application.platform)
    _check_config(world, request.get("deploymentConfigName"), application.platform)
    _check_targets(request.get("targetInstances"), application.platform)
    _check_server_only(request, application.platform)
    _check_rollback(request.get("autoRollbackConfiguration"))
    _check_alarms(request.get("overrideAlarmConfiguration"))
    by_content = request["revision"]["revisionType"] in {"String", "AppSpecContent"}
    if not by_content and world.registered(name, request["revision"]) is None:
        raise ServiceError(
            "RevisionDoesNotExistException", f"The revision does not exist for the application {name}."
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


def _check_targets(targets: Mapping[str, Any] | None, platform: str) -> None:
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


def _check_server_only(request: Mapping[str, Any], platform: str) -> None:
    if platform == "Server":
        return
    for member, code in (
        ("fileExistsBehavior", "InvalidFileExistsBehaviorException"),
        ("ignoreApplicationStopFailures", "InvalidIgnoreApplicationStopFailuresValueException"),
        ("updateOutdatedInstancesOnly", "InvalidUpdateOutdatedInstancesOnlyValueException"),
    ):
        if member in request:
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
    if any(not alarm.get("name") for alarm in alarms) or len({a["name"] for a in alarms}) < len(alarms):
        raise ServiceError("InvalidAlarmConfigException", "An alarm has no name, or two have the same.")
    if len(alarms) > 10:
        raise ServiceError("AlarmsLimitExceededException", "At most 10 alarms are allowed.")


def _invalid_revision(message: str) -> ServiceError:
    return ServiceError("InvalidRevisionException", message)
