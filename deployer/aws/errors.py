"""The SDK's exceptions, classified by what can be done about them and turned into ours."""

from __future__ import annotations

import re
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from deployer.aws.codes import (
    ACCOUNT_HINTS,
    CREDENTIAL_HINTS,
    DENIED,
    INPUT_HINTS,
    PASSING_HINTS,
    THROTTLED,
)
from deployer.errors import AccessDenied, AwsFault, Conflict, DeployError, InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.exceptions import BotoCoreError


def sdk_errors() -> tuple[type[Exception], ...]:
    """Return the SDK's exceptions, for use in an `except` clause.

    An `except` clause is evaluated only once something was raised, so botocore is not loaded for its sake.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    return BotoCoreError, ClientError


def service_errors() -> tuple[type[Exception], ...]:
    """Return the SDK's exceptions for responses: errors of the service, and unreadable responses."""
    from botocore.exceptions import ClientError

    from deployer.aws.answers import UnreadableAnswer

    return ClientError, UnreadableAnswer


@contextmanager
def translated(action: str, resource: str = "") -> Iterator[None]:
    """Raise the SDK's exceptions as ours; the parameters are those of `translate`."""
    try:
        yield
    except sdk_errors() as error:
        raise translate(error, action=action, resource=resource) from error


def error_code(error: Exception) -> str:
    """Return the error code of a ClientError (`ThrottlingException`), empty for other exceptions."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def http_status(error: Exception) -> int:
    """Return the HTTP status of the service's response; 0 for exceptions without one."""
    response = getattr(error, "response", None)
    metadata = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
    return int(metadata.get("HTTPStatusCode", 0))


def is_denied(error: Exception) -> bool:
    """Return whether the identity lacks the permission; denial of an optional call only costs detail."""
    return error_code(error) in DENIED


def is_denial(problem: Problem) -> bool:
    """Return whether a problem is a denial that `translate` has explained."""
    return problem.code in DENIED


def is_throttled(error: Exception) -> bool:
    """Return whether the service asks for fewer calls."""
    return (
        error_code(error).removeprefix("KMS.") in THROTTLED
        or http_status(error) == HTTPStatus.TOO_MANY_REQUESTS
    )


def is_transient(error: Exception) -> bool:
    """Return whether the same call may succeed later: throttled, or a fault of the service or network."""
    from botocore.exceptions import ClientError, HTTPClientError
    from botocore.exceptions import ConnectionError as NoConnection

    from deployer.aws.answers import UnreadableAnswer

    if isinstance(error, ClientError):
        status = http_status(error)
        return is_throttled(error) or (
            status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED
        )
    return isinstance(error, HTTPClientError | NoConnection | UnreadableAnswer)


def is_credentials(error: Exception) -> bool:
    """Return whether the credentials are at fault, so that renewing them may help."""
    from botocore.exceptions import ClientError, NoCredentialsError

    if isinstance(error, ClientError):
        return error_code(error).removesuffix("Exception") in CREDENTIAL_HINTS
    return isinstance(error, NoCredentialsError)


def is_lasting(error: Exception) -> bool:
    """Return whether retrying is useless: the caller or the request itself was rejected."""
    name = error_code(error).removesuffix("Exception")
    return is_denied(error) or is_credentials(error) or _is_invalid(name)


_SIGNS_OF_SKEW = ("Signature expired", "Signature not yet current")
"""With a wrong clock AWS's code is that of a wrong signature; only the text tells them apart."""

_KMS_HINT = (
    "Check kms-key-id, or the bucket's default key: it is missing, disabled, scheduled for deletion, of the "
    "wrong type, or in another region."
)

_THROTTLED = (
    "AWS is throttling the calls of this account, because there are too many. Run the job again later."
)
_AGAIN = "Run the job again; if the error persists, check the AWS Health Dashboard."
_REFUSED = "AWS rejected the request, and will reject it again unchanged. Change what AWS names."

_HINT_NO_CREDENTIALS = (
    "Set the input role-to-assume in a job that has an OIDC token (GitHub: permissions: id-token: write), "
    "or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE."
)

_HINT_UNREADABLE = (
    "A credential_process has to print JSON with Version 1, AccessKeyId and SecretAccessKey, and to end with "
    "code 0; a service of credentials has to answer with such JSON. An Expiration is a time in the future. "
    "Run the program by hand to see what it says, which may be secret and is not shown here."
)

_URL = re.compile(r"(?P<scheme>\w[\w+.-]*://)(?P<rest>[^\s\"']*)")
_HOST = re.compile(r"(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?", re.IGNORECASE)


def text_of(error: Exception) -> str:
    """Return the text of an SDK exception, with URLs reduced to scheme, host and port.

    Of an error that is none of the SDK's own its kind alone: such texts quote headers, which hold secrets.
    """
    from botocore.exceptions import HTTPClientError

    cause = error.kwargs.get("error") if isinstance(error, HTTPClientError) else None
    if type(error) is HTTPClientError and isinstance(cause, Exception):
        return f"the HTTP client failed with {type(cause).__name__}"
    return _URL.sub(_origin, str(error))


def _origin(url: re.Match[str]) -> str:
    host = re.split(r"[/?#]", url["rest"], maxsplit=1)[0].rpartition("@")[2].rstrip(".,:;)")
    return url["scheme"] + (host if _HOST.fullmatch(host) else "…")


