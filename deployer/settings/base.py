"""The description that every input field carries, and the loading of the fields: from texts alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Self

from pydantic import PrivateAttr

from deployer.settings.unloaded import unloaded

with unloaded("asyncio"):  # for a runner of coroutines that is never called, a tenth of what pydantic takes
    from pydantic_settings import BaseSettings, SettingsConfigDict

if TYPE_CHECKING:
    from pydantic_settings import PydanticBaseSettingsSource

    from deployer.choices import Stage
    from deployer.errors import Problem


class Section(StrEnum):
    """Groups of inputs, as headings in `--help`."""

    TARGET = "Where to deploy"
    BUNDLE = "What to deploy"
    REHEARSAL = "Rehearsal in a container"
    STORAGE = "Where to store it"
    IDENTITY = "Identity"
    DEPLOYMENT = "How to deploy"
    RUN = "Stages and timeouts"
    REPORT = "Reports"

    def input(
        self,
        about: str,
        *,
        default: str = "",
        needed_from: Stage | None = None,
        variables: tuple[str, ...] = (),
    ) -> Input:
        """Describe an input of this group."""
        return Input(self, about, default=default, needed_from=needed_from, variables=variables)


@dataclass(frozen=True, slots=True)
class Input:
    """The description of an input, beside its field's type.

    `default` documents a default that the field's own value does not show; `needed_from` is the first stage
    that requires the input; `variables` are environment variables used in its place, the first one set wins.
    """

    section: Section
    about: str
    default: str = ""
    needed_from: Stage | None = None
    variables: tuple[str, ...] = ()


class Finding(NamedTuple):
    """A problem, and the name of the input that it is about; empty where that is unknown."""

    input: str
    problem: Problem


class TextSettings(BaseSettings):
    """Fields that are filled from texts by their names with hyphens, and know where each came from."""

    model_config = SettingsConfigDict(
        frozen=True,
        alias_generator=lambda name: name.replace("_", "-"),
        enable_decoding=False,
        hide_input_in_errors=True,
        validate_default=False,
    )

    _origins: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings' signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing but what `load` passes in."""
        return (init_settings,)

    @classmethod
    def of(cls, values: Mapping[str, str], origins: Mapping[str, str]) -> Self:
        """Make settings from texts and their origins, by input name; raises pydantic's ValidationError."""
        settings = cls.model_validate(values)
        settings._origins = {**origins}  # noqa: SLF001 - our own
        return settings

    def origin(self, name: str) -> str:
        """Return where the value of the input `name` came from, as a phrase for the log."""
        return self._origins.get(name, "default")
