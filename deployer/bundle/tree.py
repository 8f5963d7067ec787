"""A folder and its ignore rules → a `Tree`: everything that goes into the bundle, and what was left out.

Reads names and metadata only; the files' contents are read when they are packed. Nothing is written.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deployer.bundle import secrets
from deployer.bundle.contents import Entry, EntryKind, Exclusion, LeavesTree, resolve
from deployer.bundle.ignore import IGNORE_FILE, IgnoreRule, IgnoreRules, parse, parse_file
from deployer.bundle.times import TimeRange
from deployer.bundle.walk import LEAVE_OUT, RENAME, Walk, printable, quoted
from deployer.errors import InvalidBundle, InvalidInput, Location, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


EXCLUDE_INPUT: Final = "action input exclude"
APPSPEC: Final = "appspec.yml"
_MOST_PROBLEMS: Final = 20
_APPSPEC_LIKE: Final = re.compile(r"appspec\.(ya?ml|json)", re.IGNORECASE)
_CHECKOUT: Final = "The checkout step is missing: add `- uses: actions/checkout@v4` before this step."


@dataclass(frozen=True, slots=True)
class Tally:
    """What one pattern left out: files, and folders with all that is in them."""

    pattern: str
    location: Location
    files: int
    folders: int


@dataclass(frozen=True)
class Tree:
    """The contents of a bundle that is packed from a folder; a `model.Contents`.

    `source` and `repository` are absolute. `warnings` are problems that do not stop the run.
    """

    source: Path
    repository: Path
    entries: Mapping[str, Entry]
    exclusions: tuple[Exclusion, ...] = ()
    warnings: tuple[Problem, ...] = ()
    rules: tuple[IgnoreRule, ...] = field(default=(), repr=False)

    @cached_property
    def tallies(self) -> tuple[Tally, ...]:
        """How much each pattern left out, in the patterns' order; negated ones are not counted."""
        files, folders = Counter[Location](), Counter[Location]()
        for exclusion in self.exclusions:
            (folders if exclusion.name.endswith("/") else files)[exclusion.location] += 1
        return tuple(
            Tally(rule.text, rule.location, files[rule.location], folders[rule.location])
            for rule in self.rules
            if not rule.negated
        )

    def read(self, name: str, limit: int) -> bytes:
        """Return the first `limit` bytes of a file, links followed inside the bundle.

        Raises KeyError when no file of that name is in the bundle, OSError when it cannot be read.
        """
        resolved = resolve(self.entries, name)
        entry = self.entries[resolved] if resolved is not None else None
        if entry is None or entry.kind is not EntryKind.FILE:
            raise KeyError(name)
        with Path(entry.path).open("rb") as stream:
            return stream.read(limit)

    def locate(self, name: str) -> str | None:
        """Return the file of that name as a path from the repository's root, None when it is not in it."""
        resolved = resolve(self.entries, name)
        entry = self.entries.get(resolved) if resolved is not None else None
        if entry is None or not entry.path:
            return None
        return Path(entry.path).relative_to(self.repository).as_posix()


def scan(
    source: Path,
    *,
    repository: Path,
    appspec: str,
    exclude: Sequence[str],
    times: TimeRange = TimeRange(),  # noqa: B008 - frozen
) -> Tree:
    """Look through `source` and return what goes into the bundle, with its times moved into the range.

    `appspec` (from the source, else from the repository) is placed as `appspec.yml` at the root, whatever
    the patterns say. `.git` stays out at any depth; patterns of `.codedeployignore` in the source and then of
    `exclude` leave out more. Raises InvalidInput when the source cannot be used at all, InvalidBundle with
    everything that is wrong in it.
    """
    source, repository = _usable(source, repository)
    rules = IgnoreRules(_rules(source, repository, exclude))
    walk = Walk(source, repository, rules, times)
    walk.run()
    _place_appspec(walk, appspec)
    entries = {name: walk.entries[name] for name in sorted(walk.entries)}
    problems = [*walk.problems, *_bad_links(entries, walk)]
    if errors := [problem for problem in problems if problem.severity is Severity.ERROR]:
        raise InvalidBundle(*_shortened(errors))
    warnings = [
        *(problem for problem in problems if problem.severity is not Severity.ERROR),
        *(_idle(rule) for rule in rules.rules if rule not in rules.matched),
        *secrets.likely_secrets(entries, walk.wanted, walk.where),
    ]
    return Tree(source, repository, entries, tuple(walk.exclusions), tuple(_shortened(warnings)), rules.rules)


def _usable(source: Path, repository: Path) -> tuple[Path, Path]:
    """Both as real absolute paths; raises InvalidInput when the source is not a folder of the repository."""
    repository = Path(os.path.realpath(repository))
    given, source = source, Path(os.path.realpath(repository / source))
    if not source.is_relative_to(repository):
        message = f"source `{given}` is {source}, which is outside of the workspace {repository}"
        hint = "Build or copy what is deployed into the workspace, and give its path from there."
    elif not source.exists():
        message = f"source `{given}` does not exist in {repository}"
        hint = _CHECKOUT if not _holds_anything(repository) else _nearest_folder(given, repository)
    elif not source.is_dir():
        message = f"source `{given}` is neither a folder nor an archive"
        hint = "Give the folder to package, or a .zip, .tar, .tgz or .tar.gz that is deployed as it is."
    else:
        return source, repository
    raise InvalidInput(Problem(message, hint, "source-unusable"))


