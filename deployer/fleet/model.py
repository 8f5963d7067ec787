"""A fleet as values: the instances of a deployment group, and what has to hold for them."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


_STOPPED = frozenset({"stopping", "stopped"})


@dataclass(frozen=True, slots=True)
class Instance:
    """An EC2 instance; `state` is EC2's word, `profile` tells whether it has an instance profile."""

    id: str
    state: str
    profile: bool
    tags: Mapping[str, str]

    @property
    def stopped(self) -> bool:
        """Return whether nothing runs on it, or soon will not."""
        return self.state in _STOPPED


@dataclass(frozen=True, slots=True)
class ScalingGroup:
    """An Auto Scaling group; `suspended` is the reason why it launches no instances, None while it does.

    Its members are those that it lists, without the instances of a warm pool.
    """

    name: str
    desired: int
    members: frozenset[str] = frozenset()
    suspended: str | None = None


@dataclass(frozen=True, slots=True)
class Minimum:
    """The number of instances that a deployment configuration keeps healthy.

    A percentage is rounded up, by the API reference of MinimumHealthyHosts; without a `count` and a
    `percent`, all instances but one, as CodeDeployDefault.OneAtATime has it there.
    """

    config: str
    count: int | None = None
    percent: int | None = None

    def of(self, total: int) -> int:
        """Return the number of a fleet of so many instances."""
        if self.percent is not None:
            return ceil(total * self.percent / 100)
        return total - 1 if self.count is None else self.count

    def text(self, total: int) -> str:
        """Return the number and how it comes about: `3 (75 % of 3, rounded up)`."""
        if self.percent is None:
            return str(self.of(total))
        rounded = ", rounded up" if total * self.percent % 100 else ""
        return f"{self.of(total)} ({self.percent} % of {total}{rounded})"


@dataclass(frozen=True, slots=True)
class Fleet:
    """The instances of a group as far as they could be read; None stands for what could not.

    `premises` is the number of on-premises instances. `lost` are instances whose connection Systems Manager
    has lost. `others` are instances with tags of the same keys, looked at where none was selected.
    """

    instances: tuple[Instance, ...] | None = None
    scaling: tuple[ScalingGroup, ...] | None = None
    premises: int | None = None
    minimum: Minimum | None = None
    lost: tuple[str, ...] = ()
    others: tuple[Instance, ...] | None = None

    @property
    def total(self) -> int | None:
        """The number of instances that a deployment goes to, None if it is not certain."""
        if self.instances is None or self.premises is None:
            return None
        return len(self.instances) + self.premises

    @property
    def stopped(self) -> tuple[str, ...]:
        """The IDs of the instances that are stopped."""
        return tuple(each.id for each in self.instances or () if each.stopped)
