"""Settings → IAM policies: the least that a run with these inputs needs, and who may assume its role.

Actions and resources follow AWS's service authorization reference for CodeDeploy and S3. Statements whose
`Sid` begins with `Optional` cost only detail or convenience where they are missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING, Any

from deployer.choices import Back, OnConflict, OnEnd, OnNewer, PreFlight, Stage
from deployer.regions import partition
from deployer.revision import S3Revision

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from deployer.aws.claims import Claims
    from deployer.settings.model import Settings


Document = dict[str, Any]

WITHOUT_RESOURCE = frozenset(
    {
        "codedeploy:BatchGetDeploymentTargets",
        "codedeploy:ContinueDeployment",
        "codedeploy:GetDeploymentTarget",
        "codedeploy:ListApplications",
        "codedeploy:ListDeploymentTargets",
        "codedeploy:ListOnPremisesInstances",
        "codedeploy:StopDeployment",
    }
)
"""Actions that IAM grants on `*` only."""

_ROLE = re.compile(r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>\d{12}):role/.+")


def permissions_policy(settings: Settings) -> Document:
    """Return the policy for a run with these inputs; `*` replaces an unknown region or account."""
    role = _ROLE.fullmatch(settings.role_to_assume[-1]) if settings.role_to_assume else None
    place = Place(
        partition=role["partition"] if role else partition(settings.region),
        region=settings.region or "*",
        account=role["account"] if role else "*",
    )
    stores = settings.packages or settings.promoted
    statements = [*_rehearsal(settings, place), *(_storage(settings, place) if stores else ())]
    conveniences = [*_conveniences(settings, place), *_fleet(settings, place), *_logs(settings, place)]
    return _document([*statements, *_deployment(settings, place), *conveniences])


def wildcards(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each part of the policy's ARNs that is `*` because it is not known."""
    if not settings.role_to_assume:
        yield "The account in the ARNs is *: replace it, or give --role-to-assume."
    if settings.stop_after is Stage.PLAN and not settings.bucket:
        yield "The bucket that may be read is *: replace it, or give --bucket."
    if not settings.region:
        yield "The region in the ARNs is *: replace it, or give --region."


@dataclass(frozen=True, slots=True)
class Place:
    """The region, partition and account of resources."""

    partition: str
    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of the region and account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


def _rehearsal(settings: Settings, place: Place) -> Iterator[Document]:
    """Yield the statements for the revision that is replaced in a rehearsal."""
    previous = settings.rehearse_previous
    if isinstance(previous, S3Revision):
        there = f"{previous.bucket}/{previous.key}"
    else:
        there = f"{settings.bucket or '*'}/*"
    if previous is Back.LAST_GOOD:
        looks = ["codedeploy:GetDeploymentGroup", "codedeploy:GetDeployment"]
        yield _allow("RehearseLastGood", looks, *_groups(settings, place))
    if previous:
        objects = f"arn:{place.partition}:s3:::{there}"
        yield _allow("RehearsePrevious", ["s3:GetObject", "s3:GetObjectVersion"], objects)


def _storage(settings: Settings, place: Place) -> Iterator[Document]:
    """Yield the statements for S3, and for KMS where S3 needs it; the source's key policy is not known."""
    if not settings.bucket or not settings.stop_after.reaches(Stage.UPLOAD):
        return
    objects = f"arn:{place.partition}:s3:::{settings.bucket}/{_key_pattern(settings)}"
    with_acl = ["s3:PutObjectAcl"] if settings.acl else []
    with_tags = ["s3:PutObjectTagging"] if settings.object_tags else []
    yield _allow("Upload", ["s3:PutObject", *with_acl, *with_tags], objects)
    if key := settings.kms_key_id:
        yield _allow("Encrypt", ["kms:GenerateDataKey", "kms:Decrypt"], _kms_key(key, place))
    if source := settings.promoted:
        read = "s3:GetObjectVersion" if source.version_id else "s3:GetObject"
        yield _allow("CopyFrom", [read], f"arn:{place.partition}:s3:::{source.bucket}/{source.key}")
    of_live = [] if settings.promoted else ["s3:GetObjectVersion"]
    yield _allow("OptionalSkipUpload", ["s3:GetObject", *of_live], objects)
    yield _allow("OptionalCleanUp", ["s3:AbortMultipartUpload"], objects)


def _kms_key(key: str, place: Place) -> str:
    return key if key.startswith("arn:") else place.arn("kms", key if "/" in key else f"key/{key}")


def _key_pattern(settings: Settings) -> str:
    """Return a pattern of the keys that the template can produce, with `*` for values known only in a run."""
    if settings.promoted:
        return settings.below(settings.promoted.key)
    known = {"application": settings.application, "group": settings.deployment_group}
    parts = Formatter().parse(settings.key)
    key = "".join(text + (known.get(name) or "*" if name else "") for text, name, _, _ in parts)
    return settings.below(key)


