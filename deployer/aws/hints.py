"""Hints that AWS adds to an error: the account, the region, and similar names that exist.

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
    """Return the error with the hints that AWS adds.

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
    """Return the identity that AWS reports for the credentials, None if it reports none."""
    try:
        answer = aws.sts_optional.get_caller_identity()
    except sdk_errors():
        return None
    return _Caller(answer["Arn"], answer["Account"])


def _suggestion(names: list[str], wanted: str) -> Iterator[str]:
    if near := similar(wanted, names, most=3):
        yield did_you_mean(" or ".join(near))
    elif names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield f"Existing names: {', '.join(names[:_SHOWN])}{more}."


def _names(aws: Aws, application: str) -> Iterator[str]:
    """Yield the names of all applications, or of an application's groups, as far as access allows."""
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
