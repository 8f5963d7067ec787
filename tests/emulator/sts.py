"""STS: roles with trust policies, and sessions that expire."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.emulator import iam
from tests.emulator.deployments import partition
from tests.emulator.errors import ServiceError
from tests.emulator.identity import INVALID, Caller, Scope, check_signature, refuse
from tests.emulator.oidc import ISSUER, TokenEndpoint, claims_of

if TYPE_CHECKING:
    from collections.abc import Mapping

ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/(.+)")
CHAINED_SECONDS = 3600


def trust_web_identity(
    *,
    subject: str = "repo:acme/hello-web:*",
    audience: str = "sts.amazonaws.com",
    account: str = "123456789012",
    issuer: str = ISSUER,
) -> iam.Document:
    """The trust policy for a CI's tokens; `subject` may hold wildcards."""
    host = issuer.removeprefix("https://")
    return {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Federated": f"arn:aws:iam::{account}:oidc-provider/{host}"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{host}:aud": audience}, "StringLike": {f"{host}:sub": subject}},
        },
    }


def trust_principal(*arns: str, external_id: str | None = None, tags: bool = False) -> iam.Document:
    """The trust policy for other identities."""
    condition = {"Condition": {"StringEquals": {"sts:ExternalId": external_id}}} if external_id else {}
    actions = ["sts:AssumeRole", *(["sts:TagSession"] if tags else [])]
    statement = {"Effect": "Allow", "Principal": {"AWS": list(arns)}, "Action": actions, **condition}
    return {"Version": "2012-10-17", "Statement": [statement]}


@dataclass(frozen=True, slots=True)
class Role:
    """A role. Its sessions live `session_seconds` (None: as long as was asked for)."""

    name: str
    trust: iam.Document
    policies: iam.Policies = field(default_factory=iam.Policies)
    session_seconds: float | None = None
    max_seconds: int = 3600

    def __post_init__(self) -> None:
        iam.check_document(self.trust)


@dataclass(frozen=True, slots=True)
class Session:
    """Credentials of an assumed role; `expires` is on the monotonic clock."""

    access_key: str
    secret_key: str
    token: str
    caller: Caller
    role_arn: str
    expires: float


