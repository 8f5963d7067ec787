"""Keeping modules out that a library loads and that nobody calls."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def unloaded(name: str) -> Iterator[None]:
    """Let an empty module stand in for this one, unless it is loaded already, while others are imported."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = ModuleType(name)
    try:
        yield
    finally:
        del sys.modules[name]
