"""The stand-ins for AWS, and repositories for the CI runners to work on."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.container.docker import ROOT
from tests.s3 import REGION, S3Server

if TYPE_CHECKING:
    from pathlib import Path

BUCKET = "my-revisions"


def aws_variables(codedeploy_url: str, s3_url: str) -> dict[str, str]:
    """What a job needs to find the stand-ins."""
    return {
        "AWS_ACCESS_KEY_ID": S3Server.access_key,
        "AWS_SECRET_ACCESS_KEY": S3Server.secret_key,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": codedeploy_url,
        "AWS_ENDPOINT_URL_S3": s3_url,
    }


def copy_action(folder: Path, base: str) -> Path:
    """This repository's own files, its image built from `base` where the official one cannot be had."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(lambda name: (ROOT / name).is_file(), listing.stdout.splitlines()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    dockerfile = folder / "Dockerfile"
    lines = dockerfile.read_text(encoding="utf-8").splitlines(keepends=True)
    dockerfile.write_text(
        "".join(f"ARG BASE={base}\n" if line.startswith("ARG BASE=") else line for line in lines),
        encoding="utf-8",
    )
    return folder


def commit(folder: Path, origin: str = "git@github.com:octo-org/hello-web.git") -> None:
    """Make the folder a repository with one commit and an origin."""
    identity = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com"}
    identity |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.com"}
    for arguments in (
        ("init", "--quiet", "--initial-branch=main"),
        ("remote", "add", "origin", origin),
        ("add", "--all"),
        ("commit", "--quiet", "--message=Everything"),
    ):
        subprocess.run(["git", *arguments], cwd=folder, env=os.environ | identity, check=True)
