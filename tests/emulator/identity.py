"""Who calls: what a request's signature says, and whether it is right."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.emulator.errors import ServiceError
from tests.emulator.iam import Policies

if TYPE_CHECKING:
    from tests.emulator.wire import Request

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, "
    r"SignedHeaders=(?P<headers>[^,]+), Signature=(?P<signature>[0-9a-f]+)"
)
INVALID = "The security token included in the request is invalid."
BAD_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)
BY_SERVICE = {
    "autoscaling": {"AccessDeniedException": "AccessDenied"},
    "ec2": {"AccessDeniedException": "UnauthorizedOperation"},
    "sts": {
        "UnrecognizedClientException": "InvalidClientTokenId",
        "ExpiredTokenException": "ExpiredToken",
        "MissingAuthenticationTokenException": "MissingAuthenticationToken",
        "AccessDeniedException": "AccessDenied",
        "InvalidSignatureException": "SignatureDoesNotMatch",
    },
    "s3": {
        "UnrecognizedClientException": "InvalidAccessKeyId",
        "ExpiredTokenException": "ExpiredToken",
        "MissingAuthenticationTokenException": "AccessDenied",
        "AccessDeniedException": "AccessDenied",
        "InvalidSignatureException": "SignatureDoesNotMatch",
    },
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What a request says of itself: key, session token, region; empty where it is not signed."""

    request: Request
    access_key: str = ""
    token: str = ""
    region: str = "eu-west-1"
    service: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """An identity with the policies that hold for it."""

    arn: str
    user_id: str
    policies: Policies = field(default_factory=Policies)


def scope_of(request: Request) -> Scope:
    """Read the signature's scope."""
    found = AUTHORIZATION.match(request.headers.get("authorization", ""))
    if not found:
        return Scope(request)
    token = request.headers.get("x-amz-security-token", "")
    return Scope(request, found["key"], token, found["region"], found["service"])


def check_signature(scope: Scope, secret: str, service: str) -> None:
    """Sign the request again and compare."""
    request = scope.request
    found = AUTHORIZATION.match(request.headers["authorization"])
    assert found is not None
    signed = AWSRequest(
        method=request.method,
        url=f"http://{request.headers['host']}{request.path}?{request.query_string}",
        headers={name: request.headers[name] for name in found["headers"].split(";")},
        data=request.body,
    )
    signed.context["timestamp"] = request.headers["x-amz-date"]
    kind = S3SigV4Auth if scope.service == "s3" else SigV4Auth
    signer = kind(Credentials(scope.access_key, secret), scope.service, scope.region)
    wanted = signer.signature(signer.string_to_sign(signed, signer.canonical_request(signed)), signed)
    if wanted != found["signature"]:
        raise refuse(service, "InvalidSignatureException", BAD_SIGNATURE)


def refuse(service: str, code: str, message: str) -> ServiceError:
    """An error of authentication or authorization under the name that the service gives it."""
    name = BY_SERVICE.get(service, {}).get(code, code)
    forbidden = service in {"autoscaling", "ec2", "lambda", "sts"} or (
        service == "s3" and name != "ExpiredToken"
    )
    return ServiceError(name, message, status=403 if forbidden else 400)
