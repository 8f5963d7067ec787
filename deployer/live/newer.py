"""Newer runs: later runs of the same workflow that a group runs, or that are being deployed to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.errors import Problem

if TYPE_CHECKING:
    from deployer.live.group import Group, Record
    from deployer.live.origin import Origin
    from deployer.revision import Revision


def newer_than(origin: Origin, group: Group, revision: Revision) -> Record | None:
    """Return the deployment of a later run of the same workflow that the group runs, or that is active.

    One that failed is not what the group runs, and one of the very same revision is not gone back from.
    """
    records = [group.live, group.attempt if group.attempt and group.attempt.active else None]
    return next(
        (
            each
            for each in records
            if each and each.origin.is_newer_than(origin) and not each.deployed(revision)
        ),
        None,
    )


def problem(newer: Record, origin: Origin, group: Group) -> Problem:
    """Return the problem that an older run is about to replace a newer one."""
    standing = "is being deployed to" if newer.active else "is live in"
    return Problem(
        f"Run {newer.origin.number} ({newer.label}, {newer.id}) {standing} {group.application}/{group.name}; "
        f"this is run {origin.number} ({origin.label or 'an unknown commit'}), which is older.",
        "Deploy the newest run. To go back on purpose, use revision: last-good or revision: previous; to "
        "deploy older runs too, set on-newer: deploy.",
        code="newer-run",
    )
