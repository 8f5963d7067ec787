"""The section `files` against the bundle: sources that are not there, destinations that collide."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from deployer.appspec.paths import in_bundle, on_instance
from deployer.bundle.contents import EntryKind
from deployer.errors import Location
from deployer.rules import files as rules
from deployer.text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from deployer.appspec.model import AppSpec, FileMapping
    from deployer.errors import Problem
    from deployer.preflight.names import Names


_FILE_LIKE = re.compile(
    r"\.(bash|cfg|cnf|conf|crt|css|csv|env|gz|html|ini|jar|js|json|key|lock|log|md|pem|php|properties|ps1|py|rb"
    r"|service|sh|socket|sql|tar|tgz|timer|toml|ts|txt|war|xml|ya?ml|zip)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Copy:
    """One mapping whose source is in the bundle: `name` there, and the folder `target` on the instance."""

    mapping: FileMapping
    name: str
    target: str
    folder: bool

    @property
    def top(self) -> str:
        """The highest path that the mapping itself creates."""
        return self.target if self.folder else posixpath.join(self.target, posixpath.basename(self.name))


@dataclass
class Plan:
    """The files that the agent would install, worked out when they are asked for."""

    names: Names
    copies: list[Copy] = field(default_factory=list)

    @cached_property
    def _sorted(self) -> list[str]:
        return list(self.names.entries)

    def paths(self, copy: Copy) -> tuple[dict[str, str], list[str]]:
        """The files of a mapping as path on the instance → name in the bundle, and its folders."""
        if not copy.folder:
            return {copy.top: copy.name}, []
        prefix = f"{copy.name}/" if copy.name else ""
        within = self._sorted
        if prefix:
            within = within[bisect_left(within, prefix) : bisect_left(within, f"{copy.name}0")]  # 0 follows /
        base, cut = copy.target.rstrip("/") + "/", len(prefix)
        entries, folder = self.names.entries, EntryKind.FOLDER
        files = {base + name[cut:]: name for name in within if entries[name].kind is not folder}
        folders = [base + name[cut:] for name in within if entries[name].kind is folder]
        return files, [copy.target, *folders]

    @cached_property
    def installed(self) -> tuple[list[str], list[str]]:
        """The paths of all files on the instance, and of the folders that are new on an empty one; sorted."""
        files: set[str] = set()
        folders: set[str] = set()
        for copy in self.copies:
            own_files, own_folders = self.paths(copy)
            files.update(own_files)
            folders.update(own_folders)
        return sorted(files), sorted(folders - {"/"})


def check_files(appspec: AppSpec, names: Names) -> Generator[Problem, None, Plan]:
    """Report what is wrong with the mappings; returns the plan of those that can be carried out."""
    plan = Plan(names)
    windows = appspec.os == "windows"
    for mapping in appspec.files:
        copy = yield from _check_source(appspec, mapping, names)
        if copy:
            plan.copies.append(copy)
            if not copy.folder and not windows:
                yield from _check_folder(appspec, copy)
    yield from _conflicts(appspec, plan)
    return plan


def _check_source(
    appspec: AppSpec, mapping: FileMapping, names: Names
) -> Generator[Problem, None, Copy | None]:
    place = Location(appspec.path, mapping.line, mapping.column)
    windows = appspec.os == "windows"
    name = in_bundle(mapping.source, windows=windows)
    if name is None:
        yield rules.OUTSIDE.problem(place, source=mapping.source)
        return None
    if not mapping.source:
        yield rules.EMPTY_SOURCE.problem(place)
    if ".." in mapping.source.replace("\\", "/").split("/"):
        yield rules.PARENT.problem(place, path=mapping.source, normal=name or "/")
    name = names.spelt(name) if windows else name
    entry = names.resolve(name)
    if entry is None and (link := names.target(name)):
        yield rules.LINK_OUTSIDE.problem(place, source=mapping.source, target=link)
    elif entry is None or (entry.kind is EntryKind.FILE and mapping.source.endswith("/")):
        yield _absent(mapping, name, place, names)
        return None
    target = on_instance(mapping.destination, windows=windows)
    if entry is not None and entry.kind is EntryKind.FOLDER:
        yield from _emptied(mapping, entry.name, place, names)
        return Copy(mapping, entry.name, target, folder=True)  # of a linked folder, the content is copied
    return Copy(mapping, name, target, folder=False)


def _emptied(mapping: FileMapping, folder: str, place: Location, names: Names) -> Iterator[Problem]:
    excluded = names.exclusion(folder)
    if excluded and not any(name.startswith(f"{folder}/") for name in names.entries):
        where = f" ({excluded.location.path}, line {excluded.location.line})"
        yield rules.EMPTIED.problem(place, source=mapping.source, pattern=excluded.pattern, place=where)


def _absent(mapping: FileMapping, name: str, place: Location, names: Names) -> Problem:
    excluded = names.exclusion(name)
    if excluded:
        where = excluded.location
        return rules.EXCLUDED_SOURCE.problem(
            where,
            source=mapping.source,
            line=mapping.line,
            advice=names.readmission(excluded, name),
            pattern=excluded.pattern,
            place=f" ({where.path}, line {where.line})",
        )
    if re.search(r"[*?\[{]", name):
        folder = re.split(r"/?[^/]*[*?\[{]", name)[0] or "/"
        return rules.GLOB.problem(place, source=mapping.source, folder=folder)
    guess = names.nearest(name)
    advice = did_you_mean(guess, "Is it built or downloaded before this step?")
    return rules.MISSING_SOURCE.problem(place, source=mapping.source, advice=advice)


def _check_folder(appspec: AppSpec, copy: Copy) -> Iterator[Problem]:
    """A destination that reads like the file's own new path."""
    last, name = posixpath.basename(copy.target), posixpath.basename(copy.name)
    suffix = posixpath.splitext(last)[1]
    alike = last == name or (suffix and suffix == posixpath.splitext(name)[1])
    if alike or _FILE_LIKE.search(last):
        yield rules.DESTINATION_IS_FILE.problem(
            Location(appspec.path, copy.mapping.destination_line),
            source=copy.mapping.source,
            result=copy.top,
            folder=posixpath.dirname(copy.target),
        )


