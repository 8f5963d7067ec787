"""Pure: commands that stand in for those which a container cannot run, and when to propose one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_STUB: Final = """\
#!/bin/sh
# A rehearsal's stand-in: it says how it was called, and succeeds.
printf 'info: stub: %s\\n' "${0##*/} $*" >&2
"""

_SETUP: Final = """\
for name; do
  for folder in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
    if [ "$folder" = /usr/bin ] || [ -e "$folder/$name" ] || [ -L "$folder/$name" ]; then
      rm -f "$folder/$name"
      printf '%s' "$stub" >"$folder/$name" && chmod 755 "$folder/$name" || exit 1
    fi
  done
done
"""
"""Puts a stub in place of each command found, and into /usr/bin, which is on every PATH, sudo's too."""

_SYSTEMD: Final = re.compile(
    r"not been booted with systemd|failed to connect to bus|can't operate\. failed to connect to bus"
    r"|failed to get d-bus connection|unrecognized service|systemd as init system",
    re.IGNORECASE,
)
_MISSING: Final = re.compile(
    r"(?<![\w/.-])([\w.+-]{1,100}): (?:command )?not found|command not found: ([\w.+-]{1,100})"
)


def install(names: Iterable[str]) -> list[str]:
    """Return the command that puts stubs of these commands into the container."""
    return ["/bin/sh", "-c", f"stub=$1; shift\n{_SETUP}", "sh", _STUB, *names]


def proposal(log: str, given: Iterable[str]) -> str:
    """Return how a stub might help a script that printed this, empty if it would not."""
    found = [name for pair in _MISSING.findall(log) for name in pair if name]
    wanted = found[-1] if found else "systemctl" if _SYSTEMD.search(log) else ""
    if not wanted or wanted in {*given}:
        return ""
    stubs = ", ".join([*given, wanted])
    if found and wanted not in {"systemctl", "service"}:
        return f"If instances have {wanted}, use an image with it, or replace it: rehearse-stubs: {stubs}"
    return f"A container has no systemd. To replace the command in rehearsals: rehearse-stubs: {stubs}"
