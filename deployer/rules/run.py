"""Codes of what is not about the bundle; each text is written where the facts are known."""

from __future__ import annotations

from typing import Final

CODES: Final = {
    "agent-silent": "No lifecycle event ever started on the targets: the agent does not run, or cannot "
    "reach CodeDeploy.",
    "bucket-owner": "The bucket belongs to another account than `expected-bucket-owner`, or its owner cannot "
    "be confirmed.",
    "credentials-end-early": "The AWS credentials expire before the wait ends.",
    "endpoint-not-encrypted": "An endpoint outside this machine uses `http://`: anyone on the network path "
    "can read and change what is sent.",
    "rollback-failed": "The rollback failed, was stopped or did not end within `timeout`: it is uncertain "
    "which revision each target runs.",
    "rollback-missing": "CodeDeploy was to roll the deployment back, but no rollback began.",
    "sdk-file-ignored": "A file in the workspace with AWS settings, credentials or models was ignored.",
    "status-unread": "The deployment's status could not be read, so it was not stopped.",
    "timed-out": "The deployment did not end within `timeout`.",
    "update-failed": "A deployment by which CodeDeploy updates instances launched meanwhile did not succeed.",
    "unexpected-account": "The AWS credentials belong to another account than `expected-account`.",
}
"""Our own codes by what they mean; AWS's error codes (`HEALTH_CONSTRAINTS`) are passed on as they are."""
