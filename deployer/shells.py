"""The shells of this machine as parsers: they read a script and say whether it is one, and never run it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deployer.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

_FOLDERS: Final = ("/bin", "/usr/bin")
_BASH: Final = ("bash", "--norc", "--noprofile", "-n", "/dev/stdin")  # by that name it tells lines
_AS_SH: Final = ("bash", "--norc", "--noprofile", "--posix", "-n", "/dev/stdin")
_DASH: Final = ("dash", "-n")
# /bin/sh is bash on Amazon Linux and Red Hat, dash on Debian and Ubuntu.
_PARSERS: Final = {"bash": (_BASH,), "dash": (_DASH,), "sh": (_AS_SH, _DASH)}
_REFUSED: Final = 2  # the exit status of both
_SECONDS: Final = 3
_LONGEST_REASON: Final = 200
_FAULT: Final = re.compile(rb"^[\w/]+: (?:line )?(\d+): (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Fault:
    """The line, from 1, at which a shell gives up on a script, and the shell's reason."""

    line: int
    reason: str


class Shells:
    """The shells in `folders`, each a parser until it takes too long over a script."""

    def __init__(self, folders: Sequence[str] = _FOLDERS) -> None:
        self._folders = folders
        self._slow: set[tuple[str, ...]] = set()

    def fault(self, shell: str, script: bytes) -> Fault | None:
        r"""Return why `bash`, `dash` or `sh` cannot parse a script.

        None where it can, where the shell is not here or is too slow, and where `sh` is a shell that can on
        some systems. The script comes by a pipe to a shell without any environment, in `/`.

        >>> Shells().fault("bash", b"if true; then\ndone\n")
        Fault(line=2, reason='syntax error near unexpected token `done`')
        """
        first = None
        for command in _PARSERS.get(shell, ()):
            fault = self._fault_of(command, script)
            if fault is None:
                return None
            first = first or fault
        return first

    def _fault_of(self, command: tuple[str, ...], script: bytes) -> Fault | None:
        import subprocess

        name, *options = command
        program = next((path for folder in self._folders if (path := Path(folder, name)).exists()), None)
        if program is None or command in self._slow:
            return None
        if b"extglob" in script and name == "bash":  # a `shopt` in the script is not carried out
            options = ["-O", "extglob", *options]
        try:
            ran = subprocess.run(  # noqa: S603 - a fixed program that parses and runs nothing
                [program, *options],
                input=script,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={},
                cwd="/",
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            self._slow.add(command)
            return None
        except OSError:
            return None
        said = _FAULT.search(ran.stderr) if ran.returncode == _REFUSED else None
        return Fault(int(said[1]), _reason(said[2])) if said else None


def _reason(said: bytes) -> str:
    text = printable(said.decode(errors="replace"))[:_LONGEST_REASON]
    return re.sub(r"`(.*)'", r"`\1`", text)
