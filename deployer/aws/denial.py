"""Pure: what AWS's text tells of a denial, and the statement that is missing.

The text's forms are those of "Troubleshoot access denied error messages" in the IAM user guide. Nothing here
depends on it: where the text says less, the action and resource that were asked for are used.
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
_KINDS = (
    r"(?P<policy>service control|resource control|identity-based|resource-based|session|VPC endpoint"
    r"|permissions boundary|role trust)"
)
_EXPLICIT = re.compile(rf"with an explicit deny(?: in (?:an?|the) {_KINDS})?")
_IMPLICIT = re.compile(rf"because no {_KINDS}")
_ELSEWHERE = re.compile(r"because the resource does not exist in this Region, no resource-based polic")
"""AWS KMS on a key of another account: any of three reasons, which it does not tell apart."""
_THROUGH = re.compile(rf"transitively through an? {_KINDS}")
_ARN = re.compile(r"polic(?:y|ies): (?P<arn>arn:[\w:/.+=,@-]{1,1000})")
_ENCRYPTED = (
    "If it denies only what is not encrypted in a certain way, set the inputs sse and kms-key-id to that."
)
_UNDECIDED = (
    "AWS does not say which policy decided. If that statement is there already, look for a Deny or a missing "
    "Allow in the policy of the resource (the bucket, the key), the permissions boundary and the "
    "organization's policies."
)
_PUBLIC = re.compile(r"Block ?Public ?(?:Access|Acls|Policy)", re.IGNORECASE)
_OWNERS = {
    "service control": "A service control policy of the organization",
    "resource control": "A resource control policy of the organization",
    "identity-based": "A policy of the identity",
    "resource-based": "The policy of the resource itself (of the bucket, of the key)",
    "session": "The session policy that was passed when the role was assumed",
    "VPC endpoint": "The policy of the VPC endpoint",
    "permissions boundary": "The permissions boundary of the identity",
    "role trust": "The trust policy of the role",
}


@dataclass(frozen=True, slots=True)
class Denial:
    """A denial: `policy` is the kind of policy that decided, empty where the text does not say.

    `arn` is that policy's, empty likewise; `public` tells that S3 Block Public Access decided, `elsewhere`
    that the resource may be in another region.
    """

    action: str
    resource: str
    identity: str = ""
    policy: str = ""
    explicit: bool = False
    arn: str = ""
    public: bool = False
    elsewhere: bool = False

    @property
    def statement(self) -> str:
        """The IAM statement that allows it, empty where the action has no name in IAM.

        In the policy of a resource it names who is allowed.
        """
        if ":" not in self.action:
            return ""
        statement: dict[str, object] = {"Effect": "Allow", "Action": self.action, "Resource": self._scope}
        if self.policy == "resource-based":
            statement = {"Effect": "Allow", "Principal": {"AWS": principal(self.identity)}, **statement}
        return json.dumps(statement)

    @property
    def _scope(self) -> str:
        if self.action in WITHOUT_RESOURCE or not self.resource.startswith("arn:"):
            return "*"
        folder, slash, _ = self.resource.rpartition("/")
        is_object = ":s3:::" in self.resource and slash
        return f"{folder}/*" if is_object else self.resource

    @property
    def advice(self) -> str:
        """The remedy."""
        owner = _OWNERS.get(self.policy, "Some policy")
        if self.arn:
            owner += f" ({self.arn})"
        if self.public:
            return (
                "S3 Block Public Access rejects it: remove the input acl if it makes the object public. No "
                "policy of the identity can override that."
            )
        if self.explicit:
            said = f"{owner} denies it explicitly, which overrides every Allow: change that policy."
            return f"{said} {_ENCRYPTED}" if self.action == "s3:PutObject" else said
        if not self.statement:
            return "Allow it in the identity's policy."
        if self.action.startswith("kms:") and (self.elsewhere or not self.resource):
            return (
                "The key is in another region or account, or its key policy does not allow it: "
                f"check kms-key-id (or the bucket's default key), and allow {self.action} in the key policy."
            )
        return self._addition(owner)

    def _addition(self, owner: str) -> str:
        """Return where the statement that is missing belongs, as far as the text tells."""
        if self.policy not in {"", "identity-based"}:
            return f"{owner} does not allow it; add this statement to it:\n{self.statement}"
        said = f"Add this statement to the policy of {self.identity or 'the identity'}:\n{self.statement}"
        return said if self.policy or self.identity else f"{said}\n{_UNDECIDED}"


def read_denial(text: str, *, action: str, resource: str) -> Denial:
    """Parse the denial that AWS's text describes; action and resource are defaults for what it omits."""
    who, explicit, arn = _WHO.search(text), _EXPLICIT.search(text), _ARN.search(text)
    why = _THROUGH.search(text) or explicit or _IMPLICIT.search(text)
    fields = who.groupdict(default="") if who else {}
    denied = fields.get("action") or action
    same_service = denied.partition(":")[0] == action.partition(":")[0]
    return Denial(
        action=denied,
        resource=fields.get("resource") or (resource if same_service else ""),
        identity=fields.get("identity", ""),
        policy=(why["policy"] or "") if why else "",
        explicit=bool(explicit),
        arn=arn["arn"] if arn else "",
        public=bool(_PUBLIC.search(text)),
        elsewhere=bool(_ELSEWHERE.search(text)),
    )


def principal(identity: str) -> str:
    """Return an identity as a resource's policy names it: for a session, its role."""
    found = re.fullmatch(r"arn:([\w-]+):sts::(\d+):assumed-role/([^/]+)/.*", identity)
    return f"arn:{found[1]}:iam::{found[2]}:role/{found[3]}" if found else identity or "ARN-OF-THE-IDENTITY"
