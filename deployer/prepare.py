"""Stage: the inputs about the source → Bundle, checked as far as it can be without AWS."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deployer.appspec.inline import find
from deployer.bundle.times import SOURCE_DATE_EPOCH, allowed_times
from deployer.choices import APPSPEC, PreFlight, Stage
from deployer.ci.files import own_files
from deployer.errors import InvalidBundle, InvalidInput, Problem
from deployer.report import lines
from deployer.rules.files import DESTINATION_LITERAL

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from deployer.appspec.inline import AppSpecFile
    from deployer.appspec.model import AppSpec
    from deployer.bundle.contents import Bundle, Contents
    from deployer.bundle.tree import Tree
    from deployer.revision import BundleType
    from deployer.run import Run
    from deployer.settings.model import Settings


def unneeded(settings: Settings, *, repository: Path) -> Collection[str]:
    """Return the inputs that a run does not need because its AppSpec is the revision and is sent inline."""
    if settings.stop_after is Stage.UPLOAD or not settings.packages:
        return ()
    try:
        found = find(settings.source, settings.appspec, repository=repository)
    except InvalidBundle:  # that it cannot be read is reported when it is packaged
        return ("bucket",)
    return ("bucket",) if found and found.is_revision else ()


def bundle_of(run: Run) -> Bundle:
    """Return the bundle that the inputs describe; annotates problems that do not stop the run.

    Raises InvalidInput when the source cannot be used, InvalidBundle with all that is wrong with it.
    """
    settings, repository = run.settings, run.ci.job.workspace
    source = repository / settings.source
    try:
        appspec = None if source.is_file() else find(settings.source, settings.appspec, repository=repository)
    except InvalidBundle:
        _scan(run)  # tells whatever else cannot be read, too
        raise
    if appspec and appspec.is_revision:
        return _from_appspec(appspec, run)
    return _from_archive(source, run) if source.is_file() else _from_tree(appspec, run)


def _from_appspec(appspec: AppSpecFile, run: Run) -> Bundle:
    appspec, problems = appspec.filled(run.settings.appspec_variables or {})
    if run.settings.pre_flight is not PreFlight.OFF:
        problems += appspec.check()
    _judge(problems, run)
    return appspec.bundle()


def _from_archive(source: Path, run: Run) -> Bundle:
    from deployer.bundle.archive import open_archive
    from deployer.bundle.package import ready_made
    from deployer.bundle.secrets import secrets_in_archive

    if run.settings.appspec_variables:
        raise InvalidInput(
            Problem(
                f"Input appspec-variables: {run.settings.source} is an archive, which is deployed "
                f"unchanged, so the AppSpec in it cannot be filled in.",
                "Give the folder to package as source, or fill in the AppSpec before building the archive.",
            )
        )
    contents, bundle_type, problems = open_archive(source, repository=run.ci.job.workspace)
    found, appspec = _checked(contents, bundle_type, run)
    _judge([*problems, *found, *secrets_in_archive(contents)], run)
    bundle = ready_made(contents, contents.file, bundle_type)
    return replace(bundle, appspec=appspec, listing=contents.listing)


def _from_tree(appspec: AppSpecFile | None, run: Run) -> Bundle:
    from deployer.bundle.package import package

    settings, ci = run.settings, run.ci
    tree = _scan(run)
    for text in lines.left_out(tree.tallies):
        ci.say(text)
    if ci.debugging:
        for text in lines.listed(tree):
            ci.debug(text)
    tree, unfilled = _filled(tree, appspec, run)
    found, parsed = _checked(tree, settings.bundle_type, run)
    places = {problem.location for problem in unfilled}
    found = [each for each in found if each.code != DESTINATION_LITERAL.code or each.location not in places]
    _judge([*tree.warnings, *unfilled, *found], run)
    bundle = package(tree, bundle_type=settings.bundle_type, compression=settings.compression)
    return replace(bundle, appspec=parsed)


def _scan(run: Run) -> Tree:
    from deployer.bundle.tree import scan

    settings = run.settings
    return scan(
        settings.source,
        repository=run.ci.job.workspace,
        appspec=settings.appspec,
        exclude=settings.exclude,
        own=_own_files(run),
        times=allowed_times(run.environ.get(SOURCE_DATE_EPOCH, ""), now=run.clock.now()),
    )


def _filled(tree: Tree, appspec: AppSpecFile | None, run: Run) -> tuple[Tree, Sequence[Problem]]:
    """Return the tree with its AppSpec filled in where there are variables, and the problems of that."""
    variables = run.settings.appspec_variables
    if not variables or appspec is None:
        return tree, ()
    filled, problems = appspec.filled(variables)
    if run.settings.pre_flight is not PreFlight.OFF:
        problems += filled.leftovers()
    return tree.with_content(APPSPEC, filled.data, path=filled.path), problems


def _own_files(run: Run) -> frozenset[str]:
    """Return the paths of files that the run writes, and of the token it reads: different in each run."""
    settings = run.settings
    reports = (settings.outputs_file, settings.summary_file, settings.junit_file)
    return own_files(run.environ, *reports, settings.web_identity_token_file)


def _checked(
    contents: Contents, bundle_type: BundleType, run: Run
) -> tuple[Sequence[Problem], AppSpec | None]:
    """Return the findings of the pre-flight check, none if it is off, and the AppSpec."""
    from deployer.preflight.check import checked, read
    from deployer.shells import Shells

    if run.settings.pre_flight is PreFlight.OFF:
        return (), read(contents)
    return checked(
        contents,
        bundle_type=bundle_type,
        file_exists_behavior=run.settings.file_exists_behavior,
        syntax=Shells().fault,
    )


def _judge(problems: Sequence[Problem], run: Run) -> None:
    """Record what was found; raises InvalidBundle with all that cannot stay."""
    if errors := run.judged(problems):
        raise InvalidBundle(*errors)
