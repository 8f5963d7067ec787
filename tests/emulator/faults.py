"""What goes wrong between a client and the service, on demand."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from tests.emulator.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterable

ERRORS = {
    "throttle": ("ThrottlingException", "Rate exceeded", 400),
    "500": ("InternalFailure", "The request processing has failed because of an unknown error.", 500),
    "503": ("ServiceUnavailable", "The request has failed due to a temporary failure of the server.", 503),
    "expired-token": ("ExpiredTokenException", "The security token included in the request is expired", 400),
    "access-denied": ("AccessDeniedException", "", 400),
    "bad-signature": (
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
        "Access Key and signing method. Consult the service documentation for details.",
        400,
    ),
    "bad-token": (
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
        400,
    ),
}
KINDS = (*ERRORS, "cut-before", "cut-after", "slow")


class ConnectionCut(Exception):  # noqa: N818  (an event on the wire, not an error of ours)
    """The connection ends here, without an answer."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of trouble for the next `times` calls of an operation (`*`: any), `after` so many good ones.

    `seconds` is how long a `slow` answer takes.
    """

    operation: str
    kind: str
    times: int = 1
    after: int = 0
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; known are {', '.join(KINDS)}")


class Faults:
    """The faults that are still to come."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._lock = Lock()
        self._pending: list[Fault] = list(faults)

    def add(self, operation: str, kind: str, *, times: int = 1, after: int = 0, seconds: float = 1.0) -> None:
        """Plan a fault; several for one operation come one after the other."""
        with self._lock:
            self._pending.append(Fault(operation, kind, times=times, after=after, seconds=seconds))

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._pending.clear()

    def pending(self) -> list[dict[str, Any]]:
        """The faults that are still to come, as JSON."""
        with self._lock:
            return [asdict(fault) for fault in self._pending]

    def take(self, operation: str) -> Fault | None:
        """The fault that this call meets; counts the call."""
        with self._lock:
            for index, fault in enumerate(self._pending):
                if fault.operation not in {operation, "*"}:
                    continue
                left = (
                    {"times": fault.times, "after": fault.after - 1}
                    if fault.after
                    else {"times": fault.times - 1}
                )
                if left["times"]:
                    self._pending[index] = Fault(**{**asdict(fault), **left})
                else:
                    del self._pending[index]
                return None if fault.after else fault
        return None


def strike(fault: Fault | None, operation: str, identity: str) -> None:
    """Let a fault happen before the service sees the request; errors that AWS answers are raised."""
    if fault is None or fault.kind == "cut-after":
        return
    if fault.kind == "cut-before":
        raise ConnectionCut
    if fault.kind == "slow":
        time.sleep(fault.seconds)
        return
    code, message, status = ERRORS[fault.kind]
    raise ServiceError(
        code,
        message or f"User: {identity} is not authorized to perform: codedeploy:{operation}",
        status=status,
    )