def translate(error: Exception, *, action: str, resource: str = "") -> DeployError:
    """Return the error to raise for an SDK exception.

    `action` is what was being done, as IAM names it (`s3:PutObject`) or in words; `resource` is what it was
    done to (an ARN, a bucket). The service's text is quoted, never parsed.
    """
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError):
        return _translate_client_error(error, action=action, resource=resource)
    return _translate_sdk_error(error, action=action)


def _translate_client_error(error: Exception, *, action: str, resource: str) -> DeployError:
    code = error_code(error)
    text = _service_text(error) or "AWS gave no reason"
    name = code.removesuffix("Exception")
    on = f" on {resource}" if resource else ""
    said = f"{action}{on} failed: {text} ({code})"
    if is_denied(error):
        from deployer.aws.denial import read_denial

        denial = read_denial(text, action=action, resource=resource)
        return AccessDenied(Problem(f"{action}{on} was denied: {text}", denial.advice, code=code))
    if name in CREDENTIAL_HINTS:
        skewed = any(sign in text for sign in _SIGNS_OF_SKEW)
        hint = CREDENTIAL_HINTS["RequestTimeTooSkewed" if skewed else name]
        return AccessDenied(Problem(said, hint, code=code))
    if name == "DeploymentLimitExceeded":
        return Conflict(Problem(said, "Wait for the other deployment, or stop it.", code=code))
    if name in ACCOUNT_HINTS:
        return AccessDenied(Problem(said, ACCOUNT_HINTS[name], code=code))
    if name in INPUT_HINTS or (name.startswith("KMS") and not is_throttled(error)) or _is_invalid(name):
        other = _KMS_HINT if name.startswith("KMS") else "Correct the input named above."
        return InvalidInput(Problem(said, INPUT_HINTS.get(name, other), code=code))
    return AwsFault(Problem(said, _fault_hint(error), code=code))


def _fault_hint(error: Exception) -> str:
    name = error_code(error).removesuffix("Exception")
    if is_throttled(error):
        return _THROTTLED
    return PASSING_HINTS.get(name) or (_REFUSED if _is_permanent(error) else _AGAIN)


def _is_permanent(error: Exception) -> bool:
    """Return whether AWS blames the request itself, so that repeating it cannot succeed."""
    response = getattr(error, "response", {})
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return bool(400 <= status < 500)  # noqa: PLR2004 - HTTP's client errors


def _service_text(error: Exception) -> str:
    response = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Message") or "").strip()


def _is_invalid(name: str) -> bool:
    return name.startswith("Invalid") or name.endswith(("Required", "DoesNotExist", "Validation"))


def _translate_sdk_error(error: Exception, *, action: str) -> DeployError:
    from botocore import exceptions as sdk

    from deployer.aws.answers import TokenEndpointFault, UnreadableAnswer

    if isinstance(error, sdk.NoCredentialsError):
        return AccessDenied(Problem("No AWS credentials were found.", _HINT_NO_CREDENTIALS))
    if isinstance(
        error,
        sdk.PartialCredentialsError | sdk.CredentialRetrievalError | sdk.TokenRetrievalError | sdk.SSOError,
    ):
        return AccessDenied(_unusable_credentials(error))
    if isinstance(error, sdk.ProfileNotFound | sdk.NoRegionError | sdk.InvalidRegionError):
        return InvalidInput(Problem(text_of(error), "Check AWS_PROFILE, AWS_REGION and the input region."))
    if isinstance(error, sdk.ConfigParseError | sdk.ConfigNotFound):
        return InvalidInput(
            Problem(f"{text_of(error)}.", "Correct the file, or let AWS_CONFIG_FILE name another.")
        )
    if isinstance(error, sdk.ParamValidationError):
        said = f"{action} was not sent: {text_of(error)}"
        return InvalidInput(Problem(said, "Fix the input named above."))
    hint = ""
    if isinstance(error, TokenEndpointFault):
        hint = "Run the job again; if it stays, look at GitHub's status page."
    elif isinstance(error, sdk.HTTPClientError | sdk.ConnectionError):
        hint = (
            "AWS cannot be reached: check the region's name, the network, the proxy (HTTPS_PROXY, NO_PROXY) "
            "and any AWS_ENDPOINT_URL."
        )
    elif isinstance(error, UnreadableAnswer):
        hint = (
            "A proxy or a firewall may have answered in place of AWS: check HTTPS_PROXY, NO_PROXY and any "
            "AWS_ENDPOINT_URL, then run the job again."
        )
    return AwsFault(Problem(f"{action} failed: {text_of(error)}", hint))


def _unusable_credentials(error: BotoCoreError) -> Problem:
    from botocore.exceptions import CredentialRetrievalError

    if not isinstance(error, CredentialRetrievalError):
        return Problem(f"The AWS credentials cannot be used: {text_of(error)}", _HINT_NO_CREDENTIALS)
    source = f" ({error.kwargs['provider']})" if error.kwargs["provider"] else ""
    said = f"The source of the AWS credentials{source} gave none that can be used."
    return Problem(said, _HINT_UNREADABLE)  # the SDK's text quotes a program's words, or a body
