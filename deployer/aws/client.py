"""Clients: the session in one region and under one identity, and the ARNs of what they act on."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from deployer import __version__
from deployer.aws.errors import sdk_errors, translate
from deployer.aws.origins import check_endpoints, ignored_file, keep_out, strange_endpoint
from deployer.aws.retries import BRIEF, PATIENCE
from deployer.errors import InvalidInput, Problem
from deployer.regions import partition

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from boto3.session import Session
    from botocore.config import Config
    from botocore.credentials import Credentials
    from botocore.session import Session as BotocoreSession
    from mypy_boto3_codedeploy import CodeDeployClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import CredentialsTypeDef

    from deployer.aws.retries import Retries
    from deployer.aws.trace import Trace


_Client = TypeVar("_Client")

_READ_SECONDS = 15
"""Time for the answer to a call that moves no file; the services answer within one or two seconds."""

_LAST_READ_SECONDS = (5, 2)
"""The same towards the end of a wait: the longest that fits into what is left, or the last."""

_NEIGHBOR_SECONDS = 10
"""The same for another service, which may need some seconds for a page of a thousand instances."""

_REACH_SECONDS = 2
"""Time to connect to another service, to which a private network may have no way at all."""

_MODELS = Path(__file__).parent / "models"
"""Models of the operations that are used of large services; botocore's take up to a quarter of a second.

`make docs` takes them from botocore's own.
"""

_TRANSFER_SECONDS = 60
"""Time for S3 to accept a part of a bundle on a slow link, the SDK's own default."""


@dataclass(frozen=True)
class Aws:
    """A session in one region, with clients made when first asked for.

    `region_source` says in the user's words where the region came from; `ends` is when the credentials end
    for good, None where they are renewed or where nobody knows. The SDK reads no file of `workspace`; `warn`
    is called for what is odd about a client's endpoint.
    """

    session: Session
    region: str
    region_source: str
    retries: Retries
    trace: Trace | None = None
    ends: datetime | None = None
    workspace: Path | None = None
    warn: Callable[[Problem], None] = lambda _: None

    @cached_property
    def codedeploy(self) -> CodeDeployClient:
        """A client that outlasts faults that pass: every call but CreateDeployment may be repeated."""
        return self._attended(self.session.client("codedeploy", config=_config()))

    @cached_property
    def codedeploy_optional(self) -> CodeDeployClient:
        """A client for what a run can do without, which outlasts only short faults."""
        return self.retries.twin(self.codedeploy, patience=BRIEF)

    @cached_property
    def codedeploy_once(self) -> CodeDeployClient:
        """A client that never re-sends: CreateDeployment has no client token, and a wait looks again."""
        return self.retries.twin(self.codedeploy, patience=0)

    @cached_property
    def codedeploy_hasty(self) -> CodeDeployClient:
        """A client for a process that is being ended: one try, of two seconds."""
        return self.codedeploy_within(0)

    def codedeploy_within(self, seconds: float, *, patience: float = 0) -> CodeDeployClient:
        """Return a client whose calls wait for so many seconds at most, but for two at least."""
        if seconds >= _READ_SECONDS:
            return self.codedeploy if patience else self.codedeploy_once
        timeout = next((each for each in _LAST_READ_SECONDS if each <= seconds), _LAST_READ_SECONDS[-1])
        if (timeout, patience) not in self._last_clients:
            client = self.session.client("codedeploy", config=_config(timeout))
            self._last_clients[timeout, patience] = self._attended(client, patience=patience)
        return self._last_clients[timeout, patience]

    @cached_property
    def _last_clients(self) -> dict[tuple[int, float], CodeDeployClient]:
        return {}

    @cached_property
    def s3(self) -> S3Client:
        """The S3 client, for the bucket's own endpoint style."""
        return self._attended(self.session.client("s3", config=_config(_TRANSFER_SECONDS)))

    @cached_property
    def s3_optional(self) -> S3Client:
        """The same for what a run can do without."""
        return self._attended(self.session.client("s3", config=_config()), patience=BRIEF)

    @cached_property
    def ecs(self) -> ECSClient:
        """The ECS client, for what an AppSpec leaves out."""
        return self._attended(self.session.client("ecs", config=_config()))

    @cached_property
    def functions(self) -> LambdaClient:
        """The Lambda client, for what an AppSpec leaves out."""
        return self._attended(self.session.client("lambda", config=_config()))

    def neighbor(self, service: str) -> Any:  # noqa: ANN401 - the SDK makes its clients at run time
        """Return a client of another service for what a run can do without: one try, of a few seconds."""
        config = _config(_NEIGHBOR_SECONDS, connect=_REACH_SECONDS)
        return self._attended(self.session.client(service, config=config), patience=0)  # type: ignore[call-overload]

    @cached_property
    def sts(self) -> STSClient:
        """The STS client of the region, signing as the session."""
        return self._attended(self.session.client("sts", config=_config()))

    @cached_property
    def sts_optional(self) -> STSClient:
        """The same for what a run can do without."""
        return self._attended(self.session.client("sts", config=_config()), patience=BRIEF)

    @cached_property
    def sts_unsigned(self) -> STSClient:
        """The STS client for who has a token and no credentials yet."""
        from botocore import UNSIGNED
        from botocore.config import Config

        config = _config().merge(Config(signature_version=UNSIGNED))
        return self._attended(self.session.client("sts", config=config))

    def sts_as(self, credentials: CredentialsTypeDef) -> STSClient:
        """Return the STS client that signs with these credentials."""
        client = self.session.client(
            "sts",
            config=_config(),
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )
        return self._attended(client)

    def becoming(self, credentials: Credentials, *, ends: datetime | None = None) -> Aws:
        """Return a copy with these credentials instead of those that the SDK found."""
        import botocore.session
        from botocore.credentials import CredentialProvider, CredentialResolver

        class Given(CredentialProvider):
            METHOD = "given"

            def load(self) -> Credentials:
                return credentials

        inner = botocore.session.Session()
        inner.register_component("credential_provider", CredentialResolver([Given()]))
        if self.workspace:
            keep_out(inner, self.workspace)
        return replace(self, session=_session(inner, self.region), ends=ends)

    def _attended(self, client: _Client, *, patience: float = PATIENCE) -> _Client:
        for problem in strange_endpoint(client, os.environ):
            self.warn(problem)
        self.retries.attend(client, patience=patience)
        if self.trace:
            self.trace.attend(client)
        return client


