"""Run one command and print what it took as JSON; a process of its own, so that its memory stays small.

A child's peak memory counts what its parent held when it was made, so the parent must hold little.
"""

import json
import os
import sys
import time


def main() -> None:
    """Run `argv[1:]`; wall and CPU seconds, peak memory in bytes, and the exit status go to file 3."""
    started = time.perf_counter()
    child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
    _, status, usage = os.wait4(child, 0)
    took = {
        "wall": time.perf_counter() - started,
        "cpu": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss * 1024,
        "status": os.waitstatus_to_exitcode(status),
    }
    with os.fdopen(3, "w") as report:
        json.dump(took, report)


main()
