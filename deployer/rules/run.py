"""Codes of what is not about the bundle; each text is written where the facts are known."""

from __future__ import annotations

from typing import Final

CODES: Final = {
    "agent-silent": (
        "No lifecycle event ever started on the targets: the agent does not run, or cannot reach "
        "CodeDeploy. Start the agent on the instances, and give them an instance profile and a way to "
        "the service's endpoints."
    ),
    "already-back": (
        "The group went back already, so that `revision: previous` would bring back what was left. "
        "Deploy the change again, or name another `revision`."
    ),
    "bucket-owner": (
        "The bucket belongs to another account than `expected-bucket-owner`, or its owner cannot be "
        "confirmed. Check the bucket's name and the account in `expected-bucket-owner`."
    ),
    "change-comes-again": (
        "The group went back to an earlier revision; the next deployment from the branch brings the "
        "change again. Revert the change in the branch before the next push."
    ),
    "credentials-end-early": (
        "The AWS credentials expire before the wait ends. Use `role-to-assume`, whose credentials are "
        "renewed, or shorten `timeout`."
    ),
    "endpoint-not-encrypted": (
        "An endpoint outside this machine uses `http://`: anyone on the network path can read and "
        "change what is sent. Use `https://`."
    ),
    "last-good-is-live": (
        "`revision: last-good` is the revision that the group runs already. Nothing is wrong with it; "
        "to undo it all the same, use `revision: previous`."
    ),
    "newer-run": (
        "A newer run of the same workflow was deployed to the group, or is being deployed. To deploy "
        "this older run all the same, set `on-newer: deploy`."
    ),
    "no-good-revision": (
        "No revision is known that the group can go back to. Name the revision to go back to with `revision`."
    ),
    "processes-suspended": (
        "Auto Scaling processes that CodeDeploy suspended for a failed deployment may be suspended "
        "still. Look at the Auto Scaling group, and resume the processes that are."
    ),
    "rollback-failed": (
        "The rollback failed, was stopped or did not end within `timeout`: it is uncertain which "
        "revision each target runs. Look at the deployment and its rollback in the console, then "
        "deploy a revision that works."
    ),
    "rollback-missing": (
        "CodeDeploy was to roll the deployment back, but no rollback began. Check the rollback "
        "settings of the deployment group, and go back with `revision: last-good`."
    ),
    "sdk-file-ignored": (
        "A file in the workspace with AWS settings, credentials or models was ignored. Settings of "
        "the AWS SDK belong in the home folder or in variables, never in the workspace."
    ),
    "status-unread": (
        "The deployment's status could not be read, so it was not stopped. Look at the deployment in "
        "the console, and stop it there if it is still running."
    ),
    "timed-out": (
        "The deployment did not end within `timeout`. Look at the deployment, which may still be "
        "running, or set a longer `timeout`."
    ),
    "update-failed": (
        "A deployment by which CodeDeploy updates instances launched during the deployment did not "
        "succeed. Look at the deployment that the warning names; the instance runs another revision or none."
    ),
    "unexpected-account": (
        "The AWS credentials belong to another account than `expected-account`. Use the credentials "
        "or the role of that account, or correct `expected-account`."
    ),
}
"""Our own codes by what they mean, and what to do; AWS's (`HEALTH_CONSTRAINTS`) are passed on."""
