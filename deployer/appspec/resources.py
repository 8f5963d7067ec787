"""The AppSpecs of Lambda and ECS, which the service reads; AWS's own documents vary in the keys' case."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from deployer.appspec.findings import Findings, listed
from deployer.appspec.model import AppSpec, Hook
from deployer.appspec.nodes import Mapping, Node, Scalar, Sequence, given, ruby_text, shown, text_of
from deployer.appspec.template import PLACEHOLDER, variable
from deployer.choices import ComputePlatform
from deployer.rules import document as document_rules
from deployer.rules import resources as rules
from deployer.text import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLATFORMS = {
    "AWS::Lambda::Function": ComputePlatform.LAMBDA,
    "AWS::ECS::Service": ComputePlatform.ECS,
}
_EVENTS = {
    ComputePlatform.LAMBDA: ("BeforeAllowTraffic", "AfterAllowTraffic"),
    ComputePlatform.ECS: (
        "BeforeInstall",
        "AfterInstall",
        "AfterAllowTestTraffic",
        "BeforeAllowTraffic",
        "AfterAllowTraffic",
    ),
}
_LAMBDA_KEYS = ("Name", "Alias", "CurrentVersion", "TargetVersion")
_ECS_REQUIRED = ("TaskDefinition", "LoadBalancerInfo")
_ECS_OPTIONAL = ("PlatformVersion", "NetworkConfiguration", "CapacityProviderStrategy")
_VPC_KEYS = ("Subnets", "SecurityGroups", "AssignPublicIp")
_TASK_DEFINITION = re.compile(r"arn:aws[\w-]*:ecs:[\w-]+:\d{12}:task-definition/[\w-]+(:\d+)?", re.ASCII)
_VERSION_NUMBER = re.compile(r"[1-9]\d{0,18}", re.ASCII)
_LAST_PORT = 65535


def applies(root: Mapping) -> bool:
    """Tell whether this is an AppSpec for Lambda or ECS rather than for instances."""
    return _get(root, "Resources") is not None and root.get("os") is None


def read(root: Mapping, findings: Findings) -> AppSpec:
    """Return the model of everything that can be understood; reports the rest."""
    findings.unknown_keys(root, ("version", "Resources", "Hooks"), "this AppSpec", any_case=True)
    version = _get(root, "version")
    if not isinstance(version, Scalar) or version.text not in {"0.0", "0"}:
        found = shown(version) if version is not None else "missing"
        given_one = isinstance(version, Scalar) and version.text in {"1", "1.0"}
        rule = document_rules.VERSION_ONE if given_one else document_rules.VERSION
        findings.add(rule, version or root, found=f"`version` is {found}")
    report_placeholders(root, findings)
    _report_variables(root, findings)
    name, platform = _resource(root, findings)
    hooks = dict(_hooks(_get(root, "Hooks"), platform, findings))
    return AppSpec(
        path=findings.path, compute_platform=platform, hooks=MappingProxyType(hooks), resource=name
    )


def _get(node: Mapping, key: str) -> Node | None:
    """Return the value of a key in any case."""
    wanted = key.lower()
    return next((value for name, value in node.pairs if (text_of(name) or "").lower() == wanted), None)


def report_placeholders(node: Node, findings: Findings) -> None:
    """Report each placeholder that is left in a value."""
    match node:
        case Scalar(value=str(text)):
            for found in PLACEHOLDER.findall(text):
                findings.add(rules.PLACEHOLDER, node, text=f"<{found}>")
        case Sequence(items=items):
            for item in items:
                report_placeholders(item, findings)
        case Mapping(pairs=pairs):
            for _, value in pairs:
                report_placeholders(value, findings)


def _report_variables(node: Node, findings: Findings) -> None:
    """Report each value that another tool should have filled in; the service has no such characters."""
    if text := _variable(node):
        findings.add(rules.VARIABLE, node, text=text)
    elif isinstance(node, Sequence):
        for item in node.items:
            _report_variables(item, findings)
    elif isinstance(node, Mapping):
        for _, value in node.pairs:
            _report_variables(value, findings)


def _variable(node: Node) -> str:
    """Return the variable of another tool in a value, empty without one; `{{NAME}}` is a mapping in YAML."""
    match node:
        case Scalar(value=str(text)):
            return variable(text)
        case Mapping(
            pairs=((Mapping(pairs=((Scalar(text=name), Scalar(value=None)),)), Scalar(value=None)),)
        ):
            return f"{{{{{name}}}}}"
        case _:
            return ""


def _resource(root: Mapping, findings: Findings) -> tuple[str, ComputePlatform]:
    """Return the name and the platform of the one resource, Lambda where that is unclear."""
    node = _get(root, "Resources") or root
    items = node.items if isinstance(node, Sequence) else ()
    if len(items) != 1:
        found = f"has {len(items)} resources" if isinstance(node, Sequence) else f"is {node.kind}"
        findings.add(rules.RESOURCES, node, found=found)
    if not items:
        return "", ComputePlatform.LAMBDA
    first = items[0]
    if not isinstance(first, Mapping) or len(first.pairs) != 1:
        found = f"has an item with {len(first.pairs)} names" if isinstance(first, Mapping) else "has no name"
        findings.add(rules.RESOURCES, first, found=found)
        return "", ComputePlatform.LAMBDA
    key, body = first.pairs[0]
    name = key.text if isinstance(key, Scalar) else ""
    if not isinstance(body, Mapping):
        findings.add(rules.RESOURCES, body, found=f"has {body.kind} as the resource {name}")
        return name, ComputePlatform.LAMBDA
    findings.unknown_keys(body, ("Type", "Properties"), f"the resource {name}", any_case=True)
    return name, _typed(name, body, findings)


def _typed(name: str, body: Mapping, findings: Findings) -> ComputePlatform:
    node = given(_get(body, "Type"))
    platform = _PLATFORMS.get(text_of(node) or "")
    properties = _get(body, "Properties")
    if platform is None:
        found = "missing" if node is None else shown(node)
        findings.add(rules.TYPE, node or body, name=name, found=found)
        return ComputePlatform.LAMBDA
    if not isinstance(properties, Mapping):
        needed = listed(_LAMBDA_KEYS if platform is ComputePlatform.LAMBDA else _ECS_REQUIRED)
        owner = f"The resource {name}"
        findings.add(rules.PROPERTY_MISSING, properties or body, owner=owner, key="Properties", needed=needed)
    elif platform is ComputePlatform.LAMBDA:
        _check_lambda(properties, findings)
    else:
        _check_ecs(properties, findings)
    return platform


def _required(
    node: Mapping, keys: tuple[str, ...], owner: str, findings: Findings
) -> Iterator[tuple[str, Node]]:
    """Yield the values of required keys; reports a missing one."""
    for key in keys:
        value = given(_get(node, key))
        if value is None:
            findings.add(
                rules.PROPERTY_MISSING, _get(node, key) or node, owner=owner, key=key, needed=listed(keys)
            )
        else:
            yield key, value


def _check_lambda(node: Mapping, findings: Findings) -> None:
    findings.unknown_keys(node, _LAMBDA_KEYS, "a Lambda function", any_case=True)
    for key, value in _required(node, _LAMBDA_KEYS, "A Lambda function", findings):
        text = ruby_text(value) if isinstance(value, Scalar) else None
        if key.endswith("Version"):
            if text is None or not (_VERSION_NUMBER.fullmatch(text) or PLACEHOLDER.search(text)):
                optional = ", or leave it out: it is looked up" if key == "CurrentVersion" else ""
                _wrong(key, value, "the number of a published version", f"`7`{optional}", findings)
        elif not text:
            _wrong(key, value, "a name", "`my-function`", findings)


def _wrong(key: str, value: Node, expected: str, example: str, findings: Findings) -> None:
    """Report a value that the service rejects, unless it is a variable, which is reported already."""
    if not _variable(value):
        findings.add(rules.PROPERTY, value, key=key, found=shown(value), expected=expected, example=example)


def _check_ecs(node: Mapping, findings: Findings) -> None:
    findings.unknown_keys(node, (*_ECS_REQUIRED, *_ECS_OPTIONAL), "an ECS service", any_case=True)
    for key, value in _required(node, _ECS_REQUIRED, "An ECS service", findings):
        if key == "TaskDefinition":
            text = text_of(value)
            if text is None or not (_TASK_DEFINITION.fullmatch(text) or PLACEHOLDER.search(text)):
                example = "`arn:aws:ecs:eu-west-1:111122223333:task-definition/web:7`"
                _wrong(key, value, "the ARN of a task definition", example, findings)
        elif isinstance(value, Mapping):
            _check_load_balancer(value, findings)
        else:
            _wrong(key, value, "keys and values", "ContainerName and ContainerPort below it", findings)
    _check_network(_get(node, "NetworkConfiguration"), findings)
    strategy = _get(node, "CapacityProviderStrategy")
    if strategy is not None and not isinstance(strategy, Sequence):
        _wrong("CapacityProviderStrategy", strategy, "a list", "`- CapacityProvider: FARGATE_SPOT`", findings)


def _check_load_balancer(node: Mapping, findings: Findings) -> None:
    keys = ("ContainerName", "ContainerPort")
    findings.unknown_keys(node, keys, "LoadBalancerInfo", any_case=True)
    for key, value in _required(node, keys, "LoadBalancerInfo", findings):
        text = ruby_text(value) if isinstance(value, Scalar) else ""
        if key == "ContainerName":
            if not text:
                _wrong(key, value, "the name of a container", "`web`", findings)
        elif not (_VERSION_NUMBER.fullmatch(text) and int(text) <= _LAST_PORT) and "<" not in text:
            _wrong(key, value, "a port from 1 to 65535", "`8080`", findings)


def _check_network(node: Node | None, findings: Findings) -> None:
    node = given(node)
    if node is None:
        return
    vpc = _get(node, "AwsvpcConfiguration") if isinstance(node, Mapping) else None
    if not isinstance(vpc, Mapping):
        _wrong(
            "NetworkConfiguration", vpc or node, "AwsvpcConfiguration below it", "it, or remove it", findings
        )
        return
    findings.unknown_keys(vpc, _VPC_KEYS, "AwsvpcConfiguration", any_case=True)
    for key in _VPC_KEYS:
        value = given(_get(vpc, key))
        if value is None:
            findings.add(rules.VPC, vpc, key=key)
        elif key == "AssignPublicIp":
            if text_of(value) not in {"ENABLED", "DISABLED"}:
                _wrong(key, value, "ENABLED or DISABLED", "`DISABLED`", findings)
        elif not isinstance(value, Sequence) or not all(map(text_of, value.items)):
            _wrong(key, value, "a list of ids", "`[subnet-1]`" if key == "Subnets" else "`[sg-1]`", findings)


def _hooks(
    node: Node | None, platform: ComputePlatform, findings: Findings
) -> Iterator[tuple[str, tuple[Hook, ...]]]:
    node = given(node)
    if node is None:
        return
    if not isinstance(node, Sequence):
        findings.add(rules.HOOKS, node, found=f"is {node.kind}")
        return
    events = _EVENTS[platform]
    for item in node.items:
        if not isinstance(item, Mapping) or len(item.pairs) != 1:
            many = isinstance(item, Mapping)
            findings.add(rules.HOOKS, item, found="has an item with several keys" if many else "has no event")
            continue
        key, value = item.pairs[0]
        event = key.text if isinstance(key, Scalar) else key.kind
        if event not in events:
            advice = did_you_mean(nearest(event, events), f"The events are {listed(events)}.")
            findings.add(rules.EVENT, key, platform=platform.value, event=event, advice=advice)
        text = text_of(value)
        if not text:
            _wrong(event, value, "the name or ARN of a function", f"`- {event}: check-traffic`", findings)
        else:
            yield event, (Hook(text, line=value.line, column=value.column),)
