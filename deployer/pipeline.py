"""The line: package → upload → register → deploy → wait. It decides nothing but the order.

Each stage takes the value of the stage before; `outcome` keeps them for whoever reports.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from deployer import outputs
from deployer.errors import InvalidBundle, Severity
from deployer.follow import ended_when_cancelled, follow, places_of, watch
from deployer.model import PreFlight, Stage, Status
from deployer.report import lines, progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deployer.aws import Aws
    from deployer.deploy import Order
    from deployer.errors import Problem
    from deployer.line import Line
    from deployer.model import Bundle, Contents, Deployment, Revision, StoredObject, Transfer
    from deployer.platform import Run
    from deployer.settings import Settings

_TICK = 2.0
"""Seconds between two lines of a transfer."""


def run(line: Line) -> None:
    """Carry out the stages up to `stop-after`; what they came to stands in the outcome.

    Raises a DeployError when a stage cannot do its work; a deployment that does not succeed is an outcome.
    """
    settings, outcome = line.settings, line.outcome
    outcome.application, outcome.group = settings.application, settings.deployment_group
    if settings.stop_after.reaches(Stage.UPLOAD):
        _key(settings, line.platform.run, digest="0" * 64, extension=settings.bundle_type.extension)
    with line.platform.group("Package", folded=True):
        outcome.bundle = _package(line)
        outcome.status = Status.PLANNED
    if not settings.stop_after.reaches(Stage.UPLOAD):
        return
    aws = _connect(line)
    with line.platform.group("Upload"):
        outcome.stored = _upload(outcome.bundle, aws, line)
        outcome.status = Status.UPLOADED
    if not settings.stop_after.reaches(Stage.REGISTER):
        return
    with line.platform.group("Register"):
        outcome.revision = _register(outcome.stored, aws, line)
        outcome.status = Status.REGISTERED
    if not settings.stop_after.reaches(Stage.DEPLOY):
        return
    started = line.clock.monotonic()
    with line.platform.group("Deploy"):
        outcome.deployment = _deploy(outcome.revision, aws, line)
        outcome.status = Status.CREATED
    if settings.stop_after.reaches(Stage.READY):
        budget = settings.timeout - timedelta(seconds=line.clock.monotonic() - started)
        places = places_of(outcome.bundle.contents)
        follow(outcome.deployment, places, budget=budget, aws=aws, line=line)


def _connect(line: Line) -> Aws:
    from deployer.aws import connect

    aws = connect(line.settings.region, source=line.settings.origin("region"))
    line.outcome.region = aws.region
    line.platform.line(f"Region {aws.region}, from {aws.region_source}")
    return aws


def _package(line: Line) -> Bundle:
    from deployer.archive_source import open_archive
    from deployer.files import scan
    from deployer.package import package, ready_made

    settings, platform = line.settings, line.platform
    repository = platform.run.workspace
    source = repository / settings.source
    if source.is_file():
        contents, bundle_type, problems = open_archive(source, repository=repository)
        _pre_flight(contents, problems, line)
        bundle = ready_made(contents, source, bundle_type)
    else:
        tree = scan(
            settings.source, repository=repository, appspec=settings.appspec, exclude=settings.exclude
        )
        for tally in tree.tallies:
            platform.line(lines.left_out(tally))
        _pre_flight(tree, tree.warnings, line)
        bundle = package(tree, bundle_type=settings.bundle_type, compression=settings.compression)
    if settings.stop_after is Stage.PACKAGE and bundle.size is None:
        bundle = replace(bundle, size=sum(map(len, bundle.chunks())))
    for text in lines.packaged(bundle, str(settings.source)):
        platform.line(text)
    platform.outputs(outputs.of_bundle(bundle))
    return bundle


def _pre_flight(contents: Contents, problems: Sequence[Problem], line: Line) -> None:
    """Check the bundle as the agent would; raises InvalidBundle with all errors."""
    from deployer.preflight import check

    mode = line.settings.pre_flight
    if mode is not PreFlight.OFF:
        problems = [*problems, *check(contents)]
    fatal = {Severity.ERROR, Severity.WARNING} if mode is PreFlight.STRICT else {Severity.ERROR}
    errors = [problem for problem in problems if problem.severity in fatal]
    for problem in problems:
        if problem.severity not in fatal:
            line.platform.annotate(problem)
    if errors:
        raise InvalidBundle(*(replace(problem, severity=Severity.ERROR) for problem in errors))


def _key(settings: Settings, run: Run, *, digest: str, extension: str) -> str:
    return settings.object_key(
        {
            "digest": digest,
            "extension": extension,
            "sha": run.sha,
            "ref": run.ref,
            "run_id": run.run_id,
            "run_attempt": run.run_attempt,
        }
    )


def _upload(bundle: Bundle, aws: Aws, line: Line) -> StoredObject:
    from deployer.upload import Destination, upload

    settings = line.settings
    key = _key(settings, line.platform.run, digest=bundle.digest, extension=bundle.type.extension)
    destination = Destination(bucket=settings.bucket, key=key)
    stored = upload(bundle, destination, s3=aws.s3, progress=_ticker(line))
    line.platform.line(lines.stored(stored, bundle))
    line.platform.outputs(outputs.of_stored(stored))
    return stored


def _ticker(line: Line) -> Callable[[Transfer], None]:
    """Tell of a transfer at most every two seconds, and not at all when it is over by then."""
    started = last = line.clock.monotonic()

    def tell(transfer: Transfer) -> None:
        nonlocal last
        now = line.clock.monotonic()
        if now - last >= _TICK:
            last = now
            line.platform.line(progress.transferred(transfer, now - started))

    return tell


def _register(stored: StoredObject, aws: Aws, line: Line) -> Revision:
    from deployer.register import register

    revision = register(stored, application=line.settings.application, aws=aws)
    line.platform.line(f"Registered {revision.label}")
    line.platform.outputs(outputs.of_revision(revision))
    return revision


def _deploy(revision: Revision, aws: Aws, line: Line) -> Deployment:
    from deployer.conflict import Contest, obtain

    contest = Contest(
        on_conflict=line.settings.on_conflict,
        budget=line.settings.timeout,
        follow=lambda other, left: watch(other, left, aws=aws, line=line),
        say=line.platform.line,
    )
    order = _order(line)
    with ended_when_cancelled(revision, order, aws=aws, line=line):
        deployment = obtain(revision, order, contest=contest, aws=aws, clock=line.clock)
    line.platform.line(f"Deployment {deployment.id}: {deployment.url}")
    line.platform.outputs(outputs.of_deployment(deployment))
    return deployment


def _order(line: Line) -> Order:
    from deployer.deploy import Order

    settings = line.settings
    return Order(
        application=settings.application,
        group=settings.deployment_group,
        deployment_config=settings.deployment_config or None,
        description=settings.description or line.platform.run.description or None,
        file_exists_behavior=settings.file_exists_behavior,
        ignore_application_stop_failures=settings.ignore_application_stop_failures,
        update_outdated_instances_only=settings.update_outdated_instances_only,
    )
