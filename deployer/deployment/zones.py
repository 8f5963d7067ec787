"""The waits of a zonal deployment configuration, which deploys to one Availability Zone after the other.

Reading the configuration is optional: where it is denied or fails, nothing is added to the time-out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployer.aws.errors import is_transient, sdk_errors

if TYPE_CHECKING:
    from mypy_boto3_codedeploy import CodeDeployClient

_MOST_ZONES = 6
"""Availability Zones of the largest region, us-east-1."""

_PREDEFINED = "CodeDeployDefault."
"""The beginning of the names of AWS's own configurations, of which none is zonal."""


@dataclass(frozen=True, slots=True)
class ZonalWaits:
    """The seconds for which CodeDeploy watches the first zone, and each other one, before it moves on."""

    first: float = 0.0
    other: float = 0.0

    def at_most(self, targets: int) -> float:
        """Return the longest time that a deployment to so many targets waits; none follows the last zone.

        >>> ZonalWaits(first=600, other=60).at_most(3)
        660
        """
        waits = min(targets, _MOST_ZONES) - 1
        return self.first + (waits - 1) * self.other if waits > 0 else 0.0


def zonal_waits(configuration: str, client: CodeDeployClient) -> ZonalWaits | None:
    """Read the waits of a deployment configuration; None if asking again may help."""
    if not configuration or configuration.startswith(_PREDEFINED):
        return ZonalWaits()
    try:
        answer = client.get_deployment_config(deploymentConfigName=configuration)
    except sdk_errors() as error:
        return None if is_transient(error) else ZonalWaits()
    zonal = answer["deploymentConfigInfo"].get("zonalConfig", {})
    other = zonal.get("monitorDurationInSeconds", 0)
    return ZonalWaits(zonal.get("firstZoneMonitorDurationInSeconds", other), other)
