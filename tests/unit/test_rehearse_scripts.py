"""Hooks as a rehearsal runs them: its own scripts for the shell, in a folder of this machine."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING, cast

import pytest

from deployer.appspec.model import Hook
from deployer.clock import SystemClock
from deployer.rehearse.log import EventLog
from deployer.rehearse.scripts import FOLDER, EventFailed, Hooks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from deployer.rehearse.container import Container, Process


@dataclass
class Here:
    """A container that is a folder: the agent's own folder is in there, and users are all the same.

    `left` are the process groups that outlasted their time, with what waits for their end.
    """

    root: Path
    left: dict[int, Thread] = field(default_factory=dict)

    def execute(
        self,
        process: Process,
        *,
        output: Callable[[int, bytes], None],
        until: float = float("inf"),
        tick: Callable[[], None] = lambda: None,  # noqa: ARG002 - the container's
    ) -> int | None:
        """Run a process, and return its exit code once nothing holds its output open any longer."""
        words = [word.replace(FOLDER, str(self.root)) for word in process.words]
        variables = dict(each.split("=", 1) for each in process.variables)
        running = subprocess.Popen(
            words,
            cwd=self.root,
            env={"PATH": os.environ["PATH"], **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            stdout, stderr = running.communicate(timeout=max(0.0, until - SystemClock().monotonic()))
        except subprocess.TimeoutExpired:
            reaper = Thread(target=running.communicate)
            reaper.start()
            self.left[running.pid] = reaper
            return None
        for stream, data in ((1, stdout), (2, stderr)):
            if data:
                output(stream, data)
        return running.returncode


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    """A folder in which no process is left."""
    found = Here(tmp_path)
    yield found
    for group, reaper in found.left.items():
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
        reaper.join()


def ran(
    here: Here, text: str | None, *, mode: int = 0o755, timeout: int = 20, runas: str | None = None
) -> str:
    """Run a script with this text, and return what it printed."""
    archive = here.root / "archive"
    archive.mkdir(exist_ok=True)
    if text is not None:
        (archive / "hook").write_bytes(text.encode())
        (archive / "hook").chmod(mode)
    clock, log = SystemClock(), EventLog("AfterInstall")
    hooks = Hooks(cast("Container", here), clock, ["STAGE=test"], clock.monotonic() + 60, tick=lambda: None)
    hooks.run(Hook("/hook", timeout, runas), f"{FOLDER}/archive", log)
    return log.whole.partition("Script - /hook\n")[2]


def words_for(here: Here, text: str | None, **options: object) -> str:
    """The agent's words for a script that fails."""
    with pytest.raises(EventFailed) as failure:
        ran(here, text, **options)  # type: ignore[arg-type]
    return str(failure.value).removeprefix("Script at specified location: /hook ")


def test_a_script_has_its_variables_and_starts_in_the_agents_folder(here: Here) -> None:
    text = '#!/bin/sh\necho "$STAGE $PWD $#"; echo oops >&2; cat\n'
    assert sorted(ran(here, text).splitlines()) == ["[stderr]oops", f"[stdout]test {here.root} 0"]


def test_a_script_that_is_not_executable_is_made_so(here: Here) -> None:
    assert ran(here, "#!/bin/sh\necho here\n", mode=0o644) == "[stdout]here\n"
    assert (here.root / "archive" / "hook").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("ending", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("false", 1)]
)
def test_a_script_ends_as_its_exit_code_says(ending: str, code: int, here: Here) -> None:
    text = f"#!/bin/sh\n{ending}\n"
    if code == 0:
        assert ran(here, text) == ""
    else:
        assert words_for(here, text) == f"failed with exit code {code}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "Script does not exist at specified location: "),
        ("#!/bin/nosuch\n", "Errno::ENOENT with message No such file or directory"),
        ("#!/bin/sh\r\necho\r\n", "Errno::ENOENT with message No such file or directory"),
        ("#! /bin/nosuch -e\n", "Errno::ENOENT"),
        ("#!/tmp\n", "Errno::EACCES with message Permission denied"),
        ("#!/etc/passwd\n", "Errno::EACCES"),
    ],
)
def test_a_script_that_cannot_start_fails_in_the_agents_words(
    text: str | None, words: str, here: Here
) -> None:
    assert words in words_for(here, text)


def test_a_folder_is_no_script(here: Here) -> None:
    (here.root / "archive" / "hook").mkdir(parents=True)
    assert "Errno::EACCES" in words_for(here, None)


def test_a_script_without_a_first_line_for_its_interpreter_is_the_shells(here: Here) -> None:
    assert ran(here, "echo plain\n") == "[stdout]plain\n"


def test_what_a_script_prints_never_reads_as_the_rehearsals_own_word(here: Here) -> None:
    assert ran(here, "#!/bin/sh\necho key:missing; echo user:x\n") == "[stdout]key:missing\n[stdout]user:x\n"


@pytest.mark.parametrize(
    ("background", "words"),
    [
        ("sleep 60 &", "failed to close STDOUT"),
        ("sleep 60 2>/dev/null &", "failed to close STDOUT"),
        ("sleep 60 >/dev/null &", "failed to close STDERR"),
        ("sleep 60", "failed to complete in 1 seconds"),
    ],
)
def test_a_process_that_keeps_the_output_open_is_told_from_a_script_that_is_late(
    background: str, words: str, here: Here
) -> None:
    assert words_for(here, f"#!/bin/sh\n{background}\n", timeout=1) == words


@pytest.mark.parametrize("text", ["sleep 60", "sleep 60 & wait", "trap '' TERM; sleep 60"])
def test_a_script_that_is_late_has_ended_with_its_children(text: str, here: Here) -> None:
    assert words_for(here, f"#!/bin/sh\n{text}\n", timeout=1) == "failed to complete in 1 seconds"
    (group,) = here.left
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)


def test_a_process_that_is_detached_does_not_hold_a_script_up(here: Here) -> None:
    assert ran(here, "#!/bin/sh\nsleep 1 >/dev/null 2>&1 </dev/null &\necho started\n") == "[stdout]started\n"


def test_a_script_of_another_user_has_that_user_s_home(here: Here) -> None:
    home = pwd.getpwnam("root").pw_dir
    assert ran(here, '#!/bin/sh\necho "$HOME"\n', runas="root") == f"[stdout]{home}\n"
    assert words_for(here, "#!/bin/sh\n", runas="no-such-user").endswith(
        "run as user no-such-user failed with exit code 1"
    )
