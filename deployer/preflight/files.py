"""The section `files` against the bundle: sources that are not there, destinations that collide."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from typing import TYPE_CHECKING

from deployer.appspec.nodes import BLANKS
from deployer.appspec.paths import STANDARD_FOLDERS, WRITE_OUT, as_folder, in_bundle, on_instance
from deployer.appspec.template import variable
from deployer.bundle.contents import EntryKind
from deployer.errors import Location
from deployer.preflight.plan import Copy, Plan, ancestors
from deployer.rules import files as rules
from deployer.text import and_more, did_you_mean, legible

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from deployer.appspec.model import AppSpec, FileMapping
    from deployer.errors import Problem
    from deployer.preflight.names import Names


_SHOWN_LINKS = 3
_LONGEST_WINDOWS_PATH = 259  # MAX_PATH is 260 with the zero at its end
_WINDOWS_ARCHIVE = f"C:/ProgramData/Amazon/CodeDeploy/{'0' * 36}/d-123456789/deployment-archive/"
"""The agent's folder for a bundle, as long as IDs of a deployment group and of a deployment make it."""

_FILE_LIKE = re.compile(
    r"\.(bash|cfg|cnf|conf|crt|css|csv|env|gz|html|ini|jar|js|json|key|lock|log|md|pem|php|properties|ps1|py|rb"
    r"|service|sh|socket|sql|tar|tgz|timer|toml|ts|txt|war|xml|ya?ml|zip)$",
    re.IGNORECASE,
)


def check_files(appspec: AppSpec, names: Names) -> Generator[Problem, None, Plan]:
    """Report what is wrong with the mappings; returns the plan of those that can be carried out."""
    plan = Plan(names)
    windows = appspec.os == "windows"
    for mapping in appspec.files:
        copy = yield from _check_source(appspec, mapping, names)
        if copy:
            plan.copies.append(copy)
            yield from _check_cycles(appspec, copy, plan)
            if not windows:
                yield from _check_system_folders(appspec, copy, plan)
            if not copy.folder and not windows:
                yield from _check_folder(appspec, copy)
    yield from _conflicts(appspec, plan)
    if not windows and appspec.file_exists_behavior not in {"OVERWRITE", "RETAIN"}:
        yield from _check_cleanup(appspec, plan)
    if not windows and appspec.file_exists_behavior == "OVERWRITE":
        yield from _check_overwritten_links(appspec, plan)
    if windows:
        yield from _check_lengths(appspec, names, plan)
    return plan


def _place(appspec: AppSpec, mapping: FileMapping) -> Location:
    return Location(appspec.path, mapping.line, mapping.column)


def _check_cycles(appspec: AppSpec, copy: Copy, plan: Plan) -> Iterator[Problem]:
    """Yield problems of links to folders that lead back to themselves."""
    cyclic, several = plan.cycles(copy.name) if copy.folder else ([], False)
    if cyclic:
        shown = ", ".join(legible(link) for link in cyclic[:_SHOWN_LINKS])
        rule = rules.LINK_CYCLES if several else rules.LINK_CYCLE
        yield rule.problem(_place(appspec, copy.mapping), links=shown, source=copy.mapping.source)


def _check_system_folders(appspec: AppSpec, copy: Copy, plan: Plan) -> Iterator[Problem]:
    """Yield a problem for each file in the place of a folder that every instance has."""
    files, _ = plan.paths(copy)
    if files.keys() & STANDARD_FOLDERS:
        files, _ = plan.certain(copy)
    for path in sorted(files.keys() & STANDARD_FOLDERS):
        yield rules.FILE_OVER_SYSTEM_FOLDER.problem(
            _place(appspec, copy.mapping), destination=path, file=legible(files[path])
        )


def _check_cleanup(appspec: AppSpec, plan: Plan) -> Iterator[Problem]:
    """Yield problems of installed paths that the next deployment's cleanup does not find."""
    for copy in plan.copies:
        files, _ = plan.paths(copy)
        lost = [path for path in files if path[-1] in BLANKS or "\n" in path]
        if lost:
            place = _place(appspec, copy.mapping)
            yield rules.NOT_CLEANED_UP.problem(place, path=repr(lost[0]), more=and_more(lost))


def _check_overwritten_links(appspec: AppSpec, plan: Plan) -> Iterator[Problem]:
    """Yield problems of links, which the agent creates without looking for what they should overwrite."""
    for copy in plan.copies:
        if links := list(plan.links(copy)):
            place = _place(appspec, copy.mapping)
            yield rules.OVERWRITTEN_LINK.problem(place, path=legible(links[0]), more=and_more(links))


