"""Input values: text as the user writes it → a typed value, or an `InputError`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BeforeValidator, StringConstraints

from deployer.choices import VARIABLE_NAME
from deployer.revision import FORMS, Revision, parse
from deployer.text import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Collection


PLACEHOLDERS = ("application", "group", "digest", "sha", "ref", "run_id", "run_attempt", "extension")

_NAME = re.compile(r"[A-Za-z0-9._+=,@-]{1,100}")
_REGION = re.compile(r"[a-z]{2,5}(?:-[a-z]+)*-([a-z]+)-[0-9]{1,2}")
_DIRECTIONS = (
    "central",
    *(f"{ns}{ew}" for ns in ("north", "south", "") for ew in ("east", "west", "") if ns or ew),
)
_PREDEFINED = "CodeDeployDefault."
_CONFIGURATIONS = tuple(
    f"{_PREDEFINED}{platform}{name}"
    for platform, names in (
        ("", ("OneAtATime", "HalfAtATime", "AllAtOnce")),
        ("Lambda", ("AllAtOnce", *(f"Canary10Percent{minutes}Minutes" for minutes in (5, 10, 15, 30)))),
        ("Lambda", ("Linear10PercentEvery1Minute", *(f"Linear10PercentEvery{n}Minutes" for n in (2, 3, 10)))),
        ("ECS", ("AllAtOnce", "Canary10Percent5Minutes", "Canary10Percent15Minutes")),
        ("ECS", ("Linear10PercentEvery1Minutes", "Linear10PercentEvery3Minutes")),
    )
    for name in names
)
"""The predefined configurations, by the CodeDeploy user guide, "Working with deployment configurations"."""
_BUCKET = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_DURATION = re.compile(r"(?=.)(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,7})s)?", re.IGNORECASE)

_UNESCAPED_SEPARATOR = re.compile(r"(?<!\\)[\s,]+")

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
        """The member that the text names; raises InputError for any other text."""
        members = {member.value.lower(): member for member in self.allowed}
        word = text.strip().lower()
        if word in members:
            return members[word]
        near = nearest(word, self.allowed)
        raise InputError(
            "is not one of the choices", f"Allowed: {', '.join(self.allowed)}. {did_you_mean(near)}".rstrip()
        )


def choice(kind: type[_Choice], *, among: Collection[_Choice] = ()) -> BeforeValidator:
    """A field's mark for one of an enum's values; `among` restricts it."""
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
    """The shortest text that `parse_duration` reads as this duration, in whole seconds."""
    minutes, seconds = divmod(round(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count)


def parse_lines(text: str) -> tuple[str, ...]:
    """The lines that are not blank, each as it is: in gitignore patterns spaces may matter."""
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


def check_configuration(name: str) -> str:
    """Check the name of a deployment configuration; those of `CodeDeployDefault.` are known."""
    check_name(name)
    if name.startswith(_PREDEFINED) and name not in _CONFIGURATIONS:
        near = nearest(name, _CONFIGURATIONS)
        raise InputError(
            "is not one of CodeDeploy's predefined configurations",
            did_you_mean(near, "The CodeDeploy user guide lists them."),
        )
    return name


def check_names(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Check names, one per line and each once."""
    if any(re.search(r"\s", line.strip()) for line in lines):
        raise InputError("has several names on one line", "Write one name per line, without commas.")
    names = tuple(check_name(line.strip()) for line in lines)
    if len(set(names)) < len(names):
        raise InputError("has a name twice", "Write each name once.")
    return names


