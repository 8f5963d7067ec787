"""Links in a bundle: where they lead, and those that lead nowhere or out of it."""

from __future__ import annotations

import posixpath
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from deployer.bundle.contents import EntryKind
from deployer.rules import tree as rules
from deployer.text import legible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from deployer.bundle.contents import Entry
    from deployer.errors import Location, Problem


_MOST_LINKS: Final = 40  # as Linux: more in one path is a loop
_MOST_STEPS: Final = 4096  # no path of Linux is longer


class LeavesTree(Exception):
    """A link points out of the bundle."""


def resolve(entries: Mapping[str, Entry], name: str) -> str | None:
    """Return the name that `name` stands for once every link in it is followed, None when there is none.

    The bundle's root is the empty string. Raises LeavesTree when a link leads out of the bundle.
    """
    pending = list(reversed(PurePosixPath(name).parts))
    place = ""
    links = steps = 0
    while pending:
        step = pending.pop()
        steps += 1
        if step == "/" or (step == ".." and not place):
            raise LeavesTree(name)
        if step == "..":
            if entries[place].kind is not EntryKind.FOLDER:
                return None
            place = place.rpartition("/")[0]
            continue
        path = f"{place}/{step}" if place else step
        entry = entries.get(path)
        if entry is None:
            return None
        if entry.kind is not EntryKind.LINK:
            place = path
            continue
        links += 1
        if links > _MOST_LINKS or steps > _MOST_STEPS:
            return None
        pending.extend(reversed(PurePosixPath(entry.target).parts))
    return place


def check_links(
    entries: Mapping[str, Entry],
    *,
    where: Callable[[str], Location | None],
    whole: str,
    root: str = "",
) -> Iterator[Problem]:
    """Report each link that leads out of the `whole` (the word for it in messages), or to nothing in it.

    `root` is the folder of the entries on this machine.
    """
    for name, entry in entries.items():
        if entry.kind is not EntryKind.LINK:
            continue
        facts = {"name": legible(name), "target": legible(entry.target), "whole": whole}
        try:
            if resolve(entries, name) is None:
                yield rules.LINK_DANGLING.problem(where(name), **facts)
        except LeavesTree:
            inside = _inside(entries, PurePosixPath(entry.target), root)
            relative = legible(posixpath.relpath(inside, posixpath.dirname(name) or ".")) if inside else ""
            rule = rules.LINK_ABSOLUTE if inside else rules.LINK_OUTSIDE
            yield rule.problem(where(name), **facts, relative=relative)


def _inside(entries: Mapping[str, Entry], target: PurePosixPath, root: str) -> str:
    """Return the name in the bundle that an absolute target was probably meant to have, empty without one.

    The folder may have another path where the link was made, such as outside of a container.
    """
    if root and target.is_relative_to(root):
        return target.relative_to(root).as_posix()
    parts = target.parts[1:] if target.is_absolute() else ()
    ends = ("/".join(parts[start:]) for start in range(1, len(parts) - 1))
    return next((end for end in ends if end in entries), "")
