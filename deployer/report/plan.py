"""A plan as log lines, and as Markdown for a job's summary and a pull request's comment.

What matters most comes first: hooks and the AppSpec before files. Names come from bundles made elsewhere, so
all of them are escaped; in code, GitHub and GitLab take them for neither mentions nor references.
"""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from deployer.bundle.contents import EntryKind
from deployer.bundle.listing import Unknown
from deployer.plan.difference import Difference, Pair
from deployer.report.lines import running
from deployer.report.markdown import code, details, escape, facts, fenced, link, table
from deployer.text import counted, cut, first_few, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from deployer.bundle.listing import Listed
    from deployer.live.group import Safeguards
    from deployer.plan.appspec import HookChange
    from deployer.plan.model import GroupPlan, Plan


_MOST_BYTES = 60_000
"""GitHub takes 65,536 characters of a comment, GitLab 1,000,000."""

_MOST_LOGGED = 15
_LOGGED_HOOKS = 4
_LOGGED_DIFFERENCE = 6
_LOGGED_NAMES = 4
_LOGGED_MODES = 2
_LONGEST_LINE = 160
_LONGEST_NAME = 200
_HOOKS = 30
_DIFFERENCE = 100
_ROWS = 400
_TABLE_BYTES = 200  # of what is around the rows
_EVENTS = {
    "DEPLOYMENT_FAILURE": "on failure",
    "DEPLOYMENT_STOP_ON_ALARM": "on alarm",
    "DEPLOYMENT_STOP_ON_REQUEST": "when stopped",
}


def headline(plan: GroupPlan) -> str:
    """Return the sum of the changes: `1 hook changed, AppSpec changed, 3 files added (+1.2 kB)`."""
    files = plan.files if isinstance(plan.files, Difference) else Difference()
    if plan.first:
        new = [entry for entry in files.added if entry.kind is not EntryKind.FOLDER]
        total = sum(entry.size for entry in new)
        return "Nothing is live yet" + (
            f"; all {counted(len(new), 'file')} ({size(total)}) are new" if new else ""
        )
    parts = [
        *([f"{counted(len(plan.hooks), 'hook')} changed"] if plan.hooks else []),
        *(["AppSpec changed"] if plan.appspec and not isinstance(plan.appspec, Unknown) else []),
        *_sums(files),
        *([f"{counted(len(files.modes), 'mode')} changed"] if files.modes else []),
        *_not_compared(plan),
    ]
    if not parts:
        return "No difference from the live revision" if plan.changed else "Nothing changes"
    growth = f" ({'+' if files.growth >= 0 else '-'}{size(abs(files.growth))})" if files.growth else ""
    text = ", ".join(parts) + growth
    return text[0].upper() + text[1:]


def _sums(files: Difference) -> Iterator[str]:
    """Yield how many files, or else folders, come, change and go."""
    groups = (
        ("added", files.added),
        ("changed", tuple(pair.new for pair in files.changed)),
        ("removed", files.removed),
    )
    for what, entries in groups:
        count = sum(entry.kind is not EntryKind.FOLDER for entry in entries)
        if entries:
            yield f"{counted(count, 'file') if count else counted(len(entries), 'folder')} {what}"


def _not_compared(plan: GroupPlan) -> Iterator[str]:
    """Yield what could not be compared, and why, once for all with one reason."""
    if isinstance(plan.files, Unknown):
        yield f"files not compared, because {plan.files.reason}"
    elif isinstance(plan.appspec, Unknown):
        yield f"AppSpec not compared, because {plan.appspec.reason}"


def lines(plan: Plan, *, alone: bool) -> list[str]:
    """Return the lines of the log, at most 15; if the plan stands `alone`, with what is live."""
    shown = plan.groups[: _MOST_LOGGED if len(plan.groups) <= _MOST_LOGGED else _MOST_LOGGED - 1]
    room = _MOST_LOGGED // max(1, len(shown))
    found = list(chain.from_iterable(_group_lines(group, plan, room, alone=alone) for group in shown))
    if more := len(plan.groups) - len(shown):
        found.append(f"And {counted(more, 'more group')}")
    return found


def _group_lines(plan: GroupPlan, whole: Plan, room: int, *, alone: bool) -> Iterator[str]:
    """Yield the lines about a group, at most `room`."""
    yield f"{plan.group.name}: {headline(plan)}"
    found = [*([_replaced(plan, whole)] if alone else []), *_details(plan)]
    shown = found if len(found) < room else found[: max(0, room - 2)]
    for text in shown:
        yield f"  {text}"
    if len(shown) < len(found) and room > 1:
        yield f"  and {counted(len(found) - len(shown), 'more line')} in the job's summary"


