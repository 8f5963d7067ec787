"""Settings: every input with its name, type, default and description, in this one place.

A field's name in kebab-case is the input's name on GitHub (`INPUT_DEPLOYMENT-GROUP`), in a shell
(`INPUT_DEPLOYMENT_GROUP`) and as a flag (`--deployment-group`). `action.yml`, the README's table and `--help`
are generated from the fields. A string that is not given is empty; what has no effect unless given is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, PrivateAttr
from pydantic_settings import BaseSettings, SettingsConfigDict

from deployer.errors import InvalidInput, Problem
from deployer.model import BundleType, Compression, FileExistsBehavior, OnConflict, OnEnd, PreFlight, Stage
from deployer.settings.kinds import (
    Boolean,
    BucketPath,
    Duration,
    FilePath,
    KeyTemplate,
    Lines,
    Name,
    Names,
    Region,
    Text,
    choice,
)

if TYPE_CHECKING:
    from pydantic_settings import PydanticBaseSettingsSource

_ARCHIVES = (BundleType.ZIP, BundleType.TGZ, BundleType.TAR)
_KEY_LIMIT = 1024
"""Bytes in the key of an S3 object, by the S3 user guide."""


class Section(StrEnum):
    """The parts into which the inputs are sorted for the reader."""

    TARGET = "Where to deploy"
    BUNDLE = "What to deploy"
    STORAGE = "Where to keep it"
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


class Settings(BaseSettings):
    """The inputs of a run, valid each for itself and together; made by `load`."""

    model_config = SettingsConfigDict(
        frozen=True,
        alias_generator=lambda name: name.replace("_", "-"),
        enable_decoding=False,
        hide_input_in_errors=True,
        validate_default=False,
    )

    application: Annotated[
        Name,
        Input(
            Section.TARGET,
            "CodeDeploy application; the default `key` needs it too",
            needed_from=Stage.REGISTER,
        ),
    ] = ""
    deployment_groups: Annotated[
        Names,
        Field(alias="deployment-group"),
        Input(Section.TARGET, "Deployment group of the application", needed_from=Stage.DEPLOY),
    ] = ()
    region: Annotated[
        Region,
        Input(
            Section.TARGET,
            "AWS region; the log says where it came from",
            default="`AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's",
            variables=("AWS_REGION", "AWS_DEFAULT_REGION"),
        ),
    ] = ""

    source: Annotated[
        FilePath,
        Input(Section.BUNDLE, "Folder to package, or a ready-made `.zip`, `.tar`, `.tgz` or `.tar.gz`"),
    ] = Path()
    appspec: Annotated[
        Text, Input(Section.BUNDLE, "AppSpec to use; it is placed as `appspec.yml` at the bundle's root")
    ] = "appspec.yml"
    exclude: Annotated[
        Lines,
        Input(
            Section.BUNDLE,
            "Gitignore patterns of what to leave out, one a line, on top of `.codedeployignore`; `.git` is "
            "always out, other dotfiles stay in",
        ),
    ] = ()
    bundle_type: Annotated[
        BundleType, choice(BundleType, among=_ARCHIVES), Input(Section.BUNDLE, "Kind of archive to make")
    ] = BundleType.ZIP
    compression: Annotated[
        Compression, choice(Compression), Input(Section.BUNDLE, "How hard to squeeze; part of the digest")
    ] = Compression.BALANCED

    bucket_path: Annotated[
        BucketPath,
        Field(alias="bucket"),
        Input(
            Section.STORAGE,
            "S3 bucket for the revision, with folders if you like: `bucket/some/folders`",
            needed_from=Stage.UPLOAD,
        ),
    ] = ""
    key: Annotated[
        KeyTemplate,
        Input(
            Section.STORAGE,
            "Key of the object in the bucket's folder; placeholders: `{application}` `{group}` `{digest}` "
            "`{sha}` `{ref}` `{run_id}` `{run_attempt}` `{extension}`",
        ),
    ] = "{application}/{digest}.{extension}"

    deployment_config: Annotated[
        Name, Input(Section.DEPLOYMENT, "Deployment configuration", default="the group's")
    ] = ""
    description: Annotated[
        Text,
        Input(
            Section.DEPLOYMENT,
            "Description of the deployment, cut to the service's 256 characters",
            default="repository, commit and run",
        ),
    ] = ""
    file_exists_behavior: Annotated[
        FileExistsBehavior | None,
        choice(FileExistsBehavior),
        Input(
            Section.DEPLOYMENT,
            "What to do about files on a target that the last deployment did not put there",
            default="the service's, `DISALLOW`",
        ),
    ] = None
    ignore_application_stop_failures: Annotated[
        Boolean,
        Input(
            Section.DEPLOYMENT,
            "Go on where `ApplicationStop` or the hooks around blocking traffic fail",
            default="the service's, `false`",
        ),
    ] = None
    update_outdated_instances_only: Annotated[
        Boolean,
        Input(
            Section.DEPLOYMENT,
            "Deploy only to instances that do not run this revision",
            default="the service's, `false`",
        ),
    ] = None

    stop_after: Annotated[Stage, choice(Stage), Input(Section.RUN, "Last stage to carry out")] = Stage.WAIT
    timeout: Annotated[
        Duration, Input(Section.RUN, "How long to wait for the deployment: `90s`, `30m`, `2h`, `1h30m`")
    ] = timedelta(minutes=30)
    poll_interval: Annotated[
        Duration | None,
        Input(
            Section.RUN,
            "Time between two looks at the deployment, for those who want it fixed",
            default="adaptive: 1s, growing to 10s",
        ),
    ] = None
    on_conflict: Annotated[
        OnConflict,
        choice(OnConflict),
        Input(
            Section.RUN,
            "When another deployment holds the group: `join` follows it when it deploys the same revision, "
            "so that a re-run picks up where the last run died, and else waits; `stop` stops it first",
        ),
    ] = OnConflict.JOIN
    on_timeout: Annotated[
        OnEnd,
        choice(OnEnd),
        Input(
            Section.RUN,
            "What becomes of the deployment when the time is up; `rollback` stops it and rolls back",
        ),
    ] = OnEnd.LEAVE
    on_cancel: Annotated[
        OnEnd, choice(OnEnd), Input(Section.RUN, "What becomes of the deployment when the job is cancelled")
    ] = OnEnd.LEAVE
    pre_flight: Annotated[
        PreFlight,
        choice(PreFlight),
        Input(Section.RUN, "Checks before anything is sent; `strict` counts warnings as errors"),
    ] = PreFlight.ERRORS

    outputs_file: Annotated[
        Text,
        Input(
            Section.REPORT,
            "File for the outputs: dotenv lines, on GitHub as its runner reads them",
            default="`GITHUB_OUTPUT` on GitHub",
        ),
    ] = ""
    summary_file: Annotated[
        Text,
        Input(Section.REPORT, "File for the Markdown summary", default="`GITHUB_STEP_SUMMARY` on GitHub"),
    ] = ""

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
        """Nothing comes in behind the back of `load`, which is given the environment."""
        return (init_settings,)

    @classmethod
    def of(cls, values: Mapping[str, str], origins: Mapping[str, str]) -> Settings:
        """Settings from texts and their origins, by the inputs' names; raises pydantic's ValidationError."""
        settings = cls.model_validate(values)
        settings._origins = {**origins}  # noqa: SLF001 - our own
        return settings

    def origin(self, name: str) -> str:
        """Where the value of the input `name` came from, as a phrase for the log."""
        return self._origins.get(name, "default")

    @property
    def deployment_group(self) -> str:
        """The deployment group, empty when none is given."""
        return self.deployment_groups[0] if self.deployment_groups else ""

    @property
    def bucket(self) -> str:
        """The bucket's name, without folders."""
        return self.bucket_path.partition("/")[0]

    @property
    def prefix(self) -> str:
        """The folders in the bucket, without slashes at the ends; empty when there are none."""
        return self.bucket_path.partition("/")[2]

    def object_key(self, facts: Mapping[str, str]) -> str:
        """The whole key of the object: the bucket's folders and the template `key` filled in.

        `facts` holds what only the run knows: `digest`, `extension`, `sha`, `ref`, `run_id`, `run_attempt`.
        Raises InvalidInput where the template asks for one that is missing or empty, or the key is too long.
        """
        facts = {**facts, "application": self.application, "group": self.deployment_group}
        try:
            key = self.key.format_map({name: value for name, value in facts.items() if value})
        except KeyError as error:
            raise InvalidInput(
                Problem(
                    f"Input key: {{{error.args[0]}}} has no value in this run.",
                    "Take it out of key, or run where the CI tells it.",
                )
            ) from None
        key = f"{self.prefix}/{key}" if self.prefix else key
        if len(key.encode()) > _KEY_LIMIT:
            raise InvalidInput(
                Problem(
                    f"Input key: the key would be {len(key.encode())} bytes long: {key[:80]}…",
                    f"S3 allows {_KEY_LIMIT} bytes; shorten key or the folders in bucket.",
                )
            )
        return key


def inputs() -> dict[str, Input]:
    """What each input's field says, by the input's name, in order."""
    return {
        str(field.alias): next(mark for mark in field.metadata if isinstance(mark, Input))
        for field in Settings.model_fields.values()
    }
