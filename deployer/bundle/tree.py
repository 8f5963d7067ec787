"""A folder and its ignore rules → a `Tree`: everything that goes into the bundle, and what was left out.

Reads names and metadata only; the files' contents are read when they are packed. Nothing is written.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deployer.bundle import secrets
from deployer.bundle.checkout import empty_submodules, lfs_pointers
from deployer.bundle.contents import Entry, EntryKind, Exclusion
from deployer.bundle.ignore import IGNORE_FILE, IgnoreRule, IgnoreRules, parse, parse_file, split_list
from deployer.bundle.links import LeavesTree, check_links, resolve
from deployer.bundle.reading import LONGEST_TEXT, find_appspec, not_read, read_start
from deployer.bundle.source import beside_appspec, no_appspec, reject_home, usable_source
from deployer.bundle.times import TimeRange
from deployer.bundle.walk import Walk
from deployer.choices import APPSPEC
from deployer.errors import InvalidBundle, InvalidInput, Location, Severity, capped
from deployer.rules import document as document_rules
from deployer.rules import tree as rules
from deployer.text import and_more, legible

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from deployer.errors import Problem


_MOST_PATTERNS: Final = 10_000  # what compiles in half a second
_SPECIAL: Final = "the set-user-ID, set-group-ID or sticky bit"
_GROUP_WRITE: Final = "write permission for its group or for others"
_MOST_WRITABLE: Final = 0.1  # of all files; a GitLab runner's checkout is writable for everybody
_PLAIN_MODE: Final = 0o644
_LONGEST_PATTERN: Final = 4096  # bytes; no path of Linux is longer
EXCLUDE_INPUT: Final = "action input exclude"
_FOLDER_OR_ARCHIVE: Final = (
    "Give the folder to package, or a .zip, .tar, .tgz or .tar.gz that is deployed unchanged."
)


@dataclass(frozen=True, slots=True)
class Tally:
    """The number of files that a pattern left out, and of folders with all that is in them."""

    pattern: str
    location: Location
    files: int
    folders: int


@dataclass(frozen=True)
class Tree:
    """The contents of a bundle that is packed from a folder; `Contents`.

    `source` and `repository` are absolute. `warnings` are problems that do not stop the run.
    """

    source: Path
    repository: Path
    entries: Mapping[str, Entry]
    exclusions: tuple[Exclusion, ...] = ()
    warnings: tuple[Problem, ...] = ()
    rules: tuple[IgnoreRule, ...] = field(default=(), repr=False)
    root_mode: int = 0o755

    @cached_property
    def tallies(self) -> tuple[Tally, ...]:
        """The number of paths that each pattern left out, in the patterns' order; without negated ones."""
        files, folders = Counter[Location](), Counter[Location]()
        for exclusion in self.exclusions:
            (folders if exclusion.name.endswith("/") else files)[exclusion.location] += 1
        return tuple(
            Tally(rule.text, rule.location, files[rule.location], folders[rule.location])
            for rule in self.rules
            if not rule.negated
        )

    def _resolved(self, name: str) -> Entry | None:
        try:
            resolved = resolve(self.entries, name)
        except LeavesTree:
            return None
        return self.entries.get(resolved) if resolved is not None else None

    def read(self, name: str, limit: int) -> bytes:
        """Return the first `limit` bytes of a file, links followed inside the bundle.

        Raises KeyError when no file of that name is in the bundle, InvalidBundle when it cannot be read.
        """
        entry = self._resolved(name)
        if entry is None or entry.kind is not EntryKind.FILE:
            raise KeyError(name)
        if entry.content is not None:
            return entry.content[:limit]
        try:
            return read_start(entry.path, limit)
        except OSError as error:
            raise not_read(name, error) from error

    def locate(self, name: str) -> str | None:
        """Return the file of that name as a path from the repository's root, None when it is not in it."""
        entry = self._resolved(name)
        if entry is None or not entry.path:
            return None
        return Path(entry.path).relative_to(self.repository).as_posix()

    def elsewhere(self, name: str) -> str:
        """Return where a file that is not in the bundle is, and how to get it there; empty if unknown."""
        appspec = self.locate(APPSPEC)
        return beside_appspec(name, appspec, self.source, self.repository) if appspec else ""

    def with_content(self, name: str, content: bytes, *, path: str) -> Tree:
        """Return the same with other bytes in the file (or instead of the link) of that name.

        `path`, from the repository's root, is where they come from, and where problems are reported.
        """
        entry = self.entries[name]
        mode = entry.mode if entry.kind is EntryKind.FILE else _PLAIN_MODE
        given = entry._replace(
            kind=EntryKind.FILE,
            mode=mode,
            size=len(content),
            target="",
            path=str(self.repository / path),
            content=content,
        )
        return replace(self, entries={**self.entries, name: given})


