"""What goes wrong between a client and the service, on demand."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from deployer.clock import SystemClock
from tests.emulator.errors import ServiceError
from tests.emulator.identity import BAD_SIGNATURE, INVALID
from tests.emulator.mutations import mutated
from tests.emulator.wire import Answer, ConnectionCut

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deployer.clock import Clock

SKEWED = (
    "Signature expired: 20250101T000000Z is now earlier than 20250101T001000Z (20250101T001500Z - 5 min.)"
)
ERRORS = {
    "throttle": ("ThrottlingException", "Rate exceeded", 400),
    "429": ("TooManyRequestsException", "Rate exceeded", 429),
    "500": ("InternalFailure", "The request processing has failed because of an unknown error.", 500),
    "503": ("ServiceUnavailable", "The request has failed due to a temporary failure of the server.", 503),
    "expired-token": ("ExpiredTokenException", "The security token included in the request is expired", 400),
    "access-denied": ("AccessDeniedException", "", 400),
    "bad-signature": ("InvalidSignatureException", BAD_SIGNATURE, 400),
    "clock-skew": ("InvalidSignatureException", SKEWED, 400),
    "bad-token": ("UnrecognizedClientException", INVALID, 400),
    "idp-rejected": ("IDPRejectedClaim", "The identity provider rejected the token's claims.", 403),
}
S3_ERRORS = {
    "throttle": ("SlowDown", "Please reduce your request rate.", 503),
    "429": ("TooManyRequests", "Rate exceeded", 429),
    "500": ("InternalError", "We encountered an internal error. Please try again.", 500),
    "503": ("ServiceUnavailable", "Service is unable to handle request.", 503),
    "expired-token": ("ExpiredToken", "The provided token has expired.", 400),
    "access-denied": ("AccessDenied", "Access Denied", 403),
    "bad-signature": ("SignatureDoesNotMatch", BAD_SIGNATURE, 403),
    "clock-skew": (
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
        403,
    ),
    "bad-token": (
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
        403,
    ),
}
USER = "arn:aws:iam::123456789012:user/ci"
PAGE = b"<!DOCTYPE html>\n<html><body><h1>Access to this site is filtered</h1></body></html>"
UNREADABLE = ("truncated", "garbled", "empty", "html", "wrong-types", "cut-headers")
MUTATED = "mutated"
"""The answer is changed at random, by the fault's seed."""

OUTAGE = "outage"
"""From this call on every call is cut, for the fault's seconds by the emulator's clock."""

LATE, HANGING = "late", "hanging"
"""The answer of the request takes the fault's seconds by the emulator's clock, or is then given up."""

_TIMED = (OUTAGE, LATE, HANGING)

KINDS = (*ERRORS, "cut-before", "cut-after", "slow", *UNREADABLE)
AFTERWARDS = ("cut-after", "slow", *UNREADABLE, MUTATED, LATE, HANGING)
REFUSED = ("expired-token", "bad-signature", "clock-skew", "bad-token")
TOKEN_STATUSES = {
    "throttle": 429, "429": 429, "503": 503, "access-denied": 403, **dict.fromkeys(REFUSED, 401),
}  # fmt: skip
"""How a CI's endpoint of tokens answers; all else is an error of its own."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of trouble for the next `times` calls of an operation (`*`: any), `after` so many good ones.

    `seconds` is how long a `slow` or `late` answer takes or an `outage` lasts, `seed` how a `mutated` one is
    changed.
    """

    operation: str
    kind: str
    times: int = 1
    after: int = 0
    seconds: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        known = (*KINDS, MUTATED, *_TIMED)
        if self.kind not in known:
            raise ValueError(f"unknown fault {self.kind!r}; known are {', '.join(known)}")


class Faults:
    """The faults that are still to come."""

    def __init__(self, faults: Iterable[Fault] = (), *, clock: Clock | None = None) -> None:
        self._lock = Lock()
        self._pending: list[Fault] = list(faults)
        self._clock = clock or SystemClock()
        self._dark: tuple[float, Fault] | None = None

    def add(self, operation: str, kind: str, **details: Any) -> None:
        """Plan a fault, with further members of `Fault`; those for one operation come one after the other."""
        with self._lock:
            self._pending.append(Fault(operation, kind, **details))

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
            now = self._clock.monotonic()
            if self._dark and now < self._dark[0]:
                return self._dark[1]
            fault = self._take(operation)
            if fault and fault.kind == OUTAGE:
                self._dark = now + fault.seconds, fault
            return fault

    def _take(self, operation: str) -> Fault | None:
        for index, fault in enumerate(self._pending):
            if fault.operation not in {operation, "*"}:
                continue
            if fault.after:
                self._pending[index] = replace(fault, after=fault.after - 1)
                return None
            if fault.times > 1:
                self._pending[index] = replace(fault, times=fault.times - 1)
            else:
                del self._pending[index]
            return fault
        return None


def strike(fault: Fault | None, service: str, operation: str) -> None:
    """What a fault does before the service sees the request; errors that AWS answers are raised."""
    if fault is None or fault.kind in AFTERWARDS:
        return
    if fault.kind in {"cut-before", OUTAGE}:
        raise ConnectionCut
    code, message, status = (S3_ERRORS if service == "s3" else {}).get(fault.kind, ERRORS[fault.kind])
    raise ServiceError(
        code, message or f"User: {USER} is not authorized to perform: {service}:{operation}", status=status
    )


def strike_afterwards(fault: Fault | None, answer: Answer, clock: Clock) -> Answer:
    """What a fault does to the answer once the service has carried out the request."""
    if fault and fault.kind in {LATE, HANGING}:
        clock.sleep(fault.seconds)
    if fault and fault.kind in {"cut-after", HANGING}:
        raise ConnectionCut
    if fault and fault.kind == "slow":
        time.sleep(fault.seconds)
    if fault and fault.kind == MUTATED:
        return mutated(answer, fault.seed)
    if fault and fault.kind in UNREADABLE:
        return _spoiled(answer, fault.kind)
    return answer


def _spoiled(answer: Answer, kind: str) -> Answer:
    """The answer as it comes through a proxy or a line that does not leave it as it is."""
    if kind == "html":
        return Answer(200, PAGE, {"content-type": "text/html"})
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    tag = headers.pop("etag", "")
    if kind == "cut-headers":
        return Answer(answer.status, b"", {**headers, "etag": tag[: len(tag) // 2]}, cut=True)
    if kind == "truncated":
        body = answer.body[: len(answer.body) // 2]
    elif kind == "wrong-types" and answer.body.startswith(b"{"):
        body = json.dumps(
            {name: _other_type(value) for name, value in json.loads(answer.body).items()}
        ).encode()
    else:
        body = b"" if kind == "empty" else bytes(byte ^ 0xA5 for byte in answer.body)
    return Answer(answer.status, body, headers)


def _other_type(value: object) -> object:
    """Something of another JSON type."""
    return [7] if isinstance(value, str | dict) else "d-ANOTHER1"
