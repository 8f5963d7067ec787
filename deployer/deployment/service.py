"""The service's messages about a deployment beside its code, with their meaning.

The words are those of ErrorInformation as published, which quote Amazon ECS and Elastic Load Balancing.
"""

from __future__ import annotations

from deployer.deployment.causes import OTHER_CODES, Place
from deployer.deployment.clues import clue

_ECS = "Amazon ECS API reference, CreateTaskSet"
_LAMBDA = "AWS Lambda API reference, UpdateAlias"
_GUIDE = "AWS CodeDeploy user guide, troubleshooting Amazon ECS deployments"
_CODES = "AWS CodeDeploy user guide, error codes"
_BALANCER = "Elastic Load Balancing, error responses, and AWS IAM, as CodeDeploy passes them on"

NO_CALLBACK = clue(
    r"(?:did not|never|without|no) [^\n]{0,60}(?:call ?back|respond|response|report)|status callback"
    r"|(?:function|hook|validation)[^\n]{0,60}timed out|timed out[^\n]{0,60}(?:function|hook)",
    "A Lambda function that serves as a hook never reported back.",
    "It must call PutLifecycleEventHookExecutionStatus within an hour, on every path; its role must allow "
    "codedeploy:PutLifecycleEventHookExecutionStatus. Read its log in CloudWatch.",
    source="AWS CodeDeploy user guide, AppSpec hooks for Lambda and ECS",
)
"""Clue that a hook of Lambda or ECS never came back, in the deployment's message or in a target's."""

NO_BALANCER = clue(
    r"(?:load ?balancers?|target ?groups?)\b[^\n]{0,200}(?:not (?:be )?found|(?:does|do) not exist)"
    r"|(?:Load|Access)?Balancer\w{0,20}NotFound|TargetGroupNotFound|cannot find load ?balancer",
    "The load balancer or the target group that the deployment group names does not exist.",
    "Correct it in the deployment group's settings: the target group's name for an Application or Network "
    "Load Balancer, the load balancer's own name only for a Classic Load Balancer.",
    source=_BALANCER,
    place=Place.NOWHERE,
)
"""Clue that the load balancer or target group is not there, in a deployment's message or an instance's."""

BALANCER_CLUES = (
    clue(
        r"role does not have correct permissions|does not give you permission|not authorized to perform"
        r"|access ?denied",
        "The deployment group's service role may not use the load balancer.",
        "Attach AWSCodeDeployRole to it. This is not the role of the CI job.",
        source=_BALANCER,
        place=Place.NOWHERE,
    ),
    NO_BALANCER,
    clue(
        r"throttl|rate exceeded",
        "AWS throttled CodeDeploy's calls to the load balancer.",
        "Deploy again later, or to fewer instances at once.",
        source=_BALANCER,
        place=Place.NOWHERE,
    ),
)
"""Clues to search for in what the service says of an instance and its load balancer."""

