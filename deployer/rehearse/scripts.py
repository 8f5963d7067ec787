"""One script of an event, run in the container as the agent's hook executor runs it.

The agent waits until a script has ended and nothing holds its output open any longer. An engine closes the
output of a command some time after its first process has ended, so a shell in the container has to do that
waiting: it passes both streams on through pipes of its own, and leaves a note of how far it came.
"""

from __future__ import annotations

import posixpath
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from deployer.appspec.model import EVENT_SECONDS
from deployer.deployment.model import Diagnostics
from deployer.rehearse.container import DiskFull, Gone, Process
from deployer.rehearse.engine import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deployer.appspec.model import Hook
    from deployer.clock import Clock
    from deployer.rehearse.container import Container
    from deployer.rehearse.log import EventLog

FOLDER: Final = "/opt/codedeploy-agent"
"""The agent's folder, where hooks start."""

TIME_UP: Final = "still running when the rehearsal's time was up"
_ASIDE_SECONDS: Final = 10
_NOTES: Final = f"{FOLDER}/.rehearsal"

_CHECK: Final = r"""
fault() { printf '%s' "$key:$1"; exit 0; }
key=$1 notes=$2 script=$3
shift 3
rm -rf "$notes"; mkdir -p "$notes"; chmod 1777 "$notes"
[ -e "$script" ] || fault missing
[ -x "$script" ] || chmod +x "$script" || fault mode
[ ! -d "$script" ] || fault EACCES
first=$(head -c 300 "$script" | head -n 1 | tr -d '\000')
case $first in '#!'*)
  interpreter=${first#'#!'}
  interpreter=${interpreter#"${interpreter%%[!	 ]*}"}
  interpreter=${interpreter%%[	 ]*}
  [ -z "$interpreter" ] || [ -e "$interpreter" ] || fault ENOENT
  [ -z "$interpreter" ] || { [ -x "$interpreter" ] && [ ! -d "$interpreter" ]; } || fault EACCES
esac
"""

_USER: Final = r"""
while IFS= read -r line; do
  case $line in "$1":*) fault "user:$line" ;; esac
done </etc/passwd
fault nobody
"""

_RUN: Final = r"""
note() { { printf '%s\n' "$2" >"$notes/$1"; } 2>/dev/null; }
note group $$
exec 4>&1
status=$(
  exec 5>&1
  {
    { "$@" 2>&3 3>&- 4>&- 5>&-; echo $? >&5; note ended; } | { cat; note stdout; } >&4 3>&-
  } 3>&1 | cat >&2
)
exit "${status:-137}"
"""

_LEFT_OPEN: Final = 'if [ -e "$1/stdout" ]; then echo STDERR; elif [ -e "$1/ended" ]; then echo STDOUT; fi'

_END: Final = r"""
exec 2>/dev/null
read -r group <"$1/group" || exit
kill -TERM "-$group"
tenths=0
while kill -0 "-$group"; do
  [ $((tenths += 1)) != 50 ] || kill -KILL "-$group"
  sleep 0.1
done
"""
"""Ends a script and its children as the agent does, and waits; what outlives that is killed."""

_ENOENT: Final = "Errno::ENOENT with message No such file or directory"
_EACCES: Final = "Errno::EACCES with message Permission denied"
_NO_USER: Final = (
    "su: user {name} does not exist or the user entry does not contain all the required fields\n"
)


class EventFailed(Exception):
    """An event failed; the diagnostics are those that the agent would send."""

    def __init__(self, message: str, code: str = "", script: str = "", log: str = "") -> None:
        super().__init__(message)
        self.diagnostics = Diagnostics(code, script, message, log)


