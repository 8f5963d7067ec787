"""The AppSpec of EC2 and on-premises instances as the agent reads it: top level, `files` and `hooks`."""

from __future__ import annotations

import re
from math import isfinite
from types import MappingProxyType
from typing import TYPE_CHECKING

from deployer.appspec.accounts import is_account
from deployer.appspec.findings import Findings, listed, section_items
from deployer.appspec.model import EVENT_SECONDS, AppSpec, FileMapping, Hook
from deployer.appspec.nodes import BLANKS, Mapping, Node, Scalar, given, is_void, ruby_text, shown, text_of
from deployer.appspec.paths import check_destination
from deployer.appspec.permissions import read_permissions
from deployer.rules import document as rules
from deployer.rules import files as file_rules
from deployer.rules import hooks as hook_rules
from deployer.text import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPTABLE = (
    "ApplicationStop",
    "BeforeInstall",
    "AfterInstall",
    "ApplicationStart",
    "ValidateService",
    "BeforeBlockTraffic",
    "AfterBlockTraffic",
    "BeforeAllowTraffic",
    "AfterAllowTraffic",
)
NEVER_RUN = {"Install": "AfterInstall", "DownloadBundle": "BeforeInstall"}
_RESERVED = {
    "Start": "BeforeInstall",
    "BlockTraffic": "BeforeBlockTraffic",
    "AllowTraffic": "BeforeAllowTraffic",
    "End": "ValidateService",
}
_KEYS = ("version", "os", "files", "permissions", "hooks", "file_exists_behavior")
_HOOK_KEYS = ("location", "timeout", "runas", "sudo")
_SYSTEMS = ("linux", "windows")
_BEHAVIORS = ("DISALLOW", "OVERWRITE", "RETAIN")
_SU_OPTION = re.compile(r"-[flmp]+|--(?:fast|login|preserve-environment)")
_OF_THE_SHELL = re.compile(r"[;&|<>()$`'\"\\#!*?~]")
_LEADING_DIGITS = re.compile(r"\s*([-+]?\d{1,18}(?:_\d{1,18})?)", re.ASCII)


def read(root: Mapping, findings: Findings) -> AppSpec:
    """Return the model of everything that can be understood; reports the rest."""
    findings.unknown_keys(root, _KEYS, "an AppSpec for instances")
    _check_version(root, findings)
    system = _system(root, findings)
    return AppSpec(
        path=findings.path,
        os=system,
        files=tuple(_files(root.get("files"), system, findings)),
        hooks=MappingProxyType(dict(_hooks(root.get("hooks"), system, findings))),
        permissions=tuple(read_permissions(root.get("permissions"), system, findings)),
        file_exists_behavior=_file_exists_behavior(root.get("file_exists_behavior"), findings),
    )


def _check_version(root: Mapping, findings: Findings) -> None:
    node = given(root.get("version"))
    if node is None:
        findings.add(rules.VERSION, root.get("version") or root, found="`version` is missing")
    elif not isinstance(node, Scalar):
        findings.add(rules.VERSION, node, found=f"`version` is {node.kind}")
    elif isinstance(node.value, str):
        findings.add(rules.VERSION, node, found=f'`version` is the text "{node.text}"')
    elif isinstance(node.value, bool) or node.value != 0:
        findings.add(rules.VERSION, node, found=f"`version` is {node.text}")


def _system(root: Mapping, findings: Findings) -> str:
    node = given(root.get("os"))
    text = text_of(node)
    if text in _SYSTEMS:
        return text
    guess = nearest(text or "", _SYSTEMS) or "linux"
    found = "`os` is missing" if node is None else f"`os` is {shown(node)}"
    findings.add(rules.OS, root.get("os") or root, found=found, nearest=guess)
    return guess


def _file_exists_behavior(node: Node | None, findings: Findings) -> str | None:
    text = text_of(node)
    if node is None or given(node) is None or text in _BEHAVIORS:
        return text
    value = shown(node)
    guess = nearest(value, _BEHAVIORS) or "DISALLOW"
    findings.add(rules.FILE_EXISTS_BEHAVIOR, node, value=value, nearest=guess)
    return None


def _files(node: Node | None, system: str, findings: Findings) -> Iterator[FileMapping]:
    for item in section_items(node, "files", findings):
        if not isinstance(item, Mapping):
            findings.add(file_rules.ITEM_TYPE, item, kind=item.kind)
            continue
        findings.unknown_keys(item, ("source", "destination"), "an item of `files`")
        source, destination = given(item.get("source")), given(item.get("destination"))
        if source is None:
            findings.add(file_rules.NO_SOURCE, item.get("source") or item)
        if destination is None:
            findings.add(file_rules.NO_DESTINATION, item.get("destination") or item)
        for key, value in (("source", source), ("destination", destination)):
            if value is not None and text_of(value) is None:
                findings.add(file_rules.NOT_TEXT, value, key=key, kind=value.kind, text=shown(value))
        target = text_of(destination)
        if destination is not None and target is not None:
            check_destination(target, destination, findings, windows=system == "windows")
        if isinstance(source, Scalar) and isinstance(destination, Scalar):
            yield FileMapping(
                ruby_text(source), ruby_text(destination), source.line, source.column, destination.line
            )