def check_region(region: str) -> str:
    """Check a region's code; every one ends in a direction and a number, so that new regions pass."""
    match = _REGION.fullmatch(region)
    if not match or match[1] not in _DIRECTIONS:
        near = nearest(match[1], _DIRECTIONS) if match else ""
        meant = near and match and f"{region[: match.start(1)]}{near}{region[match.end(1) :]}"
        raise InputError("is not a region", did_you_mean(meant or "", "Write its code, such as eu-west-1."))
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
            near = nearest(name, set(PLACEHOLDERS) - {name})
            raise InputError(
                f"has the unknown placeholder {{{name}}}",
                f"{allowed} {did_you_mean(near and f'{{{near}}}')}".rstrip(),
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
Configuration = Annotated[Text, AfterValidator(check_configuration)]
Lines = Annotated[tuple[str, ...], BeforeValidator(parse_lines)]
Patterns = Annotated[tuple[str, ...], AfterValidator(check_patterns), BeforeValidator(parse_lines)]
Name = Annotated[Text, AfterValidator(check_name)]
Names = Annotated[tuple[str, ...], AfterValidator(check_names), BeforeValidator(parse_lines)]
Region = Annotated[Text, AfterValidator(check_region)]

_DEPLOYMENT_ID = re.compile(r"d-[A-Z0-9]{6,20}")
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_MOST_OBJECT_TAGS = 10
_LONGEST_DOCUMENT = 1 << 16  # characters; what CreateDeployment takes fills a page
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
    """Parse `NAME=value`, one per line; a value may be empty or contain further equals signs."""
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
        if not re.fullmatch(VARIABLE_NAME, name):
            raise InputError(
                f"has the name {name!r}, which no placeholder can have",
                "A name starts with a letter, followed by letters, digits, _ . and -",
            )
    return values


def check_tags(values: Mapping[str, str]) -> Mapping[str, str]:
    """As many tags as an object can have, by the S3 user guide."""
    if len(values) > _MOST_OBJECT_TAGS:
        raise InputError(f"has {len(values)} tags", f"S3 allows {_MOST_OBJECT_TAGS} tags on an object.")
    return values


def parse_document(text: str) -> Mapping[str, Any]:
    """A mapping in YAML or JSON; what may be in it is for the service's model to say."""
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
            allowed = f"Allowed: {_DISABLED}, or any of {', '.join(RollbackEvent)}."
            raise InputError(
                f"names the unknown event {word}", f"{allowed} {did_you_mean(nearest(word, known))}".rstrip()
            )
        found.append(event)
    return tuple(dict.fromkeys(found))


def parse_alarms(text: str) -> tuple[str, ...]:
    """Parse `disabled`, for no alarm, or the names of CloudWatch alarms, one per line."""
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

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_TAG = re.compile(r"[\w .:/=+@-]*")
_SHORTEST, _LONGEST = timedelta(minutes=15), timedelta(hours=12)
_TAG_KEY, _TAG_VALUE, _MOST_SESSION_TAGS = 128, 256, 50


def check_roles(lines: tuple[str, ...]) -> tuple[str, ...]:
    """ARNs of roles, in the order in which they are assumed."""
    roles = tuple(line.strip() for line in lines)
    wrong = [role for role in roles if not _ROLE.fullmatch(role)]
    if wrong:
        raise InputError(
            "is not the ARN of a role", "Write arn:aws:iam::123456789012:role/NAME; several, one per line."
        )
    return roles


def check_session_name(name: str) -> str:
    """A name that CloudTrail shows for the session."""
    if not _SESSION_NAME.fullmatch(name):
        raise InputError(
            "is not a session's name", "Write 2 to 64 of the characters A-Z a-z 0-9 _ + = , . @ -"
        )
    return name


def check_external_id(text: str) -> str:
    """The secret between a role's owner and who assumes it."""
    if not _EXTERNAL_ID.fullmatch(text):
        raise InputError(
            "is not an external id", "Write 2 to 1224 of the characters A-Z a-z 0-9 _ + = , . @ : / -"
        )
    return text


def check_role_duration(duration: timedelta) -> timedelta:
    """How long a role's credentials may live."""
    if not _SHORTEST <= duration <= _LONGEST:
        raise InputError("is not between 15m and 12h", "Write 15m to 12h, at most what the role allows.")
    return duration


def check_variable(name: str) -> str:
    """The name of an environment variable, not its value."""
    if not _VARIABLE.fullmatch(name):
        raise InputError(
            "is not the name of a variable", "Write the variable's name, such as AWS_ID_TOKEN.", secret=True
        )
    return name


def check_session_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    """Tags as a session can have them."""
    for key, value in tags.items():
        if not _TAG.fullmatch(key + value) or len(key) > _TAG_KEY or len(value) > _TAG_VALUE:
            raise InputError(
                f"has the tag {key!r}, which AWS does not take",
                "Letters, digits, spaces and _ . : / = + @ -; at most 128 in a key, 256 in a value.",
            )
    if len(tags) > _MOST_SESSION_TAGS:
        raise InputError(f"has {len(tags)} tags", f"A session can have {_MOST_SESSION_TAGS}.")
    return tags


SessionTags = Annotated[
    Mapping[str, str], AfterValidator(check_session_tags), BeforeValidator(parse_assignments)
]
