"""Rules across inputs: which a run cannot do without, and which contradict each other."""

from __future__ import annotations

from string import Formatter
from types import MappingProxyType
from typing import TYPE_CHECKING

from deployer.choices import Back, OnEnd, Stage
from deployer.errors import Problem, Severity
from deployer.regions import REGIONS
from deployer.revision import S3Revision
from deployer.settings.base import Finding, Section
from deployer.settings.deployment import is_known_configuration
from deployer.settings.foreign import plain_variable
from deployer.settings.model import inputs
from deployer.settings.storage import Encryption
from deployer.text import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from deployer.settings.model import Settings

MEMBERS: Mapping[str, str] = MappingProxyType(
    {
        "applicationName": "application",
        "deploymentGroupName": "deployment-group",
        "revision": "revision",
        "deploymentConfigName": "deployment-config",
        "description": "description",
        "fileExistsBehavior": "file-exists-behavior",
        "ignoreApplicationStopFailures": "ignore-application-stop-failures",
        "updateOutdatedInstancesOnly": "update-outdated-instances-only",
        "targetInstances": "target-instances",
        "autoRollbackConfiguration": "auto-rollback",
        "overrideAlarmConfiguration": "alarms",
        "deploymentMode": "restart",
    }
)
"""The parameters of CreateDeployment that have an input of their own."""

_ONLY_AS_INPUT = {"applicationName", "deploymentGroupName", "revision"}


_NOTHING_GIVEN = Problem(
    "No inputs are set.",
    "To deploy, set application, deployment-group and bucket: under `with:`, as variables such as "
    "INPUT_APPLICATION, or as flags such as --application. `deployer --help` lists all inputs.",
)


def missing(
    settings: Settings,
    given: Collection[str],
    *,
    unneeded: Collection[str],
    environ: Mapping[str, str],
    misnamed: bool = False,
) -> Iterator[Finding]:
    """Yield a problem for each input that the run needs and that is not `given`.

    `unneeded` names inputs that this run can do without at every stage. Where nothing was given at all, one
    problem says how to begin; none does where all names were unknown (`misnamed`), each a problem of its own.
    """
    lacking = {
        name: stage
        for name, stage in _needed(settings).items()
        if settings.stop_after.reaches(stage) and name not in given and name not in unneeded
    }
    chosen = any(settings.origin(name).startswith(("input ", "flag ")) for name in given)
    if lacking and not chosen and not any(plain_variable(name, environ) for name in lacking):
        if not misnamed:
            yield Finding(next(iter(lacking)), _NOTHING_GIVEN)
        return
    for name, stage in lacking.items():
        yield Finding(name, Problem(f"Input {name} is missing.", _ways_to_give(name, stage, environ)))


def _ways_to_give(name: str, stage: Stage, environ: Mapping[str, str]) -> str:
    """Return how to give a missing input; a variable without its prefix is probably meant for it."""
    variable = f"INPUT_{name.upper().replace('-', '_')}"
    if plain := plain_variable(name, environ):
        return (
            f"It is required to {stage}. The variable {plain} is set, but is not an input: name it "
            f"{variable}, or write `{name}` under `with:`."
        )
    return (
        f"It is required to {stage}. Set it as `{name}` under `with:`, as the variable {variable}, or as the "
        f"flag --{name}."
    )


def _needed(settings: Settings) -> dict[str, Stage]:
    """Return the required inputs, each with the first stage that needs it."""
    if settings.deployment_id:
        return {}
    if settings.stop_after is Stage.PLAN:
        return dict.fromkeys(("application", "deployment-group"), Stage.PLAN)
    needed = {name: each.needed_from for name, each in inputs().items() if each.needed_from}
    if settings.revision or settings.restart:
        del needed["bucket"]
        return needed
    for _, placeholder, _, _ in Formatter().parse(settings.key):
        name = {"application": "application", "group": "deployment-group"}.get(placeholder or "")
        if name:
            needed[name] = Stage.UPLOAD
    return needed


