"""The names that other tools give to our inputs, so that a message can translate them.

Sources: the AWS CLI, the GitHub actions of aws-actions, sourcetoad and webfactory, Codeship, the Bitbucket
pipe, the CircleCI orb, Travis CI's dpl, the Azure task and the Jenkins plugin.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Translation:
    """The input that a foreign name stands for, empty if there is none, and what to write instead."""

    name: str
    hint: str


_CREDENTIALS = "Set {} as an environment variable; credentials are never inputs."
_SAME_VALUE = {
    "application": (
        "app app-name application-name aws-application-name codedeploy-app codedeploy-app-name "
        "codedeploy-application codedeploy-application-name codedeploy-name"
    ),
    "deployment-group": (
        "codedeploy-deployment-group codedeploy-group codedeploy-group-name deployment-group-name group "
        "group-name"
    ),
    "deployment-config": "codedeploy-config codedeploy-config-name config-name deployment-config-name",
    "region": "aws-default-region aws-region region-name",
    "bucket": (
        "aws-bucket aws-s3-bucket bucket-name bundle-bucket codedeploy-bucket codedeploy-s3-bucket s3-bucket "
        "s3-bucket-name"
    ),
    "key": "bundle-key s3-key",
    "acl": "files-acl",
    "source": (
        "archive bundle-source directory folder local-path path revision-bundle subdirectory "
        "working-directory zip-file"
    ),
    "role-to-assume": "aws-oidc-role-arn aws-role-arn iam-role-arn oidc-role-arn role role-arn",
    "role-session-name": "session-name",
    "web-identity-audience": "audience",
    "target-instances": "instances",
}
_OTHERWISE = {
    "aws-access-key access-key access-key-id aws-access-key-id": (
        "",
        _CREDENTIALS.format("AWS_ACCESS_KEY_ID"),
    ),
    "aws-secret-key secret-key secret-access-key aws-secret-access-key": (
        "",
        _CREDENTIALS.format("AWS_SECRET_ACCESS_KEY"),
    ),
    "aws-session-token session-token": ("", _CREDENTIALS.format("AWS_SESSION_TOKEN")),
    "aws-credentials": ("", "Set the AWS credentials as environment variables, or use role-to-assume."),
    "profile profile-name aws-profile": ("", "Set AWS_PROFILE as an environment variable."),
    "endpoint endpoint-url": ("", "Set AWS_ENDPOINT_URL_CODEDEPLOY or AWS_ENDPOINT_URL_S3 as a variable."),
    "s3-folder s3-prefix s3-subfolder sub-folder bundle-prefix": (
        "",
        "Write the folder after the bucket's name: bucket: my-bucket/some/folder.",
    ),
    "s3-location": ("bucket", "Write bucket: my-bucket and key: some/folder/app.zip, or revision: s3://…"),
    "github-location": ("revision", "Write revision: github://owner/repository/commit."),
    "commit-id revision-type repository": (
        "",
        "For a commit on GitHub write revision: github://owner/repository/commit.",
    ),
    "deployment-revision-source deployment-method command": (
        "",
        "Use stop-after for the last stage to run, and revision for an existing one.",
    ),
    "version-label": ("key", "Use key for the name of the object in the bucket."),
    "ignore-hidden-files": ("exclude", 'Write exclude: ".*" to leave out hidden files.'),
    "no-ignore-hidden-files": ("", "Remove it: hidden files are packaged."),
    "excluded-files exclude-files ignore": (
        "exclude",
        "Write gitignore patterns into exclude, one per line.",
    ),
    "codedeploy-register-only register-only": ("stop-after", "Write stop-after: register."),
    "wait wait-for-completion wait-until-deployed wait-for-deployment deploy-bundle": (
        "stop-after",
        "Remove it to wait for the deployment, or write stop-after: deploy to return at once.",
    ),
    "wait-interval polling-interval polling-freq-sec": (
        "poll-interval",
        "Write poll-interval with a unit, such as 10s.",
    ),
    "max-polling-iterations polling-timeout-sec timeout-in-mins timeout-minutes": (
        "timeout",
        "Write timeout with a unit, such as 15m.",
    ),
    "role-duration-seconds": ("role-duration", "Write role-duration with a unit, such as 3600s."),
    "auto-rollback-configuration": ("auto-rollback", "Write the events into auto-rollback, or disabled."),
    "override-alarm-configuration": (
        "alarms",
        "Write the alarms' names into alarms, one per line, or disabled.",
    ),
    "no-update-outdated-instances-only": ("", "Remove it, or write update-outdated-instances-only: false."),
    "no-ignore-application-stop-failures": (
        "",
        "Remove it, or write ignore-application-stop-failures: false.",
    ),
    "arguments extra-args cli-input-json": (
        "parameters",
        "Write other parameters of CreateDeployment into parameters.",
    ),
    "service-role-arn": ("", "Remove it: the service role belongs to the deployment group."),
    "branch-config": (
        "",
        "Remove it: deployment groups are not created. Name an existing one in deployment-group.",
    ),
    "custom-zip-flags": (
        "",
        "Remove it; exclude, bundle-type and compression control how files are packaged.",
    ),
    "includes include": (
        "exclude",
        "Everything in source is packaged; write what to leave out into exclude.",
    ),
    "output-variable": ("", "Remove it; the deployment's ID is the output deployment-id."),
    "proxy-host proxy-port": ("", "Set HTTPS_PROXY as an environment variable."),
    "debug verbose log-request log-response": (
        "",
        "Remove it, or write --verbose on the command line; on GitHub, re-run the job with debug logging.",
    ),
    "quiet silent": ("", "Remove it, or write --quiet on the command line."),
}


def _squashed(name: str) -> str:
    """Return a name without case and separators: `applicationName` and `APPLICATION_NAME` are the same."""
    return name.lower().replace("-", "").replace("_", "")


FOREIGN: Mapping[str, Translation] = MappingProxyType(
    {
        _squashed(foreign): Translation(name, f"Use {name}.")
        for name, names in _SAME_VALUE.items()
        for foreign in names.split()
    }
    | {
        _squashed(foreign): Translation(name, hint)
        for names, (name, hint) in _OTHERWISE.items()
        for foreign in names.split()
    }
)


def translation(name: str) -> Translation | None:
    """Return what a name of another tool means here, None for a name that is not in the table."""
    return FOREIGN.get(_squashed(name))


def plain_variable(name: str, environ: Mapping[str, str]) -> str:
    """Return the variable that probably holds an input of that name but lacks the prefix, empty if none does.

    A foreign name counts if it is of several words: `APP` or `GROUP` may mean anything.
    """
    for variable, text in sorted(environ.items()):
        known = translation(variable) if "_" in variable else None
        if text.strip() and (_squashed(variable) == _squashed(name) or (known and known.name == name)):
            return variable
    return ""
