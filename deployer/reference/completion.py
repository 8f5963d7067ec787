"""Generates the scripts by which shells complete a command line, from the fields of the inputs.

They are self-contained: to complete `deployer`, a shell need not start it, nor its container.
"""

from __future__ import annotations

import re
import shlex
from types import MappingProxyType
from typing import TYPE_CHECKING

from deployer.choices import Shell
from deployer.reference.inputs import OPTIONS, entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "policy": "Print the minimal IAM policy for the inputs",
        "completion": "Print the completion script of a shell",
        "help": "List the inputs",
        "version": "Print the version",
    }
)


def completion(shell: Shell) -> str:
    """Return the script for a shell; it completes commands, flags and their values, and files."""
    script = f"deployer completion {shell}"
    load = f"{script} | source" if shell is Shell.FISH else f'eval "$({script})"'
    return "\n".join([f"# To load it: {load}", *_SCRIPTS[shell](), ""])


def _bash() -> Iterator[str]:
    words = [*COMMANDS, *OPTIONS, *(f"--{entry.name}" for entry in entries())]
    yield "_deployer() {"
    yield '  local word=${2#=} flag=$3 words=""'
    yield "  [[ $flag == = ]] && flag=${COMP_WORDS[COMP_CWORD - 2]}"
    yield "  case $flag in"
    for entry in entries():
        if entry.choices:
            yield f"    --{entry.name}) words='{' '.join(entry.choices)}' ;;"
    yield f"    completion) words='{' '.join(Shell)}' ;;"
    switches = "|".join([*OPTIONS, *(f"--{entry.name}" for entry in entries() if entry.is_switch)])
    yield f"    {switches}) words=${{_deployer_words}} ;;"
    yield "    -*) ;;"
    yield "    *) words=${_deployer_words} ;;"
    yield "  esac"
    yield '  COMPREPLY=($(compgen -W "$words" -- "$word"))'  # no mapfile: a Mac's bash is of 2007
    yield "}"
    yield f"_deployer_words='{' '.join(words)}'"
    yield "complete -o default -F _deployer deployer"


def _zsh() -> Iterator[str]:
    yield "_deployer() {"
    yield "  _arguments \\"
    for option, about in OPTIONS.items():
        yield f"    {shlex.quote(f'{option}[{about}]')} \\"
    for entry in entries():
        about = re.sub(r"([\[\]:\\])", r"\\\1", entry.gist.replace("`", ""))
        values = f"({' '.join(entry.choices)})" if entry.choices else "_files"
        spec = f"--{entry.name}[{about}]" if entry.is_switch else f"*--{entry.name}=[{about}]:value:{values}"
        yield f"    {shlex.quote(spec)} \\"
    commands = " ".join(f"{name}\\:{shlex.quote(about)}" for name, about in COMMANDS.items())
    yield f"    {shlex.quote(f'1:command:(({commands}))')} \\"
    yield f"    '2:shell:({' '.join(Shell)})'"
    yield "}"
    yield "compdef _deployer deployer"


def _fish() -> Iterator[str]:
    yield "complete --command deployer --no-files"
    for name, about in COMMANDS.items():
        yield _fish_line("--condition __fish_use_subcommand", f"--arguments {name}", about)
    yield _fish_line(
        "--condition '__fish_seen_subcommand_from completion'", f"--arguments '{' '.join(Shell)}'", "Shell"
    )
    for option, about in OPTIONS.items():
        yield _fish_line(f"--long-option {option.removeprefix('--')}", "", about)
    for entry in entries():
        value = f"--exclusive --arguments '{' '.join(entry.choices)}'" if entry.choices else ""
        value = value or ("" if entry.is_switch else "--require-parameter --force-files")
        yield _fish_line(f"--long-option {entry.name}", value, entry.gist.replace("`", ""))


def _fish_line(what: str, value: str, about: str) -> str:
    quoted = about.replace("\\", "\\\\").replace("'", "\\'")
    return " ".join(filter(None, ["complete --command deployer", what, value, f"--description '{quoted}'"]))


_SCRIPTS: Mapping[Shell, Callable[[], Iterator[str]]] = MappingProxyType(
    {Shell.BASH: _bash, Shell.ZSH: _zsh, Shell.FISH: _fish}
)
