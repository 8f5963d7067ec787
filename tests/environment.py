"""The environment that the product is run in as a process: nothing of this machine's AWS or CI leaks in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.s3 import REGION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.emulator import Emulator
    from tests.s3 import S3Server

FOREIGN = (
    "ACTIONS_", "AWS_", "BITBUCKET_", "BOTO_", "CI", "GITHUB_", "GITLAB_", "INPUT_", "RUNNER_",
)  # fmt: skip
SERVICES = ("AUTO_SCALING", "CLOUDWATCH_LOGS", "CODEDEPLOY", "EC2", "ECS", "LAMBDA", "SSM", "STS")
"""The services of the emulator, as the SDK's variables for endpoints name them."""

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def clean_environment(home: Path) -> dict[str, str]:
    """This process's environment without AWS, CI and proxy variables, at home where no profile is."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(FOREIGN) and name.upper() not in PROXIES
    }
    return {**kept, "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}


def aws_environment(home: Path, *, s3: S3Server, emulator: Emulator) -> Mapping[str, str]:
    """A clean environment, credentials, a region and endpoints; S3 behind the emulator where it knows it."""
    return {
        **clean_environment(home),
        "AWS_ACCESS_KEY_ID": s3.access_key,
        "AWS_SECRET_ACCESS_KEY": s3.secret_key,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_S3": emulator.url if emulator.bucket_store else s3.url,
        **{f"AWS_ENDPOINT_URL_{service}": emulator.url for service in SERVICES},
    }
