"""What a run came to, filled in as the line goes on.

It is the one value that changes: a run that fails or is cancelled midway still reports what it has done.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from deployer.errors import ExitCode
from deployer.model import Status

if TYPE_CHECKING:
    from deployer.aws import Aws
    from deployer.errors import Problem
    from deployer.explain import Explanation
    from deployer.model import Bundle, Deployment, Revision, StoredObject
    from deployer.wait import Ending

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
