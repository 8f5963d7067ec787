"""S3's door: a real S3 server behind the emulator's identities, policies, regions and faults.

The server behind it checks signatures, checksums and conditions; what it lacks is done here: session tokens,
AWS's denials, owners and regions of buckets, encryption with KMS (which is acknowledged, not done). Requests
are signed anew with the key that the server knows.
"""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.emulator.deployments import partition
from tests.emulator.errors import ServiceError
from tests.emulator.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.emulator.wire import Request

OWN_HEADERS = {"authorization", "connection", "content-length", "expect", "host", "x-amz-security-token"}
ENCRYPTION = "x-amz-server-side-encryption"
HOP_HEADERS = {"connection", "date", "keep-alive", "server", "transfer-encoding"}
OBJECT_OPERATIONS = (
    ("PUT", "uploadId", "UploadPart"),
    ("POST", "uploads", "CreateMultipartUpload"),
    ("POST", "uploadId", "CompleteMultipartUpload"),
    ("DELETE", "uploadId", "AbortMultipartUpload"),
    ("GET", "uploadId", "ListParts"),
    ("PUT", "", "PutObject"),
    ("GET", "", "GetObject"),
    ("HEAD", "", "HeadObject"),
    ("DELETE", "", "DeleteObject"),
)
COPY = "x-amz-copy-source"
COPIES = {"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}
"""The same requests without a body, whose bytes S3 takes from another object."""

BUCKET_OPERATIONS = (
    ("GET", "location", "GetBucketLocation"),
    ("GET", "versioning", "GetBucketVersioning"),
    ("GET", "uploads", "ListMultipartUploads"),
    ("GET", "", "ListObjectsV2"),
    ("HEAD", "", "HeadBucket"),
)
ACTIONS = {
    "CopyObject": "PutObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "HeadObject": "GetObject",
    "ListObjectsV2": "ListBucket",
    "HeadBucket": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "ListMultipartUploads": "ListBucketMultipartUploads",
}


class Upstream(Protocol):
    """The server behind, and a key that it knows."""

    url: str
    access_key: str
    secret_key: str


@dataclass(frozen=True, slots=True)
class S3Call:
    """A request to S3 understood; `key` is empty for one about the bucket."""

    operation: str
    bucket: str
    key: str
    request: Request

    @property
    def parameters(self) -> dict[str, Any]:
        """What the log of calls keeps."""
        kept = {name: value for name, value in self.request.headers.items() if name.startswith("x-amz-")}
        kept.pop("x-amz-security-token", None)
        return {"Bucket": self.bucket, "Key": self.key, "query": dict(self.request.query), "headers": kept}

    def needed(self, region: str) -> Iterator[tuple[str, str]]:
        """The pairs of action and resource that the caller must be allowed."""
        resource = bucket_arn(self.bucket, region) + (f"/{self.key}" if self.key else "")
        action = ACTIONS.get(self.operation, self.operation)
        versioned = action == "GetObject" and "versionId" in self.request.query
        yield f"s3:{action}Version" if versioned else f"s3:{action}", resource
        if "x-amz-acl" in self.request.headers:
            yield "s3:PutObjectAcl", resource
        if "x-amz-tagging" in self.request.headers:
            yield "s3:PutObjectTagging", resource
        if self.source:
            path, _, version = self.source.partition("?versionId=")
            action = "s3:GetObjectVersion" if version else "s3:GetObject"
            yield action, f"arn:{partition(region)}:s3:::{unquote(path)}"

    @property
    def source(self) -> str:
        """Bucket, key and version of the object to copy, as they were sent; empty for any other request."""
        return self.request.headers.get(COPY, "").lstrip("/")


def bucket_arn(bucket: str, region: str) -> str:
    """The bucket's ARN in the region's partition."""
    return f"arn:{partition(region)}:s3:::{bucket}"


def read(request: Request) -> S3Call:
    """Which operation on what; buckets are in the path."""
    bucket, _, key = request.path.lstrip("/").partition("/")
    for method, marker, operation in OBJECT_OPERATIONS if key else BUCKET_OPERATIONS:
        if request.method == method and (not marker or marker in request.query):
            known = COPIES[operation] if COPY in request.headers else operation
            return S3Call(known, unquote(bucket), unquote(key), request)
    raise ServiceError("MethodNotAllowed", "The emulator does not know this request to S3.", status=405)


def check_bucket(
    call: S3Call, *, account: str, owners: Mapping[str, str], region: str, regions: Mapping[str, str]
) -> None:
    """The buckets have to be of the owners that are expected; one of another region redirects.

    S3 copies from a bucket in any region.
    """
    headers, source = call.request.headers, call.source.partition("/")[0]
    for bucket, header in (
        (call.bucket, "x-amz-expected-bucket-owner"),
        (source, "x-amz-source-expected-bucket-owner"),
    ):
        owner = owners.get(bucket, account)
        if headers.get(header, owner) != owner:
            raise ServiceError("AccessDenied", "Access Denied", status=403)
    actual = regions.get(call.bucket, region)
    if actual != region:
        message = "The bucket you are attempting to access must be addressed using the specified endpoint."
        raise ServiceError("PermanentRedirect", message, status=301, headers={"x-amz-bucket-region": actual})


def forward(call: S3Call, upstream: Upstream, region: str) -> Answer:
    """Sign the request anew, send it on, and hand the answer back."""
    request, url = call.request, urlsplit(upstream.url)
    target = request.path + (f"?{request.query_string}" if request.query_string else "")
    headers = {name: value for name, value in request.headers.items() if name not in OWN_HEADERS}
    kms = headers.get("x-amz-server-side-encryption") == "aws:kms"
    encryption = {name: headers.pop(name) for name in list(headers) if kms and name.startswith(ENCRYPTION)}
    signed = AWSRequest(request.method, f"{upstream.url}{target}", headers, request.body)
    _Resign(upstream, region, headers["x-amz-content-sha256"]).add_auth(signed)
    connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=30)
    try:
        connection.request(request.method, target, request.body, dict(signed.headers.items()))
        response = connection.getresponse()
        kept = {
            name.lower(): value for name, value in response.getheaders() if name.lower() not in HOP_HEADERS
        }
        return Answer(response.status, response.read(), kept | encryption)
    finally:
        connection.close()


class _Resign(S3SigV4Auth):
    """Keeps the client's word for the body, so that the server behind can check it."""

    def __init__(self, upstream: Upstream, region: str, digest: str) -> None:
        super().__init__(Credentials(upstream.access_key, upstream.secret_key), "s3", region)
        self.digest = digest

    def payload(self, request: object) -> str:  # noqa: ARG002  (the base class's signature)
        return self.digest
