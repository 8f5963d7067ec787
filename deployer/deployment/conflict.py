"""Getting a deployment group that another deployment may hold: Revision → Deployment.

A group runs one deployment at a time. That another one runs is learnt from the refusal of CreateDeployment
alone, so nothing can slip in between a look and the creation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from deployer.aws.errors import is_denied, sdk_errors, translate
from deployer.choices import OnConflict
from deployer.deployment.control import stop
from deployer.deployment.create import deploy, unchecked, unguarded
from deployer.deployment.holder import Holder, holder, scope_of
from deployer.deployment.model import Deployment
from deployer.errors import Conflict, Problem
from deployer.revision import of_location
from deployer.text import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from mypy_boto3_codedeploy.literals import DeploymentStatusType

    from deployer.aws.client import Aws
    from deployer.clock import Clock
    from deployer.deployment.create import Sent
    from deployer.deployment.request import DeploymentRequest
    from deployer.revision import Revision


_FREE = "Run again when it has ended, or set on-conflict to wait (with a longer timeout) or stop."
_IDENTIFIER = re.compile(r"\bd-[A-Z0-9]{4,20}\b", re.ASCII)
_ACTIVE: tuple[DeploymentStatusType, ...] = ("Created", "Queued", "InProgress", "Baking", "Ready")
_HEAD_START = 60.0
_LONGEST_DELAY = 5.0
_BLIND_PAUSE = 10.0


@dataclass(frozen=True, slots=True)
class ConflictPolicy:
    """The policy for a busy group: what to do about another deployment, and how long that may take.

    `follow` watches somebody else's deployment to its end or until that time is spent; `guard` and `check`
    are `deploy`'s. `confirm` is called with what was created, and may raise.
    """

    on_conflict: OnConflict
    budget: timedelta
    follow: Callable[[Deployment, timedelta], object]
    say: Callable[[str], None]
    guard: Callable[[Sent], AbstractContextManager[None]] = unguarded
    check: Callable[[], None] = unchecked
    confirm: Callable[[Deployment], None] = lambda _: None


def create_when_free(
    revision: Revision, request: DeploymentRequest, *, policy: ConflictPolicy, aws: Aws, clock: Clock
) -> Deployment:
    """Create the deployment, or join the one that brings the same revision to the same instances already.

    While another deployment holds the group, do what `policy.on_conflict` says. Raises Conflict when that is
    to fail, or when the budget is spent; other DeployErrors as `deploy` does.
    """
    started = clock.monotonic()
    while True:
        try:
            left = policy.budget - timedelta(seconds=clock.monotonic() - started)
            created = deploy(
                revision,
                request,
                aws=aws,
                clock=clock,
                budget=left,
                guard=policy.guard,
                check=policy.check,
            )
        except Conflict as refusal:
            waited = clock.monotonic() - started
            left = policy.budget - timedelta(seconds=waited)
            other, joins = _holder(revision, request, refusal, aws)
            if other and joins and policy.on_conflict is OnConflict.JOIN:
                policy.say(f"{other.deployment.id} already deploys this revision: following it")
                return replace(other.deployment, revision=revision)
            if policy.on_conflict is OnConflict.FAIL or left <= timedelta():
                raise _refused(request, other, waited, refusal) from refusal
            if other is None:
                if policy.on_conflict is OnConflict.STOP:
                    raise _refused(request, other, waited, refusal) from refusal
                clock.sleep(min(_BLIND_PAUSE, left.total_seconds()))
                continue
        else:
            policy.confirm(created)
            return created
        if policy.on_conflict is OnConflict.STOP:
            policy.say(f"Stopping {_named(other)}, which holds {request.group}")
            if problem := stop(other.deployment.id, rollback=False, client=aws.codedeploy):
                raise Conflict(problem)
        else:
            policy.say(f"{_named(other)} holds {request.group}; waiting for it: {other.deployment.url}")
        policy.follow(other.deployment, left)
        clock.sleep(_delay(clock.monotonic() - started))


def _delay(waited: float) -> float:
    """Return the seconds to hold back once the group is free: the run that has waited longest goes first."""
    return max(0.0, _LONGEST_DELAY * (1 - waited / _HEAD_START))


def _holder(
    revision: Revision, request: DeploymentRequest, refusal: Conflict, aws: Aws
) -> tuple[Holder | None, bool]:
    """Return the deployment that holds the group, and whether it deploys what this run would.

    Of several the one that does; None when it has just ended or may not be looked up. Where listing is
    denied, the deployments that the refusal names are looked at.
    """
    try:
        return _among(_active(request, aws), revision, request, aws)
    except sdk_errors() as error:
        if not is_denied(error):
            raise translate(error, action="codedeploy:ListDeployments", resource=request.group) from error
    try:
        return _among(_IDENTIFIER.findall(refusal.problems[0].message), revision, request, aws)
    except sdk_errors():
        return None, False


def _among(
    identifiers: Iterable[str], revision: Revision, request: DeploymentRequest, aws: Aws
) -> tuple[Holder | None, bool]:
    """Return the first of these deployments that holds the group, or better the one that does the same."""
    first, scope = None, scope_of(request.parameters)
    for identifier in identifiers:
        info = aws.codedeploy.get_deployment(deploymentId=identifier)["deploymentInfo"]
        of = info.get("applicationName"), info.get("deploymentGroupName")
        if info.get("status") not in _ACTIVE or of != (request.application, request.group):
            continue
        held = of_location(info.get("revision", {}))
        found = holder(Deployment(identifier, aws.region, request.application, request.group, held), info)
        if found.does(revision, scope):
            return found, True
        first = first or found
    return first, False


def _named(other: Holder) -> str:
    """Return the deployment's ID, with a description unless a user deploys to the whole group."""
    return f"{other.deployment.id}, {other.origin}," if other.origin else other.deployment.id


def _active(request: DeploymentRequest, aws: Aws) -> Iterator[str]:
    pages = aws.codedeploy.get_paginator("list_deployments").paginate(
        applicationName=request.application,
        deploymentGroupName=request.group,
        includeOnlyStatuses=list(_ACTIVE),
    )
    for page in pages:
        yield from page["deployments"]


def _refused(request: DeploymentRequest, other: Holder | None, waited: float, refusal: Conflict) -> Conflict:
    held, hint = "another deployment", [refusal.problems[0].message]
    if other:
        clause = f", {other.origin}," if other.origin else ""
        held, hint = f"{other.deployment.id} ({other.deployment.url}){clause}", []
    patience = f", still after {duration(waited)}" if waited >= 1 else ""
    return Conflict(
        Problem(
            f"Nothing was deployed: {held} holds {request.application}/{request.group}{patience}.",
            "\n".join([*hint, _FREE]),
            code="DeploymentLimitExceededException",
        )
    )
