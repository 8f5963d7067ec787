"""Deployments as values: a deployment, its targets and their lifecycle events, as one look shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from deployer.regions import console

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from deployer.deployment.failures import Failure
    from deployer.errors import Problem
    from deployer.revision import Revision


DESCRIPTION_LIMIT = 256
"""Characters of a description that the service takes, from its documentation of limits."""

CONTINUING = "deployment-id, continue: true, application and deployment-group"
"""The inputs of a run that continues a blue/green deployment."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment that the service has accepted."""

    id: str
    region: str
    application: str
    group: str
    revision: Revision | None = None

    @property
    def url(self) -> str:
        """The URL of the deployment in the AWS console."""
        return f"{console(self.region)}/codesuite/codedeploy/deployments/{self.id}?region={self.region}"


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """A target's report on a lifecycle event that failed; `log_tail` is untrusted text."""

    error_code: str = ""
    script: str = ""
    message: str = ""
    log_tail: str = ""


@dataclass(frozen=True, slots=True)
class LifecycleEvent:
    """One step on one target; times as the service tells them."""

    name: str
    status: str
    start: datetime | None = None
    end: datetime | None = None
    diagnostics: Diagnostics | None = None

    @property
    def duration(self) -> timedelta | None:
        """The event's duration, None until it has ended."""
        return self.end - self.start if self.start and self.end else None


@dataclass(frozen=True, slots=True)
class Traffic:
    """The share of traffic, in percent, that one version of a target gets."""

    version: str
    percent: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """An instance, a Lambda function, an ECS service or a CloudFormation stack of a deployment."""

    id: str
    status: str
    kind: str = "instance"
    label: str = ""
    events: tuple[LifecycleEvent, ...] = ()
    traffic: tuple[Traffic, ...] = ()

    @property
    def ended(self) -> bool:
        """True if its state is final."""
        return self.status in {"Succeeded", "Failed", "Skipped"}

    @property
    def failed_event(self) -> LifecycleEvent | None:
        """The first event that failed, None when none did."""
        return next((event for event in self.events if event.status == "Failed"), None)


_MINUTES_FROM = 120.0
"""Age in seconds from which it is shown in minutes."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A deployment as one look at it shows it.

    `status` is the service's word, which may be one we do not know. `targets` is None where reading them is
    not allowed. `counts` is the service's overview by state, empty while there is none. `messages` are the
    service's own words on how it goes, `updates` the deployments by which it updates instances that were
    launched during the deployment, `suspended` the Auto Scaling processes that it suspends.
    `zonal_wait_seconds` is how long it may wait between Availability Zones in all.
    `unread` says why targets could not be read this time and are as last known, empty when they could.
    `trouble` says why the last looks failed, empty when they did not; all is then as it was `age` seconds
    ago, None where the status was never read. `outdated_only` says that it goes to outdated instances only.
    """

    status: str
    counts: Mapping[str, int] = field(default_factory=dict)
    targets: tuple[Target, ...] | None = ()
    error_code: str = ""
    error_message: str = ""
    created: datetime | None = None
    completed: datetime | None = None
    rollback_id: str | None = None
    rollback_expected: bool = False
    revision: Revision | None = None
    creator: str = ""
    compute_platform: str = ""
    messages: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
    group_wait_minutes: int = 0
    zonal_wait_seconds: float = 0.0
    terminating: bool = False
    blue_green: bool = False
    mode: str = ""
    outdated_only: bool = False
    suspended: tuple[str, ...] = ()
    unread: str = ""
    trouble: str = ""
    age: float | None = 0.0

    @property
    def ended(self) -> bool:
        """True if the service has finished with it."""
        return self.status in ENDS

    @property
    def waits(self) -> timedelta:
        """The waits that the group or its configuration asks for, on top of the deployment's own time."""
        return timedelta(minutes=self.group_wait_minutes, seconds=self.zonal_wait_seconds)

    @property
    def failed(self) -> bool:
        """True once a target has failed, by the service's overview or by the targets themselves."""
        return bool(self.counts.get("Failed")) or any(
            target.status == "Failed" for target in self.targets or ()
        )

    @property
    def skipped(self) -> int:
        """The number of targets that it passed over, though it was to deploy to them."""
        if self.outdated_only:
            return 0
        new = [target for target in self.targets or () if not (self.blue_green and target.label == "Blue")]
        listed = sum(target.status == "Skipped" for target in new)
        return listed if self.blue_green else max(listed, self.counts.get("Skipped", 0))

    @property
    def flawless(self) -> bool:
        """True if it succeeded, on every target as far as they could be read."""
        events = any(target.failed_event for target in self.targets or ())
        return self.status == "Succeeded" and not (events or self.failed or self.skipped)

    @property
    def untouched(self) -> bool:
        """True if no lifecycle event began on any instance, as far as the targets could be read."""
        targets = () if self.unread else self.targets
        return bool(targets) and all(
            target.kind == "instance"
            and event.status in {"Skipped", "Pending", "Unknown"}
            and event.start is None
            for target in targets or ()
            for event in target.events
        )

    @property
    def standing(self) -> str:
        """The status as a clause that claims no more than was seen: `was Created when last seen 39 s ago`."""
        if self.age is None:
            return "could never be read"
        if not self.trouble:
            return f"is {self.status}"
        ago = f"{self.age:.0f} s" if self.age < _MINUTES_FROM else f"{self.age / 60:.0f} min"
        return f"was {self.status} when last seen {ago} ago"


@dataclass(frozen=True, slots=True)
class Explanation:
    """The reasons why a deployment did not succeed: problems to annotate, and failures with their logs."""

    problems: tuple[Problem, ...] = ()
    failures: tuple[Failure, ...] = ()


class Status(StrEnum):
    """The progress or result of a run; the output `status`."""

    PLANNED = "planned"
    REHEARSED = "rehearsed"
    UPLOADED = "uploaded"
    REGISTERED = "registered"
    CREATED = "created"
    READY = "ready"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    TIMED_OUT = "timed-out"
    SKIPPED = "skipped"
    UNCHANGED = "unchanged"


ENDS = MappingProxyType({"Succeeded": Status.SUCCEEDED, "Failed": Status.FAILED, "Stopped": Status.STOPPED})
"""The states in which the service is done with a deployment, and what each of them makes of a run."""
