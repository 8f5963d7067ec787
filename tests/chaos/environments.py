"""The environments of the campaign: what a machine may lack, and the exit code of a run on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Environment:
    """How a shell starts the run: `before` it, redirections `after` it, variables over the usual ones."""

    before: str = ""
    after: str = ""
    variables: Mapping[str, str | None] = field(default_factory=dict)
    expected: int = 0


ENVIRONMENTS = {
    "nothing special": Environment(),
    "no home": Environment(variables={"HOME": None}),
    "a home that does not exist": Environment(variables={"HOME": "/nonexistent"}),
    "no folder for temporary files": Environment(variables={"TMPDIR": "/nonexistent"}),
    "the C locale": Environment(variables={"LANG": "C", "LC_ALL": "C"}),
    "16 open files": Environment(before="ulimit -n 16"),
    "a small stack": Environment(before="ulimit -s 256"),
    "files of no size": Environment(before="ulimit -f 0"),
    "no core files": Environment(before="ulimit -c 0"),
    "stdin closed": Environment(after="<&-"),
    "stderr closed": Environment(after="2>&-"),
    "stdout closed": Environment(after=">&-"),
    "stdout full": Environment(after=">/dev/full"),
    "stdout whose reader has gone": Environment(after="| true"),
    "a file for outputs on a full disk": Environment(
        variables={"INPUT_OUTPUTS_FILE": "/dev/full"}, expected=2
    ),
    "a summary in a folder that does not exist": Environment(
        variables={"INPUT_SUMMARY_FILE": "/nonexistent/summary.md"}, expected=2
    ),
    "a JUnit report in a folder that does not exist": Environment(
        variables={"INPUT_JUNIT_FILE": "/nonexistent/junit.xml"}, expected=2
    ),
    "an endpoint that is no URL": Environment(variables={"AWS_ENDPOINT_URL_S3": "ht!tp:/x"}, expected=2),
    "a configuration of the SDK that cannot be read": Environment(
        before="echo nonsense >$HOME/config; export AWS_CONFIG_FILE=$HOME/config", expected=2
    ),
}
