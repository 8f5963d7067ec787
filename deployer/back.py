"""Stage: a deployment group → the same on a revision that worked: `revision: last-good` and `previous`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from deployer.choices import Back, ComputePlatform, OnConflict, OnEnd, Stage
from deployer.deployment.control import request_stop
from deployer.deployment.create import adopt
from deployer.deployment.model import Deployment, Status
from deployer.deployment.places import Places
from deployer.deployment.platform import confirm_platform, reject_misfits
from deployer.deployment.register import with_content
from deployer.errors import InvalidInput, Problem, Severity
from deployer.follow.end import conclude, follow
from deployer.follow.rollback import look_for_rollback
from deployer.follow.watch import watch
from deployer.launch import compare, launch_unless_spared
from deployer.live.back import Way, way_back
from deployer.live.fit import reject_unfit
from deployer.live.look import earlier, look, registered_origin
from deployer.live.origin import Origin
from deployer.report import lines
from deployer.report.suggestions import Suggestion
from deployer.revision import AppSpecRevision
from deployer.signals import Interrupted

if TYPE_CHECKING:
    from deployer.aws.client import Aws
    from deployer.deployment.request import DeploymentRequest
    from deployer.live.group import Group
    from deployer.revision import Revision
    from deployer.run import Run


_GONE = {"NoSuchKey", "NoSuchVersion"}


def go_back(to: Back, request: DeploymentRequest, *, aws: Aws, run: Run) -> None:
    """Bring a group back to a revision that worked, and follow that as far as the run is to go.

    Everything that can be missing is looked for before anything is stopped. Raises a DeployError when there
    is no way back; a deployment that does not succeed is an outcome.
    """
    started = run.clock.monotonic()

    def left() -> timedelta:
        return run.settings.timeout - timedelta(seconds=run.clock.monotonic() - started)

    several = len(run.outcome.groups) > 1
    with run.ci.section(f"Go back in {request.group}" if several else "Go back"):
        group = look(request.application, request.group, aws=aws, clock=run.clock, needed=True)
        confirmed = confirm_platform(request.application, group.platform, frozenset(ComputePlatform), aws=aws)
        reject_misfits((request,), confirmed)
        reject_unfit((request,), (group,))
        way = way_back(to, group)
        revision = run.registered(_revision(way, group, aws=aws, run=run))
        _announce(to, way, group, run)
        deployment = _rollback(way, group, revision, left(), aws=aws, run=run) if way.stops else None
        if run.outcome.status is Status.TIMED_OUT:
            return
        if deployment is None:
            joins = OnConflict.JOIN if way.underway or way.stops else None
            note = f"Back from {way.leaves.id}"
            deployment = launch_unless_spared(
                revision, request, group, note=note, on_conflict=joins, aws=aws, run=run
            )
    if deployment and run.settings.stop_after.reaches(Stage.READY):
        follow(deployment, Places(), budget=left(), aws=aws, run=run)
    if run.outcome.status is Status.SUCCEEDED and not way.goes_nowhere:
        _tell_the_way_on(way, aws=aws, run=run)


def _revision(way: Way, group: Group, *, aws: Aws, run: Run) -> Revision:
    """Return the revision to bring, which can be deployed as far as that can be seen; note its origin."""
    from deployer.s3.confirm import confirm

    application, goal = group.application, way.goal
    revision, run.outcome.origin = _known(way, group, aws)
    if revision is None:
        raise InvalidInput(
            Problem(
                f"No revision before that of {goal.id} is known in {application}/{group.name}.",
                "Set revision to the revision itself; allow codedeploy:ListDeployments so that it can be "
                "looked for.",
                code="no-good-revision",
            )
        )
    revision = with_content(revision, application=application, aws=aws) or revision
    if isinstance(revision, AppSpecRevision) and revision.content is None:
        raise InvalidInput(
            Problem(
                f"The AppSpec that {goal.id} deployed cannot be read, so nothing was stopped or deployed.",
                "Allow codedeploy:GetApplicationRevision, or set revision to the revision itself.",
                code="no-good-revision",
            )
        )
    try:
        revision, _ = confirm(revision, aws=aws, expected_bucket_owner=run.settings.expected_bucket_owner)
    except InvalidInput as error:
        which = "last good revision" if revision == goal.revision else "revision before"
        raise InvalidInput(*(_lost(problem, which) for problem in error.problems)) from error
    return revision


def _known(way: Way, group: Group, aws: Aws) -> tuple[Revision | None, Origin]:
    """Return the revision of a way back and where it came from, as far as the group's history tells."""
    revision, origin = way.revision, way.goal.origin
    if revision != way.goal.revision:
        origin = Origin()
    if revision and not origin.commit:
        origin = registered_origin(revision, application=group.application, aws=aws)
    if revision is None or (revision != way.goal.revision and not origin.commit):
        before = earlier(group, way.goal, aws=aws)
        if before and revision in {None, before.revision}:
            return before.revision, before.origin
    return revision, origin


