"""Values of CodeDeploy's own kinds: names, regions, configurations, revisions, rollbacks, alarms."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from deployer.choices import Back
from deployer.revision import FORMS, Revision, parse
from deployer.settings.values import InputError, Text, parse_lines
from deployer.text import did_you_mean, nearest

_NAME = re.compile(r"[A-Za-z0-9._+=,@-]{1,100}")
_REGION = re.compile(r"[a-z]{2,5}(?:-[a-z]+)*-([a-z]+)-[0-9]{1,2}")
_DIRECTIONS = (
    "central",
    *(f"{ns}{ew}" for ns in ("north", "south", "") for ew in ("east", "west", "") if ns or ew),
)
_PREDEFINED = "CodeDeployDefault."
_PACE = re.compile(r"(?:Lambda|ECS)(?:Canary\d+Percent|Linear\d+PercentEvery)\d+Minutes?")
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
_LOG_GROUP = re.compile(r"[\w./#-]{1,512}", re.ASCII)
_DEPLOYMENT_ID = re.compile(r"d-[A-Z0-9]{6,20}")
_MOST_ALARMS = 10
_DISABLED = "disabled"


class RollbackEvent(StrEnum):
    """The events that roll a deployment back; CodeDeploy's own values."""

    FAILURE = "DEPLOYMENT_FAILURE"
    ALARM = "DEPLOYMENT_STOP_ON_ALARM"
    REQUEST = "DEPLOYMENT_STOP_ON_REQUEST"


def check_log_group(name: str) -> str:
    """Check the name of a log group by the API reference of CloudWatch Logs."""
    if name and not _LOG_GROUP.fullmatch(name):
        raise InputError(
            "is not the name of a log group",
            "Write its name, such as /codedeploy/deployments, and no ARN: A-Z a-z 0-9 . _ / # -",
        )
    return name


def check_name(name: str) -> str:
    """Check a name by CodeDeploy's rule for applications, deployment groups and configurations."""
    if not _NAME.fullmatch(name):
        raise InputError(
            "is not a name that CodeDeploy allows", "At most 100 of the characters A-Z a-z 0-9 . _ + = , @ -"
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


def check_configuration(name: str) -> str:
    """Check the name of a deployment configuration; a misspelt one of `CodeDeployDefault.` is refused.

    One with other numbers, or that resembles none, may be new: see `is_known_configuration`.
    """
    check_name(name)
    kind = name.removeprefix(_PREDEFINED)
    if not is_known_configuration(name) and not _PACE.fullmatch(kind):
        near = nearest(kind, (known.removeprefix(_PREDEFINED) for known in _CONFIGURATIONS))
        if near:
            raise InputError(
                "is not one of CodeDeploy's predefined configurations", f"Did you mean {_PREDEFINED}{near}?"
            )
    return name


def is_known_configuration(name: str) -> bool:
    """Return whether a configuration is the user's own, or one of the predefined ones that are known."""
    return not name.startswith(_PREDEFINED) or name in _CONFIGURATIONS


def parse_revision(text: str) -> Revision | Back:
    """Parse a revision from another run's output, or as people write it, or a word for one."""
    word = text.strip().lower().replace("_", "-")
    if word in set(Back):
        return Back(word)
    try:
        return parse(text)
    except ValueError as error:
        raise InputError(str(error), f"Write {' or '.join(Back)}; {FORMS}") from None


def parse_rollback(text: str) -> tuple[RollbackEvent, ...]:
    """Parse `disabled` (no events), or events separated by spaces, commas or line breaks."""
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
    """Parse a deployment ID."""
    if not _DEPLOYMENT_ID.fullmatch(text.strip()):
        raise InputError(
            "is not a deployment's id", "It looks like d-A1B2C3D4E; use the output deployment-id."
        )
    return text.strip()


Alarms = Annotated[tuple[str, ...] | None, BeforeValidator(parse_alarms)]
AutoRollback = Annotated[tuple[RollbackEvent, ...] | None, BeforeValidator(parse_rollback)]
Configuration = Annotated[Text, AfterValidator(check_configuration)]
DeploymentId = Annotated[str, BeforeValidator(parse_deployment_id)]
LogGroup = Annotated[Text, AfterValidator(check_log_group)]
GivenRevision = Annotated[Revision | Back | None, BeforeValidator(parse_revision)]
Name = Annotated[Text, AfterValidator(check_name)]
Names = Annotated[tuple[str, ...], AfterValidator(check_names), BeforeValidator(parse_lines)]
