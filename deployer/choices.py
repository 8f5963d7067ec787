"""Values that settings and stages share: users' choices, CodeDeploy's platforms, and fixed names."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

APPSPEC: Final = "appspec.yml"
"""The only name that the agent looks for, at the root of a bundle."""

APPSPEC_NAMES: Final = frozenset({APPSPEC, "appspec.yaml", "appspec.json"})
"""Names that people give an AppSpec, in lower case."""

VARIABLE_NAME: Final = r"[A-Za-z][A-Za-z0-9_.-]*"
"""The pattern of a variable's name: `NAME=value` in `appspec-variables`, `<NAME>` in the AppSpec."""


class Stage(StrEnum):
    """The stages of the line, in order; a run may end after any of them."""

    PACKAGE = "package"
    REHEARSE = "rehearse"
    PLAN = "plan"
    UPLOAD = "upload"
    REGISTER = "register"
    DEPLOY = "deploy"
    READY = "ready"
    WAIT = "wait"

    def reaches(self, stage: Stage) -> bool:
        """Return whether a run that stops after this stage still carries out `stage`."""
        order = list(Stage)
        return order.index(self) >= order.index(stage)


class Shell(StrEnum):
    """The shells that can complete a command line."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


class Compression(StrEnum):
    """Compression level: it determines the bytes, so it is part of the digest."""

    FAST = "fast"
    BALANCED = "balanced"
    SMALL = "small"


class FileExistsBehavior(StrEnum):
    """The handling of existing files on a target that the revision also contains; CodeDeploy's own values."""

    DISALLOW = "DISALLOW"
    OVERWRITE = "OVERWRITE"
    RETAIN = "RETAIN"


class PreFlight(StrEnum):
    """The strictness of the checks before the upload; `strict` treats warnings as errors."""

    STRICT = "strict"
    ERRORS = "errors"
    OFF = "off"


class OnConflict(StrEnum):
    """The choices for when another deployment of the group is active."""

    JOIN = "join"
    WAIT = "wait"
    FAIL = "fail"
    STOP = "stop"


class Back(StrEnum):
    """The words for a revision that the group itself tells: those of its earlier deployments."""

    LAST_GOOD = "last-good"
    PREVIOUS = "previous"


class OnNewer(StrEnum):
    """The choices for a group to which a newer run was deployed."""

    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"
    DEPLOY = "deploy"


class IfUnchanged(StrEnum):
    """The choices for a group that runs the revision already."""

    DEPLOY = "deploy"
    SKIP = "skip"


class OnEnd(StrEnum):
    """The choices for a deployment that the run stops watching."""

    LEAVE = "leave"
    STOP = "stop"
    ROLLBACK = "rollback"


class ComputePlatform(StrEnum):
    """The compute platform of an application; the values are CodeDeploy's own."""

    SERVER = "Server"
    LAMBDA = "Lambda"
    ECS = "ECS"

    @property
    def label(self) -> str:
        """The name for people: `EC2 and on-premises instances`."""
        return "EC2 and on-premises instances" if self is ComputePlatform.SERVER else self.value
