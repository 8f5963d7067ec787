"""Stage: what is to be deployed, and the groups → the plan. It reads, and changes nothing."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from deployer.appspec.parse import parse
from deployer.bundle.listing import Unknown
from deployer.choices import APPSPEC
from deployer.deployment.register import with_content
from deployer.live.origin import compare_url
from deployer.plan.appspec import hook_changes, text_difference
from deployer.plan.difference import Difference, difference
from deployer.plan.model import GroupPlan, Plan
from deployer.plan.sides import Side, side_of_revision, unknown_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from deployer.appspec.model import AppSpec
    from deployer.aws.client import Aws
    from deployer.deployment.request import DeploymentRequest
    from deployer.live.bundle import LiveBundle
    from deployer.live.group import Group, Safeguards
    from deployer.live.origin import Origin
    from deployer.plan.appspec import HookChange, TextDifference
    from deployer.revision import Revision


_NOTHING = Side(dict, lambda: b"")
"""The side of a group that nothing was deployed to yet."""


def reader(
    application: str, *, aws: Aws, listed: Callable[[Revision | None], LiveBundle | Unknown]
) -> Callable[[Revision | None], Side]:
    """Return a function that reads the side of a revision that exists, its bundle as `listed`."""

    @cache
    def read(revision: Revision | None) -> Side:
        whole = with_content(revision, application=application, aws=aws)
        return side_of_revision(whole, listed)

    return read


def plan(  # noqa: PLR0913 - all but two are keyword-only
    new: Side,
    targets: Iterable[tuple[DeploymentRequest, Group]],
    *,
    read: Callable[[Revision | None], Side],
    origin: Origin,
    compare: str,
    at: datetime,
) -> Plan:
    """Compare what is to be deployed, which comes from `origin`, with what each group runs.

    `read` returns the side of a live revision; `compare` is the CI's pattern of pages that compare two
    commits, and `at` is now. Whatever cannot be read is in the plan with the reason.
    """
    return Plan(tuple(_plan(new, *target, read, origin, compare) for target in targets), origin, at)


def _plan(  # noqa: PLR0913, PLR0917 - a step of `plan`
    new: Side,
    request: DeploymentRequest,
    group: Group,
    read: Callable[[Revision | None], Side],
    origin: Origin,
    compare: str,
) -> GroupPlan:
    old = _live(group, read)
    files = _files(old, new)
    appspec, hooks = _appspec(old, new, files)
    return GroupPlan(
        group,
        files=files,
        appspec=None if old is _NOTHING else appspec,
        hooks=() if old is _NOTHING else hooks,
        safeguards=None if group.unread else _safeguards(group, request),
        compare_url=compare_url(compare, group.live.origin, origin) if group.live else "",
        notes=tuple(_notes(group)),
    )


def _live(group: Group, read: Callable[[Revision | None], Side]) -> Side:
    """Return the side of what a group runs."""
    if problem := group.unread or (group.live and group.live.unread):
        return unknown_side(problem.message.rstrip("."))
    return read(group.live.revision) if group.live else _NOTHING


def _files(old: Side, new: Side) -> Difference | Unknown | None:
    before = old.files()
    if isinstance(before, Unknown) and not new.sha256:
        return before
    after = new.files()
    if before is None or after is None:
        return None
    if isinstance(before, Unknown):
        return before
    return after if isinstance(after, Unknown) else difference(before, after)


def _appspec(
    old: Side, new: Side, files: Difference | Unknown | None
) -> tuple[TextDifference | Unknown | None, tuple[HookChange, ...]]:
    """Return how the AppSpec changes, and which hooks do."""
    if old.sha256 and old.sha256 == new.sha256:
        return None, ()
    after = new.appspec()
    if isinstance(files, Difference) and not files.content_of(APPSPEC):
        return None, hook_changes(_parsed(after), _parsed(after), files)
    before = old.appspec()
    hooks: tuple[HookChange, ...] = ()
    if not isinstance(files, Unknown):
        hooks = hook_changes(_parsed(before), _parsed(after), files or Difference())
    if isinstance(before, Unknown):
        return before, hooks
    if isinstance(after, Unknown):
        return after, hooks
    if before == after:
        return None, hooks
    return text_difference(before, after) or Unknown("it has too many lines"), hooks


def _parsed(text: bytes | Unknown) -> AppSpec | None:
    return None if isinstance(text, Unknown) else parse(text, path=APPSPEC).appspec


def _safeguards(group: Group, request: DeploymentRequest) -> Safeguards:
    """Return what holds back this deployment: the group's own, unless the request replaces it."""
    given = request.parameters
    return group.safeguards.replaced(
        configuration=given.get("deploymentConfigName"),
        rollback=given.get("autoRollbackConfiguration"),
        alarms=given.get("overrideAlarmConfiguration"),
    )


def _notes(group: Group) -> Iterator[str]:
    """Yield what makes the comparison with the live revision less than the whole truth."""
    live, attempt = group.live, group.attempt
    if live and live.partial:
        yield f"{live.id} {live.partial}; some instances may run something else."
    if attempt and attempt.active:
        yield f"Deployment {attempt.id} is under way, and is not part of this comparison."
    elif attempt and not group.settled:
        yield f"Deployment {attempt.id} ended as {attempt.status} after that; instances may run parts of it."
