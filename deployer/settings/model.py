"""What an input's field says beside its type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, PrivateAttr
from pydantic_settings import BaseSettings, SettingsConfigDict

from deployer.choices import Compression, FileExistsBehavior, OnConflict, OnEnd, PreFlight, Stage
from deployer.errors import InvalidInput, Problem
from deployer.revision import BundleType
from deployer.settings.values import (
    Account,
    Alarms,
    AutoRollback,
    Boolean,
    BucketPath,
    CannedAcl,
    DeploymentId,
    Document,
    Duration,
    Encryption,
    FilePath,
    GivenRevision,
    KeyTemplate,
    Lines,
    Name,
    Names,
    Region,
    SessionTags,
    StorageClass,
    Tags,
    Text,
    Variables,
    check_external_id,
    check_role_duration,
    check_roles,
    check_session_name,
    check_variable,
    choice,
)

if TYPE_CHECKING:
    from pydantic_settings import PydanticBaseSettingsSource


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


_ARCHIVES = (BundleType.ZIP, BundleType.TGZ, BundleType.TAR)
_KEY_LIMIT = 1024
"""Bytes in the key of an S3 object, by the S3 user guide."""


class Settings(BaseSettings):
    """The inputs of a run, each valid on its own and all of them together; made by `load`."""

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
        Input(
            Section.TARGET,
            "Deployment group of the application; several, one a line, get the same revision one after the "
            "other, up to the first that does not succeed",
            needed_from=Stage.DEPLOY,
        ),
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

    revision: Annotated[
        GivenRevision,
        Input(
            Section.BUNDLE,
            "Deploy this instead of packaging: the output `revision` of another run, "
            "`s3://bucket/key?versionId=…&eTag=…` or `github://owner/repository/commit`",
        ),
    ] = None
    source: Annotated[
        FilePath,
        Input(Section.BUNDLE, "Folder to package, or a ready-made `.zip`, `.tar`, `.tgz` or `.tar.gz`"),
    ] = Path()
    appspec: Annotated[
        Text,
        Input(
            Section.BUNDLE,
            "AppSpec to use; it is placed as `appspec.yml` at the bundle's root, or is itself the revision "
            "(Lambda, ECS)",
        ),
    ] = "appspec.yml"
    appspec_variables: Annotated[
        Variables,
        Input(
            Section.BUNDLE,
            "`NAME=value`, one a line: replaces `<NAME>` in an AppSpec for Lambda or ECS, such as a task "
            "definition's ARN from an earlier step",
        ),
    ] = None
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
            "S3 bucket for the revision, with folders if you like: `bucket/some/folders`; Lambda and ECS "
            "do without",
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
    sse: Annotated[
        Encryption | None,
        choice(Encryption),
        Input(Section.STORAGE, "Encryption of the object", default="the bucket's"),
    ] = None
    kms_key_id: Annotated[
        Text, Input(Section.STORAGE, "KMS key to encrypt the object with; `sse` is `aws:kms` then")
    ] = ""
    acl: Annotated[
        CannedAcl | None, choice(CannedAcl), Input(Section.STORAGE, "Canned ACL of the object")
    ] = None
    storage_class: Annotated[
        StorageClass | None, choice(StorageClass), Input(Section.STORAGE, "Storage class of the object")
    ] = None
    object_tags: Annotated[Tags, Input(Section.STORAGE, "Tags of the object: `NAME=value`, one a line")] = (
        None
    )
    expected_bucket_owner: Annotated[
        Account, Input(Section.STORAGE, "Account that has to own the bucket")
    ] = ""

    role_to_assume: Annotated[
        Lines,
        AfterValidator(check_roles),
        Input(
            Section.IDENTITY,
            "ARN of a role to assume, from the job's OIDC token where there is one, else from the ambient "
            "credentials; several, one a line, are assumed one from the other",
        ),
    ] = ()
    role_session_name: Annotated[
        Text,
        AfterValidator(check_session_name),
        Input(Section.IDENTITY, "Name of the role's session", default="repository and run"),
    ] = ""
    role_external_id: Annotated[
        Text,
        AfterValidator(check_external_id),
        Input(Section.IDENTITY, "External id that the role's trust policy asks for"),
    ] = ""
    role_duration: Annotated[
        Duration | None,
        AfterValidator(check_role_duration),
        Input(
            Section.IDENTITY,
            "How long the role's credentials live, `15m` to `12h`; they are renewed while the run lasts",
            default="the service's, one hour",
        ),
    ] = None
    role_session_tags: Annotated[
        SessionTags, Input(Section.IDENTITY, "Tags of the role's session: `KEY=value`, one a line")
    ] = {}
    expected_account: Annotated[
        Account,
        Input(
            Section.IDENTITY,
            "AWS account that the credentials must belong to; checked before any other call",
        ),
    ] = ""
    web_identity_audience: Annotated[Text, Input(Section.IDENTITY, "Audience to ask GitHub's token for")] = (
        "sts.amazonaws.com"
    )
    web_identity_token_variable: Annotated[
        Text,
        AfterValidator(check_variable),
        Input(
            Section.IDENTITY,
            "Name of the variable that holds the job's OIDC token (GitLab's `id_tokens`)",
            default="GitHub's, Bitbucket's and CircleCI's are found",
        ),
    ] = ""
    web_identity_token_file: Annotated[
        Text, Input(Section.IDENTITY, "File that holds the job's OIDC token; read anew at each renewal")
    ] = ""

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
            "File for the outputs: dotenv lines, on GitHub as its runner reads them; on GitLab never source "
            "it",
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

    @property
    def deployment_group(self) -> str:
        """The deployment group, empty when none is given."""
        return self.deployment_groups[0] if self.deployment_groups else ""

    @property
    def encryption(self) -> Encryption | None:
        """The encryption to ask for: with a KMS key it is KMS's unless another one is given."""
        return self.sse or (Encryption.KMS if self.kms_key_id else None)

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
