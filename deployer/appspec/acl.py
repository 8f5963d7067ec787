"""Acl entries and SELinux ranges, with the agent's own grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TYPES = {short: name for name in ("user", "group", "mask", "other") for short in (name, name[0])}
_DEFAULT = {"d", "default"}
_UNNAMED = {"mask", "other"}
_MOST_CATEGORIES = 1023
_SENSITIVITY = re.compile(r"s(\d{1,18})(?:-s(\d{1,18}))?", re.ASCII)
_CATEGORIES = re.compile(r"c(\d{1,18})(?:\.c(\d{1,18}))?", re.ASCII)


class InvalidEntryError(ValueError):
    """The reason why the agent refuses an acl entry."""


@dataclass(frozen=True, slots=True)
class AclEntry:
    """One entry of an acl: who is meant, and whether it is inherited from a folder."""

    default: bool
    type: str
    name: str


def parse_entry(text: str) -> AclEntry:
    """Read `[d:][u|g|m|o]:name:permissions`; raises InvalidEntryError with the reason."""
    *who, permissions = text.split(":")
    if not re.fullmatch(r"[0-7]|[rwx-]*", permissions):
        raise InvalidEntryError(f"has the permissions {permissions!r}; they are r, w, x and -")
    default = len(who) > 1 and who[0] in _DEFAULT
    if default:
        who = who[1:]
    match who:
        case [name]:
            kind, name = (_TYPES[name], "") if _TYPES.get(name) in _UNNAMED else ("user", name)
        case [short, name] if short in _TYPES:
            kind = _TYPES[short]
        case _:
            raise InvalidEntryError("is not of the form [d:][u|g|m|o]:name:permissions")
    if kind not in _UNNAMED and name in {"m", "o"}:
        raise InvalidEntryError(f"has the name {name}, which the agent reads as {_TYPES[name]}")
    if re.search(r"[\s;&|<>()$`'\"]", name):
        raise InvalidEntryError("has a blank or a character of the shell in its name")
    if kind in _UNNAMED and name:
        raise InvalidEntryError(f"gives {kind} a name, which it cannot have")
    if not default and kind != "mask" and not name:
        raise InvalidEntryError("is a base entry, which only `mode` can set")
    return AclEntry(default, kind, name)


def check_range(text: str) -> str:
    """Return why the agent refuses an SELinux range such as s0-s3:c1,c3.c5; empty when it takes it."""
    levels, colon, categories = text.partition(":")
    match = _SENSITIVITY.fullmatch(levels)
    if not match:
        return "does not start with a sensitivity such as s0"
    if match[2] and int(match[2]) < int(match[1]):
        return "ends with a lower sensitivity than it starts with"
    return _category_fault(categories) if colon else ""


def _category_fault(text: str) -> str:
    seen: set[int] = set()
    for part in text.rstrip(",").split(","):
        match = _CATEGORIES.fullmatch(part)
        if not match:
            return f"has {part!r} where a category such as c1 is expected"
        low, high = int(match[1]), int(match[2] or match[1])
        if max(low, high) > _MOST_CATEGORIES:
            return f"has a category above c{_MOST_CATEGORIES}"
        if high < low:
            return f"has the category range {part}, which ends before it starts"
        numbers = set(range(low, high + 1))
        if numbers & seen:
            return "names a category twice"
        seen |= numbers
    return ""
