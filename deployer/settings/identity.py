"""Values of IAM's kinds: accounts, roles and the sessions of roles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from deployer.settings.values import Duration, InputError, Lines, Text, parse_assignments

_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_TAG = re.compile(r"[\w .:/=+@-]*")
_SHORTEST, _LONGEST = timedelta(minutes=15), timedelta(hours=12)
_TAG_KEY, _TAG_VALUE, _MOST_SESSION_TAGS = 128, 256, 50


def parse_account(text: str) -> str:
    """Parse the number of an AWS account."""
    if not _ACCOUNT.fullmatch(text.strip()):
        raise InputError("is not an AWS account number", "An account number has twelve digits.")
    return text.strip()


def check_roles(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Check ARNs of roles, in the order in which they are assumed."""
    roles = tuple(line.strip() for line in lines)
    wrong = [role for role in roles if not _ROLE.fullmatch(role)]
    if wrong:
        raise InputError(
            "is not the ARN of a role", "Write arn:aws:iam::123456789012:role/NAME; several, one per line."
        )
    return roles


def check_session_name(name: str) -> str:
    """Check the name that CloudTrail shows for the session."""
    if not _SESSION_NAME.fullmatch(name):
        raise InputError(
            "is not a valid session name", "Write 2 to 64 of the characters A-Z a-z 0-9 _ + = , . @ -"
        )
    return name


def check_external_id(text: str) -> str:
    """Check the external ID, a secret shared by the role's owner and the caller."""
    if not _EXTERNAL_ID.fullmatch(text):
        raise InputError(
            "is not a valid external ID", "Write 2 to 1224 of the characters A-Z a-z 0-9 _ + = , . @ : / -"
        )
    return text


def check_role_duration(duration: timedelta) -> timedelta:
    """Check the lifetime of a role's credentials."""
    if not _SHORTEST <= duration <= _LONGEST:
        raise InputError("is not between 15m and 12h", "Write 15m to 12h, at most what the role allows.")
    return duration


def check_variable(name: str) -> str:
    """Check that the text is the name of an environment variable, not its value."""
    if not _VARIABLE.fullmatch(name):
        raise InputError(
            "is not a variable name",
            "Write the variable's name, such as GITLAB_OIDC_TOKEN.",
            secret=True,
        )
    return name


def check_session_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    """Check tags against the limits for a session."""
    for key, value in tags.items():
        if not _TAG.fullmatch(key + value) or len(key) > _TAG_KEY or len(value) > _TAG_VALUE:
            raise InputError(
                f"has the tag {key!r}, which AWS does not accept",
                "Letters, digits, spaces and _ . : / = + @ -; at most 128 in a key, 256 in a value.",
            )
    if len(tags) > _MOST_SESSION_TAGS:
        raise InputError(f"has {len(tags)} tags", f"A session can have at most {_MOST_SESSION_TAGS}.")
    return tags


Account = Annotated[str, BeforeValidator(parse_account)]
ExternalId = Annotated[Text, AfterValidator(check_external_id)]
RoleDuration = Annotated[Duration | None, AfterValidator(check_role_duration)]
Roles = Annotated[Lines, AfterValidator(check_roles)]
SessionName = Annotated[Text, AfterValidator(check_session_name)]
SessionTags = Annotated[
    Mapping[str, str], AfterValidator(check_session_tags), BeforeValidator(parse_assignments)
]
VariableName = Annotated[Text, AfterValidator(check_variable)]
