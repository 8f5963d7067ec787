"""The deployment that holds a group, and the test of whether following it is as good as deploying.

Besides users, AWS itself creates deployments: for single instances that Auto Scaling launches or terminates,
for instances that missed a deployment, for rollbacks and for stacks. The creators' names are those of
DeploymentCreator in the service's API.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployer.text import cut

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployer.deployment.model import Deployment
    from deployer.revision import Revision


USER = "user"
ROLLBACK = "codeDeployRollback"
FOLLOWERS = frozenset({"autoscaling", "autoscalingTermination", "CodeDeployAutoUpdate"})
"""The creators of deployments that bring what is live already to some further instances."""

RESTART = "RESTART"
"""The mode of a deployment that installs nothing and restarts the application."""

_SHOWN = 100
"""Characters of a description that are shown."""

_STARTED = {
    "autoscaling": "which Auto Scaling started for a new instance",
    "autoscalingTermination": "which Auto Scaling started for an instance that it is terminating",
    "CodeDeploy": "which CodeDeploy started on its own",
    "CodeDeployAutoUpdate": "which CodeDeploy started to update outdated instances",
    "CloudFormation": "which CloudFormation started",
    "CloudFormationRollback": "which CloudFormation started to roll back a stack",
    ROLLBACK: "which CodeDeploy started as a rollback",
    USER: "",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """The instances that a deployment goes to, and whether it installs anything; by default all, and it does.

    `instances` are CreateDeployment's `targetInstances`, in a form that can be compared.
    """

    instances: str = ""
    outdated_only: bool = False
    mode: str = "STANDARD"


def scope_of(members: Mapping[str, Any]) -> Scope:
    """Return the scope given by members of CreateDeployment, or of DeploymentInfo, which repeats them."""
    instances = {name: value for name, value in (members.get("targetInstances") or {}).items() if value}
    return Scope(
        instances=repr(sorted(instances.items())) if instances else "",
        outdated_only=bool(members.get("updateOutdatedInstancesOnly")),
        mode=members.get("deploymentMode") or "STANDARD",
    )


@dataclass(frozen=True, slots=True)
class Holder:
    """An active deployment, by what the service says of it; `description` is untrusted text on one line."""

    deployment: Deployment
    creator: str
    scope: Scope
    description: str = ""

    def does(self, revision: Revision | None, scope: Scope) -> bool:
        """Return whether it deploys this revision to these instances, so that it can be followed instead.

        A restart has no revision: another one restarts the same.

        Only what a user created does, or the rollback to this revision: what else AWS creates goes to single
        instances, or has a purpose of its own.
        """
        same = revision in {None, self.deployment.revision} and self.scope == scope
        return same and self.creator in {USER, ROLLBACK}

    @property
    def origin(self) -> str:
        """A clause that says what it is, for messages; empty if a user started it and described nothing."""
        if self.creator != USER:
            return _STARTED.get(self.creator, f"which {self.creator} started")
        if self.scope.mode == RESTART:
            return "which restarts the application"
        if self.scope.mode != Scope().mode:
            return f"whose mode is {self.scope.mode}"
        if self.scope.instances:
            return "which goes to chosen instances only"
        if self.scope.outdated_only:
            return "which goes to outdated instances only"
        return f'described as "{cut(self.description, _SHOWN)}"' if self.description else ""


def holder(deployment: Deployment, info: Mapping[str, Any]) -> Holder:
    """Return the holder that a DeploymentInfo describes; without a creator it counts as a user's."""
    description = " ".join((info.get("description") or "").split())
    return Holder(deployment, info.get("creator") or USER, scope_of(info), description)
