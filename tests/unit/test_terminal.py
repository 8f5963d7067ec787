"""A person at a terminal, which is a real one: a pseudo-terminal."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.ci.detect import detect
from deployer.errors import Location, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deployer.ci.base import Ci

TOKEN = "FAILED/Succeeded=error:+https://x"
CODES = re.compile(r"\x1b\[\d*m")
PROBLEM = Problem("The script failed.", "Fix it.", "ScriptFailed", Severity.ERROR, Location("a/b.sh", 7))


@contextmanager
def terminal() -> Iterator[tuple[TextIO, Callable[[], str]]]:
    """A stream that is a terminal, and how to end it, which returns what has arrived there."""
    reader, writer = os.openpty()
    stream = os.fdopen(writer, "w", encoding="utf-8")

    def end() -> str:
        stream.close()
        received = bytearray()
        with suppress(OSError):  # a terminal whose other side is closed has no end of file, but an error
            while part := os.read(reader, 65_536):
                received += part
        return received.decode().replace("\r\n", "\n")

    try:
        yield stream, end
    finally:
        stream.close()
        os.close(reader)


def report(ci: Ci) -> None:
    """A little of everything."""
    with ci.section("Deploy"):
        ci.say("     7s  InProgress: 1 succeeded, 1 failed")
        ci.progress("     8s  still InProgress")
        ci.progress("     9s  still InProgress")
        ci.annotate(PROBLEM)
        ci.block("error: FAILED\x1b[31m red\x1b]52;c;x\x07")
        ci.say(f"Deployment d-1 failed: https://example.com/{TOKEN}")


def shown(text: str) -> list[str]:
    """What a terminal shows after such output: each erased line is gone."""
    return [line.rpartition("\x1b[K")[2].rpartition("\r")[2] for line in text.rstrip("\n").split("\n")]


def told(**environ: str) -> str:
    with terminal() as (stream, end):
        report(detect({"AWS_SESSION_TOKEN": TOKEN, **environ}, stream))
        return end()


LINES = [
    "== Deploy",
    "     7s  InProgress: 1 succeeded, 1 failed",
    "a/b.sh:7: error: The script failed. [ScriptFailed]",
    "  Fix it.",
    "  | error: FAILED red\\x1b]52;c;x\\x07",
    "Deployment d-1 failed: https://example.com/***",
]


def test_lines_are_colored_and_progress_is_one_line() -> None:
    """A log's own colors and controls are gone, and its lines stay as they are."""
    text = told(TERM="xterm")
    assert shown(CODES.sub("", text)) == LINES
    assert "\x1b[1m== Deploy\x1b[0m" in text
    assert "1 \x1b[32msucceeded\x1b[0m, 1 \x1b[31mfailed\x1b[0m" in text
    assert "a/b.sh:7: \x1b[31merror:\x1b[0m The" in text
    assert "\n  | error: FAILED red" in text
    assert "\x1b[2m     8s  still InProgress\x1b[0m\r\x1b[K" in text


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}], ids=str)
def test_no_color_wins(environ: dict[str, str]) -> None:
    text = told(**environ)
    assert not CODES.search(text)
    assert shown(text) == LINES


@pytest.mark.parametrize("environ", [{"CI": "true", "NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_nothing_is_erased_where_nobody_watches(environ: dict[str, str]) -> None:
    """Some CIs give a job a terminal, and keep all that it received."""
    text = told(**environ)
    assert "\x1b" not in text
    assert text.splitlines() == [
        *LINES[:2],
        "     8s  still InProgress",
        "     9s  still InProgress",
        *LINES[2:],
    ]


def test_a_color_is_forced_without_a_terminal() -> None:
    """For CIs that show colors, and pipes to pagers; a line is never erased there."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        report(detect({"FORCE_COLOR": "1", "TERM": "dumb"}, stream))
    with os.fdopen(reader, encoding="utf-8") as log:
        text = log.read()
    assert "\x1b[31merror:\x1b[0m" in text
    assert "\x1b[K" not in text


def test_progress_fits_into_a_line_and_quiet_shows_none() -> None:
    with terminal() as (stream, end):
        ci = detect({"COLUMNS": "80", "NO_COLOR": "1"}, stream)
        ci.progress("x" * 500)
        ci.quiet = True
        ci.announce("d-1 failed")
        ci.progress("still")
        ci.say("more")
        assert re.fullmatch("x{2,499}…\r\x1b\\[Kd-1 failed\n", end())


@given(st.text())
def test_whatever_a_text_holds_only_our_own_colors_reach_the_terminal(text: str) -> None:
    """Without them it is the line that a plain log has."""
    with terminal() as (stream, end):
        ci = detect({"AWS_SESSION_TOKEN": TOKEN}, stream)
        ci.say(f"error: {text}{TOKEN}")
        log = end()
    assert "\x1b" not in CODES.sub("", log)
    assert TOKEN[:20] not in CODES.sub("", log)
