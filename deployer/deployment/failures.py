"""Pure: the targets of a deployment → what went wrong on them, each failure once, with its causes.

A failure is a lifecycle event that failed: the event, what the script said, and what that usually means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployer.deployment.agent import AGENT_CLUES, PREVIOUS_GONE, RESTARTED, UNREACHABLE
from deployer.deployment.causes import (
    BALANCED,
    ERROR_CODES,
    EVENT_CODES,
    PLAIN_CODES,
    PREVIOUS_REVISION,
    Cause,
    Place,
)
from deployer.deployment.clues import causes_in
from deployer.deployment.logs import is_exception, telling_line, texts_of
from deployer.deployment.model import Diagnostics
from deployer.deployment.places import PREVIOUS_REVISION_EVENTS
from deployer.deployment.refusals import APPSPEC_CLUES
from deployer.deployment.scripts import (
    CHECK_CLUES,
    COMMAND_CLUES,
    ENDING_CLUES,
    EXIT_CLUES,
    FILE_CLUES,
    LOG_CLUES,
)
from deployer.deployment.service import BALANCER_CLUES, NO_CALLBACK
from deployer.deployment.tools import START_CLUES, TOOL_CLUES
from deployer.errors import Location, Problem
from deployer.text import first_few

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from deployer.deployment.model import LifecycleEvent, Snapshot, Target
    from deployer.deployment.places import Places


_EXPLAINED = 50
"""The number of kinds of failures whose texts are searched: a hostile log could make thousands."""

SAID_BY_TARGETS = {"", "HEALTH_CONSTRAINTS", "HOOK_EXECUTION_FAILURE"}
"""Codes of a deployment that say no more than that a target failed."""

_SERVICE_EVENTS = frozenset(
    {"Install", "AllowTraffic", "AllowTestTraffic", "BlockTraffic", "Start", "End", "DownloadBundle"}
)
"""Events that CodeDeploy carries out itself; no function runs in them."""

_SCRIPT_NAMED = re.compile(r"^Script at specified location: [^\n]{0,500}? (?=failed )")
"""The beginning of the agent's message: the script's name says nothing about the cause."""

_SAID_BY_SCRIPTS = (*LOG_CLUES, *COMMAND_CLUES, *TOOL_CLUES, *FILE_CLUES, *START_CLUES, *EXIT_CLUES)

_ANSWER = re.compile(r"\b(?:curl|wget|HTTP|Job for)\b|refused|timed out|already in use", re.IGNORECASE)
"""Lines on how an application answered a script's check of it, or why it did not."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that went wrong, on every target where it went wrong in the same way.

    `of` is how many targets the deployment has; `diagnostics` is untrusted text, from the first target.
    """

    event: str
    diagnostics: Diagnostics
    targets: tuple[str, ...]
    of: int
    causes: tuple[Cause, ...] = ()
    location: Location | None = None

    @property
    def says_why(self) -> bool:
        """True if the message says more than that the event failed."""
        return bool(self.causes) or bool(reason(self.diagnostics))

    @property
    def problem(self) -> Problem:
        """The failure as an annotation: what failed where, in the script's own words, and what to do."""
        share = f" ({len(self.targets):,} of {self.of:,} targets)" if self.of > 1 else ""
        why = reason(self.diagnostics)
        message = f"{self.event} failed on {first_few(self.targets)}{share}" + (f": {why}" if why else "")
        first = _first_line(self.diagnostics.message)
        causes = [line for cause in self.causes for line in (cause.why, cause.advice) if line]
        hint = "\n".join([*([first] if first not in message else []), *causes])
        return Problem(message, hint, code=self.diagnostics.error_code, location=self.location)


def reason(diagnostics: Diagnostics) -> str:
    """Return why an event failed, in one line: the script and its last output, else the service's message."""
    said = telling_line(diagnostics.log_tail) or _first_line(diagnostics.message)
    return ": ".join(part for part in (" ".join(diagnostics.script.split()), said) if part)


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def failures_of(snapshot: Snapshot, places: Places) -> Iterator[Failure]:
    """Yield each distinct failure once, the one on the most targets first."""
    targets = snapshot.targets or ()
    for number, members in enumerate(sorted(_alike(targets), key=len, reverse=True)):
        first, event = members[0]
        diagnostics = event.diagnostics or Diagnostics()
        causes: tuple[Cause, ...] = ()
        if number < _EXPLAINED and first.kind == "instance":
            causes = tuple(_causes(event.name, diagnostics))
        elif number < _EXPLAINED:
            causes = _causes_of_function(event.name, diagnostics, snapshot, places)
        yield Failure(
            event=event.name,
            diagnostics=diagnostics,
            targets=tuple(target.id for target, _ in members),
            of=len(targets),
            causes=causes,
            location=_location(event.name, diagnostics, causes, places),
        )


