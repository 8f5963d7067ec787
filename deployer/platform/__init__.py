"""The CI's dialect: groups, annotations, outputs, summary, masking.

Each adapter is the only writer of its dialect and escapes whatever it is given.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TextIO

from deployer.platform.azure import Azure
from deployer.platform.base import Platform, Run
from deployer.platform.buildkite import Buildkite
from deployer.platform.console import Console
from deployer.platform.github import GitHub
from deployer.platform.gitlab import GitLab
from deployer.platform.teamcity import TeamCity

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Platform", "Run", "detect"]


_ADAPTERS: Mapping[str, type[Platform]] = MappingProxyType(
    {
        "GITHUB_ACTIONS": GitHub,
        "GITLAB_CI": GitLab,
        "TF_BUILD": Azure,
        "TEAMCITY_VERSION": TeamCity,
        "BUILDKITE": Buildkite,
    }
)
"""The adapter for the CI that sets a variable; GitLab's is `true`, or `false` where a job runs locally."""


def detect(environ: Mapping[str, str], stream: TextIO) -> Platform:
    """The adapter for the CI whose variables are set; the plain console where there is none."""
    for variable, adapter in _ADAPTERS.items():
        if environ.get(variable):
            return adapter(environ, stream)
    return Console(environ, stream)
