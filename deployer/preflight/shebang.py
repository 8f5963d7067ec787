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
_ONE_WORD: Final = re.compile(r"(?:sh|bash|dash|ash|python[\d.]*)")  # seen to fail with two options
_WITH_VALUE: Final = re.compile(r"-[bBdEhiIOPqsSuvVx]*[WX] ")  # of Python: the rest is the option's value
_SPLITS: Final = re.compile(r"-[iv0]*S|--split-string")


def interpreter(first: bytes) -> str:
    """Return the name of the program that a first line starts, behind `env` too; empty where there is none.

    >>> interpreter(b"#!/usr/bin/env bash")
    'bash'
    """
    if not first.startswith(b"#!"):
        return ""
    words = first[2:].decode(errors="replace").split()
    names = [posixpath.basename(word) for word in words if not word.startswith("-")]
    return next((name for name in names if name != "env"), "")


def check_first_line(name: str, first: bytes, place: Location) -> Iterator[Problem]:
    """Report what keeps Linux from starting a script by its first line, or what probably does."""
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
        yield rules.NO_SUCH_INTERPRETER.problem(place, script=name, program=program, advice=_EXAMPLE)
    elif last == "env":
        yield from _check_env(name, arguments, place)
    else:
        if program.startswith(_SYSTEM_FOLDERS):
            yield from _check_known(name, last, place)
        if (
            re.search(r"[ \t]|^#", arguments)
            and _ONE_WORD.fullmatch(last)
            and not _WITH_VALUE.match(arguments)
        ):
            yield rules.ARGUMENTS_TOGETHER.problem(place, script=name, arguments=arguments, program=program)


def _check_env(name: str, arguments: str, place: Location) -> Iterator[Problem]:
    """Report what env cannot do with the one argument that it gets."""
    splits = _SPLITS.match(arguments)
    first, *more = (arguments[splits.end() :] if splits else arguments).replace("=", " ").split() or [""]
    if not arguments:
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
    if plain not in _KNOWN and (guess := nearest(plain, sorted(_KNOWN))):
        yield rules.UNLIKELY_INTERPRETER.problem(
            place, script=name, program=program, advice=did_you_mean(guess, "")
        )
