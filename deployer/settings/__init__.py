"""The inputs of a run: one model for GitHub's `with:`, a shell's variables and flags."""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING

from pydantic import ValidationError

from deployer.errors import InvalidInput, Problem
from deployer.model import Stage
from deployer.settings.kinds import InputError
from deployer.settings.model import Settings, inputs
from deployer.settings.sources import Given, from_command_line, from_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Settings", "load"]

_SHOWN = 80
"""Characters of a wrong value that a message shows."""


def load(environ: Mapping[str, str], argv: Sequence[str]) -> Settings:
    """The settings of a run, from its environment and the flags of its command line; flags win.

    Raises InvalidInput with all that is wrong: unknown names, values that cannot be used, missing inputs.
    """
    variables, flags = from_environment(environ), from_command_line(argv)
    given = Given(
        {**variables.values, **flags.values},
        {**variables.origins, **flags.origins},
        [*variables.problems, *flags.problems],
    )
    settings, wrong = _validate(given)
    problems = [*given.problems, *wrong.values()]
    if "stop-after" not in wrong:
        problems.extend(_missing(settings, given))
    if problems:
        raise InvalidInput(*problems)
    return settings


def _validate(given: Given) -> tuple[Settings, dict[str, Problem]]:
    """The settings without the inputs that are wrong, and these by name."""
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
    return Problem(f"{origin[0].upper()}{origin[1:]}: {shown!r} {error}.", error.hint)


def _missing(settings: Settings, given: Given) -> Iterator[Problem]:
    """A problem for each input that the run cannot do without and that is not given."""
    needed = {name: described.needed_from for name, described in inputs().items()}
    for _, placeholder, _, _ in Formatter().parse(settings.key):
        name = {"application": "application", "group": "deployment-group"}.get(placeholder or "")
        if name:
            needed[name] = Stage.UPLOAD
    for name, stage in needed.items():
        if stage and settings.stop_after.reaches(stage) and name not in given.values:
            variable = f"INPUT_{name.upper().replace('-', '_')}"
            yield Problem(
                f"Input {name} is missing.",
                f"It is needed to {stage}. Give it as `{name}` under `with:`, as the variable {variable}, "
                f"or as the flag --{name}.",
            )
