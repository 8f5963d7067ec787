"""All the scenarios by name."""

from __future__ import annotations

from dataclasses import replace
from math import inf

from tests.emulator import fleet
from tests.emulator import scenarios as s
from tests.emulator.faults import Fault
from tests.emulator.fleet import instance
from tests.emulator.scenarios import SCENARIOS, course, scenario
from tests.emulator.timeline import Hold, Target, Timeline

__all__ = ["SCENARIOS"]

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


def _goes_on() -> Timeline:
    return course(s.rolling([None, s.NOT_STARTED, None, None], step=1.5))


def _health_constraints() -> Timeline:
    failures = [None, s.AFTER_INSTALL, s.AFTER_INSTALL, s.AFTER_INSTALL, s.NOT_STARTED]
    return s.health_failure(
        [*s.rolling(failures, step=0.8), *(fleet.waiting(number) for number in range(6, 9))]
    )


def _stopped() -> Timeline:
    return replace(s.succeeds("Server"), stop=7.0)


def _baking() -> Timeline:
    timeline = s.succeeds("Server")
    baking = timeline.end
    return replace(
        timeline, statuses=(*timeline.statuses[:-1], (baking, "Baking"), (baking + 5.0, "Succeeded"))
    )


def _unknown_status() -> Timeline:
    timeline = s.succeeds("Server")
    return replace(
        timeline, statuses=tuple(sorted([*timeline.statuses, (4.0, "Verifying"), (7.0, "InProgress")]))
    )


def _blue_green() -> Timeline:
    green = {name: seconds for name, seconds in {**fleet.IN_PLACE, **fleet.ALLOW}.items()}
    ready = 1.0 + sum(fleet.IN_PLACE.values())
    targets = [
        replace(
            instance(number, start=1.0, pace=green, label="Green"),
            statuses=(
                (0.0, "Pending"),
                (1.0, "InProgress"),
                (ready, "Ready"),
                (ready + 0.1, "InProgress"),
                (1.0 + sum(green.values()), "Succeeded"),
            ),
        )
        for number in (1, 2)
    ]
    events = [event for target in targets for event in target.events]
    allowed = max(event.end for event in events)
    targets += [instance(number, start=allowed, pace=fleet.BLOCK, label="Blue") for number in (3, 4)]
    blocked = fleet.end_of(targets)
    return replace(
        course(targets, end=blocked + 0.6),
        statuses=(
            (0.0, "Created"),
            (0.3, "Queued"),
            (0.6, "InProgress"),
            (ready, "Ready"),
            (ready + 0.1, "InProgress"),
            (blocked + 0.6, "Succeeded"),
        ),
        holds=(Hold(ready, "READY_WAIT"), Hold(blocked + 0.3, "TERMINATION_WAIT", limit=4.0)),
        style=BLUE_GREEN_STYLE,
    )


def _agent_silent() -> Timeline:
    return course(
        [fleet.waiting(number) for number in (1, 2, 3)], status="Failed", error=s.HEALTH, end=3600.0
    )


def _all_skipped() -> Timeline:
    return course([fleet.skipped(number, at=6.0) for number in (1, 2, 3)], status="Failed", error=s.HEALTH)


def _slow_start() -> Timeline:
    targets = [instance(number, start=9.0) for number in (1, 2)]
    timeline = course(targets, queued=4.0, started=8.5)
    return replace(timeline, overview=9.5, visible=8.5)


