"""Meanings of the codes of failed deployments and failed lifecycle events, as data.

The codes are those of ErrorInformation and Diagnostics in the API reference, and a few that the service
sends beside them. The managed policies are those of "Create a service role for CodeDeploy" in the user guide.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Place(StrEnum):
    """The part of the repository that a cause is about."""

    DEFAULT = ""
    """The script that failed, or the AppSpec's line of its event."""
    NOWHERE = "nowhere"
    """No part of it: the instance, the network or the account is at fault."""
    APPSPEC = "appspec"
    """The AppSpec, at the key or the line that the text names."""
    SOURCE = "source"
    """The item of `files` whose source the text names."""
    SCRIPT = "script"
    """The script's first line."""


@dataclass(frozen=True, slots=True)
class Cause:
    """The reason for a failure, and the remedy; either may be empty.

    `place` is where it can be fixed; `key` and `line` narrow it down within the AppSpec, `within` where the
    key does not stand there.
    """

    why: str = ""
    advice: str = ""
    place: Place = Place.DEFAULT
    key: str = ""
    line: int | None = None
    within: str = ""


PREVIOUS_REVISION = Cause(
    "This hook runs from the revision that was last deployed successfully, not from this one.",
    "Fix it on the instance, or deploy once with ignore-application-stop-failures: true.",
)

AGENT_NEVER_ANSWERED = Cause(
    "The CodeDeploy agent never picked up the work.",
    "On an instance, look at: systemctl status codedeploy-agent; "
    "/var/log/aws/codedeploy-agent/codedeploy-agent.log; whether an instance profile is attached; and "
    "whether codedeploy-commands and S3 can be reached (NAT or VPC endpoints).",
    Place.NOWHERE,
)

RESTART_AGENT = (
    "A restart needs CodeDeploy agent 2.1.0 or later on each instance: dpkg -s codedeploy-agent or "
    "rpm -q codedeploy-agent shows its version."
)

BALANCED = {
    "AllowTraffic": Cause(
        "The instance did not become healthy in the load balancer's target group; the agent is not involved.",
        "Check the target group's health check (path, port, thresholds), the security groups between load "
        "balancer and instance, and that the application listens.",
        Place.NOWHERE,
    ),
    "BlockTraffic": Cause(
        "The load balancer did not release the instance; the agent is not involved.",
        "Check the target group's deregistration delay, and that the group exists and holds the instance.",
        Place.NOWHERE,
    ),
}
"""Events in which the service, not the agent, moves an instance out of and into the load balancer."""

EVENT_CODES = {
    "ScriptMissing": Cause(
        "The revision does not contain the script that the AppSpec names.",
        "Check the location in the AppSpec: it is a path within the bundle, even if it begins with a slash, "
        "and its case counts. Check also what exclude and .codedeployignore leave out.",
    ),
    "ScriptNotExecutable": Cause(
        "The agent could not make the script executable.",
        "Git's mode is not the cause: look for a read-only or noexec mount below the agent's folder "
        "(/opt/codedeploy-agent), and whether the agent runs as root.",
    ),
    "ScriptTimedOut": Cause(
        "The script ran into its timeout.",
        "Raise timeout of the hook in the AppSpec (at most 3600 s, the default), or find what it waits for.",
    ),
    "ScriptFailed": Cause(),  # the service's words and the script's own say it all
    "UnknownError": Cause("", "Read /var/log/aws/codedeploy-agent/codedeploy-agent.log on the instance."),
}

PLAIN_CODES = {"ScriptMissing", "ScriptTimedOut", "ScriptNotExecutable"}
"""Codes that say themselves what happened, whatever the log says beside."""