def contradictions(settings: Settings, given: Collection[str]) -> Iterator[Finding]:
    """Yield a problem for each input that could not take effect, or not as named, beside another."""
    if not settings.restart:
        given = {*given} - {"restart"}
    yield from _settled(settings, given)
    elsewhere = settings.revision and not isinstance(settings.revision, S3Revision | Back)
    if elsewhere and settings.expected_bucket_owner:
        yield _clash("expected-bucket-owner", "revision", "this revision is not in a bucket")
    if settings.expected_source_bucket_owner and not settings.promoted:
        yield _clash("expected-source-bucket-owner", "revision", "nothing is copied from another bucket")
    if settings.promoted and "key" in given:
        yield _clash("key", "revision", "the copy of an object keeps its key, below the folders in bucket")
    if settings.continue_ and settings.stop_after is not Stage.WAIT:
        yield _clash("continue", "stop-after", "a run that continues a deployment follows it to its end")
    if settings.kms_key_id and settings.sse is Encryption.AES256:
        yield _clash("kms-key-id", "sse", "S3 encrypts with a KMS key only if sse is aws:kms or aws:kms:dsse")
    placeholders = [name for _, name, _, _ in Formatter().parse(settings.key)]
    if "group" in placeholders and len(settings.deployment_groups) > 1:
        yield _clash(
            "key", "deployment-group", "several groups share one revision, so key cannot contain a group"
        )
    yield from _set_twice(settings.parameters or {}, given)
    yield from _rehearsal(settings, given)


def _rehearsal(settings: Settings, given: Collection[str]) -> Iterator[Finding]:
    """Yield a problem for each input of a rehearsal that takes no effect, or that it cannot do without."""
    if not settings.packages:
        return
    image = "rehearse-image" in given
    dependent = [name for name in ("rehearse-stubs", "rehearse-env", "rehearse-previous") if name in given]
    wanted = dependent[:1] or (["stop-after: rehearse"] if settings.stop_after is Stage.REHEARSE else [])
    if wanted and not image:
        hint = "Name an image of the system that the instances run, such as rehearse-image: amazonlinux:2023."
        yield Finding("rehearse-image", Problem(f"Input rehearse-image is missing, for {wanted[0]}.", hint))
    if image and settings.stop_after is Stage.PACKAGE:
        yield _clash("stop-after", "rehearse-image", "a rehearsal comes after that stage")
    if settings.rehearse_previous is Back.LAST_GOOD:
        for name in ("application", "deployment-group"):
            if name not in given:
                hint = f"Set {name}, or name the revision: rehearse-previous: s3://bucket/key."
                problem = Problem(f"Input {name} is missing, for rehearse-previous: last-good.", hint)
                yield Finding(name, problem)


def _settled(settings: Settings, given: Collection[str]) -> Iterator[Finding]:
    """Yield a problem for each input that comes too late, since another one decides what to deploy."""
    if settings.deployment_id:
        yield from _unnamed(settings, given)
        yield from _excluded("deployment-id", {Section.BUNDLE, Section.REHEARSAL, Section.DEPLOYMENT}, given)
        yield from _starts_late("deployment-id", settings, given, Stage.READY)
    elif settings.restart:
        yield from _unlike_a_restart(settings, given)
    elif settings.revision:
        from_bucket = Stage.UPLOAD if settings.promoted else Stage.REGISTER
        yield from _excluded("revision", {Section.BUNDLE, Section.REHEARSAL}, given)
        if isinstance(settings.revision, Back):
            yield from _starts_late("revision", settings, given, Stage.DEPLOY)
        elif settings.stop_after is not Stage.PLAN:
            yield from _starts_late("revision", settings, given, from_bucket, besides=Stage.PLAN)


def _set_twice(parameters: Mapping[str, object], given: Collection[str]) -> Iterator[Finding]:
    """Yield a problem for each of `parameters` that an input of its own has to set, or sets too."""
    for member, value in parameters.items():
        name = MEMBERS.get(member)
        if member == "deploymentMode" and value == "RESTART":
            message = "Input parameters: deploymentMode RESTART has an input of its own."
            yield Finding("parameters", Problem(message, "Use restart: true, which packages nothing."))
        elif member in _ONLY_AS_INPUT:
            message = f"Input parameters: {member} has an input of its own."
            yield Finding("parameters", Problem(message, f"Use the input {name}."))
        elif name and name in given:
            yield _clash("parameters", name, f"both set {member}")


