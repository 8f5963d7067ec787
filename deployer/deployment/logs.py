"""Pure: what a script's log says of its failure, and on which line of which file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deployer.deployment.clues import lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LOUD = re.compile(
    r"error|fatal|panic|not found|no such|denied|cannot|can't|unable|refused|missing|invalid|could not"
    r"|couldn't"
    r"|exhausted|exception(?! for)|not recognized|unrecognized|already exists|already in use"
    r"|used by another|not in gzip format|timed? ?out|unreachable|expired|unknown|unbound variable"
    r"|unsupported"
    r"|segmentation fault"
    r"|requires at least|too ?many|no package|not (?:loaded|set|installed|available|allowed|permitted)"
    r"|must (?:be|have|use|install)|can only|does not exist(?!, skipping)|framework: '"
    r"|failed to resolve import|no tracking information|has no upstream|not currently on a branch"
    r"|health ?check[^\n]{0,40}(?:\bfail|실패)|status=2\d\d/[A-Z]"
    r"|\bFAILED!|^E: |\[(?:emerg|crit|alert)\]|(?-i:\bE[A-Z]{4,}\b)",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"failed|failure|killed|terminated|aborted|not (?:running|(?:become )?healthy|respond|ready)|unhealthy"
    r"|giving up",
    re.IGNORECASE,
)
_AFTERMATH = re.compile(
    r"could not read from remote repository|error is not recoverable|error: nothing to do"
    r"|^npm (?:err!|error)\s{1,4}(?:code|errno|syscall|path|command|workspace|location|lifecycle|failed at)\b"
    r"|ELIFECYCLE|exit status \d|errors in crontab|returned status|some index files failed"
    r"|operable program|\*\*\* \[[^\n]{0,200}\] error|still could not bind|remote end hung up"
    r"|unable to fetch some archives|errors were encountered while|failed building wheel"
    r"|could not build wheels|not a problem with pip|compilation terminated|rsync error: "
    r"|encountered errors while|configured repositories failed|CalledProcessError|not with npm itself"
    r"|subprocess-exited-with-error|metadata-generation-failed|legacy-install-failure"
    r"|gyp err! not ok|service: failed with result|entered failed state|start request repeated"
    r"|systemd\[\d{1,9}\]: failed to start|build failed because of"
    r"|returned with error code"
    r"|worker failed to boot|app failed to load|\] Shutting down: Master|\] Worker \(pid:\d{1,9}\) exited"
    r"|\bHaltServer\b|another exception occurred:$|application (?:run|startup) failed$"
    r"|process completed with|and bundler cannot continue|command failed with",
    re.IGNORECASE,
)
"""Lines that follow from a failure whose cause is in an earlier line, however loud they are."""

_QUIET = re.compile(
    r"\+{1,9} |(?:npm )?(?:warn|notice)|deprecat|\[notice\]|info\b|hint:|note:|usage:|see ['\"\u2018]|[NW]: "
    r"|npm (?:err!|error)\s*(?:a complete log|this is probably|/|$)|(?:perl|bash|mysql): \[?warning"
    r"|stdin: is not a tty"
    r"|[^:\n]{1,200}: (?:line )?\d{1,9}: warning: |\(node:\d{1,9}\) |\(use .node --trace"
    r"|debconf: |sudo: unable to resolve host|more help is available|#\d{1,4} (?!error)"
    r"|[^:\n]{1,40}: (?:cannot set terminal process group|no job control in this|ttyname failed|no value for)"
    r"|at [\w.$<>/@ -]{1,200}\(|run .bundle install. to|to (?:install (?:the )?missing|update to the latest) "
    r"|(?:npm (?:err!|error)\s{1,8})?(?:errno|code|syscall|path|address|port): [-\d'\[]"
    r"|\.NET location: |[^\n]{1,200}FailureAnalysisReporter\s{0,10}:?$"
    r"|% Total\s|Dload\s|[-\d.:kMG\s]{20,300}$"
    r"|created symlink|install missing|synchronizing state|executing: /|cloning into",
    re.IGNORECASE,
)
"""The beginnings of lines that say nothing about a failure: traces, warnings, how to use a command."""

_NPM = re.compile(r"npm (?:err!|error)\s{0,8}", re.IGNORECASE)
"""The beginning of each line that npm writes about a failure, whatever the line says."""

_PLAIN = re.compile(
    r"\W{0,3}(?:error|fatal|exception)\b|[^\n]{0,200}?(?:[a-z]Error|Exception|error TS\d{1,6}): "
    r"|module not found: |(?:target )?class \S{1,200} (?:not found|does not exist)",
    re.IGNORECASE,
)
"""The beginnings of lines that are an error's own words, not just about errors."""

