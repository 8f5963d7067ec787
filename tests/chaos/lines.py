"""The lines of the campaign: for each call of AWS a run that makes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from tests.emulator import Role, trust_principal, trust_web_identity

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "arn:aws:iam::123456789012:role"
USER = "arn:aws:iam::123456789012:user/ci"
ROLES = (Role("deployer", trust_web_identity()), Role("keyed", trust_principal(USER)))
_ABSENT = {"INPUT_APPLICATION": "absent"}


class Identity(StrEnum):
    """The way to the credentials."""

    KEYS = "keys"
    ROLE = "role"
    TOKEN = "token"


@dataclass(frozen=True, kw_only=True)
class Line:
    """A run whose call of `operation` meets the fault; `name` is its row in the tables.

    `large`: the bundle is sent in two parts. `busy`: another deployment holds the group. `lost`: the answer
    to CreateDeployment never arrives. `denied`: this operation is refused, so that the faulty one is due.
    `after`: so many good calls of the operation come before the first moment. `live`: the group runs most of
    the bundle, which is then copied. `promoted`: an object in another bucket is deployed.
    """

    operation: str
    case: str = ""
    scenario: str = "success"
    flags: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    identity: Identity = Identity.KEYS
    large: bool = False
    busy: bool = False
    lost: bool = False
    denied: str = ""
    after: int = 0
    live: bool = False
    promoted: bool = False

    @property
    def name(self) -> str:
        """The operation, and what is special about the run."""
        return f"{self.operation} ({self.case})" if self.case else self.operation


LINES = [
    Line(operation="OidcToken", identity=Identity.TOKEN),
    Line(operation="AssumeRoleWithWebIdentity", identity=Identity.TOKEN),
    Line(operation="AssumeRole", identity=Identity.ROLE),
    Line(operation="GetCallerIdentity", case="unknown application", variables=_ABSENT),
    Line(operation="ListApplications", case="unknown application", variables=_ABSENT),
    Line(
        operation="ListDeploymentGroups",
        case="unknown group",
        variables={"INPUT_DEPLOYMENT_GROUP": "absent"},
    ),
    Line(operation="GetDeploymentGroup"),
    Line(operation="DescribeInstances"),
    Line(operation="GetObject", case="from the live bundle", live=True),
    Line(operation="HeadObject"),
    Line(operation="PutObject"),
    Line(operation="CreateMultipartUpload", large=True),
    Line(operation="UploadPart", large=True),
    Line(operation="UploadPartCopy", case="from the live bundle", live=True),
    Line(operation="UploadPartCopy", case="promotion", promoted=True),
    Line(operation="CompleteMultipartUpload", large=True),
    Line(operation="AbortMultipartUpload", case="UploadPart denied", large=True, denied="UploadPart"),
    Line(operation="RegisterApplicationRevision"),
    Line(operation="CreateDeployment"),
    Line(operation="ListDeployments", case="group busy", busy=True),
    Line(operation="GetDeployment", case="group busy", busy=True, after=1),
    Line(operation="StopDeployment", case="on-conflict: stop", flags=("--on-conflict=stop",), busy=True),
    Line(operation="ListDeployments", case="CreateDeployment lost", lost=True),
    Line(operation="GetDeployment", case="before the deployment"),
    Line(operation="GetDeployment", case="watching", after=1),
    Line(operation="ListDeploymentTargets"),
    Line(operation="BatchGetDeploymentTargets"),
    Line(
        operation="StopDeployment",
        case="on-timeout: stop",
        scenario="stuck",
        flags=("--on-timeout=stop", "--timeout=1m"),
    ),
    Line(operation="ContinueDeployment", scenario="blue-green", flags=("--continue=true",)),
]
