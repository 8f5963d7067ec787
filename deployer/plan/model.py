"""A plan: what a deployment is about to change in each of its groups, as far as that can be known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from deployer.bundle.listing import Unknown
    from deployer.live.group import Group, Safeguards
    from deployer.live.origin import Origin
    from deployer.plan.appspec import HookChange, TextDifference
    from deployer.plan.difference import Difference


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """The changes to one group, against what it runs.

    `files` is None where the AppSpec is the revision itself; `appspec` is None where the AppSpec stays the
    same. `safeguards` are those of this deployment, None where they could not be read. `notes` are sentences
    about the group that matter before it is deployed to.
    """

    group: Group
    files: Difference | Unknown | None
    appspec: TextDifference | Unknown | None
    hooks: tuple[HookChange, ...] = ()
    safeguards: Safeguards | None = None
    compare_url: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def first(self) -> bool:
        """Return whether nothing is live in the group yet."""
        return self.group.live is None and self.group.unread is None

    @property
    def changed(self) -> bool:
        """Return whether anything changes, or may: not compared, or part of the group runs something else."""
        return self.first or bool(self.files) or self.appspec is not None or not self.group.steady


@dataclass(frozen=True, slots=True)
class Plan:
    """The plans of the groups in their order, made `at` a time; `origin` is the new revision's."""

    groups: tuple[GroupPlan, ...]
    origin: Origin
    at: datetime

    @property
    def changed(self) -> bool:
        """Return whether anything changes in any group, or may change."""
        return any(group.changed for group in self.groups)
