"""A deployment group with instances: moto has them, the emulator deploys to them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.emulator.borrowed import SERVICES, Borrowed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.emulator import Emulator
    from tests.harness import Job, Ran

IMAGE = "ami-12c6146b"
PROFILE = "web"
STAGE = {"Key": "Stage", "Value": "production", "Type": "KEY_AND_VALUE"}
ONLY_THE_CHECK_ASKS = {"GetDeploymentConfig", "ListOnPremisesInstances", "DescribeServices"}


class Stand(NamedTuple):
    """An account with a job that deploys there."""

    service: Emulator
    job: Job

    @property
    def group(self) -> dict[str, Any]:
        """The settings of the deployment group."""
        return self.service.world.group("hello-web", "production").settings

    @property
    def sent(self) -> bool:
        """Whether anything was changed at AWS."""
        changes = {"PutObject", "RegisterApplicationRevision", "CreateDeployment"}
        return bool(changes & set(self.service.operations()))

    @property
    def asked(self) -> list[str]:
        """The calls that only the check of the fleet makes."""
        return [
            each.operation
            for each in self.service.calls
            if each.service in SERVICES or each.operation in ONLY_THE_CHECK_ASKS
        ]

    def launch(self, count: int, *, profile: bool = True, **tags: str) -> list[str]:
        """Launch instances with these tags, else with the group's; moto gives only the first a profile."""
        if profile:
            launch_configuration()
            return [
                each for _ in range(count) for each in _launch(1, tags, IamInstanceProfile={"Name": PROFILE})
            ]
        return _launch(count, tags)

    def stop(self, ids: Sequence[str]) -> None:
        """Stop instances."""
        Borrowed.client("ec2").stop_instances(InstanceIds=list(ids))

    def scale(self, name: str, count: int) -> list[str]:
        """Make an Auto Scaling group of so many instances, one of the deployment group's."""
        launch_configuration()
        client = Borrowed.client("autoscaling")
        client.create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchConfigurationName=PROFILE,
            MinSize=0,
            MaxSize=9,
            DesiredCapacity=count,
            AvailabilityZones=["eu-west-1a"],
        )
        self.group.setdefault("autoScalingGroups", []).append({"name": name})
        (found,) = client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        return [each["InstanceId"] for each in found["Instances"]]

    def config(self, kind: str, value: int) -> None:
        """Let the deployment group keep so many instances healthy."""
        minimum = {"minimumHealthyHosts": {"type": kind, "value": value}}
        self.service.world.configs["mine"] = ("Server", minimum)
        self.service.world.group("hello-web", "production").config = "mine"

    def within(self, workspace: Path) -> Stand:
        """The same with another workspace."""
        return self._replace(job=replace(self.job, workspace=workspace))

    def run(self, *flags: str, **variables: str) -> Ran:
        """Create a deployment; calls are counted from here on."""
        self.service.calls.clear()
        return self.job.run(self.service, "--stop-after=deploy", *flags, **variables)


def launch_configuration() -> None:
    """Make what instances are launched by, unless it is there."""
    client, iam = Borrowed.client("autoscaling"), Borrowed.client("iam")
    if client.describe_launch_configurations()["LaunchConfigurations"]:
        return
    iam.create_instance_profile(InstanceProfileName=PROFILE)
    client.create_launch_configuration(
        LaunchConfigurationName=PROFILE, ImageId=IMAGE, InstanceType="t3.micro", IamInstanceProfile=PROFILE
    )


def _launch(count: int, tags: dict[str, str], **options: Any) -> list[str]:  # noqa: ANN401 - RunInstances' own
    listed = [{"Key": name, "Value": value} for name, value in (tags or {"Stage": "production"}).items()]
    answer = Borrowed.client("ec2").run_instances(
        ImageId=IMAGE,
        MinCount=count,
        MaxCount=count,
        InstanceType="t3.micro",
        TagSpecifications=[{"ResourceType": "instance", "Tags": listed}],
        **options,
    )
    return [each["InstanceId"] for each in answer["Instances"]]
