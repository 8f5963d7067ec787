"""The environment and the command line → Settings, or all their problems at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from deployer.errors import InvalidInput, Problem
from deployer.settings.model import Settings
from deployer.settings.rules import contradictions, missing
from deployer.settings.sources import Given, from_command_line, from_environment
from deployer.settings.values import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence


__all__ = ["Settings", "load"]

_SHOWN = 80
"""Characters of a wrong value that a message shows."""


def load(
    environ: Mapping[str, str],
    argv: Sequence[str],
    *,
    unneeded: Callable[[Settings], Collection[str]] = lambda _: (),
) -> Settings:
    """Load the settings of a run from its environment and the flags of its command line; flags win.

    `unneeded` returns inputs that such a run does not require although its stages otherwise do. Raises
    InvalidInput with all problems: unknown names, invalid values, missing inputs and contradictions. One
    mistake is reported once: an input under a wrong name or with a wrong value is not missing as well.
    """
    variables, flags = from_environment(environ), from_command_line(argv)
    given = Given(
        {**variables.values, **flags.values},
        {**variables.origins, **flags.origins},
        [*variables.problems, *flags.problems],
        variables.meant | flags.meant,
    )
    settings, wrong = _validate(given)
    problems = [*given.problems, *wrong.values()]
    right = given.values.keys() - wrong
    problems.extend(contradictions(settings, right))
    unclear = wrong.keys() | given.meant
    if not unclear & {"stop-after", "deployment-id"}:
        spared = given.meant | ({"bucket"} if "revision" in unclear else set()) | {*unneeded(settings)}
        problems.extend(missing(settings, given.values, unneeded=spared))
    if problems:
        raise InvalidInput(*problems)
    return settings


def _validate(given: Given) -> tuple[Settings, dict[str, Problem]]:
    """Return the settings without the invalid inputs, and the problems of those by name."""
    wrong: dict[str, Problem] = {}
    while True:
        right = {name: text for name, text in given.values.items() if name not in wrong}
        try:
            return Settings.of(right, given.origins), wrong
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                name = str(detail["loc"][0])
                wrong[name] = _problem(
                    given.origins[name], given.values[name], detail.get("ctx", {}).get("error")
                )


def _problem(origin: str, text: str, error: InputError | None) -> Problem:
    error = error or InputError("is not text", "Write it in UTF-8.")
    shown = text.strip() if len(text.strip()) <= _SHOWN else f"{text.strip()[:_SHOWN]}…"
    value = "the value" if error.secret else repr(shown)
    return Problem(f"{origin[0].upper()}{origin[1:]}: {value} {error}.", error.hint)
