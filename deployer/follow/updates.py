"""Following the deployments by which CodeDeploy updates instances that were launched during a deployment.

A deployment succeeds without them: until they have ended too, such instances may run another revision.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from deployer.deployment.model import Status
from deployer.deployment.places import Places
from deployer.errors import Problem, Severity
from deployer.follow.stop import annotating
from deployer.follow.watch import watch
from deployer.report import lines
from deployer.signals import Interrupted

if TYPE_CHECKING:
    from deployer.aws.client import Aws
    from deployer.deployment.model import Deployment, Snapshot
    from deployer.deployment.wait import Ending
    from deployer.run import Run


def follow_updates(
    deployment: Deployment, snapshot: Snapshot, *, budget: timedelta, aws: Aws, run: Run
) -> None:
    """Watch the updates that a deployment triggered, one after the other, within the budget.

    One that does not succeed is a warning, since the deployment itself has succeeded; what is live is then
    uncertain.
    """
    started = run.clock.monotonic()
    for identifier in snapshot.updates:
        update = replace(deployment, id=identifier)
        left = budget - timedelta(seconds=run.clock.monotonic() - started)
        try:
            title = f"Wait for {identifier}, which updates instances launched during the deployment"
            with annotating(run), run.ci.section(title):
                _conclude(watch(update, left, aws=aws, run=run), update, run)
        except Interrupted:
            run.ci.announce(lines.still_running(update))
            raise


def _conclude(ending: Ending, update: Deployment, run: Run) -> None:
    from deployer.deployment.explain import explain

    run.ci.announce(lines.ended(ending, update))
    if ending.status is Status.SUCCEEDED:
        return
    run.outcome.live = None
    causes = [problem.message for problem in explain(ending.snapshot, Places()).problems]
    problem = Problem(
        "Instances that were launched during the deployment may run another revision: deployment "
        f"{update.id}, which updates them, {lines.how_ended(ending)}.",
        "\n".join([*causes[:1], f"Check in the console which revision they run: {update.url}"]),
        code="update-failed",
        severity=Severity.WARNING,
    )
    run.outcome.problems.append(problem)
    run.ci.annotate(problem)
