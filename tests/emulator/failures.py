"""What goes wrong on targets and in the service, in the words that CodeDeploy and its agent use."""

from __future__ import annotations

from dataclasses import dataclass

from tests.emulator.timeline import Diagnostics

ARCHIVE = "/opt/codedeploy-agent/deployment-root/6c1f6a5e-5f0c-4f0a/d-EXAMPLE01/deployment-archive"
AFTER_INSTALL_LOG = """\
LifecycleEvent - AfterInstall
Script - scripts/after_install.sh
[stdout]Installing dependencies of hello-web
[stdout]Collecting flask==3.0.33
[stderr]ERROR: Could not find a version that satisfies the requirement flask==3.0.33 (from versions: 3.0.2, 3.0.3)
[stderr]ERROR: No matching distribution found for flask==3.0.33
[stderr]scripts/after_install.sh: line 7: pip failed, giving up
"""  # noqa: E501  (a log as pip writes it)
TIMED_OUT_LOG = """\
LifecycleEvent - ValidateService
Script - scripts/validate_service.sh
[stdout]waiting for http://127.0.0.1:8080/health
[stderr]  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current
[stderr]  0     0    0     0    0     0      0      0 --:--:--  0:00:01 --:--:--     0\r  0
[stderr]curl: (7) Failed to connect to 127.0.0.1 port 8080: Connection refused
"""
OLD_STOP_LOG = """\
LifecycleEvent - ApplicationStop
Script - scripts/application_stop.sh
[stderr]Failed to stop hello-web.service: Unit hello-web.service not loaded.
"""
START_LOG = """\
LifecycleEvent - ApplicationStart
Script - scripts/application_start.sh
[stderr]OSError: [Errno 98] Address already in use: ('0.0.0.0', 8080)
"""


@dataclass(frozen=True, slots=True)
class Failure:
    """Where a target fails, and what the agent says of it."""

    event: str
    diagnostics: Diagnostics


def script_failed(event: str, script: str, exit_code: int, log: str) -> Failure:
    """A hook script that ends with an exit code."""
    message = f"Script at specified location: {script} failed with exit code {exit_code}"
    return Failure(event, Diagnostics("ScriptFailed", script, message, log))


def unknown_error(event: str, message: str) -> Failure:
    """A failure of the agent's own work: no script, no log."""
    return Failure(event, Diagnostics("UnknownError", "", message))


def hook_failed(event: str, function: str) -> Failure:
    """A hook function of Lambda or ECS that reports failure."""
    message = (
        f"The following validation test failed: {function} returned Failed for the lifecycle event {event}."
    )
    return Failure(event, Diagnostics("ScriptFailed", function, message))


AFTER_INSTALL = script_failed("AfterInstall", "scripts/after_install.sh", 1, AFTER_INSTALL_LOG)
OLD_STOP = script_failed("ApplicationStop", "scripts/application_stop.sh", 5, OLD_STOP_LOG)
NOT_STARTED = script_failed("ApplicationStart", "scripts/application_start.sh", 1, START_LOG)
MISSING = Failure(
    "BeforeInstall",
    Diagnostics(
        "ScriptMissing",
        "scripts/before_install.sh",
        f"Script does not exist at specified location: {ARCHIVE}/scripts/before_install.sh",
    ),
)
TIMED_OUT = Failure(
    "ValidateService",
    Diagnostics(
        "ScriptTimedOut",
        "scripts/validate_service.sh",
        "Script at specified location: scripts/validate_service.sh failed to complete in 120 seconds",
        TIMED_OUT_LOG,
    ),
)
UNREACHABLE = unknown_error(
    "ApplicationStop",
    "CodeDeploy agent was not able to receive the lifecycle event. Check the CodeDeploy agent logs on your "
    "host and make sure the agent is running and can connect to the CodeDeploy server.",
)
FILE_EXISTS = unknown_error(
    "Install",
    "The deployment failed because a specified file already exists at this location: "
    "/opt/hello-web/public/index.html",
)
DOWNLOAD_DENIED = unknown_error(
    "DownloadBundle",
    "Access Denied. User: arn:aws:sts::123456789012:assumed-role/hello-web-instance/i-0c5f3a9b7d0000001 is "
    "not authorized to perform: s3:GetObject on the revision. (Aws::S3::Errors::AccessDenied)",
)
DISK_FULL = unknown_error("Install", "No space left on device @ rb_sysopen - /opt/hello-web/public/video.mp4")
LAMBDA_HOOK = hook_failed("BeforeAllowTraffic", "shop-before-allow-traffic")
ECS_HOOK = hook_failed("AfterAllowTestTraffic", "shop-test-traffic")

MESSAGES = {
    "HEALTH_CONSTRAINTS": "The overall deployment failed because too many individual instances failed "
    "deployment, too few healthy instances are available for deployment, or some instances in your "
    "deployment group are experiencing problems.",
    "HOOK_EXECUTION_FAILURE": "The deployment failed because a lifecycle hook function reported failure.",
    "ALARM_ACTIVE": "One or more alarms have been activated according to the Amazon CloudWatch metrics you "
    "selected, and the affected deployments have been stopped. Activated alarms: <hello-web-5xx>",
    "NO_INSTANCES": "The deployment failed because no instances were found for your deployment group. Check "
    "your deployment group settings to make sure the tags for your Amazon EC2 instances or Auto Scaling "
    "groups correctly identify the instances you want to deploy to, and then try again.",
    "IAM_ROLE_MISSING": "The deployment failed because the service role "
    "arn:aws:iam::123456789012:role/codedeploy could not be found.",
    "IAM_ROLE_PERMISSIONS": "The IAM role arn:aws:iam::123456789012:role/codedeploy does not give you "
    "permission to perform operations in the following AWS service: AmazonAutoScaling.",
    "AUTO_SCALING_IAM_ROLE_PERMISSIONS": "The IAM role arn:aws:iam::123456789012:role/codedeploy does not "
    "give you permission to perform operations in the following AWS service: AmazonAutoScaling. Contact your "
    "AWS administrator if you need help.",
    "MANUAL_STOP": "The deployment was stopped.",
}
