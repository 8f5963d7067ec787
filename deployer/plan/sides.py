"""The two sides of a plan: a bundle of this run or a revision that exists, as far as it can be read.

Both are seen as the agent unpacks them: without a folder at the top that holds all the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployer.appspec.paths import stripped_folder
from deployer.bundle.listing import Unknown
from deployer.choices import APPSPEC
from deployer.errors import InvalidBundle
from deployer.plan.appspec import MOST_BYTES
from deployer.revision import AppSpecRevision, BundleType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deployer.bundle.contents import Bundle
    from deployer.bundle.listing import Listed
    from deployer.live.bundle import LiveBundle
    from deployer.revision import Revision

_APPSPEC_TYPES = {BundleType.YAML, BundleType.JSON}
_TOO_LARGE = Unknown(f"it is larger than {MOST_BYTES >> 10} KiB")


@dataclass(frozen=True, slots=True)
class Side:
    """A revision to be compared.

    `files` lists what it holds, None where the AppSpec is the revision itself; both are read when they are
    called. `sha256` is known of an AppSpec that is an inline revision, even where its text is not.
    """

    files: Callable[[], Mapping[str, Listed] | Unknown | None]
    appspec: Callable[[], bytes | Unknown]
    sha256: str = ""


def side_of_bundle(bundle: Bundle) -> Side:
    """Return the side of what is packaged here."""

    def appspec() -> bytes | Unknown:
        try:
            name = stripped_folder(bundle.contents.entries) + APPSPEC
            return _whole(bundle.contents.read(name, MOST_BYTES + 1))
        except KeyError:
            return Unknown("the bundle has none")
        except InvalidBundle as error:
            return Unknown(error.problems[0].message.rstrip("."))

    if bundle.type in _APPSPEC_TYPES:
        return Side(lambda: None, appspec, bundle.digest)
    return Side(lambda: _unpacked(bundle.listing()), appspec)


def side_of_revision(
    revision: Revision | None, listed: Callable[[Revision | None], LiveBundle | Unknown]
) -> Side:
    """Return the side of a revision that exists, its bundle as `listed`; what may not be read is unknown."""
    if isinstance(revision, AppSpecRevision):
        return _of_inline(revision)
    found = listed(revision)
    if isinstance(found, Unknown):
        return unknown_side(found.reason)
    files = None if found.type in _APPSPEC_TYPES else _unpacked(found.entries)
    return Side(lambda: files, lambda: _of_live(found))


def unknown_side(reason: str) -> Side:
    """Return the side of which nothing is known for one reason."""
    unknown = Unknown(reason)
    return Side(lambda: unknown, lambda: unknown)


def _unpacked(listing: Mapping[str, Listed]) -> Mapping[str, Listed]:
    """Return a listing with the names that its members have once the agent has unpacked them."""
    prefix = stripped_folder(listing)
    if not prefix:
        return listing
    return {
        name.removeprefix(prefix): entry._replace(name=name.removeprefix(prefix))
        for name, entry in listing.items()
        if name.startswith(prefix)
    }


def _of_inline(revision: AppSpecRevision) -> Side:
    if revision.content is None:
        missing = Unknown(
            f"only the SHA-256 of the live AppSpec is known ({revision.sha256[:12]}…); "
            "codedeploy:GetApplicationRevision would show its text"
        )
        return Side(lambda: None, lambda: missing, revision.sha256)
    content = revision.content.encode()
    return Side(lambda: None, lambda: _whole(content), revision.sha256)


def _of_live(found: LiveBundle) -> bytes | Unknown:
    data = found.read(stripped_folder(found.entries) + APPSPEC, MOST_BYTES + 1)
    return Unknown("the live bundle has none that can be read") if data is None else _whole(data)


def _whole(data: bytes) -> bytes | Unknown:
    return data if len(data) <= MOST_BYTES else _TOO_LARGE
