"""What the command line asks for, known before anything heavy is imported."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from deployer.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence


class Command(StrEnum):
    """The words and flags that choose what to do; without one the pipeline runs."""

    RUN = "run"
    POLICY = "policy"
    TRUST = "policy --trust"
    HELP = "--help"
    VERSION = "--version"


def split_command(argv: Sequence[str]) -> tuple[Command, Sequence[str]]:
    """The command, and the arguments that are left for the settings.

    `--help` and `--version` win wherever they stand; a command is the first word. Raises InvalidInput for a
    first word that is no command.
    """
    if "--help" in argv or "-h" in argv:
        return Command.HELP, ()
    if "--version" in argv:
        return Command.VERSION, ()
    if not argv or argv[0].startswith("-"):
        return Command.RUN, argv
    words = [command.value for command in Command if not command.value.startswith("-")]
    if argv[0] == Command.POLICY and "--trust" in argv:
        return Command.TRUST, [word for word in argv[1:] if word != "--trust"]
    if argv[0] not in words:
        raise InvalidInput(Problem(f"Unknown command {argv[0]!r}.", f"Commands: {', '.join(words)}."))
    return Command(argv[0]), argv[1:]
