"""What failures usually mean: the service's codes, and what scripts print before they die.

Texts of instances are only searched for well-known words; nothing is decided by them but the advice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something failed, and what to do; either may be empty."""

    why: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Clue:
    """Words that give a cause away, in the events where they mean that (anywhere when empty)."""

    pattern: re.Pattern[str]
    why: str
    advice: str
    events: frozenset[str] = frozenset()


PREVIOUS_REVISION = Cause(
    "This hook runs from the revision that was last deployed successfully, not from this one.",
    "Mend it on the instance, or deploy once with ignore-application-stop-failures: true.",
)

AGENT_NEVER_ANSWERED = Cause(
    "The CodeDeploy agent never picked the work up.",
    "On an instance, look at: systemctl status codedeploy-agent; "
    "/var/log/aws/codedeploy-agent/codedeploy-agent.log; whether an instance profile is attached; and "
    "whether codedeploy-commands and S3 can be reached (NAT or VPC endpoints).",
)

EVENT_CODES = {
    "ScriptMissing": Cause(
        "The revision does not hold the script that the AppSpec names.",
        "Check the location in the AppSpec, in upper and lower case, and what exclude and "
        ".codedeployignore leave out.",
    ),
    "ScriptNotExecutable": Cause(
        "The script cannot be executed.", "Make it executable: git update-index --chmod=+x SCRIPT."
    ),
    "ScriptTimedOut": Cause(
        "The script ran into its timeout.",
        "Raise timeout of the hook in the AppSpec (at most 3600 s, the default), or find what it waits for.",
    ),
    "ScriptFailed": Cause("", "The script's last lines are below, and in the summary."),
    "UnknownError": Cause("", "Read /var/log/aws/codedeploy-agent/codedeploy-agent.log on the instance."),
}

