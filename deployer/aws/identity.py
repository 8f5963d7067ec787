"""The identity that AWS calls are made with: roles, assumed from the job's token or from what the SDK found.

Credentials are botocore's own refreshable ones: shortly before they end the whole chain of roles is assumed
anew, beginning with a fresh token of the CI where it issues them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from deployer.aws.claims import claims_of
from deployer.aws.credentials import Attended, readable, text_or_empty
from deployer.aws.errors import is_transient, sdk_errors, service_errors, translate, translated
from deployer.aws.tokens import check_secret
from deployer.errors import AccessDenied, InvalidInput, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import CredentialsTypeDef

    from deployer.aws.client import Aws
    from deployer.aws.tokens import TokenSource
    from deployer.clock import Clock


_CHAINED_LIMIT = timedelta(hours=1)
"""The longest session of a role that was assumed by another role, from the IAM user guide."""

_EARLY, _LATEST = timedelta(minutes=5), timedelta(minutes=1)
"""Times before expiry at which credentials are renewed: the first attempt, and the last chance."""

_NAME_LIMIT = 64
_EXPIRATION = "AWS_CREDENTIAL_EXPIRATION"
_ENVIRONMENT = ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")


@dataclass(frozen=True, slots=True)
class RoleRequest:
    """The roles to assume, in order, and the parameters to assume them with; empty means not sent."""

    roles: tuple[str, ...]
    session_name: str
    external_id: str = ""
    duration: timedelta | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


def session_name(repository: str, run_id: str) -> str:
    """Return a session name that identifies the run, in characters that STS accepts."""
    name = "-".join(part for part in ("deployer", repository, run_id) if part)
    legal = re.sub(r"[^\w+=,.@-]", "-", name, flags=re.ASCII)
    kept = legal[: _NAME_LIMIT - len(run_id) - 1].rstrip("-")
    return legal if len(legal) <= _NAME_LIMIT else f"{kept}-{run_id}"[:_NAME_LIMIT]


def assume(
    aws: Aws, request: RoleRequest, *, tokens: TokenSource | None, mask: Callable[[str], None], clock: Clock
) -> Aws:
    """Return access to the same region as another identity, whose credentials renew themselves.

    Every secret is given to `mask` before it is used. Raises a DeployError that says what prevents it.
    """
    from botocore.credentials import RefreshableCredentials

    _check(request, tokens)
    chain = Chain(aws, request, tokens, mask)
    try:
        first = chain.renew()
    except sdk_errors() as error:
        raise translate(error, action=f"assume {request.roles[0]}") from error
    if first["expiry_time"] <= clock.now():
        raise AccessDenied(_clock_is_wrong(first["expiry_time"], clock.now()))
    credentials = RefreshableCredentials(
        **first,
        refresh_using=lambda: {**(new := chain.renew()), "expiry_time": new["expiry_time"].isoformat()},
        method="assume-role",
        time_fetcher=_steady(clock),
        advisory_timeout=int(_EARLY.total_seconds()),
        mandatory_timeout=int(_LATEST.total_seconds()),
    )
    base_ends = chain.token_ends if tokens else aws.ends
    ends = max(first["expiry_time"], base_ends) if base_ends else None
    return aws.becoming(credentials, ends=ends)


def _steady(clock: Clock) -> Callable[[], datetime]:
    """Return a wall clock that no adjustment of the machine's clock moves: no credentials seem expired."""
    began, ticked = clock.now(), clock.monotonic()
    return lambda: began + timedelta(seconds=clock.monotonic() - ticked)


def _check(request: RoleRequest, tokens: TokenSource | None) -> None:
    """Raise InvalidInput for what STS has no parameter for, or takes only shorter."""
    problems = []
    if tokens and len(request.roles) == 1:
        for name, given in (("role-external-id", request.external_id), ("role-session-tags", request.tags)):
            if given:
                problems.append(
                    Problem(
                        f"Input {name} cannot be sent together with a token, here that of {tokens.origin}.",
                        "Remove it: the trust policy can check the token's claims instead.",
                    )
                )
    if len(request.roles) > 1 and request.duration and request.duration > _CHAINED_LIMIT:
        problems.append(
            Problem(
                "Input role-duration is longer than one hour, the maximum that AWS allows for a chain of "
                "roles.",
                "Remove it: the credentials are renewed during the run.",
            )
        )
    if problems:
        raise InvalidInput(*problems)


def ambient(aws: Aws, environ: Mapping[str, str], *, mask: Callable[[str], None]) -> Aws | None:
    """Return a copy with masked credentials, and their expiry if the environment has it; None without any.

    Raises AccessDenied for credentials that are incomplete or cannot be had.
    """
    from botocore.credentials import Credentials, RefreshableCredentials

    key: str | None
    secret: str | None
    ends = _end(environ)
    try:
        with readable():
            credentials = aws.session.get_credentials()
            if credentials is None:
                return None
            if credentials.method == "env" and ends:
                # botocore would take them for renewable ones, and fail in its own way at their end
                key, secret, token = (environ.get(f"AWS_{name}", "") for name in _ENVIRONMENT)
                aws = aws.becoming(Credentials(key, secret, token), ends=ends)
            else:
                frozen = credentials.get_frozen_credentials()
                key, secret, token = (text_or_empty(text) for text in frozen[:3])
        if isinstance(credentials, RefreshableCredentials) and credentials.method != "env":
            aws = aws.becoming(cast("Credentials", Attended(credentials)))
    except sdk_errors() as error:
        raise translate(error, action="find credentials") from error
    for name, text in zip(_ENVIRONMENT, (key, secret, token), strict=True):
        if text:
            mask(text)
            check_secret(
                f"AWS_{name}"
                if credentials.method == "env"
                else f"The credentials' {name.lower().replace('_', ' ')}",
                text,
            )
    return aws


