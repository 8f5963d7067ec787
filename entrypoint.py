"""The container's entry point, and a checkout's: `python -I entrypoint.py` (isolated from the workspace)."""

from __future__ import annotations

import os
import signal

for number in (signal.SIGINT, signal.SIGTERM):  # nothing has begun: until `main` takes over, just end
    signal.signal(number, lambda number, _frame: os._exit(128 + number))

import gc  # noqa: E402  (a signal must not be lost in whatever is loaded from here on)
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent))
gc.set_threshold(100_000, 20, 100)  # modules and the names of a bundle: most of it stays to the end

from deployer.main import main  # noqa: E402  (the folder above has to be found first)

if __name__ == "__main__":
    code = main()
    gc.freeze()  # the process ends: looking for garbage once more would take a tenth of a second
    raise SystemExit(code)
