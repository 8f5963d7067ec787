"""Values of a rehearsal: commands to replace, variables, and the revision to replace."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator

from deployer.choices import Back
from deployer.revision import S3Revision, parse
from deployer.settings.values import InputError, parse_assignments

_COMMAND = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}")
_OWN = frozenset(
    {
        *("cat", "chmod", "chown", "cp", "head", "kill", "mkdir", "mv", "rm", "rmdir"),
        *("setfacl", "sh", "sleep", "tr"),
    }
)
"""Commands that a rehearsal itself calls in the container."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FORMS = "Write last-good, or a revision in S3: s3://bucket/key.zip"


def parse_stubs(text: str) -> tuple[str, ...]:
    """Parse the names of commands, separated by commas, blanks or line breaks."""
    names = tuple(dict.fromkeys(text.replace(",", " ").split()))
    for name in names:
        if not _COMMAND.fullmatch(name):
            raise InputError(f"has {name!r}, which is not the name of a command", "Write systemctl, service.")
        if name in _OWN:
            raise InputError(
                f"names {name}, which the rehearsal itself needs", "Leave it out; an image has that command."
            )
    return names


def check_environment(values: Mapping[str, str]) -> Mapping[str, str]:
    """Check that each name is one that a shell knows."""
    for name in values:
        if not _VARIABLE.fullmatch(name):
            raise InputError(
                f"has the name {name!r}, which no variable can have",
                "A name has letters, digits and _, and does not start with a digit.",
            )
    return values


def parse_previous(text: str) -> S3Revision | Back:
    """Parse a revision whose archive can be had: in S3, or the group's last good one."""
    if text.strip().lower().replace("_", "-") == Back.LAST_GOOD:
        return Back.LAST_GOOD
    try:
        revision = parse(text)
    except ValueError as error:
        raise InputError(str(error), _FORMS) from None
    if not isinstance(revision, S3Revision):
        raise InputError("is not a revision in S3", _FORMS)
    return revision


Environment = Annotated[
    Mapping[str, str] | None, BeforeValidator(lambda text: check_environment(parse_assignments(text)))
]
Previous = Annotated[S3Revision | Back | None, BeforeValidator(parse_previous)]
Stubs = Annotated[tuple[str, ...], BeforeValidator(parse_stubs)]
