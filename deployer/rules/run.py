"""Codes of what is not about the bundle; each text is written where the facts are known."""

from __future__ import annotations

from typing import Final

CODES: Final = {
    "agent-silent": (
        "No lifecycle event ever started on the targets: the agent is not running, or cannot reach "
        "CodeDeploy. Start the agent, and give the instances an instance profile and network access "
        "to the service's endpoints."
    ),
    "already-back": (
        "The group has already gone back, and `revision: previous` would bring back what it left. "
        "Deploy the change again, or name another `revision`."
    ),
    "bucket-owner": (
        "The bucket does not belong to the account in `expected-bucket-owner`, or its owner cannot be "
        "confirmed. Check the bucket's name and the account."
    ),
    "change-comes-again": (
        "The group went back to an earlier revision, but the next deployment from the branch will "
        "bring the change back. Revert it in the branch before the next push."
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
        "The group already runs the revision that `revision: last-good` stands for. To undo that one, "
        "use `revision: previous`."
    ),
    "log-group-unread": "The group that `log-group` names could not be read; CodeDeploy's own tails of the "
    "logs are shown.",
    "newer-run": (
        "A newer run of the same workflow was deployed to the group, or is being deployed. To deploy "
        "this older run anyway, set `on-newer: deploy`."
    ),
    "no-good-revision": "No revision is known that the group could go back to. Name one with `revision`.",
    "processes-suspended": (
        "Auto Scaling processes that CodeDeploy suspended for a failed deployment may still be "
        "suspended. Check the Auto Scaling group, and resume them."
    ),
    "rehearsal-engine": (
        "The Docker engine that a rehearsal needs cannot be reached, or failed. Check `DOCKER_HOST`, and the "
        "engine with `docker info`."
    ),
    "rehearsal-image": (
        "The image of a rehearsal cannot be pulled, or no container of it can be started. Check "
        "`rehearse-image`; pull an image that needs a login in an earlier step."
    ),
    "rollback-failed": (
        "The rollback failed, was stopped or did not end within `timeout`; which revision each target "
        "runs is uncertain. Check the deployment and its rollback in the console, then deploy a "
        "revision that works."
    ),
    "rollback-missing": (
        "CodeDeploy should have rolled the deployment back, but no rollback began. Check the rollback "
        "settings of the deployment group, and go back with `revision: last-good`."
    ),
    "sdk-file-ignored": (
        "A file in the workspace with AWS settings, credentials or models was ignored. Put settings "
        "of the AWS SDK into the home folder or into variables."
    ),
    "status-unread": (
        "The deployment's status could not be read, so the deployment was not stopped. Check it in "
        "the console, and stop it there if it is still running."
    ),
    "timed-out": (
        "The deployment did not end within `timeout`. It may still be running: check it, or set a "
        "longer `timeout`."
    ),
    "targets-missed": (
        "The deployment succeeded although targets failed or were skipped, which its configuration allows. "
        "They may run an earlier revision: check their CodeDeploy agents, and deploy the revision to them "
        "with `update-outdated-instances-only: true`."
    ),
    "update-failed": (
        "A deployment by which CodeDeploy updates instances launched during the deployment did not "
        "succeed. Check the deployment that the warning names: the instance runs another revision, or "
        "none."
    ),
    "unexpected-account": (
        "The AWS credentials do not belong to the account in `expected-account`. Use that account's "
        "credentials or role, or correct `expected-account`."
    ),
}
"""Our own codes by what they mean, and what to do; AWS's (`HEALTH_CONSTRAINTS`) are passed on."""
