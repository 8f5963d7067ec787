"""The first line of a script: which program Linux starts, and with which one argument."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final

from deployer.rules import hooks as rules
from deployer.text import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.errors import Location, Problem

_PROGRAM: Final = re.compile(r"[\w.+-]+", re.ASCII)
_EXAMPLE: Final = "Write one that the instances have, such as `#!/bin/bash`."
_SYSTEM_FOLDERS: Final = ("/bin/", "/usr/bin/", "/usr/local/bin/")
_PROGRAMS: Final = (
    "ash awk bash bun busybox csh dash deno env expect fish gawk go ipython java jruby ksh lksh lua make "
    "mawk mksh nice node nodejs pdksh perl php posh pwsh pypy python rbash Rscript ruby sed sh su sudo "
    "systemd-run tclsh tcsh tsx uv wish yash zsh zx"
)
_KNOWN: Final = frozenset(_PROGRAMS.split())
_VERSION: Final = re.compile(r"[-\d.]+$")
# Shells and others that were seen to fail with two options:
_ONE_WORD: Final = re.compile(r"(?:sh|bash|dash|ash|m?ksh|ksh93|zsh|python[\d.]*)")
_WRAPPER: Final = re.compile(r"chroot|ionice|nice|nohup|setsid|stdbuf|sudo|timeout")
_READS_A_FILE: Final = re.compile(r"(?:sh|bash|dash|ash|ksh|zsh|python[\d.]*|perl[\d.]*|ruby[\d.]*)")
_SHELLS: Final = ("sh", "bash", "dash", "ash")
_RUNS_NOTHING: Final = re.compile(r"-[A-Za-z]*[ns][A-Za-z]*")  # of a shell: parses only, or reads its input
_RUNS_A_COMMAND: Final = re.compile(r"-[A-Za-z]*c[A-Za-z]*")  # of a shell: the script's path is the command
_MINDS_NO_RETURN: Final = re.compile(r"(?:perl|ruby)[\d.]*")  # at the end of its options
_WITH_VALUE: Final = re.compile(r"-[bBdEhiIOPqsSuvVx]*[WX] ")  # of Python: the rest is the option's value
_SPLITS: Final = re.compile(r"-[iv0]*S|--split-string=?")


def names_interpreter(first: bytes) -> bool:
    """Tell whether a first line names an interpreter; where it does not, /bin/sh runs the script."""
    return first.startswith(b"#!") and bool(first[2:].strip(b" \t"))


def interpreter(first: bytes) -> str:
    """Return the name of the program that runs a script with that first line, behind `env` too.

    >>> interpreter(b"#!/usr/bin/env bash"), interpreter(b"echo")
    ('bash', 'sh')
    """
    if not names_interpreter(first):
        return "sh"
    words = first[2:].decode(errors="replace").split()
    names = [posixpath.basename(word) for word in words if not word.startswith("-")]
    return next((name for name in names if name != "env"), "")


def check_first_line(name: str, first: bytes, place: Location) -> Iterator[Problem]:
    """Report what keeps Linux from starting a script by its first line, or what probably does."""
    if not names_interpreter(first):
        yield rules.NO_SHEBANG.problem(place, script=name)
        return
    if fails_at_carriage_return(first):
        yield rules.CRLF_SHEBANG.problem(place, script=name)
    line = first[2:].decode(errors="replace").strip(" \t\r")
    program, arguments = _parts(line)
    last = posixpath.basename(program)
    if not program.startswith("/") or not last:
        yield rules.INTERPRETER.problem(place, script=name, line=f"#!{line}")
    elif not _PROGRAM.fullmatch(last) or last == "bin":
        yield rules.NO_SUCH_INTERPRETER.problem(place, script=name, program=program, advice=_EXAMPLE)
    elif last == "env":
        yield from _check_env(name, arguments, place)
    else:
        if program.startswith(_SYSTEM_FOLDERS):
            yield from _check_known(name, last, place)
        yield from _check_arguments(name, program, arguments, place)


def fails_at_carriage_return(first: bytes) -> bool:
    """Tell whether a first line ends with CRLF, and the program that it starts takes that for a word.

    `env -S` splits at it, and perl and ruby overlook it behind their options.
    """
    if not first.startswith(b"#!") or not first.endswith(b"\r"):
        return False
    program, arguments = _parts(first[2:].decode(errors="replace").strip(" \t\r"))
    last = posixpath.basename(program)
    splits = last == "env" and _SPLITS.match(arguments)
    overlooks = bool(arguments) and _MINDS_NO_RETURN.fullmatch(last)
    return not (splits or overlooks)


def _parts(line: str) -> tuple[str, str]:
    """Return the program of a first line, and all behind it, which Linux passes as one argument."""
    program, arguments = (*re.split(r"[ \t]+", line, maxsplit=1), "")[:2]
    return program, arguments


def _check_arguments(name: str, program: str, arguments: str, place: Location) -> Iterator[Problem]:
    """Report what a program cannot do with the one argument that it gets."""
    last = posixpath.basename(program)
    blank = re.search(r"[ \t]", arguments)
    one_word = _ONE_WORD.fullmatch(last) and not _WITH_VALUE.match(arguments)
    if (one_word and (blank or arguments.startswith("#"))) or (blank and _WRAPPER.fullmatch(last)):
        yield rules.ARGUMENTS_TOGETHER.problem(place, script=name, arguments=arguments, program=program)
    elif arguments and arguments[0] not in "-+" and _READS_A_FILE.fullmatch(last):
        what = f"{last} looks for a script of that name"
        yield rules.NOT_STARTED.problem(place, script=name, arguments=arguments, program=program, what=what)
    elif last in _SHELLS and _RUNS_NOTHING.fullmatch(arguments):
        yield rules.NOTHING_RUN.problem(place, script=name, arguments=arguments, program=program)
    elif last in _SHELLS and _RUNS_A_COMMAND.fullmatch(arguments):
        what = f"{last} starts the script as a command, which does the same again, without end"
        yield rules.NOT_STARTED.problem(place, script=name, arguments=arguments, program=program, what=what)


def _check_env(name: str, arguments: str, place: Location) -> Iterator[Problem]:
    """Report what env cannot do with the one argument that it gets."""
    splits = _SPLITS.match(arguments)
    words = (arguments[splits.end() :] if splits else arguments).split()
    starts_none = all(word.startswith("-") or "=" in word for word in words)
    first, *more = " ".join(words).replace("=", " ").split() or [""]
    if arguments and starts_none and (splits or len(words) == 1):
        what = "env starts the script itself, which does the same again, without end"
        yield rules.NOT_STARTED.problem(place, script=name, arguments=arguments, program="env", what=what)
    elif not arguments:
        yield rules.NO_SUCH_INTERPRETER.problem(place, script=name, program="env", advice=_EXAMPLE)
    elif first.startswith(("./", "../")):
        yield rules.NO_SUCH_INTERPRETER.problem(place, script=name, program=first, advice=_EXAMPLE)
    elif more and not splits:
        yield rules.ENV_ARGUMENTS.problem(place, script=name, arguments=arguments)
    elif not more and not first.startswith("-"):
        yield from _check_known(name, first, place)


def _check_known(name: str, program: str, place: Location) -> Iterator[Problem]:
    """Warn of a program that is nearly one that we know; with a version in its name it is that one."""
    plain = _VERSION.sub("", program)
    if plain not in _KNOWN and plain.lower() in _KNOWN:
        advice = did_you_mean(plain.lower(), "")
        yield rules.NO_SUCH_INTERPRETER.problem(place, script=name, program=program, advice=advice)
    elif plain not in _KNOWN and (guess := nearest(plain, sorted(_KNOWN))):
        yield rules.UNLIKELY_INTERPRETER.problem(
            place, script=name, program=program, advice=did_you_mean(guess, "")
        )
