"""Runs of whole processes, and their medians."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LAUNCH: Final = Path(__file__).with_name("launch.py")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took: seconds of time and of CPU (with its children's), bytes of memory at the peak."""

    wall: float
    cpu: float
    memory: float


def run(command: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> Cost:
    """Run a command to its end; raises RuntimeError with its output when it fails."""
    reader, writer = os.pipe()
    launcher = [sys.executable, "-I", "-S", str(_LAUNCH), *command]
    shell = ["sh", "-c", f'exec "$@" 3>&{writer} {writer}>&-', "sh", *launcher]
    with os.fdopen(reader) as report:
        done = subprocess.run(
            shell, cwd=folder, env=environment, pass_fds=[writer], capture_output=True, text=True, check=False
        )
        os.close(writer)
        took = json.load(report)
    if took["status"]:
        raise RuntimeError(f"{command}: exit {took['status']}\n{done.stdout}{done.stderr}")
    return Cost(took["wall"], took["cpu"], took["memory"])


def typical(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(
        median(cost.wall for cost in costs),
        median(cost.cpu for cost in costs),
        median(cost.memory for cost in costs),
    )
