"""A stand-in for CodeDeploy and the services beside it, for tests and the demo.

`server` routes and logs; `wire` and `dialects` speak HTTP and AWS's protocols; `protocol` holds everything
against botocore's models; `world` and `deployments` are the state, `codedeploy` and `rules` the operations;
`timeline`, `fleet`, `failures`, `scenarios` and `catalogue` say what happens; `faults`, `iam`, `permissions`,
`identity`, `sts` and `oidc` say what goes wrong and who may do what; `s3` stands before a real S3 server.
"""

from __future__ import annotations

from tests.emulator.catalogue import SCENARIOS
from tests.emulator.iam import Policies
from tests.emulator.server import ACCOUNT, Emulator, LoggedCall
from tests.emulator.sts import Role, trust_principal, trust_web_identity

__all__ = [
    "ACCOUNT",
    "SCENARIOS",
    "Emulator",
    "LoggedCall",
    "Policies",
    "Role",
    "trust_principal",
    "trust_web_identity",
]
