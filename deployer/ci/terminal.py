"""A person at a terminal: the console's lines in color, and below them one that shows what runs now."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, ClassVar, TextIO

from deployer.ci.console import Console
from deployer.text import cut

if TYPE_CHECKING:
    from collections.abc import Mapping

_STYLES = {"bold": "1", "dim": "2", "link": "4", "bad": "31", "good": "32", "doubtful": "33", "blue": "34"}
_PARTS = re.compile(
    r"""^(?P<log>[ ]{2}\|[ ].*)
    | ^(?P<bold>==[ ].*)
    | ^(?P<dim>debug:.* | [ ]{0,6}[\dhms. ]{2,6}(?=[ ]{2}))
    | (?P<bad>(?:^|(?<=:[ ]))error: | \bFAILED\b | \b[Ff]ailed\b)
    | (?P<doubtful>(?:^|(?<=:[ ]))warning:)
    | (?P<blue>(?:^|(?<=:[ ]))notice:)
    | (?P<good>\b[Ss]ucceeded\b)
    | (?P<link>https://[^\s]+)""",
    re.VERBOSE,
)
"""The parts of a line that stand out, by their style; the log of a script stays as it is."""

_ERASE = "\r\x1b[K"


def wants_terminal(environ: Mapping[str, str], stream: TextIO | None) -> bool:
    """Return whether the stream is a terminal, or is to be written to as if it were one."""
    return bool(environ.get("FORCE_COLOR") or (stream and stream.isatty()))


class Terminal(Console):
    """Colors (https://no-color.org, https://force-color.org), and progress in one line that is replaced.

    Secrets are hidden before a line is colored: a color inside of one would make it another text.
    """

    name: ClassVar[str] = "terminal"

    def __init__(self, environ: Mapping[str, str], stream: TextIO | None) -> None:
        super().__init__(environ, stream)
        plain = environ.get("TERM") == "dumb"
        self._colored = not environ.get("NO_COLOR") and bool(environ.get("FORCE_COLOR") or not plain)
        self.replaces = bool(stream and stream.isatty() and not plain and not environ.get("CI"))
        self._pending = ""

    def progress(self, text: str) -> None:
        """Show how far things are, in place of what was shown last."""
        if not self.replaces:
            super().progress(text)
        elif not self.quiet:
            width = shutil.get_terminal_size().columns - 1
            line = cut(self._redactor.redact(self._safe(text)), width)
            self._raw.write(f"{self._pending}{self._styled('dim', line)}")
            self._pending = _ERASE

    def _plain(self, text: str) -> None:
        line = self._redactor.redact(text)
        if self._colored:
            line = _PARTS.sub(lambda part: self._styled(part.lastgroup or "", part[0]), line)
        self._raw.write(f"{self._pending}{line}\n")
        self._pending = ""

    def _styled(self, style: str, text: str) -> str:
        code = _STYLES.get(style) if self._colored else None
        return f"\x1b[{code}m{text}\x1b[0m" if code else text
