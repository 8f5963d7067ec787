"""Other tools that deploy with CodeDeploy: what each of their inputs and outputs is here.

The one table behind docs/migrating.md and the messages about inputs with a foreign name. The names are from
the tools' sources; Codeship's and the Bitbucket pipe's are from their documentation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Translation:
    """The input that a foreign name stands for, empty if there is none, and what to write instead."""

    name: str
    hint: str


@dataclass(frozen=True, slots=True)
class Tool:
    """Another tool; its inputs and outputs lead to ours of the same value, or to a key of `ADVICE`."""

    inputs: Mapping[str, str]
    outputs: Mapping[str, str] = field(default_factory=dict)


_VARIABLE = "Set {} as an environment variable; credentials are never inputs."

ADVICE: Mapping[str, Translation] = MappingProxyType(
    {
        "access key": Translation("", _VARIABLE.format("AWS_ACCESS_KEY_ID")),
        "secret key": Translation("", _VARIABLE.format("AWS_SECRET_ACCESS_KEY")),
        "session token": Translation("", _VARIABLE.format("AWS_SESSION_TOKEN")),
        "credentials": Translation(
            "", "Set the AWS credentials as environment variables, or use role-to-assume."
        ),
        "profile": Translation("", "Set AWS_PROFILE as an environment variable."),
        "endpoint": Translation("", "Set AWS_ENDPOINT_URL_CODEDEPLOY or AWS_ENDPOINT_URL_S3 as a variable."),
        "proxy": Translation("", "Set HTTPS_PROXY as an environment variable."),
        "folder in the bucket": Translation(
            "", "Write the folder after the bucket's name: bucket: my-bucket/some/folder."
        ),
        "folder": Translation(
            "", "Write a folder of files into source, a folder in S3 after the bucket's name."
        ),
        "s3 location": Translation(
            "bucket", "Write bucket: my-bucket and key: some/folder/app.zip, or revision: s3://…"
        ),
        "key": Translation(
            "key", "Write key with its extension, such as app.zip; revision: s3://… for an existing object."
        ),
        "label": Translation("key", "Write key with its extension, such as app-1.0.zip."),
        "existing object": Translation("revision", "Write revision: s3://bucket/key."),
        "commit": Translation("revision", "Write revision: github://owner/repository/commit."),
        "revision": Translation(
            "revision", "Write revision: s3://bucket/key or github://owner/repository/commit."
        ),
        "method": Translation(
            "", "Use stop-after for the last stage to run, and revision for an existing one."
        ),
        "hidden files": Translation("exclude", 'Write exclude: ".*" to leave out hidden files.'),
        "no hidden files": Translation("", "Remove it: hidden files are packaged."),
        "excluded": Translation("exclude", "Write gitignore patterns into exclude, one per line."),
        "included": Translation(
            "exclude", "Everything in source is packaged; write what to leave out into exclude."
        ),
        "zip flags": Translation(
            "", "Remove it; exclude, bundle-type and compression control how files are packaged."
        ),
        "register only": Translation("stop-after", "Write stop-after: register."),
        "dry run": Translation("stop-after", "Write stop-after: package."),
        "wait": Translation(
            "stop-after",
            "Remove it to wait for the deployment, or write stop-after: deploy to return at once.",
        ),
        "interval": Translation("poll-interval", "Write poll-interval with a unit, such as 10s."),
        "time": Translation("timeout", "Write timeout with a unit, such as 15m."),
        "role duration": Translation("role-duration", "Write role-duration with a unit, such as 3600s."),
        "rollback": Translation("auto-rollback", "Write the events into auto-rollback, or disabled."),
        "alarms": Translation("alarms", "Write the alarms' names into alarms, one per line, or disabled."),
        "no outdated": Translation("", "Remove it, or write update-outdated-instances-only: false."),
        "no stop failures": Translation("", "Remove it, or write ignore-application-stop-failures: false."),
        "parameters": Translation(
            "parameters", "Write other parameters of CreateDeployment into parameters."
        ),
        "sequence": Translation(
            "on-newer", "Write on-newer: deploy to skip the check, on-newer: fail to keep it."
        ),
        "configuration": Translation(
            "", "Use deployment-config for a deployment configuration, deployment-group for a group."
        ),
        "service role": Translation("", "Remove it: the service role belongs to the deployment group."),
        "branches": Translation(
            "", "Remove it: deployment groups are not created. Name an existing one in deployment-group."
        ),
        "output variable": Translation("", "Remove it; the deployment's ID is the output deployment-id."),
        "debug": Translation(
            "",
            "Remove it, or write --verbose on the command line; on GitHub, re-run with debug logging.",
        ),
        "quiet": Translation("", "Remove it, or write --quiet on the command line."),
    }
)
"""Advice for meanings that the name of an input alone does not cover."""

TOOLS: Mapping[str, Tool] = MappingProxyType(
    {
        "codeship": Tool(
            {
                "AWS Access Key ID": "access key",
                "AWS Secret Access Key": "secret key",
                "Region": "region",
                "Application name": "application",
                "Deployment group name": "deployment-group",
                "S3 bucket": "bucket",
                "Deployment Config": "deployment-config",
            }
        ),
        "aws": Tool(
            {
                "--application-name": "application",
                "--deployment-group-name": "deployment-group",
                "--source": "source",
                "--s3-location": "s3 location",
                "--github-location": "commit",
                "--revision": "revision",
                "--ignore-hidden-files": "hidden files",
                "--no-ignore-hidden-files": "no hidden files",
                "--description": "description",
                "--deployment-config-name": "deployment-config",
                "--deployment-mode": "restart",
                "--file-exists-behavior": "file-exists-behavior",
                "--ignore-application-stop-failures": "ignore-application-stop-failures",
                "--no-ignore-application-stop-failures": "no stop failures",
                "--update-outdated-instances-only": "update-outdated-instances-only",
                "--no-update-outdated-instances-only": "no outdated",
                "--target-instances": "target-instances",
                "--auto-rollback-configuration": "rollback",
                "--override-alarm-configuration": "alarms",
                "--ec2-deployment-options": "parameters",
                "--cli-input-json": "parameters",
                "--region": "region",
                "--profile": "profile",
                "--endpoint-url": "endpoint",
                "--debug": "debug",
            },
            {"deploymentId": "deployment-id"},
        ),
        "sourcetoad": Tool(
            {
                "aws_access_key": "access key",
                "aws_secret_key": "secret key",
                "aws_region": "region",
                "codedeploy_name": "application",
                "codedeploy_group": "deployment-group",
                "codedeploy_config_name": "deployment-config",
                "codedeploy_file_exists_behavior": "file-exists-behavior",
                "codedeploy_register_only": "register only",
                "s3_bucket": "bucket",
                "s3_folder": "folder in the bucket",
                "directory": "source",
                "archive": "source",
                "excluded_files": "excluded",
                "custom_zip_flags": "zip flags",
                "max_polling_iterations": "time",
                "dry_run": "dry run",
            },
            {"deployment_id": "deployment-id", "etag": "etag", "zip_filename": "key"},
        ),
        "webfactory": Tool(
            {
                "application": "application",
                "skip-sequence-check": "sequence",
                "config-name": "configuration",
                "branch_config": "branches",
            },
            {"deploymentId": "deployment-id", "deploymentGroupName": "", "deploymentGroupCreated": ""},
        ),
        "bitbucket": Tool(
            {
                "AWS_ACCESS_KEY_ID": "access key",
                "AWS_SECRET_ACCESS_KEY": "secret key",
                "AWS_DEFAULT_REGION": "region",
                "AWS_OIDC_ROLE_ARN": "role-to-assume",
                "APPLICATION_NAME": "application",
                "DEPLOYMENT_GROUP": "deployment-group",
                "COMMAND": "method",
                "ZIP_FILE": "source",
                "S3_BUCKET": "bucket",
                "FOLDER": "folder",
                "VERSION_LABEL": "label",
                "BUNDLE_TYPE": "bundle-type",
                "FILE_EXISTS_BEHAVIOR": "file-exists-behavior",
                "IGNORE_APPLICATION_STOP_FAILURES": "ignore-application-stop-failures",
                "WAIT": "wait",
                "WAIT_INTERVAL": "interval",
                "EXTRA_ARGS": "parameters",
                "DEBUG": "debug",
            }
        ),
        "travis": Tool(
            {
                "access_key_id": "access key",
                "secret_access_key": "secret key",
                "region": "region",
                "application": "application",
                "deployment_group": "deployment-group",
                "bucket": "existing object",
                "key": "existing object",
                "bundle_type": "bundle-type",
                "revision_type": "revision",
                "repository": "commit",
                "commit_id": "commit",
                "file_exists_behavior": "file-exists-behavior",
                "wait_until_deployed": "wait",
                "description": "description",
                "endpoint": "endpoint",
            }
        ),
        "circleci": Tool(
            {
                "application_name": "application",
                "deployment_group": "deployment-group",
                "deployment_config": "deployment-config",
                "bundle_source": "source",
                "bundle_bucket": "bucket",
                "bundle_key": "key",
                "bundle_type": "bundle-type",
                "service_role_arn": "service role",
                "deploy_bundle_arguments": "parameters",
                "get_deployment_group_arguments": "parameters",
                "arguments": "parameters",
                "profile_name": "profile",
                "region": "region",
            }
        ),
        "azure": Tool(
            {
                "awsCredentials": "credentials",
                "regionName": "region",
                "applicationName": "application",
                "deploymentGroupName": "deployment-group",
                "deploymentRevisionSource": "method",
                "revisionBundle": "source",
                "bucketName": "bucket",
                "bundlePrefix": "folder in the bucket",
                "bundleKey": "key",
                "filesAcl": "acl",
                "description": "description",
                "fileExistsBehavior": "file-exists-behavior",
                "updateOutdatedInstancesOnly": "update-outdated-instances-only",
                "ignoreApplicationStopFailures": "ignore-application-stop-failures",
                "timeoutInMins": "time",
                "outputVariable": "output variable",
                "logRequest": "debug",
                "logResponse": "debug",
            }
        ),
    }
)
"""The tools by the names of their sections in docs/migrating.md."""

OTHER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "application": "app app-name aws-application-name codedeploy-app codedeploy-app-name "
        "codedeploy-application codedeploy-application-name",
        "deployment-group": "codedeploy-deployment-group codedeploy-group-name group group-name",
        "deployment-config": "codedeploy-config",
        "bucket": "aws-bucket aws-s3-bucket codedeploy-bucket codedeploy-s3-bucket s3-bucket-name",
        "key": "s3-key",
        "source": "local-path path subdirectory working-directory",
        "role-to-assume": "aws-role-arn iam-role-arn oidc-role-arn role role-arn",
        "role-session-name": "session-name",
        "web-identity-audience": "audience",
        "target-instances": "instances",
        "access key": "access-key",
        "secret key": "secret-key",
        "session token": "aws-session-token session-token",
        "profile": "aws-profile",
        "folder in the bucket": "s3-prefix s3-subfolder sub-folder",
        "method": "deployment-method",
        "excluded": "exclude-files ignore",
        "included": "include includes",
        "register only": "register-only",
        "wait": "deploy-bundle wait-for-completion wait-for-deployment",
        "interval": "polling-freq-sec polling-interval",
        "time": "polling-timeout-sec timeout-minutes",
        "role duration": "role-duration-seconds",
        "proxy": "proxy-host proxy-port",
        "debug": "verbose",
        "quiet": "silent",
    }
)
"""Names that people also try, by what they mean, from the Jenkins plugin, aws-actions and elsewhere."""
