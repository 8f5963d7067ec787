"""Two AppSpecs → the lines that differ, and the hooks that will run other scripts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from deployer.appspec.paths import in_bundle
from deployer.deployment.places import PREVIOUS_REVISION_EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.appspec.model import AppSpec
    from deployer.plan.difference import Difference, Pair

MOST_BYTES = 64 << 10
"""Bytes of an AppSpec that is compared by lines, which takes time by the square of their number."""

_MOST_LINES = 1_000


@dataclass(frozen=True, slots=True)
class TextDifference:
    """The lines of a unified difference without its head; none where only line ends or odd bytes differ."""

    lines: tuple[str, ...]


def text_difference(old: bytes, new: bytes) -> TextDifference | None:
    """Return how one text becomes the other; None if they are too large to be compared."""
    import difflib  # most AppSpecs stay as they are

    before, after = (text.decode(errors="replace").splitlines() for text in (old, new))
    if max(len(old), len(new)) > MOST_BYTES or max(len(before), len(after)) > _MOST_LINES:
        return None
    _, _, *lines = [*difflib.unified_diff(before, after, lineterm="")] or ("", "")
    return TextDifference(tuple(lines))


class HookChangeKind(StrEnum):
    """The kinds of changes to a hook."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class HookChange:
    """A hook that comes, goes, or runs a file with other content or another mode.

    `script` is its location as written; `file` is the file that changes, None for a hook that comes or goes.
    """

    event: str
    script: str
    kind: HookChangeKind
    file: Pair | None = None

    @property
    def takes_effect_later(self) -> bool:
        """Return whether this deployment still runs the hook of the live revision."""
        return self.event in PREVIOUS_REVISION_EVENTS


def hook_changes(old: AppSpec | None, new: AppSpec | None, files: Difference) -> tuple[HookChange, ...]:
    """Return the changes of hooks in the order of the new AppSpec, those that go last.

    Without the old AppSpec only the scripts can be compared, and without the new one nothing.
    """
    return tuple(_hook_changes(old, new, files)) if new else ()


def _hook_changes(old: AppSpec | None, new: AppSpec, files: Difference) -> Iterator[HookChange]:
    before, after = (dict.fromkeys(_hooks(each)) if each else {} for each in (old, new))
    touched = files.touched
    for event, script in after:
        name = in_bundle(script, windows=new.os == "windows")
        if old and (event, script) not in before:
            yield HookChange(event, script, HookChangeKind.ADDED)
        elif name and (file := touched.get(name)):
            yield HookChange(event, script, HookChangeKind.CHANGED, file)
    for event, script in before:
        if (event, script) not in after:
            yield HookChange(event, script, HookChangeKind.REMOVED)


def _hooks(appspec: AppSpec) -> Iterator[tuple[str, str]]:
    for event, hooks in appspec.hooks.items():
        for hook in hooks:
            yield event, hook.location
