"""Signals end a run, once, and none is lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from deployer.signals import Interrupted, signals
from tests.harness import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path


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


IMPORTED = """
import os, weakref
class Module: pass
module = Module()
reference = weakref.ref(module, lambda _: [os.kill(os.getpid(), {number}), *range(1000)])
del module
main = lambda: 0
"""
"""The place where Python drops a KeyboardInterrupt while it loads a module: a weak reference's callback."""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_the_program_is_loaded_ends_it_at_once(number: int, code: int, tmp_path: Path) -> None:
    (tmp_path / "deployer").mkdir()
    (tmp_path / "deployer" / "main.py").write_text(IMPORTED.format(number=int(number)))
    shutil.copy(REPOSITORY / "entrypoint.py", tmp_path)

    ran = subprocess.run([sys.executable, "-I", tmp_path / "entrypoint.py"], capture_output=True, check=False)

    assert (ran.returncode, ran.stdout, ran.stderr) == (code, b"", b"")


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
