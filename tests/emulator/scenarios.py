"""The named scenarios: what a deployment goes through, told as data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from tests.emulator import fleet
from tests.emulator.faults import Fault
from tests.emulator.fleet import Failure, instance
from tests.emulator.timeline import Diagnostics, Hold, Target, Timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

HEALTH = (
    "HEALTH_CONSTRAINTS",
    "The overall deployment failed because too many individual instances failed deployment, too few healthy "
    "instances are available for deployment, or some instances in your deployment group are experiencing "
    "problems.",
)
AFTER_INSTALL_LOG = """\
LifecycleEvent - AfterInstall
Script - scripts/after_install.sh
[stdout]Installing dependencies for hello-web
[stdout]Collecting flask==3.0.3
[stderr]ERROR: Could not find a version that satisfies the requirement flask==3.0.33 (from versions: 3.0.2, 3.0.3)
[stderr]ERROR: No matching distribution found for flask==3.0.33
[stderr]scripts/after_install.sh: line 7: pip install failed, giving up
"""
AFTER_INSTALL = Failure(
    "AfterInstall",
    Diagnostics(
        "ScriptFailed",
        "scripts/after_install.sh",
        "Script at specified location: scripts/after_install.sh failed with exit code 1",
        AFTER_INSTALL_LOG,
    ),
)


def unknown_error(event: str, message: str) -> Failure:
    """A failure of the agent's own work: no script, no log."""
    return Failure(event, Diagnostics("UnknownError", "", message))


MISSING = Failure(
    "BeforeInstall",
    Diagnostics(
        "ScriptMissing",
        "scripts/before_install.sh",
        "Script does not exist at specified location: /opt/codedeploy-agent/deployment-root/"
        "6c1f6a5e-5f0c-4f0a-a6a2-9a2f1d3b7c11/d-EXAMPLE01/deployment-archive/scripts/before_install.sh",
    ),
)
TIMED_OUT = Failure(
    "ValidateService",
    Diagnostics(
        "ScriptTimedOut",
        "scripts/validate_service.sh",
        "Script at specified location: scripts/validate_service.sh failed to complete in 60 seconds",
        "LifecycleEvent - ValidateService\nScript - scripts/validate_service.sh\n"
        "[stdout]waiting for http://127.0.0.1:8080/health\n[stderr]curl: (7) Failed to connect: Connection refused\n",
    ),
)
OLD_STOP = Failure(
    "ApplicationStop",
    Diagnostics(
        "ScriptFailed",
        "scripts/stop_server.sh",
        "Script at specified location: scripts/stop_server.sh failed with exit code 5",
        "LifecycleEvent - ApplicationStop\nScript - scripts/stop_server.sh\n"
        "[stderr]Failed to stop hello-web.service: Unit hello-web.service not loaded.\n",
    ),
)
NOT_STARTED = Failure(
    "ApplicationStart",
    Diagnostics(
        "ScriptFailed",
        "scripts/start_server.sh",
        "Script at specified location: scripts/start_server.sh failed with exit code 1",
        "LifecycleEvent - ApplicationStart\nScript - scripts/start_server.sh\n"
        "[stderr]OSError: [Errno 98] Address already in use: ('0.0.0.0', 8080)\n",
    ),
)
FILE_EXISTS = unknown_error(
    "Install",
    "The deployment failed because a specified file already exists at this location: /srv/hello-web/index.html",
)
DOWNLOAD_DENIED = unknown_error(
    "DownloadBundle",
    "Access Denied. User: arn:aws:sts::123456789012:assumed-role/hello-web-instance/i-0c5f3a9b7d0000001 is not "
    "authorized to perform: s3:GetObject on the revision. (Aws::S3::Errors::AccessDenied)",
)
DISK_FULL = unknown_error("Install", "No space left on device @ rb_sysopen - /srv/hello-web/assets/video.mp4")
HOOK_FAILED = Failure(
    "BeforeAllowTraffic",
    Diagnostics(
        "ScriptFailed",
        "shop-before-allow-traffic",
        "The following validation test failed: shop-before-allow-traffic returned Failed for the lifecycle event "
        "BeforeAllowTraffic.",
    ),
)
ECS_HOOK_FAILED = Failure(
    "AfterAllowTestTraffic",
    Diagnostics(
        "ScriptFailed",
        "shop-test-traffic",
        "The following validation test failed: shop-test-traffic returned Failed for the lifecycle event "
        "AfterAllowTestTraffic.",
    ),
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named course of events.

    `plan` makes the timeline for a compute platform; `faults` are injected from the start; `platform` is the
    platform that the scenario is about; `busy` names the scenario of another deployment that is already active.
    """

    name: str
    description: str
    plan: Callable[[str], Timeline]
    faults: tuple[Fault, ...] = ()
    platform: str = "Server"
    busy: str | None = None


SCENARIOS: dict[str, Scenario] = {}


def course(
    targets: Iterable[Target],
    *,
    status: str = "Succeeded",
    error: tuple[str, str] | None = None,
    queued: float = 0.3,
    started: float = 0.6,
    linger: float = 0.6,
    end: float | None = None,
) -> Timeline:
    """A deployment over these targets: it is created, queued, goes on and ends with them."""
    fixed = tuple(targets)
    ends = fleet.end_of(fixed) + linger if end is None else end
    return Timeline(
        statuses=((0.0, "Created"), (queued, "Queued"), (started, "InProgress"), (ends, status)),
        targets=fixed,
        error=error,
        overview=started + 0.2,
        visible=started,
    )


def rolling(failures: Sequence[Failure | None], *, step: float = 3.0) -> list[Target]:
    """Instances one after the other, each with its failure or None."""
    return [
        instance(number, start=1.0 + step * (number - 1), failure=failure)
        for number, failure in enumerate(failures, start=1)
    ]


def succeeds(platform: str) -> Timeline:
    """The plain success of a platform."""
    if platform == "Lambda":
        return course([fleet.function(name="shop-orders", alias="live", versions=("7", "8"))])
    if platform == "ECS":
        return course([fleet.service(cluster="shop", name="web")])
    return course(rolling([None, None, None], step=2.5))


def one_of_three(failure: Failure) -> Timeline:
    """The first instance succeeds, the second fails, the third is never tried."""
    return health_failure([*rolling([None, failure], step=2.5), fleet.waiting(3)])


def health_failure(targets: list[Target]) -> Timeline:
    """What has not begun when the health rule is broken is skipped, and the deployment failed."""
    timeline = course(targets, status="Failed", error=HEALTH)
    ended = timeline.end - 0.1
    return replace(timeline, targets=tuple(target.stopped(ended) for target in timeline.targets))


def all_fail(failure: Failure, count: int = 3) -> Timeline:
    """Every instance fails alike."""
    return health_failure(rolling([failure] * count, step=0.4))


def scenario(
    name: str,
    description: str,
    plan: Callable[[str], Timeline],
    *,
    faults: tuple[Fault, ...] = (),
    platform: str = "Server",
    busy: str | None = None,
) -> None:
    """Register a scenario; its name must be new."""
    assert name not in SCENARIOS, name
    SCENARIOS[name] = Scenario(name, description, plan, faults, platform, busy)
