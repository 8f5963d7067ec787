"""The kinds of values that inputs have: text as the user writes it → a typed value, or an `InputError`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Annotated, Generic, TypeVar

from pydantic import AfterValidator, BeforeValidator, StringConstraints

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

PLACEHOLDERS = ("application", "group", "digest", "sha", "ref", "run_id", "run_attempt", "extension")

_NAME = re.compile(r"[A-Za-z0-9._+=,@-]{1,100}")
_REGION = re.compile(r"[a-z]{2,5}(-[a-z]+)+-[0-9]{1,2}")
_BUCKET = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_DURATION = re.compile(r"(?=.)(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,7})s?)?", re.IGNORECASE)

_Choice = TypeVar("_Choice", bound=StrEnum)


class InputError(ValueError):
    """A value that cannot be used: `str(error)` says why, `hint` what is allowed.

    A value that may be a `secret`, given by mistake, is not shown.
    """

    def __init__(self, why: str, hint: str, *, secret: bool = False) -> None:
        super().__init__(why)
        self.hint = hint
        self.secret = secret


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` most likely stands for, None when none is near."""
    matches = get_close_matches(name.lower(), list(known), n=1)
    return matches[0] if matches else None


@dataclass(frozen=True, slots=True)
class Choice(Generic[_Choice]):
    """One of an enum's values, in any case."""

    allowed: tuple[_Choice, ...]

    def __call__(self, text: str) -> _Choice:
        """The member that the text names; raises InputError for any other text."""
        members = {member.value.lower(): member for member in self.allowed}
        word = text.strip().lower()
        if word in members:
            return members[word]
        near = nearest(word, members)
        raise InputError(
            "is not one of the choices",
            f"Allowed: {', '.join(self.allowed)}." + (f" Did you mean {members[near]}?" if near else ""),
        )


def choice(kind: type[_Choice], *, among: Collection[_Choice] = ()) -> BeforeValidator:
    """A field's mark for one of an enum's values; `among` restricts it."""
    return BeforeValidator(Choice(tuple(among or kind)))


def parse_duration(text: str) -> timedelta:
    """`90s`, `30m`, `2h`, `1h30m` or plain seconds; at least one second."""
    match = _DURATION.fullmatch(text.strip())
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    duration = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if not duration:
        raise InputError(
            "is not a duration of at least a second", "Write it as 90s, 30m, 2h, 1h30m or plain seconds."
        )
    return duration


def format_duration(duration: timedelta) -> str:
    """The shortest text that `parse_duration` reads as this duration, in whole seconds."""
    minutes, seconds = divmod(round(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count)


def parse_lines(text: str) -> tuple[str, ...]:
    """The lines that are not blank, each as it is: in gitignore patterns spaces may matter."""
    return tuple(line for line in text.splitlines() if line.strip())


def parse_boolean(text: str) -> bool:
    """`true`, `yes`, `1` or `false`, `no`, `0`, in any case."""
    match text.strip().lower():
        case "true" | "yes" | "1":
            return True
        case "false" | "no" | "0":
            return False
    raise InputError("is neither true nor false", "Write true or false.")


def check_name(name: str) -> str:
    """A name as CodeDeploy allows it for applications, deployment groups and configurations."""
    if not _NAME.fullmatch(name):
        raise InputError(
            "is not a name that CodeDeploy allows", "At most 100 of the characters A-Z a-z 0-9 . _ + = , @ -"
        )
    return name


def check_names(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Names, each on a line of its own and each once."""
    names = tuple(check_name(line.strip()) for line in lines)
    if len(set(names)) < len(names):
        raise InputError("names one twice", "Give each once.")
    return names


def check_region(region: str) -> str:
    """The form of a region's code; whether it exists is for AWS to say."""
    if not _REGION.fullmatch(region):
        raise InputError("is not a region", "Write its code, such as eu-west-1.")
    return region


def parse_bucket_path(text: str) -> str:
    """`bucket`, `bucket/some/folders` or `s3://bucket/some/folders`, without slashes at the ends.

    The rules for a bucket's name are those of the S3 user guide.
    """
    path = text.strip().removeprefix("s3://").strip("/")
    if not _BUCKET.fullmatch(path.partition("/")[0]):
        raise InputError(
            "does not start with a bucket's name",
            "Write bucket or bucket/some/folders. A bucket's name has 3 to 63 lower-case letters, digits, "
            "dots and hyphens, and starts and ends with a letter or digit.",
        )
    return path


def check_key(template: str) -> str:
    """A template for an object's key of which every placeholder is known."""
    allowed = "Placeholders: " + " ".join(f"{{{name}}}" for name in PLACEHOLDERS) + "."
    try:
        fields = list(Formatter().parse(template))
    except ValueError:
        raise InputError("has a brace without its partner", allowed) from None
    for _, name, spec, conversion in fields:
        if name is not None and (name not in PLACEHOLDERS or spec or conversion):
            near = nearest(name, PLACEHOLDERS)
            raise InputError(
                f"has the unknown placeholder {{{name}}}",
                allowed + (f" Did you mean {{{near}}}?" if near and near != name else ""),
            )
    if template.startswith("/") or template.endswith("/"):
        raise InputError("starts or ends with a slash", "Write an object's key: some/folders/{digest}.zip")
    return template


Boolean = Annotated[bool | None, BeforeValidator(parse_boolean)]
BucketPath = Annotated[str, BeforeValidator(parse_bucket_path)]
Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
FilePath = Annotated[Path, BeforeValidator(str.strip)]
Text = Annotated[str, StringConstraints(strip_whitespace=True)]
KeyTemplate = Annotated[Text, AfterValidator(check_key)]
Lines = Annotated[tuple[str, ...], BeforeValidator(parse_lines)]
Name = Annotated[Text, AfterValidator(check_name)]
Names = Annotated[tuple[str, ...], AfterValidator(check_names), BeforeValidator(parse_lines)]
Region = Annotated[Text, AfterValidator(check_region)]
