"""The CI's dialect: groups, annotations, outputs, summary, masking.

Each adapter is the only writer of its dialect and escapes whatever it is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from deployer.platform.base import Platform, Run
from deployer.platform.console import Console
from deployer.platform.github import GitHub
from deployer.platform.gitlab import GitLab

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Platform", "Run", "detect"]


def detect(environ: Mapping[str, str], stream: TextIO) -> Platform:
    """The adapter for the CI whose variables are set; the plain console where there is none."""
    if environ.get("GITHUB_ACTIONS") == "true":
        return GitHub(environ, stream)
    if "GITLAB_CI" in environ:
        return GitLab(environ, stream)
    return Console(environ, stream)
