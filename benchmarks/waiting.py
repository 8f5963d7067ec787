"""`python -m benchmarks.waiting`: what an hour of watching a deployment costs, in calls.

Time is simulated, so nothing depends on the machine: fleets deploy for more than an hour on the emulator, and
the watcher looks on. Beside it stands the SDK's own waiter, which looks every 15 seconds and says nothing.
"""

from __future__ import annotations

import sys
from collections import Counter
from datetime import timedelta
from typing import Final

from deployer.deployment.observe import Observer
from deployer.deployment.wait import Patience, wait
from tests.clock import FakeClock
from tests.emulator import Emulator
from tests.protocol.steps import deploy

_HOUR: Final = 3600.0
_WAITER_SECONDS: Final = 15.0
_FLEETS: Final = (("success", 12.0), ("thousand", 12.0))
"""Scenarios, and the seconds that each takes at its own pace."""


def watch(scenario: str, course: float) -> tuple[int, Counter[str], float]:
    """Targets, calls by operation in an hour, and the seconds between the last two looks."""
    clock = FakeClock()
    with Emulator(scenario=scenario, speed=course / _HOUR, clock=clock) as emulator:
        client = emulator.client()
        observer = Observer(deploy(client), lambda _: client, clock)
        emulator.calls.clear()
        ending = wait(observer, patience=Patience(timedelta(hours=2)), clock=clock, progress=lambda *_: None)
        assert ending.snapshot.targets is not None
        hour = clock.start.timestamp() + _HOUR
        calls = Counter(call.operation for call in emulator.calls if call.time <= hour)
        looks = [call.time for call in emulator.calls if call.operation == "GetDeployment"]
        return len(ending.snapshot.targets), calls, looks[-1] - looks[-2]


def main() -> int:
    """Print the table."""
    operations = ("GetDeployment", "ListDeploymentTargets", "BatchGetDeploymentTargets")
    print(f"| targets | watched by | {' | '.join(operations)} | end noticed within |")
    print("| --- | --- | --- | --- | --- | --- |")
    for scenario, course in _FLEETS:
        targets, calls, pause = watch(scenario, course)
        counts = " | ".join(f"{calls[name]:,}" for name in operations)
        print(f"| {targets:,} | this step, reporting each change | {counts} | {pause:.0f} s |")
    waiter = _HOUR / _WAITER_SECONDS
    print(f"| any | the SDK's waiter, reporting nothing | {waiter:.0f} | 0 | 0 | {_WAITER_SECONDS:.0f} s |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