def _replaced(plan: GroupPlan, whole: Plan) -> str:
    link_ = f", {plan.compare_url}" if plan.compare_url else ""
    return f"Live: {running(plan.group, now=whole.at)} → {whole.origin.label or 'this revision'}{link_}"


def _details(plan: GroupPlan) -> Iterator[str]:
    """Yield the details for the log, the riskiest first."""
    return (cut(text, _LONGEST_LINE) for text in _all_details(plan))


def _all_details(plan: GroupPlan) -> Iterator[str]:
    yield from map(_hook, plan.hooks[:_LOGGED_HOOKS])
    if len(plan.hooks) > _LOGGED_HOOKS:
        yield f"and {counted(len(plan.hooks) - _LOGGED_HOOKS, 'more hook')}"
    yield from _logged_difference(plan)
    yield from plan.notes
    files = plan.files if isinstance(plan.files, Difference) and not plan.first else Difference()
    for pair in files.modes[:_LOGGED_MODES]:
        yield f"Mode of {pair.new.name}: {_modes(pair)}"
    changed = tuple(pair.new for pair in files.changed)
    for what, entries in (("Removed", files.removed), ("Changed", changed), ("Added", files.added)):
        if names := [entry.name for entry in _largest(entries) if entry.kind is not EntryKind.FOLDER]:
            yield f"{what}: {first_few(names, _LOGGED_NAMES)}"
    if plan.safeguards:
        yield ", ".join(text for _, text in _safeguards(plan.safeguards))


def _logged_difference(plan: GroupPlan) -> Iterator[str]:
    """Yield the lines of the AppSpec that come and go."""
    if plan.appspec is None or isinstance(plan.appspec, Unknown):
        return
    changes = [line for line in plan.appspec.lines if line.startswith(("+", "-"))]
    if not changes:
        yield "The AppSpec differs in line ends only"
    for line in changes[:_LOGGED_DIFFERENCE]:
        yield f"AppSpec {line}"
    if len(changes) > _LOGGED_DIFFERENCE:
        yield f"and {counted(len(changes) - _LOGGED_DIFFERENCE, 'more line')} of the AppSpec"


def _hook(change: HookChange) -> str:
    """Return what happens to a hook: `ApplicationStart scripts/start.sh changed, 120 B → 134 B`."""
    later = "; takes effect with the next deployment" if change.takes_effect_later else ""
    return f"{change.event} {change.script} {change.kind}{_hook_file(change)}{later}"


def _hook_file(change: HookChange) -> str:
    if change.file is None:
        return ""
    old, new = change.file
    mode = f", mode {_modes(change.file)}" if old.mode != new.mode else ""
    return f", {_sizes(change.file)}{mode}"


def _sizes(pair: Pair) -> str:
    before, after = size(pair.old.size), size(pair.new.size)
    return after if before == after else f"{before} → {after}"


def _modes(pair: Pair) -> str:
    return f"{pair.old.mode:04o} → {pair.new.mode:04o}"


def _largest(entries: Iterable[Listed]) -> list[Listed]:
    return sorted(entries, key=lambda entry: -entry.size)


def _instances(plan: GroupPlan) -> Iterator[tuple[str, str]]:
    """Yield how many instances are deployed to, if that is known; the log says so before the plan."""
    if plan.group.instances:
        yield "Instances", f"{plan.group.instances:,}"


def _safeguards(safeguards: Safeguards) -> Iterator[tuple[str, str]]:
    """Yield names and values of what holds back a deployment that goes wrong."""
    if safeguards.configuration:
        yield "Deployment configuration", safeguards.configuration
    events = [_EVENTS.get(event, event) for event in safeguards.rollback]
    yield "Rollback", f"rolls back {' and '.join(events)}" if events else "no automatic rollback"
    yield "Alarms", f"alarms {first_few(safeguards.alarms)}" if safeguards.alarms else "no alarms"


def markdown(plan: Plan) -> str:
    """Return the plan for a comment on a pull request, at most 60 kB."""
    room = _MOST_BYTES // max(1, len(plan.groups))
    parts = chain.from_iterable(_comment(group, plan, room) for group in plan.groups)
    return "\n\n".join(_fitting(parts, _MOST_BYTES))


def folded(plan: GroupPlan, whole: Plan) -> str:
    """Return the plan of a group for the summary, folded under its headline."""
    return details(f"Plan: {escape(headline(plan))}", *_parts(plan, whole, _MOST_BYTES))


