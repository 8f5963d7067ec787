"""The members of an archive of any format: their names in the bundle, and what is wrong with them."""

from __future__ import annotations

import os
import posixpath
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final, Protocol

from deployer.bundle.bounds import LONGEST_PATH
from deployer.bundle.contents import EntryKind
from deployer.errors import Location, Problem
from deployer.rules import archive as rules
from deployer.rules import tree as tree_rules
from deployer.text import and_more, legible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.bundle.contents import Entry
    from deployer.bundle.listing import Listed
    from deployer.rules import Rule


_LONGEST_NAME: Final = 255  # bytes between slashes: Linux
_SHOWN: Final = 80  # characters of a name that is too long
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class Reader(Protocol):
    """An archive whose index has been read; `root_mode` is what it sets on the folder it is unpacked in."""

    entries: dict[str, Entry]
    root_mode: int

    def read(self, name: str, limit: int) -> bytes:
        """Return the first `limit` bytes of the file of that name."""
        ...

    def listing(self) -> dict[str, Listed]:
        """Return the members as another archive's can be compared with them."""
        ...


class Findings:
    """Members by the rule that they break, so that a thousand of them are one finding."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.broken: defaultdict[tuple[Rule, str], list[str]] = defaultdict(list)

    def add(self, rule: Rule, member: str, detail: str = "") -> None:
        """Add a member that breaks a rule; `detail` is the method or kind that the rule's text names."""
        self.broken[rule, detail].append(legible(member))

    def add_second(self, known: Entry | None, member: str, *, folder: bool) -> None:
        """Add a member whose name another one had before it, unless both are folders."""
        if known is not None and (known.kind is EntryKind.FOLDER) is not folder:
            self.add(rules.FILE_AND_FOLDER, member)
        elif known is not None and not folder:
            self.add(rules.DUPLICATE, member)

    def problems(self) -> Iterator[Problem]:
        """Yield one problem for each rule and detail."""
        for (rule, detail), members in self.broken.items():
            place = Location(self.path)
            facts = dict.fromkeys(("method", "kind", "what"), detail)
            yield rule.problem(place, member=members[0], name=members[0], more=and_more(members), **facts)


def inside(member: str, findings: Findings) -> str | None:
    """Return the name in the bundle that a member comes to, None when it has none."""
    if len(member) > LONGEST_PATH:
        findings.add(tree_rules.NAME, f"{member[:_SHOWN]}…", f"more than {LONGEST_PATH} characters")
        return None
    parts = member.split("/")
    long = len(os.fsencode(member)) > _LONGEST_NAME
    if long and any(len(os.fsencode(part)) > _LONGEST_NAME for part in parts):
        findings.add(tree_rules.NAME, f"{member[:_SHOWN]}…", f"a part of more than {_LONGEST_NAME} bytes")
    if not member:
        findings.add(tree_rules.NAME, member, "nothing")
    if _CONTROL.search(member):
        findings.add(tree_rules.NAME_ODD, member, "a control character")
    if member.startswith("/") or ".." in parts:
        findings.add(rules.OUTSIDE, member)
    if ".." in parts:
        return None
    name = posixpath.normpath(member).lstrip("/")
    return None if name in {"", "."} else name
