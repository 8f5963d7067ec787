"""The one exception that turns into an AWS error response."""

from __future__ import annotations


class ServiceError(Exception):
    """An error as AWS answers it: its `code`, its text, its HTTP status."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
