"""Sources of inputs: variables of a given environment, and flags of a given command line.

Each source yields the inputs that are set (blank means not set), their origins, and the unknown names.
"""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic_settings import CliSettingsSource

from deployer.errors import Problem, Severity
from deployer.settings.base import Finding
from deployer.settings.foreign import translation
from deployer.settings.model import Settings, inputs
from deployer.text import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_PREFIX = "INPUT_"
_RUNNERS_OWN = {"args", "entrypoint"}
"""Keys that GitHub itself reads from a container action's `with:`, but passes on as inputs too."""

_SWITCHES = ("help", "quiet", "verbose", "version")
"""Flags that are no inputs."""

_STEPS_OWN = {"deployment-id", "on-conflict", "outputs-file", "pre-flight", "restart", "role-to-assume"}
"""Inputs by which an earlier step could make another run of this one: on GitHub, the step alone sets them."""


@dataclass(frozen=True, slots=True)
class Given:
    """Texts and their origins by the inputs' names, and the problems of the names themselves.

    `meant` holds the inputs for which a wrong name probably stands: they are not missing as well.
    """

    values: dict[str, str] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    meant: set[str] = field(default_factory=set)

    def add(self, name: str, text: str | None, origin: str) -> None:
        """Take a text in, unless it is blank."""
        if text and text.strip():
            self.values[name] = text
            self.origins[name] = origin

    def reject(self, kind: str, name: str, *, prefix: str = "") -> None:
        """Report a name that no input has, with the input that it probably stands for."""
        bare = name.removeprefix(prefix)
        if (known := translation(bare)) and bare.lower() not in inputs():
            meant, hint = known.name, known.hint
        else:
            meant = nearest(bare.replace("_", "-"), [*inputs(), *(_SWITCHES if prefix else ())])
            hint = did_you_mean(meant and prefix + meant, "Remove it; the README and --help list all inputs.")
        self.meant.update({meant} - {""})
        self.findings.append(Finding(meant, Problem(f"Unknown {kind} {name!r}.", hint)))


def from_environment(environ: Mapping[str, str]) -> Given:
    """Read inputs as GitHub passes them, `INPUT_DEPLOYMENT-GROUP`, or shells do, `INPUT_DEPLOYMENT_GROUP`.

    A hyphen wins over an underscore: the step's `with:` is nearer than an inherited `env:`. On GitHub some
    inputs are accepted from the step alone; `inherited_inputs` reports the others.
    """
    given = Given()
    known = inputs()
    for name, described in known.items():
        for variable in reversed(described.variables):
            given.add(name, environ.get(variable), variable)
    unknown = set()
    inherited = _inherited(environ)
    for variable in sorted(filter(_is_input, environ), key=_nearness):
        name = _name_of(variable)
        if name in known and not (variable in inherited and name in _STEPS_OWN):
            given.add(name, environ[variable], f"input {name}")
        elif name not in known and name not in _RUNNERS_OWN:
            unknown.add(name)
    for name in sorted(unknown):
        given.reject("input", name)
    return given


def _is_input(variable: str) -> bool:
    return variable.startswith(_PREFIX)


def _name_of(variable: str) -> str:
    return variable.removeprefix(_PREFIX).lower().replace("_", "-")


def _is_the_step_s(variable: str) -> bool:
    """Return whether GitHub's runner sets the variable from the step's `with:`: in capitals, with hyphens."""
    return variable == f"{_PREFIX}{_name_of(variable).upper()}"


def _nearness(variable: str) -> tuple[bool, bool, str]:
    """Order variables so that the one nearest to the step comes last and wins."""
    return _is_the_step_s(variable), "-" in variable, variable


def _inherited(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return GitHub inputs by the variables that set them in any `env:` or an earlier step's GITHUB_ENV."""
    if not environ.get("GITHUB_ACTIONS"):
        return {}
    return {
        variable: _name_of(variable)
        for variable, text in environ.items()
        if _is_input(variable)
        and not _is_the_step_s(variable)
        and text.strip()
        and _name_of(variable) in inputs()
    }


def inherited_inputs(environ: Mapping[str, str]) -> Iterator[Problem]:
    """Yield notices of inputs on GitHub from outside the step's `with:`, and warnings if they are ignored."""
    for variable, name in _inherited(environ).items():
        if name in _STEPS_OWN:
            yield Problem(
                f"{variable} of the job's environment is ignored: only the step itself can set {name}.",
                f"Write {name} under the step's with:, or as the flag --{name}.",
                severity=Severity.WARNING,
            )
        elif not environ.get(f"{_PREFIX}{name.upper()}", "").strip():
            yield Problem(
                f"Input {name} is from {variable} of the job's environment, not from the step's with:.",
                severity=Severity.NOTICE,
            )


def from_command_line(argv: Sequence[str]) -> Given:
    """Read inputs from flags: `--deployment-group production` or `--deployment-group=production`.

    A flag for a switch needs no value. A flag for a list may come several times; of others the last counts.
    """
    given = Given()
    if not argv:
        return given
    parser, source = _parser()
    parsed, rest = parser.parse_known_args(argv)
    texts: dict[str, str] = {}
    for name, value in vars(parsed).items():
        parts = value if isinstance(value, list) else [value]
        if None in parts:
            problem = Problem(f"Flag --{name} needs a value.", f"Write --{name}=VALUE.")
            given.findings.append(Finding(name, problem))
        else:
            texts[name] = "\n".join(parts)
    for name, text in source(parsed_args=texts)().items():
        given.add(name, text, f"flag --{name}")
    _reject_strays(given, rest)
    return given


@cache
def _parser() -> tuple[ArgumentParser, CliSettingsSource[ArgumentParser]]:
    """Return a parser with a flag for each input, and the source that reads what it has parsed."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    source = CliSettingsSource[ArgumentParser](
        Settings, root_parser=parser, add_argument_method=_add_flag, cli_parse_none_str="\0"
    )
    return parser, source


def _add_flag(parser: ArgumentParser, *names: str, **options: Any) -> None:  # noqa: ANN401 - argparse's own
    """Add a flag whose value argparse treats as optional, so that all missing values are reported."""
    const = "true" if options["dest"] in _switches() else None
    parser.add_argument(*names, nargs="?", const=const, **options)


@cache
def _switches() -> frozenset[str | None]:
    """Return the inputs that are true or false, whose flags need no value."""
    fields = Settings.model_fields.values()
    return frozenset(field.alias for field in fields if field.annotation == bool | None)


def _reject_strays(given: Given, rest: Iterable[str]) -> None:
    """Report what argparse could not place: unknown flags, perhaps each with its value, and bare words."""
    after_flag = False
    for word in rest:
        is_flag = word.startswith("-") and word != "--"
        if is_flag:
            given.reject("flag", word.partition("=")[0], prefix="--")
        elif not after_flag:
            problem = Problem(
                f"Unexpected word {word!r} on the command line.", "Write inputs as --name=value."
            )
            given.findings.append(Finding("", problem))
        after_flag = is_flag and "=" not in word
