"""The files that the agent would install: a bundle and the mappings of its AppSpec → paths on an instance."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from deployer.appspec.paths import STANDARD_FOLDERS
from deployer.bundle.contents import EntryKind
from deployer.preflight.linked import FolderLinks

if TYPE_CHECKING:
    from deployer.appspec.model import FileMapping
    from deployer.preflight.names import Names


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
    _known: dict[Copy, tuple[dict[str, str], list[str]]] = field(default_factory=dict)

    @cached_property
    def _links(self) -> FolderLinks:
        return FolderLinks(self.names.entries)

    def paths(self, copy: Copy) -> tuple[dict[str, str], list[str]]:
        """Return the files of a mapping as path on the instance → name in the bundle, and its folders."""
        if copy not in self._known:
            self._known[copy] = self._paths_of(copy)
        return self._known[copy]

    def _paths_of(self, copy: Copy) -> tuple[dict[str, str], list[str]]:
        if not copy.folder:
            return {copy.top: copy.name}, []
        base = copy.target.rstrip("/") + "/"
        cyclic, _ = self.cycles(copy.name)
        files: dict[str, str] = {}
        folders = [copy.target]
        for path, name, is_folder in self._links.copied(copy.name, frozenset(cyclic)):
            if is_folder:
                folders.append(base + path)
            else:
                files[base + path] = name
        return files, folders

    def certain(self, copy: Copy) -> tuple[dict[str, str], list[str]]:
        """Return the same paths without links out of the bundle, which may lead to folders."""
        files, folders = self.paths(copy)
        entries = self.names.entries

        def unsure(name: str) -> bool:
            return (name not in entries or entries[name].kind is EntryKind.LINK) and self.names.leaves(name)

        return {path: name for path, name in files.items() if not unsure(name)}, folders

    def cycles(self, folder: str) -> tuple[list[str], bool]:
        """Return the links in a folder that form cycles, and whether there are several ways round."""
        return self._links.cycles(folder)

    @cached_property
    def copied(self) -> set[str]:
        """The names in the bundle of all that is copied, folders and what linked ones lead to included."""
        found = {copy.name for copy in self.copies}
        for copy in self.copies:
            if copy.folder:
                cyclic = frozenset(self.cycles(copy.name)[0])
                found.update(name for _, name, _ in self._links.copied(copy.name, cyclic))
        return found

    @cached_property
    def installed(self) -> tuple[list[str], list[str]]:
        """The paths of all files on the instance, and of the folders that are new on an empty one; sorted."""
        files: set[str] = set()
        folders: set[str] = set()
        for copy in self.copies:
            own_files, own_folders = self.paths(copy)
            files.update(own_files)
            folders.update(own_folders, ancestors(copy.top))
        return sorted(files), sorted(folders - STANDARD_FOLDERS)

    def links(self, copy: Copy) -> dict[str, str]:
        """Return the targets of the links that a mapping installs as such, by their paths on the instance."""
        entries = self.names.entries
        return {
            path: entries[name].target
            for path, name in self.paths(copy)[0].items()
            if name in entries and entries[name].kind is EntryKind.LINK
        }

    @cached_property
    def _linked_files(self) -> dict[str, str]:
        return {path: target for copy in self.copies for path, target in self.links(copy).items()}

    @cached_property
    def _paths(self) -> set[str]:
        return {path for paths in self.installed for path in paths} - self._linked_files.keys()

    def leads_nowhere(self, path: str) -> bool:
        """Tell whether an installed path is a relative link to something that is not installed."""
        seen: set[str] = set()
        while (target := self._linked_files.get(path)) is not None and path not in seen:
            if target.startswith("/"):
                return False
            seen.add(path)
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        return path not in self._paths


def ancestors(path: str) -> list[str]:
    """Return the folders above a path, the nearest first, without the root."""
    found = []
    while (path := posixpath.dirname(path)) != "/":
        found.append(path)
    return found
