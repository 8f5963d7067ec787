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
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # there are none; looking for them opens every package
gc.set_threshold(500_000, 20, 100)  # modules and the names of a bundle: most of it stays to the end

from deployer.main import main  # noqa: E402  (the folder above has to be found first)

if __name__ == "__main__":
    os._exit(main())  # everything is written; taking the modules apart first would take a while
