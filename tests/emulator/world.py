"""The account: applications, groups, configs, revisions and deployments."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any

from deployer.clock import Clock, SystemClock
from tests.emulator.catalogue import SCENARIOS
from tests.emulator.deployments import Deployment, same_revision
from tests.emulator.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
DAY = 86_400.0
YESTERDAY = "main https://github.com/acme/{0}/actions/runs/41 [acme/{0}@1a2b3c4d5e6f deploy.yml#41]"
"""The description of what was deployed before: as this product's run 41 would have written it."""

ROLLED_BACK = {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}
CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "CodeDeployDefault.OneAtATime": (
        "Server", {"minimumHealthyHosts": {"type": "MOST_CONCURRENCY", "value": 1}}
    ),
    "CodeDeployDefault.HalfAtATime": (
        "Server", {"minimumHealthyHosts": {"type": "FLEET_PERCENT", "value": 50}}
    ),
    "CodeDeployDefault.AllAtOnce": (
        "Server", {"minimumHealthyHosts": {"type": "HOST_COUNT", "value": 0}}
    ),
    "zone-by-zone": (
        "Server",
        {"minimumHealthyHosts": {"type": "FLEET_PERCENT", "value": 50},
         "zonalConfig": {"firstZoneMonitorDurationInSeconds": 600, "monitorDurationInSeconds": 120}},
    ),
    "CodeDeployDefault.LambdaAllAtOnce": ("Lambda", {"trafficRoutingConfig": {"type": "AllAtOnce"}}),
    "CodeDeployDefault.LambdaLinear10PercentEvery1Minute": (
        "Lambda",
        {"trafficRoutingConfig": {
            "type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 10, "linearInterval": 1}}},
    ),
    "CodeDeployDefault.ECSAllAtOnce": ("ECS", {"trafficRoutingConfig": {"type": "AllAtOnce"}}),
    "CodeDeployDefault.ECSLinear10PercentEvery1Minutes": (
        "ECS",
        {"trafficRoutingConfig": {
            "type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 10, "linearInterval": 1}}},
    ),
}  # fmt: skip
DEFAULT_CONFIG = {
    "Server": "CodeDeployDefault.OneAtATime",
    "Lambda": "CodeDeployDefault.LambdaLinear10PercentEvery1Minute",
    "ECS": "CodeDeployDefault.ECSLinear10PercentEvery1Minutes",
}


@dataclass(slots=True)
class Group:
    """A deployment group; `settings` are further members of its description."""

    name: str
    config: str
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Application:
    """An application, its groups by name, and its revisions with the time and description they came with."""

    name: str
    platform: str
    groups: dict[str, Group] = field(default_factory=dict)
    revisions: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class World:
    """All state; its owner keeps requests one at a time.

    The n-th deployment takes the n-th of `scenarios`, the last one for ever; `by_group` (`application/group`)
    goes before it. What was there before came to be at `since`, a day ago in seconds since the epoch.
    ListDeployments tells of a deployment `listing_delay` seconds after it was created. `premises` are the
    registered on-premises instances with their tags.
    """

    scenarios: Sequence[str]
    speed: float
    by_group: Mapping[str, str] = field(default_factory=dict)
    account: str = "123456789012"
    applications: dict[str, Application] = field(default_factory=dict)
    configs: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=lambda: dict(CONFIGS))
    deployments: dict[str, Deployment] = field(default_factory=dict)
    premises: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    listing_delay: float = 0.0
    asked: int = 0
    number: int = 0
    clock: Clock = field(default_factory=SystemClock)
    since: float = field(init=False)

    def __post_init__(self) -> None:
        self.since = round(self._now() - DAY, 3)

    def add_application(self, name: str, platform: str, groups: Sequence[str]) -> Application:
        """Add an application; each group has a deployment of yesterday behind it."""
        config = DEFAULT_CONFIG[platform]
        application = Application(name, platform, {group: Group(group, config) for group in groups})
        self.applications[name] = application
        for group in groups:
            revision = first_revision(name, platform)
            self._remember(application, revision)
            yesterday = Deployment(
                id=self._new_id(),
                application=name,
                group=group,
                platform=platform,
                config=config,
                revision=revision,
                timeline=SCENARIOS["success"].plan(platform),
                created=self.since,
                began=self.clock.monotonic() - DAY,
                speed=1.0,
                request={"description": YESTERDAY.format(name)},
            )
            self.deployments[yesterday.id] = yesterday
        return application

    def application(self, name: str) -> Application:
        """The application of that name."""
        if name not in self.applications:
            raise ServiceError("ApplicationDoesNotExistException", f"No application found for name: {name}")
        return self.applications[name]

    def group(self, application: str, name: str) -> Group:
        """The deployment group of that name."""
        found = self.application(application).groups.get(name)
        if found is None:
            raise ServiceError(
                "DeploymentGroupDoesNotExistException", f"No Deployment Group found for name: {name}"
            )
        return found

    def deployment_type(self, application: str, name: str) -> str:
        """IN_PLACE or BLUE_GREEN, by the group's style."""
        style = self.group(application, name).settings.get("deploymentStyle", {})
        return str(style.get("deploymentType", "IN_PLACE"))

    def config(self, name: str) -> tuple[str, dict[str, Any]]:
        """The compute platform and the further members of a deployment config."""
        if name not in self.configs:
            raise ServiceError(
                "DeploymentConfigDoesNotExistException", f"No Deployment Configuration found for name: {name}"
            )
        return self.configs[name]

    def deployment(self, deployment_id: str) -> Deployment:
        """The deployment of that id."""
        if deployment_id not in self.deployments:
            raise ServiceError(
                "DeploymentDoesNotExistException",
                f"The deployment {deployment_id} could not be found",
            )
        return self.deployments[deployment_id]

    def of_group(self, application: str, group: str) -> list[Deployment]:
        """All deployments of a group, the oldest first."""
        return [d for d in self.deployments.values() if (d.application, d.group) == (application, group)]

    def active(self, application: str, group: str, now: float) -> Deployment | None:
        """The deployment that holds the group."""
        return next((d for d in self.of_group(application, group) if d.active(now)), None)

    def live(self, application: str, group: str, now: float) -> dict[str, Any] | None:
        """The revision of the group's last successful deployment."""
        done = [d for d in self.of_group(application, group) if d.status(now) == "Succeeded"]
        return done[-1].revision if done else None

    def register(self, application: str, revision: dict[str, Any], description: str | None = None) -> None:
        """Remember a revision; the same one is remembered once."""
        self._remember(self.application(application), revision, description)

    def registered(self, application: str, revision: dict[str, Any]) -> dict[str, Any] | None:
        """What is remembered of a revision, None when it was never registered."""
        entries = self.application(application).revisions
        return next((entry for entry in entries if same_revision(entry["revision"], revision)), None)

    def found(self, application: str, revision: dict[str, Any]) -> dict[str, Any] | None:
        """What GetApplicationRevision finds: the very revision, else the last one registered for the object.

        Whether the service compares eTag and version is not documented, so nothing may rely on it.
        """
        if (entry := self.registered(application, revision)) or "s3Location" not in revision:
            return entry
        wanted = [revision["s3Location"][name] for name in ("bucket", "key")]
        entries = reversed(self.application(application).revisions)
        places = [(entry, entry["revision"].get("s3Location", {})) for entry in entries]
        return next((e for e, s3 in places if [s3.get("bucket"), s3.get("key")] == wanted), None)

    def begin(
        self,
        application: str,
        group: str,
        revision: dict[str, Any],
        *,
        scenario: str | None = None,
        request: Mapping[str, Any] | None = None,
        creator: str = "user",
        region: str = "eu-west-1",
        began: float | None = None,
    ) -> Deployment:
        """Start a deployment, with no rule asked; `began` is a moment on the monotonic clock."""
        found, target = self.application(application), self.group(application, group)
        asked = dict(request or {})
        name = scenario or self._next_scenario(f"{application}/{group}")
        now = self.clock.monotonic()
        began = now if began is None else began
        deployment = Deployment(
            id=self._new_id(),
            application=application,
            group=group,
            platform=found.platform,
            config=asked.pop("deploymentConfigName", target.config),
            revision=revision,
            timeline=SCENARIOS[name].plan(found.platform),
            created=round(self._now() - (now - began), 3),
            began=began,
            speed=self.speed,
            creator=creator,
            request=asked,
            previous=self.live(application, group, now),
            region=region,
            account=self.account,
        )
        if deployment.timeline.stop < inf:
            deployment.timeline = deployment.timeline.stopped(deployment.timeline.stop)
        if deployment.timeline.rollback:
            asked.setdefault("autoRollbackConfiguration", ROLLED_BACK)
        self.deployments[deployment.id] = deployment
        return deployment

    def settle(self) -> None:
        """Let happen what follows from the time: rollbacks and updates after deployments that have ended."""
        now = self.clock.monotonic()
        self._update(now)
        for deployment in list(self.deployments.values()):
            previous = deployment.previous
            group = self.applications[deployment.application].groups[deployment.group]
            configured = group.settings.get("autoRollbackConfiguration", {})
            if previous is None or deployment.status(now) not in {"Failed", "Stopped"}:
                continue
            if deployment.rolls_back(configured):
                rollback = self.begin(
                    deployment.application,
                    deployment.group,
                    previous,
                    scenario=deployment.timeline.rollback or "success",
                    creator="codeDeployRollback",
                    region=deployment.region,
                    began=deployment.moment(deployment.timeline.end),
                )
                rollback.rolled_back_id, deployment.rollback_id = deployment.id, rollback.id

    def _update(self, now: float) -> None:
        """Begin the deployments that update instances which were launched during a success."""
        for root in list(self.deployments.values()):
            if root.timeline.update and not root.update_id and root.status(now) == "Succeeded":
                update = self.begin(
                    root.application,
                    root.group,
                    root.revision,
                    scenario=root.timeline.update,
                    creator="CodeDeployAutoUpdate",
                    region=root.region,
                    began=root.moment(root.timeline.end),
                )
                root.update_id, update.root_id = update.id, root.id

    def _now(self) -> float:
        return round(self.clock.now().timestamp(), 3)

    def _next_scenario(self, group: str) -> str:
        if group in self.by_group:
            return self.by_group[group]
        self.asked += 1
        return self.scenarios[min(self.asked, len(self.scenarios)) - 1]

    def _new_id(self) -> str:
        self.number += 1
        scrambled = (self.number * 2_654_435_761_013) % len(ALPHABET) ** 9
        digits = []
        for _ in range(9):
            scrambled, digit = divmod(scrambled, len(ALPHABET))
            digits.append(ALPHABET[digit])
        return "d-" + "".join(digits)

    def _remember(
        self, application: Application, revision: dict[str, Any], description: str | None = None
    ) -> None:
        if not any(same_revision(entry["revision"], revision) for entry in application.revisions):
            application.revisions.append(
                {
                    "revision": revision,
                    "description": description,
                    "registered": self._now(),
                }
            )


def add_examples(world: World) -> None:
    """The applications that tests and the demo start with."""
    world.add_application("hello-web", "Server", ["production", "staging"])
    world.add_application("shop-lambda", "Lambda", ["production"])
    world.add_application("shop-ecs", "ECS", ["production"])


def first_revision(application: str, platform: str) -> dict[str, Any]:
    """What the groups of an application run at first; whether the object exists is up to the S3 server."""
    location = {"bucket": "releases", "key": f"{application}/yesterday.zip", "bundleType": "zip"}
    if platform != "Server":
        location |= {"key": f"{application}/yesterday.yaml", "bundleType": "YAML"}
    return {"revisionType": "S3", "s3Location": location}
