"""The line: package → upload → register → deploy → wait. It decides nothing but the order.

Each stage takes the value of the stage before; `outcome` keeps them for whoever reports. A revision that is
given stands in for the first two stages, a deployment that is given for the first four.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from deployer.appspec.inline import AppSpecFile
from deployer.choices import Stage
from deployer.connect import connected
from deployer.deployment import platform as compute
from deployer.deployment.model import Status
from deployer.deployment.request import orders_of
from deployer.errors import InvalidInput, Problem
from deployer.follow import ended_when_cancelled, follow, places_in, places_of, watch
from deployer.prepare import bundle_of
from deployer.report import lines, outputs, progress
from deployer.revision import AppSpecRevision

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from deployer.aws.client import Aws
    from deployer.bundle.contents import Bundle, Transfer
    from deployer.choices import ComputePlatform
    from deployer.ci.base import Run
    from deployer.deployment.explain import Places
    from deployer.deployment.model import Deployment
    from deployer.deployment.request import Order
    from deployer.revision import Revision, StoredObject
    from deployer.run import Line
    from deployer.settings.model import Settings

_TICK = 2.0
"""Seconds between two lines of a transfer."""

_GOES_ON = {Status.CREATED, Status.READY, Status.SUCCEEDED}
"""What a group has to come to before the next one has its turn."""


def run(line: Line) -> None:
    """Carry out the stages up to `stop-after`; what they came to stands in the outcome.

    Raises a DeployError when a stage cannot do its work; a deployment that does not succeed is an outcome.
    """
    settings, outcome = line.settings, line.outcome
    if settings.deployment_id:
        _pick_up(line)
        return
    outcome.application, outcome.groups = settings.application, settings.deployment_groups
    outcome.group = settings.deployment_group
    orders = orders_of(settings, description=line.platform.run.description)
    parameters = orders[0].parameters if orders else {}
    if settings.revision:
        platforms = compute.of_revision(settings.revision)
        compute.refuse(parameters, platforms)
    else:
        with line.platform.group("Package", folded=True):
            bundle = outcome.bundle = _package(line)
            platforms = compute.of_bundle(bundle)
            compute.refuse(parameters, platforms)
        if not settings.stop_after.reaches(Stage.UPLOAD):
            return
    aws = connected(line)
    compute.refuse(parameters, _agree(platforms, aws, line))
    revision = settings.revision or _store(bundle, aws, line)
    if not settings.stop_after.reaches(Stage.REGISTER):
        return
    with line.platform.group("Register"):
        outcome.revision = _register(revision, aws, line)
    for order in orders if settings.stop_after.reaches(Stage.DEPLOY) else ():
        outcome.turn_to(order.group)
        _deploy(outcome.revision, order, aws=aws, line=line)
        if outcome.status not in _GOES_ON:
            return


def _package(line: Line) -> Bundle:
    settings, platform = line.settings, line.platform
    if settings.stop_after.reaches(Stage.UPLOAD) and settings.bucket:
        _key(settings, platform.run, digest="0" * 64, extension=settings.bundle_type.extension)
    bundle = bundle_of(line)
    if settings.stop_after is Stage.PACKAGE and bundle.size is None:
        bundle = replace(bundle, size=sum(map(len, bundle.chunks())))
    appspec = bundle.contents.path if isinstance(bundle.contents, AppSpecFile) else None
    for text in lines.packaged(bundle, appspec or str(settings.source)):
        platform.line(text)
    platform.outputs(outputs.of_bundle(bundle))
    line.outcome.status = Status.PLANNED
    return bundle


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


def _agree(platforms: frozenset[ComputePlatform], aws: Aws, line: Line) -> frozenset[ComputePlatform]:
    """The platforms that are left once application and groups were looked at, as far as that is allowed."""
    settings, outcome = line.settings, line.outcome
    for group in (settings.deployment_groups or ("",)) if settings.application else ():
        outcome.group = group
        platforms = compute.agree(settings.application, group, platforms, aws=aws)
    outcome.group = settings.deployment_group
    return platforms


def _store(bundle: Bundle, aws: Aws, line: Line) -> Revision:
    """The revision that the bundle becomes: an object in S3, or an AppSpec to send with the deployment."""
    from deployer.appspec.completion import AwsResolver

    if isinstance(bundle.contents, AppSpecFile):
        appspec, piece = bundle.contents.completed(AwsResolver(aws))
        if piece:
            bundle = line.outcome.bundle = appspec.bundle()
            line.platform.line(f"Looked up what the AppSpec leaves out: {piece}")
            line.platform.outputs(outputs.of_bundle(bundle))
        if not line.settings.bucket:
            return AppSpecRevision.of(appspec.text)
    with line.platform.group("Upload"):
        stored = line.outcome.stored = _upload(bundle, aws, line)
        line.outcome.status = Status.UPLOADED
        return stored.revision


def _upload(bundle: Bundle, aws: Aws, line: Line) -> StoredObject:
    from deployer.deployment.live import live_in, reason_to_resend
    from deployer.deployment.register import is_registered
    from deployer.s3.upload import Destination, upload

    settings = line.settings
    groups = () if bundle.exact else settings.deployment_groups
    found = (live_in(group, application=settings.application, aws=aws) for group in groups)
    key = _key(settings, line.platform.run, digest=bundle.digest, extension=bundle.type.extension)
    destination = Destination(
        bucket=settings.bucket,
        key=key,
        sse=settings.encryption,
        kms_key_id=settings.kms_key_id or None,
        acl=settings.acl,
        storage_class=settings.storage_class,
        object_tags=settings.object_tags or {},
        expected_bucket_owner=settings.expected_bucket_owner or None,
    )

    def reject(stored: StoredObject, modified: datetime) -> str:
        return reason_to_resend(
            stored,
            modified,
            lives=(live for live in found if live),
            is_registered=lambda: is_registered(stored.revision, application=settings.application, aws=aws),
        )

    stored = upload(bundle, destination, s3=aws.s3, progress=_ticker(line), reject=reject)
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


def _register(revision: Revision, aws: Aws, line: Line) -> Revision:
    from deployer.deployment.register import register
    from deployer.s3.confirm import confirmed

    settings, platform = line.settings, line.platform
    if settings.revision:
        revision, seen = confirmed(revision, s3=aws.s3, expected_bucket_owner=settings.expected_bucket_owner)
        if seen:
            platform.line(f"Found {revision.label}")
    if register(revision, application=settings.application, aws=aws):
        platform.line(f"Registered {revision.label}")
    else:
        platform.line(f"Nothing to register: the {revision.label} travels with the deployment")
    platform.outputs(outputs.of_revision(revision))
    line.outcome.status = Status.REGISTERED
    return revision


def _deploy(revision: Revision, order: Order, *, aws: Aws, line: Line) -> None:
    """Deploy to one group, and follow that as far as the run is to go."""
    settings, outcome = line.settings, line.outcome
    started = line.clock.monotonic()
    several = len(outcome.groups) > 1
    with line.platform.group(f"Deploy to {order.group}" if several else "Deploy"):
        deployment = _create(revision, order, aws=aws, line=line)
        _enter(deployment, line)
    if settings.stop_after.reaches(Stage.READY):
        budget = settings.timeout - timedelta(seconds=line.clock.monotonic() - started)
        follow(deployment, _places(line), budget=budget, aws=aws, line=line)


def _create(revision: Revision, order: Order, *, aws: Aws, line: Line) -> Deployment:
    from deployer.deployment.conflict import Contest, obtain

    contest = Contest(
        on_conflict=line.settings.on_conflict,
        budget=line.settings.timeout,
        follow=lambda other, left: watch(other, left, aws=aws, line=line),
        say=line.platform.line,
        guard=lambda sent: ended_when_cancelled(sent, aws=aws, line=line),
    )
    return obtain(revision, order, contest=contest, aws=aws, clock=line.clock)


def _enter(deployment: Deployment, line: Line) -> None:
    """Take a deployment into the outcome and the outputs."""
    line.outcome.deployment = deployment
    line.outcome.status = Status.CREATED
    line.platform.line(f"Deployment {deployment.id}: {deployment.url}")
    line.platform.outputs(outputs.of_deployment(deployment) | outputs.of_attempts(line.outcome))


def _pick_up(line: Line) -> None:
    """Follow a deployment that is there already."""
    from deployer.deployment.create import adopt

    settings, outcome = line.settings, line.outcome
    aws = connected(line)
    with line.platform.group("Pick up"):
        deployment = adopt(settings.deployment_id, aws=aws)
        outcome.application, outcome.group = deployment.application, deployment.group
        outcome.groups, outcome.revision = (deployment.group,), deployment.revision
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
            line.platform.outputs(outputs.of_revision(deployment.revision))
        _enter(deployment, line)
    follow(deployment, _places(line), budget=settings.timeout, aws=aws, line=line)


def _places(line: Line) -> Places:
    """Where to put the annotations: in what was packaged here, else in the checkout."""
    if line.outcome.bundle:
        return places_of(line.outcome.bundle.contents)
    return places_in(line.platform.run.workspace, appspec=line.settings.appspec)
