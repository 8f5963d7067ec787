"""Getting a deployment group that another deployment may hold: Revision → Deployment.

A group runs one deployment at a time. That another one runs is learnt from the refusal of CreateDeployment
alone, so nothing can slip in between a look and the creation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from deployer.aws.errors import is_denied, sdk_errors, translate
from deployer.aws.retries import PATIENCE
from deployer.choices import OnConflict
from deployer.deployment.control import stop
from deployer.deployment.create import deploy, unchecked, unguarded
from deployer.deployment.holder import Holder, holder, scope_of
from deployer.deployment.model import Deployment
from deployer.deployment.queue import Queue
from deployer.errors import Conflict, Problem
from deployer.revision import of_location
from deployer.text import counted, duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from mypy_boto3_codedeploy import CodeDeployClient
    from mypy_boto3_codedeploy.literals import DeploymentStatusType

    from deployer.aws.client import Aws
    from deployer.clock import Clock
    from deployer.deployment.create import Sent
    from deployer.deployment.request import DeploymentRequest
    from deployer.revision import Revision


_FREE = "Run again when it has ended, or set on-conflict to wait (with a longer timeout) or stop."
_IDENTIFIER = re.compile(r"\bd-[A-Z0-9]{4,20}\b", re.ASCII)
_ACTIVE: tuple[DeploymentStatusType, ...] = ("Created", "Queued", "InProgress", "Baking", "Ready")
_BLIND_PAUSE = 10.0


@dataclass(frozen=True, slots=True)
class ConflictPolicy:
    """The policy for a busy group: what to do about another deployment, and how long that may take.

    `follow` watches somebody else's deployment to its end or until that time is spent, the less often the
    more seconds, its last argument, this run has waited. `guard` and `check` are `deploy`'s. `refused` is
    called when another deployment holds the group, before anything is done about that, and `confirm` with
    what was created; both may raise. `place` returns this run's place in the queue behind a holder, None
    where it cannot be known.
    """

    on_conflict: OnConflict
    budget: timedelta
    follow: Callable[[Deployment, timedelta, float], object]
    say: Callable[[str], None]
    guard: Callable[[Sent], AbstractContextManager[None]] = unguarded
    check: Callable[[], None] = unchecked
    refused: Callable[[], None] = unchecked
    confirm: Callable[[Deployment], None] = lambda _: None
    place: Callable[[Holder], int | None] = lambda _: None


def create_when_free(
    revision: Revision | None, request: DeploymentRequest, *, policy: ConflictPolicy, aws: Aws, clock: Clock
) -> Deployment:
    """Create the deployment, or join the one that brings the same revision to the same instances already.

    While another deployment holds the group, do what `policy.on_conflict` says. Raises Conflict when that is
    to fail, or when the budget is spent; other DeployErrors as `deploy` does.
    """
    queue = Queue(clock, policy.budget.total_seconds())
    while True:
        try:
            created = deploy(
                revision,
                request,
                aws=aws,
                clock=clock,
                budget=timedelta(seconds=queue.left),
                guard=policy.guard,
                check=policy.check,
            )
        except Conflict as refusal:
            policy.refused()
            queue.refusals += 1
            look = partial(_look, revision, request, refusal, queue=queue, aws=aws)
            other, joins = look()
            if other and joins and policy.on_conflict is OnConflict.JOIN:
                does = "deploys this revision" if revision else "restarts the application"
                policy.say(f"{other.deployment.id} already {does}: following it")
                return replace(other.deployment, revision=revision or other.deployment.revision)
            if policy.on_conflict is OnConflict.FAIL or not queue.left:
                raise _refused(request, other, queue.waited, refusal) from refusal
            if other is None:
                if policy.on_conflict is OnConflict.STOP:
                    raise _refused(request, other, queue.waited, refusal) from refusal
                queue.sleep(_BLIND_PAUSE)
                continue
        else:
            policy.confirm(created)
            return created
        if policy.on_conflict is OnConflict.STOP:
            policy.say(f"Stopping {_named(other)}, which holds {request.group}")
            if problem := stop(other.deployment.id, rollback=False, client=aws.codedeploy):
                raise Conflict(problem)
            policy.follow(other.deployment, timedelta(seconds=queue.left), 0.0)
        else:
            _await_turn(other, queue, look=look, policy=policy)


def _await_turn(
    other: Holder, queue: Queue, *, look: Callable[[], tuple[Holder | None, bool]], policy: ConflictPolicy
) -> None:
    """Wait until it is this run's turn to ask for the group, or its time has passed.

    While other runs are ahead, this one only looks now and then; the next in the queue follows the holder.
    """
    place = queue.place(policy.place(other))
    if place and queue.rest(place):
        ahead = counted(place - 1, "run")
        policy.say(f"{_named(other)} holds the group, and up to {ahead} of this workflow come first")
    while rest := min(queue.rest(place), queue.left):
        queue.sleep(rest)
        found, joins = look()
        if found is None:  # free, for the runs ahead to take
            queue.sleep(queue.hold_back(place))
            found, joins = look()
        if found is None or joins:
            return
        other, place = found, queue.place(policy.place(found))
    policy.say(f"{_named(other)} holds {other.deployment.group}; waiting for it: {other.deployment.url}")
    waited = queue.waited if place is None else 0.0  # the next in a queue looks often
    policy.follow(other.deployment, timedelta(seconds=queue.left), waited)
    queue.sleep(queue.hold_back(place))


def _look(
    revision: Revision | None, request: DeploymentRequest, refusal: Conflict, *, queue: Queue, aws: Aws
) -> tuple[Holder | None, bool]:
    """Return what `_holder` does, within the time that is left."""
    client = aws.codedeploy_within(queue.left, patience=PATIENCE)
    with aws.retries.within(queue.left):
        return _holder(revision, request, refusal, client=client)


def _holder(
    revision: Revision | None, request: DeploymentRequest, refusal: Conflict, *, client: CodeDeployClient
) -> tuple[Holder | None, bool]:
    """Return the deployment that holds the group, and whether it deploys what this run would.

    Of several the one that does; None when it has just ended or may not be looked up. Where listing is
    denied, the deployments that the refusal names are looked at.
    """
    try:
        return _among(_active(request, client), revision, request, client)
    except sdk_errors() as error:
        if not is_denied(error):
            raise translate(error, action="codedeploy:ListDeployments", resource=request.group) from error
    try:
        return _among(_IDENTIFIER.findall(refusal.problems[0].message), revision, request, client)
    except sdk_errors():
        return None, False


def _among(
    identifiers: Iterable[str],
    revision: Revision | None,
    request: DeploymentRequest,
    client: CodeDeployClient,
) -> tuple[Holder | None, bool]:
    """Return the first of these deployments that holds the group, or better the one that does the same."""
    first, scope = None, scope_of(request.parameters)
    for identifier in identifiers:
        info = client.get_deployment(deploymentId=identifier)["deploymentInfo"]
        of = info.get("applicationName"), info.get("deploymentGroupName")
        if info.get("status") not in _ACTIVE or of != (request.application, request.group):
            continue
        held = of_location(info.get("revision", {}))
        found = holder(
            Deployment(identifier, client.meta.region_name, request.application, request.group, held), info
        )
        if found.does(revision, scope):
            return found, True
        first = first or found
    return first, False


def _named(other: Holder) -> str:
    """Return the deployment's ID, with a description unless a user deploys to the whole group."""
    return f"{other.deployment.id}, {other.origin}," if other.origin else other.deployment.id


def _active(request: DeploymentRequest, client: CodeDeployClient) -> Iterator[str]:
    pages = client.get_paginator("list_deployments").paginate(
        applicationName=request.application,
        deploymentGroupName=request.group,
        includeOnlyStatuses=list(_ACTIVE),
    )
    for page in pages:
        yield from page.get("deployments", [])


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