def _end(environ: Mapping[str, str]) -> datetime | None:
    """Return the end of the environment's own credentials; raises AccessDenied where it is no time."""
    text = environ.get(_EXPIRATION, "")
    if not text or not environ.get("AWS_ACCESS_KEY_ID"):
        return None
    try:
        ends = datetime.fromisoformat(text)
    except ValueError:
        raise AccessDenied(
            Problem(
                f"{_EXPIRATION} is not a time.",
                "Write it like 2026-01-31T12:00:00Z, as whatever issues the credentials does, or unset it.",
            )
        ) from None
    return ends.replace(tzinfo=ends.tzinfo or UTC)


@dataclass(slots=True)
class Chain:
    """The way to the last role; `token_ends` is when the token used last expires, None for a fresh one."""

    aws: Aws
    request: RoleRequest
    tokens: TokenSource | None
    mask: Callable[[str], None]
    token_ends: datetime | None = None

    def renew(self) -> dict[str, Any]:
        """Return new credentials of the last role, in botocore's format.

        Raises a DeployError for a refusal, and the SDK's exception for what may go better later.
        """
        first, *others = self.request.roles
        if self.tokens:
            found = self._by_token(first, self.tokens)
        else:
            found = self._by_role(self.aws.sts, first, last=not others)
        for role in others:
            found = self._by_role(self.aws.sts_as(found), role, last=role is others[-1])
        return {
            "access_key": found["AccessKeyId"],
            "secret_key": found["SecretAccessKey"],
            "token": found["SessionToken"],
            "expiry_time": found["Expiration"],
        }

    def _by_token(self, role: str, tokens: TokenSource) -> CredentialsTypeDef:
        token = tokens.fetch()
        self.mask(token)
        claims = claims_of(token)
        self.token_ends = None if tokens.fresh else claims.expires
        try:
            answer = self.aws.sts_unsigned.assume_role_with_web_identity(
                RoleArn=role,
                RoleSessionName=self.request.session_name,
                WebIdentityToken=token,
                **self._duration(last=len(self.request.roles) == 1),
            )
        except service_errors() as error:
            if is_transient(error):
                raise
            from deployer.aws.refusals import refused_token

            raise refused_token(error, role, claims, origin=tokens.origin) from error
        return self._masked(answer["Credentials"])

    def _by_role(self, client: STSClient, role: str, *, last: bool) -> CredentialsTypeDef:
        request = self.request
        parameters: dict[str, Any] = self._duration(last=last)
        if request.external_id:
            parameters["ExternalId"] = request.external_id
        if request.tags and last:
            parameters["Tags"] = [{"Key": key, "Value": value} for key, value in request.tags.items()]
        try:
            answer = client.assume_role(RoleArn=role, RoleSessionName=request.session_name, **parameters)
        except service_errors() as error:
            if is_transient(error):
                raise
            from deployer.aws.refusals import refused_role

            raise refused_role(
                error, role, external_id=request.external_id, tagged=bool(request.tags)
            ) from error
        return self._masked(answer["Credentials"])

    def _duration(self, *, last: bool) -> dict[str, Any]:
        seconds = self.request.duration.total_seconds() if self.request.duration and last else 0
        return {"DurationSeconds": int(seconds)} if seconds else {}

    def _masked(self, credentials: CredentialsTypeDef) -> CredentialsTypeDef:
        self.mask(credentials["AccessKeyId"])
        self.mask(credentials["SecretAccessKey"])
        self.mask(credentials["SessionToken"])
        return credentials


def _clock_is_wrong(expires: datetime, now: datetime) -> Problem:
    return Problem(
        f"AWS's new credentials expire at {expires:%Y-%m-%d %H:%M} UTC, but this machine's clock says "
        f"{now:%Y-%m-%d %H:%M} UTC.",
        "Set the machine's clock.",
    )


def confirm_account(expected: str, aws: Aws) -> None:
    """Raise AccessDenied when the credentials belong to another account than `expected`.

    GetCallerIdentity needs no permission. Raises other DeployErrors when it cannot be asked.
    """
    with translated("sts:GetCallerIdentity"):
        account = aws.sts.get_caller_identity()["Account"]
    if account != expected:
        raise AccessDenied(
            Problem(
                f"The AWS credentials belong to account {account}, not to the expected account {expected}.",
                "Check role-to-assume or the credentials, or change expected-account. Nothing was deployed.",
                code="unexpected-account",
            )
        )


def ends_too_early(aws: Aws, *, budget: timedelta, clock: Clock) -> Problem | None:
    """Return a warning if the credentials are known to expire before a wait that begins now times out."""
    if aws.ends is None or aws.ends - clock.now() >= budget:
        return None
    minutes = max(0, round((aws.ends - clock.now()).total_seconds() / 60))
    return Problem(
        f"The AWS credentials expire at {aws.ends:%H:%M} UTC, in {minutes} min, before the timeout does, "
        f"and cannot be renewed: a longer deployment would continue unwatched.",
        "On GitHub, set role-to-assume in this step instead of assuming the role in an earlier one: this "
        "step renews its credentials. Elsewhere, extend the lifetime of the CI's token or the session, or "
        "shorten timeout.",
        severity=Severity.WARNING,
        code="credentials-end-early",
    )
