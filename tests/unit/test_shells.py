"""Real shells as parsers of hook scripts; nothing in a script is ever run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.preflight.check import check_bundle
from deployer.shells import Fault, Shells
from tests.bundles import bundle

if TYPE_CHECKING:
    from pathlib import Path

APPSPEC = "version: 0.0\nos: linux\nhooks:\n  AfterInstall:\n    - location: x.sh\n"


fault = Shells().fault


def codes(script: str) -> list[tuple[str, int | None]]:
    problems = check_bundle(bundle({"appspec.yml": APPSPEC, "x.sh": script}), syntax=fault)
    return [(each.code, each.location.line if each.location else None) for each in problems]


def test_the_line_and_the_reason_are_told() -> None:
    assert fault("bash", b"if true; then\ndone\n") == Fault(2, "syntax error near unexpected token `done`")
    assert fault("dash", b"x=1\nfi\n") == Fault(2, 'Syntax error: "fi" unexpected')
    assert fault("zsh", b"fi\n") is None


@pytest.mark.parametrize("shell", ["bash", "sh", "dash"])
@pytest.mark.parametrize(
    "text", ["{0}", "x=$({0})", "`{0}`", "trap '{0}' EXIT\nexit", "a[$({0})]=1", "set +n; {0}"]
)
def test_nothing_is_run(shell: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what the script says, nor what the environment names."""
    made = tmp_path / "made"
    (tmp_path / "start").write_text(f"touch {made}\n")
    for name in ("BASH_ENV", "ENV"):
        monkeypatch.setenv(name, str(tmp_path / "start"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert fault(shell, text.format(f"/usr/bin/touch {made}").encode()) is None
    assert not made.exists()


def test_sh_is_wrong_only_where_bash_and_dash_agree() -> None:
    assert fault("dash", b"a=(1 2)\n") is not None
    assert fault("sh", b"a=(1 2)\n") is None
    assert fault("sh", b"if true\nfi\n") is not None


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("#!/bin/bash\nshopt -s extglob\nls !(a|b)\n", []),
        ("#!/bin/bash\necho 'a\nb\n", [("hook-syntax", 2)]),
        ("#!/bin/sh\nwhile true; do\n:\n", [("hook-syntax", 4)]),
        ("#!/bin/bash\ntail -n +4 $0 | tar x\nexit 0\n(((((\n", []),  # never reached
        ("#!/bin/bash\nexec >> log 2>&1\nfi\n", [("hook-syntax", 3)]),
        ("#!/bin/bash\nexec /opt/start $0\nfi\n", []),
        ("#!/usr/bin/python3\nif True:\n  pass\n", []),
        ("#!/bin/ash\nfi\n", []),
        ("fi\n", [("hook-no-shebang", 1), ("hook-syntax", 1)]),
        ("#!\nfi\n", [("hook-no-shebang", 1), ("hook-syntax", 2)]),
        ("\ufeff#!/bin/bash\nset -e\n", [("hook-byte-order-mark", 1)]),
        ("\ufeff#!/usr/bin/env python3\nprint(1)\n", [("hook-byte-order-mark", 1), ("hook-syntax", 2)]),
        ("#!/bin/dash\nreturn 0\nfi\n", []),  # ends it, for sh with an error where that is bash
        ("#!/bin/sh\nreturn\nfi\n", []),
        ("#!/bin/bash\nreturn 0\nfi\n", [("hook-syntax", 3)]),  # is only complained about there
        ("#!/bin/sh\nif true; then\r\n:\r\nfi\r\n", [("hook-crlf-syntax", 2)]),
        ("#!/bin/sh\necho\r\n", [("hook-crlf", 2)]),
        ("#!/bin/sh\n# stop at errors\r\n\r\nset -eu\r\necho\r\n", [("hook-crlf-syntax", 2)]),
        ("#!/bin/bash\nset -e\r\necho\r\n", [("hook-crlf", 2)]),
        ("#!/bin/sh\necho\nset -e\r\n", [("hook-crlf", 3)]),
        ("#!/bin/sh\r\nif true; then\r\n:\r\nfi\r\n", [("hook-crlf-shebang", 1)]),
        ("#!/bin/sh\nfi\r\n", [("hook-crlf", 2), ("hook-syntax", 2)]),
    ],
)
def test_scripts_are_judged_once(script: str, found: list[tuple[str, int | None]]) -> None:
    assert codes(script) == found


def test_a_script_that_is_not_read_whole_is_not_parsed() -> None:
    assert codes("#!/bin/sh\n" + "#\n" * 40_000 + "fi\n") == []


def shell(folder: Path, script: str) -> Shells:
    """Shells of which bash is a script."""
    (folder / "bash").write_text(script)
    (folder / "bash").chmod(0o755)
    return Shells([str(folder)])


def test_without_the_shell_nothing_is_said(tmp_path: Path) -> None:
    assert Shells([str(tmp_path)]).fault("bash", b"fi\n") is None
    assert shell(tmp_path, "no program").fault("bash", b"fi\n") is None


def test_a_shell_that_takes_too_long_is_not_asked_again(tmp_path: Path) -> None:
    slow = shell(tmp_path, f"#!/bin/sh\necho >> {tmp_path}/asked\nexec sleep 60\n")
    assert [slow.fault("bash", b"fi\n") for _ in range(3)] == [None] * 3
    assert (tmp_path / "asked").read_text() == "\n"
