"""Revisions: the three kinds, as text and as API values, both ways."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode

if TYPE_CHECKING:
    from mypy_boto3_codedeploy.type_defs import (
        AppSpecContentTypeDef,
        RevisionLocationTypeDef,
        S3LocationTypeDef,
    )


class BundleType(StrEnum):
    """The archive format of a revision in S3; the values are CodeDeploy's own."""

    ZIP = "zip"
    TGZ = "tgz"
    TAR = "tar"
    YAML = "YAML"
    JSON = "JSON"

    @property
    def extension(self) -> str:
        """The file name's ending, without the dot."""
        return self.value.lower()

    @classmethod
    def of(cls, name: str) -> tuple[BundleType, str] | None:
        """Return the type that the ending of a name or key stands for, and the ending; None for any other."""
        lower = name.lower()
        return next(((kind, ending) for ending, kind in _ENDINGS.items() if lower.endswith(ending)), None)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A bundle in S3; `etag` is without quotes, `uploaded` false when it was already there.

    `resent` says why an object with the same digest was sent again; empty when there was none.
    `orphan` says that an unfinished upload may be left in the bucket, since S3's answer to it was lost;
    `copied` are the bytes that were not sent, because S3 copied them from another object.
    """

    bucket: str
    key: str
    type: BundleType
    etag: str
    size: int
    version_id: str | None = None
    uploaded: bool = True
    resent: str = ""
    orphan: bool = False
    copied: int = 0

    @property
    def revision(self) -> S3Revision:
        """The revision that is this object: pinned to its eTag, and to its version in a versioned bucket."""
        return S3Revision(self.bucket, self.key, self.type, self.etag, self.version_id)


@dataclass(frozen=True, slots=True)
class S3Revision:
    """An object in S3, pinned to its eTag and version where they are known."""

    bucket: str
    key: str
    type: BundleType
    etag: str | None = None
    version_id: str | None = None

    @property
    def uri(self) -> str:
        """The form that the output and the input `revision` share."""
        pins = {"versionId": self.version_id, "eTag": self.etag}
        if not self.key.lower().endswith(f".{self.type.extension}"):
            pins["bundleType"] = self.type.value
        query = urlencode({name: value for name, value in pins.items() if value})
        return f"s3://{self.bucket}/{quote(self.key)}" + (f"?{query}" if query else "")

    @property
    def label(self) -> str:
        """The text shown to readers."""
        return self.uri


@dataclass(frozen=True, slots=True)
class GitHubRevision:
    """A commit that the targets fetch from GitHub; `repository` is `owner/name`."""

    repository: str
    commit: str

    @property
    def uri(self) -> str:
        """The form that the output and the input `revision` share."""
        return f"github://{self.repository}/{self.commit}"

    @property
    def label(self) -> str:
        """The text shown to readers."""
        return self.uri


@dataclass(frozen=True, slots=True)
class AppSpecRevision:
    """An AppSpec that is itself the revision (Lambda, ECS), sent within the request.

    It is identified by its SHA-256 in hex; GetDeployment gives nothing else, so `content` may be unknown.
    """

    sha256: str
    content: str | None = field(default=None, compare=False)

    @classmethod
    def of(cls, content: str) -> AppSpecRevision:
        """Return the revision that consists of this AppSpec."""
        return cls(sha256(content.encode()).hexdigest(), content)

    @property
    def uri(self) -> str | None:
        """The form that the output and the input `revision` share: a `data:` URL (RFC 2397).

        None while the content is unknown, without which the revision cannot be deployed again.
        """
        if self.content is None:
            return None
        return f"data:application/yaml;base64,{b64encode(self.content.encode()).decode()}"

    @property
    def label(self) -> str:
        """The text shown to readers."""
        return f"inline AppSpec with SHA-256 {self.sha256}"


Revision = S3Revision | GitHubRevision | AppSpecRevision

FORMS = (
    "s3://bucket/key, optionally with ?versionId=…&eTag=…&bundleType=…; "
    "github://owner/repository/commit; or the output revision of another run."
)
"""The accepted forms, for messages."""

_GITHUB = re.compile(r"github://([\w.-]+/[\w.-]+)/([0-9a-f]{40})", re.ASCII | re.IGNORECASE)
_INLINE = re.compile(r"data:application/yaml;base64,(.+)", re.DOTALL)
_PINS = {"versionid": "version_id", "etag": "etag", "bundletype": "type"}
_ENDINGS = {
    ".zip": BundleType.ZIP,
    ".tar": BundleType.TAR,
    ".tgz": BundleType.TGZ,
    ".tar.gz": BundleType.TGZ,
    ".yaml": BundleType.YAML,
    ".yml": BundleType.YAML,
    ".json": BundleType.JSON,
}


def parse(text: str) -> Revision:
    """Parse a revision's `uri`, in any equivalent spelling.

    Raises ValueError, whose text completes the sentence "The revision …".
    """
    text = text.strip()
    scheme = text.partition(":")[0].lower()
    if scheme == "s3" and text[2:5] == "://":
        return _parse_s3(text[5:])
    if scheme == "github":
        return _parse_github(text)
    if scheme == "data" and (inline := _INLINE.fullmatch(text)):
        try:
            return AppSpecRevision.of(b64decode(inline[1], validate=True).decode())
        except (binascii.Error, UnicodeDecodeError):
            raise ValueError("is truncated, or was not the output of a run") from None
    raise ValueError("has an unknown format")


def _parse_s3(rest: str) -> S3Revision:
    path, _, query = rest.partition("?")
    bucket, _, key = path.partition("/")
    if not bucket or not key:
        raise ValueError("lacks a bucket or a key")
    pins: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name.lower() not in _PINS:
            raise ValueError(f"has the unknown part {name}=")
        pins[_PINS[name.lower()]] = value
    key = unquote(key)
    return S3Revision(
        bucket=bucket,
        key=key,
        type=_bundle_type(key, pins.get("type", "")),
        etag=pins.get("etag", "").strip('"') or None,
        version_id=pins.get("version_id") or None,
    )


def _bundle_type(key: str, named: str) -> BundleType:
    if named:
        types = {kind.value.lower(): kind for kind in BundleType}
        if named.lower() not in types:
            raise ValueError(f"has an unknown bundleType; known are {', '.join(BundleType)}")
        return types[named.lower()]
    found = BundleType.of(key)
    if found is None:
        raise ValueError(
            "does not end like an archive or AppSpec, so it needs a bundleType, such as ?bundleType=zip"
        )
    return found[0]


def _parse_github(text: str) -> GitHubRevision:
    match = _GITHUB.fullmatch(text)
    if not match:
        raise ValueError("is not of the form github://owner/repository/commit, with a commit of 40 digits")
    return GitHubRevision(match[1], match[2].lower())


def location(revision: Revision) -> RevisionLocationTypeDef:
    """Return the API's RevisionLocation; version and eTag only if they are known."""
    match revision:
        case GitHubRevision(repository, commit):
            return {
                "revisionType": "GitHub",
                "gitHubLocation": {"repository": repository, "commitId": commit},
            }
        case AppSpecRevision(sha256, content):
            inline: AppSpecContentTypeDef = {"sha256": sha256}
            if content is not None:
                inline["content"] = content
            return {"revisionType": "AppSpecContent", "appSpecContent": inline}
    s3: S3LocationTypeDef = {
        "bucket": revision.bucket,
        "key": revision.key,
        "bundleType": revision.type.value,
    }
    if revision.version_id:
        s3["version"] = revision.version_id
    if revision.etag:
        s3["eTag"] = revision.etag
    return {"revisionType": "S3", "s3Location": s3}


def of_location(place: RevisionLocationTypeDef) -> Revision | None:
    """Return the revision that an API RevisionLocation names; None for an unknown kind.

    An eTag comes as it was registered, in quotes where a client registered it so; here it never has any. Of
    an inline AppSpec most operations tell the digest only.
    """
    s3 = place.get("s3Location")
    github = place.get("gitHubLocation")
    inline = place.get("appSpecContent") or place.get("string")
    if s3 and s3.get("bundleType") in set(BundleType):
        return S3Revision(
            bucket=s3.get("bucket", ""),
            key=s3.get("key", ""),
            type=BundleType(s3["bundleType"]),
            etag=s3.get("eTag", "").strip('"') or None,
            version_id=s3.get("version"),
        )
    if github:
        return GitHubRevision(github.get("repository", ""), github.get("commitId", ""))
    if inline and (content := inline.get("content")):
        return AppSpecRevision.of(content)
    digest = inline.get("sha256") if inline else None
    return AppSpecRevision(digest.lower()) if digest else None
