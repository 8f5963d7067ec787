"""Launch a revision: say what the group runs now, and create the deployment that replaces it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.deployment.conflict import ConflictPolicy, create_when_free
from deployer.deployment.register import with_content
from deployer.follow.stop import ended_when_cancelled
from deployer.follow.watch import watch
from deployer.live.look import refreshed
from deployer.live.origin import described

if TYPE_CHECKING:
    from deployer.aws.client import Aws
    from deployer.choices import OnConflict
    from deployer.deployment.model import Deployment
    from deployer.deployment.request import DeploymentRequest
    from deployer.live.group import Group
    from deployer.revision import Revision
    from deployer.run import Run


def launch(  # noqa: PLR0913 - its knobs are keyword-only
    revision: Revision,
    request: DeploymentRequest,
    group: Group,
    *,
    note: str = "",
    on_conflict: OnConflict | None = None,
    aws: Aws,
    run: Run,
) -> Deployment:
    """Create the deployment, or join the one that does the same, while saying what it replaces.

    `group` is the group as it was last looked at. `note` begins the description; `on_conflict` overrides the
    input. Raises a DeployError when there is no way to the group.
    """
    settings, job, origin = run.settings, run.ci.job, run.outcome.origin
    compare(refreshed(group, aws=aws, clock=run.clock), revision, aws=aws, run=run)
    policy = ConflictPolicy(
        on_conflict=on_conflict or settings.on_conflict,
        budget=settings.timeout,
        follow=lambda other, left: watch(other, left, aws=aws, run=run),
        say=run.ci.say,
        guard=lambda sent: ended_when_cancelled(sent, aws=aws, run=run),
    )

    def describe(text: str) -> str:
        return described(": ".join(part for part in (note, text or job.description) if part), origin)

    order = request.described(describe)
    return run.deployed(create_when_free(revision, order, policy=policy, aws=aws, clock=run.clock))


def compare(group: Group, revision: Revision, *, aws: Aws, run: Run) -> None:
    """Say what the group runs, and what is about to replace it."""
    live = group.live.revision if group.live else None
    run.compared(group, revision, with_content(live, application=group.application, aws=aws))
