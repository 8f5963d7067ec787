"""The inputs: every field with its type, its default and the description that users read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from deployer.choices import (
    Compression,
    FileExistsBehavior,
    IfUnchanged,
    OnConflict,
    OnEnd,
    OnNewer,
    PreFlight,
    Stage,
)
from deployer.revision import BundleType, S3Revision
from deployer.settings import deployment, identity, rehearsal, storage
from deployer.settings.base import Input, Section, TextSettings
from deployer.settings.values import Boolean, Document, Duration, FilePath, Patterns, Text, Variables, choice

if TYPE_CHECKING:
    from collections.abc import Mapping

_ARCHIVES = (BundleType.ZIP, BundleType.TGZ, BundleType.TAR)


class Settings(TextSettings):
    """The inputs of a run, each valid on its own and all of them together; made by `load`."""

    application: Annotated[
        deployment.Name,
        Section.TARGET.input(
            "CodeDeploy application; also part of the default `key`", needed_from=Stage.REGISTER
        ),
    ] = ""
    deployment_groups: Annotated[
        deployment.Names,
        Field(alias="deployment-group"),
        Section.TARGET.input(
            "Deployment group of the application. Several, one per line, receive the same revision in turn; "
            "stops at the first that fails",
            needed_from=Stage.DEPLOY,
        ),
    ] = ()
    region: Annotated[
        Text,
        Section.TARGET.input(
            "AWS region; the log shows where the value came from",
            default="`AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's",
            variables=("AWS_REGION", "AWS_DEFAULT_REGION"),
        ),
    ] = ""

    revision: Annotated[
        deployment.GivenRevision,
        Section.BUNDLE.input(
            "Existing revision to deploy instead of packaging: the output `revision` of another run, "
            "`s3://bucket/key?versionId=…&eTag=…` or `github://owner/repository/commit`. `last-good` is "
            "that of the group's last successful deployment. `previous` undoes the last deployment: after a "
            "success it is the revision before, otherwise the last good one. With both, a deployment that is "
            "running is stopped and rolled back. An object in another bucket than `bucket` is copied there "
            "first"
        ),
    ] = None
    restart: Annotated[
        Boolean,
        Section.BUNDLE.input(
            "Restart the application on the revision of the group's last successful deployment, instead of "
            "deploying one: in place, on instances with CodeDeploy agent 2.1.0 or later"
        ),
    ] = None
    source: Annotated[
        FilePath,
        Section.BUNDLE.input("Folder to package, or a ready-made `.zip`, `.tar`, `.tgz` or `.tar.gz`"),
    ] = Path()
    appspec: Annotated[
        Text,
        Section.BUNDLE.input(
            "AppSpec file, relative to `source` or the repository. It becomes `appspec.yml` at the bundle's "
            "root; for Lambda and ECS it is the revision itself"
        ),
    ] = "appspec.yml"
    appspec_variables: Annotated[
        Variables,
        Section.BUNDLE.input(
            "Values for the placeholders `<NAME>` in the AppSpec, as `NAME=value`, one per line; for example "
            "a task definition's ARN from an earlier step, or a folder per environment. The file itself is "
            "not changed"
        ),
    ] = None
    exclude: Annotated[
        Patterns,
        Section.BUNDLE.input(
            "Gitignore patterns of files to leave out, one per line, in addition to `.codedeployignore`; "
            "`.git` is always left out, other dotfiles are packaged"
        ),
    ] = ()
    bundle_type: Annotated[
        BundleType, choice(BundleType, among=_ARCHIVES), Section.BUNDLE.input("Archive format")
    ] = BundleType.ZIP
    compression: Annotated[
        Compression, choice(Compression), Section.BUNDLE.input("Compression level; part of the digest")
    ] = Compression.BALANCED

    rehearse_image: Annotated[
        Text,
        Section.REHEARSAL.input(
            "Image of a container in which the bundle is deployed by the CodeDeploy agent's rules, hooks "
            "and all, before anything is sent: `amazonlinux:2023`. A hook that fails ends the run. Needs the "
            "job's Docker engine; not for Lambda and ECS"
        ),
    ] = ""
    rehearse_stubs: Annotated[
        rehearsal.Stubs,
        Section.REHEARSAL.input(
            "Commands that hooks call but a container cannot run, such as `systemctl, service`: each is "
            "replaced by one that logs its arguments and succeeds"
        ),
    ] = ()
    rehearse_env: Annotated[
        rehearsal.Environment,
        Section.REHEARSAL.input("Variables that hooks find on the instances: `NAME=value`, one per line"),
    ] = None
    rehearse_previous: Annotated[
        rehearsal.Previous,
        Section.REHEARSAL.input(
            "Revision to deploy in the container first, so that the bundle replaces it: `s3://bucket/key`, "
            "or `last-good` for that of the group's last successful deployment. Without it `ApplicationStop` "
            "does not run, as in a first deployment"
        ),
    ] = None

    bucket_path: Annotated[
        storage.BucketPath,
        Field(alias="bucket"),
        Section.STORAGE.input(
            "S3 bucket for the revision, optionally with folders: `bucket/some/folders`; not required for "
            "Lambda and ECS, nor beside `revision`, whose object is copied into it under its own key",
            needed_from=Stage.UPLOAD,
        ),
    ] = ""
    key: Annotated[
        storage.KeyTemplate,
        Section.STORAGE.input(
            "Key of the object, below the folders in `bucket`; placeholders: `{application}` `{group}` "
            "`{digest}` `{sha}` `{ref}` `{run_id}` `{run_attempt}` `{extension}`"
        ),
    ] = "{application}/{digest}.{extension}"
    sse: Annotated[
        storage.Encryption | None,
        choice(storage.Encryption),
        Section.STORAGE.input("Encryption of the object", default="the bucket's"),
    ] = None
    kms_key_id: Annotated[
        Text, Section.STORAGE.input("KMS key to encrypt the object with; implies `sse: aws:kms`")
    ] = ""
    acl: Annotated[
        storage.CannedAcl | None, choice(storage.CannedAcl), Section.STORAGE.input("Canned ACL of the object")
    ] = None
    storage_class: Annotated[
        storage.StorageClass | None,
        choice(storage.StorageClass),
        Section.STORAGE.input("Storage class of the object"),
    ] = None
    object_tags: Annotated[
        storage.Tags, Section.STORAGE.input("Tags of the object: `NAME=value`, one per line")
    ] = None
    expected_bucket_owner: Annotated[
        identity.Account, Section.STORAGE.input("AWS account that must own the bucket")
    ] = ""
    expected_source_bucket_owner: Annotated[
        identity.Account,
        Section.STORAGE.input(
            "AWS account that must own the bucket from which `revision` is copied into `bucket`",
            default="`expected-bucket-owner`",
        ),
    ] = ""

    role_to_assume: Annotated[
        identity.Roles,
        Section.IDENTITY.input(
            "ARN of the role to assume, with the job's OIDC token if there is one, otherwise with the "
            "ambient credentials. Several, one per line, form a chain: each is assumed with the credentials "
            "of the one before"
        ),
    ] = ()
    role_session_name: Annotated[
        identity.SessionName, Section.IDENTITY.input("Name of the role session", default="repository and run")
    ] = ""
    role_external_id: Annotated[
        identity.ExternalId, Section.IDENTITY.input("External ID required by the role's trust policy")
    ] = ""
    role_duration: Annotated[
        identity.RoleDuration,
        Section.IDENTITY.input(
            "Lifetime of the role's credentials, `15m` to `12h`; they are renewed during the run",
            default="the service's, one hour",
        ),
    ] = None
    role_session_tags: Annotated[
        identity.SessionTags, Section.IDENTITY.input("Tags of the role session: `KEY=value`, one per line")
    ] = {}  # noqa: RUF012 - pydantic copies it
    expected_account: Annotated[
        identity.Account,
        Section.IDENTITY.input(
            "AWS account that the credentials must belong to; checked before any other call"
        ),
    ] = ""
    web_identity_audience: Annotated[
        Text, Section.IDENTITY.input("Audience to request for GitHub's OIDC token")
    ] = "sts.amazonaws.com"
    web_identity_token_variable: Annotated[
        identity.VariableName,
        Section.IDENTITY.input(
            "Name of the environment variable that holds the job's OIDC token (GitLab's `id_tokens`)",
            default="detected on GitHub, Bitbucket and CircleCI; on GitLab `GITLAB_OIDC_TOKEN`",
        ),
    ] = ""
    web_identity_token_file: Annotated[
        Text, Section.IDENTITY.input("File that holds the job's OIDC token; read again at each renewal")
    ] = ""

    deployment_config: Annotated[
        deployment.Configuration, Section.DEPLOYMENT.input("Deployment configuration", default="the group's")
    ] = ""
    description: Annotated[
        Text,
        Section.DEPLOYMENT.input(
            "Description of the deployment; repository, commit and run number are added, and the text is "
            "shortened to CodeDeploy's limit of 256 characters",
            default="the run",
        ),
    ] = ""
    file_exists_behavior: Annotated[
        FileExistsBehavior | None,
        choice(FileExistsBehavior),
        Section.DEPLOYMENT.input(
            "What to do when a file already exists on a target but is not from the last successful "
            "deployment",
            default="the service's, `DISALLOW`",
        ),
    ] = None
    ignore_application_stop_failures: Annotated[
        Boolean,
        Section.DEPLOYMENT.input(
            "Continue the deployment when `ApplicationStop`, `BeforeBlockTraffic` or `AfterBlockTraffic` "
            "fails",
            default="the service's, `false`",
        ),
    ] = None
    update_outdated_instances_only: Annotated[
        Boolean,
        Section.DEPLOYMENT.input(
            "Deploy only to instances that do not already run this revision", default="the service's, `false`"
        ),
    ] = None

    target_instances: Annotated[
        Document,
        Section.DEPLOYMENT.input(
            "Blue/green: instances of the replacement environment, as YAML or JSON with the keys "
            "`tagFilters`, `autoScalingGroups`, `ec2TagSet`",
            default="the group's",
        ),
    ] = None
    auto_rollback: Annotated[
        deployment.AutoRollback,
        Section.DEPLOYMENT.input(
            "`disabled`, or the events to roll back for: `DEPLOYMENT_FAILURE` `DEPLOYMENT_STOP_ON_ALARM` "
            "`DEPLOYMENT_STOP_ON_REQUEST`",
            default="the group's",
        ),
    ] = None
    alarms: Annotated[
        deployment.Alarms,
        Section.DEPLOYMENT.input(
            "`disabled`, or the CloudWatch alarms that stop the deployment, one per line; needs "
            "`codedeploy:UpdateDeploymentGroup`",
            default="the group's",
        ),
    ] = None
    parameters: Annotated[
        Document,
        Section.DEPLOYMENT.input(
            "Other parameters of CreateDeployment, as YAML or JSON, such as `ec2DeploymentOptions`"
        ),
    ] = None

    deployment_id: Annotated[
        deployment.DeploymentId, Section.RUN.input("Existing deployment to follow instead of creating one")
    ] = ""
    continue_: Annotated[
        Boolean,
        Field(alias="continue"),
        Section.RUN.input(
            "Blue/green: end the deployment's next wait, before traffic is rerouted or before the original "
            "instances are terminated"
        ),
    ] = None
    stop_after: Annotated[Stage, choice(Stage), Section.RUN.input("Last stage to run")] = Stage.WAIT
    timeout: Annotated[
        Duration, Section.RUN.input("How long to wait for the deployment: `90s`, `30m`, `2h`, `1h30m`")
    ] = timedelta(minutes=30)
    poll_interval: Annotated[
        Duration | None,
        Section.RUN.input("Fixed interval between status checks", default="adaptive, from 1s up to 10s"),
    ] = None
    on_conflict: Annotated[
        OnConflict,
        choice(OnConflict),
        Section.RUN.input(
            "What to do when another deployment of the group is active: `join` follows it if it deploys the "
            "same revision, so that a re-run resumes an interrupted run, and otherwise waits for it; `stop` "
            "stops it first"
        ),
    ] = OnConflict.JOIN
    on_newer: Annotated[
        OnNewer,
        choice(OnNewer),
        Section.RUN.input(
            "What to do when a newer run of the same workflow, by the CI's own counter, was deployed to the "
            "group or is being deployed; looked at again after each wait. It holds up a given `revision` "
            "only if an earlier job of the same run built it, or it is the run's own commit. With `fail` and "
            "`skip` the group must be readable"
        ),
    ] = OnNewer.WARN
    if_unchanged: Annotated[
        IfUnchanged,
        choice(IfUnchanged),
        Section.RUN.input("What to do when the whole group runs this very revision already"),
    ] = IfUnchanged.DEPLOY
    on_timeout: Annotated[
        OnEnd,
        choice(OnEnd),
        Section.RUN.input(
            "What to do with the deployment when `timeout` expires; `rollback` stops it and rolls back"
        ),
    ] = OnEnd.LEAVE
    on_cancel: Annotated[
        OnEnd, choice(OnEnd), Section.RUN.input("What to do with the deployment when the job is cancelled")
    ] = OnEnd.LEAVE
    on_first_failure: Annotated[
        OnEnd,
        choice(OnEnd),
        Section.RUN.input(
            "What to do with the deployment when its first instance fails: `leave` it to the deployment "
            "configuration, or end it at once; `rollback` stops it and rolls back"
        ),
    ] = OnEnd.LEAVE
    log_group: Annotated[
        deployment.LogGroup,
        Section.RUN.input(
            "CloudWatch Logs group that the instances ship the agent's log of deployments to: a failed "
            "script's whole output is shown instead of its last 2 KB. docs/logs.md says what to configure "
            "on the instances"
        ),
    ] = ""
    log_group_live: Annotated[
        Boolean,
        Section.RUN.input(
            "Print each line from `log-group` while the scripts run",
            default="`true` in a job with debug logging",
        ),
    ] = None
    pre_flight: Annotated[
        PreFlight,
        choice(PreFlight),
        Section.RUN.input("Checks before anything is sent; `strict` treats warnings as errors"),
    ] = PreFlight.ERRORS

    outputs_file: Annotated[
        Text,
        Section.REPORT.input(
            "File to write the outputs to: dotenv lines, or GitHub's own format on GitHub; never source it",
            default="`GITHUB_OUTPUT` on GitHub",
        ),
    ] = ""
    summary_file: Annotated[
        Text,
        Section.REPORT.input(
            "File to write the Markdown summary to", default="`GITHUB_STEP_SUMMARY` on GitHub"
        ),
    ] = ""
    junit_file: Annotated[
        Text,
        Section.REPORT.input(
            "File to write a JUnit report to: a suite for the pre-flight with a case per problem, and one "
            "per target with a case per lifecycle event"
        ),
    ] = ""

    @property
    def packages(self) -> bool:
        """Return whether the run deploys what it packages itself."""
        return not (self.revision or self.restart or self.deployment_id)

    @property
    def promoted(self) -> S3Revision | None:
        """The revision that is copied into `bucket` and deployed from there; None if nothing is copied."""
        given = self.revision
        copied = isinstance(given, S3Revision) and self.bucket and self.bucket != given.bucket
        return given if copied else None  # type: ignore[return-value]  # an S3Revision then

    @property
    def deployment_group(self) -> str:
        """The deployment group, empty when none is given."""
        return self.deployment_groups[0] if self.deployment_groups else ""

    @property
    def encryption(self) -> storage.Encryption | None:
        """The encryption to request: KMS if there is a KMS key, unless another is given."""
        return self.sse or (storage.Encryption.KMS if self.kms_key_id else None)

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
        facts = {"application": self.application, "group": self.deployment_group, **facts}
        return self.below(storage.filled_key(self.key, facts))

    def below(self, key: str) -> str:
        """Return the full key of an object below the folders in `bucket`; raises InvalidInput if too long."""
        return storage.below(self.prefix, key)


def inputs() -> dict[str, Input]:
    """Return the description of each input by its name, in the README's order."""
    return {
        str(field.alias): next(mark for mark in field.metadata if isinstance(mark, Input))
        for field in Settings.model_fields.values()
    }
