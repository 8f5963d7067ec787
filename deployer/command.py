"""The command line apart from the inputs: the command, and how much to print."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from deployer.choices import Shell
from deployer.errors import InvalidInput, Problem
from deployer.text import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence


class Command(StrEnum):
    """The commands; without one the pipeline runs."""

    RUN = "run"
    POLICY = "policy"
    TRUST = "policy --trust"
    COMPLETION = "completion"
    HELP = "help"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class Call:
    """A command with the arguments for its inputs, and whether to print more or less than usual."""

    command: Command
    arguments: Sequence[str] = ()
    verbose: bool = False
    quiet: bool = False


_VERBOSE, _QUIET, _HELP = {"-v", "--verbose"}, {"-q", "--quiet"}, {"-h", "--help"}
_WORDS = [command.value for command in Command if command is not Command.TRUST]


def parse(argv: Sequence[str]) -> Call:
    """Split the command and the switches off a command line.

    `--help` and `--version` win wherever they stand; a command is the first word. Raises InvalidInput for a
    first word that is no command, and for `--verbose` with `--quiet`.
    """
    if _HELP & {*argv} or argv[:1] == [Command.HELP]:
        return Call(Command.HELP)
    if "--version" in argv or argv[:1] == [Command.VERSION]:
        return Call(Command.VERSION)
    verbose, quiet = bool(_VERBOSE & {*argv}), bool(_QUIET & {*argv})
    if verbose and quiet:
        raise InvalidInput(
            Problem("The flags --verbose and --quiet contradict each other.", "Remove one of them.")
        )
    command, rest = _split([word for word in argv if word not in _VERBOSE | _QUIET])
    return Call(command, rest, verbose=verbose, quiet=quiet)


def _split(words: Sequence[str]) -> tuple[Command, Sequence[str]]:
    if not words or words[0].startswith("-"):
        return Command.RUN, words
    first, *rest = words
    if first == Command.POLICY and "--trust" in rest:
        return Command.TRUST, [word for word in rest if word != "--trust"]
    if first in _WORDS:
        return Command(first), rest
    meant = did_you_mean(nearest(first, _WORDS))
    usage = "Write inputs as --name=value; deployer --help lists them, and the commands."
    raise InvalidInput(Problem(f"Unknown command {first!r}.", f"{meant} {usage}".strip()))


def shell_of(words: Sequence[str]) -> Shell:
    """Return the shell that `completion` is asked for; raises InvalidInput for any other."""
    if len(words) == 1 and words[0] in {*Shell}:
        return Shell(words[0])
    raise InvalidInput(
        Problem(
            f"Completion needs the name of one shell: {', '.join(Shell)}.",
            "Write deployer completion bash, for example.",
        )
    )