def _holds_anything(folder: Path) -> bool:
    return any(path.name != ".git" for path in folder.iterdir()) if folder.is_dir() else False


def _nearest_folder(given: Path, repository: Path) -> str:
    near = get_close_matches(given.name, [path.name for path in repository.iterdir()], n=1)
    return f"Did you mean `{near[0]}`?" if near else "Was it built or downloaded by an earlier step?"


def _rules(source: Path, repository: Path, exclude: Sequence[str]) -> Iterator[IgnoreRule]:
    path = source / IGNORE_FILE
    if path.is_file():
        yield from parse_file(path.read_bytes(), path.relative_to(repository).as_posix())
    for number, pattern in enumerate(exclude, start=1):
        rule = parse(os.fsencode(pattern), Location(EXCLUDE_INPUT, number))
        if rule is not None:
            yield rule


def _place_appspec(walk: Walk, appspec: str) -> None:
    """Put the AppSpec at the bundle's root, or say why there is none."""
    for folder in (walk.source, walk.repository):
        path = Path(os.path.realpath(folder / appspec))
        if path.is_file() and path.is_relative_to(walk.repository):
            break
    else:
        walk.problems.append(_no_appspec(walk, appspec))
        return
    present = walk.entries.get(APPSPEC)
    if present is not None and present.kind is EntryKind.FOLDER:
        walk.refuse(APPSPEC, "is a folder, but the AppSpec has to stand there", "appspec-folder", RENAME)
    elif present is None or (walk.source / APPSPEC).resolve() != path:
        walk.exclusions = [exclusion for exclusion in walk.exclusions if exclusion.name != APPSPEC]
        walk.file(APPSPEC, str(path), path.stat())


def _no_appspec(walk: Walk, appspec: str) -> Problem:
    """Explain a missing AppSpec by what is there instead."""
    where = walk.source.relative_to(walk.repository).as_posix()
    if not walk.entries:
        message = f"the source `{where}` is empty"
        hint = (
            _CHECKOUT if walk.source == walk.repository else "Was it built or downloaded by an earlier step?"
        )
        if walk.exclusions:
            message = f"the patterns leave nothing of the source `{where}`"
            hint = f"Look at `{walk.exclusions[0].pattern}` in {walk.exclusions[0].location.path}."
        return Problem(message, hint, "source-empty")
    message = (
        f"there is no `{appspec}` in the source `{where}`: CodeDeploy needs an AppSpec at the bundle's root"
    )
    candidates = [name for name in walk.entries if _APPSPEC_LIKE.fullmatch(name.rpartition("/")[2])]
    nearest = min(candidates, key=lambda name: (name.count("/"), name), default=None)
    if nearest is None:
        hint = "Add an appspec.yml, or name the one to use with the input `appspec`."
    elif nearest.endswith(f"/{APPSPEC}"):
        folder = walk.where(nearest.rpartition("/")[0]).path
        hint = (
            f"`{folder}` has one: write `source: {folder}`, or `appspec: {nearest}` to keep the whole tree."
        )
    else:
        hint = f"The agent does not read `{nearest}`: rename it, or write `appspec: {nearest}`."
    return Problem(message, hint, "appspec-missing")


def _bad_links(entries: Mapping[str, Entry], walk: Walk) -> Iterator[Problem]:
    """Judge the links once it is known what is in the bundle."""
    for name, entry in entries.items():
        if entry.kind is not EntryKind.LINK:
            continue
        shown = f"{quoted(name)} is a link to `{printable(entry.target)}`"
        try:
            if resolve(entries, name) is not None:
                continue
        except LeavesTree:
            yield Problem(
                f"{shown}, which leads out of the source",
                f"Copy what it points to into the source. {LEAVE_OUT}",
                "link-leaves-source",
                location=walk.where(name),
            )
            continue
        yield Problem(
            f"{shown}, which is not in the bundle",
            "It will dangle on the instances unless something there creates its target.",
            "link-dangling",
            Severity.WARNING,
            walk.where(name),
        )


def _idle(rule: IgnoreRule) -> Problem:
    return Problem(
        f"the pattern `{printable(rule.text)}` matched nothing",
        "Correct or remove it.",
        "pattern-unused",
        Severity.WARNING,
        rule.location,
    )


def _shortened(problems: Sequence[Problem]) -> Iterator[Problem]:
    """At most some problems of each code, and a count of the rest."""
    seen = Counter[str]()
    for problem in problems:
        seen[problem.code] += 1
        if seen[problem.code] <= _MOST_PROBLEMS:
            yield problem
    for code, count in seen.items():
        if count > _MOST_PROBLEMS:
            first = next(problem for problem in problems if problem.code == code)
            message = f"and {count - _MOST_PROBLEMS} more of this kind"
            yield Problem(message, first.hint, code, first.severity)
