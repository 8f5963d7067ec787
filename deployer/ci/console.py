"""A terminal, or any CI that has no dialect of its own."""

from __future__ import annotations

import re
import shlex
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from deployer.ci.base import Ci, Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class Console(Ci):
    """Plain lines; outputs go to `outputs-file` as dotenv, quoted where a shell needs it."""

    name: ClassVar[str] = "console"

    def _describe_job(self, environ: Mapping[str, str]) -> Job:
        here = Job(workspace=Path.cwd(), url=environ.get("BUILD_URL", ""))
        for variable, describe in _JOBS.items():
            if environ.get(variable):
                return describe(here, environ)
        return here

    @contextmanager
    def section(self, title: str, *, folded: bool = False) -> Iterator[None]:  # noqa: ARG002 - nothing folds
        """Print a heading."""
        self.say(f"== {title}")
        yield

    def outputs(self, values: Mapping[str, str]) -> None:
        """Add `CODEDEPLOY_DEPLOYMENT_ID=…` lines to the outputs file, if there is one."""
        if file := self._files.get("outputs"):
            lines = (
                f"{variable(name)}={shlex.quote(self._safe_value(value))}\n" for name, value in values.items()
            )
            self._keep(file, "".join(lines))


def _bitbucket(here: Job, environ: Mapping[str, str]) -> Job:
    """Describe a step of Bitbucket Pipelines; `BITBUCKET_BUILD_NUMBER` counts the repository's pipelines."""
    repository = environ.get("BITBUCKET_REPO_FULL_NAME", "")
    number = environ["BITBUCKET_BUILD_NUMBER"]
    site = f"https://bitbucket.org/{repository}"
    return replace(
        here,
        repository=repository,
        sha=environ.get("BITBUCKET_COMMIT", ""),
        ref=environ.get("BITBUCKET_BRANCH") or environ.get("BITBUCKET_TAG", ""),
        run_id=number,
        run_attempt=environ.get("BITBUCKET_STEP_RUN_NUMBER", ""),
        run_number=number,
        url=f"{site}/pipelines/results/{number}" if repository else "",
        compare=f"{site}/branches/compare/{{new}}..{{old}}" if repository else "",
    )


def _circleci(here: Job, environ: Mapping[str, str]) -> Job:
    """Describe a job of CircleCI; `CIRCLE_BUILD_NUM` counts the jobs of the project."""
    owner, name = environ.get("CIRCLE_PROJECT_USERNAME", ""), environ.get("CIRCLE_PROJECT_REPONAME", "")
    return replace(
        here,
        repository=f"{owner}/{name}" if owner and name else name,
        sha=environ.get("CIRCLE_SHA1", ""),
        ref=environ.get("CIRCLE_BRANCH") or environ.get("CIRCLE_TAG", ""),
        run_id=environ.get("CIRCLE_BUILD_NUM", ""),
        run_number=environ.get("CIRCLE_BUILD_NUM", ""),
        url=environ.get("CIRCLE_BUILD_URL", ""),
    )


def _jenkins(here: Job, environ: Mapping[str, str]) -> Job:
    """Describe a build of Jenkins; `BUILD_NUMBER` counts those of `JOB_NAME`, which may name a branch."""
    path = re.sub(r"^\w+://[^/]*/|^[^/]*:", "", environ.get("GIT_URL", ""))
    return replace(
        here,
        repository=path.removesuffix(".git").strip("/"),
        sha=environ.get("GIT_COMMIT", ""),
        ref=environ.get("GIT_BRANCH", ""),
        run_id=environ.get("BUILD_NUMBER", ""),
        workflow=environ.get("JOB_NAME", ""),
        run_number=environ.get("BUILD_NUMBER", ""),
    )


_JOBS: Mapping[str, Callable[[Job, Mapping[str, str]], Job]] = MappingProxyType(
    {
        "BITBUCKET_BUILD_NUMBER": _bitbucket,
        "CIRCLECI": _circleci,
        "JENKINS_HOME": _jenkins,
        "JENKINS_URL": _jenkins,
    }
)
"""The functions that describe the job of a CI without a dialect, by a variable that it sets."""


def variable(output: str) -> str:
    """Return an output's variable outside GitHub: `deployment-id` → `CODEDEPLOY_DEPLOYMENT_ID`."""
    return "CODEDEPLOY_" + output.upper().replace("-", "_")
