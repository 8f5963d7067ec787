"""The OIDC token that a CI gives to a job, and how to get it.

From the documentation of GitHub, GitLab, Bitbucket and CircleCI on OpenID Connect with AWS.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from http import HTTPStatus
from stat import S_ISREG
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from deployer.aws.retries import PATIENCE
from deployer.errors import AccessDenied, InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deployer.aws.retries import Retries


_GITHUB_URL, REQUEST_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
"""GitHub's variables: where to ask for a token, and the secret that has to come with the request."""

_FOUND_UNNAMED = (
    "BITBUCKET_STEP_OIDC_TOKEN",
    "CIRCLE_OIDC_TOKEN_V2",
    "CIRCLE_OIDC_TOKEN",
    "GITLAB_OIDC_TOKEN",
)
_TIMEOUT_SECONDS = 10
_LONGEST = 20_000
"""Characters of a web identity token, by the STS API reference."""

_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_NAMES = {"\n": "a newline", "\r": "a carriage return", "\t": "a tab", " ": "a space"}
_BUSY = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}

PERMISSIONS = "permissions:\n  id-token: write # to ask for the job's OIDC token\n  contents: read"
"""The lines that a workflow or job on GitHub must contain."""


def check_secret(name: str, secret: str) -> None:
    """Raise AccessDenied for a secret that no header can hold, most often for a newline that came with it.

    The HTTP client would refuse it too, and quote it.
    """
    for index, char in enumerate(secret):
        if not "!" <= char <= "~":
            end = not secret[index:].strip()
            where = "begins with" if index == 0 else "ends with" if end else "contains"
            raise AccessDenied(
                Problem(
                    f"{name} {where} {_NAMES.get(char, 'an invalid character')}.",
                    "Set it again to the secret alone, without anything before or after it.",
                )
            )


@dataclass(frozen=True, slots=True)
class TokenSource:
    """The origin of the job's token, in words, and the call that gets it; `fresh` if each is new."""

    origin: str
    fetch: Callable[[], str]
    fresh: bool = False


def find_token(
    environ: Mapping[str, str], *, audience: str, variable: str = "", file: str = "", retries: Retries
) -> TokenSource | None:
    """Return the source that the inputs name, or else the CI's own; None if there is none.

    Raises InvalidInput when a named variable or file holds nothing. `fetch` raises a DeployError when the CI
    refuses, and botocore's exceptions when it cannot be reached.
    """
    if variable:
        if not environ.get(variable, "").strip():
            raise InvalidInput(
                Problem(
                    f"Input web-identity-token-variable: the variable {variable} is not set.",
                    "On GitLab, name it under id_tokens; for a container, pass it with --env.",
                )
            )
        return _from_variable(environ, variable)
    if file:
        return TokenSource(f"the file {file}", lambda: _read(file))
    if environ.get(_GITHUB_URL):
        return TokenSource("GitHub", lambda: _ask_github(environ, audience, retries), fresh=True)
    found = next((name for name in _FOUND_UNNAMED if environ.get(name, "").strip()), None)
    return _from_variable(environ, found) if found else None


def _from_variable(environ: Mapping[str, str], name: str) -> TokenSource:
    return TokenSource(f"the variable {name}", lambda: _checked(environ[name], f"The variable {name}"))


def _read(path: str) -> str:
    """Return the token in a file. Anything else, such as a device or another secret, is never sent to AWS."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            regular = S_ISREG(os.fstat(descriptor).st_mode)
            text = file.read(_LONGEST + 1).decode("ascii") if regular else ""
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or "it is not ASCII text"
        raise InvalidInput(
            Problem(
                f"Input web-identity-token-file: {path} cannot be read: {why}.",
                "Name a file that holds the job's OIDC token.",
            )
        ) from error
    return _checked(text, f"Input web-identity-token-file: {path}")


def _checked(text: str, name: str) -> str:
    """Return the token in a text; otherwise raises InvalidInput, which quotes nothing of the text."""
    token = text.strip()
    if len(text) > _LONGEST or not _TOKEN.fullmatch(token):
        raise InvalidInput(
            Problem(
                f"{name} holds no OIDC token: that is one line of three parts in base64url with dots between "
                f"them, of at most {_LONGEST:,} characters, in a regular file or a variable.",
                "Name what holds the job's OIDC token, and nothing else.",
            )
        )
    return token


def _ask_github(environ: Mapping[str, str], audience: str, retries: Retries) -> str:
    """Request a new token from the runner's endpoint; its faults are tried again as those of AWS."""
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.exceptions import HTTPClientError

    from deployer.aws.answers import UnreadableAnswer

    check_secret(REQUEST_TOKEN, environ.get(REQUEST_TOKEN, ""))
    url = f"{environ[_GITHUB_URL]}&{urlencode({'audience': audience})}"
    _check_url(environ[_GITHUB_URL])
    begun, failures, what = retries.clock.monotonic(), 0, "the request for an OIDC token"
    while True:
        try:
            return _token_in(*_get(url, environ))
        except (NoConnection, HTTPClientError, UnreadableAnswer) as error:
            failures += 1
            if not retries.hold_back(error, what, failures, begun=begun, longest=PATIENCE, who="GitHub"):
                raise


def _check_url(url: str) -> None:
    """Raise AccessDenied for an address that is none, before anybody quotes it."""
    check_secret(_GITHUB_URL, url)
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise AccessDenied(
            Problem(
                f"{_GITHUB_URL} is not an HTTP URL, so no OIDC token can be requested.",
                "Do not change this variable, which GitHub's runner sets.",
            )
        )


def _token_in(status: int, body: bytes) -> str:
    """Return the token in the endpoint's response; raises UnreadableAnswer, or AccessDenied if refused."""
    from deployer.aws.answers import UnreadableAnswer

    if status != HTTPStatus.OK:
        raise AccessDenied(
            Problem(
                f"GitHub refused to issue an OIDC token for this job: HTTP status {status}.",
                f"The job needs this permission:\n{PERMISSIONS}",
            )
        )
    try:
        token = json.loads(body)["value"]
    except (ValueError, LookupError, TypeError, RecursionError):
        token = None
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise UnreadableAnswer(operation="the request for GitHub's OIDC token", reason="it contains no token")
    return token


def _get(url: str, environ: Mapping[str, str]) -> tuple[int, bytes]:
    """Return status and body, using the same proxy and certificates as calls to AWS.

    Raises botocore's exceptions where nothing answers, or the server is at fault or too busy.
    """
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session
    from botocore.utils import get_environ_proxies

    from deployer.aws.answers import TokenEndpointFault

    certificates = environ.get("AWS_CA_BUNDLE") or environ.get("REQUESTS_CA_BUNDLE")
    session = URLLib3Session(
        verify=certificates or True,  # type: ignore[arg-type]  # a path is taken too
        proxies=get_environ_proxies(url),
        timeout=_TIMEOUT_SECONDS,
    )
    authorization = f"Bearer {environ.get(REQUEST_TOKEN, '')}"
    request = AWSRequest(method="GET", url=url, headers={"Authorization": authorization})
    answer = session.send(request.prepare())
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status_code in _BUSY:
        raise TokenEndpointFault(status=answer.status_code)
    return answer.status_code, answer.content
