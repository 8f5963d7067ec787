"""AppSpec text → what it says and everything that is wrong with it."""

from __future__ import annotations

from deployer.appspec import resources, server
from deployer.appspec.document import LIMIT, load
from deployer.appspec.findings import Findings
from deployer.appspec.model import AppSpec, FileMapping, Hook, ParsedAppSpec, Permission
from deployer.appspec.nodes import Mapping
from deployer.choices import ComputePlatform
from deployer.rules import document as rules
from deployer.rules import resources as resource_rules

__all__ = [
    "APPSPEC",
    "LIMIT",
    "AppSpec",
    "FileMapping",
    "Hook",
    "ParsedAppSpec",
    "Permission",
    "check_revision",
    "parse",
]

APPSPEC = "appspec.yml"
"""The only name that the agent looks for, at the root of a bundle."""


def parse(content: bytes, *, path: str) -> ParsedAppSpec:
    """Read an AppSpec; never raises, whatever the bytes.

    `path` names the file in the findings. More than `LIMIT` bytes are refused unread.
    """
    findings = Findings(path)
    root = load(content, findings)
    appspec = None
    if isinstance(root, Mapping):
        read = resources.read if resources.applies(root) else server.read
        appspec = read(root, findings)
    elif root is not None:
        findings.add(rules.NOT_A_MAPPING, root, kind=root.kind)
    return ParsedAppSpec(appspec, tuple(findings.problems))


def check_revision(content: bytes, *, path: str, platform: ComputePlatform) -> ParsedAppSpec:
    """Read an AppSpec that is itself a revision (Lambda, ECS), and say if it is for another platform."""
    parsed = parse(content, path=path)
    if parsed.appspec is None or parsed.appspec.compute_platform is platform:
        return parsed
    findings = Findings(path)
    findings.add(
        resource_rules.PLATFORM,
        Mapping(1, 1, ()),
        found=_NAMES[parsed.appspec.compute_platform],
        expected=_NAMES[platform],
    )
    return ParsedAppSpec(parsed.appspec, (*findings.problems, *parsed.problems))


_NAMES = {
    ComputePlatform.SERVER: "EC2 and on-premises instances",
    ComputePlatform.LAMBDA: "Lambda",
    ComputePlatform.ECS: "ECS",
}
