"""Pure: the agent's log of deployments, of which CloudWatch Logs returns single lines.

The agent (`hook_executor.rb` and `log.rb`, 1.8) writes `[time] [deployment]text`: a heading for each
lifecycle event, one for each script, and each line that a script prints with the stream it printed it to.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PATHS = (
    "/opt/codedeploy-agent/deployment-root/deployment-logs/codedeploy-agent-deployments.log",
    r"C:\ProgramData\Amazon\CodeDeploy\deployment-logs\codedeploy-agent-deployments.log",
)
"""The file on Linux and on Windows: `deployment-logs` in the agent's `:root_dir:`, by its configuration."""

_LINE = re.compile(r"\[[^\]]{1,40}\] ?\[(?P<deployment>[\w-]{1,40})\](?P<text>.*)", re.DOTALL)
_EVENT = "LifecycleEvent - "


def text_in(line: str, deployment: str) -> str | None:
    """Return what a line says of a deployment, None if it says nothing of it."""
    found = _LINE.match(line)
    return found["text"].rstrip() if found and found["deployment"] == deployment else None


def texts_of_event(texts: Iterable[str], event: str) -> Sequence[str]:
    """Return the texts of a lifecycle event, by its last heading; empty if there is none."""
    found: list[str] = []
    inside = False
    for text in texts:
        if text.startswith(_EVENT):
            inside = text == f"{_EVENT}{event}"
            if inside:
                found.clear()
        if inside:
            found.append(text)
    return found
