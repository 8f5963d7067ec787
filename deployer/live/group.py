"""A deployment group as one value: the deployment that it runs, and the one that was tried last."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deployer.deployment.holder import FOLLOWERS, ROLLBACK
from deployer.deployment.model import ENDS
from deployer.live.origin import Origin
from deployer.revision import AppSpecRevision, GitHubRevision, S3Revision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from deployer.errors import Problem
    from deployer.live.targets import Targets
    from deployer.revision import Revision, StoredObject


@dataclass(frozen=True, slots=True)
class Record:
    """A deployment of a group as its record tells; times are by the service's clock.

    `left` is the ID of the deployment that it goes back from, empty if it does not go back; `partial` is a
    clause on why some targets may run something else although it succeeded, empty if it reached them all.
    `revision` and `previous`, the one that the group ran before, are None where they are of a kind that we do
    not know, or where `unread` says why the record could not be read. `restarts` means it installs nothing.
    """

    id: str
    status: str
    began: datetime | None = None
    ended: datetime | None = None
    revision: Revision | None = None
    previous: Revision | None = None
    origin: Origin = field(default_factory=Origin)
    creator: str = ""
    left: str = ""
    partial: str = ""
    restarts: bool = False
    unread: Problem | None = None

    @property
    def active(self) -> bool:
        """Return whether it holds its group."""
        return self.status not in ENDS

    @property
    def rolls_back(self) -> bool:
        """Return whether CodeDeploy created it as a rollback."""
        return self.creator == ROLLBACK

    @property
    def follows(self) -> bool:
        """Return whether it brought nothing but what was live: a restart, or AWS's own for some instances."""
        return (self.restarts or self.creator in FOLLOWERS) and self.status == "Succeeded"

    @property
    def label(self) -> str:
        """Return what it deployed: `acme/shop@1a2b3c4`, else its revision."""
        return self.origin.label or (self.revision.label if self.revision else "an unknown revision")

    def holds(self, stored: StoredObject) -> bool:
        """Return whether the object is what it deployed; without eTag or version, a revision matches any."""
        revision = self.revision
        return (
            isinstance(revision, S3Revision)
            and (revision.bucket, revision.key) == (stored.bucket, stored.key)
            and revision.etag in {None, stored.etag}
            and (revision.version_id is None or revision.version_id == stored.version_id)
        )

    def vouches(self, stored: StoredObject) -> bool:
        """Return whether its record pins exactly this object, which write access to S3 cannot forge."""
        return self.holds(stored) and isinstance(self.revision, S3Revision) and self.revision.etag is not None

    def outdates(self, stored: StoredObject, modified: datetime) -> bool:
        """Return whether an object last `modified` then is older than what the group runs, and differs."""
        if self.began is None or self.unread:
            return False
        return modified < self.began and not self.holds(stored)

    def deployed(self, revision: Revision) -> bool:
        """Return whether it deployed exactly this revision: the same commit, digest or eTag."""
        match self.revision, revision:
            case S3Revision() as mine, S3Revision() as other:
                same_place = (mine.bucket, mine.key) == (other.bucket, other.key)
                return same_place and mine.etag is not None and mine.etag == other.etag
            case (GitHubRevision(), GitHubRevision()) | (AppSpecRevision(), AppSpecRevision()):
                return self.revision == revision
        return False


@dataclass(frozen=True, slots=True)
class Safeguards:
    """The brakes of a deployment that goes wrong, by the service's names.

    `configuration` is the deployment configuration; `rollback` the events that roll back, `alarms` the names
    of the alarms that stop a deployment, none where they are switched off.
    """

    configuration: str = ""
    rollback: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()

    def replaced(
        self,
        *,
        configuration: str | None,
        rollback: Mapping[str, Any] | None,
        alarms: Mapping[str, Any] | None,
    ) -> Safeguards:
        """Return the safeguards with what the service is given in their place, None for what stays."""
        return Safeguards(
            self.configuration if configuration is None else configuration,
            self.rollback if rollback is None else tuple(_enabled(rollback, "events")),
            self.alarms
            if alarms is None
            else tuple(alarm.get("name", "") for alarm in _enabled(alarms, "alarms")),
        )


def _enabled(configuration: Mapping[str, Any], name: str) -> Sequence[Any]:
    """Return what a configuration lists; nothing if it is switched off."""
    found: Sequence[Any] = configuration.get(name) or ()
    return found if configuration.get("enabled") else ()


@dataclass(frozen=True, slots=True)
class Group:
    """A deployment group when it was looked at, at `seen` seconds of the monotonic clock.

    `live` is its last successful deployment, `attempt` the last one whatever it came to, an active one
    among them; None where there was none. Those that follow another, as far as that is known, are passed
    over. `platform` is the service's word; `scales` is whether it has an Auto Scaling group, None as
    `blue_green` and `targets` are if that is unknown. `unread` says why nothing could be learnt.
    `safeguards` are its own, which a request may replace. `instances` is how many there are to deploy to,
    None if that is not certain.
    """

    application: str
    name: str
    platform: str = ""
    live: Record | None = None
    attempt: Record | None = None
    seen: float = 0.0
    unread: Problem | None = None
    blue_green: bool | None = None
    scales: bool | None = None
    targets: Targets | None = None
    instances: int | None = None
    safeguards: Safeguards = field(default_factory=Safeguards)

    @property
    def label(self) -> str:
        """The names of application and group."""
        return f"{self.application}/{self.name}"

    @property
    def settled(self) -> bool:
        """Return whether the group runs what was tried last: nothing is active, nothing failed since."""
        return bool(self.live and self.attempt and self.live.id == self.attempt.id)

    @property
    def steady(self) -> bool:
        """Return whether all of the group is known to run its live revision, and nothing was tried since."""
        nothing = self.live is None and self.attempt is None
        return not self.unread and (nothing or bool(self.settled and self.live and not self.live.partial))

    @property
    def complete(self) -> bool:
        """Return whether everything about it could be read."""
        return not any([self.unread, self.live and self.live.unread, self.attempt and self.attempt.unread])

    def runs(self, revision: Revision) -> bool:
        """Return whether all of the group runs exactly this revision, and nothing else is on its way."""
        return bool(self.settled and self.live and not self.live.partial and self.live.deployed(revision))


def reason_to_resend(
    stored: StoredObject, modified: datetime, *, lives: Iterable[Record], is_registered: Callable[[], bool]
) -> str:
    """Return why an existing object cannot be used as the bundle, as a clause; empty if it can."""
    lives = tuple(lives)
    if newer := next((live for live in lives if live.outdates(stored, modified)), None):
        return f"the object there is older than the live deployment {newer.id}"
    if any(live.vouches(stored) for live in lives) or is_registered():
        return ""
    return "the object there is unknown to CodeDeploy, or asking about it is not allowed"