def _check_lengths(appspec: AppSpec, names: Names, plan: Plan) -> Iterator[Problem]:
    """Yield problems of paths too long for Windows, where the bundle is unpacked and where it goes."""
    paths = [_WINDOWS_ARCHIVE + name for name in names.entries]
    yield from _too_long(paths, Location(appspec.path))
    for copy in plan.copies:
        yield from _too_long([path[1:] for path in plan.paths(copy)[0]], _place(appspec, copy.mapping))


def _too_long(paths: list[str], place: Location) -> Iterator[Problem]:
    found = [path for path in paths if len(path) > _LONGEST_WINDOWS_PATH]
    if found:
        longest = max(found, key=len)
        more = and_more(found)
        yield rules.WINDOWS_PATH.problem(place, path=legible(longest), more=more, length=len(longest))


def _check_source(
    appspec: AppSpec, mapping: FileMapping, names: Names
) -> Generator[Problem, None, Copy | None]:
    place = _place(appspec, mapping)
    windows = appspec.os == "windows"
    name = in_bundle(mapping.source, windows=windows)
    if name is None:
        yield rules.OUTSIDE.problem(place, source=mapping.source)
        return None
    if not mapping.source:
        yield rules.EMPTY_SOURCE.problem(place)
    yield from check_parents(mapping.source, name, place, names, windows=windows)
    name = names.spelt(name) if windows else name
    entry = names.resolve(name)
    to_nothing = as_folder(mapping.source) and not names.leaves(name)
    if entry is None and not to_nothing and (link := names.target(name)):
        yield rules.LINK_OUTSIDE.problem(place, source=mapping.source, target=link)
    elif entry is None or (entry.kind is EntryKind.FILE and as_folder(mapping.source)):
        yield _absent(mapping, name, place, names)
        return None
    target = on_instance(mapping.destination, windows=windows)
    if entry is not None and entry.kind is EntryKind.FOLDER:
        yield from _emptied(mapping, entry.name, place, names)
        return Copy(mapping, entry.name, target, folder=True)  # of a linked folder, the content is copied
    return Copy(mapping, name, target, folder=False)


def check_parents(path: str, name: str, place: Location, names: Names, *, windows: bool) -> Iterator[Problem]:
    """Yield a problem for a path of the AppSpec with `..` in it, which comes to `name`."""
    if ".." in path.replace("\\", "/").split("/"):
        gone = not windows and names.resolve(name) and not names.resolve(path.strip("/"))
        rule = rules.PARENT_MISSING if gone else rules.PARENT
        yield rule.problem(place, path=path, normal=name or "/")


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
    if found := variable(mapping.source):
        advice = f"{found} is not replaced. {WRITE_OUT}"
        return rules.MISSING_SOURCE.problem(place, source=mapping.source, advice=advice)
    if re.search(r"[*?\[{]", name):
        folder = re.split(r"/?[^/]*[*?\[{]", name)[0] or "/"
        return rules.GLOB.problem(place, source=mapping.source, folder=folder)
    guess = names.nearest(name)
    advice = names.contents.elsewhere(name) or did_you_mean(
        guess, "Is it built or downloaded before this step?"
    )
    return rules.MISSING_SOURCE.problem(place, source=mapping.source, advice=advice)


def _check_folder(appspec: AppSpec, copy: Copy) -> Iterator[Problem]:
    """Yield a problem for a destination that looks like the file's own new path."""
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
    """Yield the first collision of each mapping with those before it."""
    files: dict[str, str] = {}
    folders: set[str] = set()
    for copy in _crowded(plan.copies):
        place = _place(appspec, copy.mapping)
        own_files, own_folders = plan.certain(copy)
        own_folders = [*own_folders, *ancestors(copy.top)]
        twice = [path for path in own_files if path in files]
        if twice:
            path, more = twice[0], and_more(twice)
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


def _crowded(copies: list[Copy]) -> list[Copy]:
    """Return the mappings whose highest path equals, contains or is below that of another one."""
    tops = Counter(copy.top for copy in copies)
    above = {path: {*ancestors(path), "/"} - {path} for path in tops}
    others = set().union(*above.values())
    return [
        copy
        for copy in copies
        if tops[copy.top] > 1 or copy.top in others or not tops.keys().isdisjoint(above[copy.top])
    ]
