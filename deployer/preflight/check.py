"""Failures on the instances, found before anything is sent: a bundle → its problems.

The rules are the agent's own; they see the final bundle (`Contents`), whether it is packed from a
folder or a ready-made archive. No AWS call, no write.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from deployer.appspec.document import LIMIT
from deployer.appspec.parse import parse
from deployer.bundle.contents import EntryKind
from deployer.choices import APPSPEC, ComputePlatform
from deployer.errors import InvalidBundle, Location, capped, in_line_order
from deployer.preflight.bundle import check_names, check_size, check_special, find_root
from deployer.preflight.files import check_files
from deployer.preflight.hooks import check_hooks
from deployer.preflight.names import Names
from deployer.preflight.permissions import check_permissions
from deployer.revision import BundleType
from deployer.rules import bundle as bundle_rules
from deployer.rules import document as rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.appspec.model import AppSpec
    from deployer.bundle.contents import Contents
    from deployer.errors import Problem
    from deployer.preflight.shell import Syntax


__all__ = ["check_bundle", "checked", "read"]


def check_bundle(
    contents: Contents, *, bundle_type: BundleType | None = None, syntax: Syntax | None = None
) -> list[Problem]:
    """Return every problem of a bundle for EC2 and on-premises instances, in the order of the AppSpec."""
    return checked(contents, bundle_type=bundle_type, syntax=syntax)[0]


def checked(
    contents: Contents,
    *,
    bundle_type: BundleType | None = None,
    file_exists_behavior: str | None = None,
    syntax: Syntax | None = None,
) -> tuple[list[Problem], AppSpec | None]:
    """Return the same problems, and the AppSpec if it can be understood.

    `file_exists_behavior` holds where the AppSpec gives none. `syntax` parses the hooks' scripts; without it
    they are only read.
    Findings in files that are not in the repository (members of a ready-made archive) name their line in the
    message and have no location.
    """
    root = find_root(contents)
    if isinstance(root, list):
        return root, None
    names = Names(root)
    problems: list[Problem] = []
    parsed = None
    try:
        parsed = _parse(names, problems)
        asked = parsed and replace(
            parsed, file_exists_behavior=parsed.file_exists_behavior or file_exists_behavior
        )
        for problem in _check(names, asked, bundle_type, syntax):
            problems.append(problem)  # noqa: PERF402 - what was found before a damaged member is kept
    except InvalidBundle as error:
        problems += error.problems
    if names.path is None:
        problems = [_unplaced(problem) for problem in problems]
    return capped(in_line_order(dict.fromkeys(problems))), parsed


def read(contents: Contents) -> AppSpec | None:
    """Return the AppSpec of a bundle that is not to be checked; None if it cannot be understood."""
    root = find_root(contents)
    if isinstance(root, list):
        return None
    with suppress(InvalidBundle):
        return _parse(Names(root), [])
    return None


def _parse(names: Names, problems: list[Problem]) -> AppSpec | None:
    """Parse the AppSpec; adds its problems to `problems`."""
    path = names.path or APPSPEC
    entry = names.resolve(APPSPEC)
    if entry is None or entry.kind is not EntryKind.FILE:
        what = "a folder" if entry else "a link to nothing in the bundle"
        problems.append(rules.NOT_A_FILE.problem(Location(path), what=what))
        return None
    parsed = parse(names.contents.read(APPSPEC, LIMIT + 1), path=path)
    problems.extend(parsed.problems)
    return parsed.appspec


def _check(
    names: Names, appspec: AppSpec | None, bundle_type: BundleType | None, syntax: Syntax | None
) -> Iterator[Problem]:
    path = names.path or APPSPEC
    plan = None
    if appspec is not None and appspec.compute_platform is not ComputePlatform.SERVER:
        yield rules.WRONG_PLATFORM.problem(Location(path, 1), platform=appspec.compute_platform.value)
    elif appspec is not None:
        if appspec.os == "windows" and bundle_type in {BundleType.TAR, BundleType.TGZ}:
            yield bundle_rules.WINDOWS_TYPE.problem(Location(path), type=bundle_type.value)
        plan = yield from check_files(appspec, names)
        yield from check_permissions(appspec, plan)
        yield from check_hooks(appspec, names, syntax)
        yield from check_special(names, plan)
    yield from names.second_files()
    yield from check_names(names, plan, zipped=bundle_type not in {BundleType.TAR, BundleType.TGZ})
    yield from check_size(names)


def _unplaced(problem: Problem) -> Problem:
    """Return a finding in a file outside the repository: its place moves into the message."""
    place = problem.location
    if place is None or place.path != APPSPEC:
        return problem
    line = f", line {place.line}" if place.line else ""
    return replace(problem, message=f"{problem.message} ({APPSPEC}{line})", location=None)
