"""Pure: a deployment that did not succeed → why, what to do, and where in the repository.

The service's own words for a failed deployment ("too many individual instances failed") say nothing, so the
targets are read; `failures` says what went wrong on them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deployer.deployment.causes import AGENT_NEVER_ANSWERED, BALANCED, RESTART_AGENT, Place, cause_of
from deployer.deployment.clues import causes_in
from deployer.deployment.failures import SAID_BY_TARGETS, failures_of
from deployer.deployment.holder import RESTART
from deployer.deployment.model import CONTINUING, Explanation
from deployer.deployment.service import SERVICE_CLUES
from deployer.errors import Problem, Severity
from deployer.text import counted, first_few

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.deployment.failures import Failure
    from deployer.deployment.model import Snapshot
    from deployer.deployment.places import Places


ANNOTATIONS = 10
"""Annotations of one kind that GitHub shows for a step; the summary holds the rest."""

_PLAIN = {
    "ALARM_ACTIVE", "APPLICATION_MISSING", "AUTO_SCALING_IAM_ROLE_PERMISSIONS", "DEPLOYMENT_GROUP_MISSING",
    "IAM_ROLE_MISSING", "IAM_ROLE_PERMISSIONS", "MANUAL_STOP", "NO_INSTANCES", "REVISION_MISSING",
}  # fmt: skip
"""Codes of a deployment that say what happened whatever names stand in its message, an alarm's say."""

_SHIFTING = (
    "The traffic shifts in the steps and pauses of the deployment configuration: raise the input timeout "
    "above what they take together."
)

_TARGETS_UNREAD = (
    "The targets' final states could not be read ({why}). The console shows which failed, and why."
)
_TARGETS_UNREADABLE = (
    "To see which target failed, and why, allow codedeploy:ListDeploymentTargets and "
    'codedeploy:BatchGetDeploymentTargets on "*".'
)


def explain(snapshot: Snapshot, places: Places) -> Explanation:
    """Explain the state of a deployment as of the last check.

    The deployment's own code comes first where it says more than that targets failed. Of one that succeeded,
    the targets that failed anyway are warnings; of one that still runs, it says why it may not have ended in
    time.
    """
    failures = tuple(failures_of(snapshot, places))
    problems = [failure.problem for failure in failures]
    if snapshot.status == "Succeeded":
        missed = [*problems, *_missed(snapshot, failures)]
        problems = [replace(problem, severity=Severity.WARNING) for problem in missed]
    elif not snapshot.ended:
        problems.append(_unfinished(snapshot))
    elif snapshot.error_code not in SAID_BY_TARGETS or _says_nothing(failures):
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


def _missed(snapshot: Snapshot, failures: tuple[Failure, ...]) -> Iterator[Problem]:
    """Yield what a success went without, beside the failures that targets tell themselves."""
    told = {target for failure in failures for target in failure.targets}
    states = {"Skipped"} if failures else {"Failed", "Skipped"}
    missed = snapshot.skipped + (0 if failures else snapshot.counts.get("Failed", 0))
    if not missed:
        return
    names = [each.id for each in snapshot.targets or () if each.status in states and each.id not in told]
    total = max(sum(snapshot.counts.values()), len(snapshot.targets or ()))
    which = f" ({first_few(names)})" if names else ""
    yield Problem(
        f"The deployment succeeded without {missed:,} of {counted(total, 'target')}{which}, which may run an "
        "earlier revision.",
        "Check the CodeDeploy agent on them, then deploy this revision with update-outdated-instances-only: "
        "true. The deployment configuration decides how many may be left out.",
        code="targets-missed",
    )


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
