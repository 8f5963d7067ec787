"""Kinds of inputs that are made of several parts: assignments, YAML, lists of names that AWS knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator

from deployer.model import Revision
from deployer.revision import FORMS, parse
from deployer.settings.kinds import InputError, nearest

_VARIABLE = re.compile(r"[A-Za-z][\w.-]*", re.ASCII)
_DEPLOYMENT_ID = re.compile(r"d-[A-Z0-9]{6,20}")
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_MOST_TAGS = 10
_MOST_ALARMS = 10
_DISABLED = "disabled"


class Encryption(StrEnum):
    """How S3 encrypts an object at rest; S3's own values."""

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


class RollbackEvent(StrEnum):
    """What a deployment can be rolled back for; CodeDeploy's own values."""

    FAILURE = "DEPLOYMENT_FAILURE"
    ALARM = "DEPLOYMENT_STOP_ON_ALARM"
    REQUEST = "DEPLOYMENT_STOP_ON_REQUEST"


def parse_revision(text: str) -> Revision:
    """A revision as another run put it out, or as people write it."""
    try:
        return parse(text)
    except ValueError as error:
        raise InputError(str(error), f"Write {FORMS}") from None


def parse_assignments(text: str) -> Mapping[str, str]:
    """`NAME=value`, one a line; a value may be empty and hold further equals signs."""
    values: dict[str, str] = {}
    for line in filter(str.strip, text.splitlines()):
        name, equals, value = line.strip().partition("=")
        if not equals or not name.strip():
            raise InputError(f"has the line {line.strip()!r}, which assigns nothing", "Write NAME=value.")
        if name.strip() in values:
            raise InputError(f"assigns {name.strip()} twice", "Keep one of them.")
        values[name.strip()] = value.strip()
    return values


def check_variables(values: Mapping[str, str]) -> Mapping[str, str]:
    """Names that can stand in a placeholder."""
    for name in values:
        if not _VARIABLE.fullmatch(name):
            raise InputError(
                f"has the name {name!r}, which no placeholder can have",
                "A name starts with a letter and goes on with letters, digits, _ . and -",
            )
    return values


def check_tags(values: Mapping[str, str]) -> Mapping[str, str]:
    """As many tags as an object can have, by the S3 user guide."""
    if len(values) > _MOST_TAGS:
        raise InputError(f"has {len(values)} tags", f"S3 allows {_MOST_TAGS} tags on an object.")
    return values


def parse_document(text: str) -> Mapping[str, Any]:
    """A mapping in YAML or JSON; what may be in it is for the service's model to say."""
    import yaml

    example = "Write YAML or JSON with CodeDeploy's own names, such as autoScalingGroups: [web]."
    try:
        document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe
    except yaml.MarkedYAMLError as error:
        place = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(f"is not YAML{place}: {error.problem}", example) from None
    except (yaml.YAMLError, ValueError):
        raise InputError("is not YAML", example) from None
    if not isinstance(document, dict):
        raise InputError("is not a mapping of names to values", example)
    return document


def parse_rollback(text: str) -> tuple[RollbackEvent, ...]:
    """`disabled`, which is no event, or the events, apart by spaces, commas or lines."""
    words = text.replace(",", " ").split()
    if [word.lower() for word in words] == [_DISABLED]:
        return ()
    known = {event.value: event for event in RollbackEvent}
    found = []
    for word in words:
        event = known.get(word.upper().replace("-", "_"))
        if event is None:
            near = nearest(word, [name.lower() for name in known])
            raise InputError(
                f"names the unknown event {word}",
                f"Allowed: {_DISABLED}, or any of {', '.join(RollbackEvent)}."
                + (f" Did you mean {near.upper()}?" if near else ""),
            )
        found.append(event)
    return tuple(dict.fromkeys(found))


def parse_alarms(text: str) -> tuple[str, ...]:
    """`disabled`, which is no alarm, or the names of CloudWatch alarms, one a line."""
    names = tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if len(names) > _MOST_ALARMS:
        raise InputError(f"names {len(names)} alarms", f"CodeDeploy allows {_MOST_ALARMS} for a deployment.")
    return () if names == (_DISABLED,) else names


def parse_deployment_id(text: str) -> str:
    """An id as CodeDeploy makes them."""
    if not _DEPLOYMENT_ID.fullmatch(text.strip()):
        raise InputError("is not a deployment's id", "It looks like d-A1B2C3D4E: the output deployment-id.")
    return text.strip()


def parse_account(text: str) -> str:
    """The number of an AWS account."""
    if not _ACCOUNT.fullmatch(text.strip()):
        raise InputError("is not the number of an AWS account", "It has twelve digits.")
    return text.strip()


Account = Annotated[str, BeforeValidator(parse_account)]
Alarms = Annotated[tuple[str, ...] | None, BeforeValidator(parse_alarms)]
AutoRollback = Annotated[tuple[RollbackEvent, ...] | None, BeforeValidator(parse_rollback)]
DeploymentId = Annotated[str, BeforeValidator(parse_deployment_id)]
Document = Annotated[Mapping[str, Any] | None, BeforeValidator(parse_document)]
GivenRevision = Annotated[Revision | None, BeforeValidator(parse_revision)]
Tags = Annotated[Mapping[str, str] | None, BeforeValidator(lambda text: check_tags(parse_assignments(text)))]
Variables = Annotated[
    Mapping[str, str] | None, BeforeValidator(lambda text: check_variables(parse_assignments(text)))
]
