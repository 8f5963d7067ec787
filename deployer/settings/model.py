"""The inputs: every field with its type, its default and the description that users read."""

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
    Configuration,
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
    Patterns,
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
    """Groups of inputs, as headings in `--help`."""

    TARGET = "Where to deploy"
    BUNDLE = "What to deploy"
    STORAGE = "Where to store it"
    IDENTITY = "Identity"
    DEPLOYMENT = "How to deploy"
    RUN = "Stages and time-outs"
    REPORT = "Reports"


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
            "CodeDeploy application; also part of the default `key`",
            needed_from=Stage.REGISTER,
        ),
    ] = ""
    deployment_groups: Annotated[
        Names,
        Field(alias="deployment-group"),
        Input(
            Section.TARGET,
            "Deployment group of the application. Several, one per line, receive the same revision in turn; "
            "stops at the first that fails",
            needed_from=Stage.DEPLOY,
        ),
    ] = ()
    region: Annotated[
        Region,
        Input(
            Section.TARGET,
            "AWS region; the log shows where the value came from",
            default="`AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's",
            variables=("AWS_REGION", "AWS_DEFAULT_REGION"),
        ),
    ] = ""

    revision: Annotated[
        GivenRevision,
        Input(
            Section.BUNDLE,
            "Existing revision to deploy instead of packaging: the output `revision` of another run, "
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
            "AppSpec file, relative to `source` or the repository. It becomes `appspec.yml` at the bundle's "
            "root; for Lambda and ECS it is the revision itself",
        ),
    ] = "appspec.yml"
    appspec_variables: Annotated[
        Variables,
        Input(
            Section.BUNDLE,
            "Values for the placeholders `<NAME>` of an AppSpec for Lambda or ECS, as `NAME=value`, one per "
            "line; for example a task definition's ARN from an earlier step",
        ),
    ] = None
    exclude: Annotated[
        Patterns,
        Input(
            Section.BUNDLE,
            "Gitignore patterns of files to leave out, one per line, in addition to `.codedeployignore`; "
            "`.git` is always left out, other dotfiles are packaged",
        ),
    ] = ()
    bundle_type: Annotated[
        BundleType, choice(BundleType, among=_ARCHIVES), Input(Section.BUNDLE, "Archive format")
    ] = BundleType.ZIP
    compression: Annotated[
        Compression, choice(Compression), Input(Section.BUNDLE, "Compression level; part of the digest")
    ] = Compression.BALANCED

    bucket_path: Annotated[
        BucketPath,
        Field(alias="bucket"),
        Input(
            Section.STORAGE,
            "S3 bucket for the revision, optionally with folders: `bucket/some/folders`; not required for "
            "Lambda and ECS",
            needed_from=Stage.UPLOAD,
        ),
    ] = ""
    key: Annotated[
        KeyTemplate,
        Input(
            Section.STORAGE,
            "Key of the object, below the folders in `bucket`; placeholders: `{application}` `{group}` "
            "`{digest}` `{sha}` `{ref}` `{run_id}` `{run_attempt}` `{extension}`",
        ),
    ] = "{application}/{digest}.{extension}"
    sse: Annotated[
        Encryption | None,
        choice(Encryption),
        Input(Section.STORAGE, "Encryption of the object", default="the bucket's"),
    ] = None
    kms_key_id: Annotated[
        Text, Input(Section.STORAGE, "KMS key to encrypt the object with; implies `sse: aws:kms`")
    ] = ""
    acl: Annotated[
        CannedAcl | None, choice(CannedAcl), Input(Section.STORAGE, "Canned ACL of the object")
    ] = None
    storage_class: Annotated[
        StorageClass | None, choice(StorageClass), Input(Section.STORAGE, "Storage class of the object")
    ] = None
    object_tags: Annotated[Tags, Input(Section.STORAGE, "Tags of the object: `NAME=value`, one per line")] = (
        None
    )
    expected_bucket_owner: Annotated[
        Account, Input(Section.STORAGE, "AWS account that must own the bucket")
    ] = ""

    role_to_assume: Annotated[
        Lines,
        AfterValidator(check_roles),
        Input(
            Section.IDENTITY,
            "ARN of the role to assume, with the job's OIDC token if there is one, otherwise with the "
            "ambient credentials. Several, one per line, form a chain: each is assumed with the credentials "
            "of the one before",
        ),
    ] = ()
    role_session_name: Annotated[
        Text,
        AfterValidator(check_session_name),
        Input(Section.IDENTITY, "Name of the role session", default="repository and run"),
    ] = ""
    role_external_id: Annotated[
        Text,
        AfterValidator(check_external_id),
        Input(Section.IDENTITY, "External ID required by the role's trust policy"),
    ] = ""
    role_duration: Annotated[
        Duration | None,
        AfterValidator(check_role_duration),
        Input(
            Section.IDENTITY,
            "Lifetime of the role's credentials, `15m` to `12h`; they are renewed during the run",
            default="the service's, one hour",
        ),
    ] = None
    role_session_tags: Annotated[
        SessionTags, Input(Section.IDENTITY, "Tags of the role session: `KEY=value`, one per line")
    ] = {}
    expected_account: Annotated[
        Account,
        Input(
            Section.IDENTITY,
            "AWS account that the credentials must belong to; checked before any other call",
        ),
    ] = ""
    web_identity_audience: Annotated[
        Text, Input(Section.IDENTITY, "Audience to request for GitHub's OIDC token")
    ] = "sts.amazonaws.com"
    web_identity_token_variable: Annotated[
        Text,
        AfterValidator(check_variable),
        Input(
            Section.IDENTITY,
            "Name of the environment variable that holds the job's OIDC token (GitLab's `id_tokens`)",
            default="detected on GitHub, Bitbucket and CircleCI; on GitLab `GITLAB_OIDC_TOKEN`",
        ),
    ] = ""
    web_identity_token_file: Annotated[
        Text, Input(Section.IDENTITY, "File that holds the job's OIDC token; read again at each renewal")
    ] = ""

    deployment_config: Annotated[
        Configuration, Input(Section.DEPLOYMENT, "Deployment configuration", default="the group's")
    ] = ""
    description: Annotated[
        Text,
        Input(
            Section.DEPLOYMENT,
            "Description of the deployment, shortened to CodeDeploy's limit of 256 characters",
            default="repository, commit and run",
        ),
    ] = ""
    file_exists_behavior: Annotated[
        FileExistsBehavior | None,
        choice(FileExistsBehavior),
        Input(
            Section.DEPLOYMENT,
            "What to do when a file already exists on a target but is not from the last successful "
            "deployment",
            default="the service's, `DISALLOW`",
        ),
    ] = None
    ignore_application_stop_failures: Annotated[
        Boolean,
        Input(
            Section.DEPLOYMENT,
            "Continue the deployment when `ApplicationStop`, `BeforeBlockTraffic` or `AfterBlockTraffic` "
            "fails",
            default="the service's, `false`",
        ),
    ] = None
    update_outdated_instances_only: Annotated[
        Boolean,
        Input(
            Section.DEPLOYMENT,
            "Deploy only to instances that do not already run this revision",
            default="the service's, `false`",
        ),
    ] = None

    target_instances: Annotated[
        Document,
        Input(
            Section.DEPLOYMENT,
            "Blue/green: instances of the replacement environment, as YAML or JSON with the keys "
            "`tagFilters`, `autoScalingGroups`, `ec2TagSet`",
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
            "`disabled`, or the CloudWatch alarms that stop the deployment, one per line; needs "
            "`codedeploy:UpdateDeploymentGroup`",
            default="the group's",
        ),
    ] = None
    parameters: Annotated[
        Document,
        Input(
            Section.DEPLOYMENT,
            "Other parameters of CreateDeployment, as YAML or JSON, such as `deploymentMode: RESTART`",
        ),
    ] = None

    deployment_id: Annotated[
        DeploymentId, Input(Section.RUN, "Existing deployment to follow instead of creating one")
    ] = ""
    continue_: Annotated[
        Boolean,
        Field(alias="continue"),
        Input(
            Section.RUN,
            "Blue/green: end the deployment's next wait, before traffic is rerouted or before the original "
            "instances are terminated",
        ),
    ] = None
    stop_after: Annotated[Stage, choice(Stage), Input(Section.RUN, "Last stage to run")] = Stage.WAIT
    timeout: Annotated[
        Duration, Input(Section.RUN, "How long to wait for the deployment: `90s`, `30m`, `2h`, `1h30m`")
    ] = timedelta(minutes=30)
    poll_interval: Annotated[
        Duration | None,
        Input(
            Section.RUN,
            "Fixed interval between status checks",
            default="adaptive, from 1s up to 10s",
        ),
    ] = None
    on_conflict: Annotated[
        OnConflict,
        choice(OnConflict),
        Input(
            Section.RUN,
            "What to do when another deployment of the group is active: `join` follows it if it deploys the "
            "same revision, so that a re-run resumes an interrupted run, and otherwise waits for it; `stop` "
            "stops it first",
        ),
    ] = OnConflict.JOIN
    on_timeout: Annotated[
        OnEnd,
        choice(OnEnd),
        Input(
            Section.RUN,
            "What to do with the deployment when `timeout` expires; `rollback` stops it and rolls back",
        ),
    ] = OnEnd.LEAVE
    on_cancel: Annotated[
        OnEnd, choice(OnEnd), Input(Section.RUN, "What to do with the deployment when the job is cancelled")
    ] = OnEnd.LEAVE
    pre_flight: Annotated[
        PreFlight,
        choice(PreFlight),
        Input(Section.RUN, "Checks before anything is sent; `strict` treats warnings as errors"),
    ] = PreFlight.ERRORS

    outputs_file: Annotated[
        Text,
        Input(
            Section.REPORT,
            "File to write the outputs to: dotenv lines, or GitHub's own format on GitHub; never source it",
            default="`GITHUB_OUTPUT` on GitHub",
        ),
    ] = ""
    summary_file: Annotated[
        Text,
        Input(
            Section.REPORT, "File to write the Markdown summary to", default="`GITHUB_STEP_SUMMARY` on GitHub"
        ),
    ] = ""
    junit_file: Annotated[
        Text,
        Input(
            Section.REPORT, "File to write a JUnit report to: a suite per target, a case per lifecycle event"
        ),
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
        """Read nothing but what `load` passes in."""
        return (init_settings,)

    @classmethod
    def of(cls, values: Mapping[str, str], origins: Mapping[str, str]) -> Settings:
        """Make settings from texts and their origins, by input name; raises pydantic's ValidationError."""
        settings = cls.model_validate(values)
        settings._origins = {**origins}  # noqa: SLF001 - our own
        return settings

    def origin(self, name: str) -> str:
        """Return where the value of the input `name` came from, as a phrase for the log."""
        return self._origins.get(name, "default")

    @property
    def deployment_group(self) -> str:
        """The deployment group, empty when none is given."""
        return self.deployment_groups[0] if self.deployment_groups else ""

    @property
    def encryption(self) -> Encryption | None:
        """The encryption to request: KMS if there is a KMS key, unless another is given."""
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
        """Return the full key of the object: the folders in `bucket`, then the template `key` filled in.

        `facts` holds values known only during the run: `digest`, `extension`, `sha`, `ref`, `run_id`,
        `run_attempt`.
        Raises InvalidInput when the template needs a value that is missing or empty, or the key is too long.
        """
        facts = {**facts, "application": self.application, "group": self.deployment_group}
        try:
            key = self.key.format_map({name: value for name, value in facts.items() if value})
        except KeyError as error:
            raise InvalidInput(
                Problem(
                    f"Input key: {{{error.args[0]}}} has no value in this run.",
                    "Remove it from key, or run in a CI system that provides it.",
                )
            ) from None
        key = f"{self.prefix}/{key}" if self.prefix else key
        if len(key.encode()) > _KEY_LIMIT:
            raise InvalidInput(
                Problem(
                    f"Input key: the key would be {len(key.encode())} bytes long: {key[:80]}…",
                    f"S3 allows {_KEY_LIMIT} bytes. Shorten key or the folders in bucket.",
                )
            )
        return key


def inputs() -> dict[str, Input]:
    """Return the description of each input by its name, in the README's order."""
    return {
        str(field.alias): next(mark for mark in field.metadata if isinstance(mark, Input))
        for field in Settings.model_fields.values()
    }
