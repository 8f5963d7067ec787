"""Bundles that the real agent was given, and its verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deployer.preflight.check import check_bundle
from tests.bundles import bundle, verdict

CASES = json.loads(Path(__file__).parents[1].joinpath("appspec_cases.json").read_text())["cases"]
ACCEPTABLE = {"error": {"error"}, "flag": {"error", "flag"}, "ok": {"flag", "ok"}}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_agrees_with_the_agent(case: dict[str, Any]) -> None:
    files = {name: file["text"] for name, file in case["files"].items()}
    modes = {name.rstrip("/"): int(file["mode"], 8) for name, file in case["files"].items()}
    problems = check_bundle(bundle(files, modes=modes))
    assert verdict(problems) in ACCEPTABLE[case["expect"]], problems


def test_all_evidence_is_there() -> None:
    assert len(CASES) == 74
