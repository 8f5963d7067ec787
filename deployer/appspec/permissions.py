"""The section `permissions`: modes, owners, acl entries and SELinux contexts, as the agent reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deployer.appspec.accounts import is_account
from deployer.appspec.acl import AclEntry, InvalidEntryError, check_range, parse_entry
from deployer.appspec.findings import Findings, section_items
from deployer.appspec.model import Permission
from deployer.appspec.nodes import (
    BLANKS,
    Mapping,
    Node,
    Scalar,
    Sequence,
    given,
    is_void,
    ruby_text,
    shown,
    text_of,
)
from deployer.rules import document as document_rules
from deployer.rules import permissions as rules

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYS = ("object", "pattern", "except", "owner", "group", "mode", "acls", "context", "type")
_TYPES = ("file", "directory")
_LONGEST_MODE = 4
_SHORTEST_MODE = 3
_CONTEXT_PART = re.compile(r"[\w.-]+", re.ASCII)


def read_permissions(node: Node | None, system: str, findings: Findings) -> Iterator[Permission]:
    """Yield the items that can be understood; reports everything else."""
    items = section_items(node, "permissions", findings)
    if items and system == "windows":
        findings.add(rules.WINDOWS, items[0])
        return
    for item in items:
        if not isinstance(item, Mapping):
            findings.add(rules.ITEM_TYPE, item, kind=item.kind)
        elif permission := _permission(item, findings):
            yield permission


def _permission(item: Mapping, findings: Findings) -> Permission | None:
    findings.unknown_keys(item, _KEYS, "an item of `permissions`")
    faults = Findings(findings.path)  # only where the permissions are set on something
    pattern = _pattern(item.get("pattern"), findings, faults)
    exceptions = tuple(_exceptions(item.get("except"), findings, faults))
    types = _types(item.get("type"), findings)
    mode = _mode(item.get("mode"), findings)
    owner, group = (
        _account(item.get(key), key, example, findings, faults)
        for key, example in (("owner", "root"), ("group", "www-data"))
    )
    entries = list(_entries(item.get("acls"), findings))
    _check_context(item.get("context"), findings, faults)
    node = item.get("object")
    if isinstance(node, Sequence | Mapping):
        why, advice = "an object is the path of one file or folder", "Write an item for each path."
        findings.add(rules.NOTHING, node, object=node.kind, why=why, advice=advice)
        return None
    text = ruby_text(node).strip(BLANKS) if node else ""
    if not node or not text:
        findings.add(rules.NO_OBJECT, node or item)
        return None
    if "\0" in text:
        findings.add(rules.OBJECT_ZERO, node, object=text)
    if re.match(r"~(?!root(/|$)|/|$)", text):
        findings.add(rules.HOME, node, object=text)
    return Permission(
        object=text,
        pattern=pattern,
        exceptions=exceptions,
        types=types,
        mode=mode,
        owner=owner,
        group=group,
        acls=tuple(text for text, _ in entries),
        changes=any(given(item.get(key)) for key in ("mode", "owner", "group", "acls", "context")),
        default_acl=any(entry.default for _, entry in entries),
        context=given(item.get("context")) is not None,
        faults=tuple(faults.problems),
        line=node.line,
        column=node.column,
    )


def _texts(
    node: Node | None, key: str, example: str, findings: Findings, of_items: Findings
) -> Iterator[tuple[Node, str]]:
    """Yield the texts of a list that may be absent; reports anything else, items of it to `of_items`."""
    node = given(node)
    if node is None:
        return
    if not isinstance(node, Sequence):
        if is_void(node) and not (key == "acls" and isinstance(node, Scalar)):
            findings.add(document_rules.STRICT_TYPE, node, key=key, kind=node.kind, expected="a list")
        else:
            findings.add(rules.LIST, node, key=key, kind=node.kind, example=text_of(node) or example)
        return
    for item in node.items:
        text = text_of(item)
        if text is None:
            of_items.add(rules.LIST, item, key=key, kind=f"a list with {item.kind} in it", example=example)
        else:
            yield item, text


def _pattern(node: Node | None, findings: Findings, faults: Findings) -> str:
    node = given(node)
    if node is None:
        return "**"
    text = text_of(node)
    if isinstance(node, Scalar) and is_void(node):
        findings.add(document_rules.STRICT_TYPE, node, key="pattern", kind=node.kind, expected="text")
        return "**"
    if text is None:
        faults.add(rules.PATTERN, node, kind=node.kind, text=shown(node))
        return "**"
    if "/" in text or not text:
        findings.add(rules.PATTERN_NEVER, node, key="pattern", pattern=text)
    return text


def _exceptions(node: Node | None, findings: Findings, faults: Findings) -> Iterator[str]:
    for item, text in _texts(node, "except", "*.log", findings, faults):
        if "/" in text:
            findings.add(rules.PATTERN_NEVER, item, key="exception", pattern=text)
        yield text


def _types(node: Node | None, findings: Findings) -> frozenset[str]:
    node = given(node)
    if node is None:
        return frozenset(_TYPES)
    if (isinstance(node, Sequence) and not node.items) or (isinstance(node, Mapping) and not node.pairs):
        findings.add(rules.TYPE_EMPTY, node)
        return frozenset()
    found = list(_texts(node, "type", "file", findings, findings))
    for item, text in found:
        if text not in _TYPES:
            findings.add(rules.TYPE, item, value=shown(item))
    return frozenset(text for _, text in found if text in _TYPES) or frozenset(_TYPES)


def _mode(node: Node | None, findings: Findings) -> str | None:
    node = given(node)
    if node is None:
        return None
    if not isinstance(node, Scalar):
        findings.add(rules.MODE, node, text=node.kind, why="is not a mode")
        return None
    applied = ruby_text(node)
    if not applied:
        findings.add(rules.MODE_EMPTY, node)
        return "000"
    misread = type(node.value) is int and not _same_mode(node.text, applied)
    if why := _mode_fault(applied):
        if misread:
            why = f"is read as the number {applied}, which {why}"
        findings.add(rules.MODE, node, text=node.text, why=why)
        return None
    if misread:
        findings.add(rules.MODE_OCTAL, node, text=node.text, value=applied)
    return applied.rjust(_SHORTEST_MODE, "0")


def _same_mode(written: str, applied: str) -> bool:
    """Tell whether the digits that the author wrote are the digits that are applied."""
    return written.lstrip("+0") == applied.lstrip("0")


def _mode_fault(text: str) -> str:
    if len(text) > _LONGEST_MODE:
        return "has more than four digits"
    wrong = re.search(r"[^0-7]", text)
    return f"contains {wrong[0]!r}, which is not an octal digit" if wrong else ""


def _account(node: Node | None, key: str, example: str, findings: Findings, faults: Findings) -> str | None:
    node = given(node)
    text = text_of(node)
    if isinstance(node, Scalar) and is_void(node):
        findings.add(document_rules.STRICT_TYPE, node, key=key, kind=node.kind, expected="a name")
        return None
    if node is not None and not is_account(text or ""):
        faults.add(rules.OWNER, node, key=key, text=shown(node), example=example)
        return None
    return text


def _entries(node: Node | None, findings: Findings) -> Iterator[tuple[str, AclEntry]]:
    seen: set[tuple[bool, str, str]] = set()
    for item, text in _texts(node, "acls", '"u:deploy:rw"', findings, findings):
        try:
            entry = parse_entry(text)
        except InvalidEntryError as error:
            findings.add(rules.ACL, item, entry=text, why=error)
            continue
        identity = (entry.default, entry.type, entry.name)
        if identity in seen:
            findings.add(rules.ACL_TWICE, item, entry=text)
        seen.add(identity)
        yield text, entry


def _check_context(node: Node | None, findings: Findings, faults: Findings) -> None:
    node = given(node)
    if node is None:
        return
    if not isinstance(node, Mapping):
        findings.add(rules.CONTEXT, node, why=f"is {node.kind}")
        return
    findings.unknown_keys(node, ("name", "type", "range"), "`context`")
    if given(node.get("type")) is None:
        findings.add(rules.CONTEXT, node, why="has no `type`")
    for key in ("name", "type"):
        part = given(node.get(key))
        if part is not None and not _CONTEXT_PART.fullmatch(text_of(part) or ""):
            faults.add(rules.CONTEXT, part, why=f"has {shown(part)!r} as its `{key}`, which is not a word")
    limits = given(node.get("range"))
    if limits is None:
        faults.add(rules.CONTEXT, node, why="has no `range`, without which the agent crashes")
        return
    text = text_of(limits)
    why = f"is {limits.kind}" if text is None else check_range(text)
    if why:
        findings.add(rules.RANGE, limits, text=text or "given", why=why)
