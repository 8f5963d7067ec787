"""The section `permissions` against what the mappings install: only that is touched, and only once."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from deployer.appspec.paths import WRITE_OUT, on_instance
from deployer.appspec.template import variable
from deployer.errors import Location
from deployer.rules import permissions as rules
from deployer.text import and_more, legible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.appspec.model import AppSpec, Permission
    from deployer.errors import Problem
    from deployer.preflight.plan import Plan

_SHELL_CHARACTERS = re.compile(r"[\s;&|<>()`'\"\\]", re.ASCII)


def check_permissions(appspec: AppSpec, plan: Plan) -> Iterator[Problem]:
    """Report permissions that fail on what is deployed, or that are set on nothing."""
    touched: dict[str, int] = {}
    complete = len(plan.copies) == len(appspec.files)
    for permission in appspec.permissions:
        place = Location(appspec.path, permission.line, permission.column)
        path = on_instance(permission.object)
        on_file = _contains(plan.installed[0], path)
        apart = _is_apart(permission.object, plan)
        files, folders = ([], []) if apart else _matches(permission, path, plan, on_file=on_file)
        if on_file and files:
            yield from _check_file(permission, place)
        if files and permission.default_acl:
            yield rules.ACL_DEFAULT_ON_FILE.problem(place, object=permission.object, file=files[0])
        if folders and permission.mode and _locks_out(permission.mode):
            yield rules.FOLDER_MODE.problem(place, mode=permission.mode, folder=folders[0])
        if complete and permission.types and not files and not folders:
            yield _nothing(permission, path, plan, place)
        matched = [*files, *folders]
        if matched or not complete:
            yield from permission.faults
        if (permission.acls or permission.context) and (
            odd := next(filter(_SHELL_CHARACTERS.search, matched), None)
        ):
            yield rules.SHELL_CHARACTERS.problem(place, path=repr(odd))
        if permission.changes and (lost := next(filter(plan.leads_nowhere, files), None)):
            yield rules.LINK_TARGET.problem(place, path=legible(lost))
        twice = [found for found in matched if found in touched]
        if twice:
            yield rules.TWICE.problem(place, path=twice[0], more=and_more(twice), line=touched[twice[0]])
        touched |= dict.fromkeys(matched, permission.line)


def _is_apart(object_: str, plan: Plan) -> bool:
    """Tell whether an object begins with two slashes, as no destination does: Ruby keeps both."""
    twice = "//"
    return object_.startswith(twice) and not any(
        copy.mapping.destination.startswith(twice) for copy in plan.copies
    )


def _contains(paths: list[str], path: str) -> bool:
    index = bisect_left(paths, path)
    return index < len(paths) and paths[index] == path


def _below(paths: list[str], folder: str) -> list[str]:
    """Return the part of sorted paths that lies in a folder, at any depth."""
    start = folder.rstrip("/")
    return paths[bisect_left(paths, f"{start}/") : bisect_left(paths, f"{start}0")]  # 0 follows /


def _matches(permission: Permission, path: str, plan: Plan, *, on_file: bool) -> tuple[list[str], list[str]]:
    if on_file:
        return [path] if "file" in permission.types else [], []
    files, folders = (
        _below(paths, path) if kind in permission.types else []
        for kind, paths in zip(("file", "directory"), plan.installed, strict=True)
    )
    if permission.pattern == "**" and not permission.exceptions:
        return files, folders
    wanted = pattern_of((permission.pattern,)) if permission.pattern != "**" else None
    unwanted = pattern_of(permission.exceptions)
    cut = len(path.rstrip("/")) + 1

    def keeps(found: str) -> bool:
        name = found[cut:]
        return (wanted is None or bool(wanted.fullmatch(name))) and not unwanted.fullmatch(name)

    return list(filter(keeps, files)), list(filter(keeps, folders))


def pattern_of(globs: tuple[str, ...]) -> re.Pattern[str]:
    """Compile a pattern in which only `*` is special and never matches a slash."""
    return re.compile(
        "|".join(re.sub(r"(\\\*)+", "[^/]*", re.escape(glob)) for glob in globs) or r"(?!)", re.DOTALL
    )


def _check_file(permission: Permission, place: Location) -> Iterator[Problem]:
    if permission.pattern != "**":
        yield rules.PATTERN_ON_FILE.problem(place, object=permission.object, key="pattern")
    if permission.exceptions:
        yield rules.PATTERN_ON_FILE.problem(place, object=permission.object, key="except")


def _locks_out(mode: str) -> bool:
    """Tell whether someone may read a folder of that mode but not enter it."""
    return any(int(digit) & 5 == 4 for digit in mode[-3:])  # noqa: PLR2004 - read without execute


def _left_over(permission: Permission, path: str, plan: Plan) -> tuple[str, str]:
    """Return why nothing that is installed at or below an object is meant, and what to do."""
    files, folders = (bool(_below(paths, path)) for paths in plan.installed)
    if "file" not in permission.types and not folders:
        advice = (
            "Add file to `type`. To set the folder itself, which an item with it as `object` never does, "
            "name its parent as `object` and the folder as `pattern`."
        )
        return "there are only files, and `type` is [directory]", advice
    if "directory" not in permission.types and not files and folders:
        return "there are only folders, and `type` is [file]", "Add directory to `type`, or remove the item."
    return (
        "`type`, `pattern` and `except` leave nothing over",
        "Compare `pattern` and `except` with the names below the object: * does not match a slash.",
    )


def _nothing(permission: Permission, path: str, plan: Plan, place: Location) -> Problem:
    below = any(_below(paths, path) for paths in plan.installed)
    if _is_apart(permission.object, plan):
        why, advice = "it begins with two slashes, which the agent keeps", f"Write {path}."
    elif below or _contains(plan.installed[0], path):
        why, advice = _left_over(permission, path, plan)
    elif found := variable(permission.object):
        why, advice = f"{found} is not replaced", WRITE_OUT
    elif re.search(r"[*?\[]", permission.object):
        why, advice = "an object has no wildcards", "Name the folder as `object`, and the names in `pattern`."
    else:
        why = "this deployment creates nothing there"
        advice = "Name a file or folder that `files` installs; other paths are a script's work."
    return rules.NOTHING.problem(place, object=permission.object, why=why, advice=advice)
