"""Early warnings from a snapshot that a deployment may fail, each reported once while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.appspec.model import EVENT_SECONDS
from deployer.deployment.causes import AGENT_NEVER_ANSWERED, BALANCED, RESTART_AGENT
from deployer.deployment.holder import RESTART
from deployer.text import duration, first_few

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from deployer.deployment.model import Snapshot


SILENCE_SECONDS = 180.0
"""The time after which a warning is due if no target has started; agents poll every few seconds."""

_BY_AGENT = frozenset({"DownloadBundle", "Install"})
"""Events in which the agent works itself; no script runs."""

_NEARLY = 0.8
_BALANCING_SECONDS = 300.0
"""The time a load balancer may take for an instance before it is worth reporting."""


def warnings(
    snapshot: Snapshot, *, seconds: float, now: datetime, timeouts: Mapping[str, float]
) -> Iterator[tuple[str, str]]:
    """Yield the warnings, each with a name under which it is reported once.

    `seconds` is how long the run has waited, `timeouts` the seconds that the AppSpec allows for the
    scripts of each event.
    """
    if snapshot.trouble:
        yield (
            f"trouble {snapshot.trouble}",
            f"AWS is not responding ({snapshot.trouble}). Retrying; the deployment may still be running.",
        )
    elif snapshot.unread:
        yield (
            "unread",
            f"The targets cannot be read at the moment ({snapshot.unread}); showing their last known states.",
        )
    if snapshot.ended or snapshot.trouble or snapshot.unread:
        return
    if seconds >= SILENCE_SECONDS and snapshot.status == "InProgress" and snapshot.untouched:
        yield (
            "silent",
            f"No target has started within {duration(seconds)}. {AGENT_NEVER_ANSWERED.advice}"
            + (f" {RESTART_AGENT}" if snapshot.mode == RESTART else ""),
        )
    targets = snapshot.targets or ()
    if any(target.failed_event for target in targets) and not all(target.ended for target in targets):
        yield "failed", "A target failed; the deployment continues as long as its configuration allows."
    for name, stuck in _stuck(snapshot, now, timeouts).items():
        where = f"{name} on {first_few(tuple(stuck))}"
        if name in BALANCED:
            yield f"stuck {name}", f"{where} is taking long. {BALANCED[name].advice}"
            continue
        allowed = duration(timeouts.get(name, EVENT_SECONDS))
        check = "the agent's log and the disk" if name in _BY_AGENT else "what the script is waiting for"
        yield f"stuck {name}", f"{where} is close to its timeout of {allowed}. Check {check}."


def _stuck(snapshot: Snapshot, now: datetime, timeouts: Mapping[str, float]) -> dict[str, list[str]]:
    """Return the instances by the event in which they have used most of the allowed time.

    The shifts of Lambda and ECS take as long as their configuration says; they have no timeout of a script.
    """
    stuck: dict[str, list[str]] = {}
    for target in snapshot.targets or ():
        for event in target.events if target.kind == "instance" else ():
            if event.status == "InProgress" and event.start:
                allowed = _NEARLY * timeouts.get(event.name, EVENT_SECONDS)
                if event.name in BALANCED:
                    allowed = _BALANCING_SECONDS
                if (now - event.start).total_seconds() >= allowed:
                    stuck.setdefault(event.name, []).append(target.id)
    return stuck