def _comment(plan: GroupPlan, whole: Plan, room: int) -> list[str]:
    """Return the plan of a group with its title, in at most so many bytes."""
    title = f"### Plan: {escape(plan.group.application)} → {escape(plan.group.name)}"
    head = list(_fitting([title, f"**{escape(headline(plan))}**"], room))
    return [*head, *_parts(plan, whole, room - _size(head))]


def _parts(plan: GroupPlan, whole: Plan, room: int) -> list[str]:
    """Return the plan of a group without its headline, in at most so many bytes, the riskiest first."""
    parts = list(_fitting(filter(None, _head(plan, whole)), room))
    if isinstance(plan.files, Difference):
        parts += _fitting(_files(plan.files, room - _size(parts)), room - _size(parts))
    return parts


def _size(parts: Iterable[str]) -> int:
    """Return the bytes of parts with the blank lines between them."""
    return sum(len(part.encode(errors="surrogatepass")) + 2 for part in parts)


def _fitting(parts: Iterable[str], room: int) -> Iterator[str]:
    """Yield the parts up to the first that there is no room for."""
    for part in parts:
        room -= _size([part])
        if room < 0:
            return
        yield part


def _head(plan: GroupPlan, whole: Plan) -> Iterator[str]:
    """Yield everything but the files; some of it empty."""
    changes = f" ({link('changes', plan.compare_url)})" if plan.compare_url else ""
    label = whole.origin.label or "this revision"
    yield f"Live: {escape(running(plan.group, now=whole.at))} → {escape(label)}{changes}"
    yield from map(escape, plan.notes)
    yield table(("Event", "Hook", "Change"), map(_hook_row, plan.hooks[:_HOOKS]))
    if len(plan.hooks) > _HOOKS:
        yield f"… and {counted(len(plan.hooks) - _HOOKS, 'more hook')}."
    yield from _appspec(plan)
    if plan.safeguards:
        yield facts((name, escape(text)) for name, text in (*_instances(plan), *_safeguards(plan.safeguards)))


def _hook_row(change: HookChange) -> tuple[str, str, str]:
    later = "; takes effect with the next deployment" if change.takes_effect_later else ""
    return code(change.event), code(change.script), escape(f"{change.kind}{_hook_file(change)}{later}")


def _appspec(plan: GroupPlan) -> Iterator[str]:
    if plan.appspec is None or isinstance(plan.appspec, Unknown):
        return
    shown = [cut(line, _LONGEST_LINE) for line in plan.appspec.lines[:_DIFFERENCE]]
    if not shown:
        yield "The AppSpec differs in line ends only."
        return
    if more := len(plan.appspec.lines) - len(shown):
        shown.append(f"… and {counted(more, 'more line')}")
    yield details("AppSpec", fenced(shown, "diff"), shown=True)


def _files(files: Difference, room: int) -> Iterator[str]:
    """Yield the table of the files that fit, the largest of each kind of change first."""
    left, shown = room - _TABLE_BYTES, []
    for row in islice(_rows(files), _ROWS):
        left -= len(" | ".join(row).encode(errors="surrogatepass")) + 5
        if left < 0:
            break
        shown.append(row)
    if shown:
        names = {entry.name for entry in (*files.added, *files.removed)}
        names |= {pair.new.name for pair in (*files.changed, *files.modes)}
        rest = [f"… and {len(names) - len(shown):,} more."] if len(names) > len(shown) else []
        yield details(f"Files ({len(names):,})", table(("Change", "Name", "Size", "Mode"), shown), *rest)


def _rows(files: Difference) -> Iterator[tuple[str, str, str, str]]:
    """Yield the rows of the table of files: the change, the name, and sizes and modes where they change."""
    changed = {pair.new.name for pair in files.changed}
    for old, new in sorted(files.changed, key=lambda pair: -pair.new.size):
        modes = _modes(Pair(old, new)) if old.mode != new.mode else ""
        yield "changed", code(_shown(new)), _sizes(Pair(old, new)), modes
    for pair in files.modes:
        if pair.new.name not in changed:
            yield "mode", code(_shown(pair.new)), "", _modes(pair)
    for what, entries in (("added", files.added), ("removed", files.removed)):
        for entry in _largest(entries):
            folder = entry.kind is EntryKind.FOLDER
            yield what, code(_shown(entry)), "" if folder else size(entry.size), f"{entry.mode:04o}"


def _shown(entry: Listed) -> str:
    return cut(entry.name, _LONGEST_NAME) + ("/" if entry.kind is EntryKind.FOLDER else "")
