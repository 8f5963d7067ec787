"""Shells that are not on every machine complete by their scripts; bash is tested with the command line."""

from __future__ import annotations

import os
import select
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from deployer.choices import Shell
from deployer.reference.completion import completion

if TYPE_CHECKING:
    from pathlib import Path

LINES = {
    "deployer pol": {"policy"},
    "deployer completion ": {"bash", "zsh", "fish"},
    "deployer --on-ca": {"--on-cancel"},
    "deployer --bundle-type=t": {"tgz", "tar"},
    "deployer --on-cancel ": {"leave", "stop", "rollback"},
    "deployer --source pub": {"public/"},
}


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """Where the shell's script goes; beside it there is a folder to complete."""
    (tmp_path / "public").mkdir()
    return tmp_path / "completion"


@pytest.mark.parametrize("line", LINES)
def test_fish_completes(line: str, script: Path) -> None:
    script.write_text(completion(Shell.FISH), encoding="utf-8")
    command = ["fish", "--no-config", "--command", f"source {script}; complete --do-complete '{line}'"]
    done = subprocess.run(command, cwd=script.parent, capture_output=True, text=True, check=True)
    offered = {each.partition("\t")[0].removeprefix("--bundle-type=") for each in done.stdout.splitlines()}
    assert offered == LINES[line]


def read_until(terminal: int, words: set[str]) -> str:
    """What appears at a terminal until each word has, or half a minute is over."""
    received, deadline = "", time.monotonic() + 30
    while not all(word in received for word in words):
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            break
        received += os.read(terminal, 65_536).decode()
    return received


@pytest.mark.parametrize("line", LINES)
def test_zsh_completes(line: str, script: Path) -> None:
    """Its completion works only at a terminal, for somebody who types."""
    script.write_text(completion(Shell.ZSH), encoding="utf-8")
    terminal, end = os.openpty()
    shell = subprocess.Popen(
        ["zsh", "-f", "-i"],
        stdin=end,
        stdout=end,
        stderr=end,
        cwd=script.parent,
        env={"TERM": "dumb", "PATH": os.environ["PATH"]},
        start_new_session=True,
    )
    os.close(end)
    try:
        os.write(terminal, b"autoload -U compinit; compinit -u -D; source ./completion; PS1='RE''ADY'\n")
        assert "READY" in (said := read_until(terminal, {"READY"})), said
        os.write(terminal, f"{line}\t".encode())
        said = read_until(terminal, LINES[line])
        others = set().union(*LINES.values()) - LINES[line]
        assert all(word in said for word in LINES[line]), said
        assert not any(word in said for word in others if word not in line), said
    finally:
        os.close(terminal)
        shell.kill()
        shell.wait()
