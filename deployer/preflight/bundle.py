"""The bundle as a whole: where its root is, its names, its size."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deployer.appspec.paths import stripped_folder
from deployer.bundle.contents import Entry, EntryKind
from deployer.choices import APPSPEC, APPSPEC_NAMES
from deployer.errors import Location, Problem
from deployer.rules import archive as archive_rules
from deployer.rules import bundle as rules
from deployer.rules import document as document_rules
from deployer.text import legible, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deployer.bundle.contents import Contents, Exclusion
    from deployer.preflight.names import Names
    from deployer.preflight.plan import Plan

_ADVISED_BYTES = 1_000_000_000
_COPIES = 7  # archive and content of a revision, the installed files, and what is kept of older revisions
_LARGEST = 10
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_VERSIONED = re.compile(r";\d*$")


@dataclass(frozen=True, slots=True)
class _Nested:
    """The contents of the one folder at the top, which the agent strips."""

    contents: Contents
    prefix: str
    entries: Mapping[str, Entry]

    @property
    def exclusions(self) -> tuple[Exclusion, ...]:
        start = len(self.prefix)
        return tuple(
            replace(exclusion, name=exclusion.name[start:])
            for exclusion in self.contents.exclusions
            if exclusion.name.startswith(self.prefix)
        )

    @property
    def root_mode(self) -> int:
        return self.contents.entries[self.prefix[:-1]].mode

    def read(self, name: str, limit: int) -> bytes:
        return self.contents.read(self.prefix + name, limit)

    def locate(self, name: str) -> str | None:
        return self.contents.locate(self.prefix + name)

    def elsewhere(self, name: str) -> str:
        return self.contents.elsewhere(name)


def find_root(contents: Contents) -> Contents | list[Problem]:
    """Return the contents as the agent sees them after unpacking, or why it finds no AppSpec in them."""
    entries = contents.entries
    if APPSPEC in entries:
        return contents
    if not entries:
        return [
            rules.EMPTY.problem(None, why="the bundle is empty", advice="Correct the step that builds it.")
        ]
    if prefix := stripped_folder(entries):
        nested = {
            name.removeprefix(prefix): entry._replace(name=name.removeprefix(prefix))
            for name, entry in entries.items()
            if name.startswith(prefix)
        }
        return _Nested(contents, prefix, nested)
    return [_missing(contents)]


def _missing(contents: Contents) -> Problem:
    facts = {"name": APPSPEC, "whole": "bundle"}
    excluded = next((found for found in contents.exclusions if found.name == APPSPEC), None)
    if excluded:
        found = f": the pattern `{excluded.pattern}` leaves it out"
        return document_rules.MISSING.problem(
            excluded.location, found=found, advice="Change the pattern.", **facts
        )
    alike = [
        name
        for name, entry in contents.entries.items()
        if entry.kind is not EntryKind.FOLDER and name.rpartition("/")[2].lower() in APPSPEC_NAMES
    ]
    if not alike:
        return document_rules.MISSING.problem(None, found="", advice=document_rules.ADD_APPSPEC, **facts)
    name = min(alike, key=lambda name: (name.count("/"), not name.endswith(APPSPEC), name))
    folder, _, last = name.rpartition("/")
    advice = f"Rename {last} to {APPSPEC}." if last != APPSPEC else f"Package the folder {folder} itself."
    path = contents.locate(name)
    place = Location(path) if path is not None else None
    return document_rules.MISSING.problem(place, found=f"; there is {name}", advice=advice, **facts)


def check_names(names: Names, plan: Plan | None, *, zipped: bool) -> Iterator[Problem]:
    """Report names that unpack wrongly; one look at all of them together, as nearly always there are none.

    Without a plan of what is copied, all counts as copied.
    """
    joined = "".join(names.entries)
    if zipped and ";" in joined:
        for name in filter(_VERSIONED.search, names.entries):
            path = names.contents.locate(name)
            kept = _VERSIONED.sub("", name)
            if kept in names.entries:
                yield rules.VERSION_TWIN.problem(Location(path) if path else None, name=name, kept=kept)
                continue
            yield rules.VERSION.problem(Location(path) if path else None, name=name)
    if zipped and (controls := _CONTROL.search(joined)):
        name = next(name for name in names.entries if controls[0] in name)
        yield rules.CONTROL.problem(None, name=legible(name))
    try:
        joined.encode()
    except UnicodeEncodeError:
        for name in names.entries:
            shown = legible(name)
            if shown != name:
                copied = plan is None or name in plan.copied
                yield (rules.NAME if copied else rules.NAME_NOT_COPIED).problem(None, name=shown)


def check_special(names: Names, plan: Plan) -> Iterator[Problem]:
    """Report pipes and devices of a ready-made tar; reading a pipe that is copied never ends."""
    for name, entry in names.entries.items():
        if entry.kind is EntryKind.SPECIAL:
            hangs = entry.target.startswith("named pipe") and name in plan.copied
            rule = archive_rules.SPECIAL if hangs else archive_rules.SPECIAL_MEMBER
            yield rule.problem(None, name=legible(name), kind=entry.target)


def check_size(names: Names) -> Iterator[Problem]:
    """Yield advice on the instances' disks for a large bundle."""
    entries = names.entries.values()
    total = sum(entry.size for entry in entries)
    if total >= _ADVISED_BYTES:
        sized = (entry for entry in entries if entry.size)  # a folder has no size of its own
        largest = sorted(sized, key=lambda entry: (-entry.size, entry.name))[:_LARGEST]
        shown = ", ".join(f"{entry.name} ({size(entry.size)})" for entry in largest)
        yield rules.SIZE.problem(None, size=size(total), disk=size(_COPIES * total), largest=shown)