def has_own_endpoints(environ: Mapping[str, str]) -> bool:
    """Return whether AWS is called at addresses of the user's own, where a region may have any name."""
    return any(name.startswith("AWS_ENDPOINT_URL") and text.strip() for name, text in environ.items())


def doubts(settings: Settings, environ: Mapping[str, str]) -> Iterator[Problem]:
    """Yield a warning for each valid value that is probably not meant: an unknown name of AWS, or a list."""
    region, configuration = settings.region, settings.deployment_config
    if region and region not in REGIONS and not has_own_endpoints(environ):
        near = did_you_mean(nearest(region, sorted(REGIONS)))
        yield Problem(
            f"Region {region} is not one that this version knows.",
            f"{near} Ignore this if AWS has added the region since.".lstrip(),
            severity=Severity.WARNING,
        )
    if not is_known_configuration(configuration):
        yield Problem(
            f"{configuration} is not one of the predefined configurations that this version knows.",
            "Ignore this if CodeDeploy has added it since.",
            severity=Severity.WARNING,
        )
    for name, values in (("deployment-group", settings.deployment_groups), ("alarms", settings.alarms or ())):
        for value in values:
            if "," in value:
                yield Problem(
                    f"Input {name}: {value!r} is taken for one name with a comma in it.",
                    "If these are several names, write one per line, without commas.",
                    severity=Severity.WARNING,
                )


def _unlike_a_restart(settings: Settings, given: Collection[str]) -> Iterator[Finding]:
    """Yield a problem for each input that CodeDeploy does not take for a restart."""
    yield from _excluded("restart", {Section.BUNDLE, Section.REHEARSAL}, given)
    yield from _starts_late("restart", settings, given, Stage.DEPLOY)
    if settings.update_outdated_instances_only:
        yield _clash("update-outdated-instances-only", "restart", "all instances of the group are restarted")
    if settings.target_instances is not None:
        yield _clash("target-instances", "restart", "a restart is in place, on the instances of the group")
    if settings.continue_:
        yield _clash("continue", "restart", "a restart is in place and never waits to be continued")


def _unnamed(settings: Settings, given: Collection[str]) -> Iterator[Finding]:
    """Yield a problem for each missing input that would let the run change anyone's deployment.

    IAM cannot limit ContinueDeployment and StopDeployment to an application.
    """
    changes = {
        "continue": bool(settings.continue_),
        "on-timeout": settings.on_timeout is not OnEnd.LEAVE,
        "on-cancel": settings.on_cancel is not OnEnd.LEAVE,
        "on-first-failure": settings.on_first_failure is not OnEnd.LEAVE,
    }
    changing = next((name for name, changed in changes.items() if changed), None)
    for name in ("application", "deployment-group") if changing else ():
        if name not in given:
            problem = Problem(
                f"Input {name} is missing: {changing} changes the deployment that deployment-id names.",
                f"Set {name}, so that a wrong ID cannot change another application's deployment.",
            )
            yield Finding(name, problem)


def _excluded(by: str, sections: Collection[Section], given: Collection[str]) -> Iterator[Finding]:
    for name, each in inputs().items():
        if each.section in sections and name in given and name != by:
            yield _clash(name, by, "what to deploy is already decided")


def _starts_late(
    by: str, settings: Settings, given: Collection[str], first: Stage, *, besides: Stage | None = None
) -> Iterator[Finding]:
    """Yield a problem if the run would end before its `first` stage; it may end after one `besides`."""
    if "stop-after" in given and not settings.stop_after.reaches(first):
        also = f"{besides}, or {first}" if besides else str(first)
        yield _clash(
            "stop-after",
            by,
            f"a run with it starts after that stage; the first stage it can stop after is {also}",
        )


def _clash(name: str, other: str, why: str) -> Finding:
    problem = Problem(f"Inputs {name} and {other} contradict each other: {why}.", "Remove one of them.")
    return Finding(name, problem)
