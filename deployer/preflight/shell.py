"""The text of a hook script: its first line, its line ends, what it leaves running."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from deployer.preflight.dialect import only_bash
from deployer.preflight.shebang import (
    check_first_line,
    fails_at_carriage_return,
    interpreter,
    names_interpreter,
)
from deployer.rules import hooks as rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deployer.errors import Location, Problem
    from deployer.preflight.names import Names
    from deployer.shells import Fault

    Syntax = Callable[[str, bytes], Fault | None]
    """A shell's name and a script → why the shell cannot parse it."""

_LONGEST_COMMAND = 4096
_SHOWN = 60
_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"#\0", b"\0#")
_ELF = b"\x7fELF"
_ANY_BACKGROUND = re.compile(
    rb"^[ \t]*(?:coproc\b|setsid[ \t]+(?:-f\b|--fork\b)"
    rb"|(?:trap|eval|sh -c|bash -c)[ \t]+[\"'][^\n]*&[ \t]*[\"'])"
    rb"|>[ \t]*>\(|subprocess\.Popen\(",
    re.MULTILINE,
)
_SHELLS = {"sh", "bash", "dash", "ash", "ksh", "zsh"}
_ENDS = re.compile(rb"exit\b|exec[ \t]+[^<>\d&\s]")
_ENDS_SH = re.compile(rb"return\b|" + _ENDS.pattern)  # outside of a function, bash ignores it
_SETS_FIRST = re.compile(rb"(?:[ \t]*(?:#[^\n]*)?\r?\n)*set [-+][A-Za-z]+\r(?:\n|$)")  # fatal in sh only
_HEREDOC = re.compile(r"(?<!<)<<-?\s*(['\"]?)([A-Za-z_]\w*)\1")
_NO_COMMAND = re.compile(r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"|\$?\(\(.*?\)\)|\[\[.*?\]\]|(?:^|\s)#.*")
_BACKGROUND = re.compile(r"(?<![&>|;<])&(?![&>])")
_STDOUT = re.compile(r"(?<![\w&])1?>{1,2}(?!&2)|&>|>&")
_STDERR = re.compile(r"2>&1|2>|&>|>&(?!\d)")
_REDIRECTS_ALL = re.compile(r"^\s*exec\s[^#]*>")
_WAITS = re.compile(r"^\s*wait\b")


def check_script(
    name: str, head: bytes, named_at: Location, names: Names, syntax: Syntax | None
) -> Iterator[Problem]:
    """Report what keeps a script from running on Linux, at its own line in the repository.

    `head` is the start of the script; `named_at` is used when the script is not in the repository; `syntax`
    parses it, where all of it is in `head`.
    """
    if head.startswith(_ELF):
        return

    def at(line: int) -> Location:
        return names.place(name, line, named_at)

    if head.startswith(_UTF_16):
        yield rules.UTF_16.problem(at(1), script=name)
        return
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            line = head.count(b"\n", 0, error.start) + 1
            yield rules.NOT_UTF8.problem(at(line), script=name, line=line)
    if hidden := _ANY_BACKGROUND.search(head):
        line = head.count(b"\n", 0, hidden.end()) + 1
        command = hidden[0].strip().decode(errors="replace")
        yield rules.BACKGROUND_HIDDEN.problem(at(line), script=name, command=command[:_SHOWN])
    first = head.split(b"\n", maxsplit=1)[0]
    if head.startswith(_BOM):
        yield rules.BYTE_ORDER_MARK.problem(at(1), script=name)
    else:
        yield from check_first_line(name, first, at(1))
    shell = interpreter(first)
    if shell in _SHELLS:
        yield from _check_code(_Code(name, shell, head, at), syntax)


class _Code(NamedTuple):
    """The text of a script for a shell, and where its lines are."""

    script: str
    shell: str
    text: bytes
    at: Callable[[int], Location]


def _check_code(code: _Code, syntax: Syntax | None) -> Iterator[Problem]:
    """Report lines that the shell cannot parse, or takes for something else."""
    script, shell, text, at = code
    first, *rest = text.split(b"\n")
    has_shebang = names_interpreter(first)
    lines = enumerate(rest, start=2) if has_shebang else enumerate([first, *rest], start=1)
    crlf = next((number for number, line in lines if line.endswith(b"\r")), None)
    fault = _fault_of(shell, text.replace(b"\r\n", b"\n"), syntax)
    decoded = text.decode(errors="replace")
    if crlf is not None and (crlf == 1 or not fails_at_carriage_return(first)):
        ends = shell in {"sh", "dash"} and _SETS_FIRST.match(text)
        only_so = not fault and (ends or _fault_of(shell, text, syntax))
        yield (rules.CRLF_SYNTAX if only_so else rules.CRLF).problem(at(crlf), script=script, line=crlf)
    if fault:
        facts = {"script": script, "shell": shell, "line": fault.line, "reason": fault.reason}
        yield rules.SYNTAX.problem(at(fault.line), **facts)
    elif has_shebang and shell in {"sh", "dash"} and (odd := only_bash(decoded)):
        line, what = odd
        yield rules.ONLY_BASH.problem(at(line), script=script, line=line, what=what)
    for number, command in _background_processes(decoded):
        yield rules.BACKGROUND.problem(at(number), script=script, command=command)


def _fault_of(shell: str, script: bytes, syntax: Syntax | None) -> Fault | None:
    """Return the syntax error that a script ends with, None where it may end before it comes there."""
    fault = syntax(shell, script) if syntax and b"\0" not in script else None
    lines = script.split(b"\n")
    ends = _ENDS if shell == "bash" else _ENDS_SH
    if fault is None or any(map(ends.match, lines[: fault.line - 1])):
        return None
    return replace(fault, line=min(fault.line, len(lines)))


def _background_processes(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines that start a background process with the script's output; a guess, so only a warning."""
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
    """Replace quoted text by a harmless word and remove comments."""
    return "" if found[0].lstrip().startswith("#") else re.sub(r"[&#>]", "_", found[0])


def _redirects_both(command: str) -> bool:
    stdout, stderr = _STDOUT.search(command), _STDERR.search(command)
    return bool(stdout and stderr and (stderr[0] != "2>&1" or stdout.start() < stderr.start()))
