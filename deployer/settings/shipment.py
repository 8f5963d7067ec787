"""The inputs about what is deployed, where to, and where it is kept until then."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from deployer.choices import Compression, Stage
from deployer.errors import InvalidInput, Problem
from deployer.model import BundleType
from deployer.settings.described import Input, Section
from deployer.settings.kinds import (
    BucketPath,
    FilePath,
    KeyTemplate,
    Lines,
    Name,
    Names,
    Region,
    Text,
    choice,
)
from deployer.settings.structured import (
    Account,
    CannedAcl,
    Encryption,
    GivenRevision,
    StorageClass,
    Tags,
    Variables,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_ARCHIVES = (BundleType.ZIP, BundleType.TGZ, BundleType.TAR)
_KEY_LIMIT = 1024
"""Bytes in the key of an S3 object, by the S3 user guide."""


class Shipment(BaseSettings):
    """What, where to, and by way of which bucket; a part of `Settings`."""

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
