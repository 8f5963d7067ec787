"""The pipeline: package → rehearse → plan → upload → register → deploy → wait. It decides the order only.

Each stage takes the value of the stage before, and the run records what it came to. A given revision replaces
the package and its upload, a given deployment everything before the wait.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from deployer.appspec.inline import AppSpecFile
from deployer.back import go_back
from deployer.bundle.contents import Bundle
from deployer.choices import Back, Stage
from deployer.connect import connected
from deployer.deployment.platform import confirm_platform, platforms_of, reject_misfits
from deployer.deployment.request import requests_of
from deployer.errors import InvalidInput, Problem, Severity
from deployer.follow.end import follow
from deployer.follow.places import places_in, places_of
from deployer.launch import launch_unless_spared
from deployer.live.fit import reject_unfit
from deployer.live.look import look, registered_origin
from deployer.live.origin import Origin
from deployer.prepare import bundle_of
from deployer.restart import restart
from deployer.revision import GitHubRevision
from deployer.store import promote, store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deployer.aws.client import Aws
    from deployer.choices import ComputePlatform
    from deployer.deployment.model import Deployment
    from deployer.deployment.request import DeploymentRequest
    from deployer.live.group import Group
    from deployer.revision import Revision
    from deployer.run import Run


def run(run: Run) -> None:
    """Carry out the stages between where the inputs start and where `stop-after` ends.

    What they came to is in the run's outcome. Raises a DeployError when a stage cannot do its work; a
    deployment that does not succeed is an outcome.
    """
    settings, reaches = run.settings, run.settings.stop_after.reaches
    if settings.deployment_id:
        aws = connected(run)
        _follow(_adopt(aws, run), settings.timeout, aws=aws, run=run)
        return
    requests = _requests(run)
    if settings.restart:
        _restart(requests, run)
        return
    given = settings.revision
    if isinstance(given, Back):
        _go_back(given, requests, run)
        return
    subject: Bundle | Revision = given or _package(run)
    reject_misfits(requests, platforms_of(subject))
    _rehearse(run)
    if not reaches(Stage.PLAN):
        return
    aws = run.aws or connected(run)
    groups = _groups(aws, run)
    reject_unfit(requests, groups)
    reject_misfits(requests, _platforms(subject, groups, aws, run))
    if reaches(Stage.DEPLOY) or settings.stop_after is Stage.PLAN:
        groups = _surveyed(requests, groups, aws, run)
    subject = _looked_up(subject, aws, run)
    _plan(subject, requests, groups, aws=aws, run=run)
    if not reaches(Stage.UPLOAD):
        return
    revision = _stored(subject, groups, aws, run)
    if not reaches(Stage.REGISTER):
        return
    revision = _register(revision, aws, run)
    for request, group in zip(requests, groups, strict=True) if reaches(Stage.DEPLOY) else ():
        run.turn_to(request.group)
        _deploy(revision, request, group, aws=aws, run=run)
        if not run.outcome.lets_next_group_begin:
            break


def _go_back(to: Back, requests: Sequence[DeploymentRequest], run: Run) -> None:
    """Go back in each group, by its own history."""
    aws = connected(run)
    for request in requests:
        run.turn_to(request.group)
        go_back(to, request, aws=aws, run=run)
        if not run.outcome.lets_next_group_begin:
            return


def _restart(requests: Sequence[DeploymentRequest], run: Run) -> None:
    """Restart the application in each group, on what the group runs."""
    reject_misfits(requests, platforms_of(None))
    aws = connected(run)
    groups = _groups(aws, run)
    reject_unfit(requests, groups)
    groups = _surveyed(requests, groups, aws, run)
    for request, group in zip(requests, groups, strict=True):
        run.turn_to(request.group)
        _deploy(None, request, group, aws=aws, run=run)
        if not run.outcome.lets_next_group_begin:
            return


def _requests(run: Run) -> tuple[DeploymentRequest, ...]:
    """Return one request for each group, recorded in the outcome from here on."""
    settings, outcome = run.settings, run.outcome
    outcome.application, outcome.groups = settings.application, settings.deployment_groups
    outcome.group = settings.deployment_group
    outcome.origin = run.origin
    return requests_of(settings)


def _package(run: Run) -> Bundle:
    settings = run.settings
    with run.ci.section("Package", folded=True):
        bundle = bundle_of(run)
        if bundle.size is None and not settings.stop_after.reaches(Stage.UPLOAD):
            bundle = replace(bundle, size=sum(map(len, bundle.chunks())))
        appspec = bundle.contents.path if isinstance(bundle.contents, AppSpecFile) else None
        return run.packaged(bundle, appspec or str(settings.source))


def _rehearse(run: Run) -> None:
    if run.settings.rehearse_image and run.outcome.bundle:
        from deployer.rehearse.stage import rehearse

        rehearse(run.outcome.bundle, run)


def _groups(aws: Aws, run: Run) -> tuple[Group, ...]:
    """Look at the deployment groups, as far as access allows; a run that only plans has to see them."""
    application, outcome = run.settings.application, run.outcome
    groups = []
    for name in run.settings.deployment_groups if application else ():
        outcome.group = name
        needed = run.settings.stop_after is Stage.PLAN
        groups.append(look(application, name, aws=aws, clock=run.clock, needed=needed))
    outcome.group = run.settings.deployment_group
    return tuple(groups)


def _surveyed(
    requests: Sequence[DeploymentRequest], groups: Sequence[Group], aws: Aws, run: Run
) -> tuple[Group, ...]:
    """Look at what the groups deploy to."""
    from deployer.survey import survey

    return survey(requests, groups, aws=aws, run=run)


def _platforms(
    subject: Bundle | Revision, groups: Sequence[Group], aws: Aws, run: Run
) -> frozenset[ComputePlatform]:
    """Return the platforms left by what is known of the groups, or else of the application."""
    application, platforms = run.settings.application, platforms_of(subject)
    for of_group in ([group.platform for group in groups] or [""]) if application else ():
        platforms = confirm_platform(application, of_group, platforms, aws=aws)
    return platforms


def _looked_up(subject: Bundle | Revision, aws: Aws, run: Run) -> Bundle | Revision:
    """Return a bundle with what its AppSpec leaves out, or a revision that is confirmed to exist."""
    from deployer.appspec.completion import AwsResolver
    from deployer.s3.confirm import confirm

    settings, outcome = run.settings, run.outcome
    if isinstance(subject, Bundle):
        if isinstance(subject.contents, AppSpecFile):
            appspec, piece = subject.contents.completed(AwsResolver(aws))
            if piece:
                run.ci.say(f"Looked up what the AppSpec leaves out: {piece}")
                return run.completed(appspec.bundle())
        return subject
    known = registered_origin(subject, application=settings.application, aws=aws)
    outcome.origin = known if known != Origin() else _unregistered(subject, outcome.origin)
    if settings.promoted:  # what is copied is confirmed by copying it
        return subject
    elsewhere: list[Problem] = []
    revision, seen = confirm(
        subject, aws=aws, expected_bucket_owner=settings.expected_bucket_owner, elsewhere=elsewhere.append
    )
    found = [replace(problem, severity=Severity.WARNING) for problem in elsewhere[:1]]
    if errors := run.judged(found):
        raise InvalidInput(*errors)
    if seen:
        run.ci.say(f"Found {revision.label}")
    return revision


def _unregistered(revision: Revision, origin: Origin) -> Origin:
    """Return the origin of a revision whose making nobody recorded: this run, with the commit if known."""
    if not isinstance(revision, GitHubRevision):
        return replace(origin, commit="")
    named = Origin.of(repository=revision.repository, sha=revision.commit, workflow="", number="")
    return replace(origin, repository=named.repository, commit=named.commit)


def _plan(
    subject: Bundle | Revision,
    requests: Sequence[DeploymentRequest],
    groups: Sequence[Group],
    *,
    aws: Aws,
    run: Run,
) -> None:
    """Compare what is about to be deployed with what each group runs, unless this run does not deploy."""
    from deployer.plan.sides import side_of_bundle
    from deployer.plan.stage import plan, reader

    settings = run.settings
    deploys = settings.stop_after.reaches(Stage.DEPLOY)
    if not groups or not (deploys or settings.stop_after is Stage.PLAN):
        return
    with run.ci.section("Plan"):
        read = reader(settings.application, aws=aws, listed=run.listed)
        new = side_of_bundle(subject) if isinstance(subject, Bundle) else read(subject)
        targets = zip(requests, groups, strict=True)
        origin, compare = run.outcome.origin, run.ci.job.compare
        run.planned(plan(new, targets, read=read, origin=origin, compare=compare, at=run.clock.now()))


def _stored(subject: Bundle | Revision, groups: Sequence[Group], aws: Aws, run: Run) -> Revision:
    """Return the revision to deploy: given, copied from another bucket, or made of the bundle."""
    if promoted := run.settings.promoted:
        return promote(promoted, aws, run)
    return store(subject, groups, aws, run) if isinstance(subject, Bundle) else subject


def _register(revision: Revision, aws: Aws, run: Run) -> Revision:
    from deployer.deployment.register import register

    settings = run.settings
    with run.ci.section("Register"):
        text = "" if settings.revision else run.outcome.origin.text
        if register(revision, application=settings.application, description=text, aws=aws):
            run.ci.say(f"Registered {revision.label}")
        else:
            run.ci.say(f"Nothing to register: the deployment carries the {revision.label}")
        return run.registered(revision)


def _deploy(
    revision: Revision | None, request: DeploymentRequest, group: Group, *, aws: Aws, run: Run
) -> None:
    """Deploy to one group, or restart it without a revision, and follow that as far as the run is to go."""
    settings = run.settings
    started = run.clock.monotonic()
    several = len(run.outcome.groups) > 1
    title = "Deploy" if revision else "Restart"
    with run.ci.section(f"{title} {'to ' if revision else ''}{request.group}" if several else title):
        if revision is None:
            deployment: Deployment | None = restart(request, group, aws=aws, run=run)
        else:
            deployment = launch_unless_spared(revision, request, group, aws=aws, run=run)
    if deployment and settings.stop_after.reaches(Stage.READY):
        budget = settings.timeout - timedelta(seconds=run.clock.monotonic() - started)
        _follow(deployment, budget, aws=aws, run=run)


def _adopt(aws: Aws, run: Run) -> Deployment:
    """Return the deployment that the inputs name, which must belong to the group they name."""
    from deployer.deployment.create import adopt

    settings, outcome = run.settings, run.outcome
    with run.ci.section("Pick up"):
        deployment = adopt(settings.deployment_id, aws=aws)
        outcome.application, outcome.group = deployment.application, deployment.group
        outcome.groups = (deployment.group,)
        for name, asked, found in (
            ("application", settings.application, deployment.application),
            ("deployment-group", settings.deployment_group, deployment.group),
        ):
            if asked and asked != found:
                raise InvalidInput(
                    Problem(
                        f"Input {name} is {asked}, but {deployment.id} belongs to {found}.", "Remove one."
                    )
                )
        if deployment.revision:
            run.registered(deployment.revision)
        return run.deployed(deployment)


def _follow(deployment: Deployment, budget: timedelta, *, aws: Aws, run: Run) -> None:
    """Follow it with annotations in what was packaged here, else in the checkout."""
    bundle, workspace = run.outcome.bundle, run.ci.job.workspace
    places = places_of(bundle) if bundle else places_in(workspace, appspec=run.settings.appspec)
    follow(deployment, places, budget=budget, aws=aws, run=run)
