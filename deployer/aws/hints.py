"""What AWS can add to an error of a run: who and where we are, and the names that there are.

All of it is best effort: where AWS does not tell, the error stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deployer.aws.errors import is_denial, sdk_errors
from deployer.text import did_you_mean, similar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.aws.client import Aws
    from deployer.errors import DeployError, Problem


_NO_APPLICATION, _NO_GROUP = "ApplicationDoesNotExistException", "DeploymentGroupDoesNotExistException"
_SHOWN = 10
"""Names that are listed when none is near."""


def advised(error: DeployError, *, aws: Aws, application: str, group: str) -> DeployError:
    """The same error with what AWS adds.

    One about what is not there gets account, region and the nearest names; a denial the identity refused.
    """
    problems = [_advised(problem, aws, application, group) for problem in error.problems]
    return type(error)(*problems)


def _advised(problem: Problem, aws: Aws, application: str, group: str) -> Problem:
    if problem.code in {_NO_APPLICATION, _NO_GROUP}:
        caller = _caller(aws)
        account = f"account {caller.account} " if caller else ""
        named = "" if problem.code == _NO_APPLICATION else application
        names = list(_names(aws, named))
        hint = f"Searched {account}in {aws.region}."
        return replace(problem, hint="\n".join([*_suggestion(names, group if named else application), hint]))
    if is_denial(problem) and "arn:" not in problem.message.partition("was denied")[2]:
        caller = _caller(aws)
        if caller:
            return replace(problem, message=f"{problem.message} (as {caller.arn})")
    return problem


@dataclass(frozen=True, slots=True)
class _Caller:
    arn: str
    account: str


def _caller(aws: Aws) -> _Caller | None:
    """Who AWS takes us for, None where it does not say."""
    try:
        answer = aws.sts.get_caller_identity()
    except sdk_errors():
        return None
    return _Caller(answer["Arn"], answer["Account"])


def _suggestion(names: list[str], wanted: str) -> Iterator[str]:
    if near := similar(wanted, names, most=3):
        yield did_you_mean(" or ".join(near))
    elif names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield f"There are: {', '.join(names[:_SHOWN])}{more}."


def _names(aws: Aws, application: str) -> Iterator[str]:
    """The names of all applications, or of an application's groups, as far as they may be listed."""
    client = aws.codedeploy_once
    try:
        if application:
            pages = client.get_paginator("list_deployment_groups").paginate(applicationName=application)
            for page in pages:
                yield from page["deploymentGroups"]
        else:
            for listed in client.get_paginator("list_applications").paginate():
                yield from listed["applications"]
    except sdk_errors():
        return
