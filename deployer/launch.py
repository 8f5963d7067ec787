"""Launch a revision: say what the group runs now, and create the deployment that replaces it.

Runs of a workflow may overtake each other while they package, upload or wait. So the group is looked at right
before each request, not only at the beginning, and once more behind a request that was on its way for long:
no newer run can be deployed and succeed in between unseen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deployer.choices import Back, IfUnchanged, OnNewer
from deployer.deployment.conflict import ConflictPolicy, create_when_free
from deployer.deployment.control import stop
from deployer.deployment.holder import Scope, scope_of
from deployer.deployment.model import Status
from deployer.deployment.register import with_content
from deployer.errors import NewerRun, Problem, Severity
from deployer.follow.stop import ended_when_cancelled
from deployer.follow.watch import watch
from deployer.live.look import FRESH_SECONDS, look, refreshed
from deployer.live.newer import newer_than, problem
from deployer.live.origin import described, read

if TYPE_CHECKING:
    from deployer.aws.client import Aws
    from deployer.choices import OnConflict
    from deployer.deployment.model import Deployment
    from deployer.deployment.request import DeploymentRequest
    from deployer.live.group import Group, Record
    from deployer.revision import Revision
    from deployer.run import Run


def launch_unless_spared(  # noqa: PLR0913 - its knobs are keyword-only
    revision: Revision,
    request: DeploymentRequest,
    group: Group,
    *,
    note: str = "",
    on_conflict: OnConflict | None = None,
    aws: Aws,
    run: Run,
) -> Deployment | None:
    """Create the deployment, unless the inputs spare a group that a newer run holds or that has it already.

    `group` is the group as it was last looked at. `note` begins the description; `on_conflict` overrides the
    input. Raises a DeployError when there is no way to the group.
    """
    settings = run.settings
    group = refreshed(group, aws=aws, clock=run.clock)
    whole = scope_of(request.parameters) == Scope()
    if settings.if_unchanged is IfUnchanged.SKIP and whole and group.runs(revision) and group.live:
        run.outcome.live = revision
        run.spared(Status.UNCHANGED, f"{group.name} runs this revision already, by {group.live.id}.")
        return None
    try:
        return launch(revision, request, group, note=note, on_conflict=on_conflict, aws=aws, run=run)
    except NewerRun as error:
        if settings.on_newer is not OnNewer.SKIP or run.outcome.deployment:
            raise
        run.spared(Status.SKIPPED, f"Skipped: {error.problems[0].message}")
        return None


def launch(  # noqa: PLR0913 - its knobs are keyword-only
    revision: Revision,
    request: DeploymentRequest,
    group: Group,
    *,
    note: str,
    on_conflict: OnConflict | None,
    aws: Aws,
    run: Run,
) -> Deployment:
    """Create the deployment, or join the one that does the same, while saying what it replaces.

    The parameters are those of `launch_unless_spared`. Raises a DeployError when there is no
    way to the group: NewerRun when a newer run holds it.
    """
    job, origin = run.ci.job, run.outcome.origin
    compare(group, revision, aws=aws, run=run)
    watchman = Watchman(revision, group, aws, run)
    policy = replace(
        policy_of(run, aws=aws, on_conflict=on_conflict),
        check=watchman.check,
        refused=watchman.check_again,
        confirm=watchman.confirm,
    )

    def describe(text: str) -> str:
        return described(": ".join(part for part in (note, text or job.description) if part), origin)

    described_request = request.described(describe)
    return run.deployed(
        create_when_free(revision, described_request, policy=policy, aws=aws, clock=run.clock)
    )


def policy_of(run: Run, *, aws: Aws, on_conflict: OnConflict | None = None) -> ConflictPolicy:
    """Return how a run gets at a group that another deployment holds; `on_conflict` overrides the input."""
    return ConflictPolicy(
        on_conflict=on_conflict or run.settings.on_conflict,
        budget=run.settings.timeout,
        follow=lambda other, left, waited: watch(other, left, aws=aws, run=run, waited_seconds=waited),
        say=run.ci.say,
        guard=lambda sent: ended_when_cancelled(sent, aws=aws, run=run),
        place=lambda other: run.outcome.origin.place_behind(read(other.description)),
    )


def compare(group: Group, revision: Revision, *, aws: Aws, run: Run) -> None:
    """Say what the group runs, and what is about to replace it."""
    live = group.live.revision if group.live else None
    run.compared(group, revision, with_content(live, application=group.application, aws=aws))


@dataclass(slots=True)
class Watchman:
    """Looks out for newer runs of the same workflow while a revision is on its way to a group.

    It does not for a given revision, unless this very run has built it or is of that commit, nor where the CI
    counts no runs, nor if `on-newer` is `deploy`.
    """

    revision: Revision
    group: Group
    aws: Aws
    run: Run
    warned: str = ""

    def check(self) -> None:
        """Look right before a request; warn of a newer run, or raise NewerRun if it is not to be replaced.

        If it is not, the look is needed: raises a DeployError when it is denied or fails.
        """
        if not self._watches:
            return
        strict = self.run.settings.on_newer is not OnNewer.WARN
        if strict and not self.group.complete:
            self.group = self._look(needed=True)
        self.group = refreshed(self.group, aws=self.aws, clock=self.run.clock, needed=strict)
        if newer := self._newer():
            self._object(problem(newer, self.run.outcome.origin, self.group))

    def check_again(self) -> None:
        """Look although the last look was just now, since another deployment came to hold the group."""
        self.group = replace(self.group, seen=float("-inf"))
        self.check()

    def confirm(self, created: Deployment) -> None:
        """Look once more behind a request that took long: a newer run may have been deployed meanwhile.

        What was created is then stopped and rolled back. Raises NewerRun that says so.
        """
        waited = self.run.clock.monotonic() - self.group.seen
        if not self._watches or self.run.settings.on_newer is OnNewer.WARN or waited <= FRESH_SECONDS:
            return
        self.group = self._look(needed=False)
        newer, last = self._newer(), self.group.attempt
        if newer is None or last is None or last.id != created.id:
            return
        self.run.deployed(created)
        failed = stop(created.id, rollback=True, client=self.aws.codedeploy)
        found = problem(newer, self.run.outcome.origin, self.group)
        done = f"{created.id}, which was on its way at the same time, is being stopped and rolled back"
        if failed:
            done = f"{created.id} could not be stopped ({failed.message}) and replaces it: {created.url}"
        raise NewerRun(replace(found, message=f"{found.message} {done}."))

    @property
    def _watches(self) -> bool:
        settings, origin = self.run.settings, self.run.outcome.origin
        if settings.on_newer is OnNewer.DEPLOY or origin.number is None:
            return False
        own = bool(origin.commit) and origin == self.run.origin
        return settings.revision is None or (own and not isinstance(settings.revision, Back))

    def _newer(self) -> Record | None:
        return newer_than(self.run.outcome.origin, self.group, self.revision)

    def _look(self, *, needed: bool) -> Group:
        group = self.group
        return look(
            group.application, group.name, aws=self.aws, clock=self.run.clock, before=group, needed=needed
        )

    def _object(self, found: Problem) -> None:
        """Raise the problem, or warn of it once."""
        if self.run.settings.on_newer is not OnNewer.WARN:
            raise NewerRun(found)
        if self.warned != found.message:
            self.warned = found.message
            self.run.ci.annotate(replace(found, severity=Severity.WARNING))
