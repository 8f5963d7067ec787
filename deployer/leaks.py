"""Names and contents that look like secrets which are about to be shipped."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deployer.errors import Location, Problem, Severity
from deployer.model import Entry, EntryKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

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
    for name, entry in entries.items():
        if entry.kind is EntryKind.FILE and name not in wanted and _suspicious(name, entry.path):
            last = name.rpartition("/")[2]
            yield Problem(
                f"`{name}` is about to be deployed and looks like it holds a secret",
                f"Leave it out with the line `{last}` in `.codedeployignore`, or ask for it with `!{last}`.",
                "likely-secret",
                Severity.WARNING,
                where(name),
            )


def _suspicious(name: str, path: str) -> bool:
    last = name.rpartition("/")[2]
    certain = _SECRET.fullmatch(last) and not _EXAMPLES.search(last)
    if not (certain or _MAYBE.fullmatch(last)) or _DEPENDENCIES.search(name):
        return False
    if last == "credentials":
        return name.endswith(".aws/credentials")
    if certain:
        return True
    try:
        with Path(path).open("rb") as stream:
            return bool(_PROOF.search(stream.read(_ENOUGH)))
    except OSError:  # packing reads it too, and says so
        return False
