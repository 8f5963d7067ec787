"""Run: everything a stage needs besides the previous stage's value, and the results so far."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from deployer.deployment.model import Status
from deployer.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployer.aws.client import Aws
    from deployer.bundle.contents import Bundle
    from deployer.ci.base import Platform
    from deployer.clock import Clock
    from deployer.deployment.explain import Explanation
    from deployer.deployment.model import Deployment
    from deployer.deployment.wait import Ending
    from deployer.errors import Problem
    from deployer.revision import Revision, StoredObject
    from deployer.settings.model import Settings


@dataclass(frozen=True, slots=True)
class Line:
    """The surroundings of a run: what was asked for, where to report, time, and what it has come to.

    `environ` is the environment, where the CI leaves what proves the job's identity, and the build the time
    that its bundles bear (SOURCE_DATE_EPOCH).
    """

    settings: Settings
    platform: Platform
    clock: Clock
    outcome: Outcome
    environ: Mapping[str, str]


_EXIT_CODES = {
    Status.FAILED: ExitCode.FAILED,
    Status.STOPPED: ExitCode.STOPPED,
    Status.TIMED_OUT: ExitCode.TIMED_OUT,
}


@dataclass(slots=True)
class Outcome:
    """The stages' values so far; `status` is None until the first stage is done.

    `aws` is the connection, once there is one. `groups` are all groups to deploy to, `group` the one whose
    turn it is or was last; what the groups before it came to is in `earlier`.
    """

    application: str = ""
    groups: tuple[str, ...] = ()
    group: str = ""
    region: str = ""
    aws: Aws | None = None
    status: Status | None = None
    bundle: Bundle | None = None
    stored: StoredObject | None = None
    revision: Revision | None = None
    deployment: Deployment | None = None
    ending: Ending | None = None
    explanation: Explanation | None = None
    rollback: Deployment | None = None
    live: Revision | None = None
    problems: list[Problem] = field(default_factory=list)
    earlier: tuple[Outcome, ...] = ()

    @property
    def attempts(self) -> tuple[Outcome, ...]:
        """What each group came to that had its turn, in order."""
        return (*self.earlier, self)

    def turn_to(self, group: str) -> None:
        """Begin with a group, keeping what the one before came to."""
        if self.deployment:
            self.earlier = (*self.earlier, replace(self, earlier=()))
            self.deployment = self.ending = self.explanation = self.rollback = self.live = None
            self.problems = []
            self.status = Status.REGISTERED
        self.group = group

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of a run that came to its end."""
        return _EXIT_CODES.get(self.status, ExitCode.DONE) if self.status else ExitCode.DONE
