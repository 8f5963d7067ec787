"""All the scenarios by name."""

from __future__ import annotations

from dataclasses import replace
from math import inf

from tests.emulator import failures, fleet
from tests.emulator.faults import Fault
from tests.emulator.fleet import instance
from tests.emulator.scenarios import (
    Scenario,
    all_fail,
    course,
    cut_short,
    one_of_three,
    rolling,
    succeeds,
    unhealthy,
)
from tests.emulator.timeline import Event, Hold, Target, Timeline

LOAD_BALANCED_STYLE = {
    "deploymentStyle": {"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
}
BLUE_GREEN_STYLE = {
    "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
    "blueGreenDeploymentConfiguration": {
        "terminateBlueInstancesOnDeploymentSuccess": {
            "action": "TERMINATE",
            "terminationWaitTimeInMinutes": 5,
        },
        "deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 60},
        "greenFleetProvisioningOption": {"action": "COPY_AUTO_SCALING_GROUP"},
    },
}
STORM = tuple(
    Fault(operation, "throttle", times=8, after=after)
    for operation, after in (
        ("GetDeployment", 1),
        ("ListDeploymentTargets", 1),
        ("BatchGetDeploymentTargets", 2),
    )
)


def _several_fail() -> Timeline:
    wrong = [failures.AFTER_INSTALL] * 3
    tried = rolling([None, *wrong, failures.NOT_STARTED], step=0.8)
    return unhealthy([*tried, *(fleet.waiting(number) for number in (6, 7, 8))])


def _baking() -> Timeline:
    timeline = succeeds("Server")
    *begun, (baking, end) = timeline.statuses
    return replace(timeline, statuses=(*begun, (baking, "Baking"), (baking + 5.0, end)))


def _unknown_status() -> Timeline:
    timeline = succeeds("Server")
    strange = [(4.0, "Verifying"), (7.0, "InProgress")]
    return replace(timeline, statuses=tuple(sorted([*timeline.statuses, *strange])))


def _blue_green() -> Timeline:
    pace = fleet.IN_PLACE | fleet.ALLOW
    ready, shifted = 1.0 + sum(fleet.IN_PLACE.values()), 1.0 + sum(pace.values())
    steps = ((0.0, "Pending"), (1.0, "InProgress"), (ready, "Ready"), (ready + 0.1, "InProgress"))
    green = [
        replace(
            instance(number, start=1.0, pace=pace, label="Green"), statuses=(*steps, (shifted, "Succeeded"))
        )
        for number in (1, 2)
    ]
    blue = [instance(number, start=shifted, pace=fleet.BLOCK, label="Blue") for number in (3, 4)]
    timeline = course([*green, *blue])
    wait = [(ready, "Ready"), (ready + 0.1, "InProgress")]
    return replace(
        timeline,
        statuses=tuple(sorted([*timeline.statuses, *wait])),
        holds=(Hold(ready, "READY_WAIT"), Hold(timeline.end - 0.3, "TERMINATION_WAIT", limit=4.0)),
        style=BLUE_GREEN_STYLE,
    )


def _slow_start() -> Timeline:
    timeline = course([instance(number, start=9.0) for number in (1, 2)], queued=4.0, started=8.5)
    return replace(timeline, overview=9.5)


def _thousand(*, failing: bool) -> Timeline:
    variants = (failures.AFTER_INSTALL, failures.NOT_STARTED, failures.FILE_EXISTS, failures.TIMED_OUT)
    targets = [
        instance(
            number,
            start=1.0 + 8.0 * number / 1000,
            failure=variants[number // 10 % len(variants)] if failing and number % 10 == 3 else None,
        )
        for number in range(1, 1001)
    ]
    return course(targets, error="HEALTH_CONSTRAINTS" if failing else None)


def _on_premises() -> Timeline:
    return course(
        replace(each, id=f"web-{number:02d}") for number, each in enumerate(rolling([None] * 2), start=1)
    )


def _load_balanced() -> Timeline:
    targets = [instance(number, start=3.0 * number - 2.0, pace=fleet.LOAD_BALANCED) for number in (1, 2, 3)]
    return replace(course(targets), style=LOAD_BALANCED_STYLE)


def _stuck() -> Timeline:
    return course([instance(1, start=1.0), instance(2, start=1.0, stuck="ApplicationStart")], end=inf)


def _silent() -> Timeline:
    """As published: nothing is seen for five minutes, then the first event fails and the rest is skipped."""
    pace = {**fleet.IN_PLACE, "ApplicationStop": 0.0}
    failure = failures.UNREACHABLE
    return unhealthy([instance(number, start=300.0, pace=pace, failure=failure) for number in (1, 2, 3)])


def _all_skipped() -> Timeline:
    events = tuple(Event(name, start=6.0, end=6.0, outcome="Skipped") for name in fleet.IN_PLACE)
    targets = [Target(fleet.instance_id(number), events=events) for number in (1, 2, 3)]
    return course(targets, error="HEALTH_CONSTRAINTS")


def _one_skipped() -> Timeline:
    first, second, third = rolling([None] * 3)
    return course([first, second.stopped(0.0), third])


def _terminated(failure: failures.Failure | None = None) -> Timeline:
    first, second, third = rolling([None, None, failure])
    targets = [first, replace(second, gone=6.0), third]
    return unhealthy(targets) if failure else course(targets)


SAID = {
    "deploymentStatusMessages": ["The instances i-0c5f3a9b7d0000003 were not part of this deployment."],
    "additionalDeploymentStatusInfo": "Some original instances could not be terminated.",
}


def _refused(error: str) -> Timeline:
    return course([], error=error, end=2.0)


def _rolled_back(scenario: str) -> Timeline:
    return replace(one_of_three(failures.AFTER_INSTALL), rollback=scenario)


GOOD = (
    Scenario("success", "three instances one after the other, all well"),
    Scenario("load-balancer", "three instances behind a load balancer", _load_balanced()),
    Scenario("on-premises", "two hosts that are no EC2 instances", _on_premises()),
    Scenario(
        "blue-green", "the green fleet gets ready and waits, the blue one waits for its end", _blue_green()
    ),
    Scenario("slow-start", "long Created and Queued, no targets and no overview at first", _slow_start()),
    Scenario("throttling", "a storm of ThrottlingException over many calls", faults=STORM),
    Scenario("thousand", "a thousand instances", _thousand(failing=False)),
    Scenario("baking", "the deployment bakes before it succeeds", _baking()),
    Scenario("unknown-status", "for a while a status that nobody knows", _unknown_status()),
    Scenario(
        "late-instances",
        "instances that were launched during the deployment are updated by a deployment of its own",
        replace(succeeds("Server"), update="success"),
    ),
    Scenario(
        "late-instances-fail",
        "the update of instances that were launched during the deployment fails",
        replace(succeeds("Server"), update="script-missing"),
    ),
    Scenario(
        "messages",
        "the service has something to say of the deployment",
        replace(succeeds("Server"), said=SAID),
    ),
    Scenario("busy", "another deployment is active when yours arrives", busy="success"),
    Scenario(
        "one-fails-goes-on",
        "one of four instances fails, the deployment succeeds all the same",
        course(rolling([None, failures.NOT_STARTED, None, None], step=1.5)),
    ),
    Scenario(
        "one-skipped-goes-on",
        "the agent of one of three instances is silent, the deployment succeeds all the same",
        _one_skipped(),
    ),
    Scenario("instance-terminated", "the second of three instances is terminated meanwhile", _terminated()),
    Scenario("lambda", "a Lambda alias moves to a new version in ten steps", platform="Lambda"),
    Scenario("ecs", "an ECS service moves to a new task set in ten steps", platform="ECS"),
    Scenario(
        "cloudformation",
        "a stack's Lambda alias is deployed by CloudFormation",
        course([fleet.stack_resource("shop-orders-alias")]),
        platform="Lambda",
    ),
)
BAD = (
    Scenario(
        "fails-after-install",
        "one of three instances fails in AfterInstall (pip)",
        one_of_three(failures.AFTER_INSTALL),
    ),
    Scenario(
        "terminated-and-fails",
        "of three instances one is terminated meanwhile, another fails",
        _terminated(failures.AFTER_INSTALL),
    ),
    Scenario("health-constraints", "several of eight instances fail, in two ways", _several_fail()),
    Scenario("script-missing", "the hook script is not in the bundle", all_fail(failures.MISSING)),
    Scenario("file-exists", "Install finds a file in its way", all_fail(failures.FILE_EXISTS)),
    Scenario(
        "previous-stop-fails", "the previous revision's ApplicationStop fails", all_fail(failures.OLD_STOP)
    ),
    Scenario(
        "access-denied-download", "instances may not read the bundle", all_fail(failures.DOWNLOAD_DENIED)
    ),
    Scenario("timeout", "ValidateService takes longer than its timeout", all_fail(failures.TIMED_OUT)),
    Scenario("disk-full", "no space is left on the instances", all_fail(failures.DISK_FULL)),
    Scenario(
        "stopped", "somebody stops the deployment in the console", replace(succeeds("Server"), stop=7.0)
    ),
    Scenario("rollback", "one instance fails, the automatic rollback succeeds", _rolled_back("success")),
    Scenario("rollback-fails", "one fails, and so does the rollback", _rolled_back("previous-stop-fails")),
    Scenario(
        "rollback-misses-one", "one fails, and so does one in the rollback", _rolled_back("one-fails-goes-on")
    ),
    Scenario("rollback-hangs", "one fails, and the rollback never ends", _rolled_back("stuck")),
    Scenario("agent-silent", "no agent picks the work up: all targets fail after five minutes", _silent()),
    Scenario("all-skipped", "no agent picked the work up: all events were skipped", _all_skipped()),
    Scenario(
        "thousand-failing", "a thousand instances, one in ten fails, in four ways", _thousand(failing=True)
    ),
    Scenario("stuck", "an event never ends", _stuck()),
    Scenario("no-instances", "no instance has the group's tags", _refused("NO_INSTANCES")),
    Scenario("role-missing", "the group's service role does not exist", _refused("IAM_ROLE_MISSING")),
    Scenario(
        "processes-suspended",
        "the service role may not resume the processes of the group's Auto Scaling group",
        _refused("AUTO_SCALING_IAM_ROLE_PERMISSIONS"),
        group={"autoScalingGroups": [{"name": "web", "hook": "codedeploy"}]},
    ),
    Scenario(
        "role-permissions", "the group's service role lacks permissions", _refused("IAM_ROLE_PERMISSIONS")
    ),
    Scenario(
        "alarm",
        "a CloudWatch alarm ends the deployment",
        cut_short(course(rolling([None] * 3), error="ALARM_ACTIVE", status="Stopped", end=7.0)),
    ),
    Scenario(
        "lambda-hook-fails",
        "a Lambda hook reports failure",
        course([fleet.function(failure=failures.LAMBDA_HOOK)], error="HOOK_EXECUTION_FAILURE"),
        platform="Lambda",
    ),
    Scenario(
        "ecs-fails",
        "the ECS test-traffic hook reports failure",
        course([fleet.service(failure=failures.ECS_HOOK)], error="HOOK_EXECUTION_FAILURE"),
        platform="ECS",
    ),
)
SCENARIOS = {scenario.name: scenario for scenario in (*GOOD, *BAD)}
