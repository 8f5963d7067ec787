"""The parts of an upload, as a request reads them."""

from __future__ import annotations

import threading

from deployer.s3.parts import cut


def test_a_part_is_read_in_steps_that_pass_a_slow_link_within_a_timeout() -> None:
    """However large the pieces of the stream are: a step has to be sent before the socket's timeout ends."""
    pieces = [b"first" * 200_000, b"", b"second", b"third" * 50_000]
    (part,) = cut(pieces, 5 << 20, tell=lambda: None)
    body = part.open(threading.Event())

    steps = list(iter(body.read, b""))

    assert b"".join(steps) == b"".join(pieces)
    assert max(map(len, steps)) <= 64 << 10
    assert body.tell() == part.size


def test_a_retry_reads_a_part_from_its_beginning() -> None:
    (part,) = cut([b"first", b"second"], 5 << 20, tell=lambda: None)
    body = part.open(threading.Event())
    body.read()

    body.seek(0)

    assert b"".join(iter(body.read, b"")) == b"firstsecond"
