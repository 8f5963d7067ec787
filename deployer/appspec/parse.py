"""AppSpec text → what it says and everything that is wrong with it."""

from __future__ import annotations

from functools import lru_cache

from deployer.appspec import resources, server
from deployer.appspec.document import LIMIT, load
from deployer.appspec.findings import Findings
from deployer.appspec.model import AppSpec, FileMapping, Hook, ParsedAppSpec, Permission
from deployer.appspec.nodes import Mapping
from deployer.rules import document as rules

__all__ = [
    "LIMIT",
    "AppSpec",
    "FileMapping",
    "Hook",
    "ParsedAppSpec",
    "Permission",
    "parse",
]


@lru_cache(maxsize=1)
def parse(content: bytes, *, path: str) -> ParsedAppSpec:
    """Read an AppSpec; never raises, whatever the bytes.

    `path` names the file in the findings. More than `LIMIT` bytes are refused unread. The stages that ask for
    the same file one after the other share one answer.
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
