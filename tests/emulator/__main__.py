"""`python -m tests.emulator --port P --scenario NAME`: the emulator alone, for demos and other languages."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path

from tests.emulator import SCENARIOS, Emulator


def main() -> int:
    """Run until SIGTERM or SIGINT; the first line on stdout is the URL."""
    parser = argparse.ArgumentParser(prog="python -m tests.emulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="loopback port (default: a free one)")
    parser.add_argument(
        "--scenario", default="success", help="name, or several with commas, one a deployment"
    )
    parser.add_argument("--speed", type=float, default=1.0, help="emulated seconds in one (default: 1)")
    parser.add_argument("--policy", type=Path, help="JSON file with the IAM policy that every caller has")
    parser.add_argument("--list", action="store_true", help="list the scenarios and end")
    arguments = parser.parse_args()
    if arguments.list:
        for each in SCENARIOS.values():
            sys.stdout.write(f"{each.name:<24}{each.description}\n")
        return 0
    stop = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    try:
        policy = json.loads(arguments.policy.read_text()) if arguments.policy else None
        emulator = Emulator(
            scenario=arguments.scenario.split(","), speed=arguments.speed, policy=policy, port=arguments.port
        )
    except (OSError, ValueError) as error:
        parser.error(str(error))
    with emulator:
        sys.stdout.write(f"{emulator.url}\n")
        sys.stdout.flush()
        signal.sigwait(stop)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
