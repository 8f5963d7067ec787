"""A CI's token endpoint like GitHub's: tokens that decode as JWTs and that only the emulator vouches for."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deployer.clock import Clock, SystemClock
from tests.emulator.wire import Answer, as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.emulator.wire import Request

ISSUER = "https://token.actions.githubusercontent.com"


@dataclass(slots=True)
class TokenEndpoint:
    """Issues tokens to who holds the request token; each lives `lifetime` seconds."""

    clock: Clock = field(default_factory=SystemClock)
    request_token: str = "the-runner-s-request-token"
    subject: str = "repo:acme/hello-web:ref:refs/heads/main"
    lifetime: float = 300.0
    issuer: str = ISSUER
    issued: list[str] = field(default_factory=list)

    def issue(self, audience: str, **claims: Any) -> str:
        """A new token; `claims` go over the usual ones (`exp` is in seconds since the epoch)."""
        now = int(self.clock.now().timestamp())
        payload = {
            "iss": self.issuer,
            "aud": audience,
            "sub": self.subject,
            "iat": now,
            "nbf": now - 5,
            "exp": now + self.lifetime,
            "jti": f"token-{len(self.issued) + 1}",
            "repository": "acme/hello-web",
            "ref": "refs/heads/main",
            **claims,
        }
        parts = ({"alg": "none", "typ": "JWT"}, payload)
        token = ".".join([*(_encode(part) for part in parts), _encode({"number": len(self.issued) + 1})])
        self.issued.append(token)
        return token

    def answer(self, request: Request) -> Answer:
        """GitHub's `$ACTIONS_ID_TOKEN_REQUEST_URL`."""
        if request.headers.get("authorization", "").lower() != f"bearer {self.request_token}".lower():
            return as_json({"message": "Unauthorized"}, status=401)
        token = self.issue(request.query.get("audience", "https://github.com/acme"))
        return as_json({"count": len(token), "value": token})


def claims_of(token: str) -> Mapping[str, Any] | None:
    """What a token says, None when it is no JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    return claims if isinstance(claims, dict) else None


def _encode(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
