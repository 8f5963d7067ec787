"""Settings: every input with its name, type, default and description, in this one place.

A field's name in kebab-case is the input's name on GitHub (`INPUT_DEPLOYMENT-GROUP`), in a shell
(`INPUT_DEPLOYMENT_GROUP`) and as a flag (`--deployment-group`). `action.yml`, the README's table and `--help`
are generated from the fields. A string that is not given is empty; what has no effect unless given is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, PrivateAttr
from pydantic_settings import SettingsConfigDict

from deployer.choices import FileExistsBehavior, OnConflict, OnEnd, PreFlight, Stage
from deployer.settings.described import Input, Section
from deployer.settings.identity import Identity
from deployer.settings.kinds import Boolean, Duration, Name, Text, choice
from deployer.settings.shipment import Shipment
from deployer.settings.structured import Alarms, AutoRollback, DeploymentId, Document

if TYPE_CHECKING:
    from pydantic_settings import BaseSettings, PydanticBaseSettingsSource


class Settings(Identity, Shipment):
    """The inputs of a run, valid each for itself and together; made by `load`."""

    model_config = SettingsConfigDict(
        frozen=True,
        alias_generator=lambda name: name.replace("_", "-"),
        enable_decoding=False,
        hide_input_in_errors=True,
        validate_default=False,
    )

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

    target_instances: Annotated[
        Document,
        Input(
            Section.DEPLOYMENT,
            "Blue/green: the instances to deploy to, as YAML or JSON with CodeDeploy's names `tagFilters`, "
            "`autoScalingGroups`, `ec2TagSet`",
            default="the group's",
        ),
    ] = None
    auto_rollback: Annotated[
        AutoRollback,
        Input(
            Section.DEPLOYMENT,
            "`disabled`, or the events to roll back for: `DEPLOYMENT_FAILURE` `DEPLOYMENT_STOP_ON_ALARM` "
            "`DEPLOYMENT_STOP_ON_REQUEST`",
            default="the group's",
        ),
    ] = None
    alarms: Annotated[
        Alarms,
        Input(
            Section.DEPLOYMENT,
            "`disabled`, or the CloudWatch alarms that stop the deployment, one a line; needs "
            "`codedeploy:UpdateDeploymentGroup`",
            default="the group's",
        ),
    ] = None
    parameters: Annotated[
        Document,
        Input(
            Section.DEPLOYMENT,
            "Any further parameters of CreateDeployment as YAML or JSON, such as `deploymentMode: RESTART`",
        ),
    ] = None

    deployment_id: Annotated[
        DeploymentId, Input(Section.RUN, "Follow this deployment instead of creating one")
    ] = ""
    continue_: Annotated[
        Boolean,
        Field(alias="continue"),
        Input(
            Section.RUN,
            "Blue/green: end the first wait that the deployment comes to, until traffic is moved or the "
            "old instances are terminated",
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
    junit_file: Annotated[
        Text, Input(Section.REPORT, "File for a JUnit report: a suite for each target, a case for each event")
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


def inputs() -> dict[str, Input]:
    """What each input's field says, by the input's name, in order."""
    return {
        str(field.alias): next(mark for mark in field.metadata if isinstance(mark, Input))
        for field in Settings.model_fields.values()
    }