SERVICE_CLUES = (
    NO_CALLBACK,
    NO_BALANCER,
    clue(
        r"rate exceeded|ThrottlingException|throttled",
        "AWS throttled CodeDeploy's own calls.",
        "Deploy again later.",
        source=_ECS,
        place=Place.NOWHERE,
    ),
    clue(
        r"(?:launch ?type)\b[^\n]{0,60}capacity provider|capacity provider[^\n]{0,60}\blaunch ?type\b",
        "The AppSpec gives a capacity provider strategy, and the service a launch type: only one may be "
        "given.",
        "Remove CapacityProviderStrategy from the AppSpec, or create the service with a capacity provider.",
        source=_ECS,
        place=Place.APPSPEC,
        key="CapacityProviderStrategy",
    ),
    clue(
        r"capacity provider",
        "The capacity provider that the AppSpec names does not exist in the cluster, or is not active.",
        "Correct CapacityProviderStrategy in the AppSpec, or add the provider to the cluster.",
        source=_ECS,
        place=Place.APPSPEC,
        key="CapacityProviderStrategy",
    ),
    clue(
        r"target type\b[^\n]{0,120}(?:network mode|awsvpc)",
        "The target group's type does not fit the tasks' network mode.",
        "Use target groups of the type ip for tasks with awsvpc (Fargate), of the type instance for the "
        "others.",
        source=_ECS,
        place=Place.NOWHERE,
    ),
    clue(
        r"task ?sets? <[^\n]{0,200}listener|(?:exactly|only) one task ?set|primary task ?set"
        r"|task ?set[^\n]{0,80}(?:production traffic|behind [^\n]{0,20}listener)",
        "The listener does not point to the target group of the tasks that currently serve traffic.",
        "Point the production listener (and the test listener) to that target group, then deploy again. "
        "Nothing else may change a listener's rules: have Terraform or CloudFormation ignore them.",
        source=_GUIDE,
        place=Place.NOWHERE,
    ),
    clue(
        r"pair of target ?groups",
        "The deployment group's pair of target groups cannot be used.",
        "Give it two target groups of the service's load balancer: the one that the production listener "
        "points to, and one that no rule uses.",
        source=_GUIDE,
        place=Place.NOWHERE,
    ),
    clue(
        r"deployments exist on the service|maximum (?:number|limit)[^\n]{0,40}task ?sets?"
        r"|task ?sets?\b[^\n]{0,40}maximum",
        "The ECS service has as many task sets as it may have: those of earlier deployments are still there.",
        "Look at: aws ecs describe-services; delete task sets that are left over (aws ecs delete-task-set), "
        "or wait until the earlier deployment has ended.",
        source=_ECS,
        place=Place.NOWHERE,
    ),
    clue(
        r"no container instances? (?:met|were found)|unable to place a task|insufficient (?:cpu|memory"
        r"|capacity)"
        r"|RESOURCE:(?:CPU|MEMORY|ENI|PORTS)|capacity is unavailable",
        "The cluster has no room for the new tasks beside the old ones.",
        "Add capacity: both versions run at the same time during a blue/green deployment.",
        source=_ECS,
        place=Place.NOWHERE,
    ),
    clue(
        r"no fargate configuration",
        "Fargate has no tasks with the CPU and memory that the task definition asks for.",
        "Correct cpu and memory of the task definition: only certain combinations exist.",
        source=_ECS,
        place=Place.APPSPEC,
        key="TaskDefinition",
    ),
    clue(
        r"platform version[^\n]{0,60} satisfy|PlatformTaskDefinitionIncompatibility",
        "Fargate's platform version lacks what the task definition asks for.",
        "Leave PlatformVersion out of the AppSpec for the latest, or correct the task definition.",
        source=_ECS,
        place=Place.APPSPEC,
        key="PlatformVersion",
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
        r"service linked role|service-linked role|unable to assume role and validate",
        "Amazon ECS has no service-linked role in this account.",
        "Create it: aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com.",
        source=_ECS,
        place=Place.NOWHERE,
    ),
    clue(
        r"unable to assume the role\b[^\n]{0,300}\btask\b|\brole is not valid",
        "Amazon ECS may not assume the role that the task definition names, or that role does not exist.",
        "Correct taskRoleArn and executionRoleArn in the task definition; each must trust "
        "ecs-tasks.amazonaws.com.",
        source=_ECS,
        place=Place.APPSPEC,
        key="TaskDefinition",
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
        r"|service (?:was |is )?not (?:found|active)|cluster ?(?:was )?not ?found"
        r"|service \S{1,255} does not exist",
        "The ECS service is not there, not active, or is not deployed by CodeDeploy.",
        "Check cluster and service in the deployment group. A service whose deployment controller is ECS "
        "deploys blue/green by itself, without CodeDeploy.",
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
        r"task ?definition\b(?:[^\n]{0,200}(?:inactive|not (?:be )?found|not exist|artifact)| ARN)"
        r"|\b(?:no|unable to describe|invalid|missing) (?:\w{1,20} ){0,3}task ?definition\b|revision number\b"
        r"|<TASK_DEFINITION>",
        "The task definition that the AppSpec names does not exist, or is no longer active.",
        "Give TaskDefinition as the ARN of an active task definition, with its revision as a number.",
        source=_ECS,
        place=Place.APPSPEC,
        key="TaskDefinition",
    ),
    clue(
        r"task ?definition\b",
        "The task definition does not fit the service; the message says why.",
        "Correct the task definition, and give its new revision as TaskDefinition.",
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
        r"(?:function|alias)\b[^\n]{0,80}(?:another|other|conflicting) deployment|conflicting deployment"
        r"|\balias\b[^\n]{0,80}(?:weighted|more than one version|two (?:different )?versions)",
        "The alias still points to two versions: another deployment shifts it, or one was stopped halfway.",
        "Wait for that deployment; else point the alias to one version (aws lambda update-alias "
        "--function-version VERSION --routing-config AdditionalVersionWeights={{}}), and name it as "
        "CurrentVersion.",
        source=_LAMBDA,
        place=Place.APPSPEC,
        key="Alias",
    ),
    clue(
        r"function name (?:cannot|must not|may not)[^\n]{0,40}(?:null|empty)",
        "A function's name in the AppSpec is empty: that of a hook, or Name.",
        "Fill it in, or remove the hook.",
        source=_LAMBDA,
        place=Place.APPSPEC,
        key="Hooks",
    ),
    clue(
        r"version \S{1,20}[^\n]{0,60} does not exist|\$LATEST",
        "A version of the function that the AppSpec names does not exist, or is $LATEST.",
        "Publish a version (aws lambda publish-version), and give its number as TargetVersion.",
        source=_LAMBDA,
        place=Place.APPSPEC,
        key="TargetVersion",
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
        r"(?:null|zip|tar|tgz|JSON|YAML) file, but the revision provided",
        "The revision is not of the type that it was registered as.",
        "Register it with the type that it has: zip, tar or tgz for instances, YAML or JSON for ECS and "
        "Lambda.",
        source=_CODES,
        place=Place.NOWHERE,
    ),
    clue(
        r"AppSpec[^\n]{0,60}(?:required|could not be (?:found|located)|cannot be located)",
        "CodeDeploy found no AppSpec in the revision.",
        "For ECS and Lambda the revision is the AppSpec itself, as YAML or JSON; in an archive appspec.yml "
        "is at the root. Check the name and its case, and the object in S3.",
        source=_CODES,
        place=Place.APPSPEC,
    ),
    clue(
        r"(?:requested|limit)[^\n]{0,80}(?:vCPU|instance limit|limit exceeded)|InstanceLimitExceeded"
        r"|VcpuLimitExceeded|InsufficientInstanceCapacity|insufficient capacity",
        "EC2 cannot launch the instances of the new fleet: a quota of the account, or its capacity, is "
        "used up.",
        "Raise the quota in Service Quotas, or use another instance type; blue/green needs twice the "
        "instances.",
        source=_CODES,
        place=Place.NOWHERE,
    ),
    clue(
        r"not authorized to use launch template|fully-formed launch template",
        "The deployment group's service role may not launch instances from the Auto Scaling group's "
        "template.",
        "Allow ec2:RunInstances, ec2:CreateTags and iam:PassRole in it, and check that the launch template "
        "is valid. This is not the role of the CI job.",
        source=_CODES,
        place=Place.NOWHERE,
    ),
    clue(
        r"waiting for [^\n]{0,40}instances? to (?:become|be) (?:available|healthy|in ?service)"
        r"|auto ?scaling group CodeDeploy_",
        "The instances of the new fleet did not become available in time.",
        "Look at the new Auto Scaling group's activity in EC2: launch errors, failing health checks, or an "
        "agent that the image does not start.",
        source=_CODES,
        place=Place.NOWHERE,
    ),
    clue(
        r"lifecycle action|heartbeat|auto ?scaling[^\n]{0,80}lifecycle hook|\bASG\b",
        OTHER_CODES["UNABLE_TO_SEND_ASG"].why,
        OTHER_CODES["UNABLE_TO_SEND_ASG"].advice,
        source="AWS CodeDeploy user guide, troubleshooting Amazon EC2 Auto Scaling",
        place=Place.NOWHERE,
    ),
)
"""Clues to search for in a deployment's own error message, the most certain first."""
