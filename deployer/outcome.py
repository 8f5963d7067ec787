"""What a run came to, filled in as the line goes on.

It is the one value that changes: a run that fails or is cancelled midway still reports what it has done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deployer.errors import ExitCode
from deployer.model import Status

if TYPE_CHECKING:
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
    """The stages' values so far; `status` is None until the first stage is done."""

    application: str = ""
    group: str = ""
    region: str = ""
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

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of a run that came to its end."""
        return _EXIT_CODES.get(self.status, ExitCode.DONE) if self.status else ExitCode.DONE
