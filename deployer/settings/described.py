"""What an input's field says beside its type."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployer.choices import Stage


class Section(StrEnum):
    """The parts into which the inputs are sorted for the reader."""

    TARGET = "Where to deploy"
    BUNDLE = "What to deploy"
    STORAGE = "Where to keep it"
    IDENTITY = "As whom"
    DEPLOYMENT = "How to deploy"
    RUN = "How far, and how long"
    REPORT = "What to report"


@dataclass(frozen=True, slots=True)
class Input:
    """What an input's field says beside its type.

    `default` documents a default that the field's own value does not show; `needed_from` is the first stage
    that cannot do without the input; `variables` stand in for it, the first that is set wins.
    """

    section: Section
    about: str
    default: str = ""
    needed_from: Stage | None = None
    variables: tuple[str, ...] = ()
