"""Stage: Bundle → the bundle, deployed in a container; what it came to is reported like a deployment."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from deployer.appspec.inline import AppSpecFile
from deployer.choices import APPSPEC, FileExistsBehavior
from deployer.deployment.explain import explain
from deployer.deployment.model import Status
from deployer.deployment.places import Places
from deployer.deployment.wait import Ending
from deployer.errors import InvalidInput, Problem, RehearsalFailed, Severity
from deployer.follow.places import places_of
from deployer.follow.watch import narrator
from deployer.rehearse import stubs
from deployer.rehearse.container import Gone, Limits, Process, started
from deployer.rehearse.engine import Engine, Unreachable
from deployer.rehearse.life import GROUP_ID, Archive, Life, Terms, variables_of
from deployer.rehearse.previous import previous
from deployer.rehearse.scripts import TIME_UP, EventFailed
from deployer.store import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deployer.bundle.contents import Bundle
    from deployer.deployment.model import Explanation
    from deployer.rehearse.container import Container
    from deployer.rehearse.life import Installed
    from deployer.run import Run

_ID, _PREVIOUS_ID = "d-REHEARSAL", "d-PREVIOUS0"
_ETAG_DIGITS = 32
_SECRET: Final = re.compile(r"PASS(?:WORD|WD|PHRASE)|SECRET|TOKEN|CREDENTIAL|KEY(?:_|$)", re.IGNORECASE)
"""Names of variables whose values a hook may print, and nobody may read."""

_MOUNT: Final = "-v /var/run/docker.sock:/var/run/docker.sock"
_LINES: Final = {
    "github": (
        "On GitHub's Linux runners, an action finds the engine by itself. A runner of your own needs Docker; "
        f"a job with `container:` needs `options: {_MOUNT}` there."
    ),
    "gitlab": (
        "Add to the job: services: [docker:dind]; variables: {DOCKER_HOST: tcp://docker:2376, "
        'DOCKER_TLS_CERTDIR: /certs, DOCKER_CERT_PATH: /certs/client, DOCKER_TLS_VERIFY: "1"}. The runner '
        "has to be privileged and to share the volume /certs/client."
    ),
}
_RUN: Final = f"Start the image with: docker run {_MOUNT} …, or set DOCKER_HOST."
"""The lines that give a job its engine, by CI."""

_DENIED: Final = (
    "Run as root, or as a member of the group that owns the socket: docker run --group-add "
    "$(stat -c %g /var/run/docker.sock) …"
)


def rehearse(bundle: Bundle, run: Run) -> None:
    """Deploy the bundle in a container of `rehearse-image`.

    Raises RehearsalFailed if an event fails, other DeployErrors for what is wrong with the engine or the
    image. A bundle that no instance receives passes.
    """
    if why := _nothing_to_rehearse(bundle):
        run.ci.annotate(Problem(f"Nothing was rehearsed: {why}.", severity=Severity.NOTICE))
        return
    _mask_secrets(run)
    terms, archive = _terms(run), _archive(bundle, run)
    with (
        run.ci.section(f"Rehearse in {terms.image}"),
        _advised(run.ci.name),
        previous(run) as before,
        _container(terms, run) as container,
    ):
        installed = None
        if before:
            life, places = Life(container, terms, before, _PREVIOUS_ID), Places()
            installed = _play(life, places, run)
        if installed or not before:
            life, places = Life(container, terms, archive, _ID), places_of(bundle)
            _play(life, places, run, over=installed)
    _conclude(life, places, run)


def _nothing_to_rehearse(bundle: Bundle) -> str:
    """Return why the bundle has no hooks that a container could run, empty if it may have some."""
    if isinstance(bundle.contents, AppSpecFile):
        return "no scripts run in a deployment to Lambda or ECS"
    if bundle.appspec and bundle.appspec.os == "windows":
        return "the AppSpec is for Windows Server, and rehearsals run in Linux containers"
    return ""


def _mask_secrets(run: Run) -> None:
    """Hide what `rehearse-env` gives to the hooks under the name of a secret."""
    for name, value in (run.settings.rehearse_env or {}).items():
        if _SECRET.search(name):
            run.ci.mask(value)


def _archive(bundle: Bundle, run: Run) -> Archive:
    """Return the bundle as it would be stored; what S3 will call those bytes is not known yet.

    The eTag is a stand-in of the same form. There is no version, as in a bucket without versioning.
    """
    variables = variables_of(run.settings.bucket, key_of(bundle, run), etag=bundle.digest[:_ETAG_DIGITS])
    return Archive(bundle.type, bundle.chunks, variables, bundle.contents.locate(APPSPEC) or APPSPEC)


def _terms(run: Run) -> Terms:
    settings = run.settings
    return Terms(
        image=settings.rehearse_image,
        clock=run.clock,
        deadline=run.clock.monotonic() + settings.timeout.total_seconds(),
        variables={
            **(settings.rehearse_env or {}),
            "APPLICATION_NAME": settings.application or "rehearsal",
            "DEPLOYMENT_GROUP_NAME": settings.deployment_group or "rehearsal",
            "DEPLOYMENT_GROUP_ID": GROUP_ID,
        },
        behavior=settings.file_exists_behavior or FileExistsBehavior.DISALLOW,
        ignores_stop=bool(settings.ignore_application_stop_failures),
    )


@contextmanager
def _advised(ci: str) -> Iterator[None]:
    """Add to the error that there is no engine the line that gives a job of this CI one."""
    try:
        yield
    except Unreachable as error:
        advice = _DENIED if error.denied else _LINES.get(ci, _RUN)
        raise InvalidInput(replace(error.problems[0], hint=advice)) from error


@contextmanager
def _container(terms: Terms, run: Run) -> Iterator[Container]:
    """Yield a container of the image in which the stubs are."""
    names = run.settings.rehearse_stubs
    with started(
        Engine.of(run.environ),
        terms.image,
        variables=[f"{name}={value}" for name, value in (run.settings.rehearse_env or {}).items()],
        seconds=terms.deadline - run.clock.monotonic(),
        limits=Limits(),
        say=run.ci.say,
        clock=run.clock,
    ) as container:
        if names:
            _put_stubs(names, container, terms.image)
        yield container


def _put_stubs(names: Sequence[str], container: Container, image: str) -> None:
    try:
        code = container.execute(Process(stubs.install(names)), output=lambda _stream, _data: None)
    except Gone:
        code = None
    if code != 0:
        raise InvalidInput(
            Problem(
                f"Input rehearse-stubs: the commands cannot be replaced in a container of {image}.",
                "Use an image that has /bin/sh, rm and chmod, and can be written to.",
                code="rehearsal-image",
            )
        )


def _play(life: Life, places: Places, run: Run, *, over: Installed | None = None) -> Installed | None:
    """Deploy an archive over what was deployed before, telling what happens; None if it fails."""
    tell = narrator(run, places.timeouts, {"failed"})
    began = run.clock.monotonic()
    life.show = lambda snapshot: tell(snapshot, run.clock.monotonic() - began)
    with suppress(EventFailed):
        return life.run(over)
    return None


def _conclude(life: Life, places: Places, run: Run) -> None:
    """Report how the last deployment in the container went; raises RehearsalFailed if it failed."""
    for event, log in life.logs:
        if log.speaks:
            with run.ci.section(f"Output of {event}", folded=True):
                run.ci.block(log.whole)
    for note in life.notes:
        run.ci.annotate(Problem(note, severity=Severity.NOTICE))
    snapshot = life.snapshot()
    explanation = explain(snapshot, places)
    if snapshot.failed:
        explanation = _improved(explanation, life, run)
    for problem in () if snapshot.failed else explanation.problems:
        run.ci.annotate(problem)  # of a stop that was passed over
    status = Status.FAILED if snapshot.failed else Status.REHEARSED
    run.rehearsed(Ending(status, snapshot, life.seconds), explanation)
    if snapshot.failed:
        raise RehearsalFailed(*explanation.problems)


def _improved(explanation: Explanation, life: Life, run: Run) -> Explanation:
    """Return what explains a deployment on an instance, with what is true of a container only."""
    problems = life.problems or explanation.problems
    first, *others = problems
    failure = explanation.failures[0] if explanation.failures else None
    said = failure.diagnostics if failure else None
    advice = stubs.proposal(said.log_tail, run.settings.rehearse_stubs) if said else ""
    if said and TIME_UP in said.message:
        advice = "Raise the input timeout, or find what it waits for."
    hint = "\n".join(part for part in (first.hint, advice) if part)
    prefix = "The previous revision: " if life.identifier == _PREVIOUS_ID else ""
    first = replace(first, message=f"{prefix}{first.message}", hint=hint)
    return replace(explanation, problems=(first, *others))
