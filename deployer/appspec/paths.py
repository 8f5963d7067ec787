"""Paths of an AppSpec: in the bundle, and on the instance."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from deployer.appspec.nodes import BLANKS
from deployer.appspec.template import PLACEHOLDER, variable
from deployer.choices import APPSPEC
from deployer.rules import files as rules

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from deployer.appspec.findings import Findings, Placed

# Folders that are on every Linux instance, so the agent never creates them.
STANDARD_FOLDERS = frozenset(
    {
        *("/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/media", "/mnt", "/opt", "/proc"),
        *("/root", "/run", "/sbin", "/srv", "/sys", "/usr", "/usr/bin", "/usr/lib", "/usr/local"),
        *("/usr/local/bin", "/usr/local/lib", "/usr/local/share", "/usr/sbin", "/usr/share", "/var"),
        *("/var/cache", "/var/lib", "/var/log", "/var/opt", "/var/spool", "/etc/cron.d"),
        *("/etc/systemd", "/etc/systemd/system", "/etc/logrotate.d", "/etc/default"),
    }
)
WRITE_OUT = "Write it out, or write `<NAME>` and give its value in the input `appspec-variables`."
"""Advice about a variable that nothing replaces."""

_DRIVE = re.compile(r"[A-Za-z]:(?=[\\/]|$)")


def stripped_folder(names: Collection[str]) -> str:
    """Return the one folder at the top of a bundle with these names that the agent strips, with its slash.

    Empty if it strips none: it does where nothing is beside the folder, and an AppSpec is directly in it.
    """
    tops = {name.partition("/")[0] for name in names}
    if len(tops) != 1:
        return ""
    prefix = f"{tops.pop()}/"
    return prefix if f"{prefix}{APPSPEC}" in names else ""


def in_bundle(text: str, *, windows: bool = False) -> str | None:
    """Resolve a source or location to a name in the bundle; empty for its root, None outside the bundle.

    The agent joins the text to the bundle's folder, so a leading slash means the bundle's root.
    """
    if windows:
        text = text.replace("\\", "/")
    normal = posixpath.normpath(text.strip("/")) if text.strip("/") else "."
    if normal == ".." or normal.startswith("../"):
        return None
    return "" if normal == "." else normal


def as_folder(text: str) -> bool:
    """Tell whether a path can only lead to a folder, as Linux sees it: `a/` and `a/.` never find a file."""
    return text.endswith(("/", "/."))


def on_instance(text: str, *, windows: bool = False) -> str:
    """Resolve a destination or object to an absolute path; relative ones start at `/`."""
    if windows:
        text = text.replace("\\", "/").lower()
    return "/" + posixpath.normpath("/" + text).lstrip("/")


def _fault(text: str) -> str:
    """Say why a destination fails, empty when it does not."""
    if not text or re.match(r"~(root)?(/|$)", text):
        return "starts with `~`, which is not a home folder here" if text else "is empty"
    if "\0" in text:
        return "contains a zero byte"
    if "\n" in text or "\r" in text:
        return "contains a line end, which the agent's cleanup at the next deployment cannot handle"
    if text[0] in BLANKS:
        return "starts with a blank, so it is a relative path that the next deployment cannot clean up"
    parts = text.split("/")
    new = next((part for part in _before_parents(parts) if part not in STANDARD_FOLDERS), "")
    return f"leaves {new} with `..`, which fails where that folder does not exist yet" if new else ""


def _before_parents(parts: list[str]) -> Iterator[str]:
    """Yield the folders that a path enters and leaves with `..`."""
    for index, part in enumerate(parts):
        if part == "..":
            yield on_instance("/".join(parts[:index]))


def check_destination(text: str, where: Placed, findings: Findings, *, windows: bool) -> None:
    """Report a destination that fails, or that is taken more literally than it reads."""
    if why := _fault(text):
        findings.add(rules.DESTINATION, where, destination=text, why=why)
        return
    absolute = text.startswith("/") or (windows and (text.startswith("\\") or _DRIVE.match(text)))
    if found := variable(text):
        why, advice = f"contains {found}, and variables are not replaced", WRITE_OUT
    elif placeholder := PLACEHOLDER.search(text):
        why, advice = f"contains {placeholder[0]}, which nothing replaces", WRITE_OUT
    elif text.startswith("~"):
        why = "starts with a user's home folder, which the agent tries to create, and fails where it exists"
        advice = "Write the path out."
    elif not absolute:
        why, advice = "is relative", f"Write {on_instance(text)}, if that is what you mean."
    elif text.startswith("//") and not windows:
        why = "starts with several slashes, which the agent keeps, so that `permissions` do not find it"
        advice = f"Write {on_instance(text)}."
    elif text != text.strip():
        why, advice = "has blanks at its ends, which become part of the name", "Remove them."
    elif wildcard := re.search(r"[*?\[]", text):
        why, advice = f"contains {wildcard[0]!r}, and wildcards are not resolved", "Write the path out."
    else:
        return
    findings.add(rules.DESTINATION_LITERAL, where, destination=text, why=why, advice=advice)
