"""Pure: what AWS's text tells of a denial, and the statement that is missing.

The text's forms are those of "Troubleshoot access denied error messages" in the IAM user guide. Nothing here
depends on it: where the text says less, what was asked for stands in.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from deployer.aws.policy import WITHOUT_RESOURCE

_WHO = re.compile(
    r"User: (?P<identity>arn:\S+) is not authorized to perform: (?P<action>[\w-]+:\w+)"
    r'(?: on resource: "?(?P<resource>[^\s"]+)"?)?'
)
_WHY = re.compile(
    r"(?:with an (?P<explicit>explicit deny) in an? |because no )"
    r"(?P<policy>service control|resource control|identity-based|resource-based|session|VPC endpoint"
    r"|permissions boundary)"
)
_OWNERS = {
    "service control": "A service control policy of the organization",
    "resource control": "A resource control policy of the organization",
    "identity-based": "A policy of the identity",
    "resource-based": "The policy of the resource itself (of the bucket, of the key)",
    "session": "The session policy that was passed when the role was assumed",
    "VPC endpoint": "The policy of the VPC endpoint",
    "permissions boundary": "The permissions boundary of the identity",
}


@dataclass(frozen=True, slots=True)
class Denial:
    """A denial: `policy` is the kind of policy that decided, empty where the text does not say."""

    action: str
    resource: str
    identity: str = ""
    policy: str = ""
    explicit: bool = False

    @property
    def statement(self) -> str:
        """The IAM statement that allows it, empty where the action has no name in IAM."""
        if ":" not in self.action:
            return ""
        return json.dumps({"Effect": "Allow", "Action": self.action, "Resource": self._scope})

    @property
    def _scope(self) -> str:
        if self.action in WITHOUT_RESOURCE or not self.resource.startswith("arn:"):
            return "*"
        folder, slash, _ = self.resource.rpartition("/")
        is_object = ":s3:::" in self.resource and slash
        return f"{folder}/*" if is_object else self.resource

    @property
    def advice(self) -> str:
        """What to do about it."""
        owner = _OWNERS.get(self.policy, "")
        if self.explicit:
            return f"{owner} denies it explicitly, and no Allow outweighs that: change that policy."
        if not self.statement:
            return "Allow it in the identity's policy."
        if self.policy in {"", "identity-based"}:
            return f"Add this statement to the policy of {self.identity or 'the identity'}:\n{self.statement}"
        return f"{owner} does not allow it; it has to contain this too:\n{self.statement}"


def read_denial(text: str, *, action: str, resource: str) -> Denial:
    """The denial that AWS's text describes, of this action on this resource where it describes none."""
    who, why = _WHO.search(text), _WHY.search(text)
    told = who.groupdict(default="") if who else {}
    return Denial(
        action=told.get("action") or action,
        resource=told.get("resource") or resource,
        identity=told.get("identity", ""),
        policy=why["policy"] if why else "",
        explicit=bool(why and why["explicit"]),
    )