class Sts:
    """Identities, roles and sessions.

    `keys` are the known access keys with their secrets (None: any key is right), `policies` what each may do
    (the key `*` stands for all others). `providers` are the issuers of tokens that the account knows,
    `audiences` the client ids that they are set up with.
    """

    def __init__(
        self,
        *,
        account: str,
        tokens: TokenEndpoint,
        keys: Mapping[str, str] | None = None,
        policies: Mapping[str, iam.Policies] | None = None,
        roles: tuple[Role, ...] = (),
    ) -> None:
        self.account = account
        self.tokens = tokens
        self.keys = keys
        self.policies = dict(policies or {})
        self.roles = {role.name: role for role in roles}
        self.providers = {ISSUER, "https://gitlab.com"}
        self.audiences = {"sts.amazonaws.com"}
        self.sessions: dict[str, Session] = {}

    def caller(self, scope: Scope, service: str) -> Caller:
        """Who the request comes from; the signature is checked where the secret is known."""
        if not scope.access_key:
            raise refuse(service, "MissingAuthenticationTokenException", "Missing Authentication Token")
        if scope.token:
            session = self._session(scope, service)
            check_signature(scope, session.secret_key, service)
            return session.caller
        if scope.access_key.startswith("ASIA") or (
            self.keys is not None and scope.access_key not in self.keys
        ):
            raise refuse(service, "UnrecognizedClientException", INVALID)
        if self.keys is not None:
            check_signature(scope, self.keys[scope.access_key], service)
        policies = self.policies.get(scope.access_key) or self.policies.get("*")
        arn = f"arn:{partition(scope.region)}:iam::{self.account}:user/ci"
        return Caller(arn, "AIDAEXAMPLE0000000001", policies or iam.Policies())

    def _session(self, scope: Scope, service: str) -> Session:
        session = self.sessions.get(scope.token)
        if session is None or session.access_key != scope.access_key:
            raise refuse(service, "UnrecognizedClientException", INVALID)
        if self.tokens.clock.monotonic() >= session.expires:
            message = "The security token included in the request is expired"
            raise refuse(service, "ExpiredTokenException", message)
        return session

    def call(self, operation: str, request: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
        """Carry out one operation."""
        if operation == "AssumeRoleWithWebIdentity":
            return self._assume_with_token(request)
        caller = self.caller(scope, "sts")
        if operation == "GetCallerIdentity":
            return {"UserId": caller.user_id, "Account": self.account, "Arn": caller.arn}
        return self._assume(request, caller, chained=bool(scope.token))

    def _assume(self, request: Mapping[str, Any], caller: Caller, *, chained: bool) -> dict[str, Any]:
        arn = request["RoleArn"]
        root = f"arn:{partition_of(arn)}:iam::{self.account}:root"
        principals = {caller.arn, root, self.account}
        principals |= {session.role_arn for session in self.sessions.values() if session.caller is caller}
        keys = {"sts:ExternalId": request["ExternalId"]} if "ExternalId" in request else {}
        for action in ("sts:AssumeRole", *(("sts:TagSession",) if request.get("Tags") else ())):
            if not self._trusts(arn, action, iam.Context(frozenset(principals), keys)):
                text = f"User: {caller.arn} is not authorized to perform: {action} on resource: {arn}"
                raise ServiceError("AccessDenied", text, status=403)
        if chained and request.get("DurationSeconds", CHAINED_SECONDS) > CHAINED_SECONDS:
            limit = "the 1 hour session limit for roles assumed by role chaining."
            raise ServiceError("ValidationError", f"The requested DurationSeconds exceeds {limit}")
        return self._open(request)

    def _assume_with_token(self, request: Mapping[str, Any]) -> dict[str, Any]:
        claims = self._verified(request["WebIdentityToken"])
        host = claims["iss"].removeprefix("https://")
        provider = f"arn:{partition_of(request['RoleArn'])}:iam::{self.account}:oidc-provider/{host}"
        keys = {f"{host}:{name}": str(value) for name, value in claims.items()}
        context = iam.Context(frozenset({provider}), keys)
        if not self._trusts(request["RoleArn"], "sts:AssumeRoleWithWebIdentity", context):
            text = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
            raise ServiceError("AccessDenied", text, status=403)
        return {
            **self._open(request),
            "SubjectFromWebIdentityToken": claims["sub"],
            "Audience": claims["aud"],
            "Provider": provider,
        }

    def _verified(self, token: str) -> Mapping[str, Any]:
        """The claims of a token that the provider vouches for, is in time, and is meant for us."""
        claims, now = claims_of(token), round(self.tokens.clock.now().timestamp())
        if claims is None or "iss" not in claims:
            raise _bad_token(
                "The ID Token provided is not a valid JWT. "
                "(You may see this error if you sent an Access Token)"
            )
        if claims["iss"] not in self.providers:
            raise _bad_token(f"No OpenIDConnect provider found in your account for {claims['iss']}")
        if token not in self.tokens.issued:
            raise _bad_token("Couldn't retrieve verification key from your identity provider")
        if now >= claims["exp"]:
            limit = f"current date/time {now} must be before the expiration date/time {round(claims['exp'])}"
            raise ServiceError("ExpiredTokenException", f"Token expired: {limit}")
        if now < claims["nbf"]:
            raise _bad_token(f"Token is not yet valid: current date/time {now}, not before {claims['nbf']}")
        if claims["aud"] not in self.audiences:
            raise _bad_token("Incorrect token audience")
        return claims

    def _role(self, arn: str) -> Role | None:
        found = ROLE_ARN.fullmatch(arn)
        return self.roles.get(found[2]) if found and found[1] == self.account else None

    def _trusts(self, arn: str, action: str, context: iam.Context) -> bool:
        role = self._role(arn)
        return role is not None and bool(iam.decide(role.trust, action, "*", context))

    def _open(self, request: Mapping[str, Any]) -> dict[str, Any]:
        arn = request["RoleArn"]
        role = self._role(arn)
        assert role is not None
        asked = request.get("DurationSeconds", 3600)
        if asked > role.max_seconds:
            text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
            raise ServiceError("ValidationError", text)
        seconds = asked if role.session_seconds is None else role.session_seconds
        number, name = len(self.sessions) + 1, request["RoleSessionName"]
        key, secret = f"ASIAEMULATOR{number:08d}", f"session-secret-{number}"
        user_id = f"AROAEXAMPLE0000000001:{name}"
        caller = Caller(
            f"arn:{partition_of(arn)}:sts::{self.account}:assumed-role/{role.name}/{name}",
            user_id,
            role.policies,
        )
        expires = self.tokens.clock.monotonic() + seconds
        session = Session(key, secret, f"session-token-{number}", caller, arn, expires)
        self.sessions[session.token] = session
        expiration = self.tokens.clock.now() + timedelta(seconds=seconds)
        return {
            "Credentials": {
                "AccessKeyId": key,
                "SecretAccessKey": secret,
                "SessionToken": session.token,
                "Expiration": expiration.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            },
            "AssumedRoleUser": {"AssumedRoleId": user_id, "Arn": caller.arn},
        }


def partition_of(arn: str) -> str:
    """The partition that an ARN names."""
    return arn.split(":", 2)[1]


def _bad_token(message: str) -> ServiceError:
    return ServiceError("InvalidIdentityToken", message)
