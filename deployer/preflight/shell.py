"""The text of a hook script: its first line, its line ends, what it leaves running."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deployer.rules import hooks as rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.errors import Location, Problem
    from deployer.preflight.names import Names

_LONGEST_COMMAND = 4096
_BOM = b"\xef\xbb\xbf"
_BINARY = (b"\x7fELF",)
_SHELLS = {"sh", "bash", "dash", "ash", "ksh", "zsh"}
_HEREDOC = re.compile(r"(?<!<)<<-?\s*(['\"]?)([A-Za-z_]\w*)\1")
_NO_COMMAND = re.compile(r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"|\$?\(\(.*?\)\)|\[\[.*?\]\]|(?:^|\s)#.*")
_BACKGROUND = re.compile(r"(?<![&>|;<])&(?![&>])")
_STDOUT = re.compile(r"(?<![\w&])1?>{1,2}(?!&2)|&>|>&")
_STDERR = re.compile(r"2>&1|2>|&>|>&(?!\d)")
_REDIRECTS_ALL = re.compile(r"^\s*exec\s[^#]*>")
_WAITS = re.compile(r"^\s*wait\b")


def check_script(name: str, head: bytes, named_at: Location, names: Names) -> Iterator[Problem]:
    """Report what keeps a script from running on Linux, at its own line in the repository.

    `head` is the start of the script; `named_at` is used when the script is not in the repository.
    """
    if head.startswith(_BINARY):
        return

    def at(line: int) -> Location:
        return names.place(name, line, named_at)

    if head.startswith(_BOM):
        yield rules.BYTE_ORDER_MARK.problem(at(1), script=name)
    first, *rest = head.removeprefix(_BOM).split(b"\n")
    yield from _check_first_line(name, first, at(1))
    if not _is_for_a_shell(first):
        return
    lines = enumerate(rest, start=2) if first.startswith(b"#!") else enumerate([first, *rest], start=1)
    crlf = next((number for number, line in lines if line.endswith(b"\r")), None)
    if crlf is not None and (crlf == 1 or not first.endswith(b"\r")):
        yield rules.CRLF.problem(at(crlf), script=name, line=crlf)
    for number, command in _background_processes(head.decode(errors="replace")):
        yield rules.BACKGROUND.problem(at(number), script=name, command=command)


def _check_first_line(name: str, first: bytes, place: Location) -> Iterator[Problem]:
    if not first.startswith(b"#!"):
        yield rules.NO_SHEBANG.problem(place, script=name)
        return
    if first.endswith(b"\r"):
        yield rules.CRLF_SHEBANG.problem(place, script=name)
    line = first[2:].decode(errors="replace").strip()
    program, _, arguments = line.partition(" ")
    if not program.startswith("/"):
        yield rules.INTERPRETER.problem(place, script=name, line=f"#!{line}")
    elif program.endswith("/env") and " " in arguments.strip() and not arguments.lstrip().startswith("-"):
        yield rules.ENV_ARGUMENTS.problem(place, script=name, arguments=arguments.strip())


def _is_for_a_shell(first: bytes) -> bool:
    """Tell whether a shell reads the script; it does so too when the first line names nothing."""
    words = first.decode(errors="replace").rpartition("/")[2].split()
    return not first.startswith(b"#!") or any(word in _SHELLS for word in words)


def _background_processes(text: str) -> Iterator[tuple[int, str]]:
    """Lines that start a process whose output stays the script's own; a guess, so it only warns."""
    lines = text.replace("\r", "").split("\n")
    if any(_REDIRECTS_ALL.match(line) or _WAITS.match(line) for line in lines):
        return
    end_of_text = ""
    command = ""
    for number, line in enumerate(lines, start=1):
        if end_of_text:
            end_of_text = "" if line.strip() == end_of_text else end_of_text
            continue
        if line.lstrip().startswith("#"):
            continue
        if heredoc := _HEREDOC.search(line):
            end_of_text = heredoc[2]
        command += line.removesuffix("\\")
        if line.endswith("\\"):
            continue
        *started, _ = _BACKGROUND.split(_NO_COMMAND.sub(_blank, command[:_LONGEST_COMMAND]))
        for part in started:
            if not _redirects_both(part):
                yield number, re.split(r"\s*\d?&?>", part.rpartition(";")[2])[0].strip()
        command = ""


def _blank(found: re.Match[str]) -> str:
    """Quoted text stays in the command as an innocent word; a comment goes."""
    return "" if found[0].lstrip().startswith("#") else re.sub(r"[&#>]", "_", found[0])


def _redirects_both(command: str) -> bool:
    stdout, stderr = _STDOUT.search(command), _STDERR.search(command)
    return bool(stdout and stderr and (stderr[0] != "2>&1" or stdout.start() < stderr.start()))
