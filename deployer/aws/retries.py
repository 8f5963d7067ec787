"""Trying calls again: tens of seconds of patience for transient faults, reported in the log.

The SDK's own retries are over within half a second, which one lost packet of DNS outlasts. They are off; this
handler of the SDK's `needs-retry` event decides instead, and sleeps by the run's clock.
"""

from __future__ import annotations

from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from deployer.aws.errors import error_code, is_throttled, is_transient
from deployer.text import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.model import OperationModel

    from deployer.clock import Clock


PATIENCE: Final = 60.0
"""Seconds from a call's first failure in which faults of the network and of the service are tried again."""

BRIEF: Final = 5.0
"""The same for a call that a run can do without, from its first attempt."""

_LONGEST_PAUSE: Final = 8.0
_LONGEST_THROTTLED_PAUSE: Final = 20.0
_SILENCE: Final = 2.0
"""Seconds of trying before the log says so."""

_PATIENCE: Final = "deployer-patience"
_BEGUN: Final = "deployer-first-attempt"
_FAILED: Final = "deployer-first-failure"

_Client = TypeVar("_Client")


def pause(failures: int, *, throttled: bool, chance: float) -> float:
    """Return the seconds to hold back after so many failures in a row, at least one.

    They double from a quarter of a second, where the service asks for fewer calls from one second. `chance`,
    from 0 to 1, spreads them over their upper half, so that runs that failed together do not return together.
    """
    first, longest = (1.0, _LONGEST_THROTTLED_PAUSE) if throttled else (0.25, _LONGEST_PAUSE)
    most = min(longest, first * 2.0 ** min(failures - 1, 10))
    return most * (1 + chance) / 2


@dataclass(slots=True)
class Retries:
    """Decides for the calls of its clients whether, and when, they are tried again.

    Throttled calls are tried again for `budget` seconds, since the service asks for patience alone. No call
    is tried for longer than that, nor in a wait for longer than what is left of it, but for a few seconds. In
    an outage longer than the patience of one call, each further call is tried once. `say` is called once
    for each operation that keeps failing for some seconds.
    """

    clock: Clock
    budget: float
    say: Callable[[str], None]
    _said: set[str] = field(default_factory=set)
    _failing_since: float | None = None
    _until: float = float("inf")

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Let what is tried again in this context end within so many seconds, as far as it can."""
        self._until = self.clock.monotonic() + seconds
        try:
            yield
        finally:
            self._until = float("inf")

    def attend(self, client: Any, *, patience: float) -> None:  # noqa: ANN401 - a client of any service
        """Try this client's calls again for so many seconds."""

        def judge(
            response: tuple[Any, dict[str, Any]] | None,
            operation: OperationModel,
            attempts: int,
            caught_exception: Exception | None,
            request_dict: dict[str, Any],
            **_: object,
        ) -> float | None:
            error = caught_exception or _error_in(response, operation)
            if error is None or not is_transient(error):
                self._failing_since = None
                return None
            context = request_dict["context"]
            patience = context[_PATIENCE]
            if patience >= PATIENCE:  # an answer that never came has cost a minute where files are sent
                context.setdefault(_FAILED, self.clock.monotonic())
            begun = context.get(_FAILED, context[_BEGUN])
            if self._failing_since is None:
                self._failing_since = begun
            begun = min(begun, self._failing_since)
            left = min(self.budget, self._until - begun)
            longest = left if patience >= PATIENCE and is_throttled(error) else min(patience, left)
            longest = max(longest, min(patience, BRIEF))
            return (
                0.0 if self.hold_back(error, operation.name, attempts, begun=begun, longest=longest) else None
            )

        self._begin(client, patience)
        client.meta.events.register("needs-retry", judge)

    def twin(self, client: _Client, *, patience: float) -> _Client:
        """Return a client that this one's model and connections serve, but with another patience."""
        shared: Any = client
        twin: Any = object.__new__(type(client))
        vars(twin).update(vars(shared), meta=copy(shared.meta))
        twin.meta.events = copy(shared.meta.events)
        self._begin(twin, patience)
        return cast("_Client", twin)

    def _begin(self, client: Any, patience: float) -> None:  # noqa: ANN401 - a client of any service
        """Note with each call of this client when it began, and for how long it may be tried again."""

        def begin(context: dict[str, Any], **_: object) -> None:
            context[_PATIENCE], context[_BEGUN] = patience, self.clock.monotonic()

        client.meta.events.register("before-call", begin)

    def hold_back(  # noqa: PLR0913 - its knobs are keyword-only
        self,
        error: Exception,
        operation: str,
        failures: int,
        *,
        begun: float,
        longest: float,
        who: str = "AWS",
    ) -> bool:
        """Sleep before another attempt at a call that failed so many times; False when patience is over.

        `begun` is when the first attempt began, by the run's monotonic clock, `longest` for how many seconds
        from then on it may be tried again; `who` is asked.
        """
        throttled = is_throttled(error)
        elapsed = self.clock.monotonic() - begun
        if elapsed >= longest:
            return False
        seconds = min(longest - elapsed, pause(failures, throttled=throttled, chance=self.clock.chance()))
        if elapsed + seconds >= _SILENCE and operation not in self._said:
            self._said.add(operation)
            what = f"{who} is throttling" if throttled else f"{who} is not responding to"
            why = error_code(error) or type(error).__name__
            self.say(f"{what} {operation} ({why}). Retrying for up to {duration(longest - elapsed)}.")
        self.clock.sleep(seconds)
        return True


def _error_in(response: tuple[Any, dict[str, Any]] | None, operation: OperationModel) -> Exception | None:
    """Return the exception that an answer will be raised as, None for a good one."""
    from botocore.exceptions import ClientError

    if response is None or "Error" not in response[1]:
        return None
    return ClientError(response[1], operation.name)  # type: ignore[arg-type]  # botocore does the same
