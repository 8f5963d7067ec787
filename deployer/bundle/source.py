"""The folder to package: where it may be, and where people look when it lacks something."""

from __future__ import annotations

import os
import re
import shlex
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deployer.choices import APPSPEC
from deployer.errors import InvalidInput
from deployer.folders import checkout_of, home
from deployer.rules import bundle as bundle_rules
from deployer.rules import document as document_rules
from deployer.rules import tree as rules
from deployer.text import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from deployer.bundle.contents import Exclusion
    from deployer.errors import Problem


_NOT_BUILT: Final = "Was it built or downloaded by an earlier step?"
_CHECKOUT: Final = "The checkout step is missing: add `- uses: actions/checkout@v4` before this step."
_MOUNT: Final = (
    "Start in the folder of your project; with Docker, mount it: "
    '`docker run --volume "$PWD:/workspace:ro" --workdir /workspace …`.'
)
_ALIKE: Final = re.compile(r"appspec[\w.-]*\.(?:ya?ml|json)", re.IGNORECASE)
_ELSEWHERE: Final = frozenset({"node_modules", "vendor", "venv", "target"})
_DEEPEST: Final = 5
_MOST_FOLDERS: Final = 2000


def usable_source(given: Path, repository: Path) -> tuple[Path, Path]:
    """Return the source and the repository as real absolute paths.

    Links on the way to the repository are followed. Raises InvalidInput when the source does not exist, is
    outside of the repository, or is given through a link in it.
    """
    above, repository = repository, Path(os.path.realpath(repository))
    source = Path(os.path.realpath(repository / given))
    if source == Path("/"):
        why, hint = "is /, the root of the whole file system", _MOUNT
    elif not source.is_relative_to(repository):
        why = f"is {source}, which is outside the workspace {repository}"
        hint = "Build or copy the files to deploy into the workspace, and give the path relative to it."
    elif not source.exists():
        why = f"does not exist in {repository}"
        hint = _nearest_folder(given, repository) if _holds_anything(repository) else _CHECKOUT
    elif link := _link_to(above / given, repository):
        why = f"goes through the link `{link}`, whose target may change at any time"
        hint = f"Write `source: {source.relative_to(repository)}` instead, the same path without the link."
    else:
        return source, repository
    raise InvalidInput(rules.SOURCE.problem(None, given=given, why=why, advice=hint))


def _link_to(path: Path, repository: Path) -> Path | None:
    """Return the first link in the repository, a real path, that the way to `path` goes through."""
    place = Path("/")
    for name in Path.cwd().joinpath(path).parts:
        step = place / name
        if place.is_relative_to(repository) and step.is_symlink():
            return step.relative_to(repository)
        place = Path(os.path.realpath(step))
    return None


def _holds_anything(folder: Path) -> bool:
    return any(path.name != ".git" for path in folder.iterdir()) if folder.is_dir() else False


def _nearest_folder(given: Path, repository: Path) -> str:
    near = nearest(given.name, [path.name for path in repository.iterdir()])
    return did_you_mean(near and f"`{near}`", _NOT_BUILT)


def reject_home(source: Path, *, given: Path, appspec: Path | None) -> None:
    """Raise InvalidInput for the home folder, which is never meant where it has no AppSpec."""
    if appspec is None and source == home():
        why = f"is the home folder {source}, and has no AppSpec"
        raise InvalidInput(rules.SOURCE.problem(None, given=given, why=why, advice=_MOUNT))


def no_appspec(
    appspec: str, names: Collection[str], exclusions: Sequence[Exclusion], *, source: Path, repository: Path
) -> Problem:
    """Return the problem of a missing AppSpec, explained by where there is one.

    `names` are those in the source, `exclusions` what patterns left out of it. Besides these, the checkout
    is searched of which the workspace is a part.
    """
    where = source.relative_to(repository).as_posix()
    if not names and exclusions:
        why = f"the patterns exclude everything in the source `{where}`"
        advice = f"Look at `{exclusions[0].pattern}` in {exclusions[0].location.path}."
        return bundle_rules.EMPTY.problem(None, why=why, advice=advice)
    if not names:
        advice = _CHECKOUT if source == repository else _NOT_BUILT
        return bundle_rules.EMPTY.problem(None, why=f"the source `{where}` is empty", advice=advice)
    found, advice = _whereabouts(appspec, names, source, repository)
    return document_rules.MISSING.problem(
        None, name=appspec, whole=f"source `{where}`", found=found, advice=advice
    )


