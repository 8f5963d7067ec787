"""Names in a bundle: links followed, and for a missing one the reason or the nearest name."""

from __future__ import annotations

from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

from deployer.appspec.document import LIMIT
from deployer.bundle.contents import Entry, EntryKind
from deployer.bundle.links import LeavesTree, resolve
from deployer.choices import APPSPEC, APPSPEC_NAMES
from deployer.errors import Location
from deployer.rules import document as rules
from deployer.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deployer.bundle.contents import Contents, Exclusion
    from deployer.errors import Problem


_MOST_COMPARED = 2000
_MOST_GUESSES = 100  # far more than are shown
_LONGEST_APPSPEC = max(map(len, APPSPEC_NAMES))


class Names:
    """The contents of a bundle as the agent unpacks them, with questions about names."""

    def __init__(self, contents: Contents) -> None:
        self.contents = contents
        self.entries: Mapping[str, Entry] = contents.entries
        self.path = contents.locate(APPSPEC)
        self._guesses = 0
        self.root = Entry("", EntryKind.FOLDER, contents.root_mode)

    def resolve(self, name: str) -> Entry | None:
        """Return the entry of a name once links are followed; None when there is none in the bundle."""
        try:
            found = resolve(self.entries, name)
        except LeavesTree:
            return None
        return self.root if found == "" else self.entries.get(found or "/")

    def spelt(self, name: str) -> str:
        """Return the name as it is spelled in the bundle, since Windows ignores case."""
        return self._by_lower.get(name.lower(), name)

    def leaves(self, name: str) -> bool:
        """Tell whether a link on the way to a name leads out of the bundle."""
        try:
            resolve(self.entries, name)
        except LeavesTree:
            return True
        return False

    def target(self, name: str) -> str:
        """Return the target of the first link on the way to a name; empty when there is none."""
        for path in accumulate(name.split("/"), "{}/{}".format):
            entry = self.entries.get(path)
            if entry is not None and entry.kind is EntryKind.LINK:
                return entry.target
        return ""

    def exclusion(self, name: str) -> Exclusion | None:
        """Return the pattern that excluded a name, a folder above it, or everything in it."""
        if found := self._excluded.get(name):
            return found
        above = (self._excluded.get(path) for path in accumulate(name.split("/"), "{}/{}".format))
        return next((found for found in above if found and found.name.endswith("/")), None) or (
            self._emptied.get(name)
        )

    @cached_property
    def _excluded(self) -> dict[str, Exclusion]:
        return {found.name.rstrip("/"): found for found in reversed(self.contents.exclusions)}

    @cached_property
    def _emptied(self) -> dict[str, Exclusion]:
        """The first of the exclusions in each folder."""
        return {
            folder: found
            for found in reversed(self.contents.exclusions)
            for folder in accumulate(found.name.rstrip("/").split("/")[:-1], "{}/{}".format)
        }

    @staticmethod
    def readmission(exclusion: Exclusion, name: str) -> str:
        """Return advice on a pattern that left out a name; nothing of an excluded folder comes back."""
        if exclusion.name.rstrip("/") == name and not exclusion.name.endswith("/"):
            return f"Change the pattern, or take the file back with a later `!/{name}`."
        return "Change the pattern so that it leaves this path alone."

    def place(self, name: str, line: int | None, otherwise: Location) -> Location:
        """Return the place of a line of a file in the repository, else the place that names the file."""
        path = self.contents.locate(name)
        return Location(path, line) if path is not None else otherwise

    @cached_property
    def _by_lower(self) -> dict[str, str]:
        return {name.lower(): name for name in self.entries}

    def nearest(self, name: str, *, folders: bool = True) -> str:
        """Return the name that was probably meant: one in another case, elsewhere, or spelled similarly.

        Empty when there is none, or after a hundred guesses.
        """
        if name.lower() in self._by_lower:
            return self._by_lower[name.lower()]
        self._guesses += 1
        if self._guesses > _MOST_GUESSES:
            return ""
        folder, _, last = name.rpartition("/")
        wanted = [
            candidate
            for candidate, entry in self.entries.items()
            if folders or entry.kind is not EntryKind.FOLDER
        ]
        same = [candidate for candidate in wanted if candidate.rpartition("/")[2].lower() == last.lower()]
        if same:
            return min(same, key=lambda candidate: (candidate.count("/"), candidate))
        near = [candidate for candidate in wanted if candidate.rpartition("/")[0] == folder]
        pool = near if len(wanted) > _MOST_COMPARED else wanted
        return nearest(name, pool[:_MOST_COMPARED])

    def second_files(self) -> Iterator[Problem]:
        """Yield problems of AppSpecs beside the one that is read, unless their contents are equal."""
        others = [
            name
            for name, entry in self.entries.items()
            if len(name) <= _LONGEST_APPSPEC
            and name != APPSPEC
            and name.lower() in APPSPEC_NAMES
            and entry.kind is EntryKind.FILE
        ]
        for name in others:
            if self.contents.read(name, LIMIT) != self.contents.read(APPSPEC, LIMIT):
                place = self.place(name, None, Location(self.path or APPSPEC))
                yield rules.SECOND_FILE.problem(place, name=name)
