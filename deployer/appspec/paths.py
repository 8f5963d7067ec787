"""Paths of an AppSpec: in the bundle, and on the instance."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from deployer.rules import files as rules

if TYPE_CHECKING:
    from deployer.appspec.findings import Findings, Placed

_DRIVE = re.compile(r"[A-Za-z]:(?=[\\/]|$)")


def in_bundle(text: str, *, windows: bool = False) -> str | None:
    """A source or location as a name of the bundle; empty for its root, None when it leaves the bundle.

    The agent joins the text to the bundle's folder, so a leading slash means the bundle's root.
    """
    if windows:
        text = text.replace("\\", "/")
    normal = posixpath.normpath(text.strip("/")) if text.strip("/") else "."
    if normal == ".." or normal.startswith("../"):
        return None
    return "" if normal == "." else normal


def on_instance(text: str, *, windows: bool = False) -> str:
    """A destination or object as the absolute path that it comes to; relative ones start at `/`."""
    if windows:
        text = text.replace("\\", "/").lower()
    return "/" + posixpath.normpath("/" + text).lstrip("/")


def check_destination(text: str, where: Placed, findings: Findings, *, windows: bool) -> None:
    """Report a destination that fails, or that is taken more literally than it reads."""
    if not text or text.startswith("~") or "\0" in text:
        why = (
            "is empty"
            if not text
            else "starts with `~`, which is no home folder here"
            if text.startswith("~")
            else "contains a zero byte"
        )
        findings.add(rules.DESTINATION, where, destination=text, why=why)
        return
    absolute = text.startswith("/") or (windows and (text.startswith("\\") or _DRIVE.match(text)))
    if variable := re.search(r"\$\w+|\$\{.*?\}|%\w+%", text):
        why, advice = f"contains {variable[0]}, and variables are not replaced", "Write the path out."
    elif not absolute:
        why, advice = "is relative", f"Write {on_instance(text)}, if that is what you mean."
    elif text != text.strip():
        why, advice = "has blanks at its ends, which become part of the name", "Remove them."
    elif wildcard := re.search(r"[*?\[]", text):
        why, advice = f"contains {wildcard[0]!r}, and wildcards are not resolved", "Write the path out."
    else:
        return
    findings.add(rules.DESTINATION_LITERAL, where, destination=text, why=why, advice=advice)
