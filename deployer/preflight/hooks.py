"""The section `hooks` against the bundle: each script is there, and can be started."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from deployer.appspec.paths import WRITE_OUT, as_folder, in_bundle
from deployer.appspec.server import NEVER_RUN
from deployer.appspec.template import variable
from deployer.bundle.contents import EntryKind
from deployer.errors import Location
from deployer.preflight.files import check_parents
from deployer.preflight.shell import check_script
from deployer.rules import hooks as rules
from deployer.text import did_you_mean, first_few

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.appspec.model import AppSpec, Hook
    from deployer.bundle.contents import Entry
    from deployer.errors import Problem
    from deployer.preflight.names import Names
    from deployer.preflight.shell import Syntax


_SHELL_CHARACTERS = re.compile(r"[\s;&|<>()$`'\"\\]", re.ASCII)
_SHOWN = 3
_HEAD_BYTES = 1 << 16
_MOST_PARSED = 50
_ANYONE_EXECUTES = 0o111
_OTHERS_READ_AND_EXECUTE = 0o005
_OTHERS_ENTER = 0o001


class _Named(NamedTuple):
    """A script of an event, and where the AppSpec names it."""

    event: str
    hook: Hook
    place: Location
    windows: bool


def check_hooks(appspec: AppSpec, names: Names, syntax: Syntax | None = None) -> Iterator[Problem]:
    """Report scripts that are missing or would not start; each script's own text is looked at once.

    `syntax` parses scripts.
    """
    read: set[str] = set()
    idle: dict[str, Location] = {}
    for event, hooks in appspec.hooks.items():
        if event in NEVER_RUN:
            continue
        for hook in hooks:
            place = Location(appspec.path, hook.line, hook.column)
            named = _Named(event, hook, place, appspec.os == "windows")
            yield from _check(named, names, read, syntax)
            if appspec.os != "windows" and (script := _not_executable(hook, names)):
                idle.setdefault(script, names.place(script, None, place))
    if idle:
        yield _made_executable(idle)


def _not_executable(hook: Hook, names: Names) -> str:
    """Return the script of a hook that nobody may execute, empty if there is none."""
    name = in_bundle(hook.location)
    entry = names.resolve(name) if name else None
    is_script = entry is not None and entry.kind is EntryKind.FILE and not entry.mode & _ANYONE_EXECUTES
    return name or "" if is_script else ""


def _made_executable(idle: dict[str, Location]) -> Problem:
    """Return one notice for all scripts that the agent makes executable."""
    script, place = next(iter(idle.items()))
    shown = f"{script} is" if len(idle) == 1 else f"{len(idle)} scripts ({first_few(list(idle))}) are"
    return rules.NOT_EXECUTABLE.problem(place, scripts=shown, names=" ".join(list(idle)[:_SHOWN]))


def _check(named: _Named, names: Names, read: set[str], syntax: Syntax | None) -> Iterator[Problem]:
    facts = {"location": named.hook.location, "event": named.event}
    name = in_bundle(named.hook.location, windows=named.windows)
    if name is None:
        yield rules.OUTSIDE.problem(named.place, **facts)
        return
    yield from check_parents(named.hook.location, name, named.place, names, windows=named.windows)
    name = names.spelt(name) if named.windows else name
    entry = names.resolve(name)
    if entry is None and names.leaves(name):
        yield rules.LINK_OUTSIDE.problem(named.place, target=names.target(name), **facts)
    elif entry is None or (entry.kind is EntryKind.FILE and as_folder(named.hook.location)):
        yield _absent(named, name, names)
        return
    elif entry.kind is not EntryKind.FILE:
        yield rules.FOLDER.problem(named.place, advice=_only_script(name, names), **facts)
        return
    if not named.windows:
        if characters := _SHELL_CHARACTERS.search(named.hook.location):
            shown = {" ": "a blank", "\t": "a tab"}.get(characters[0], characters[0])
            yield rules.SHELL_CHARACTERS.problem(named.place, characters=shown, **facts)
        if entry:
            yield from _check_mode(named, name, entry, names)
            if name not in read:
                read.add(name)
                head = names.contents.read(name, _HEAD_BYTES)
                parsed = len(head) < _HEAD_BYTES and len(read) <= _MOST_PARSED
                yield from check_script(name, head, named.place, names, syntax if parsed else None)


def _absent(named: _Named, name: str, names: Names) -> Problem:
    facts = {"location": named.hook.location, "event": named.event}
    first = re.split(r"\s", named.hook.location)[0]
    script = in_bundle(first, windows=named.windows)
    if first != named.hook.location and script and names.resolve(script):
        return rules.ARGUMENTS.problem(named.place, script=script, **facts)
    excluded = names.exclusion(name)
    if excluded:
        where = excluded.location
        return rules.EXCLUDED_SCRIPT.problem(
            where,
            line=named.hook.line,
            advice=names.readmission(excluded, name),
            pattern=excluded.pattern,
            place=f" ({where.path}, line {where.line})",
            **facts,
        )
    if found := variable(named.hook.location):
        advice = f"{found} is not replaced. {WRITE_OUT}"
        return rules.MISSING_SCRIPT.problem(named.place, advice=advice, **facts)
    guess = names.nearest(name.replace("\\", "/"), folders=False)
    advice = names.contents.elsewhere(name) or did_you_mean(
        guess, "Add the script, or remove it from the AppSpec."
    )
    return rules.MISSING_SCRIPT.problem(named.place, advice=advice, **facts)


def _only_script(folder: str, names: Names) -> str:
    prefix = f"{folder}/" if folder else ""
    below = [entry for name, entry in names.entries.items() if name.startswith(prefix)]
    files = [entry.name for entry in below if entry.kind is not EntryKind.FOLDER]
    return f" There is {files[0]}." if len(files) == 1 else ""


def _check_mode(named: _Named, name: str, entry: Entry, names: Names) -> Iterator[Problem]:
    mode = entry.mode
    if not mode & _ANYONE_EXECUTES:
        mode |= _ANYONE_EXECUTES  # what the agent does about it
    if named.hook.runas in {None, "root"}:
        return
    *folders, _ = accumulate(entry.name.split("/"), "{}/{}".format)
    chain = [(name, mode, _OTHERS_READ_AND_EXECUTE)]
    chain += [(folder, names.entries[folder].mode, _OTHERS_ENTER) for folder in folders]
    chain.append((".", names.root.mode, _OTHERS_ENTER))
    for path, have, need in chain:
        if have & need != need:
            facts = {"script": name, "user": named.hook.runas, "path": path, "mode": have}
            yield rules.RUNAS_MODE.problem(names.place(path, None, named.place), **facts)
