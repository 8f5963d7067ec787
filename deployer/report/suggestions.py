"""Ways to go on after a deployment, as the inputs of another run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployer.choices import Back
from deployer.text import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployer.deployment.model import Snapshot
    from deployer.revision import Revision


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A way to go on: what it is for, and the inputs by which a run of the same group takes it.

    >>> Suggestion("To restart the application", {"restart": "true"}).line
    'To restart the application: restart: true'
    """

    purpose: str
    inputs: Mapping[str, str]

    @property
    def line(self) -> str:
        """The suggestion on one line, for the log."""
        return f"{self.purpose}: {' with '.join(f'{name}: {value}' for name, value in self.inputs.items())}"


def for_the_others(snapshot: Snapshot, revision: Revision) -> Suggestion | None:
    """Return how to deploy a revision to the instances that did not get it alone; None after other ends."""
    done, of = snapshot.counts.get("Succeeded", 0), sum(snapshot.counts.values())
    in_place = snapshot.compute_platform in {"", "Server"} and not snapshot.blue_green and not snapshot.mode
    if not (
        revision.uri and in_place and (snapshot.failed or snapshot.status == "Succeeded") and 0 < done < of
    ):
        return None
    return Suggestion(
        f"This revision is on {done} of {counted(of, 'target')}. To deploy it only to the others",
        {"revision": revision.uri, "update-outdated-instances-only": "true"},
    )


def to_go_back() -> Suggestion:
    """Return how to go back after a deployment that did not succeed and was not rolled back."""
    return Suggestion("To go back to the last good revision", {"revision": Back.LAST_GOOD.value})
