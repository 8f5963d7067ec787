"""The way back: a group as it is and the wish to go back → what to deploy again, and what to stop for it.

It follows from what was tried last: a deployment that runs is stopped and rolled back, one that failed is
followed by the last successful revision again, and behind one that succeeded there is the revision before.
A way back that was taken already is never taken for something to go back from: going back twice does not
bring back what was left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployer.choices import Back
from deployer.deployment.holder import USER
from deployer.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from deployer.live.group import Group, Record
    from deployer.revision import Revision


@dataclass(frozen=True, slots=True)
class Way:
    """A way back of a group: the revision to bring, and what it goes back from.

    `goal` is the deployment that brought the revision, or for one before it the deployment that replaced it;
    `revision` is None where only the group's history can tell. `stops` says that what it goes back from is
    still running, `underway` that a deployment on this way is.
    """

    goal: Record
    revision: Revision | None
    leaves: Record
    why: str
    stops: bool = False
    underway: bool = False

    @property
    def goes_nowhere(self) -> bool:
        """Return whether it ends at the revision that it goes back from."""
        return self.revision is not None and self.revision == self.leaves.revision


def way_back(to: Back, group: Group) -> Way:
    """Return the way back of a group that could be read.

    Raises InvalidInput when there is none, or when it was taken already.
    """
    live, attempt = group.live, group.attempt
    if live is None or attempt is None:
        raise InvalidInput(
            Problem(
                f"There is nothing to go back to: no deployment of {group.application}/{group.name} has "
                "succeeded yet.",
                "Deploy a revision that works.",
                code="no-good-revision",
            )
        )
    if attempt.active:
        return _from_running(to, live, attempt)
    if attempt.id != live.id and _brings_news(attempt, live):
        return _from_failed(to, live, attempt)
    if to is Back.LAST_GOOD:
        return Way(live, live.revision, live, f"{live.id} succeeded: the group runs its revision already")
    return _from_good(group, live)


def _from_running(to: Back, live: Record, attempt: Record) -> Way:
    """Stop it, unless it is on the way back itself, or brings nothing new and can be waited for."""
    if attempt.rolls_back or attempt.left:
        why = f"{attempt.id} is going back already"
        return Way(attempt, attempt.revision, live, why, underway=True)
    if _brings_news(attempt, live):
        return Way(live, live.revision, attempt, f"{attempt.id} is still running", stops=True)
    if to is Back.LAST_GOOD:
        return Way(live, live.revision, attempt, f"{attempt.id} is running")
    return Way(live, _before(live), live, f"{live.id} succeeded, and {attempt.id} is running")


def _brings_news(attempt: Record, live: Record) -> bool:
    """Return whether a user's deployment brings another revision; AWS's own go to single instances."""
    return attempt.creator in {USER, ""} and attempt.revision != live.revision


def _from_failed(to: Back, live: Record, attempt: Record) -> Way:
    """Bring the last successful revision again; a failed way to one before that is tried again."""
    ended = "failed" if attempt.status == "Failed" else "was stopped"
    if to is Back.PREVIOUS and attempt.left:
        return Way(attempt, attempt.revision, live, f"{attempt.id}, which was to go back, {ended}")
    return Way(live, live.revision, attempt, f"{attempt.id} {ended}")


def _from_good(group: Group, live: Record) -> Way:
    """Bring the revision before the live one, unless the live one came by going back."""
    if live.rolls_back or live.left:
        raise InvalidInput(
            Problem(
                f"{group.application}/{group.name} went back already: {live.id} brought back {live.label}"
                + (f" in place of what {live.left} had deployed." if live.left else " as a rollback."),
                "Nothing was deployed, since going back again could bring back what was left. To go back "
                "further, set revision to the revision itself.",
                code="already-back",
            )
        )
    return Way(live, _before(live), live, f"{live.id} succeeded")


def _before(live: Record) -> Revision | None:
    """Return the revision before; None if its record names none, or the same since it came twice."""
    return live.previous if live.previous != live.revision else None
