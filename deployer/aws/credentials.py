"""Credentials that a program prints or a service answers: whatever those say, an error of the SDK at worst.

The SDK parses them without looking, and fails in the words of its parsers, which quote what they were given.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.credentials import ReadOnlyCredentials, RefreshableCredentials

_MALFORMED = (
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError),  # of parsers
    RuntimeError,  # nested too deeply; or new credentials that have ended already
    OSError,  # a program that cannot be started
)


@contextmanager
def readable() -> Iterator[None]:
    """Raise CredentialRetrievalError, which quotes nothing, where credentials cannot be read."""
    from botocore.exceptions import CredentialRetrievalError

    try:
        yield
    except _MALFORMED as error:
        raise CredentialRetrievalError(provider="", error_msg=type(error).__name__) from None


def text_or_empty(value: object) -> str:
    """Return a part of credentials, which may be missing; raises TypeError for anything but text."""
    if not isinstance(value, str | None):
        raise TypeError
    return value or ""


class Attended:
    """The SDK's credentials, which renew themselves, with the errors of `readable`."""

    def __init__(self, credentials: RefreshableCredentials) -> None:
        self._credentials = credentials

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the SDK asks for
        return getattr(self._credentials, name)

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return them as they are now, renewed where it is time."""
        with readable():
            return self._credentials.get_frozen_credentials()
