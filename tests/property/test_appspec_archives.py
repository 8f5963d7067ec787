"""Whatever an archive has been through, it is refused in words or read as it stands."""

from __future__ import annotations

import io
import tarfile
import tempfile
import zipfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.bundle.archive import open_archive
from deployer.errors import InvalidBundle, Problem
from deployer.preflight.check import check_bundle

APPSPEC = b"version: 0.0\nos: linux\nhooks:\n  AfterInstall:\n    - location: run.sh\n"
FILES = {"appspec.yml": APPSPEC, "run.sh": b"#!/bin/sh\n", "data": bytes(range(256)) * 8}


def _zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in FILES.items():
            archive.writestr(name, data)
    return stream.getvalue()


def _tar(mode: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in FILES.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


ARCHIVES = {"zip": _zip(), "tar": _tar("w"), "tgz": _tar("w:gz")}
KINDS = st.sampled_from(sorted(ARCHIVES))


@settings(deadline=None, max_examples=120)
@given(KINDS, st.floats(0, 0.999), st.binary(max_size=6), st.integers(0, 40))
def test_a_damaged_archive_is_never_a_crash(kind: str, where: float, put: bytes, cut: int) -> None:
    archive = ARCHIVES[kind]
    place = int(where * len(archive))
    problems = _look_at(archive[:place] + put + archive[place + cut :])
    assert all(isinstance(problem, Problem) for problem in problems)


@settings(deadline=None, max_examples=60)
@given(KINDS, st.floats(0, 0.4))
def test_an_archive_cut_short_is_always_refused(kind: str, part: float) -> None:
    """At an odd byte: a tar cut between two members is one that the agent unpacks."""
    cut = int(part * len(ARCHIVES[kind])) | 1
    assert any(problem.severity.value == "error" for problem in _look_at(ARCHIVES[kind][:cut]))


def _look_at(content: bytes) -> list[Problem]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "app"
        path.write_bytes(content)
        try:
            contents, kind, problems = open_archive(path, repository=Path(folder))
            return [*problems, *check_bundle(contents, bundle_type=kind)]
        except InvalidBundle as error:
            return list(error.problems)