def _deployment(settings: Settings, place: Place) -> Iterator[Document]:
    """Yield the statements for CodeDeploy."""
    reaches, parameters = settings.stop_after.reaches, settings.parameters or {}
    creates = reaches(Stage.DEPLOY) and not settings.deployment_id
    if reaches(Stage.REGISTER) and not (settings.deployment_id or settings.restart):
        revision = ["codedeploy:RegisterApplicationRevision"]
        revision += ["codedeploy:GetApplicationRevision"] if creates else []
        yield _allow("Register", revision, place.arn("codedeploy", f"application:{settings.application}"))
    if creates:
        alarms = settings.alarms is not None or "overrideAlarmConfiguration" in parameters
        update = ["codedeploy:UpdateDeploymentGroup"] if alarms else []
        yield _allow("Deploy", ["codedeploy:CreateDeployment", *update], *_groups(settings, place))
        config = settings.deployment_config or parameters.get("deploymentConfigName") or "*"
        arn = place.arn("codedeploy", f"deploymentconfig:{config}")
        yield _allow("Configuration", ["codedeploy:GetDeploymentConfig"], arn)
    if settings.stop_after is Stage.PLAN:
        looks = ["codedeploy:GetDeploymentGroup", "codedeploy:GetDeployment"]
        yield _allow("Plan", looks, *_groups(settings, place))
    if isinstance(settings.revision, Back):
        looks = ["codedeploy:GetDeploymentGroup", "codedeploy:GetDeployment"]
        yield _allow("GoBack", looks, *_groups(settings, place))
        yield _allow("StopRunning", ["codedeploy:StopDeployment"], "*")
    if creates and settings.on_newer in {OnNewer.FAIL, OnNewer.SKIP}:
        looks = ["codedeploy:GetDeploymentGroup", "codedeploy:GetDeployment"]
        yield _allow("LookForNewer", looks, *_groups(settings, place))
    if reaches(Stage.READY):
        yield _allow("Watch", ["codedeploy:GetDeployment"], *_groups(settings, place))
    if settings.continue_:
        yield _allow("Continue", ["codedeploy:ContinueDeployment"], "*")


def _groups(settings: Settings, place: Place) -> list[str]:
    application = settings.application or "*"
    names = settings.deployment_groups or ("*",)
    return [place.arn("codedeploy", f"deploymentgroup:{application}/{name}") for name in names]


def _conveniences(settings: Settings, place: Place) -> Iterator[Document]:
    """Yield the statements for optional calls."""
    reaches = settings.stop_after.reaches
    yield from _reads_of_plan(settings, place)
    if isinstance(settings.revision, S3Revision | Back) and not settings.promoted:
        there = f"arn:{place.partition}:s3:::"
        if isinstance(settings.revision, S3Revision):
            there += f"{settings.revision.bucket}/{settings.revision.key}"
        else:
            there += f"{settings.bucket or '*'}/*"
        yield _allow("OptionalConfirm", ["s3:GetObject", "s3:GetObjectVersion"], there)
    if reaches(Stage.DEPLOY) and not settings.deployment_id:
        looks = ["codedeploy:ListDeployments", "codedeploy:GetDeployment"]
        yield _allow("OptionalConflicts", looks, *_groups(settings, place))
    if reaches(Stage.READY):
        details = ["codedeploy:ListDeploymentTargets", "codedeploy:BatchGetDeploymentTargets"]
        yield _allow("OptionalTargets", details, "*")
    if settings.deployment_id:
        config = place.arn("codedeploy", "deploymentconfig:*")
        yield _allow("OptionalZonalWaits", ["codedeploy:GetDeploymentConfig"], config)
    leaves = settings.on_timeout is settings.on_cancel is settings.on_first_failure is OnEnd.LEAVE
    if reaches(Stage.DEPLOY) and not (leaves and settings.on_conflict is not OnConflict.STOP):
        yield _allow("OptionalStop", ["codedeploy:StopDeployment"], "*")
    if settings.packages and not settings.bucket:
        yield _allow("OptionalVersion", ["lambda:GetAlias"], place.arn("lambda", "function:*"))
        yield _allow("OptionalTaskDefinition", ["ecs:DescribeTaskDefinition"], "*")
    if settings.application and reaches(Stage.PLAN) and not settings.deployment_id:
        application = place.arn("codedeploy", f"application:{settings.application}")
        groups = _groups(settings, place) if settings.deployment_groups else []
        yield _allow("OptionalPlatform", ["codedeploy:GetApplication"], application)
        if groups and settings.stop_after is not Stage.PLAN:
            looks = ["codedeploy:GetDeploymentGroup", "codedeploy:GetDeployment"]
            yield _allow("OptionalGroup", looks, *groups)
        yield _allow("OptionalNearestApplication", ["codedeploy:ListApplications"], "*")
        yield _allow("OptionalNearestGroup", ["codedeploy:ListDeploymentGroups"], application)


