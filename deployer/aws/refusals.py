"""Explanations of why a role could not be assumed, with the lines to paste."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from deployer.aws.claims import narrower
from deployer.aws.denial import principal, read_denial
from deployer.aws.errors import error_code, is_denied, translate
from deployer.aws.policy import assume_trust, token_trust
from deployer.aws.tokens import PERMISSIONS
from deployer.errors import AccessDenied, InvalidInput, Problem

if TYPE_CHECKING:
    from deployer.aws.claims import Claims


_BESIDE = {
    "service control",
    "resource control",
    "session",
    "VPC endpoint",
    "permissions boundary",
}
"""Kinds of policies that can withhold a role although the identity's and the role's own allow it."""


def refused_token(error: Exception, role: str, claims: Claims, *, origin: str) -> AccessDenied | InvalidInput:
    """Explain why this token cannot assume this role."""
    action, code = "sts:AssumeRoleWithWebIdentity", error_code(error)
    plain = translate(error, action=action, resource=role)
    problem = plain.problems[0]
    name = code.removesuffix("Exception")
    denial = read_denial(problem.message, action=action, resource=role)
    if is_denied(error) and (denial.explicit or denial.policy in _BESIDE):
        return AccessDenied(problem)
    if is_denied(error):
        hint = (
            "The role does not exist, or its trust policy does not allow this job. The token says: issuer "
            f"{claims.issuer}, audience {claims.audience}, subject {claims.subject}. "
            + _admission(role, claims)
        )
    elif name == "InvalidIdentityToken":
        hint = _provider_hint(str(error), role, claims)
    elif name == "ExpiredToken":
        ended = f" at {claims.expires:%H:%M} UTC" if claims.expires else ""
        hint = (
            f"The token of {origin} expired{ended} before AWS received it. Let the CI issue it later or "
            f"with a longer lifetime, or check this machine's clock."
        )
    elif name == "ValidationError":
        return _not_valid(problem)
    else:
        return plain if isinstance(plain, InvalidInput) else AccessDenied(problem)
    return AccessDenied(Problem(problem.message, hint, code=code))


def _admission(role: str, claims: Claims) -> str:
    """Return the narrowest trust policy that admits this job."""
    advice = "This trust policy allows it:"
    if better := narrower(claims):
        advice = (
            "That is the subject of every pull request of the repository. Do not allow it, or anyone who "
            "can open one could deploy. Deploy from a branch instead, or set an environment in the job, "
            "whose protection rules control who may use it, and allow that:"
        )
        claims = better
    trust = token_trust(role, issuer=claims.issuer, subject=claims.subject, audience=claims.audience)
    return f"{advice}\n{json.dumps(trust, indent=2)}"


def _provider_hint(text: str, role: str, claims: Claims) -> str:
    """Return what the account's identity provider lacks: AWS's text says which of two it is."""
    arn = role.partition(":role/")[0] + ":oidc-provider/" + claims.issuer.removeprefix("https://")
    audience = (
        f"The token's audience is {claims.audience}: set web-identity-audience (on GitLab aud: under "
        "id_tokens) to one that the identity provider in IAM lists, usually sts.amazonaws.com, or add this "
        "one to it:\naws iam add-client-id-to-open-id-connect-provider "
        f"--open-id-connect-provider-arn {arn} --client-id {claims.audience}"
    )
    provider = (
        f"The account needs an identity provider for the tokens' issuer {claims.issuer}:\naws iam "
        f"create-open-id-connect-provider --url {claims.issuer} --client-id-list {claims.audience}"
    )
    said = text.lower()
    for words, hint in (
        (("verification key",), _unreachable_keys(claims)),
        (("thumbprint", "certificate"), _thumbprint(arn)),
        (("valid jwt", "not a jwt", "malformed", "parse"), _NO_JWT),
        (("missing", "required claim"), _NO_CLAIM),
        (("audience",), audience),
        (("claim",), _NO_CLAIM),
        (("provider",), provider),
    ):
        if any(word in said for word in words):
            return hint
    return f"{audience}\n{provider}"


_NO_JWT = (
    "The text sent as a token is not a JSON web token: check that the variable named by "
    "web-identity-token-variable holds the complete token, without quotes."
)
_NO_CLAIM = (
    "The token lacks a claim that AWS needs (iss, sub, aud, exp, iat): let the CI issue an OpenID Connect ID "
    "token."
)


def _unreachable_keys(claims: Claims) -> str:
    return (
        f"AWS cannot fetch the keys of the issuer {claims.issuer}: "
        f"{claims.issuer}/.well-known/openid-configuration and the jwks_uri in it must be reachable from "
        f"the internet, with a valid certificate. After an outage or a key rotation, run the job again; the "
        f"identity provider in IAM is not the cause."
    )


def _thumbprint(arn: str) -> str:
    return (
        "The identity provider in IAM holds the thumbprint of another certificate:\n"
        "aws iam update-open-id-connect-provider-thumbprint "
        f"--open-id-connect-provider-arn {arn} --thumbprint-list THUMBPRINT"
    )


def refused_role(
    error: Exception, role: str, *, external_id: str, tagged: bool
) -> AccessDenied | InvalidInput:
    """Explain why these credentials cannot assume this role."""
    problem = translate(error, action="sts:AssumeRole", resource=role).problems[0]
    if error_code(error) == "ValidationError":
        return _not_valid(problem)
    if not is_denied(error):
        return AccessDenied(problem)
    denial = read_denial(problem.message, action="sts:AssumeRole", resource=role)
    if denial.explicit or denial.policy in _BESIDE:
        return AccessDenied(problem)
    if "root account" in problem.message:
        hint = "The root user of an account cannot assume roles: use an IAM role or user."
        return AccessDenied(Problem(problem.message, hint, code=problem.code))
    caller = denial.identity
    actions = ["sts:AssumeRole", "sts:TagSession"] if tagged else "sts:AssumeRole"
    statement = json.dumps({"Effect": "Allow", "Action": actions, "Resource": role})
    trust = assume_trust(principal(caller), external_id=external_id, tagged=tagged)
    given = ", with this external ID" if external_id else ""
    if denial.policy == "role trust":
        hint = (
            f"Only the role's trust policy does not allow it. It must contain this{given}:\n"
            f"{json.dumps(trust, indent=2)}"
        )
    else:
        hint = (
            f"Both sides must allow it. The policy of {caller or 'the identity'}:\n{statement}\nand the "
            f"role's trust policy{given}:\n{json.dumps(trust, indent=2)}"
        )
    return AccessDenied(Problem(problem.message, hint, code=problem.code))


def _not_valid(problem: Problem) -> InvalidInput:
    hint = "Check role-to-assume, and role-duration against the role's maximum session duration."
    return InvalidInput(Problem(problem.message, hint, code=problem.code))


def no_credentials(*, on_github: bool, role_wanted: bool) -> AccessDenied:
    """Return the error for a run that has neither a token nor any other credentials."""
    from botocore.exceptions import NoCredentialsError

    if not (on_github and role_wanted):
        return AccessDenied(*translate(NoCredentialsError(), action="find credentials").problems)
    return AccessDenied(
        Problem(
            "role-to-assume is set, but this job may not ask GitHub for an OIDC token, and there are no "
            "other AWS credentials.",
            f"Add this to the job or the workflow:\n{PERMISSIONS}",
        )
    )
