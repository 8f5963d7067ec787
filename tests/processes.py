"""The end of a process that was asked to end."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    import subprocess

PROMISED_SECONDS = 5.0
"""A run that is interrupted ends within this time; a CI kills it a little later."""

_WAITING_SECONDS = 18.0
"""A run that waits for an answer before it ends takes longer: calls give one 20 seconds or more.

Where the machine stalls for a moment, even an end that waits for nothing may take more than is promised.
"""


def interrupt(process: subprocess.Popen[str], number: signal.Signals) -> tuple[str, float]:
    """Send a signal; returns what the process still says, and how many seconds of CPU it still uses.

    Those are the same however busy the machine is, unlike the seconds that pass. A process that has not ended
    by then only waits, and is killed.
    """
    assert process.stdout
    with process.stdout as stream:
        if process.poll() is not None:
            return stream.read(), 0.0
        before = cpu_seconds(process.pid)
        killer = threading.Timer(_WAITING_SECONDS, process.kill)
        killer.start()
        process.send_signal(number)
        output = stream.read()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    killer.cancel()
    used = cpu_seconds(process.pid) - before
    process.wait()
    return output, used


def cpu_seconds(pid: int) -> float:
    """The CPU time of a process, which may have ended unless somebody waited for it, and of its own."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
