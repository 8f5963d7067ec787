"""Last output of the tools that scripts call, with its meaning: a module for each kind of tool."""

from __future__ import annotations

from deployer.deployment.tools.languages import LANGUAGE_CLUES, START_CLUES
from deployer.deployment.tools.remote import REMOTE_CLUES
from deployer.deployment.tools.system import SYSTEM_CLUES
from deployer.deployment.tools.windows import WINDOWS_CLUES

__all__ = ["START_CLUES", "TOOL_CLUES"]

TOOL_CLUES = (*SYSTEM_CLUES, *LANGUAGE_CLUES, *REMOTE_CLUES, *WINDOWS_CLUES)
"""Clues to search for in a script's log after those of the shell, the most certain first."""