def _hooks(node: Node | None, system: str, findings: Findings) -> Iterator[tuple[str, tuple[Hook, ...]]]:
    node = given(node)
    if node is None:
        return
    if isinstance(node, Scalar) and is_void(node):
        findings.add(rules.STRICT_TYPE, node, key="hooks", kind=node.kind, expected="events and scripts")
        return
    if not isinstance(node, Mapping):
        expected = "lifecycle events and their scripts"
        advice = "Write the event as a key, `AfterInstall:`, and its scripts below it as a list."
        findings.add(
            rules.SECTION_TYPE, node, section="hooks", kind=node.kind, expected=expected, advice=advice
        )
        return
    for key, scripts in node.pairs:
        event = key.text if isinstance(key, Scalar) else key.kind
        if (
            event not in (*SCRIPTABLE, *NEVER_RUN)
            and isinstance(scripts, Scalar)
            and (scripts.value is None or is_void(scripts))
        ):
            findings.add(hook_rules.EVENT_EMPTY, key, event=event)
            continue
        _check_event(key, event, findings)
        yield event, tuple(_scripts(scripts, event, system, findings))


def _check_event(key: Node, event: str, findings: Findings) -> None:
    if event in SCRIPTABLE:
        return
    if event in NEVER_RUN:
        findings.add(hook_rules.NEVER_RUN, key, event=event, advice=f"Use {NEVER_RUN[event]} instead.")
    elif event in _RESERVED:
        advice = f"Use {_RESERVED[event]} instead."
        findings.add(hook_rules.RESERVED_EVENT, key, event=event, advice=advice)
    else:
        advice = did_you_mean(nearest(event, SCRIPTABLE), f"The events are {listed(SCRIPTABLE)}.")
        findings.add(hook_rules.UNKNOWN_EVENT, key, event=event, advice=advice)


def _scripts(node: Node, event: str, system: str, findings: Findings) -> Iterator[Hook]:
    total = 0
    for item in section_items(node, event, findings):
        hook = _hook(item, event, system, findings)
        if hook:
            total += hook.timeout or 0
            yield hook
    if total > EVENT_SECONDS:
        findings.add(hook_rules.TIMEOUT_SUM, node, event=event, total=total)


def _hook(item: Node, event: str, system: str, findings: Findings) -> Hook | None:
    if not isinstance(item, Mapping):
        findings.add(hook_rules.ITEM_TYPE, item, event=event, kind=item.kind)
        return None
    findings.unknown_keys(item, _HOOK_KEYS, "a script")
    sudo = given(item.get("sudo"))
    if sudo is not None and not (isinstance(sudo, Scalar) and sudo.text.lower() in {"true", "false"}):
        findings.add(rules.STRICT_TYPE, sudo, key="sudo", kind=shown(sudo), expected="true or false")
    timeout = _timeout(item.get("timeout"), findings)
    runas = _runas(item, system, findings)
    location = item.get("location")
    text = ruby_text(location).strip(BLANKS) if isinstance(location, Scalar) else ""
    if not text or not isinstance(location, Scalar):
        findings.add(hook_rules.NO_LOCATION, location or item, event=event)
        return None
    return Hook(text, timeout, runas, location.line, location.column)


def _timeout(node: Node | None, findings: Findings) -> int | None:
    """Return seconds as the agent reads them: text up to its first non-digit, fractions truncated."""
    node = given(node)
    if node is None:
        return None
    seconds = _seconds(node)
    text = shown(node)
    if seconds is None or seconds <= 0:
        findings.add(hook_rules.TIMEOUT, node, text=text)
        return None
    if not isinstance(node, Scalar) or type(node.value) is not int or text.lstrip("+") != str(seconds):
        findings.add(hook_rules.TIMEOUT_INTEGER, node, text=text, seconds=seconds)
    return seconds


def _seconds(node: Node) -> int | None:
    match node.value if isinstance(node, Scalar) else None:
        case str(text):
            match = _LEADING_DIGITS.match(text)
            return int(match[1]) if match else 0
        case False:
            return EVENT_SECONDS
        case int(number) | float(number) if not isinstance(number, bool) and isfinite(number):
            return int(number)
        case _:
            return None


def _runas(item: Mapping, system: str, findings: Findings) -> str | None:
    if system == "windows":
        for key in ("runas", "sudo"):
            node = given(item.get(key))
            if node is not None:
                findings.add(hook_rules.RUNAS_WINDOWS, node, key=key)
        return None
    node = given(item.get("runas"))
    if node is None:
        return None
    text = (text_of(node) or "").strip(BLANKS)
    if is_account(text) and not _OF_THE_SHELL.search(text):
        return text
    if text_of(node) is not None and not text:
        findings.add(hook_rules.RUNAS_EMPTY, node)
    elif _SU_OPTION.fullmatch(text):
        findings.add(hook_rules.RUNAS_OPTION, node, text=text)
    else:
        findings.add(hook_rules.RUNAS, node, text=text or shown(node))
    return None
