"""Pure: the event Install as the agent carries it out, as scripts for a shell in the container.

The agent first works out all instructions, looking at the instance, and then follows them. So does this: a
script walks over the sources and says what is where, its listing becomes the instructions, and a second
script follows them. Decisions are made here; the shell only looks, copies and sets.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from deployer.preflight.permissions import pattern_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from deployer.appspec.model import AppSpec, Permission

_MOST_NAMES: Final = 200
"""Names in one command: all of them together have to fit into the kernel's limit for arguments."""

_WALK: Final = r"""
say() { printf '%s\0' "$@"; }
ancestors() {
  case $1 in */*) set -- "${1%/*}" ;; *) return ;; esac
  if [ -z "$1" ] || [ -e "$1" ]; then return; fi
  ancestors "$1"
  say folder "$1" '' ''
}
file() {
  found=
  if [ -L "$1" ]; then found=link; fi
  if [ -e "$2" ]; then found=$found-there; elif [ -L "$2" ]; then found=$found-dangling; fi
  say file "$2" "$1" "$found"
}
folder() {
  if [ ! -d "$2" ]; then say folder "$2" '' ''; fi
  for name in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    if [ -d "$name" ]; then
      folder "$name" "$2/${name##*/}"
    elif [ -e "$name" ] || [ -L "$name" ]; then
      file "$name" "$2/${name##*/}"
    fi
  done
}
mapping() {
  if [ -d "$1" ]; then ancestors "$2"; folder "$1" "$2"
  else ancestors "$2/${1##*/}"; file "$1" "${2%/}/${1##*/}"; fi
}
object() { if [ -d "$1" ]; then say object "$1" '' ''; fi; }
"""

_PROBE: Final = r"""
probe=/opt/codedeploy-agent/.acl
: >"$probe"
setfacl -m u:0:r "$probe" 2>/dev/null || say without acl '' ''
rm -f "$probe"
"""

_FOLLOW: Final = """
end() { printf '%s' "$1"; exit 1; }
"""

_CLEAN: Final = """
clean() { for name; do if [ -L "$name" ] || [ ! -d "$name" ]; then rm -f -- "$name"; fi; done; }
"""


class Refusal(Exception):
    """The words with which the agent gives up an installation."""


@dataclass(frozen=True, slots=True)
class Found:
    """The walk's findings: folders to make, files as destination → source, and objects that are folders.

    `links` are the destinations of sources that are links, `there` those where a file is already, and
    `dangling` those where a link to nothing is. `without_acls` tells that the container can set none.
    """

    folders: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    links: frozenset[str]
    there: frozenset[str]
    dangling: frozenset[str]
    objects: frozenset[str]
    without_acls: bool = False


