"""Codes of what is not about the bundle; each text is written where the facts are known."""

from __future__ import annotations

from typing import Final

CODES: Final = {
    "agent-silent": "No lifecycle event ever started on the targets: the agent does not run, or cannot "
    "reach CodeDeploy.",
    "already-back": "The group went back already, so that `revision: previous` would bring back what was "
    "left.",
    "bucket-owner": "The bucket belongs to another account than `expected-bucket-owner`, or its owner cannot "
    "be confirmed.",
    "change-comes-again": "The group went back to an earlier revision; the next deployment from the branch "
    "brings the change again.",
    "credentials-end-early": "The AWS credentials expire before the wait ends.",
    "endpoint-not-encrypted": "An endpoint outside this machine uses `http://`: anyone on the network path "
    "can read and change what is sent.",
    "last-good-is-live": "`revision: last-good` is the revision that the group runs already.",
    "newer-run": "A newer run of the same workflow was deployed to the group, or is being deployed.",
    "no-good-revision": "No revision is known that the group can go back to.",
    "processes-suspended": "Auto Scaling processes that CodeDeploy suspended for a failed deployment may be "
    "suspended still.",
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