_EXCEPTION = re.compile(r"(?:^|[\s.(\[])(?-i:[A-Z]\w{2,80}(?:Error|Exception)\b):? ?\S")
"""The name of an exception of a program's own."""

_NONE = re.compile(r"\b(?:0|no) (?:errors?|failures?|failed)\b", re.IGNORECASE)

_NAME = r"(?<![\w./@+\\-])(?P<file>[\w./@+\\-]{1,400})"
_PLACES = (
    re.compile(_NAME + r": line (?P<line>\d{1,9}): "),  # bash
    re.compile(r'File "(?P<file>[^"\n]{1,400})", line (?P<line>\d{1,9})'),  # Python
    re.compile(_NAME + r":(?P<line>\d{1,9}):\d{1,9}\)?"),  # Node
    re.compile(_NAME + r": (?P<line>\d{1,9}): "),  # dash
    re.compile(_NAME + r":(?P<line>\d{1,9}):in "),  # Ruby
)
_METER = re.compile(r"[-\d.:kMG\s]{20,300}(?=curl: )")
"""The progress of curl, which ends its own line only with its last word."""

_STREAM = re.compile(r"\[(stdout|stderr)\]")
_HEADING = "Script - "
"""The heading that the agent writes before each script of an event; the last of them failed."""


def _said(log: str) -> list[tuple[str, str]]:
    """Return each line of the last script with its stream; one without a mark continues the line before."""
    said: list[tuple[str, str]] = []
    stream = ""
    for line in lines_of(log):
        if line.startswith(_HEADING):
            said.clear()
        elif mark := _STREAM.match(line):
            stream = mark[1]
            line = line[mark.end() :].strip()  # noqa: PLW2901 - without its mark
        if line and not line.startswith(_HEADING):
            said.append((stream, _METER.sub("", line)))
    return said


def telling_line(log: str) -> str:
    """Return the line of a log that says most about a failure, empty if none does.

    That is the last that speaks of an error on standard error, else the last that is one on standard output,
    else the last on standard error that is no mere trace or warning, else any about an error.
    """
    return _split(log)[0]


def texts_of(log: str) -> tuple[str, str, str]:
    """Split a log by relevance: the most telling line, the lines after it, the lines before it."""
    return _split(log)


def _split(log: str) -> tuple[str, str, str]:
    said = _said(log)
    at = _telling(said)
    if at is None:
        return "", "", _text([line for _, line in said])
    lines = [line for _, line in said]
    return lines[at], _text(lines[at + 1 :]), _text(lines[:at])


def _text(lines: list[str]) -> str:
    return "\n".join(line for line in lines if not _QUIET.match(line))


def _telling(said: list[tuple[str, str]]) -> int | None:
    def last(stream: str, speaks: Callable[[str], bool]) -> int | None:
        for at in range(len(said) - 1, -1, -1):
            where, line = said[at]
            if where == stream and not _QUIET.match(line) and speaks(line):
                return at
        return None

    for stream, speaks in (
        ("stderr", _is_loud),
        ("stderr", _is_weak),
        ("stdout", _is_plain),
        ("stderr", _is_aftermath),
        ("stderr", bool),
        ("stdout", _is_loud),
        ("stdout", _is_weak),
    ):
        if (at := last(stream, speaks)) is not None:
            return at
    return next((at for at in range(len(said) - 1, -1, -1) if said[at][0] == "stderr"), None)


def is_exception(line: str) -> bool:
    """Return whether a line names what a program itself tripped over, such as `TypeError: …`."""
    return bool(_EXCEPTION.search(line)) and not _AFTERMATH.search(line)


def _is_loud(line: str) -> bool:
    """Return whether a line tells what went wrong."""
    return bool(_LOUD.search(_NPM.sub("", line))) and not _AFTERMATH.search(line) and not _NONE.search(line)


def _is_plain(line: str) -> bool:
    """Return whether a line is an error, rather than about errors."""
    return bool(_PLAIN.match(line)) and _is_loud(line)


def _is_weak(line: str) -> bool:
    """Return whether a line tells no more than that something went wrong."""
    return bool(_WEAK.search(line)) and not _AFTERMATH.search(line) and not _NONE.search(line)


def _is_aftermath(line: str) -> bool:
    """Return whether a line only follows from a failure."""
    return bool(_AFTERMATH.search(line))


def named_lines(log: str) -> Iterator[tuple[str, int]]:
    """Yield the files and lines that a log names, the last first."""
    for line in reversed(lines_of(log)):
        for pattern in _PLACES:
            if match := pattern.search(line):
                yield match["file"], int(match["line"])
