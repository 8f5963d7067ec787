"""A group that another deployment holds, and answers that were lost: never two deployments, never none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.protocol.steps import DEPLOYED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tests.clock import FakeClock
    from tests.emulator import Emulator
    from tests.harness import Ran, RunLine, Start


def location_of(ran: Ran) -> Mapping[str, Any]:
    """The revision of a run as the service spells it."""
    return {
        "revisionType": "S3",
        "s3Location": {
            "bucket": ran.outputs["bucket"],
            "key": ran.outputs["key"],
            "bundleType": "zip",
            "eTag": ran.outputs["etag"],
            "version": ran.outputs["version-id"],
        },
    }


def created(service: Emulator) -> int:
    """How many deployments were created over the API."""
    return sum(call.operation == "CreateDeployment" and not call.error for call in service.calls)


@pytest.mark.parametrize("policy", ["join", "wait"])
def test_another_revision_s_deployment_is_waited_for(
    policy: str, *, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    other = service.begin()
    ran = run_line(service, "--on-conflict", policy)
    assert (ran.code, ran.outputs["status"]) == (0, "succeeded")
    assert f"{other.id} holds production; waiting for it: https://" in ran.log
    assert ran.outputs["deployment-id"] != other.id


def test_a_re_run_joins_the_deployment_that_its_first_attempt_left(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    first = run_line(service, "--stop-after", "deploy")
    second = run_line(service)
    assert second.code == 0
    assert second.outputs["deployment-id"] == first.outputs["deployment-id"]
    assert created(service) == 1
    assert "already deploys this revision: following it" in second.log


@pytest.mark.parametrize("platform", ["Lambda", "ECS"])
def test_an_inline_appspec_is_recognised_though_the_service_withholds_its_content(
    platform: str, *, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    environ = {**DEPLOYED[platform], "INPUT_BUCKET": ""}
    first = run_line(service, "--stop-after", "deploy", environ=environ)
    second = run_line(service, environ=environ)
    assert (second.code, second.outputs["deployment-id"]) == (0, first.outputs["deployment-id"])
    assert second.outputs["live-revision"] == second.outputs["revision"] == first.outputs["revision"]
    assert created(service) == 1


def test_an_etag_in_quotes_is_the_same_etag(still_emulator: Start, run_line: RunLine) -> None:
    """`aws deploy push` registers it with them, and the service gives it back so."""
    service = still_emulator()
    location = location_of(run_line(service))
    quoted = {**location["s3Location"], "eTag": f'"{location["s3Location"]["eTag"]}"'}
    other = service.begin(revision={**location, "s3Location": quoted})
    assert run_line(service).outputs["deployment-id"] == other.id


@pytest.mark.parametrize(
    ("creator", "request_", "origin"),
    [
        ("autoscaling", {}, "which Auto Scaling started for a new instance"),
        ("autoscalingTermination", {}, "which Auto Scaling started for an instance that it is terminating"),
        ("CodeDeployAutoUpdate", {}, "which CodeDeploy started to update outdated instances"),
        ("CloudFormation", {}, "which CloudFormation started"),
        ("user", {"updateOutdatedInstancesOnly": True}, "which goes to outdated instances only"),
        (
            "user",
            {"targetInstances": {"autoScalingGroups": ["green"]}},
            "which goes to chosen instances only",
        ),
        ("user", {"deploymentMode": "RESTART"}, "which restarts the application"),
    ],
)
def test_what_goes_not_to_the_whole_group_is_waited_for_though_the_revision_is_the_same(
    creator: str,
    request_: Mapping[str, Any],
    origin: str,
    *,
    still_emulator: Start,
    run_line: RunLine,
) -> None:
    service = still_emulator()
    location = location_of(run_line(service))
    other = service.begin(revision=location, creator=creator, request=request_)
    ran = run_line(service)
    assert (ran.code, created(service)) == (0, 2)
    assert ran.outputs["deployment-id"] != other.id
    assert f"{other.id}, {origin}, holds production; waiting for it: https://" in ran.log


def test_a_re_run_joins_its_own_deployment_to_chosen_instances(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    flags = ("--update-outdated-instances-only", "true")
    first = run_line(service, "--stop-after", "deploy", *flags)
    assert run_line(service, *flags).outputs["deployment-id"] == first.outputs["deployment-id"]


def test_the_rollback_to_the_revision_is_joined(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    location = location_of(run_line(service))
    rollback = service.begin(revision=location, creator="codeDeployRollback")
    assert run_line(service).outputs["deployment-id"] == rollback.id


def test_a_user_s_deployment_is_named_by_its_description(still_emulator: Start, run_line: RunLine) -> None:
    """It says which run of which repository it is; whatever it holds, it stays on its line."""
    service = still_emulator()
    other = service.begin(request={"description": "acme/shop@1a2b3c4,\n::error::run 812" + "x" * 200})
    ran = run_line(service, "--on-conflict", "fail")
    assert ran.code == 13
    assert f"{other.id} (" in ran.log
    assert 'described as "acme/shop@1a2b3c4, ::error::run 812xx' in ran.log
    assert "x" * 100 not in ran.log


def test_a_refusal_says_who_holds_the_group(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    other = service.begin(creator="autoscaling")
    ran = run_line(service, "--on-conflict", "fail")
    assert f"Nothing was deployed: {other.id} (https://" in ran.log
    assert "), which Auto Scaling started for a new instance, holds hello-web/production" in ran.log


def test_waiting_for_the_same_revision_deploys_it_again(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    run_line(service, "--stop-after", "deploy")
    assert run_line(service, "--on-conflict", "wait").code == 0
    assert created(service) == 2


def test_fail_names_the_deployment_that_holds_the_group(
    still_emulator: Start, clock: FakeClock, run_line: RunLine
) -> None:
    service = still_emulator()
    other = service.begin()
    ran = run_line(service, "--on-conflict", "fail")
    assert ran.code == 13
    assert f"{other.id} (https://" in ran.log
    assert "holds hello-web/production" in ran.log
    assert clock.passed == 0


def test_stop_stops_the_other_and_then_deploys(
    still_emulator: Start, clock: FakeClock, run_line: RunLine
) -> None:
    service = still_emulator()
    other = service.begin(scenario="stuck")
    ran = run_line(service, "--on-conflict", "stop")
    assert ran.code == 0
    assert other.info(clock.monotonic())["status"] == "Stopped"


def test_a_stop_of_the_other_that_is_denied_is_a_conflict(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    service.begin(scenario="stuck")
    service.faults.add("StopDeployment", "access-denied", times=9)
    ran = run_line(service, "--on-conflict", "stop")
    assert ran.code == 13
    assert "codedeploy:StopDeployment" in ran.log


def test_the_wait_for_another_is_within_the_budget(
    still_emulator: Start, clock: FakeClock, run_line: RunLine
) -> None:
    service = still_emulator()
    other = service.begin(scenario="stuck")
    ran = run_line(service, "--timeout", "5m")
    assert ran.code == 13
    assert f"Nothing was deployed: {other.id}" in ran.log
    assert 300 <= clock.passed <= 330
    assert created(service) == 0


@pytest.mark.parametrize(("policy", "code"), [("join", 0), ("wait", 0), ("stop", 0), ("fail", 13)])
def test_where_deployments_may_not_be_listed_the_refusal_says_which_one_holds_the_group(
    policy: str, code: int, *, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    other = service.begin()
    service.faults.add("ListDeployments", "access-denied", times=99)
    ran = run_line(service, "--on-conflict", policy)
    assert ran.code == code
    assert created(service) == (code == 0)
    assert other.id in ran.log


def test_where_the_deployment_may_not_be_looked_at_either_the_service_s_words_are_shown(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    other = service.begin()
    for operation in ("ListDeployments", "GetDeployment"):
        service.faults.add(operation, "access-denied", times=99)
    ran = run_line(service, "--on-conflict", "stop")
    assert ran.code == 13
    assert "another deployment holds" in ran.log
    assert f"already has an active Deployment '{other.id}'" in ran.log
    assert "StopDeployment" not in service.operations()


def test_whoever_has_waited_longer_goes_first(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator(["stuck", "success"])
    service.begin(scenario="slow-start")
    run_line(service)
    released = next(call.time for call in reversed(service.calls) if call.operation == "CreateDeployment")
    seen = [call.time for call in service.calls if call.operation == "GetDeployment" and call.time < released]
    assert released - seen[-1] > 1, "one that has hardly waited holds back"


@pytest.mark.parametrize("kind", ["cut-after", "cut-before", "500", "503", "throttle"])
def test_a_lost_answer_never_makes_two_deployments_and_never_none(
    kind: str, *, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    service.faults.add("CreateDeployment", kind, times=1)
    ran = run_line(service)
    assert (ran.code, ran.outputs["status"]) == (0, "succeeded")
    assert len(service.deployments) == 1
    assert ran.outputs["deployment-id"] == service.deployments[0].id


def test_a_lost_answer_that_cannot_be_looked_up_is_said_and_not_sent_again(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    service.faults.add("CreateDeployment", "cut-after", times=1)
    service.faults.add("ListDeployments", "access-denied", times=99)
    ran = run_line(service)
    assert len(service.deployments) == 1
    assert service.operations().count("CreateDeployment") == 1
    assert ran.code == 5
    assert "response to CreateDeployment was lost" in ran.log
    assert "Allow codedeploy:ListDeployments" in ran.log


def test_a_fault_that_stays_is_told_as_the_service_s(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    service.faults.add("CreateDeployment", "500", times=99)
    ran = run_line(service)
    assert ran.code == 5
    assert service.deployments == []


def test_throttling_costs_patience_and_not_the_run(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    service.faults.add("CreateDeployment", "throttle", times=40)
    ran = run_line(service)
    assert ran.code == 0
    assert ran.log.count("AWS is throttling CreateDeployment (ThrottlingException). Retrying for up to") == 1


def test_throttling_that_stays_ends_with_the_time(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    service.faults.add("CreateDeployment", "throttle", times=999)
    assert run_line(service, "--timeout=5m").code == 5
    assert 12 < service.operations().count("CreateDeployment") < 40


@pytest.mark.parametrize("operation", ["RegisterApplicationRevision", "CreateDeployment"])
def test_an_outage_of_some_seconds_costs_patience(
    operation: str, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    service.faults.add(operation, "503", times=6)
    ran = run_line(service)
    assert ran.code == 0
    assert len(service.deployments) == 1
    assert ran.log.count(f"AWS is not responding to {operation}") == (operation != "CreateDeployment")
