"""Linked folders as the agent copies them: with all that is in them, again for each link."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Final

from deployer.bundle.contents import EntryKind
from deployer.bundle.links import LeavesTree, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from deployer.bundle.contents import Entry

_ABOVE: Final = re.compile(r"\.\.(/\.\.)*")
_MOST_EDGES: Final = 100_000
_MOST_COPIED: Final = 200_000


def below(names: Sequence[str], folder: str) -> Sequence[str]:
    """Return the part of sorted names that lies in a folder, at any depth; the root is empty."""
    if not folder:
        return names
    return names[bisect_left(names, f"{folder}/") : bisect_left(names, f"{folder}0")]  # 0 follows /


class FolderLinks:
    """The links of a bundle that lead to folders in it, and the cycles that they form.

    A folder above the bundle counts as the bundle, which is in it.
    """

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries
        self._names = list(entries)
        self.targets = dict(self._found())
        self._links = list(self.targets)
        self._cycles: dict[str, tuple[list[str], bool]] = {}

    def _found(self) -> Iterator[tuple[str, str]]:
        for name, entry in self._entries.items():
            if entry.kind is EntryKind.LINK:
                try:
                    target = resolve(self._entries, name)
                except LeavesTree:
                    beyond = posixpath.normpath(posixpath.join(posixpath.dirname(name), entry.target))
                    target = "" if _ABOVE.fullmatch(beyond) else None
                if target is not None and (not target or self._entries[target].kind is EntryKind.FOLDER):
                    yield name, target

    def cycles(self, folder: str) -> tuple[list[str], bool]:
        """Return the links in a folder that lead back to themselves, and whether in several ways.

        One way round ends after 40 links, as Linux follows no more; with several the agent may never end.
        """
        if folder not in self._cycles:
            self._cycles[folder] = self._search(folder)
        return self._cycles[folder]

    def _search(self, folder: str) -> tuple[list[str], bool]:
        edges: dict[str, Sequence[str]] = {}
        pending, count = list(below(self._links, folder)), 0
        while pending and count < _MOST_EDGES:
            link = pending.pop()
            if link not in edges:
                edges[link] = below(self._links, self.targets[link])
                count += len(edges[link])
                pending += edges[link]
        core = _core(edges)
        ways = sum(target in core for link in core for target in edges[link])
        return sorted(core), ways > len(core)

    def copied(self, folder: str, cyclic: frozenset[str]) -> Iterator[tuple[str, str, bool]]:
        """Yield all that is copied with a folder: relative path, name, and whether it is a folder.

        Links of a cycle are not followed, and nothing comes after a bound that no real bundle reaches.
        """
        pending, count = [("", folder)], 0
        while pending:
            base, start = pending.pop()
            cut = len(start) + 1 if start else 0
            for name in below(self._names, start):
                count += 1
                if count > _MOST_COPIED:
                    return
                path = base + name[cut:]
                target = self.targets.get(name)
                is_folder = target is not None or self._entries[name].kind is EntryKind.FOLDER
                yield path, name, is_folder
                if target is not None and name not in cyclic:
                    pending.append((f"{path}/", target))


def _core(edges: Mapping[str, Sequence[str]]) -> set[str]:
    """Return a graph without the nodes that nothing leads to or that lead to nothing."""
    sources: dict[str, list[str]] = {link: [] for link in edges}
    for link, targets in edges.items():
        for target in targets:
            sources.setdefault(target, []).append(link)
    incoming = Counter({link: len(found) for link, found in sources.items()})
    outgoing = Counter({link: len(targets) for link, targets in edges.items()})
    core = set(sources)
    ended = [link for link in core if not incoming[link] or not outgoing[link]]
    while ended:
        link = ended.pop()
        if link in core:
            core.remove(link)
            targets, leading = edges.get(link, ()), sources[link]
            incoming.subtract(targets)
            outgoing.subtract(leading)
            ended += [found for found in targets if not incoming[found]]
            ended += [found for found in leading if not outgoing[found]]
    return core
