"""The service's messages about a deployment beside its code, with their meaning.

The words are those of ErrorInformation as published, which quote Amazon ECS and Elastic Load Balancing.
"""

from __future__ import annotations

from deployer.deployment.causes import Place
from deployer.deployment.clues import clue

_ECS = "Amazon ECS API reference, CreateTaskSet"
_GUIDE = "AWS CodeDeploy user guide, troubleshooting Amazon ECS deployments"

SERVICE_CLUES = (
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
        r"target group\b[^\n]{0,80}\blistener|listener\b[^\n]{0,80}\btarget group",
        "The listener does not point to the target group of the tasks that currently serve traffic.",
        "Point the production listener (and the test listener) to that target group, then deploy again.",
        source=_GUIDE,
        place=Place.NOWHERE,
    ),
    clue(
        r"(?:did not|never|without|no) [^\n]{0,60}(?:call ?back|respond|response|report)"
        r"|(?:function|hook|validation)[^\n]{0,60}timed out|timed out[^\n]{0,60}(?:function|hook)",
        "A Lambda function that serves as a hook never reported back.",
        "It must call PutLifecycleEventHookExecutionStatus within an hour, on every path; read its log in "
        "CloudWatch.",
        source="AWS CodeDeploy user guide, AppSpec hooks for Lambda and ECS",
    ),
)
"""Clues to search for in a deployment's own error message, the most certain first."""