def connect(  # noqa: PLR0913 - all but the region are keyword-only
    region: str,
    *,
    source: str,
    retries: Retries,
    workspace: Path | None = None,
    warn: Callable[[Problem], None] = lambda _: None,
    trace: Trace | None = None,
) -> Aws:
    """Return a session in the region, or in the profile's if empty; `source` says where it came from.

    The SDK reads no file of `workspace`; `warn` is called for each that it would have read.
    No region is ever assumed: raises InvalidInput when there is none, or when the profile does not exist.
    """
    import botocore.session

    check_endpoints(os.environ)
    try:
        inner = botocore.session.Session()
        for path in keep_out(inner, workspace) if workspace else ():
            warn(ignored_file(path))
        session = _session(inner, region or None)
        chosen, profile = session.region_name, session.profile_name
    except sdk_errors() as error:
        raise translate(error, action="configure the SDK") from error
    if not chosen:
        raise InvalidInput(
            Problem(
                "No AWS region is set.",
                "Set the input region, or AWS_REGION, to the region of your CodeDeploy application.",
            )
        )
    region_source = source if region else f"profile {profile}"
    return Aws(session, chosen, region_source, retries, trace, workspace=workspace, warn=warn)


def _session(inner: BotocoreSession, region: str | None) -> Session:
    """Create a session; the only place that does, so that all clients detect unreadable responses."""
    import boto3.session

    from deployer.aws.answers import guarded

    inner.get_component("data_loader").search_paths.insert(0, str(_MODELS))
    return boto3.session.Session(botocore_session=guarded(inner), region_name=region)


def _config(timeout: int = _READ_SECONDS, *, connect: int = 10) -> Config:
    """Return the settings of a client whose calls may each take `timeout` seconds to be answered."""
    from botocore.config import Config

    return Config(
        connect_timeout=min(connect, timeout),
        read_timeout=timeout,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=16,
        user_agent_extra=f"codedeploy-deployer/{__version__}",
    )


def application_arn(application: str, *, region: str) -> str:
    """Return the ARN of an application; `*` replaces an unknown account."""
    return f"arn:{partition(region)}:codedeploy:{region}:*:application:{application}"


def group_arn(application: str, group: str, *, region: str) -> str:
    """Return the ARN of a deployment group, any account."""
    return f"arn:{partition(region)}:codedeploy:{region}:*:deploymentgroup:{application}/{group}"
