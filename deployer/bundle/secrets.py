"""Names and contents that look like secrets which are about to be shipped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from deployer.bundle.contents import Entry, EntryKind
from deployer.bundle.reading import read_start
from deployer.errors import InvalidBundle
from deployer.rules import tree as rules
from deployer.text import legible

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from deployer.bundle.contents import Contents
    from deployer.errors import Location, Problem


_DEPENDENCIES: Final = re.compile(
    r"(^|/)(node_modules|site-packages|vendor)/"
)  # full of keys for their tests
_EXAMPLES: Final = re.compile(r"\.(example|sample|template|dist|test)$")
_SECRET: Final = re.compile(
    r"\.env(\..+)?|id_(rsa|dsa|ecdsa|ed25519)|\.netrc|\.pypirc|\.pgpass|\.git-credentials"
    r"|gha-creds-[0-9a-f]+\.json|.*\.tfstate(\.backup)?|credentials"
)
_MAYBE: Final = re.compile(r".*\.(pem|key)|\.npmrc")
_PROOF: Final = re.compile(
    rb"-----BEGIN ([A-Z]+ )*PRIVATE KEY-----|(?:^|:)_(auth|authToken|password)\s*=\s*[^$\s]", re.MULTILINE
)
_ENOUGH: Final = 1 << 16


def likely_secrets(
    entries: Mapping[str, Entry], wanted: Collection[str], where: Callable[[str], Location]
) -> Iterator[Problem]:
    """Warn about each file that probably holds a secret; `wanted` names what a `!pattern` asks for."""
    for name in _suspicious(entries, lambda name: read_start(entries[name].path, _ENOUGH)):
        if name not in wanted:
            last = name.rpartition("/")[2]
            advice = (
                f"Leave it out with the line `{last}` in `.codedeployignore`, or include it explicitly with "
                f"`!{last}`."
            )
            yield rules.SECRET.problem(where(name), name=name, advice=advice)


def secrets_in_archive(contents: Contents) -> Iterator[Problem]:
    """Warn about each member of a ready-made archive that probably holds a secret."""
    for name in _suspicious(contents.entries, lambda name: contents.read(name, _ENOUGH)):
        yield rules.SECRET.problem(None, name=legible(name), advice="Leave it out when building the archive.")


def _suspicious(entries: Mapping[str, Entry], read: Callable[[str], bytes]) -> Iterator[str]:
    """Yield files whose names mark them as secrets, or suggest it and whose contents confirm it."""
    for name, entry in entries.items():
        last = name.rpartition("/")[2]
        certain = _SECRET.fullmatch(last) and not _EXAMPLES.search(last)
        if not (certain or _MAYBE.fullmatch(last)) or _DEPENDENCIES.search(name):
            continue
        if entry.kind is not EntryKind.FILE or (
            last == "credentials" and not name.endswith(".aws/credentials")
        ):
            continue
        if certain or _holds_proof(name, read):
            yield name


def _holds_proof(name: str, read: Callable[[str], bytes]) -> bool:
    try:
        return bool(_PROOF.search(read(name)))
    except (OSError, InvalidBundle):  # packing reads it too, and says so
        return False
