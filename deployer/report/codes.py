"""The codes that a user can meet: their meanings, and the pages of this release that explain them.

`docs/pre-flight.md` has the rules about bundles, `docs/troubleshooting.md` the chapters below; both are
generated.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from deployer import REPOSITORY, __version__
from deployer.aws.codes import ACCOUNT_HINTS, CREDENTIAL_HINTS, DENIED, INPUT_HINTS
from deployer.deployment.causes import ERROR_CODES, EVENT_CODES, OTHER_CODES
from deployer.rules import run
from deployer.rules.chapters import all_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployer.deployment.causes import Cause

_DENIED = "AccessDenied"
_SCRIPT_FAILED = "The script ended with an exit code other than 0. Its log says why."
_REQUESTS = {
    _DENIED: "The credentials lack the permission that the message names. `deployer policy` prints the "
    "minimal policy for the inputs; see [iam.md](iam.md).",
    "DeploymentLimitExceeded": "Another deployment of the group is active. `on-conflict` says what to do "
    "then.",
    "Throttling": "AWS asked for fewer calls for longer than the step kept trying. Run the job again later.",
}


def chapters() -> Mapping[str, Mapping[str, str]]:
    """Return the chapters of `docs/troubleshooting.md`: by title, the codes with their meanings."""
    return {
        "The run": run.CODES,
        "Deployments": _meanings(ERROR_CODES | OTHER_CODES),
        "Lifecycle events": _meanings(EVENT_CODES) | {"ScriptFailed": _SCRIPT_FAILED},
        "Requests to AWS": dict(sorted((_REQUESTS | CREDENTIAL_HINTS | INPUT_HINTS | ACCOUNT_HINTS).items())),
    }


def documentation(code: str) -> str:
    """Return the address that explains a code, empty for a code of AWS that has no explanation of ours."""
    name = _DENIED if code in DENIED else code.removesuffix("Exception")
    page = _pages().get(name)
    return f"https://github.com/{REPOSITORY}/blob/v{__version__}/docs/{page}#{name.lower()}" if page else ""


@cache
def _pages() -> Mapping[str, str]:
    rules = {rule.code: "pre-flight.md" for rule in all_rules()}
    return rules | {code: "troubleshooting.md" for chapter in chapters().values() for code in chapter}


def _meanings(causes: Mapping[str, Cause]) -> dict[str, str]:
    return {code: f"{cause.why} {cause.advice}".strip() for code, cause in causes.items()}
