"""Pure: a deployment that did not succeed → why, what to do, and where in the repository.

The service's own words for a failed deployment ("too many individual instances failed") say nothing, so the
targets are read: which lifecycle event failed, what the script said, and what that usually means. Failures
that targets share are reported once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deployer.deployment.agent import AGENT_CLUES, PREVIOUS_GONE, RESTARTED, UNREACHABLE
from deployer.deployment.causes import (
    AGENT_NEVER_ANSWERED,
    BALANCED,
    ERROR_CODES,
    EVENT_CODES,
    PLAIN_CODES,
    PREVIOUS_REVISION,
    RESTART_AGENT,
    Cause,
    Place,
    cause_of,
)
from deployer.deployment.clues import causes_in
from deployer.deployment.holder import RESTART
from deployer.deployment.logs import telling_line, texts_of
from deployer.deployment.model import Diagnostics
from deployer.deployment.places import PREVIOUS_REVISION_EVENTS
from deployer.deployment.refusals import APPSPEC_CLUES
from deployer.deployment.scripts import COMMAND_CLUES, ENDING_CLUES, EXIT_CLUES, FILE_CLUES, LOG_CLUES
from deployer.deployment.service import NO_CALLBACK, SERVICE_CLUES
from deployer.deployment.tools import TOOL_CLUES
from deployer.errors import Location, Problem, Severity
from deployer.text import first_few

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deployer.deployment.model import LifecycleEvent, Snapshot, Target
    from deployer.deployment.places import Places


ANNOTATIONS = 10
"""Annotations of one kind that GitHub shows for a step; the summary holds the rest."""

CONTINUING = "deployment-id, continue: true, application and deployment-group"
"""The inputs of a run that continues a blue/green deployment."""

_EXPLAINED = 50
"""The number of kinds of failures whose texts are searched: a hostile log could make thousands."""

_SAID_BY_TARGETS = {"", "HEALTH_CONSTRAINTS", "HOOK_EXECUTION_FAILURE"}
"""Codes of a deployment that say no more than that a target failed."""

_PLAIN = {
    "ALARM_ACTIVE", "APPLICATION_MISSING", "AUTO_SCALING_IAM_ROLE_PERMISSIONS", "DEPLOYMENT_GROUP_MISSING",
    "IAM_ROLE_MISSING", "IAM_ROLE_PERMISSIONS", "MANUAL_STOP", "NO_INSTANCES", "REVISION_MISSING",
}  # fmt: skip
"""Codes of a deployment that say what happened whatever names stand in its message, an alarm's say."""

_SERVICE_EVENTS = frozenset(
    {"Install", "AllowTraffic", "AllowTestTraffic", "BlockTraffic", "Start", "End", "DownloadBundle"}
)
"""Events that CodeDeploy carries out itself; no function runs in them."""

_SCRIPT_NAMED = re.compile(r"^Script at specified location: [^\n]{0,500}? (?=failed )")
"""The beginning of the agent's message: the script's name says nothing about the cause."""

_SAID_BY_SCRIPTS = (*LOG_CLUES, *COMMAND_CLUES, *TOOL_CLUES, *FILE_CLUES, *EXIT_CLUES)

_SHIFTING = (
    "The traffic shifts in the steps and pauses of the deployment configuration: raise the input timeout "
    "above "
    "what they take together."
)

_TARGETS_UNREAD = (
    "The targets' final states could not be read ({why}). The console shows which failed, and why."
)
_TARGETS_UNREADABLE = (
    "To see which target failed, and why, allow codedeploy:ListDeploymentTargets and "
    'codedeploy:BatchGetDeploymentTargets on "*".'
)


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


@dataclass(frozen=True, slots=True)
class Explanation:
    """The reasons why a deployment did not succeed: problems to annotate, and failures with their logs."""

    problems: tuple[Problem, ...]
    failures: tuple[Failure, ...]


