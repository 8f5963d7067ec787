"""The service's messages about a deployment beside its code, with their meaning.

The words are those of ErrorInformation as published, which quote Amazon ECS and Elastic Load Balancing.
"""

from __future__ import annotations

from deployer.deployment.causes import OTHER_CODES, Place
from deployer.deployment.clues import clue

_ECS = "Amazon ECS API reference, CreateTaskSet"
_LAMBDA = "AWS Lambda API reference, UpdateAlias"
_GUIDE = "AWS CodeDeploy user guide, troubleshooting Amazon ECS deployments"

NO_CALLBACK = clue(
    r"(?:did not|never|without|no) [^\n]{0,60}(?:call ?back|respond|response|report)"
    r"|(?:function|hook|validation)[^\n]{0,60}timed out|timed out[^\n]{0,60}(?:function|hook)",
    "A Lambda function that serves as a hook never reported back.",
    "It must call PutLifecycleEventHookExecutionStatus within an hour, on every path; read its log in "
    "CloudWatch.",
    source="AWS CodeDeploy user guide, AppSpec hooks for Lambda and ECS",
)
"""Clue that a hook of Lambda or ECS never came back, in the deployment's message or in a target's."""

SERVICE_CLUES = (
    clue(
        r"capacity provider",
        "The capacity provider that the AppSpec names does not exist in the cluster, or is not active.",
        "Correct CapacityProviderStrategy in the AppSpec, or add the provider to the cluster.",
        source=_ECS,
        place=Place.APPSPEC,
        key="CapacityProviderStrategy",
    ),
    clue(
        r"platform version",
        "Fargate has no such platform version.",
        "Correct PlatformVersion in the AppSpec, or leave it out for the latest.",
        source=_ECS,
        place=Place.APPSPEC,
        key="PlatformVersion",
    ),
    clue(
        r"\bsubnets?\b|security ?groups?\b|awsvpc|network configuration",
        "The network of the new tasks cannot be set up as the AppSpec or the service says.",
        "Correct Subnets and SecurityGroups under NetworkConfiguration: all of one VPC, in this account.",
        source=_ECS,
        place=Place.APPSPEC,
        key="NetworkConfiguration",
    ),
    clue(
        r"iam:PassRole|role being passed|(?:execution|task) ?role"
        r"|not authorized to perform",
        "The deployment group's service role lacks a permission, or may not pass the roles of the tasks.",
        "Attach AWSCodeDeployRoleForECS to it, or allow what it lacks and iam:PassRole on the task's roles. "
        "This is not the role of the CI job.",
        source=_ECS,
        place=Place.NOWHERE,
    ),
    clue(
        r"deployment ?controller|unable to update task definition on services|ServiceNotActive"
        r"|ServiceNotFound"
        r"|service (?:was |is )?not (?:found|active)",
        "The ECS service is not there, not active, or is not deployed by CodeDeploy.",
        "Check cluster and service in the deployment group. A service whose deployment controller is ECS "
        "deploys "
        "blue/green by itself, without CodeDeploy.",
        source=_ECS,
        place=Place.NOWHERE,
    ),
    clue(
        r"service linked role|service-linked role",
        "Amazon ECS has no service-linked role in this account.",
        "Create it: aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com.",
        source=_ECS,
        place=Place.NOWHERE,
    ),
    clue(
        r"container port\b|containerPort\b",
        "The container does not listen on the port that ContainerPort names.",
        "Correct ContainerPort in the AppSpec, or add the port to the container in the task definition.",
        source=_ECS,
        place=Place.APPSPEC,
        key="ContainerPort",
    ),
    clue(
        r"\bcontainer \S{1,255} (?:does|did) not exist|container name\b|containerName\b",
        "The task definition has no container of the name that ContainerName gives.",
        "Correct ContainerName in the AppSpec.",
        source=_ECS,
        place=Place.APPSPEC,
        key="ContainerName",
    ),
    clue(
        r"task ?definition\b|revision number\b",
        "The task definition that the AppSpec names does not exist, or is no longer active.",
        "Give TaskDefinition as the ARN of an active task definition, with its revision as a number.",
        source=_ECS,
        place=Place.APPSPEC,
        key="TaskDefinition",
    ),
    clue(
        r"task ?set to become (?:healthy|stable|steady)",
        "The new tasks did not start, or did not become healthy.",
        "Read the service's events and why its tasks stopped (image, memory, health check) in ECS.",
        source=_GUIDE,
        place=Place.NOWHERE,
    ),
    clue(
        r"notification to continue",
        "Nobody continued the deployment within the deployment group's wait time.",
        "Continue it with a run that sets deployment-id and continue: true, or raise the wait in the group's "
        "blue/green settings.",
        source=_GUIDE,
        place=Place.NOWHERE,
    ),
    clue(
        r"target ?group\b[^\n]{0,300}\b(?:listener|associated load balancer)"
        r"|listener\b[^\n]{0,80}\btarget ?group",
        "The listener does not point to the target group of the tasks that currently serve traffic.",
        "Point the production listener (and the test listener) to that target group, then deploy again.",
        source=_GUIDE,
        place=Place.NOWHERE,
    ),
    clue(
        r"(?P<key>CurrentVersion|TargetVersion)\b",
        "{key} in the AppSpec is not a version of the function that the alias can shift from or to.",
        "Publish the version first; CurrentVersion must be what the alias points to, and may be left out.",
        source=_LAMBDA,
        place=Place.APPSPEC,
    ),
    clue(
        r"\balias\b",
        "The alias that the AppSpec names does not exist, or does not point to the current version.",
        "Check Alias, CurrentVersion and TargetVersion in the AppSpec: the alias must point to "
        "CurrentVersion.",
        source=_LAMBDA,
        place=Place.APPSPEC,
        key="Alias",
    ),
    clue(
        r"lifecycle action|heartbeat|auto ?scaling[^\n]{0,80}lifecycle hook|\bASG\b",
        OTHER_CODES["UNABLE_TO_SEND_ASG"].why,
        OTHER_CODES["UNABLE_TO_SEND_ASG"].advice,
        source="AWS CodeDeploy user guide, troubleshooting Amazon EC2 Auto Scaling",
        place=Place.NOWHERE,
    ),
    NO_CALLBACK,
)
"""Clues to search for in a deployment's own error message, the most certain first."""