def _alike(targets: Iterable[Target]) -> Iterable[list[tuple[Target, LifecycleEvent]]]:
    """Return the targets that failed, each with the event that did, those together that failed alike."""
    groups: dict[tuple[str, str, str, str], list[tuple[Target, LifecycleEvent]]] = {}
    for target in targets:
        if event := target.failed_event:
            found = event.diagnostics or Diagnostics()
            key = (event.name, found.error_code, found.script, _without_names(found.message, target.id))
            groups.setdefault(key, []).append((target, event))
    return groups.values()


def _causes_of_function(
    event: str, diagnostics: Diagnostics, snapshot: Snapshot, places: Places
) -> tuple[Cause, ...]:
    """Return the causes of an event's failure by Lambda or ECS: of its function, if one runs in it."""
    hooked = bool(diagnostics.script) or _is_hooked(event, places)
    if snapshot.error_code not in SAID_BY_TARGETS or not hooked:
        return ()
    texts = (diagnostics.message, snapshot.error_message)
    return causes_in(texts, event, [NO_CALLBACK]) or (ERROR_CODES["HOOK_EXECUTION_FAILURE"],)


def _is_hooked(event: str, places: Places) -> bool:
    """Return whether a function runs in the event: by the AppSpec, or, without one, whether one could."""
    return event in places.hooks if places.appspec else event not in _SERVICE_EVENTS


def _without_names(message: str, target: str) -> str:
    return re.sub(r"i-[0-9a-f]{8,}|d-[A-Z0-9]+", "…", message.replace(target, "…"))


def _causes(event: str, diagnostics: Diagnostics) -> Iterable[Cause]:
    """Return the causes of an event's failure on an instance, the most certain first."""
    if found := causes_in([diagnostics.message], event, [UNREACHABLE]):
        yield from found
        return
    previous = event in PREVIOUS_REVISION_EVENTS
    if previous:
        if gone := causes_in([diagnostics.message], event, [PREVIOUS_GONE]):
            yield from gone
            return
        yield PREVIOUS_REVISION
    elif event in BALANCED:
        said = (diagnostics.message, diagnostics.log_tail)
        yield from causes_in(said, event, BALANCER_CLUES)[:1] or (BALANCED[event],)
        return
    by_agent = not diagnostics.script or event in {"DownloadBundle", "Install"}
    found = _by_agent(event, diagnostics) if by_agent else _by_script(event, diagnostics)
    if not previous and (diagnostics.error_code in PLAIN_CODES or not found):
        yield EVENT_CODES.get(diagnostics.error_code, Cause())
    yield from found[:1]


def _by_agent(event: str, diagnostics: Diagnostics) -> tuple[Cause, ...]:
    """Return the causes in a message of the agent about its own work or about an AppSpec that it refuses.

    The agent reads the AppSpec only once the bundle is unpacked.
    """
    clues = AGENT_CLUES if event == "DownloadBundle" else (*AGENT_CLUES, *APPSPEC_CLUES)
    return causes_in((diagnostics.message, diagnostics.log_tail), event, clues)


def _by_script(event: str, diagnostics: Diagnostics) -> tuple[Cause, ...]:
    """Return the causes in the agent's message on how a script ended, else in its log, else its exit code.

    What comes before an exception that nothing explains is not its cause, nor before a script's own verdict
    on the application, except for answers of the application: scripts go on after errors.
    """
    line, after, before = texts_of(diagnostics.log_tail)
    if found := causes_in([_SCRIPT_NAMED.sub("", diagnostics.message)], event, (RESTARTED, *ENDING_CLUES)):
        return found
    if found := causes_in((line, after), event, _SAID_BY_SCRIPTS):
        return found
    if found := causes_in([line], event, CHECK_CLUES):
        answers = "\n".join(each for each in before.splitlines() if _ANSWER.search(each))
        return causes_in([answers], event, _SAID_BY_SCRIPTS) or found
    if by_exit := causes_in([diagnostics.message], event, EXIT_CLUES):
        return causes_in([before], event, COMMAND_CLUES) or by_exit
    clues = START_CLUES if is_exception(line) else _SAID_BY_SCRIPTS
    return causes_in([before], event, clues)


def _location(
    event: str, diagnostics: Diagnostics, causes: tuple[Cause, ...], places: Places
) -> Location | None:
    """Return the place where the failure can be fixed, according to the first cause that names one."""
    cause = next((cause for cause in causes if cause.place), Cause())
    if cause.place is Place.NOWHERE:
        return None
    if event in PREVIOUS_REVISION_EVENTS:
        return places.of_event(event, diagnostics)
    if cause.place in {Place.APPSPEC, Place.SOURCE}:
        return places.of_cause(cause)
    if cause.place is Place.SCRIPT and (script := places.script(diagnostics.script)):
        return Location(script, 1)
    return places.of_event(event, diagnostics)