@dataclass(frozen=True, slots=True)
class Hooks:
    """The way in which hooks are run: where, with which variables, and until when at the latest.

    `tick` is called about once a second while a script runs.
    """

    container: Container
    clock: Clock
    variables: Sequence[str]
    deadline: float
    tick: Callable[[], None]

    def run(self, hook: Hook, archive: str, log: EventLog) -> None:
        """Run a script of the unpacked bundle in `archive`; raises EventFailed as the agent would."""
        script = f"{archive}/{hook.location.lstrip('/')}"
        log.begin(hook.location)
        until = self.clock.monotonic() + (hook.timeout or EVENT_SECONDS)
        try:
            self._run(hook, script, log, until=min(until, self.deadline))
        except _Fault as fault:
            log.end()
            what = "over" if fault.what == "late" and until > self.deadline else fault.what
            if what == "late":
                self._aside(_END)
            message, code = _told(what, hook, script)
            raise EventFailed(message, code, hook.location, log.tail) from fault
        log.end()

    def _run(self, hook: Hook, script: str, log: EventLog, *, until: float) -> None:
        key = secrets.token_hex(8)
        check = ["sh", key, _NOTES, script]
        if hook.runas is None:
            process = Process(["/bin/sh", "-c", _CHECK + _RUN, *check, script])
            self._execute(process, key, log, until=until)
            return
        process = Process(["/bin/sh", "-c", _CHECK + _USER, *check, hook.runas])
        said = self._execute(process, key, log, until=until)
        match said.split(":"):
            case ["user", _, _, _, _, _, home, shell]:
                shell = shell or "/bin/sh"
            case _:
                log.write(2, _NO_USER.format(name=hook.runas).encode())
                raise _Fault("exit code 1")
        variables = [f"HOME={home}", f"SHELL={shell}"]
        if hook.runas != "root":
            variables += [f"USER={hook.runas}", f"LOGNAME={hook.runas}"]
        words = ["/bin/sh", "-c", f"notes=$1; shift\n{_RUN}", "sh", _NOTES, shell, "-c", script]
        self._execute(Process(words, hook.runas, variables), key, log, until=until)

    def _execute(self, process: Process, key: str, log: EventLog, *, until: float) -> str:
        """Run a process as a hook and return what it says of a user; raises _Fault for all that is wrong."""
        words: list[str] = []

        def output(stream: int, data: bytes) -> None:
            if data.startswith(key.encode()):
                words.append(data.decode(errors="replace").partition(":")[2])
            else:
                log.write(stream, data)

        try:
            code = self.container.execute(
                replace(process, variables=[*self.variables, *process.variables], folder=FOLDER),
                output=output,
                until=until,
                tick=self.tick,
            )
            if code is None:
                raise _Fault(self._left_open() or "late")
        except Gone as error:
            raise _Fault("gone") from error
        except DiskFull as error:
            raise _Fault("disk") from error
        if words and not words[0].startswith(("user:", "nobody")):
            raise _Fault(words[0])
        if code:
            raise _Fault(f"exit code {code}")
        return words[0] if words else ""

    def _left_open(self) -> str:
        """Return which stream the script, which has ended, left open; empty if it has not ended."""
        said = self._aside(_LEFT_OPEN)
        return {b"STDOUT": "STDOUT", b"STDERR": "STDERR"}.get(said.strip(), "")

    def _aside(self, script: str) -> bytes:
        """Run a script about the notes on a hook, and return what it says; nothing where it cannot run."""
        said = bytearray()
        with suppress(Gone, DiskFull, Refused):
            self.container.execute(
                Process(["/bin/sh", "-c", script, "sh", _NOTES]),
                output=lambda _, data: said.extend(data),
                until=self.clock.monotonic() + _ASIDE_SECONDS,
            )
        return bytes(said)


class _Fault(Exception):
    """A word for the reason why a script did not run or end well."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def _told(what: str, hook: Hook, script: str) -> tuple[str, str]:
    """Return the agent's words for a fault, and the service's code."""
    named = f"Script at specified location: {hook.location}"
    run = named + (f" run as user {hook.runas}" if hook.runas else "")
    told = {
        "missing": (
            f"Script does not exist at specified location: {posixpath.normpath(script)}",
            "ScriptMissing",
        ),
        "mode": (
            f"Unable to set script at specified location: {hook.location} as executable",
            "ScriptNotExecutable",
        ),
        "STDOUT": (f"{named} failed to close STDOUT", "UnknownError"),
        "STDERR": (f"{named} failed to close STDERR", "UnknownError"),
        "late": (f"{named} failed to complete in {hook.timeout or EVENT_SECONDS} seconds", "ScriptTimedOut"),
        "over": (f"{named} was {TIME_UP}", "ScriptFailed"),
        "gone": (f"{named} ended the container that it ran in", "ScriptFailed"),
        "disk": (f"{named} filled the disk: No space left on device", "ScriptFailed"),
        "ENOENT": (f"{run} failed with error {_ENOENT} - {script}", "ScriptFailed"),
        "EACCES": (f"{run} failed with error {_EACCES} - {script}", "ScriptFailed"),
    }
    return told.get(what) or (f"{run} failed with {what}", "ScriptFailed")
