"""An image that the engine does not have yet: pulled, or why it cannot be."""

from __future__ import annotations

import json
from http.client import HTTPException
from typing import TYPE_CHECKING

from deployer.errors import DeployError, EngineFault, InvalidInput, Problem
from deployer.rehearse.engine import Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.client import HTTPResponse

    from deployer.rehearse.engine import Engine, Query

_LONGEST_LINE = 1 << 16
_SERVER_ERROR = 500
_REFUSALS = (
    "not found",
    "manifest unknown",
    "denied",
    "unauthorized",
    "no such image",
    "invalid reference",
    "authentication",
)
"""Words of engines and registries for an image that does not exist, or that this job may not have."""


def pull(engine: Engine, image: str, *, say: Callable[[str], None]) -> None:
    """Have the engine pull an image. Raises InvalidInput if it may not or there is none, else EngineFault."""
    say(f"Pulling {image}")
    try:
        with engine.open("POST", "images/create", f"pull {image}", query=_reference(image)) as response:
            why = _refusal(response)
    except Refused as error:
        if error.status < _SERVER_ERROR or _is_refusal(error.reason):
            raise _missing(image, error.reason) from error
        raise _failed(image, error.reason) from error
    except (OSError, HTTPException) as error:
        raise _failed(image, str(error)) from error
    if why:
        raise _missing(image, why) if _is_refusal(why) else _failed(image, why)


def _reference(image: str) -> Query:
    """Return an image's name as the engine wants it; without a tag or digest it would pull all tags."""
    if "@" in image:
        return {"fromImage": image}
    folder, slash, last = image.rpartition("/")
    name, _, tag = last.partition(":")
    return {"fromImage": f"{folder}{slash}{name}", "tag": tag or "latest"}


def _refusal(response: HTTPResponse) -> str:
    """Read the progress to its end, which comes as a line of JSON each, and return the error in it."""
    why = ""
    while line := response.readline(_LONGEST_LINE):
        try:
            why = str(json.loads(line).get("error") or why)
        except (ValueError, AttributeError):
            continue
    return " ".join(why.split())[:_LONGEST_LINE]


def _is_refusal(reason: str) -> bool:
    return any(word in reason.lower() for word in _REFUSALS)


def _missing(image: str, reason: str) -> DeployError:
    return InvalidInput(
        Problem(
            f"Input rehearse-image: {image} is not on the engine and cannot be pulled: {reason.rstrip('.')}.",
            "Check its name. For an image that needs a login, log in and `docker pull` it in an earlier step "
            "of the job: the engine then has it.",
            code="rehearsal-image",
        )
    )


def _failed(image: str, reason: str) -> DeployError:
    return EngineFault(
        Problem(
            f"Image {image} could not be pulled: {reason.rstrip('.')}.",
            "Check that the engine can reach the registry, or `docker pull` the image in an earlier step.",
            code="rehearsal-image",
        )
    )
