"""The environment and the command line → Settings, or all their problems at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from deployer.errors import InvalidInput, Problem
from deployer.settings.base import Finding
from deployer.settings.deployment import check_region
from deployer.settings.model import Settings, inputs
from deployer.settings.rules import contradictions, has_own_endpoints, missing
from deployer.settings.sources import Given, from_command_line, from_environment
from deployer.settings.values import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence


__all__ = ["Settings", "load"]

_SHOWN = 80
"""Characters of a wrong value that a message shows."""


def load(
    environ: Mapping[str, str],
    argv: Sequence[str],
    *,
    unneeded: Callable[[Settings], Collection[str]] = lambda _: (),
    check: Callable[[Settings], Iterable[tuple[str, Problem]]] = lambda _: (),
) -> Settings:
    """Load the settings of a run from its environment and the flags of its command line; flags win.

    `unneeded` returns inputs that such a run does not require although its stages otherwise do; `check`
    returns further problems of the inputs that are valid, each with its input's name. Raises InvalidInput
    with all problems in the inputs' order: unknown names, invalid values, missing inputs, contradictions. One
    mistake is reported once: an input under a wrong name or with a wrong value is not missing as well.
    """
    variables, flags = from_environment(environ), from_command_line(argv)
    given = Given(
        {**variables.values, **flags.values},
        {**variables.origins, **flags.origins},
        [*variables.findings, *flags.findings],
        variables.meant | flags.meant,
    )
    settings, wrong = _validate(given)
    if settings.region and not has_own_endpoints(environ):
        try:
            check_region(settings.region)
        except InputError as error:
            wrong["region"] = _problem(given.origins["region"], settings.region, error)
    findings = [*given.findings, *(Finding(name, problem) for name, problem in wrong.items())]
    findings.extend(contradictions(settings, given.values.keys() - wrong))
    findings.extend(Finding(*found) for found in check(settings))
    unclear = wrong.keys() | given.meant
    if not unclear & {"stop-after", "deployment-id"}:
        spared = (
            given.meant | ({"bucket"} if unclear & {"revision", "restart"} else set()) | {*unneeded(settings)}
        )
        misnamed = bool(given.findings)
        findings.extend(missing(settings, given.values, unneeded=spared, environ=environ, misnamed=misnamed))
    if findings:
        raise InvalidInput(*_in_order(findings))
    return settings


def _in_order(findings: Iterable[Finding]) -> Iterator[Problem]:
    """Yield the problems in the inputs' order, those of no input last."""
    positions = {name: position for position, name in enumerate(inputs())}
    for finding in sorted(findings, key=lambda found: positions.get(found.input, len(positions))):
        yield finding.problem


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