def _lost(problem: Problem, which: str) -> Problem:
    """Return why the bundle cannot be deployed again, with what that means."""
    if problem.code not in _GONE:
        return replace(problem, message=f"There is no way back, and nothing was stopped. {problem.message}")
    return replace(
        problem,
        message=f"The bundle of the {which} was deleted from S3, so nothing was stopped or deployed. "
        f"{problem.message}",
    )


def _announce(to: Back, way: Way, group: Group, run: Run) -> None:
    """Say why this way is taken; warn if it leads nowhere."""
    if way.goes_nowhere and not way.leaves.active:
        run.ci.annotate(
            Problem(
                f"The last deployment of {group.name}, {way.leaves.id}, succeeded, so {to} is the revision "
                "that the group runs already.",
                "To go back to the revision before it, use `revision: previous`.",
                code="last-good-is-live",
                severity=Severity.WARNING,
            )
        )
        return
    run.ci.say(f"{way.why}; going back to {run.outcome.origin.label or 'the revision before it'}.")


def _rollback(  # noqa: PLR0913 - three are keyword-only
    way: Way, group: Group, revision: Revision, budget: timedelta, *, aws: Aws, run: Run
) -> Deployment | None:
    """Stop what is running and return its rollback; None if there is none, so that one is to be created.

    If it does not stop within the budget, the outcome says so.
    """
    compare(group, revision, aws=aws, run=run)
    running = Deployment(way.leaves.id, aws.region, group.application, group.name, way.leaves.revision)
    if request_stop(running.id, rollback=True, client=aws.codedeploy):
        run.ci.say(lines.stopping(running, OnEnd.ROLLBACK))
    else:
        run.ci.say(lines.ended_before_stop(running))
    try:
        ending = watch(running, budget, aws=aws, run=run)
    except Interrupted:
        run.ci.say(lines.still_running(running))
        raise
    if ending.status is Status.TIMED_OUT:
        run.outcome.ending = ending
        conclude(ending, run.deployed(running), Places(), aws=aws, run=run)
        return None
    if ending.status is Status.SUCCEEDED:
        return None
    found = ending.snapshot.rollback_id or look_for_rollback(running, aws, run)
    return run.deployed(adopt(found, aws=aws)) if found else None


def _tell_the_way_on(way: Way, *, aws: Aws, run: Run) -> None:
    """Say how to undo going back, and what brings the change again."""
    outcome, left = run.outcome, way.leaves
    revision = with_content(left.revision, application=outcome.application, aws=aws)
    if revision and revision.uri:
        run.suggest(Suggestion("To undo going back", {"revision": revision.uri}))
    run.ci.annotate(
        Problem(
            f"{outcome.group} is back on {outcome.origin.label or 'an earlier revision'}; the next "
            f"deployment from the branch brings {left.label} again.",
            "Revert that change first, or deploy nothing until it is fixed.",
            code="change-comes-again",
            severity=Severity.WARNING,
        )
    )
