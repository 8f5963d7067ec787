"""What AWS's own samples and our examples look like passes `pre-flight: strict`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.rehearsal import rehearse

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLES = Path(__file__).parents[2] / "examples"
LINUX = """\
version: 0.0
os: linux
files:
  - source: /index.html
    destination: /var/www/html/
  - source: conf/
    destination: /etc/site/conf/
hooks:
  BeforeInstall:
    - location: scripts/install_packages
      timeout: 300
      runas: root
  ApplicationStop:
    - location: stop.sh
"""
WINDOWS = """\
version: 0.0
os: windows
files:
  - source: \\index.html
    destination: C:\\inetpub\\wwwroot
hooks:
  BeforeInstall:
    - location: \\before-install.bat
      timeout: 900
"""
LAMBDA = """\
version: 0.0
Resources:
  - greet:
      Type: AWS::Lambda::Function
      Properties:
        Name: "greet"
        Alias: "live"
        CurrentVersion: "1"
        TargetVersion: "2"
Hooks:
  - BeforeAllowTraffic: "CheckBefore"
  - AfterAllowTraffic: "CheckAfter"
"""
ECS = """\
{"version": 0.0, "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {
  "TaskDefinition": "arn:aws:ecs:us-east-1:111222333444:task-definition/web:1",
  "LoadBalancerInfo": {"ContainerName": "web", "ContainerPort": 80},
  "PlatformVersion": "LATEST",
  "NetworkConfiguration": {"AwsvpcConfiguration": {
    "Subnets": ["subnet-1234abcd"], "SecurityGroups": ["sg-12345678"], "AssignPublicIp": "ENABLED"}},
  "CapacityProviderStrategy": [{"Base": 1, "CapacityProvider": "FARGATE", "Weight": 1}]}}}],
 "Hooks": [{"BeforeInstall": "CheckFirst"}, {"AfterAllowTestTraffic": "CheckTest"}]}
"""
SAMPLES: dict[str, dict[str, str]] = {
    "linux": {
        "appspec.yml": LINUX,
        "index.html": "<h1>",
        "conf/site.conf": "a",
        "scripts/install_packages": "#!/bin/bash\nyum install -y httpd\n",
        "stop.sh": "#!/bin/bash\n. $(dirname $0)/common.sh\nisExists=`pgrep httpd`\n"
        'if [[ -n  "$isExists" ]]; then\n    service httpd stop\nfi\n',
    },
    "windows": {
        "appspec.yml": WINDOWS,
        "index.html": "<h1>",
        "before-install.bat": "REM Install\r\npowershell.exe -Command Install-WindowsFeature Web-Server\r\n",
    },
    "lambda": {"appspec.yml": LAMBDA},
    "ecs": {"appspec.yml": ECS},
}


@pytest.mark.parametrize("platform", SAMPLES)
def test_appspecs_in_the_way_of_the_samples(platform: str, tmp_path: Path) -> None:
    files: Mapping[str, str] = SAMPLES[platform]
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text.encode())
    ran = rehearse(tmp_path, "--pre-flight=strict")
    assert [found for found in ran.findings if found.severity != "notice"] == [], ran.log
    assert ran.code == 0


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("hello-web", ""),
        ("shop-lambda", "VERSION=8"),
        ("shop-ecs", "TASK_DEFINITION=arn:aws:ecs:eu-west-1:123456789012:task-definition/shop-web:41"),
    ],
)
def test_our_examples(name: str, variables: str, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / name, tmp_path, dirs_exist_ok=True)
    ran = rehearse(tmp_path, "--pre-flight=strict", *[f"--appspec-variables={variables}"] * bool(variables))
    assert (ran.findings, ran.code) == ([], 0), ran.log
