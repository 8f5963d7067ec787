"""Input values of any kind: text as the user writes it → a typed value, or an `InputError`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BeforeValidator, StringConstraints

from deployer.choices import VARIABLE_NAME
from deployer.text import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Collection


_DURATION = re.compile(r"(?=.)(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,7})s)?", re.IGNORECASE)
_UNESCAPED_SEPARATOR = re.compile(r"(?<!\\)[\s,]+")
_LONGEST_DOCUMENT = 1 << 16  # characters; what CreateDeployment takes fills a page
_Choice = TypeVar("_Choice", bound=StrEnum)


class InputError(ValueError):
    """A value that cannot be used: `str(error)` says why, `hint` what is allowed.

    A value that may be a `secret`, given by mistake, is not shown.
    """

    def __init__(self, why: str, hint: str, *, secret: bool = False) -> None:
        super().__init__(why)
        self.hint = hint
        self.secret = secret


@dataclass(frozen=True, slots=True)
class Choice(Generic[_Choice]):
    """One of an enum's values, in any case."""

    allowed: tuple[_Choice, ...]

    def __call__(self, text: str) -> _Choice:
        """Return the member that the text names; raises InputError for any other text."""
        members = {member.value.lower(): member for member in self.allowed}
        word = text.strip().lower()
        if word in members:
            return members[word]
        near = nearest(word, self.allowed)
        raise InputError(
            "is not one of the choices", f"Allowed: {', '.join(self.allowed)}. {did_you_mean(near)}".rstrip()
        )


def choice(kind: type[_Choice], *, among: Collection[_Choice] = ()) -> BeforeValidator:
    """Return a field's validator for one of an enum's values; `among` restricts them."""
    return BeforeValidator(Choice(tuple(among or kind)))


def parse_duration(text: str) -> timedelta:
    """Parse `90s`, `30m`, `2h` or `1h30m`; at least one second. A number needs a unit."""
    number = text.strip()
    if number.isdecimal():
        raise InputError(
            "has no unit", f"Write {number}s for {number} seconds, or {number}m for {number} minutes."
        )
    match = _DURATION.fullmatch(text.strip())
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    duration = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if not duration:
        raise InputError("is not a duration of at least one second", "Write it as 90s, 30m, 2h or 1h30m.")
    return duration


def format_duration(duration: timedelta) -> str:
    """Return the shortest text that `parse_duration` reads as this duration, in whole seconds."""
    minutes, seconds = divmod(round(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count)


def parse_lines(text: str) -> tuple[str, ...]:
    """Return the non-blank lines, unchanged: in gitignore patterns spaces may matter."""
    return tuple(line for line in text.splitlines() if line.strip())


def check_patterns(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Check gitignore patterns: a line that holds a list of them would match nothing."""
    for line in lines:
        words = [] if line.startswith("#") else _UNESCAPED_SEPARATOR.split(line.strip())
        if len([word for word in words if word.startswith((".", "*", "!")) or word.endswith("*")]) > 1:
            raise InputError(
                f"has several patterns on one line: {line.strip()}",
                "Write one pattern per line, and a backslash before a blank or comma that belongs to a name.",
            )
    return lines


def parse_boolean(text: str) -> bool:
    """Parse `true`, `yes`, `1` or `false`, `no`, `0`, in any case."""
    match text.strip().lower():
        case "true" | "yes" | "1":
            return True
        case "false" | "no" | "0":
            return False
    raise InputError("is neither true nor false", "Write true or false.")


def parse_assignments(text: str) -> Mapping[str, str]:
    """Parse `NAME=value`, one per line; a value may be empty or contain further equals signs."""
    values: dict[str, str] = {}
    for line in filter(str.strip, text.splitlines()):
        name, equals, value = line.strip().partition("=")
        if not equals or not name.strip():
            raise InputError(
                f"has the line {line.strip()!r}, which is not an assignment", "Write NAME=value."
            )
        if name.strip() in values:
            raise InputError(f"assigns {name.strip()} twice", "Keep one of them.")
        values[name.strip()] = value.strip()
    return values


def check_variables(values: Mapping[str, str]) -> Mapping[str, str]:
    """Check that each name can be written as a placeholder."""
    for name in values:
        if not re.fullmatch(VARIABLE_NAME, name):
            raise InputError(
                f"has the name {name!r}, which is not valid in a placeholder",
                "A name starts with a letter, followed by letters, digits, _ . and -",
            )
    return values


def parse_document(text: str) -> Mapping[str, Any]:
    """Parse a mapping in YAML or JSON; the service's model decides what it may contain."""
    import yaml

    from deployer.documents import OutOfBounds, load

    example = "Write YAML or JSON with CodeDeploy's own names, such as autoScalingGroups: [web]."
    if len(text) > _LONGEST_DOCUMENT:
        raise InputError(f"has {len(text)} characters", f"Write at most {_LONGEST_DOCUMENT} of them.")
    try:
        document = load(text)
    except OutOfBounds as error:
        raise InputError(str(error), example) from None
    except yaml.MarkedYAMLError as error:
        place = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(f"is not YAML{place}: {error.problem}", example) from None
    except (yaml.YAMLError, ValueError):
        raise InputError("is not YAML", example) from None
    if not isinstance(document, dict):
        raise InputError("is not a mapping of names to values", example)
    return document


Boolean = Annotated[bool | None, BeforeValidator(parse_boolean)]
Document = Annotated[Mapping[str, Any] | None, BeforeValidator(parse_document)]
Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
FilePath = Annotated[Path, BeforeValidator(str.strip)]
Lines = Annotated[tuple[str, ...], BeforeValidator(parse_lines)]
Patterns = Annotated[tuple[str, ...], AfterValidator(check_patterns), BeforeValidator(parse_lines)]
Text = Annotated[str, StringConstraints(strip_whitespace=True)]
Variables = Annotated[
    Mapping[str, str] | None, BeforeValidator(lambda text: check_variables(parse_assignments(text)))
]
