"""Whatever S3 has: the parts of an archive are its bytes, in parts that S3 takes."""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.bundle.package import package
from deployer.bundle.tree import scan
from deployer.choices import Compression
from deployer.live.bundle import LiveBundle, live_bundle
from deployer.live.kept import kept
from deployer.revision import BundleType
from deployer.s3.destination import Destination
from deployer.s3.reuse import Origin, cut_along
from deployer.s3.upload import upload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from deployer.bundle.contents import Bundle
    from tests.s3 import S3Server

LEAST = 8
MEGABYTE = 1 << 20
FILES = st.dictionaries(
    st.sampled_from("abcdefgh"), st.tuples(st.integers(1, 3), st.integers(0, 7)), min_size=4, max_size=8
)
"""Names with the seed and the megabytes of their contents."""

MEMBERS = st.lists(st.tuples(st.sampled_from("abcdef"), st.binary(min_size=1, max_size=30)), max_size=12)


@dataclass
class Chunks:
    """An archive in pieces; each says which members begin in it."""

    chunks: Sequence[tuple[bytes, Sequence[tuple[str, int]]]]
    files: int = 0
    read: int = 0
    begins: Sequence[tuple[str, int]] = ()
    _left: Iterator[tuple[bytes, Sequence[tuple[str, int]]]] = field(init=False)

    def __post_init__(self) -> None:
        self._left = iter(self.chunks)

    def __iter__(self) -> Chunks:
        return self

    def __next__(self) -> bytes:
        data, self.begins = next(self._left)
        return data


def chunked(members: Sequence[tuple[str, bytes]], cuts: Sequence[int]) -> Chunks:
    """The members one after another with an index behind them, cut at some places."""
    whole = b"".join(data for _, data in members) + b"index"
    starts = list(accumulate((len(data) for _, data in members), initial=0))
    begins = [*zip((name for name, _ in members), starts[:-1], strict=True), ("", starts[-1])]
    places = sorted({0, *(cut % len(whole) for cut in cuts), len(whole)})
    return Chunks(
        [
            (whole[start:end], [(name, at - start) for name, at in begins if start <= at < end])
            for start, end in pairwise(places)
        ]
    )


@settings(deadline=None)
@given(MEMBERS, MEMBERS, st.lists(st.integers(0, 200), max_size=6))
def test_parts_are_the_archive_and_copies_are_where_they_should_lie(
    ours: list[tuple[str, bytes]], live: list[tuple[str, bytes]], cuts: list[int]
) -> None:
    """What is copied is the same in the other archive wherever the hint is right."""
    there = b"".join(data for _, data in live)
    starts = accumulate((len(data) for _, data in live), initial=0)
    found = dict(zip(live, starts, strict=False))
    places = {name: found[name, data] for name, data in ours if (name, data) in found}
    unique = {name for name, _ in ours if [each for each, _ in ours].count(name) == 1}
    origin = Origin({}, {name: place for name, place in places.items() if name in unique}, s3=None)  # type: ignore[arg-type]
    parts = list(cut_along(chunked(ours, cuts), origin, least=LEAST, tell=lambda: None))
    assert b"".join(b"".join(part.pieces) for part in parts) == b"".join(data for _, data in ours) + b"index"
    for part in parts[:-1]:
        assert LEAST <= part.size <= (LEAST if part.start is None else 3 * LEAST)
    for part in parts:
        assert part.size == len(b"".join(part.pieces))
        if part.start is not None:
            assert there[part.start : part.start + part.size] == b"".join(part.pieces)


@pytest.mark.large
@settings(max_examples=10, deadline=None)
@given(FILES, FILES)
def test_the_object_is_that_of_a_plain_upload(
    s3: S3Server, before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]
) -> None:
    """For any two trees, on a server that copies."""
    client, bucket = s3.client(), s3.create_bucket(f"bucket-{uuid4()}", versioned=True)
    first = upload(packed(before), Destination(bucket, "first.zip"), s3=client, progress=lambda _: None)
    live = live_bundle(first.revision, s3=client)
    assert isinstance(live, LiveBundle)

    def finish(bundle: Bundle) -> tuple[Mapping[str, int], Origin]:
        keeps = kept(bundle.listing(), [live.entries], now=2_000_000_000)
        return keeps.times, Origin(live.pin.source(""), keeps.places, client)

    second, there = packed(after), Destination(bucket, "second.zip")
    done = upload(second, there, s3=client, progress=lambda _: None, finish=finish)
    found = client.get_object(Bucket=bucket, Key="second.zip")["Body"].read()
    expected = b"".join(second.chunks(finish(second)[0]))
    assert (found == expected, done.size) == (True, len(expected))
    if before == after:
        assert done.size - done.copied < MEGABYTE


def packed(files: dict[str, tuple[int, int]]) -> Bundle:
    """A bundle of files that do not shrink."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "appspec.yml").write_text("version: 0.0\n")
        for file, (seed, size) in files.items():
            (place / file).write_bytes(random.Random(seed).randbytes(size * MEGABYTE))  # noqa: S311 - no secret
        tree = scan(place, repository=place, appspec="appspec.yml", exclude=[])
        for file in tree.entries:
            tree = tree.with_content(file, (place / file).read_bytes(), path=file)
        return package(tree, bundle_type=BundleType.ZIP, compression=Compression.FAST)
