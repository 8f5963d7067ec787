"""Who calls: access keys, sessions, and what the request's signature says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.emulator.errors import ServiceError
from tests.emulator.iam import Policies

if TYPE_CHECKING:
    from tests.emulator.wire import Request

SCOPE = re.compile(r"Credential=(?P<key>[^/]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
INVALID = "The security token included in the request is invalid."


@dataclass(frozen=True, slots=True)
class Scope:
    """What a request says of itself: key, session token, region. Empty where it is not signed."""

    access_key: str = ""
    token: str = ""
    region: str = "eu-west-1"


@dataclass(frozen=True, slots=True)
class Caller:
    """An identity with the policies that hold for it."""

    arn: str
    user_id: str
    policies: Policies = field(default_factory=Policies)


def scope_of(request: Request) -> Scope:
    """Read the signature's scope."""
    found = SCOPE.search(request.headers.get("authorization", ""))
    if not found:
        return Scope()
    return Scope(found["key"], request.headers.get("x-amz-security-token", ""), found["region"])


def refuse(service: str, code: str, message: str) -> ServiceError:
    """An authentication error under the name that the service gives it."""
    by_query = {
        "UnrecognizedClientException": "InvalidClientTokenId",
        "ExpiredTokenException": "ExpiredToken",
        "MissingAuthenticationTokenException": "MissingAuthenticationToken",
        "AccessDeniedException": "AccessDenied",
        "InvalidSignatureException": "SignatureDoesNotMatch",
    }
    if service == "sts":
        return ServiceError(by_query.get(code, code), message, status=403)
    return ServiceError(code, message, status=403 if service == "lambda" else 400)
