"""The revision that a rehearsal replaces: found, and its archive fetched from S3."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.choices import Back
from deployer.connect import connected
from deployer.errors import InvalidInput, Problem
from deployer.rehearse.life import Archive, variables_of
from deployer.revision import S3Revision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.aws.client import Aws
    from deployer.revision import Revision
    from deployer.run import Run

_CHUNK = 1 << 20


@contextmanager
def previous(run: Run) -> Iterator[Archive | None]:
    """Yield the archive of the revision to replace; None if none is wanted, or the group has had none yet."""
    if not run.settings.rehearse_previous:
        yield None
        return
    from deployer.s3.download import download

    aws = connected(run)
    revision = _revision(aws, run)
    if revision is None:
        yield None
        return
    with tempfile.NamedTemporaryFile(prefix="previous-") as file:
        download(revision, file, s3=aws.s3, expected_bucket_owner=run.settings.expected_bucket_owner)
        file.flush()
        run.ci.say(f"Replacing {revision.label}")
        variables = variables_of(
            revision.bucket, revision.key, version=revision.version_id, etag=revision.etag
        )
        yield Archive(revision.type, partial(_chunks, Path(file.name)), variables)


def _revision(aws: Aws, run: Run) -> S3Revision | None:
    from deployer.live.look import look

    settings = run.settings
    if isinstance(settings.rehearse_previous, S3Revision):
        return settings.rehearse_previous
    group = look(settings.application, settings.deployment_group, aws=aws, clock=run.clock, needed=True)
    if group.live is None:
        run.ci.say("No deployment of the group has succeeded yet: rehearsing a first one")
        return None
    return _in_s3(group.live.revision)


def _in_s3(revision: Revision | None) -> S3Revision:
    if isinstance(revision, S3Revision):
        return revision
    what = revision.label if revision else "of an unknown kind"
    raise InvalidInput(
        Problem(
            f"Input rehearse-previous: {Back.LAST_GOOD} is not a revision in S3 ({what}).",
            "Leave rehearse-previous out, or name the archive of that revision in S3.",
        )
    )


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