def _fleet(settings: Settings, place: Place) -> Iterator[Document]:
    """Yield the statements for looking at what the groups deploy to; what IAM grants on `*` only."""
    alone = settings.stop_after is Stage.PLAN
    deploys = (alone or settings.stop_after.reaches(Stage.DEPLOY)) and settings.deployment_groups
    goes_back = isinstance(settings.revision, Back)
    if not deploys or goes_back or settings.deployment_id or settings.pre_flight is PreFlight.OFF:
        return
    if settings.packages and not settings.bucket:
        yield _allow("OptionalService", ["ecs:DescribeServices"], place.arn("ecs", "service/*"))
        return
    instances = [
        "ec2:DescribeInstances",
        "autoscaling:DescribeAutoScalingGroups",
        "codedeploy:ListOnPremisesInstances",
        "ssm:DescribeInstanceInformation",
    ]
    yield _allow("OptionalFleet", instances, "*")


def _reads_of_plan(settings: Settings, place: Place) -> Iterator[Document]:
    """Yield the statements for comparing with what the groups run."""
    alone = settings.stop_after is Stage.PLAN
    if settings.deployment_id or settings.restart or not (alone or settings.stop_after.reaches(Stage.DEPLOY)):
        return
    if settings.bucket and settings.packages:
        objects = f"{settings.bucket}/{_key_pattern(settings)}"
    else:
        given = settings.revision.bucket if isinstance(settings.revision, S3Revision) else ""
        objects = f"{settings.bucket or given or '*'}/*"
    if alone or not objects.startswith("*"):
        reads = ["s3:GetObject", "s3:GetObjectVersion"]
        yield _allow("OptionalLiveBundle", reads, f"arn:{place.partition}:s3:::{objects}")
    if alone and settings.kms_key_id:
        yield _allow("OptionalDecrypt", ["kms:Decrypt"], _kms_key(settings.kms_key_id, place))
    if alone:
        application = place.arn("codedeploy", f"application:{settings.application or '*'}")
        yield _allow("OptionalLiveAppSpec", ["codedeploy:GetApplicationRevision"], application)


def _logs(settings: Settings, place: Place) -> Iterator[Document]:
    """Yield the statement for reading the log group that the inputs name."""
    if settings.log_group and settings.stop_after.reaches(Stage.READY):
        group = place.arn("logs", f"log-group:{settings.log_group}:*")
        yield _allow("OptionalLogs", ["logs:FilterLogEvents"], group)


def trust_policy(settings: Settings, claims: Claims) -> Document:
    """Return the last role's trust policy: for the role before it, or else for the CI's job by its token.

    `claims` are those of the job's token; ACCOUNT stands for an account that is not known.
    """
    *before, role = settings.role_to_assume or ("",)
    if before:
        return assume_trust(
            before[-1], external_id=settings.role_external_id, tagged=bool(settings.role_session_tags)
        )
    audience = claims.audience or settings.web_identity_audience
    return token_trust(role, issuer=claims.issuer, subject=claims.subject, audience=audience)


def token_trust(role: str, *, issuer: str, subject: str, audience: str) -> Document:
    """Return the trust policy for a CI's tokens with this audience and a subject like this one."""
    found = _ROLE.fullmatch(role)
    partition, account = (found["partition"], found["account"]) if found else ("aws", "ACCOUNT")
    host = issuer.removeprefix("https://")
    matches = "StringLike" if re.search(r"[*?]", subject) else "StringEquals"
    condition: dict[str, dict[str, str]] = {"StringEquals": {f"{host}:aud": audience}}
    condition.setdefault(matches, {})[f"{host}:sub"] = subject
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:{partition}:iam::{account}:oidc-provider/{host}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    return _document([statement])


def assume_trust(principal: str, *, external_id: str = "", tagged: bool = False) -> Document:
    """Return the trust policy for another identity, with the external ID that it must present."""
    statement: Document = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": ["sts:AssumeRole", "sts:TagSession"] if tagged else "sts:AssumeRole",
    }
    if external_id:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return _document([statement])


def _allow(sid: str, actions: Sequence[str], *resources: str) -> Document:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": actions[0] if len(actions) == 1 else list(actions),
        "Resource": resources[0] if len(resources) == 1 else list(resources),
    }


def _document(statements: Sequence[Mapping[str, Any]]) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}
