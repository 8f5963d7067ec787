"""Summaries to show in a browser: of fleets at their widest, and of all that else can stand in one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING

from deployer.deployment.explain import explain
from deployer.deployment.model import (
    Deployment,
    Diagnostics,
    LifecycleEvent,
    Snapshot,
    Status,
    Target,
    Traffic,
)
from deployer.deployment.places import Places
from deployer.deployment.wait import Ending
from deployer.errors import Location, Problem, Severity
from deployer.report.suggestions import Suggestion
from deployer.report.summary import summary
from deployer.revision import BundleType, S3Revision
from deployer.run import Outcome
from tests.emulator import fleet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
REVISION = S3Revision("my-revisions", f"hello-web/{'0f1e2d3c' * 8}.zip", BundleType.ZIP, "9" * 32, "v" * 32)
LOG = (
    "LifecycleEvent - ApplicationStart\nScript - scripts/application_start.sh\n"
    f"[stdout]Starting gunicorn 21.2.0 with more options than a line has room for: {'--bind :8080 ' * 12}\n"
    f"[stdout]{'🚀' * 80}\n"
    "[stderr]Traceback (most recent call last):\n"
    '[stderr]  File "/srv/hello-web/server.py", line 12, in <module>\n'
    "[stderr]ModuleNotFoundError: No module named 'flask'\n"
)
IN_PLACE = tuple(fleet.IN_PLACE)
LOAD_BALANCED = tuple(fleet.LOAD_BALANCED)


def target(number: int, names: Iterable[str], *, failing: str = "", label: str = "") -> Target:
    """An instance whose events took up to some minutes; all after `failing` were skipped."""
    events, at, broken = [], START, False
    for place, name in enumerate(names):
        took = timedelta(seconds=0 if broken else (number * 37 + place * 53) % 599 + 0.4)
        status = "Skipped" if broken else "Failed" if name == failing else "Succeeded"
        told = Diagnostics("ScriptFailed", "scripts/application_start.sh", "exit code 1", LOG)
        events.append(LifecycleEvent(name, status, at, at + took, told if status == "Failed" else None))
        at, broken = at + took, broken or status == "Failed"
    state = "Failed" if broken else "Succeeded"
    return Target(fleet.instance_id(number), state, label=label, events=tuple(events))


def outcome(*targets: Target, status: Status = Status.SUCCEEDED, group: str = "production") -> Outcome:
    """The outcome of a deployment to these targets."""
    states = [each.status for each in targets]
    snapshot = Snapshot(
        {Status.SUCCEEDED: "Succeeded", Status.READY: "Ready"}.get(status, "Failed"),
        {state: states.count(state) for state in dict.fromkeys(states)},
        targets=targets,
        error_code="HEALTH_CONSTRAINTS",
    )
    places = Places(hooks={}, locate=lambda name: f"examples/hello-web/{name}")
    explanation = explain(snapshot, places) if status is not Status.READY else None
    return Outcome(
        application="hello-web",
        groups=(group,),
        group=group,
        region="eu-west-1",
        status=status,
        revision=REVISION,
        deployment=Deployment("d-BW9UUFNZE", "eu-west-1", "hello-web", group),
        ending=Ending(status, snapshot, 754.0),
        explanation=explanation,
        problems=list(explanation.problems) if explanation else [],
    )


def fleet_of(size: int, names: tuple[str, ...], *, failing: bool) -> Outcome:
    """A fleet of which, if it fails, every third instance does."""
    at = "BeforeAllowTraffic" if names == LOAD_BALANCED else "ApplicationStart"
    targets = [target(n, names, failing=at if failing and n % 3 == 2 else "") for n in range(1, size + 1)]
    return outcome(*targets, status=Status.FAILED if failing else Status.SUCCEEDED)


def on_premises() -> Outcome:
    """Hosts with names as long as they may be, behind a load balancer."""
    hosts = (target(number, LOAD_BALANCED) for number in (1, 2))
    return outcome(*(replace(host, id=f"{'web-server-in-the-cellar-' * 3}{'x' * 25}") for host in hosts))


def ecs() -> Outcome:
    """A service whose traffic stopped half way."""
    shares = (Traffic("blue", 50, "4 of 4 tasks running"), Traffic("green", 50, "4 of 4 tasks running"))
    service = target(2, fleet.ECS, failing="AllowTraffic")
    failed = Target("shop:web", service.status, "ecs", events=service.events, traffic=shares)
    return outcome(failed, status=Status.FAILED)


def blue_green() -> Outcome:
    """New instances that are ready, and old ones that wait."""
    green = [target(n, (*fleet.IN_PLACE, *fleet.ALLOW), label="Green") for n in (1, 2)]
    blue = [target(n, fleet.BLOCK, label="Blue") for n in (3, 4)]
    return outcome(*green, *blue, status=Status.READY)


def rolled_back(*, well: bool) -> Outcome:
    """A failed deployment that was rolled back, or was to be."""
    failed = fleet_of(3, IN_PLACE, failing=True)
    failed.rollback = Deployment("d-4EVDDVIXF", "eu-west-1", "hello-web", "production")
    status = Status.SUCCEEDED if well else Status.FAILED
    failed.rollback_ending = Ending(status, Snapshot("Failed", {"Failed": 3}), 31.0)
    failed.live = REVISION if well else None
    return failed


def several_groups() -> Outcome:
    """Three groups, of which the second failed."""
    first = outcome(*(target(n, IN_PLACE) for n in (1, 2)), group="staging")
    last = fleet_of(3, IN_PLACE, failing=True)
    last.earlier, last.groups = (first,), ("staging", "production", "production-asia")
    return last


def suggesting() -> Outcome:
    """A failed deployment in place of an earlier one, with a way to go on."""
    failed = fleet_of(3, IN_PLACE, failing=True)
    failed.before, failed.compare_url = (
        f"acme/shop@{'1a2b3c4d5e' * 4}",
        "https://github.com/acme/shop/compare/1...2",
    )
    inputs = {"revision": REVISION.uri, "update-outdated-instances-only": "true"}
    failed.suggestions.append(Suggestion("To deploy it only to the others", inputs))
    return failed


def refused() -> Outcome:
    """A bundle that did not pass the pre-flight."""
    problems = [
        Problem(
            f"The script scripts/{'very-long-name-' * n}start.sh is not in the bundle.",
            "Add the script, or remove it from the AppSpec.",
            "appspec-hook-missing-script",
            Severity.ERROR,
            Location("services/shop/appspec.yml", 12 + n),
        )
        for n in (0, 1, 12)
    ]
    return Outcome(application="hello-web", group="production", findings=tuple(problems), problems=problems)


def summaries() -> Mapping[str, str]:
    """The summaries by name."""
    fleets = {
        f"{len(names)}-events-{size}-targets-{'failing' if failing else 'good'}": fleet_of(
            size, names, failing=failing
        )
        for names, size, failing in product((IN_PLACE, LOAD_BALANCED), (3, 40), (True, False))
    }
    others = {
        "on-premises": on_premises(),
        "ecs": ecs(),
        "blue-green": blue_green(),
        "rolled-back": rolled_back(well=True),
        "rollback-failed": rolled_back(well=False),
        "several-groups": several_groups(),
        "suggesting": suggesting(),
        "refused": refused(),
    }
    return {name: summary(each) for name, each in (fleets | others).items()}
