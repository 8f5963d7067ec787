"""Bundles in memory, for tests that are about names and texts rather than about disks."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deployer.bundle.contents import Entry, EntryKind, Exclusion
from deployer.bundle.links import LeavesTree, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployer.errors import Problem

APP = {"app/a.txt": "a\n"}


@dataclass(frozen=True)
class MemoryBundle:
    """A `model.Contents` whose repository path of each file is its own name."""

    entries: Mapping[str, Entry]
    texts: Mapping[str, bytes]
    exclusions: tuple[Exclusion, ...] = ()
    located: bool = field(default=True, kw_only=True)
    root_mode: int = 0o755

    def read(self, name: str, limit: int) -> bytes:
        """The start of a file, links followed."""
        return self.texts[resolve(self.entries, name) or ""][:limit]

    def elsewhere(self, name: str) -> str:  # noqa: ARG002 - part of the protocol
        """Nothing is anywhere else."""
        return ""

    def locate(self, name: str) -> str | None:
        """The file's own name, None for what is no file."""
        try:
            found = resolve(self.entries, name)
        except LeavesTree:
            return None
        return found if self.located and found in self.texts else None


def bundle(
    files: Mapping[str, str | bytes],
    *,
    modes: Mapping[str, int] | None = None,
    links: Mapping[str, str] | None = None,
    exclusions: tuple[Exclusion, ...] = (),
    located: bool = True,
) -> MemoryBundle:
    """A bundle of these files; a name that ends with a slash is an empty folder, `.sh` is executable."""
    modes = modes or {}
    entries: dict[str, Entry] = {}
    texts: dict[str, bytes] = {}
    for name, text in files.items():
        if name.endswith("/"):
            entries[name.rstrip("/")] = Entry(name.rstrip("/"), EntryKind.FOLDER, 0o755)
            continue
        texts[name] = text if isinstance(text, bytes) else text.encode()
        mode = modes.get(name, 0o755 if name.endswith(".sh") else 0o644)
        entries[name] = Entry(name, EntryKind.FILE, mode, len(texts[name]))
    for name, target in (links or {}).items():
        entries[name] = Entry(name, EntryKind.LINK, 0o777, target=target)
    for name in list(entries):
        folder = posixpath.dirname(name)
        while folder:
            entries.setdefault(folder, Entry(folder, EntryKind.FOLDER, modes.get(folder, 0o755)))
            folder = posixpath.dirname(folder)
    return MemoryBundle(dict(sorted(entries.items())), texts, exclusions, located=located)


def verdict(problems: list[Problem]) -> str:
    """The words of the evidence: `error`, `flag` (a warning) or `ok`."""
    severities = {problem.severity.value for problem in problems}
    return "error" if "error" in severities else "flag" if "warning" in severities else "ok"
