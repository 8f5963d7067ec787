"""Stages: a bundle, or a revision in another bucket → the revision in the bucket that the inputs name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.appspec.inline import AppSpecFile
from deployer.choices import Stage
from deployer.errors import InvalidInput, Problem
from deployer.report import progress
from deployer.revision import AppSpecRevision, S3Revision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from deployer.aws.client import Aws
    from deployer.bundle.contents import Bundle, Transfer
    from deployer.ci.base import Job
    from deployer.live.group import Group, Record
    from deployer.revision import Revision, StoredObject
    from deployer.run import Run
    from deployer.s3.destination import Destination
    from deployer.s3.reuse import Origin
    from deployer.settings.model import Settings


_TICK = 2.0
"""Seconds between two lines of a transfer."""

_WORTH_COPYING = 16 << 20
"""Bytes, of at least two parts; fewer are sent in the time that S3 takes to copy them."""


def key_problems(settings: Settings, job: Job) -> Iterator[tuple[str, Problem]]:
    """Yield a problem of the input `key` for what this job cannot fill in, before anything is packaged."""
    uploads = settings.bucket and settings.stop_after.reaches(Stage.UPLOAD)
    if not uploads or not settings.packages:
        return
    facts = _key_facts(job, digest="0" * 64, extension=settings.bundle_type.extension)
    try:
        settings.object_key(facts | _stand_ins(settings))
    except InvalidInput as error:
        yield from (("key", problem) for problem in error.problems)


def key_of(bundle: Bundle, run: Run) -> str:
    """Return the key under which the bundle would be stored; empty where the inputs do not tell it.

    Of a run that uploads, `key_problems` has reported what is missing already.
    """
    facts = _key_facts(run.ci.job, digest=bundle.digest, extension=bundle.type.extension)
    try:
        return run.settings.object_key(facts | _stand_ins(run.settings))
    except InvalidInput:
        return ""


def _stand_ins(settings: Settings) -> dict[str, str]:
    """Return values for what a key may contain although the run does without it."""
    return {"application": settings.application or "a", "group": settings.deployment_group or "a"}


def _key_facts(job: Job, *, digest: str, extension: str) -> dict[str, str]:
    return {
        "digest": digest,
        "extension": extension,
        "sha": job.sha,
        "ref": job.ref,
        "run_id": job.run_id,
        "run_attempt": job.run_attempt,
    }


def store(bundle: Bundle, groups: Sequence[Group], aws: Aws, run: Run) -> Revision:
    """Return the bundle's revision: an object in S3, or an AppSpec to send with the deployment."""
    if isinstance(bundle.contents, AppSpecFile) and not run.settings.bucket:
        return AppSpecRevision.of(bundle.contents.data.decode(errors="replace"))
    with run.ci.section("Upload"):
        return run.stored(_upload(bundle, groups, aws, run), bundle)


def _upload(bundle: Bundle, groups: Sequence[Group], aws: Aws, run: Run) -> StoredObject:
    from deployer.s3.upload import upload

    settings = run.settings
    lives = () if bundle.exact else tuple(group.live for group in groups if group.live)
    facts = _key_facts(run.ci.job, digest=bundle.digest, extension=bundle.type.extension)
    return upload(
        bundle,
        _destination(settings.object_key(facts), settings),
        s3=aws.s3,
        looking=aws.s3_optional,
        progress=_ticker(run),
        reject=_judge(lives, aws, run),
        finish=lambda bundle: _continued(bundle, groups, aws, run),
    )


def _continued(
    bundle: Bundle, groups: Sequence[Group], aws: Aws, run: Run
) -> tuple[Mapping[str, int], Origin | None]:
    """Return the times that the bundle's unchanged files have in the groups, and what S3 has of it.

    A live bundle in another bucket is not looked at: nobody has allowed that.
    """
    from deployer.bundle.times import SOURCE_DATE_EPOCH, allowed_times
    from deployer.live.bundle import LiveBundle
    from deployer.live.kept import kept

    owner, bucket = run.settings.expected_bucket_owner, run.settings.bucket
    revisions = dict.fromkeys(group.live.revision for group in groups if group.live)
    here = all(isinstance(each, S3Revision) and each.bucket == bucket for each in revisions)
    if bundle.exact or not revisions or not here or not all(group.steady for group in groups):
        return {}, None
    known = [live for live in map(run.listed, revisions) if isinstance(live, LiveBundle)]
    if len(known) < len(revisions):
        return {}, None
    keeps = kept(
        bundle.listing(),
        [live.entries for live in known],
        now=allowed_times("", now=run.clock.now()).latest,
        fixed=bool(run.environ.get(SOURCE_DATE_EPOCH, "").strip()),
    )
    if known[0].type is not bundle.type or keeps.size < _WORTH_COPYING:
        return keeps.times, None
    from deployer.s3.reuse import Origin

    return keeps.times, Origin(known[0].pin.source(owner), keeps.places, aws.s3_optional)


def promote(revision: S3Revision, aws: Aws, run: Run) -> Revision:
    """Return the revision's copy in the bucket that the inputs name."""
    from deployer.s3.copy import copy

    settings = run.settings
    with run.ci.section("Copy"):
        stored, proof = copy(
            revision,
            _destination(settings.below(revision.key), settings),
            s3=aws.s3,
            owner=settings.expected_source_bucket_owner or settings.expected_bucket_owner,
            reject=_judge((), aws, run),
        )
        return run.copied(stored, revision, proof)


def _destination(key: str, settings: Settings) -> Destination:
    from deployer.s3.destination import Destination

    return Destination(
        bucket=settings.bucket,
        key=key,
        sse=settings.encryption,
        kms_key_id=settings.kms_key_id or None,
        acl=settings.acl,
        storage_class=settings.storage_class,
        object_tags=settings.object_tags or {},
        expected_bucket_owner=settings.expected_bucket_owner or None,
    )


def _judge(lives: Sequence[Record], aws: Aws, run: Run) -> Callable[[StoredObject, datetime], str]:
    """Return a function that says why an object that is there cannot be used; empty if it can."""
    from deployer.deployment.register import is_registered
    from deployer.live.group import reason_to_resend

    def reject(stored: StoredObject, modified: datetime) -> str:
        return reason_to_resend(
            stored,
            modified,
            lives=lives,
            is_registered=lambda: is_registered(
                stored.revision, application=run.settings.application, aws=aws
            ),
        )

    return reject


def _ticker(run: Run) -> Callable[[Transfer], None]:
    """Tell of a transfer at most every two seconds, and not at all when it is over by then."""
    started = last = run.clock.monotonic()

    def tell(transfer: Transfer) -> None:
        nonlocal last
        now = run.clock.monotonic()
        if now - last >= _TICK:
            last = now
            run.ci.progress(progress.transferred(transfer, now - started))

    return tell