def _crowd(*, failing: bool) -> Timeline:
    variants = (s.AFTER_INSTALL, s.NOT_STARTED, s.FILE_EXISTS, s.TIMED_OUT)
    targets = [
        instance(
            number,
            start=1.0 + 8.0 * number / 1000,
            failure=variants[number // 10 % len(variants)] if failing and number % 10 == 3 else None,
        )
        for number in range(1, 1001)
    ]
    return course(targets, status="Failed" if failing else "Succeeded", error=s.HEALTH if failing else None)


def _stuck() -> Timeline:
    targets = [instance(1, start=1.0), instance(2, start=1.0, stuck="ApplicationStart")]
    return course(targets, end=inf)


def _refused(code: str, message: str) -> Timeline:
    """A deployment that fails before it has any target."""
    return course([], status="Failed", error=(code, message), end=2.0)


def _lambda_fails() -> Timeline:
    target = fleet.function(name="shop-orders", alias="live", versions=("7", "8"), failure=s.HOOK_FAILED)
    error = (
        "HOOK_EXECUTION_FAILURE",
        "The deployment failed because a lifecycle hook function reported failure.",
    )
    return course([target], status="Failed", error=error)


def _ecs_fails() -> Timeline:
    error = (
        "HOOK_EXECUTION_FAILURE",
        "The deployment failed because a lifecycle hook function reported failure.",
    )
    target = fleet.service(cluster="shop", name="web", failure=s.ECS_HOOK_FAILED)
    return course([target], status="Failed", error=error)


def _alarm() -> Timeline:
    error = ("ALARM_ACTIVE", "One or more alarms have been activated according to the Amazon CloudWatch metrics you "
             "selected, and the affected deployments have been stopped. Activated alarms: <hello-web-5xx>")  # fmt: skip
    timeline = course(s.rolling([None, None, None], step=2.5), status="Failed", error=error, end=7.0)
    return replace(timeline, targets=tuple(target.stopped(6.8) for target in timeline.targets))


def _rolled_back(scenario_name: str) -> Timeline:
    return replace(s.one_of_three(s.AFTER_INSTALL), rollback=scenario_name)


def _load_balanced() -> Timeline:
    style = {"deploymentStyle": {"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"}}
    targets: list[Target] = [
        instance(number, start=1.0 + 3.0 * number, pace=fleet.LOAD_BALANCED) for number in range(3)
    ]
    return replace(course(targets), style=style)


scenario("success", "three instances one after the other, all well", s.succeeds)
scenario("fails-after-install", "one of three instances fails in AfterInstall (pip)",
         lambda _: s.one_of_three(s.AFTER_INSTALL))  # fmt: skip
scenario("one-fails-goes-on", "one of four instances fails, the deployment succeeds all the same",
         lambda _: _goes_on())  # fmt: skip
scenario(
    "health-constraints", "several of eight instances fail, in two ways", lambda _: _health_constraints()
)
scenario("script-missing", "the hook script is not in the bundle", lambda _: s.all_fail(s.MISSING))
scenario("file-exists", "Install finds a file in its way", lambda _: s.all_fail(s.FILE_EXISTS))
scenario(
    "previous-stop-fails", "ApplicationStop of the previous revision fails", lambda _: s.all_fail(s.OLD_STOP)
)
scenario(
    "access-denied-download", "the instances may not read the bundle", lambda _: s.all_fail(s.DOWNLOAD_DENIED)
)
scenario("timeout", "ValidateService takes longer than its timeout", lambda _: s.all_fail(s.TIMED_OUT))
scenario("disk-full", "no space is left on the instances", lambda _: s.all_fail(s.DISK_FULL))
scenario("stopped", "somebody stops the deployment in the console", lambda _: _stopped())
scenario("rollback", "one instance fails, the automatic rollback succeeds", lambda _: _rolled_back("success"))
scenario("rollback-fails", "one instance fails, and so does the rollback",
         lambda _: _rolled_back("previous-stop-fails"))  # fmt: skip
scenario("load-balancer", "three instances behind a load balancer", lambda _: _load_balanced())
scenario("blue-green", "green fleet gets ready, waits to be continued, blue fleet waits to be terminated",
         lambda _: _blue_green())  # fmt: skip
scenario("agent-silent", "no agent picks the work up: all targets stay pending", lambda _: _agent_silent())
scenario("all-skipped", "no agent picked the work up: all events were skipped", lambda _: _all_skipped())
scenario("throttling", "a storm of ThrottlingException over many calls", s.succeeds, faults=STORM)
scenario("slow-start", "long Created and Queued, no targets and no overview", lambda _: _slow_start())
scenario("thousand", "a thousand instances", lambda _: _crowd(failing=False))
scenario(
    "thousand-failing", "a thousand instances, one in ten fails, in four ways", lambda _: _crowd(failing=True)
)
scenario("baking", "the deployment bakes before it succeeds", lambda _: _baking())
scenario(
    "unknown-status", "for a while the deployment has a status that nobody knows", lambda _: _unknown_status()
)
scenario("stuck", "an event never ends", lambda _: _stuck())
scenario("no-instances", "no instance has the group's tags", lambda _: _refused(
    "NO_INSTANCES", "The deployment failed because no instances were found for your deployment group. Check your "
    "deployment group settings to make sure the tags for your Amazon EC2 instances or Auto Scaling groups correctly "
    "identify the instances you want to deploy to, and then try again."))  # fmt: skip
scenario("role-missing", "the group's service role does not exist", lambda _: _refused(
    "IAM_ROLE_MISSING", "The deployment failed because the service role "
    "arn:aws:iam::123456789012:role/codedeploy could not be found."))  # fmt: skip
scenario("role-permissions", "the group's service role may not do its work", lambda _: _refused(
    "IAM_ROLE_PERMISSIONS", "The IAM role arn:aws:iam::123456789012:role/codedeploy does not give you permission to "
    "perform operations in the following AWS service: AmazonAutoScaling."))  # fmt: skip
scenario("alarm", "a CloudWatch alarm ends the deployment", lambda _: _alarm())
scenario("busy", "another deployment is active when yours arrives", s.succeeds, busy="success")
scenario("lambda", "a Lambda alias moves to a new version in ten steps", s.succeeds, platform="Lambda")
scenario("lambda-hook-fails", "a Lambda hook reports failure", lambda _: _lambda_fails(), platform="Lambda")
scenario("ecs", "an ECS service moves to a new task set in ten steps", s.succeeds, platform="ECS")
scenario("ecs-fails", "the ECS test-traffic hook reports failure", lambda _: _ecs_fails(), platform="ECS")
scenario("cloudformation", "a stack's Lambda alias is deployed by CloudFormation",
         lambda _: course([fleet.stack_resource(name="shop-orders-alias")]), platform="Lambda")  # fmt: skip
