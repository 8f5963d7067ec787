"""Many files, many bytes and many targets: the verdict is right, and what is printed stays readable."""

from __future__ import annotations

import io
import json
import random
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.chaos.sizes import SIZES
from tests.chaos.table import ALL, SEED
from tests.emulator import SCENARIOS, failures
from tests.emulator.fleet import instance
from tests.emulator.scenarios import Scenario, course

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.chaos.sizes import Size
    from tests.emulator.timeline import Timeline
    from tests.harness import Job, Start

pytestmark = pytest.mark.chaos
QUICK = [name for name, size in SIZES.items() if size.targets < 10_000]
CHOSEN = list(SIZES) if ALL else random.Random(SEED).sample(QUICK, 2)  # noqa: S311 - no secret
MOST_LINES = 250
MOST_TARGETS_BYTES = 100_000
MOST_SUMMARY_BYTES = 1 << 20
"""What GitHub takes for one step."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", CHOSEN)
def test_a_size_costs_neither_verdict_nor_clarity(  # noqa: PLR0913 - fixtures
    name: str,
    *,
    job: Job,
    tmp_path: Path,
    still_emulator: Start,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    size = SIZES[name]
    monkeypatch.setitem(SCENARIOS, "sized", Scenario("sized", "a fleet of this size", fleet(size)))
    service, folder = still_emulator("sized", bucket_store=job.s3), source(size, tmp_path / "source")
    ran = replace(job, workspace=folder).run(service, INPUT_SOURCE=".", GITHUB_ACTIONS="true")
    record_property("chaos", json.dumps(["sizes", name, ran.code]))
    assert ran.code == size.expected, ran.log[-5000:]
    assert len(service.deployments) == 1
    location = service.deployments[0].revision["s3Location"]
    stored = job.s3.client().get_object(Bucket=location["bucket"], Key=location["key"])
    with zipfile.ZipFile(io.BytesIO(stored["Body"].read())) as archive:
        assert archive.testzip() is None
        assert len([entry for entry in archive.infolist() if not entry.is_dir()]) == size.files + 1
    assert len(ran.log.splitlines()) <= MOST_LINES
    assert len(ran.outputs["targets"]) <= MOST_TARGETS_BYTES
    assert len(ran.summary.encode()) <= MOST_SUMMARY_BYTES


def source(size: Size, folder: Path) -> Path:
    """A folder with an AppSpec and the files."""
    (folder / "data").mkdir(parents=True)
    (folder / "appspec.yml").write_text(
        "version: 0.0\nos: linux\nfiles:\n- {source: /, destination: /srv/app}\n"
    )
    chance = random.Random(SEED)  # noqa: S311 - no secret
    for number in range(size.files):
        (folder / "data" / str(number)).write_bytes(chance.randbytes(size.file_bytes))
    return folder


def fleet(size: Size) -> Timeline:
    """The course of a deployment to so many instances."""
    targets = [
        instance(
            number,
            start=1.0 + 8.0 * number / size.targets,
            failure=failures.AFTER_INSTALL if size.failing and number % 10 == 3 else None,
        )
        for number in range(size.targets)
    ]
    return course(targets, error="HEALTH_CONSTRAINTS" if size.failing else None)
