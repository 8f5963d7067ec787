"""The text of a hook script: its first line, its line ends, what it leaves running."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from deployer.rules import hooks as rules
from deployer.text import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.errors import Location, Problem
    from deployer.preflight.names import Names

_LONGEST_COMMAND = 4096
_SHOWN = 60
_BOM = b"\xef\xbb\xbf"
_BINARY = (b"\x7fELF",)
_PROGRAM = re.compile(r"[\w.+-]+", re.ASCII)
_SHEBANG_EXAMPLE = "Write one that the instances have, such as `#!/bin/bash`."
_SYSTEM_FOLDERS = ("/bin/", "/usr/bin/", "/usr/local/bin/")
_INTERPRETERS = (
    *(
        "sh",
        "bash",
        "dash",
        "ash",
        "ksh",
        "mksh",
        "zsh",
        "fish",
        "csh",
        "tcsh",
        "busybox",
        "awk",
        "gawk",
        "sed",
    ),
    *(
        "python",
        "python2",
        "python3",
        "perl",
        "ruby",
        "node",
        "nodejs",
        "php",
        "lua",
        "tclsh",
        "expect",
        "make",
    ),
    *("pwsh", "deno", "bun", "java", "env", "uv", "pypy3", "go", "rscript", "Rscript", "sudo", "nice", "su"),
)
_ONE_ARGUMENT = {"sh", "bash", "dash", "ash", "ksh", "zsh", "python", "python2", "python3", "node", "php"}
_ANY_BACKGROUND = re.compile(
    rb"^[ \t]*(?:coproc\b|setsid[ \t]+(?:-f\b|--fork\b)"
    rb"|(?:trap|eval|sh -c|bash -c)[ \t]+[\"'][^\n]*&[ \t]*[\"'])"
    rb"|>[ \t]*>\(|subprocess\.Popen\(",
    re.MULTILINE,
)
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
    line = first[2:].decode(errors="replace").strip(" \t\r")
    program, arguments = (*re.split(r"[ \t]+", line, maxsplit=1), "")[:2]
    last = posixpath.basename(program)
    if not program.startswith("/") or not last:
        yield rules.INTERPRETER.problem(place, script=name, line=f"#!{line}")
    elif not _PROGRAM.fullmatch(last) or last == "bin":
        yield rules.NO_SUCH_INTERPRETER.problem(place, script=name, program=program, advice=_SHEBANG_EXAMPLE)
    elif last == "env":
        yield from _check_env(name, arguments, place)
    else:
        guess = nearest(last, _INTERPRETERS)
        if last not in _INTERPRETERS and program.startswith(_SYSTEM_FOLDERS) and guess:
            advice = did_you_mean(guess, "")
            yield rules.NO_SUCH_INTERPRETER.problem(place, script=name, program=program, advice=advice)
        if last in _ONE_ARGUMENT and (" " in arguments or "\t" in arguments or arguments.startswith("#")):
            yield rules.ARGUMENTS_TOGETHER.problem(place, script=name, arguments=arguments, program=program)


def _check_env(name: str, arguments: str, place: Location) -> Iterator[Problem]:
    """Report what env cannot do with the one argument that it gets."""
    command = arguments.removeprefix("-S") if arguments.startswith("-S") else arguments
    if not arguments:
        yield rules.NO_SUCH_INTERPRETER.problem(place, script=name, program="env", advice=_SHEBANG_EXAMPLE)
    elif command.strip().startswith(("./", "../")):
        word = command.split()[0]
        yield rules.NO_SUCH_INTERPRETER.problem(place, script=name, program=word, advice=_SHEBANG_EXAMPLE)
    elif " " in arguments and not arguments.startswith(("-S", "--split-string", "-vS")):
        yield rules.ENV_ARGUMENTS.problem(place, script=name, arguments=arguments)
    elif not command.startswith("-"):
        last = command.split()[0] if command.split() else ""
        guess = nearest(last, _INTERPRETERS)
        if last and last not in _INTERPRETERS and guess:
            yield rules.NO_SUCH_INTERPRETER.problem(
                place, script=name, program=last, advice=did_you_mean(guess, "")
            )


def _is_for_a_shell(first: bytes) -> bool:
    """Tell whether a shell reads the script; it does so too when the first line names nothing."""
    words = first.decode(errors="replace").rpartition("/")[2].split()
    return not first.startswith(b"#!") or any(word in _SHELLS for word in words)


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