def scan(  # noqa: PLR0913 - its knobs are keyword-only
    source: Path,
    *,
    repository: Path,
    appspec: str,
    exclude: Sequence[str],
    own: Collection[str] = (),
    times: TimeRange = TimeRange(),  # noqa: B008 - frozen
) -> Tree:
    """Look through `source` and return what goes into the bundle, with its times moved into the range.

    `appspec` (from the source, else from the repository) is placed as `appspec.yml` at the root, whatever
    the patterns say. `.git` stays out at any depth, and so do the files at the absolute paths `own`, which
    belong to the run itself; patterns of `.codedeployignore` in the source and then of `exclude` leave out
    more. Raises InvalidInput when the source cannot be used at all, InvalidBundle with
    everything that is wrong in it.
    """
    given, (source, repository) = source, usable_source(source, repository)
    if not source.is_dir():
        facts = {"given": given, "why": "is neither a folder nor an archive", "advice": _FOLDER_OR_ARCHIVE}
        raise InvalidInput(rules.SOURCE.problem(None, **facts))
    reject_home(source, given=given, appspec=find_appspec(appspec, source=source, repository=repository))
    patterns = IgnoreRules(_patterns(source, repository, exclude))
    walk = Walk(source, repository, patterns, times, own=_below(source, own))
    walk.run()
    _place_appspec(walk, appspec)
    entries = {name: walk.entries[name] for name in sorted(walk.entries)}
    walked = sorted(walk.problems, key=lambda problem: problem.location.path if problem.location else "")
    links = check_links(entries, where=walk.where, whole="source", root=str(source))
    idle = [_idle(rule, entries) for rule in patterns.rules if rule not in patterns.matched]
    problems = [*walked, *links, *idle]
    if errors := [problem for problem in problems if problem.severity is Severity.ERROR]:
        raise InvalidBundle(*capped(errors))
    warnings = [
        *(problem for problem in problems if problem.severity is not Severity.ERROR),
        *secrets.likely_secrets(entries, walk.wanted, walk.where),
        *empty_submodules(walk.submodules, entries, walk.exclusions, walk.where),
        *lfs_pointers(entries, walk.where),
        *_dropped_bits(walk),
    ]
    return Tree(source, repository, entries, tuple(walk.exclusions), tuple(capped(warnings)), patterns.rules)


def _dropped_bits(walk: Walk) -> Iterator[Problem]:
    """Say once which bits of modes are not kept; where many files are writable, an umask made them so."""
    files = sum(entry.kind is EntryKind.FILE for entry in walk.entries.values())
    writable = walk.writable if len(walk.writable) <= files * _MOST_WRITABLE else []
    for names, what in ((walk.special_bits, _SPECIAL), (writable, _GROUP_WRITE)):
        if names:
            first = legible(min(names))
            yield rules.MODE_DROPPED.problem(walk.where(first), name=first, more=and_more(names), what=what)


def _below(source: Path, paths: Collection[str]) -> frozenset[str]:
    """Return the names in the source of those paths that are in it."""
    found = (Path(path) for path in paths)
    return frozenset(path.relative_to(source).as_posix() for path in found if path.is_relative_to(source))


def _patterns(source: Path, repository: Path, exclude: Sequence[str]) -> Iterator[IgnoreRule]:
    """Read the patterns of the source's own file and of the input; raises InvalidBundle for a bad file."""
    path = source / IGNORE_FILE
    if os.path.lexists(path):
        name = path.relative_to(repository).as_posix()
        yield from parse_file(_read_patterns(path, name), name)
    for number, pattern in enumerate(exclude, start=1):
        rule = parse(os.fsencode(pattern), Location(EXCLUDE_INPUT, number))
        if rule is not None:
            yield rule


def _read_patterns(path: Path, name: str) -> bytes:
    why = "is a link" if path.is_symlink() else ""
    try:
        content = b"" if why else read_start(str(path), LONGEST_TEXT + 1)
    except OSError as error:
        content, why = b"", f"cannot be read ({error.strerror})"
    lines = content.split(b"\n")
    if len(content) > LONGEST_TEXT:
        why = "is larger than 1 MiB"
    elif len(lines) > _MOST_PATTERNS:
        why = f"has more than {_MOST_PATTERNS:,} lines"
    elif max(map(len, lines)) > _LONGEST_PATTERN:
        why = f"has a line of more than {_LONGEST_PATTERN} bytes"
    if why:
        raise InvalidBundle(rules.IGNORE_FILE.problem(Location(name), name=name, why=why))
    return content


def _place_appspec(walk: Walk, appspec: str) -> None:
    """Put the AppSpec at the bundle's root, or say why there is none."""
    path = find_appspec(appspec, source=walk.source, repository=walk.repository)
    present = walk.entries.get(APPSPEC)
    if path is None:
        walk.problems.append(
            no_appspec(appspec, walk.entries, walk.exclusions, source=walk.source, repository=walk.repository)
        )
    elif present is not None and present.kind is EntryKind.FOLDER:
        walk.problems.append(document_rules.NOT_A_FILE.problem(walk.where(APPSPEC), what="a folder"))
    elif present is None or os.path.realpath(walk.source / APPSPEC) != str(path):
        walk.exclusions = [exclusion for exclusion in walk.exclusions if exclusion.name != APPSPEC]
        walk.file(APPSPEC, str(path), path.lstat())


def _idle(rule: IgnoreRule, entries: Mapping[str, Entry]) -> Problem:
    """Return the problem of a pattern that matched nothing: an error where the input holds a list of them."""
    facts = {"pattern": legible(rule.text)}
    parts = split_list(os.fsencode(rule.text))
    if len(parts) > 1 and rule.location.path == EXCLUDE_INPUT:
        for part in parts:
            if _would_match(part, entries):
                shown = legible(os.fsdecode(part))
                return rules.PATTERN_LIST.problem(rule.location, part=shown, **facts)
    advice = " If these are several, write one per line." if len(parts) > 1 else ""
    return rules.PATTERN_UNUSED.problem(rule.location, advice=advice, **facts)


def _would_match(pattern: bytes, entries: Mapping[str, Entry]) -> bool:
    """Tell whether a pattern alone would leave out anything."""
    rule = parse(pattern, Location(EXCLUDE_INPUT))
    alone = IgnoreRules([rule] if rule else [])
    return any(
        alone.decide(os.fsencode(name), folder=entry.kind is EntryKind.FOLDER)
        for name, entry in entries.items()
    )
