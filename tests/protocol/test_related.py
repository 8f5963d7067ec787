"""What belongs to a deployment: updates of late instances, the service's messages, waits between zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.deployment.zones import ZonalWaits, zonal_waits

if TYPE_CHECKING:
    from tests.clock import FakeClock
    from tests.harness import RunLine, Start


def test_an_update_of_late_instances_is_followed(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator("late-instances")
    ran = run_line(service)
    assert (ran.code, ran.outputs["status"]) == (0, "succeeded")
    root, update = service.deployments
    assert ran.outputs["deployment-id"] == root.id
    assert f"Wait for {update.id}, which updates instances launched during the deployment" in ran.log
    assert f"Deployment {update.id} succeeded after" in ran.log


def test_an_update_that_fails_is_a_warning(still_emulator: Start, run_line: RunLine) -> None:
    """The deployment has succeeded, but some instances may run another revision."""
    service = still_emulator("late-instances-fail")
    ran = run_line(service)
    assert (ran.code, ran.outputs["status"]) == (0, "succeeded")
    assert "::warning title=update-failed::Instances that were launched during the deployment may" in ran.log
    assert "live-revision" not in ran.outputs
    assert "BeforeInstall failed" in ran.log
    assert "another revision" in ran.summary


@pytest.mark.unhurried
def test_an_update_is_watched_within_the_budget(
    still_emulator: Start, run_line: RunLine, clock: FakeClock
) -> None:
    """What the deployment took is not there for the update."""
    ran = run_line(still_emulator("late-instances"), "--timeout", "15s")
    assert ran.code == 0
    assert clock.passed < 20
    assert "has not ended after" in ran.log


def test_what_the_service_says_of_a_deployment_is_shown_once(
    still_emulator: Start, run_line: RunLine
) -> None:
    ran = run_line(still_emulator("messages"))
    assert ran.log.count("The instances i-0c5f3a9b7d0000003 were not part of this deployment.") == 1
    assert ran.log.count("Some original instances could not be terminated.") == 1


def test_waits_between_zones_come_on_top_of_the_budget(
    still_emulator: Start, run_line: RunLine, clock: FakeClock
) -> None:
    """Two targets are in two zones at most: the first zone is watched for ten minutes, the last one never."""
    ran = run_line(still_emulator("stuck"), "--timeout", "1m", "--deployment-config", "zone-by-zone")
    assert ran.code == 12
    assert 660 <= clock.passed < 680
    assert "the configuration's waits between Availability Zones extend the timeout by up to 10m" in ran.log


def test_waits_that_may_not_be_read_cost_nothing(
    still_emulator: Start, run_line: RunLine, clock: FakeClock
) -> None:
    service = still_emulator("stuck")
    service.faults.add("GetDeploymentConfig", "access-denied", times=99)
    ran = run_line(service, "--timeout", "1m", "--deployment-config", "zone-by-zone")
    assert (ran.code, service.operations().count("GetDeploymentConfig")) == (12, 1)
    assert clock.passed < 70
    assert "GetDeploymentConfig" not in ran.log


def test_waits_are_asked_for_again_after_a_fault(still_emulator: Start) -> None:
    service = still_emulator()
    service.faults.add("GetDeploymentConfig", "throttle")
    assert zonal_waits("zone-by-zone", service.client()) is None
    assert zonal_waits("zone-by-zone", service.client()) == ZonalWaits(600, 120)
    assert zonal_waits("CodeDeployDefault.OneAtATime", service.client()) == ZonalWaits()
    assert service.operations().count("GetDeploymentConfig") == 2


@pytest.mark.parametrize(("targets", "seconds"), [(0, 0), (1, 0), (2, 600), (3, 720), (6, 1080), (99, 1080)])
def test_no_more_zones_than_targets(targets: int, seconds: float) -> None:
    """And never more than a region has."""
    assert ZonalWaits(600, 120).at_most(targets) == seconds
