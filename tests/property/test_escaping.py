"""Whatever a text holds: in every dialect it stays text, and commands the CI to do nothing."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deployer.ci.detect import detect
from deployer.errors import Location, Problem, Severity

DIALECTS: dict[str, dict[str, str]] = {
    "console": {},
    "terminal": {"FORCE_COLOR": "1"},
    "github": {"GITHUB_ACTIONS": "true"},
    "gitlab": {"GITLAB_CI": "true"},
    "azure": {"TF_BUILD": "True"},
    "teamcity": {"TEAMCITY_VERSION": "2026.1"},
    "buildkite": {"BUILDKITE": "true"},
}
COMMANDS = {
    "console": re.compile(r"##(?:vso|teamcity)?\["),  # a container may not know in whose job it runs
    "terminal": re.compile(r"\x1b(?!\[(?:\d|\d\d)m)"),  # the terminal obeys all but our colors
    "azure": re.compile(r"##(?:vso)?\[[a-z.]*"),
    "teamcity": re.compile(r"##teamcity\[[a-zA-Z]*"),
    "gitlab": re.compile(r"section_(?:start|end):\d+:[^\r\n]*\r\x1b\[0K"),
    "buildkite": re.compile(r"^(?:---|\+\+\+|~~~|\^\^\^)", re.MULTILINE),
}
PIECES = st.sampled_from(
    [
        "::error::",
        "::stop-commands::x",
        "##[group]",
        "##vso[task.setvariable]",
        "##teamcity[message text='x']",
        "section_start:0:x\r\x1b[0K",
        "--- x",
        "+++ x",
        "^^^ +++",
        "\n",
        "\r",
        "%0A",
        "|'",
        "]",
        "\x1b[2K",
        "\x00",
        "\u2028",
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=5), max_size=6).map("".join)


def commands(dialect: str, log: str) -> list[str]:
    """The commands that the CI carries out as it reads the log."""
    return obeyed(log) if dialect == "github" else COMMANDS[dialect].findall(log)


def obeyed(log: str) -> list[str]:
    """GitHub's commands, without those that are fenced off, and without the fences."""
    found, token = [], ""
    for line in log.split("\n"):
        name = re.match(r"\s*::([^: ,]*)", line)
        if token:
            token = "" if line.strip() == f"::{token}::" else token
        elif line.startswith("::stop-commands::"):
            token = line.removeprefix("::stop-commands::")
            assert re.fullmatch("[0-9a-f]{32}", token)
        elif name or "##[" in line:
            found.append(name[1] if name else line)
    assert not token
    return found


def written(dialect: str, text: str) -> tuple[list[str], str]:
    """Write a text in all ways; returns the commands that come of it, and the log."""
    stream = io.StringIO()
    ci = detect(DIALECTS[dialect], stream)
    ci.say(text)
    ci.block(text)
    problem = Problem(text, text, code="a-code", severity=Severity.ERROR, location=Location(f"a{text}", 7))
    ci.annotate(problem)
    with ci.section("A title"):
        ci.say(text)
    log = stream.getvalue()
    return commands(dialect, log), log


@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=40, deadline=None)
@given(text=TEXTS)
@example(text="::error::a")
@example(text="##vso[task.setvariable variable=a]b")
def test_a_text_commands_nothing(dialect: str, text: str) -> None:
    """The CI carries out what it would for a harmless text, and no line is one of a terminal's."""
    found, log = written(dialect, text)
    assert found == written(dialect, "harmless")[0]
    assert "\x1b[2K" not in log
    assert "\x00" not in log
