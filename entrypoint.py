"""The container's entry point, and a checkout's: `python -I entrypoint.py` (isolated from the workspace)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from deployer.main import main

if __name__ == "__main__":
    raise SystemExit(main())
