"""Places of a revision's parts in the repository, for annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.bundle.reading import LONGEST_TEXT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deployer.appspec.model import AppSpec
    from deployer.bundle.contents import Bundle
    from deployer.deployment.places import Places


def places_of(bundle: Bundle) -> Places:
    """Return the places of a bundle's parts in the repository, for annotations."""
    from deployer.choices import APPSPEC

    contents = bundle.contents
    path = contents.locate(APPSPEC)
    text = contents.read(APPSPEC, LONGEST_TEXT + 1) if path else b""
    return _places(bundle.appspec, path, contents.locate, text=text)


def places_in(repository: Path, *, appspec: str) -> Places:
    """Return the places for a revision built elsewhere: this checkout usually has the same commit."""

    def locate(name: str) -> str | None:
        try:
            path = (repository / name).resolve()
            found = path.is_file() and path.is_relative_to(repository.resolve())
        except (OSError, ValueError, RuntimeError):  # no name that a file can have, or links in a circle
            return None
        return path.relative_to(repository.resolve()).as_posix() if found else None

    path = locate(appspec)
    text = _start(repository / path) if path else b""
    return _places(_parsed(text, path) if path else None, path, locate, text=text)


def _start(path: Path) -> bytes:
    """Return as much of a file as an AppSpec may have; nothing if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_TEXT + 1)
    except OSError:
        return b""


def _parsed(text: bytes, path: str) -> AppSpec | None:
    from deployer.appspec.parse import parse

    return parse(text, path=path).appspec


def _places(
    appspec: AppSpec | None, path: str | None, locate: Callable[[str], str | None], *, text: bytes = b""
) -> Places:
    from deployer.deployment.places import Places

    if not (appspec and path):
        return Places(locate=locate)
    return Places.of(appspec, path, locate, text=text.decode(errors="replace"))
