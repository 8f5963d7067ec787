"""The parts of an upload, as a request reads them."""

from __future__ import annotations

import io
import threading

import pytest

from deployer.s3.multipart import etag_of
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


def test_a_request_can_go_nowhere_in_a_part_but_to_its_beginning() -> None:
    (part,) = cut([b"first", b"second"], 5 << 20, tell=lambda: None)
    body = part.open(threading.Event())

    with pytest.raises(io.UnsupportedOperation):
        body.seek(1)
    with pytest.raises(io.UnsupportedOperation):
        body.seek(0, io.SEEK_END)


def test_a_part_of_an_upload_that_was_given_up_cannot_be_read() -> None:
    (part,) = cut([b"first"], 5 << 20, tell=lambda: None)
    given_up = threading.Event()
    body = part.open(given_up)
    given_up.set()

    with pytest.raises(InterruptedError, match="the upload was aborted"):
        body.read()


def test_a_stream_is_cut_into_parts_of_one_size() -> None:
    """The last is what is left; each piece of the stream that arrives is told."""
    told: list[None] = []
    parts = list(cut([b"abcde", b"", b"fghij", b"k"], 4, tell=lambda: told.append(None)))

    assert [b"".join(part.pieces) for part in parts] == [b"abcd", b"efgh", b"ijk"]
    assert [part.size for part in parts] == [4, 4, 3]
    assert parts[0].checksum == "7YLNEQ=="
    assert len(told) == 4
    assert [part.size for part in cut([], 4, tell=lambda: None)] == [0]


def test_the_etag_of_an_object_made_of_parts() -> None:
    """S3's own, by which it is known again: the MD5 of the parts' MD5s. With KMS, eTags are no MD5."""
    tags = ["d41d8cd98f00b204e9800998ecf8427e", '"0cc175b9c0f1b6a831c399e269772661"']

    assert etag_of([{"ETag": tag} for tag in tags]) == "68083ea43d0307eecfa2b4749f19df15-2"
    assert etag_of([{"ETag": tags[0]}, {"ETag": "5f3d"}]) == ""
