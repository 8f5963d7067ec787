"""Work that a checkout has left undone: submodules without files, Git LFS pointers in place of files.

Sources: gitmodules(5); the specification of Git LFS, by which a pointer without extensions is of 126 to 145
bytes.
"""

from __future__ import annotations

import os
import posixpath
import re
from typing import TYPE_CHECKING, Final

from deployer.bundle.contents import EntryKind
from deployer.bundle.reading import Opener, read, read_start
from deployer.rules import tree as rules
from deployer.text import and_more, legible

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from deployer.bundle.contents import Entry, Exclusion
    from deployer.errors import Location, Problem

_POINTER: Final = b"version https://git-lfs.github.com/spec/v1\n"
_POINTER_SIZES: Final = range(120, 160)
_MODULES: Final = ".gitmodules"
_LONGEST_MODULES: Final = 1 << 16
_MODULE_PATH: Final = re.compile(r'^\s*path\s*=\s*"?([^"\n]+?)"?\s*$', re.MULTILINE)


def is_pointer(size: int, head: Callable[[int], bytes]) -> bool:
    """Tell whether a file of this size is a Git LFS pointer; `head` reads that many of its first bytes."""
    return size in _POINTER_SIZES and head(len(_POINTER)) == _POINTER


def lfs_pointers(entries: Mapping[str, Entry], where: Callable[[str], Location]) -> Iterator[Problem]:
    """Warn once about all files of which only the pointer was fetched."""
    with Opener() as opener:
        found = [name for name, entry in entries.items() if _points(entry, opener)]
    if found:
        yield rules.LFS_POINTER.problem(where(found[0]), member=legible(found[0]), more=and_more(found))


def _points(entry: Entry, opener: Opener) -> bool:
    if entry.kind is not EntryKind.FILE or entry.size not in _POINTER_SIZES:
        return False
    try:
        handle = opener.open(entry.path)
    except OSError:  # packing reads it too, and says so
        return False
    try:
        return is_pointer(entry.size, lambda size: read(handle, size, beyond=0))
    finally:
        os.close(handle)


def submodules(source: Path, repository: Path) -> frozenset[str]:
    """Return the names in the source of the submodules that it or the repository lists."""
    found: set[str] = set()
    for folder in {source, repository}:
        try:
            text = os.fsdecode(read_start(str(folder / _MODULES), _LONGEST_MODULES))
        except OSError:
            continue
        paths = (posixpath.normpath(folder / path) for path in _MODULE_PATH.findall(text))
        found |= {posixpath.relpath(path, source) for path in paths if path.startswith(f"{source}/")}
    return frozenset(found)


def empty_submodules(
    modules: Collection[str],
    entries: Mapping[str, Entry],
    exclusions: Collection[Exclusion],
    where: Callable[[str], Location],
) -> Iterator[Problem]:
    """Warn about each submodule with nothing in it, neither in the bundle nor left out by a pattern."""
    for module in sorted(module for module in modules if module in entries):
        below = f"{module}/"
        names = (*entries, *(exclusion.name for exclusion in exclusions))
        if not any(name.startswith(below) for name in names):
            yield rules.SUBMODULE_EMPTY.problem(where(module), name=legible(module))
