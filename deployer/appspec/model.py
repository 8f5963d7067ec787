"""An AppSpec as far as it could be understood; lines and columns count from 1."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from deployer.choices import ComputePlatform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployer.errors import Problem

EVENT_SECONDS = 3600
"""Seconds that all scripts of an event may take together, and each one that gives no timeout."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A script of a lifecycle event; `location` is its path in the bundle as written.

    For Lambda and ECS `location` is the name or ARN of the function. `timeout` is in seconds, None where the
    author gave none.
    """

    location: str
    timeout: int | None = None
    runas: str | None = None
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class FileMapping:
    """A copy from the bundle to the instance, placed at its source; `destination_line` is the other's."""

    source: str
    destination: str
    line: int = 1
    column: int = 1
    destination_line: int = 1


@dataclass(frozen=True, slots=True)
class Permission:
    """Mode, owner and the like that are set on the files and folders at or below `object`.

    `mode` is the text that the agent reads as octal digits; `default_acl` tells whether one of the `acls` is
    a default one, which only folders can have; `context` whether an SELinux context is set; `changes` whether
    anything is. `faults` make a deployment fail only where the permissions are set on something.
    """

    object: str
    pattern: str = "**"
    exceptions: tuple[str, ...] = ()
    types: frozenset[str] = frozenset({"file", "directory"})
    mode: str | None = None
    owner: str | None = None
    group: str | None = None
    acls: tuple[str, ...] = ()
    default_acl: bool = False
    context: bool = False
    changes: bool = False
    faults: tuple[Problem, ...] = ()
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class AppSpec:
    """An AppSpec as far as it could be understood; `path` is the file it was read from.

    `os`, `files`, `permissions` and `file_exists_behavior` belong to EC2 and on-premises instances,
    `resource` (its name) to Lambda and ECS.
    """

    path: str
    compute_platform: ComputePlatform = ComputePlatform.SERVER
    version: float = 0.0
    os: str = ""
    files: tuple[FileMapping, ...] = ()
    hooks: Mapping[str, tuple[Hook, ...]] = field(default_factory=lambda: MappingProxyType({}))
    permissions: tuple[Permission, ...] = ()
    file_exists_behavior: str | None = None
    resource: str = ""


@dataclass(frozen=True, slots=True)
class ParsedAppSpec:
    """The model, None where the text is no AppSpec at all, and every problem that was found."""

    appspec: AppSpec | None
    problems: tuple[Problem, ...]