def explain(snapshot: Snapshot, places: Places) -> Explanation:
    """Explain the state of a deployment as of the last check.

    The deployment's own code comes first where it says more than that targets failed. Of one that succeeded,
    the targets that failed anyway are warnings; of one that still runs, why it may not have
    ended in time.
    """
    failures = tuple(_failures(snapshot, places))
    problems = [failure.problem for failure in failures]
    if snapshot.status == "Succeeded":
        problems = [replace(problem, severity=Severity.WARNING) for problem in problems]
    elif not snapshot.ended:
        problems.append(_unfinished(snapshot))
    elif snapshot.error_code not in _SAID_BY_TARGETS or _says_nothing(failures):
        own = _deployment_problem(snapshot, places)
        reasons = [failure.problem for failure in failures if failure.says_why]
        by_script = snapshot.error_code == "MANUAL_STOP" and reasons  # stopped because of what failed
        problems = [*reasons, own] if by_script else [own, *reasons]
    elif not failures and snapshot.untouched:
        problems.append(_silent(snapshot))
    elif not failures:
        problems.append(_deployment_problem(snapshot, places))
    if snapshot.mode == RESTART and problems and not any(failure.diagnostics.script for failure in failures):
        problems[0] = replace(problems[0], hint=f"{problems[0].hint}\n{RESTART_AGENT}".lstrip())
    if snapshot.suspended and snapshot.status == "Failed":
        problems.append(_suspended(snapshot))
    return Explanation(tuple(problems[:ANNOTATIONS]), failures)


def _says_nothing(failures: tuple[Failure, ...]) -> bool:
    """Return whether targets failed, and none says why."""
    return bool(failures) and not any(failure.says_why for failure in failures)


def _suspended(snapshot: Snapshot) -> Problem:
    """Warn that processes may stay suspended: a deployment also fails if they cannot be resumed."""
    processes = snapshot.suspended
    return Problem(
        f"CodeDeploy suspended {' and '.join(processes)} of the group's Auto Scaling groups for this "
        "deployment, and what it could not resume stays suspended.",
        "Check the Auto Scaling groups, and resume what is suspended: aws autoscaling resume-processes "
        f"--auto-scaling-group-name NAME --scaling-processes {' '.join(processes)}\nThe deployment group's "
        "service role needs autoscaling:SuspendProcesses and autoscaling:ResumeProcesses for them. This is "
        "not the role of the CI job.",
        code="processes-suspended",
        severity=Severity.WARNING,
    )


def _silent(snapshot: Snapshot) -> Problem:
    names = first_few(tuple(target.id for target in snapshot.targets or ()))
    return Problem(
        f"No lifecycle event ever started on {names}. {AGENT_NEVER_ANSWERED.why}",
        f"{AGENT_NEVER_ANSWERED.advice}\nTwo simultaneous deployments to the same instance can also have "
        f"this effect.",
        code="agent-silent",
    )


def _unfinished(snapshot: Snapshot) -> Problem:
    running = [
        (event.name, target)
        for target in snapshot.targets or ()
        for event in target.events
        if event.status == "InProgress"
    ]
    if snapshot.trouble:
        return Problem(
            f"The deployment was not seen to end within the timeout: it {snapshot.standing}.",
            f"AWS is not responding ({snapshot.trouble}). Check the deployment in the console.",
            code="timed-out",
        )
    waits = tuple(f"{event} on {target.id}" for event, target in running)
    doing = f" It is waiting for {first_few(waits)}." if waits else ""
    hint = (
        "Raise the input timeout, or check what it is waiting for. With on-timeout: stop, the deployment is "
        "stopped too."
    )
    if running and all(event in BALANCED for event, _ in running):
        event, target = running[0]
        hint = BALANCED[event].advice if target.kind == "instance" else _SHIFTING
    if snapshot.status == "InProgress" and snapshot.untouched:
        doing, hint = f" {AGENT_NEVER_ANSWERED.why}", AGENT_NEVER_ANSWERED.advice
    elif snapshot.terminating:
        doing = " The traffic has moved; it only waits for the original instances or tasks to be terminated."
        hint = "Shorten that wait in the deployment group's blue/green settings, or raise the input timeout."
    elif snapshot.status == "Ready":
        hint = f"Continue it in the console, or by a run with {CONTINUING}."
    return Problem(
        f"The deployment did not end within the timeout: it is {snapshot.status}.{doing}",
        hint,
        code="timed-out",
    )