@dataclass(slots=True)
class Instructions:
    """The instructions for one deployment; `notes` tell what a container cannot show.

    `folders` are keys in their order, because each of many files is looked up among them.
    """

    folders: dict[str, None] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    links: set[str] = field(default_factory=set)
    permissions: list[tuple[Permission, list[str]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def installed(self) -> list[str]:
        """The paths that the next deployment cleans up, in the order in which they are made."""
        return [*self.folders, *self.files]


def walk(appspec: AppSpec, archive: str) -> bytes:
    """Return the script that looks at the sources and at where they go; `archive` is the unpacked bundle."""
    lines = [_WALK]
    for mapping in appspec.files:
        source = posixpath.join(archive, mapping.source.strip("/")) if mapping.source.strip("/") else archive
        lines.append(f"mapping {quoted(source)} {quoted(_absolute(mapping.destination))}")
    lines += [f"object {quoted(_absolute(permission.object))}" for permission in appspec.permissions]
    lines += [_PROBE] if any(permission.acls for permission in appspec.permissions) else []
    return _script(lines)


def found(listing: bytes) -> Found:
    """Read the walk's output."""
    fields = listing.decode(errors="surrogateescape").split("\0")
    folders: list[str] = []
    files: list[tuple[str, str]] = []
    objects: set[str] = set()
    without_acls = False
    states: dict[str, set[str]] = {"link": set(), "there": set(), "dangling": set()}
    for kind, path, source, state in zip(*(iter(fields),) * 4, strict=False):
        match kind:
            case "folder":
                folders.append(_plain(path))
            case "object":
                objects.add(_plain(path))
            case "without":
                without_acls = True
            case "file":
                files.append((_plain(path), source))
                for word in states.keys() & state.split("-"):
                    states[word].add(_plain(path))
    return Found(
        folders=tuple(folders),
        files=tuple(files),
        links=frozenset(states["link"]),
        there=frozenset(states["there"]),
        dangling=frozenset(states["dangling"]),
        objects=frozenset(objects),
        without_acls=without_acls,
    )


def instructions(appspec: AppSpec, at: Found, *, behavior: str) -> Instructions:
    """Return what the agent would do; raises Refusal with its words where it would do nothing.

    `behavior` holds for files that exist where the AppSpec says nothing.
    """
    behavior = appspec.file_exists_behavior or behavior
    plan = Instructions(folders=dict.fromkeys(at.folders))
    for path, source in at.files:
        if path in at.there and behavior == "DISALLOW":
            raise Refusal(f"The specified file already exists at this location: {path}")
        if path in at.there and behavior == "RETAIN":
            continue
        _add(path, source, plan)
        if path in at.links:
            if path in at.there or path in at.dangling:
                raise Refusal(f"File exists @ rb_file_s_symlink - {path}")
            plan.links.add(path)
    _set_permissions(appspec, at, plan)
    return plan


def _add(path: str, source: str, plan: Instructions) -> None:
    if path in plan.files:
        other = plan.files[path]
        raise Refusal(f"The sources {source} and {other} have the same destination ({path}).")
    if path in plan.folders:
        raise Refusal(
            f"The AppSpec installs the file {source}, but a folder already exists at the location ({path})."
        )
    plan.files[path] = source


def _set_permissions(appspec: AppSpec, at: Found, plan: Instructions) -> None:
    touched: set[str] = set()
    for permission in appspec.permissions:
        path = _absolute(permission.object)
        paths = _meant(permission, path, at, plan)
        if not paths:
            continue
        if permission.faults:
            raise Refusal(permission.faults[0].message)
        if permission.default_acl and any(each in plan.files for each in paths):
            raise Refusal(f"The permissions of {path} in the AppSpec set a default acl on a file.")
        for twice in touched.intersection(paths):
            raise Refusal(f"The permissions setting for ({twice}) is specified more than once.")
        touched.update(paths)
        if permission.acls and at.without_acls:
            plan.notes.append(
                f"The acls of {path} were not set: the image has no setfacl, or no place for them."
            )
            permission = replace(permission, acls=())  # noqa: PLW2901 - all of it but that
        if permission.context:
            plan.notes.append(f"The SELinux context of {path} was not set: a container has no policy.")
        plan.permissions.append((permission, paths))


def _meant(permission: Permission, path: str, at: Found, plan: Instructions) -> list[str]:
    """Return the paths that permissions are set on: a file itself, or what is below a folder."""
    if path in plan.files:
        if "file" not in permission.types:
            return []
        _check_file(permission)
        return [path]
    return list(_matches(permission, path, plan)) if path in at.objects or path in plan.folders else []


def _check_file(permission: Permission) -> None:
    for key, given in (("pattern", permission.pattern != "**"), ("except", permission.exceptions)):
        if given:
            raise Refusal(f"The permissions of the file {permission.object} in the AppSpec have {key}.")


def _matches(permission: Permission, path: str, plan: Instructions) -> Iterator[str]:
    """Yield what the deployment makes below an object, as far as its pattern means it."""
    wanted = None if permission.pattern == "**" else pattern_of((permission.pattern,))
    unwanted = pattern_of(permission.exceptions)
    start = path.rstrip("/") + "/"
    for kind, paths in (("file", plan.files), ("directory", plan.folders)):
        for each in paths if kind in permission.types else ():
            name = each.removeprefix(start)
            if (
                each.startswith(start)
                and (wanted is None or wanted.fullmatch(name))
                and not unwanted.fullmatch(name)
            ):
                yield each


def follow(plan: Instructions) -> tuple[bytes, list[tuple[str, str]]]:
    """Return the script that follows the instructions, and for each of its steps Ruby's word and a path.

    It prints the number of a step that fails. Files of one folder are copied by one command.
    """
    lines: list[str] = [_FOLLOW]
    steps: list[tuple[str, str]] = []

    def step(command: str, operation: str, path: str) -> None:
        lines.append(f"{command} || end {len(steps)}")
        steps.append((operation, path))

    for path in plan.folders:
        step(f"mkdir -- {quoted(path)}", "dir_s_mkdir", path)
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for path, source in plan.files.items():
        groups[posixpath.dirname(path)].append(source)
    for folder, sources in groups.items():
        target = quoted(folder.rstrip("/") + "/.")
        for names in _batches(sources):
            step(f"cp -p -P -- {names} {target}", "rb_sysopen", folder)
    for permission, paths in plan.permissions:
        for names in _batches(paths):
            for command, operation in _settings(permission, names):
                step(command, operation, paths[0])
    return _script(lines), steps


def _settings(permission: Permission, names: str) -> Iterator[tuple[str, str]]:
    """Yield the commands for some paths, in the agent's order, each with Ruby's word for what fails."""
    if permission.mode:
        yield f"chmod {permission.mode} -- {names}", "apply2files"
    if permission.acls:
        entries = quoted(",".join(permission.acls))
        yield f"setfacl -m {entries} -- {names}", "setfacl"
    if permission.owner or permission.group:
        owner = f"{permission.owner or ''}{f':{permission.group}' if permission.group else ''}"
        yield f"chown {quoted(owner)} {names}", "chown"


def failure(step: tuple[str, str], said: str) -> str:
    """Return the agent's words for a step that failed; `said` is what the command had to say."""
    operation, path = step
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "")
    if name := re.search(r"(?:invalid|unknown) (user|group):? \W*([\w.-]*)(?::([\w.-]+))?", last):
        return f"can't find {name[1]} for {(name[1] == 'group' and name[3]) or name[2]}"
    if operation == "setfacl":
        return f"The acls that the AppSpec sets cannot be set on {path}: {last}"
    named = re.findall(r"'(/[^']+)'", last)
    return f"{last.rpartition(': ')[2] or 'failed'} @ {operation} - {named[-1] if named else path}"


def clean(installed: Sequence[str]) -> bytes:
    """Return the script that removes what a deployment installed, but folders that are not empty."""
    newest = list(reversed(installed))
    lines = [_CLEAN]
    for names in _batches(newest):
        lines += [f"clean {names}", f"rmdir -- {names} 2>/dev/null || :"]
    return _script(lines)


def quoted(text: str) -> str:
    """Return text as one word of a shell, whatever is in it."""
    return "'" + text.replace("'", "'\\''") + "'"


def _batches(paths: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(paths), _MOST_NAMES):
        yield " ".join(map(quoted, paths[start : start + _MOST_NAMES]))


def _script(lines: Iterable[str]) -> bytes:
    return "\n".join([*lines, ""]).encode(errors="surrogateescape")


def _absolute(text: str) -> str:
    """Return a destination or object as an absolute path: the agent's folder is /, its home /root."""
    text = re.sub(r"^~(?=/|$)", "/root", text)
    return _plain(f"/{text}")


def _plain(path: str) -> str:
    return "/" + posixpath.normpath(f"/{path}").lstrip("/")
