"""Detection of the CI system that runs this process."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TextIO

from deployer.ci.azure import Azure
from deployer.ci.base import Ci, Job
from deployer.ci.buildkite import Buildkite
from deployer.ci.console import Console
from deployer.ci.github import GitHub
from deployer.ci.gitlab import GitLab
from deployer.ci.teamcity import TeamCity
from deployer.ci.terminal import Terminal, wants_terminal

if TYPE_CHECKING:
    from collections.abc import Mapping


__all__ = ["Ci", "Job", "detect"]


_ADAPTERS: Mapping[str, type[Ci]] = MappingProxyType(
    {
        "GITHUB_ACTIONS": GitHub,
        "GITLAB_CI": GitLab,
        "TF_BUILD": Azure,
        "TEAMCITY_VERSION": TeamCity,
        "BUILDKITE": Buildkite,
    }
)
"""The adapter for the CI that sets a variable; GitLab's is `true`, or `false` where a job runs locally."""


def detect(environ: Mapping[str, str], stream: TextIO | None) -> Ci:
    """Return the adapter for the CI whose variables are set, or a terminal, or the plain console."""
    for variable, adapter in _ADAPTERS.items():
        if environ.get(variable):
            return adapter(environ, stream)
    return (Terminal if wants_terminal(environ, stream) else Console)(environ, stream)