ERROR_CODES = {
    "AGENT_ISSUE": AGENT_NEVER_ANSWERED,
    "ALARM_ACTIVE": Cause(
        "An alarm of the deployment group went off.",
        "Look at the alarm in CloudWatch: it was active before or during this deployment.",
    ),
    "APPLICATION_MISSING": Cause("The application was deleted while it was being deployed."),
    "AUTOSCALING_VALIDATION_ERROR": Cause(
        "The group's Auto Scaling group cannot be used.", "Check it in the deployment group's settings."
    ),
    "AUTO_SCALING_CONFIGURATION": Cause(
        "The group's Auto Scaling group is missing or configured in a way that CodeDeploy cannot use.",
        "Check its launch template and lifecycle hooks.",
    ),
    "AUTO_SCALING_IAM_ROLE_PERMISSIONS": Cause(
        "The deployment group's service role may not use Auto Scaling.",
        "Attach AWSCodeDeployRole to it. Where the Auto Scaling group uses a launch template, also allow "
        "ec2:RunInstances, ec2:CreateTags and iam:PassRole. This is not the role of the CI job.",
    ),
    "CLOUDFORMATION_STACK_FAILURE": Cause(
        "The CloudFormation stack that started the deployment failed.", "Read the stack's events."
    ),
    "CODEDEPLOY_RESOURCE_CANNOT_BE_FOUND": Cause(
        "Something that the deployment group names no longer exists.",
        "Check the group's target groups, listeners, services and alarms.",
    ),
    "CUSTOMER_APPLICATION_UNHEALTHY": Cause(
        "The new version did not become healthy.", "Look at the health checks of the target group."
    ),
    "DEPLOYMENT_GROUP_MISSING": Cause("The deployment group was deleted while it was being deployed to."),
    "ECS_UPDATE_ERROR": Cause(
        "Amazon ECS could not update the service.", "Read the service's events in the ECS console."
    ),
    "ELASTIC_LOAD_BALANCING_INVALID": Cause(
        "The group's load balancer cannot be used.", "Check its target groups and listeners."
    ),
    "ELB_INVALID_INSTANCE": Cause(
        "An instance is not registered with the group's load balancer.",
        "Check that the instances are in the target group that the deployment group names.",
    ),
    "HEALTH_CONSTRAINTS": Cause(
        "More targets failed than the deployment configuration allows.",
        "Open the deployment in the console for the first target that failed.",
    ),
    "HEALTH_CONSTRAINTS_INVALID": Cause(
        "The deployment configuration requires more healthy instances than the group has.",
        "Choose a deployment-config with a lower minimum, or add instances.",
    ),
    "HOOK_EXECUTION_FAILURE": Cause(
        "A Lambda function that serves as a hook failed or did not report back.",
        "Read its log in CloudWatch; it must call PutLifecycleEventHookExecutionStatus within an hour.",
    ),
    "IAM_ROLE_MISSING": Cause(
        "The deployment group's service role does not exist or CodeDeploy may not assume it.",
        "Set a service role that trusts codedeploy.amazonaws.com.",
    ),
    "IAM_ROLE_PERMISSIONS": Cause("The deployment group's service role lacks a permission."),
    "INTERNAL_ERROR": Cause("CodeDeploy had an internal error.", "Run the job again."),
    "INVALID_ECS_SERVICE": Cause(
        "The ECS service cannot be deployed to.",
        "Check that its deployment controller is CODE_DEPLOY and that it is active.",
    ),
    "INVALID_LAMBDA_CONFIGURATION": Cause(
        "The Lambda function's alias or versions do not match.",
        "Check Alias, CurrentVersion and TargetVersion in the AppSpec: the alias must point to "
        "CurrentVersion, and TargetVersion must be another version.",
        Place.APPSPEC,
        "Alias",
    ),
    "INVALID_LAMBDA_FUNCTION": Cause(
        "The Lambda function that the AppSpec names does not exist here.",
        "Check Name, region and account.",
        Place.APPSPEC,
        "Name",
    ),
    "INVALID_REVISION": Cause(
        "The revision is not one that CodeDeploy can read.", "Check the AppSpec.", Place.APPSPEC
    ),
    "MANUAL_STOP": Cause(
        "Somebody stopped the deployment.", "CloudTrail shows who: look for StopDeployment."
    ),
    "MISSING_BLUE_GREEN_DEPLOYMENT_CONFIGURATION": Cause(
        "The deployment group has no blue/green settings.", "Complete them in the group."
    ),
    "MISSING_ELB_INFORMATION": Cause(
        "The deployment group has no load balancer.", "Set one: this type of deployment needs it."
    ),
    "MISSING_GITHUB_TOKEN": Cause(
        "CodeDeploy may not read the GitHub repository.", "Connect GitHub in the CodeDeploy console again."
    ),
    "NO_EC2_SUBSCRIPTION": Cause("The account is not subscribed to Amazon EC2."),
    "NO_INSTANCES": Cause(
        "The deployment group matches no instances.",
        "Check the group's tags and Auto Scaling groups against running instances in this region.",
    ),
    "OVER_MAX_INSTANCES": Cause("The deployment has more instances than the account's limit allows."),
    "RESOURCE_LIMIT_EXCEEDED": Cause("A limit of the account was reached.", "Look at Service Quotas."),
    "REVISION_MISSING": Cause(
        "The revision is no longer in the bucket.", "Look for lifecycle rules that delete it."
    ),
    "THROTTLED": Cause("AWS throttled CodeDeploy's own calls.", "Run the job again later."),
    "TIMEOUT": Cause(
        "The deployment took longer than CodeDeploy allows.",
        "Look for a target that did not finish: in place the limit is 8 hours.",
    ),
}

OTHER_CODES = {
    "UNABLE_TO_SEND_ASG": Cause(
        "CodeDeploy could not tell the Auto Scaling group how the instance's launch ended.",
        "Look at the group's lifecycle hooks (aws autoscaling describe-lifecycle-hooks): CodeDeploy's own "
        "must exist once, and must not have timed out before the deployment ended.",
    ),
}
"""Codes that the service sends although its model does not list them."""

_SERVICE_ROLES = {
    "Lambda": "Attach AWSCodeDeployRoleForLambda to it, or allow lambda:InvokeFunction; with "
    "AWSCodeDeployRoleForLambdaLimited the hooks' names must begin with CodeDeployHook_.",
    "ECS": "Attach AWSCodeDeployRoleForECS to it, or allow what it lacks (for hooks lambda:InvokeFunction).",
    "Server": "Attach AWSCodeDeployRole to it.",
}


def cause_of(code: str, platform: str) -> Cause:
    """Return the cause of a deployment's error code; `platform` is the compute platform, empty if unknown."""
    cause = ERROR_CODES.get(code) or OTHER_CODES.get(code) or Cause()
    if code not in {"IAM_ROLE_MISSING", "IAM_ROLE_PERMISSIONS"}:
        return cause
    role = _SERVICE_ROLES.get(platform, _SERVICE_ROLES["Server"])
    return replace(cause, advice=f"{cause.advice} {role} This is not the role of the CI job.".strip())
