"""Values of S3's kinds: bucket, the grammar of `key`, encryption, access, storage class, tags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from deployer.errors import InvalidInput, Problem
from deployer.settings.values import InputError, Text, parse_assignments
from deployer.text import did_you_mean, nearest

PLACEHOLDERS = ("application", "group", "digest", "sha", "ref", "run_id", "run_attempt", "extension")
_BUCKET = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_MOST_OBJECT_TAGS = 10
_LONGEST_KEY = 1024
"""Bytes in the key of an S3 object, by the S3 user guide."""


class Encryption(StrEnum):
    """The encryption of an object at rest; S3's own values."""

    AES256 = "AES256"
    KMS = "aws:kms"
    KMS_DSSE = "aws:kms:dsse"


class CannedAcl(StrEnum):
    """The access that comes with an object; S3's own values."""

    PRIVATE = "private"
    PUBLIC_READ = "public-read"
    PUBLIC_READ_WRITE = "public-read-write"
    AUTHENTICATED_READ = "authenticated-read"
    AWS_EXEC_READ = "aws-exec-read"
    BUCKET_OWNER_READ = "bucket-owner-read"
    BUCKET_OWNER_FULL_CONTROL = "bucket-owner-full-control"


class StorageClass(StrEnum):
    """The storage classes from which a target can read at once; S3's own values."""

    STANDARD = "STANDARD"
    STANDARD_IA = "STANDARD_IA"
    ONEZONE_IA = "ONEZONE_IA"
    INTELLIGENT_TIERING = "INTELLIGENT_TIERING"
    GLACIER_IR = "GLACIER_IR"
    REDUCED_REDUNDANCY = "REDUCED_REDUNDANCY"
    EXPRESS_ONEZONE = "EXPRESS_ONEZONE"


def parse_bucket_path(text: str) -> str:
    """Parse `bucket`, `bucket/some/folders` or `s3://bucket/some/folders`; strips slashes at both ends.

    The rules for a bucket's name are those of the S3 user guide.
    """
    path = text.strip().removeprefix("s3://").strip("/")
    if not _BUCKET.fullmatch(path.partition("/")[0]):
        raise InputError(
            "does not start with a bucket name",
            "Write bucket or bucket/some/folders. A bucket's name has 3 to 63 lower-case letters, digits, "
            "dots and hyphens, and starts and ends with a letter or digit.",
        )
    return path


def check_key(template: str) -> str:
    """Check a template for an object's key: every placeholder must be known."""
    allowed = "Placeholders: " + " ".join(f"{{{name}}}" for name in PLACEHOLDERS) + "."
    try:
        fields = list(Formatter().parse(template))
    except ValueError:
        raise InputError("has an unmatched brace", allowed) from None
    for _, name, spec, conversion in fields:
        if name is not None and (name not in PLACEHOLDERS or spec or conversion):
            near = nearest(name, set(PLACEHOLDERS) - {name})
            raise InputError(
                f"has the unknown placeholder {{{name}}}",
                f"{allowed} {did_you_mean(near and f'{{{near}}}')}".rstrip(),
            )
    if template.startswith("/") or template.endswith("/"):
        raise InputError("starts or ends with a slash", "Write an object's key: some/folders/{digest}.zip")
    return template


def filled_key(template: str, facts: Mapping[str, str]) -> str:
    """Return the template filled in with `facts`.

    Raises InvalidInput when it needs a value that is missing or empty.
    """
    try:
        return template.format_map({name: value for name, value in facts.items() if value})
    except KeyError as error:
        raise InvalidInput(
            Problem(
                f"Input key: {{{error.args[0]}}} has no value in this run.",
                "Remove it from key, or run in a CI system that provides it.",
            )
        ) from None


def below(prefix: str, key: str) -> str:
    """Return the full key of an object: the folders of `prefix`, then its key.

    Raises InvalidInput when that is too long.
    """
    key = f"{prefix}/{key}" if prefix else key
    if len(key.encode()) > _LONGEST_KEY:
        raise InvalidInput(
            Problem(
                f"Input key: the key would be {len(key.encode())} bytes long: {key[:80]}…",
                f"S3 allows {_LONGEST_KEY} bytes. Shorten key or the folders in bucket.",
            )
        )
    return key


def check_tags(values: Mapping[str, str]) -> Mapping[str, str]:
    """Check tags against the limit for an object in the S3 user guide."""
    if len(values) > _MOST_OBJECT_TAGS:
        raise InputError(f"has {len(values)} tags", f"S3 allows {_MOST_OBJECT_TAGS} tags on an object.")
    return values


BucketPath = Annotated[str, BeforeValidator(parse_bucket_path)]
KeyTemplate = Annotated[Text, AfterValidator(check_key)]
Tags = Annotated[Mapping[str, str] | None, BeforeValidator(lambda text: check_tags(parse_assignments(text)))]