def _conflicts(appspec: AppSpec, plan: Plan) -> Iterator[Problem]:
    """The first collision of each mapping with those before it."""
    crowded = [copy for copy in plan.copies if _overlaps(copy, plan.copies)]
    files: dict[str, str] = {}
    folders: set[str] = set()
    for copy in crowded:
        place = Location(appspec.path, copy.mapping.line, copy.mapping.column)
        own_files, own_folders = plan.paths(copy)
        own_folders = [*own_folders, *_ancestors(copy.top)]
        twice = [path for path in own_files if path in files]
        if twice:
            path, more = twice[0], f" (and {len(twice) - 1} more)" if len(twice) > 1 else ""
            yield rules.TWO_FILES.problem(
                place, destination=path, first=files[path], second=own_files[path], more=more
            )
        both = next((path for path in own_files if path in folders), None)
        over = both or next((path for path in own_folders if path in files), None)
        if over:
            file = own_files[over] if both else files[over]
            yield rules.FILE_OVER_FOLDER.problem(place, destination=over, file=file)
        files |= own_files
        folders.update(own_folders)


def _overlaps(copy: Copy, copies: list[Copy]) -> bool:
    top = copy.top
    return any(other is not copy and _related(top, other.top) for other in copies)


def _related(one: str, other: str) -> bool:
    return one == other or one.startswith(other.rstrip("/") + "/") or other.startswith(one.rstrip("/") + "/")


def _ancestors(path: str) -> list[str]:
    found = []
    while (path := posixpath.dirname(path)) != "/":
        found.append(path)
    return found
