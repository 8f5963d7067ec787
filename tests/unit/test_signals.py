"""Signals end a run, once, and none is lost."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from deployer.signals import Interrupted, signals


class Sender:
    """Sends a signal while it is being finalised, where Python drops what a handler raises."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __del__(self) -> None:
        os.kill(os.getpid(), self.number)
        for _ in range(100):
            pass


def receive(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(5)


def lose(number: int) -> None:
    Sender(number)
    time.sleep(5)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_what_is_running(number: int, code: int) -> None:
    with signals(), pytest.raises(Interrupted) as caught:
        receive(number)
    assert caught.value.exit_code == code


def test_a_signal_that_python_drops_is_sent_again() -> None:
    with signals(), pytest.raises(Interrupted):
        lose(signal.SIGTERM)


def test_a_second_signal_does_not_disturb_the_ending() -> None:
    with signals():
        with pytest.raises(Interrupted):
            receive(signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)


def test_handlers_and_hooks_are_put_back() -> None:
    before = (signal.getsignal(signal.SIGTERM), sys.unraisablehook)
    with signals():
        pass
    assert (signal.getsignal(signal.SIGTERM), sys.unraisablehook) == before


def test_other_dropped_exceptions_are_told_as_ever(capsys: pytest.CaptureFixture[str]) -> None:
    class Bad:
        def __del__(self) -> None:
            raise ValueError("told")

    before, sys.unraisablehook = sys.unraisablehook, sys.__unraisablehook__
    try:
        with signals():
            Bad()
    finally:
        sys.unraisablehook = before
    assert "ValueError: told" in capsys.readouterr().err
