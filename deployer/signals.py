"""SIGINT and SIGTERM as an exception: as process 1 of a container nobody else would handle them."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deployer.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_RETRY_SECONDS = 0.01


class Interrupted(BaseException):
    """A signal asked the process to end; like KeyboardInterrupt, no `except Exception` holds it up."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number
        self.exit_code = ExitCode.INTERRUPTED if number == signal.SIGINT else ExitCode.TERMINATED


def ignore_signals() -> None:
    """Ignore signals, so that the remaining work is not interrupted, until `signals` handles them again."""
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)


@contextmanager
def signals() -> Iterator[None]:
    """Turn the first signal into Interrupted; a second one may not disturb the ending.

    Python drops what a handler raises while a finaliser or a weak reference's callback runs. Such a signal
    is sent again, so that none is lost.
    """

    def interrupt(number: int, _frame: FrameType | None) -> None:
        ignore_signals()
        raise Interrupted(number)

    def dropped(unraisable: sys.UnraisableHookArgs) -> None:
        if isinstance(unraisable.exc_value, Interrupted):
            number = unraisable.exc_value.number
            signal.signal(number, interrupt)
            threading.Timer(_RETRY_SECONDS, os.kill, (os.getpid(), number)).start()
        else:
            hook(unraisable)

    hook, sys.unraisablehook = sys.unraisablehook, dropped
    before = {each: signal.signal(each, interrupt) for each in _SIGNALS}
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for each, handler in before.items():
            signal.signal(each, handler)