def _failures(snapshot: Snapshot, places: Places) -> Iterable[Failure]:
    """Return each distinct failure once, the one on the most targets first."""
    groups: dict[tuple[str, str, str, str], list[tuple[Target, LifecycleEvent]]] = {}
    targets = snapshot.targets or ()
    for target in targets:
        if event := target.failed_event:
            diagnostics = event.diagnostics or Diagnostics()
            key = (
                event.name,
                diagnostics.error_code,
                diagnostics.script,
                _without_names(diagnostics.message, target.id),
            )
            groups.setdefault(key, []).append((target, event))
    for number, members in enumerate(sorted(groups.values(), key=len, reverse=True)):
        first, event = members[0]
        diagnostics = event.diagnostics or Diagnostics()
        if number >= _EXPLAINED:
            causes: tuple[Cause, ...] = ()
        elif first.kind == "instance":
            causes = tuple(_causes(event.name, diagnostics))
        else:
            hooked = snapshot.error_code in _SAID_BY_TARGETS and (
                bool(diagnostics.script) or _is_hooked(event.name, places)
            )
            texts = (diagnostics.message, snapshot.error_message)
            known = causes_in(texts, event.name, [NO_CALLBACK]) or (ERROR_CODES["HOOK_EXECUTION_FAILURE"],)
            causes = known if hooked else ()
        yield Failure(
            event=event.name,
            diagnostics=diagnostics,
            targets=tuple(target.id for target, _ in members),
            of=len(targets),
            causes=causes,
            location=_location(event.name, diagnostics, causes, places),
        )


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
        yield BALANCED[event]
        return
    by_agent = not diagnostics.script or event in {"DownloadBundle", "Install"}
    found = _by_agent(event, diagnostics) if by_agent else _by_script(event, diagnostics)
    if not previous and (diagnostics.error_code in PLAIN_CODES or not found):
        yield EVENT_CODES.get(diagnostics.error_code, Cause())
    yield from found[:1]


def _by_agent(event: str, diagnostics: Diagnostics) -> tuple[Cause, ...]:
    """Return the causes in a message of the agent about its own work or about an AppSpec that it refuses."""
    return causes_in((diagnostics.message, diagnostics.log_tail), event, (*AGENT_CLUES, *APPSPEC_CLUES))


def _by_script(event: str, diagnostics: Diagnostics) -> tuple[Cause, ...]:
    """Return the causes in the agent's message on how a script ended, else in its log, else its exit code."""
    line, after, before = texts_of(diagnostics.log_tail)
    if found := causes_in([_SCRIPT_NAMED.sub("", diagnostics.message)], event, (RESTARTED, *ENDING_CLUES)):
        return found
    if found := causes_in((line, after), event, _SAID_BY_SCRIPTS):
        return found
    if by_exit := causes_in([diagnostics.message], event, EXIT_CLUES):
        return causes_in([before], event, COMMAND_CLUES) or by_exit
    return causes_in([before], event, _SAID_BY_SCRIPTS)


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


def _deployment_problem(snapshot: Snapshot, places: Places) -> Problem:
    """Return the service's own error, explained by its message and code, at the AppSpec's line they name."""
    clues = () if snapshot.error_code in _PLAIN else SERVICE_CLUES
    said = causes_in([snapshot.error_message], "", clues)
    cause = said[0] if said else cause_of(snapshot.error_code, _platform(snapshot))
    hint = [line for line in (cause.why, cause.advice) if line]
    if snapshot.targets is None:
        hint.append(_TARGETS_UNREADABLE)
    elif snapshot.unread:
        hint.append(_TARGETS_UNREAD.format(why=snapshot.unread))
    return Problem(
        snapshot.error_message or f"The deployment ended as {snapshot.status}.",
        "\n".join(hint),
        code=snapshot.error_code,
        location=places.of_cause(cause) if cause.place is Place.APPSPEC else None,
    )


def _platform(snapshot: Snapshot) -> str:
    """Return the compute platform, derived from the targets if the service does not report it."""
    kinds = {target.kind for target in snapshot.targets or ()}
    named = {"lambda": "Lambda", "ecs": "ECS"}
    return snapshot.compute_platform or next((named[kind] for kind in kinds if kind in named), "")
