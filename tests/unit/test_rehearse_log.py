"""What scripts print in a rehearsal: the agent's tail and the whole; stubs and when they are proposed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.rehearse.log import EventLog
from deployer.rehearse.stubs import proposal


def test_lines_are_marked_by_stream_whatever_pieces_they_come_in() -> None:
    log = EventLog("AfterInstall")
    log.begin("a.sh")
    for stream, data in ((1, b"on"), (2, b"bad\nwor"), (1, b"e\ntwo"), (2, b"se")):
        log.write(stream, data)
    log.end()
    assert log.whole == (
        "LifecycleEvent - AfterInstall\nScript - a.sh\n[stderr]bad\n[stdout]one\n[stdout]two\n[stderr]worse\n"
    )


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=3000)), max_size=20))
def test_the_tail_is_whole_lines_below_two_kilobytes(pieces: list[tuple[int, bytes]]) -> None:
    log = EventLog("AfterInstall")
    for stream, data in pieces:
        log.write(stream, data)
    log.end()
    assert len(log.tail) < 2048
    assert log.whole.endswith(log.tail)


def test_endless_output_takes_no_endless_memory() -> None:
    log = EventLog("AfterInstall")
    for _ in range(200):
        log.write(1, b"x" * 65536)
        log.write(2, b"y\n" * 1000)
    assert len(log.whole) < 300_000
    assert "earlier lines are left out" in log.whole


@pytest.mark.parametrize(
    ("log", "given_", "expected"),
    [
        ("[stderr]/x/a.sh: line 2: systemctl: command not found", (), "rehearse-stubs: systemctl"),
        ("[stderr]/x/a.sh: 2: service: not found", ("aws",), "rehearse-stubs: aws, service"),
        ("[stderr]System has not been booted with systemd as init system", (), "rehearse-stubs: systemctl"),
        ("[stderr]a.sh: line 1: aws: command not found", (), "use an image with it, or replace it"),
        ("[stderr]a.sh: line 1: aws: command not found", ("aws",), ""),
        ("[stderr]cat: /etc/x: No such file or directory", (), ""),
        ("", (), ""),
    ],
)
def test_a_stub_is_proposed_where_it_would_help(log: str, given_: tuple[str, ...], expected: str) -> None:
    found = proposal(log, given_)
    assert expected in found
    assert bool(expected) is bool(found)