PLAIN_CODES = {"ScriptMissing", "ScriptTimedOut"}
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
        "The group's Auto Scaling group is missing or set up in a way that CodeDeploy cannot use.",
        "Check its launch template and lifecycle hooks.",
    ),
    "AUTO_SCALING_IAM_ROLE_PERMISSIONS": Cause(
        "The deployment group's service role may not use Auto Scaling.",
        "Attach AWSCodeDeployRole to the service role; this is not the role of the CI job.",
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
        "The deployment configuration wants more healthy instances than the group has.",
        "Choose a deployment-config with a lower minimum, or add instances.",
    ),
    "HOOK_EXECUTION_FAILURE": Cause(
        "A Lambda function that serves as a hook failed or did not report back.",
        "Read its log in CloudWatch; it has to call PutLifecycleEventHookExecutionStatus.",
    ),
    "IAM_ROLE_MISSING": Cause(
        "The deployment group's service role does not exist or CodeDeploy may not assume it.",
        "Set a service role that trusts codedeploy.amazonaws.com; this is not the role of the CI job.",
    ),
    "IAM_ROLE_PERMISSIONS": Cause(
        "The deployment group's service role lacks a permission.",
        "Attach AWSCodeDeployRole to the service role; this is not the role of the CI job.",
    ),
    "INTERNAL_ERROR": Cause("CodeDeploy had a fault of its own.", "Run the job again."),
    "INVALID_ECS_SERVICE": Cause(
        "The ECS service cannot be deployed to.",
        "Check that its deployment controller is CODE_DEPLOY and that it is active.",
    ),
    "INVALID_LAMBDA_CONFIGURATION": Cause(
        "The Lambda function's alias or versions do not fit.",
        "Check Alias, CurrentVersion and TargetVersion in the AppSpec: the alias must point at the current.",
    ),
    "INVALID_LAMBDA_FUNCTION": Cause(
        "The Lambda function that the AppSpec names does not exist here.", "Check Name, region and account."
    ),
    "INVALID_REVISION": Cause("The revision is not one that CodeDeploy can read.", "Check the AppSpec."),
    "MANUAL_STOP": Cause(
        "Somebody stopped the deployment.", "CloudTrail tells who: look for StopDeployment."
    ),
    "MISSING_BLUE_GREEN_DEPLOYMENT_CONFIGURATION": Cause(
        "The deployment group has no blue/green settings.", "Complete them in the group."
    ),
    "MISSING_ELB_INFORMATION": Cause(
        "The deployment group names no load balancer.", "Set one: this kind of deployment needs it."
    ),
    "MISSING_GITHUB_TOKEN": Cause(
        "CodeDeploy may not read the GitHub repository.", "Connect GitHub in the CodeDeploy console again."
    ),
    "NO_EC2_SUBSCRIPTION": Cause("The account is not subscribed to Amazon EC2."),
    "NO_INSTANCES": Cause(
        "The deployment group found no instance.",
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


SEARCHED = 500
"""Characters of a line that are searched: anybody may write long ones, and what matters is at the front."""


def causes_in(text: str, event: str) -> Iterator[Cause]:
    """The causes that a message and log tail give away, the surest first."""
    text = "\n".join(line[:SEARCHED] for line in text.split("\n"))
    for clue in _CLUES:
        if (not clue.events or event in clue.events) and (match := clue.pattern.search(text)):
            named = match.groupdict(default="")
            yield Cause(clue.why.format(**named), clue.advice.format(**named))


def _clue(pattern: str, why: str, advice: str, *events: str) -> Clue:
    return Clue(re.compile(pattern, re.IGNORECASE), why, advice, frozenset(events))


_CLUES = (
    _clue(
        r"\\r|\r|\^M|No such file or directory - \S+\.(?:sh|bash|py|rb|pl)\b",
        "The script has Windows line endings, or its first line names an interpreter that is not there.",
        'Convert it to LF, and add this line to .gitattributes: "*.sh text eol=lf".',
    ),
    _clue(
        r"failed to close STDOUT|STDOUT.{0,40}(?:not|never) closed",
        "A process that the script started in the background keeps the agent's output open.",
        "Start it with: COMMAND > /dev/null 2>&1 < /dev/null &",
    ),
    _clue(
        r"specified file already exists at this location:?\s*(?P<path>\S*)",
        "{path} is already on the instance and was not put there by CodeDeploy.",
        "Set file-exists-behavior: OVERWRITE (or RETAIN), or remove the file in BeforeInstall.",
    ),
    _clue(
        r"did not find an AppSpec file",
        "The bundle has no appspec.yml at its root.",
        "Name the folder that holds it as source.",
    ),
    _clue(
        r"access ?denied|is not authorized|status code 403|\b403\b.*forbidden|forbidden.*\b403\b",
        "The instance may not read the revision from S3.",
        "Its instance profile needs s3:GetObject (and s3:GetObjectVersion) on the bucket, and kms:Decrypt on "
        "the key where the bucket is encrypted with one; the CI job's permissions do not count here.",
        "DownloadBundle",
    ),
    _clue(
        r"e-?tag",
        "The object in S3 is no longer the one that was registered: it was overwritten meanwhile.",
        "Use a key that holds {{digest}}, so that no run overwrites another's bundle.",
        "DownloadBundle",
    ),
    _clue(
        r"no space left on device|ENOSPC|disk quota exceeded",
        "The instance's disk is full.",
        "Free space or enlarge the volume; the agent keeps old revisions in /opt/codedeploy-agent "
        "(max_revisions in codedeployagent.yml).",
    ),
    _clue(
        r"could not get lock (?P<lock>\S+)|dpkg frontend lock|lists/lock|is another process using it",
        "Another process holds the package manager's lock.",
        "Wait for it: apt-get -o DPkg::Lock::Timeout=300 install …",
    ),
    _clue(
        r"out of memory|cannot allocate memory|heap out of memory|oom-?kill|\bENOMEM\b|exit code 137",
        "The instance ran out of memory.",
        "Use a larger instance, add swap, or build before packaging rather than on the instance.",
    ),
    _clue(
        r"address already in use|EADDRINUSE|port \d+ is (?:already )?(?:in use|allocated)",
        "The port is still taken, most often by the previous version.",
        "Stop it in ApplicationStop or BeforeInstall, and wait until it has gone.",
    ),
    _clue(
        r"(?<![\w./+-])(?P<command>[\w./+-]+): (?:command )?not found"
        r"|(?<![\w./+-])(?P<other>[\w./+-]+): No such file or directory"
        r"|exit code 127",
        "A command that the script calls is not there: {command}{other}.",
        "The agent runs hooks with a minimal PATH and no login profile: use full paths or set PATH, or "
        "install the command in BeforeInstall.",
    ),
    _clue(
        r"EACCES|permission denied|operation not permitted|exit code 126",
        "The user that runs the script lacks a permission, or the file is not executable.",
        "Check runas in the AppSpec, the owner and mode in permissions, and noexec mounts.",
    ),
    _clue(
        r"(?:no module named|cannot find module)[:\s]+['\"]?(?P<module>[\w./@-]+)",
        "The application's dependency {module} is not in the revision.",
        "Install dependencies before packaging, or in AfterInstall; check what exclude leaves out.",
    ),
    _clue(
        r"invalid user: \W?(?P<user>[\w.-]+)|user (?P<other>[\w.-]+) does not exist|no such user",
        "The user {user}{other} does not exist on the instance.",
        "Create it in BeforeInstall, or correct runas and owner in the AppSpec.",
    ),
    _clue(
        r"unit (?P<unit>\S+) (?:could not be found|not found)|failed to (?:re)?start (?P<other>\S+)\.service",
        "The systemd unit {unit}{other} is missing or does not start.",
        "Look at: systemctl status and journalctl -u on the instance; run systemctl daemon-reload after "
        "installing a unit.",
    ),
    _clue(
        r"connection refused|ECONNREFUSED|failed to connect to",
        "Nothing listens where the script connects to: the application is not up, or not yet.",
        "Let the check try again for a while before it gives up, and look at the application's own log.",
    ),
    _clue(
        r"could not resolve host|temporary failure in name resolution|EAI_AGAIN|connection timed out"
        r"|network is unreachable",
        "The instance cannot reach the network.",
        "Check its route, NAT, security group and DNS.",
    ),
    _clue(
        r"a (?:terminal|password) is required|no tty present",
        "sudo asks for a password, which nobody can type.",
        "Hooks run as root unless runas says otherwise: leave sudo out.",
    ),
    _clue(
        r"syntax error",
        "The script has a syntax error.",
        "Run bash -n on it (or shellcheck) before deploying.",
    ),
)
