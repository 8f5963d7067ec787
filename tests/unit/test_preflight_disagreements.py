"""Bundles and archives that are easily misjudged, with the verdict of the real agent."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from deployer.bundle.archive import open_archive
from deployer.bundle.tree import scan
from deployer.errors import InvalidBundle, Problem
from deployer.preflight.check import check_bundle
from deployer.revision import BundleType
from tests.bundles import verdict

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet

EVIDENCE = json.loads(Path(__file__).parents[1].joinpath("preflight_cases.json").read_text())
CASES, ARCHIVES = EVIDENCE["cases"], EVIDENCE["archives"]
ACCEPTABLE = {"error": {"error"}, "flag": {"error", "flag"}, "ok": {"flag", "ok"}}


def _marked(cases: list[dict[str, Any]]) -> list[ParameterSet]:
    """The cases as parameters; a known gap is expected to fail until it is closed."""
    return [
        pytest.param(
            case,
            id=case["name"],
            marks=[pytest.mark.xfail(strict=True, reason=case["gap"])] if "gap" in case else [],
        )
        for case in cases
    ]


def _write(folder: Path, files: dict[str, dict[str, str]]) -> None:
    for name, file in files.items():
        path = folder / name
        if "dir" in file or name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if "link" in file:
            path.symlink_to(file["link"])
        elif "fifo" in file:
            os.mkfifo(path)
        else:
            path.write_bytes(bytes.fromhex(file["hex"]) if "hex" in file else file["text"].encode())
    for name, file in reversed(files.items()):
        if "mode" in file and "link" not in file:
            (folder / name).chmod(int(file["mode"], 8))


def _problems_of_tree(folder: Path, bundle_type: BundleType) -> list[Problem]:
    try:
        tree = scan(folder, repository=folder, appspec="appspec.yml", exclude=())
    except InvalidBundle as error:
        return list(error.problems)
    return [*tree.warnings, *check_bundle(tree, bundle_type=bundle_type)]


@pytest.mark.parametrize("case", _marked(CASES))
def test_agrees_with_the_agent_on_a_folder(case: dict[str, Any], tmp_path: Path) -> None:
    _write(tmp_path, case["files"])
    problems = _problems_of_tree(tmp_path, BundleType(case.get("type", "zip")))
    assert verdict(problems) in ACCEPTABLE[case["expect"]], problems


@pytest.mark.parametrize("case", _marked(ARCHIVES))
def test_agrees_with_the_agent_on_an_archive(case: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / f"app.{case['type']}"
    path.write_bytes(base64.b64decode(case["data"]))
    try:
        contents, found, problems = open_archive(path, repository=tmp_path)
        problems += check_bundle(contents, bundle_type=found)
    except InvalidBundle as error:
        problems = list(error.problems)
    assert verdict(problems) in ACCEPTABLE[case["expect"]], problems


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("zip latin1-ntfs", "archive-old-name"),
        ("tar hard-missing", "archive-link-without-target"),
        ("tar type-M", "archive-member-type"),
    ],
)
def test_what_is_wrong_with_an_archive_is_named(name: str, code: str, tmp_path: Path) -> None:
    case = next(case for case in ARCHIVES if case["name"] == name)
    path = tmp_path / f"app.{case['type']}"
    path.write_bytes(base64.b64decode(case["data"]))
    _, _, problems = open_archive(path, repository=tmp_path)
    assert code in {problem.code for problem in problems}
