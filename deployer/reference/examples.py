"""A value of each input for docs/inputs.md, as it stands under `with:`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "application": "hello-web",
        "deployment-group": "|\n  staging\n  production",
        "region": "eu-west-1",
        "revision": "${{ needs.build.outputs.revision }}",
        "restart": "true",
        "source": "dist",
        "appspec": "deploy/appspec.yml",
        "appspec-variables": "|\n  ENVIRONMENT=staging\n  PORT=8080",
        "exclude": "|\n  *.log\n  /tests/\n  !tests/smoke.sh",
        "bundle-type": "tgz",
        "compression": "fast",
        "rehearse-image": "amazonlinux:2023",
        "rehearse-stubs": "systemctl, service",
        "rehearse-env": "|\n  STAGE=test",
        "rehearse-previous": "last-good",
        "bucket": "my-revisions/hello-web",
        "key": '"{group}/{sha}.{extension}"',
        "sse": "aws:kms",
        "kms-key-id": "arn:aws:kms:eu-west-1:123456789012:alias/revisions",
        "acl": "bucket-owner-full-control",
        "storage-class": "STANDARD_IA",
        "object-tags": "|\n  team=web\n  cost-center=4711",
        "expected-bucket-owner": '"123456789012"',
        "expected-source-bucket-owner": '"210987654321"',
        "role-to-assume": "arn:aws:iam::123456789012:role/deploy",
        "role-session-name": "hello-web-${{ github.run_id }}",
        "role-external-id": "${{ vars.EXTERNAL_ID }}",
        "role-duration": "2h",
        "role-session-tags": "|\n  team=web",
        "expected-account": '"123456789012"',
        "web-identity-audience": "sts.amazonaws.com.cn",
        "web-identity-token-variable": "AWS_ID_TOKEN",
        "web-identity-token-file": "/var/run/secrets/token",
        "deployment-config": "CodeDeployDefault.HalfAtATime",
        "description": "Release ${{ github.ref_name }}",
        "file-exists-behavior": "OVERWRITE",
        "ignore-application-stop-failures": "true",
        "update-outdated-instances-only": "true",
        "target-instances": "|\n  autoScalingGroups: [web-green]",
        "auto-rollback": "DEPLOYMENT_FAILURE DEPLOYMENT_STOP_ON_ALARM",
        "alarms": "|\n  hello-web-errors\n  hello-web-latency",
        "parameters": "|\n  overrideAlarmConfiguration:\n    enabled: true\n    alarms: [{name: errors}]",
        "deployment-id": "d-A1B2C3D4E",
        "continue": "true",
        "stop-after": "register",
        "timeout": "1h30m",
        "poll-interval": "15s",
        "on-conflict": "wait",
        "on-newer": "skip",
        "if-unchanged": "skip",
        "on-timeout": "rollback",
        "on-cancel": "stop",
        "on-first-failure": "stop",
        "log-group": "/codedeploy/deployments",
        "log-group-live": "true",
        "pre-flight": "strict",
        "outputs-file": "codedeploy.env",
        "summary-file": "codedeploy.md",
        "junit-file": "codedeploy.xml",
    }
)
