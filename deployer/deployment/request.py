"""Requests: the inputs → one CreateDeployment request per group, checked against the SDK's own model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from deployer.deployment.holder import RESTART
from deployer.deployment.model import DESCRIPTION_LIMIT
from deployer.errors import Problem
from deployer.revision import location
from deployer.text import cut, did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.model import ListShape, Shape, StructureShape
    from mypy_boto3_codedeploy.type_defs import CreateDeploymentInputTypeDef

    from deployer.revision import Revision
    from deployer.settings.model import Settings


@dataclass(frozen=True, slots=True)
class DeploymentRequest:
    """The parameters of a deployment other than its revision.

    `parameters` are further members of CreateDeployment, of which none is there that was not asked for: what
    is not sent is left to the group. A description is cut to the service's limit.
    """

    application: str
    group: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def described(self, describe: Callable[[str], str]) -> DeploymentRequest:
        """Return the request with the description that `describe` makes of the user's own, if any."""
        description = describe(str(self.parameters.get("description", "")))
        given = {name: value for name, value in self.parameters.items() if name != "description"}
        return replace(self, parameters={**given, **({"description": description} if description else {})})


def members_of(revision: Revision | None, request: DeploymentRequest) -> CreateDeploymentInputTypeDef:
    """Return the members of the CreateDeployment call; a restart has no revision."""
    parameters: CreateDeploymentInputTypeDef = {
        "applicationName": request.application,
        "deploymentGroupName": request.group,
        **request.parameters,  # type: ignore[typeddict-item]
    }
    if revision:
        parameters["revision"] = location(revision)
    if description := parameters.get("description"):
        parameters["description"] = cut(description, DESCRIPTION_LIMIT)
    return parameters


def document_problems(settings: Settings) -> Iterator[tuple[str, Problem]]:
    """Yield everything in `target-instances` and `parameters` that CodeDeploy does not know, by input."""
    for name, document, within in (
        ("target-instances", settings.target_instances, "targetInstances"),
        ("parameters", settings.parameters, ""),
    ):
        for problem in check(document, label=name, within=within) if document is not None else ():
            yield name, problem


def requests_of(settings: Settings) -> tuple[DeploymentRequest, ...]:
    """Return the requests, in the groups' order.

    Expects `target-instances` and `parameters` without problems, see `document_problems`.
    """
    parameters = dict(_parameters(settings))
    return tuple(
        DeploymentRequest(settings.application, group, parameters) for group in settings.deployment_groups
    )


def _parameters(settings: Settings) -> Iterator[tuple[str, Any]]:
    given = {
        "deploymentConfigName": settings.deployment_config or None,
        "description": settings.description or None,
        "fileExistsBehavior": settings.file_exists_behavior,
        "ignoreApplicationStopFailures": settings.ignore_application_stop_failures,
        "updateOutdatedInstancesOnly": settings.update_outdated_instances_only,
        "targetInstances": settings.target_instances,
        "deploymentMode": RESTART if settings.restart else None,
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


_SCALARS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
}
_WORDS = {"string": "text", "boolean": "true or false", "structure": "names and values", "list": "a list"}


def check(members: Mapping[str, object], *, label: str = "", within: str = "") -> list[Problem]:
    """Return the problems of members of CreateDeployment, each with its path.

    `label` is the input that they came from; `within` the member that they belong to, where it is not the
    request itself.
    """
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    model = ServiceModel(Loader().load_service_model("codedeploy", "service-2"))
    request = cast("StructureShape", model.operation_model("CreateDeployment").input_shape)
    shape: Shape = request.members[within] if within else request
    return [_said(label, path, why, hint) for path, why, hint in _check(shape, dict(members), within)]


def _said(label: str, path: str, why: str, hint: str) -> Problem:
    where = f"Input {label}: " if label else ""
    return Problem(f"{where}{path} {why}.", hint)


def _check(shape: Shape, value: object, path: str) -> Iterator[tuple[str, str, str]]:
    """Yield the path, the defect there, and the allowed values."""
    if shape.type_name == "structure":
        yield from _check_structure(cast("StructureShape", shape), value, path)
    elif shape.type_name == "list":
        yield from _check_list(cast("ListShape", shape), value, path)
    elif shape.type_name in _SCALARS:
        allowed = _SCALARS[shape.type_name]
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            yield path, f"is {_shown(value)}, not {_WORDS.get(shape.type_name, 'a number')}", _quoting(shape)
        elif (choices := shape.metadata.get("enum")) and value not in choices:
            yield path, f"is {value!r}, which is not allowed", f"Allowed: {', '.join(choices)}."


def _check_structure(shape: StructureShape, value: object, path: str) -> Iterator[tuple[str, str, str]]:
    if not isinstance(value, dict):
        yield (
            path,
            f"is {_shown(value)}, not {_WORDS['structure']}",
            f"Allowed names: {', '.join(shape.members)}.",
        )
        return
    for name, inner in value.items():
        if name in shape.members:
            yield from _check(shape.members[name], inner, f"{path}.{name}" if path else name)
        else:
            hint = did_you_mean(nearest(str(name), shape.members), f"Known: {', '.join(shape.members)}.")
            yield f"{path}.{name}" if path else str(name), "is unknown to CodeDeploy", hint


def _check_list(shape: ListShape, value: object, path: str) -> Iterator[tuple[str, str, str]]:
    if not isinstance(value, list):
        yield (
            path,
            f"is {_shown(value)}, not {_WORDS['list']}",
            "Write [one, two], or one line with a dash per item.",
        )
        return
    most = shape.metadata.get("max")
    if most is not None and len(value) > most:
        yield path, f"has {len(value)} items", f"At most {most} are allowed."
    for index, inner in enumerate(value):
        yield from _check(shape.member, inner, f"{path}[{index}]")


def _shown(value: object) -> str:
    kinds = {dict: "names and values", list: "a list", type(None): "empty"}
    return kinds.get(type(value), repr(value))


def _quoting(shape: Shape) -> str:
    return "Put it in quotes." if shape.type_name == "string" else "Write it without quotes."
