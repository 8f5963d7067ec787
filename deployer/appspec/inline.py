"""An AppSpec as a file of the repository: found, filled in, and made a bundle where it is the revision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING

from deployer.appspec.completion import Stopgap, complete
from deployer.appspec.document import LIMIT, load
from deployer.appspec.findings import Findings
from deployer.appspec.parse import parse
from deployer.appspec.resources import report_placeholders
from deployer.appspec.template import fill
from deployer.bundle.contents import Bundle, Entry, EntryKind, Exclusion
from deployer.bundle.reading import find_appspec, not_read, read_start
from deployer.choices import APPSPEC, ComputePlatform
from deployer.errors import InvalidBundle, Location, capped, in_line_order
from deployer.revision import BundleType
from deployer.rules import document as rules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from deployer.appspec.completion import Resolver
    from deployer.appspec.model import ParsedAppSpec
    from deployer.errors import Problem


_JSON = ".json"


@dataclass(frozen=True)
class AppSpecFile:
    """The text of an AppSpec and its path in the repository: `Contents` of one file.

    Bytes that are not UTF-8 are surrogates in `text`, and themselves again in `data`.
    """

    text: str
    path: str
    exclusions: tuple[Exclusion, ...] = ()
    root_mode: int = 0o755

    @property
    def entries(self) -> Mapping[str, Entry]:
        """The one file."""
        entry = Entry(APPSPEC, EntryKind.FILE, size=len(self.data))
        return MappingProxyType({APPSPEC: entry})

    @property
    def data(self) -> bytes:
        """Return the bytes of the text."""
        return self.text.encode(errors="surrogateescape")

    @cached_property
    def parsed(self) -> ParsedAppSpec:
        """The text, parsed as it is: its meaning and its problems."""
        return parse(self.data, path=self.path)

    @property
    def platform(self) -> ComputePlatform | None:
        """The platform that it deploys to, None where it cannot be understood."""
        return self.parsed.appspec.compute_platform if self.parsed.appspec else None

    @property
    def is_revision(self) -> bool:
        """Return whether it is the revision itself (Lambda, ECS), and not a part of a bundle."""
        return self.platform not in {ComputePlatform.SERVER, None}

    def read(self, name: str, limit: int) -> bytes:
        """Return the first `limit` bytes of the file; raises KeyError for any other name."""
        if name != APPSPEC:
            raise KeyError(name)
        return self.data[:limit]

    def locate(self, name: str) -> str | None:
        """Return the file's path from the repository's root."""
        return self.path if name == APPSPEC else None

    def elsewhere(self, name: str) -> str:  # noqa: ARG002 - part of the protocol
        """Return nothing: no other file belongs to it."""
        return ""

    def filled(self, variables: Mapping[str, str]) -> tuple[AppSpecFile, list[Problem]]:
        """Return a copy with its placeholders replaced, and the problems of the variables.

        Raises InvalidBundle when it is too large to be read as a whole.
        """
        if variables and len(self.data) > LIMIT:
            raise InvalidBundle(
                rules.TOO_LARGE.problem(Location(self.path), why=f"has more than {LIMIT:,} bytes")
            )
        text, problems = fill(self.text, variables, path=self.path)
        return replace(self, text=text), problems

    def leftovers(self) -> list[Problem]:
        """Return a problem for each placeholder without a value."""
        findings = Findings(self.path)
        root = load(self.data, Findings(self.path))
        if root is not None:
            report_placeholders(root, findings)
        return findings.problems

    def check(self) -> list[Problem]:
        """Return everything that the service would reject; values to be looked up later count as present."""
        completed = complete(self.text, Stopgap())
        whole = self if completed.text == self.text else replace(self, text=completed.text)
        return capped(in_line_order(_moved(problem, completed.inserted) for problem in whole.parsed.problems))

    def completed(self, resolver: Resolver) -> tuple[AppSpecFile, str]:
        """Return a copy with omitted values looked up, and a description of them; empty if there are none."""
        completed = complete(self.text, resolver)
        return replace(self, text=completed.text), completed.piece

    def bundle(self) -> Bundle:
        """Return a bundle of this text, unchanged."""
        from deployer.bundle.package import Stream
        from deployer.bundle.work import Packed

        data = self.data
        return Bundle(
            type=BundleType.JSON if self.path.lower().endswith(_JSON) else BundleType.YAML,
            digest=sha256(data).hexdigest(),
            contents=self,
            chunks=lambda *_: Stream(iter([Packed(data, 1, len(data))])),
            size=len(data),
            exact=True,
            appspec=self.parsed.appspec,
        )


def find(source: Path, appspec: str, *, repository: Path) -> AppSpecFile | None:
    """Return the AppSpec that `appspec` names in the source or else in the repository, None without one.

    Raises InvalidBundle when it cannot be read.
    """
    repository = repository.resolve()
    path = find_appspec(appspec, source=repository / source, repository=repository)
    if path is None:
        return None
    name = path.relative_to(repository).as_posix()
    try:
        data = read_start(str(path), LIMIT + 1)
    except OSError as error:
        raise not_read(name, error) from error
    return AppSpecFile(data.decode(errors="surrogateescape"), name)


def _moved(problem: Problem, inserted: int | None) -> Problem:
    """Move a problem to its line in the author's text, which lacks the inserted line."""
    place = problem.location
    if inserted is None or place is None or place.line is None or place.line <= inserted:
        return problem
    return replace(problem, location=replace(place, line=place.line - 1))
