"""Two listings → what is added, changed, removed, or has another mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from deployer.bundle.contents import EntryKind
from deployer.bundle.listing import Listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Pair(NamedTuple):
    """A name that both listings have."""

    old: Listed
    new: Listed


@dataclass(frozen=True, slots=True)
class Difference:
    """The names of two listings that differ, each group sorted by name.

    An entry of `changed` has other content or is of another kind; one of `modes` has other permission bits,
    whether or not its content is the same.
    """

    added: tuple[Listed, ...] = ()
    changed: tuple[Pair, ...] = ()
    removed: tuple[Listed, ...] = ()
    modes: tuple[Pair, ...] = ()

    def __bool__(self) -> bool:
        return any((self.added, self.changed, self.removed, self.modes))

    @property
    def growth(self) -> int:
        """Bytes by which the new files are larger than the old ones."""
        changed = sum(new.size - old.size for old, new in self.changed)
        return _bytes(self.added) - _bytes(self.removed) + changed

    @property
    def touched(self) -> dict[str, Pair]:
        """Return by name the entries whose content or mode changes."""
        return {pair.new.name: pair for pair in (*self.modes, *self.changed)}

    def content_of(self, name: str) -> bool:
        """Return whether the file of that name comes, goes, or has other content."""
        entries = (*self.added, *self.removed, *(pair.new for pair in self.changed))
        return any(entry.name == name for entry in entries)


def difference(old: Mapping[str, Listed], new: Mapping[str, Listed]) -> Difference:
    """Return how to get from one listing to the other.

    Folders that an archive does not list are made in unpacking, so that they count as listed.
    """
    old, new = _with_folders(old), _with_folders(new)
    # Kind, mode, size and CRC-32, as a slice: a bundle has tens of thousands of names.
    differing = (name for name in old.keys() & new.keys() if old[name][1:5] != new[name][1:5])
    both = [Pair(old[name], new[name]) for name in sorted(differing)]
    return Difference(
        added=tuple(new[name] for name in sorted(new.keys() - old.keys())),
        changed=tuple(pair for pair in both if _content(pair.old) != _content(pair.new)),
        removed=tuple(old[name] for name in sorted(old.keys() - new.keys())),
        modes=tuple(
            pair for pair in both if pair.old.kind is pair.new.kind and pair.old.mode != pair.new.mode
        ),
    )


def _content(entry: Listed) -> tuple[EntryKind, int, int]:
    return (entry.kind, entry.size, entry.crc)


def _bytes(entries: Iterable[Listed]) -> int:
    return sum(entry.size for entry in entries)


def _with_folders(entries: Mapping[str, Listed]) -> dict[str, Listed]:
    found = dict(entries)
    for name in entries:
        folder = name.rpartition("/")[0]
        while folder and folder not in found:
            found[folder] = Listed(folder, EntryKind.FOLDER, 0o755, 0, 0)
            folder = folder.rpartition("/")[0]
    return found
