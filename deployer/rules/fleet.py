"""Rules of what a deployment group deploys to: instances, ECS services and the aliases of functions."""

from __future__ import annotations

from deployer.rules import WARNING, Rule

_HEALTH = "AWS documentation, CodeDeploy instance health"

NO_INSTANCE = Rule(
    code="fleet-no-instance",
    message="{group} selects no instance: {why}.",
    hint="Correct the tags and Auto Scaling groups of the deployment group, or tag the instances.",
    bad="the deployment group's tag is Stage=prodution, the instances' Stage=production",
    good="a tag of the deployment group that at least one instance has",
    source="CodeDeploy service, error code NO_INSTANCES",
)
MINIMUM = Rule(
    code="fleet-minimum",
    message="{config} keeps {minimum} of the {total} of {group} healthy, so that none can be deployed to.",
    hint="Choose a deployment configuration that keeps fewer instances healthy, or add instances.",
    bad="FLEET_PERCENT 75 with 3 instances: 2.25 is rounded up to 3",
    good="FLEET_PERCENT 60 with 3 instances: 1.8 is rounded up to 2",
    source=_HEALTH,
)
TOO_MANY_STOPPED = Rule(
    code="fleet-too-many-stopped",
    message="{stopped} of the {total} of {group} {are} stopped ({names}), and {config} needs {minimum} to "
    "succeed. CodeDeploy counts stopped instances as failed.",
    hint="Start the instances, or change their tags so that the deployment group does not select them.",
    bad="two of three instances are stopped, and the deployment configuration is HalfAtATime",
    good="enough running instances for the deployment configuration",
    source=_HEALTH,
)
STOPPED = Rule(
    code="fleet-stopped",
    message="{stopped} of the {total} of {group} {are} stopped ({names}). CodeDeploy counts stopped "
    "instances as failed.",
    hint="Start the instances, or change their tags so that the deployment group does not select them.",
    bad="a stopped instance with the deployment group's tag",
    good="only running instances with that tag",
    source=_HEALTH,
    severity=WARNING,
)
NO_PROFILE = Rule(
    code="fleet-no-profile",
    message="{count} of the {total} of {group} {have} no instance profile: {names}.",
    hint="Attach an instance profile that may read the revision's bucket; the agent gets its credentials "
    "there.",
    bad="an instance without an IAM role",
    good="an instance with a role that allows s3:GetObject on the bucket",
    source="AWS documentation, Create an IAM instance profile for your Amazon EC2 instances",
    severity=WARNING,
)
CONNECTION_LOST = Rule(
    code="fleet-connection-lost",
    message="Systems Manager has lost the connection to {count} of the {total} of {group}: {names}.",
    hint="The instances run but may not be reachable, nor reach AWS. Check their network, disk and memory.",
    bad="an instance without a route to AWS, or out of memory",
    good="an instance whose PingStatus is Online",
    source="Systems Manager, DescribeInstanceInformation (PingStatus)",
    severity=WARNING,
)
LAUNCH_SUSPENDED = Rule(
    code="fleet-launch-suspended",
    message="The Auto Scaling group {name} of {group} launches no instances: its process Launch is suspended"
    "{reason}.",
    hint="Resume it with `aws autoscaling resume-processes --auto-scaling-group-name {name}`. An instance "
    "that fails is not replaced until then.",
    bad="a process that somebody suspended and forgot",
    good="all processes of the Auto Scaling group are active",
    source="AWS documentation, Suspend and resume Amazon EC2 Auto Scaling processes",
    severity=WARNING,
)
NO_SERVICE = Rule(
    code="ecs-service-missing",
    message="{group} deploys to the ECS service {service} in the cluster {cluster}, which {fact}.",
    hint="Create the service with the deployment controller CODE_DEPLOY, or correct the deployment group.",
    bad="a deployment group whose ECS service was deleted",
    good="an active ECS service",
    source="Amazon ECS, DescribeServices (failures, status)",
)
CONTROLLER = Rule(
    code="ecs-controller",
    message="The ECS service {service} of {group} has the deployment controller {controller}; CodeDeploy can "
    "deploy only to services with CODE_DEPLOY.",
    hint="Deploy the service by ECS itself, or set its deploymentController to CODE_DEPLOY.",
    bad="deploymentController: {type: ECS}",
    good="deploymentController: {type: CODE_DEPLOY}",
    source="Amazon ECS API reference, DeploymentController",
)
CAPACITY = Rule(
    code="ecs-capacity-provider",
    message="The ECS service {service} of {group} runs on {providers}, which the AppSpec does not name: "
    "after the deployment it no longer does.",
    hint="Add `CapacityProviderStrategy` to the AppSpec's `Properties`, as the service has it.",
    bad="an AppSpec without CapacityProviderStrategy for a service on FARGATE_SPOT",
    good="CapacityProviderStrategy:\n- CapacityProvider: FARGATE_SPOT\n  Base: 0\n  Weight: 1",
    source="github.com/aws/containers-roadmap/issues/1752; Amazon ECS API reference, CreateTaskSet",
    severity=WARNING,
)
NO_TEST_TRAFFIC = Rule(
    code="ecs-test-listener",
    message="The hook AfterAllowTestTraffic runs without test traffic: {group} has no test listener.",
    hint="Add a test listener to the deployment group, or use BeforeAllowTraffic.",
    bad="a hook AfterAllowTestTraffic, and a deployment group with a production listener only",
    good="a deployment group with a testTrafficRoute",
    source="AWS documentation, AppSpec 'hooks' section (Amazon ECS)",
    severity=WARNING,
)
NO_ALIAS = Rule(
    code="lambda-alias-missing",
    message="The Lambda function {function} has no alias {alias}, or does not exist.",
    hint="Create the alias, or correct `Name` and `Alias` in the AppSpec.",
    bad="Alias: life",
    good="Alias: live",
    source="AWS Lambda, GetAlias (ResourceNotFoundException)",
)
