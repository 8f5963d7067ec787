"""Folders of this machine, by what is in them."""

from __future__ import annotations

import os
from pathlib import Path


def checkout_of(folder: Path) -> Path:
    """Return the nearest folder from this one upwards that git tracks, the folder itself if none is."""
    here = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow links
    return next((each for each in (here, *here.parents[:-1]) if (each / ".git").exists()), folder)


def home() -> Path:
    """Return the user's home folder without links; where it is unknown, a path that does not exist."""
    return Path(os.path.realpath(os.path.expanduser("~")))  # noqa: PTH111 - Path.home() raises then
