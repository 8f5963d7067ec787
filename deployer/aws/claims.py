"""Pure: what a job's OIDC token says of the job, read from the token or derived from the CI's variables.

From the documentation of GitHub, GitLab, Bitbucket and CircleCI on OpenID Connect. A token's signature is for
AWS to check; what it claims is used in messages and policies only.
"""

from __future__ import annotations

import binascii
import json
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a token; empty where it has none."""

    issuer: str = ""
    subject: str = ""
    audience: str = ""
    expires: datetime | None = None


def claims_of(token: str) -> Claims:
    """Return the claims of a token, unverified; empty claims for anything that is not a token."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        expires = datetime.fromtimestamp(claims["exp"], UTC) if "exp" in claims else None
        issuer, subject, audience = (_text(claims.get(name, "")) for name in ("iss", "sub", "aud"))
        return Claims(issuer, subject, audience, expires)
    except (IndexError, binascii.Error, ValueError, TypeError, AttributeError, OverflowError, OSError):
        return Claims()


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


_PULL_REQUEST = re.compile(r"(?P<repository>repo:[^:]+):pull_request")


def narrower(claims: Claims) -> Claims | None:
    """Return what a trust policy should require if these are the claims of all pull requests; else None."""
    found = _PULL_REQUEST.fullmatch(claims.subject)
    return replace(claims, subject=f"{found['repository']}:environment:ENVIRONMENT") if found else None


_PLACEHOLDERS = (
    ("iam::", "ACCOUNT", "the number of the AWS account, or give --role-to-assume"),
    ("repo:", "OWNER/REPOSITORY", "the repository, or set GITHUB_REPOSITORY"),
    ("environment:", "ENVIRONMENT", "the job's environment, or set GITHUB_REF to trust a branch instead"),
    ("project_path:", "GROUP/PROJECT", "the project's path, or set CI_PROJECT_PATH"),
    (":ref:", "BRANCH", "the branch, or set CI_COMMIT_REF_NAME"),
    (":ref:", "TAG", "the tag, or set CI_COMMIT_REF_NAME"),
    ("org/", "ORGANIZATION", "the organization's id, or set CIRCLE_ORGANIZATION_ID"),
    ("project/", "PROJECT", "the project's id, or set CIRCLE_PROJECT_ID"),
    ("origin/", "ORIGIN", "the repository's address without https://, or set CIRCLE_REPOSITORY_URL"),
    ("vcs-ref/refs/heads/", "BRANCH", "the branch, or set CIRCLE_BRANCH"),
    ('"', "REPOSITORY", "the repository's UUID in braces, or set BITBUCKET_REPO_UUID"),
    (":", "ENVIRONMENT_UUID", "the environment's, or set BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID"),
)
"""The placeholders, each with what is before it, and what belongs in its place."""


def unfilled(document: str) -> Iterator[str]:
    """Yield a sentence for each placeholder of `expected_claims` that is left in a trust policy's JSON."""
    for before, word, meaning in _PLACEHOLDERS:
        if re.search(rf"{before}{word}(?![\w.-])", document):
            yield f"Replace {word} with {meaning}."


def expected_claims(environ: Mapping[str, str]) -> Claims:
    """Return the claims that this job's tokens have according to the CI's variables, GitHub's by default.

    Unknown values appear as UPPERCASE placeholders: a subject never admits a repository's pull requests,
    nor all of its branches.
    """

    def known(name: str, default: str) -> str:
        return environ.get(name) or default

    if "GITLAB_CI" in environ:
        kind = "tag" if environ.get("CI_COMMIT_TAG") else "branch"
        project, ref = known("CI_PROJECT_PATH", "GROUP/PROJECT"), known("CI_COMMIT_REF_NAME", kind.upper())
        subject = f"project_path:{project}:ref_type:{kind}:ref:{ref}"
        return Claims(known("CI_SERVER_URL", "https://gitlab.com"), subject)
    if "CIRCLECI" in environ:
        organization = known("CIRCLE_ORGANIZATION_ID", "ORGANIZATION")
        project, tag = known("CIRCLE_PROJECT_ID", "PROJECT"), known("CIRCLE_TAG", "")
        ref = f"refs/tags/{tag}" if tag else f"refs/heads/{known('CIRCLE_BRANCH', 'BRANCH')}"
        source = f"vcs-origin/{_origin(known('CIRCLE_REPOSITORY_URL', 'ORIGIN'))}/vcs-ref/{ref}"
        subject = f"org/{organization}/project/{project}/user/{_ANY_UUID}/{source}"
        return Claims(f"https://oidc.circleci.com/org/{organization}", subject, organization)
    if "BITBUCKET_WORKSPACE" in environ:
        workspace = environ["BITBUCKET_WORKSPACE"]
        issuer = f"https://api.bitbucket.org/2.0/workspaces/{workspace}/pipelines-config/identity/oidc"
        environment = known("BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID", "ENVIRONMENT_UUID")
        return Claims(issuer, f"{known('BITBUCKET_REPO_UUID', 'REPOSITORY')}:{environment}:*")
    ref = known("GITHUB_REF", "")
    scope = f"ref:{ref}" if ref.startswith(("refs/heads/", "refs/tags/")) else "environment:ENVIRONMENT"
    subject = f"repo:{known('GITHUB_REPOSITORY', 'OWNER/REPOSITORY')}:{scope}"
    return Claims("https://token.actions.githubusercontent.com", subject)


_ANY_UUID = "-".join("?" * length for length in (8, 4, 4, 4, 12))
"""Every UUID and nothing longer: `*` would admit whoever names a branch like the rest of the subject."""


def _origin(url: str) -> str:
    """Return a repository's URL as CircleCI's tokens have it: `github.com/acme/web`."""
    address = re.sub(r"^(?:\w+://)?(?:[^@/]*@)?", "", url)
    return address.replace(":", "/", 1).removesuffix(".git")