def _whereabouts(appspec: str, names: Collection[str], source: Path, repository: Path) -> tuple[str, str]:
    """Return the place outside of the source where there is an AppSpec, and advice on the inputs."""
    for folder in (source, repository):
        path = Path(os.path.realpath(folder / appspec))
        if path.is_file():  # and not in the repository, or it would have been taken
            return _outside(path, source, repository)
    inside = [name for name in names if _ALIKE.fullmatch(name.rpartition("/")[2])]
    if name := _first(inside):
        return "", _inside(name, source.relative_to(repository))
    checkout = checkout_of(repository)
    if checkout == home():
        checkout = repository
    if name := _first(_appspecs_in(checkout)):
        path = checkout / name
        if not path.is_relative_to(repository):
            return _outside(path, source, repository)
        name = path.relative_to(repository).as_posix()
        return f"; the workspace has `{name}`", (
            f"Write `appspec: {name}` to deploy the source with it, or `source: {Path(name).parent}` to "
            "deploy the folder that it is in."
        )
    return "", document_rules.ADD_APPSPEC


def _first(names: Collection[str]) -> str:
    """Return the name that is nearest to the root, and of these the one that the agent reads."""
    return min(
        names, key=lambda name: (name.count("/"), name.rpartition("/")[2] != APPSPEC, name), default=""
    )


def _inside(name: str, source: Path) -> str:
    """Return advice on an AppSpec that is in the source, not at its root or under another name."""
    above, _, last = name.rpartition("/")
    if last == APPSPEC:
        if not above:
            return f"The source has `{APPSPEC}`: remove the input `appspec` to deploy with that."
        folder = (source / above).as_posix()
        return f"`{folder}` has one: write `source: {folder}`, or `appspec: {name}` to keep the whole tree."
    return f"The agent does not read `{name}`: rename it, or write `appspec: {name}`."


def _outside(path: Path, source: Path, repository: Path) -> tuple[str, str]:
    """Return that an AppSpec is outside of the workspace, and from where both can be reached."""
    above = Path(os.path.commonpath([path, repository]))
    inputs = f"`source: {source.relative_to(above)}` and `appspec: {path.relative_to(above)}`"
    start = "Copy it into the workspace." if above == Path("/") else f"Start in {above}, with {inputs}."
    return f"; there is {path}, which is outside the workspace {repository}", start


def _appspecs_in(checkout: Path) -> list[str]:
    """Return the AppSpecs in a checkout by their names, hidden folders and dependencies left out."""
    found: list[str] = []
    pending = deque([(checkout, 0)])
    for _ in range(_MOST_FOLDERS):
        if not pending:
            break
        folder, depth = pending.popleft()
        for item in _items(folder):
            if item.is_file() and _ALIKE.fullmatch(item.name):
                found.append(Path(item).relative_to(checkout).as_posix())
            elif depth < _DEEPEST and _may_hold_appspec(item):
                pending.append((Path(item), depth + 1))
    return found


def _items(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as items:
            yield from sorted(items, key=lambda item: item.name)
    except OSError:  # one that may not be looked into cannot explain anything
        return


def _may_hold_appspec(item: os.DirEntry[str]) -> bool:
    return (
        not item.name.startswith(".") and item.name not in _ELSEWHERE and item.is_dir(follow_symlinks=False)
    )


def beside_appspec(name: str, appspec: str, source: Path, repository: Path) -> str:
    """Return where a file of the AppSpec is that stayed outside of the source, and how to get it in.

    `appspec` is the AppSpec's path from the repository. Empty where there is no such file beside it.
    """
    folder = (repository / appspec).parent
    path = Path(os.path.realpath(folder / name))
    if not name or path.is_relative_to(source) or not path.is_relative_to(folder) or not path.exists():
        return ""
    top = shlex.quote((folder / name.partition("/")[0]).relative_to(repository).as_posix())
    target = shlex.quote(source.relative_to(repository).as_posix())
    return (
        f"`{path.relative_to(repository)}` is next to the AppSpec, but outside the source. Copy it before "
        f"this step: `cp -R {top} {target}/`."
    )
