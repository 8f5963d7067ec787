"""Bundles and archives that are easily misjudged, with the verdict of the real agent."""

from __future__ import annotations

import base64
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from deployer.bundle.archive import open_archive
from deployer.bundle.tree import scan
from deployer.errors import InvalidBundle, Problem
from deployer.preflight.check import check_bundle
from deployer.revision import BundleType
from tests.bundles import verdict
from tests.unit.test_preflight_archive import make_zip

EVIDENCE = json.loads(Path(__file__).parents[1].joinpath("preflight_cases.json").read_text())
CASES, ARCHIVES = EVIDENCE["cases"], EVIDENCE["archives"]
ACCEPTABLE = {"error": {"error"}, "flag": {"error", "flag"}, "ok": {"flag", "ok"}}


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


def _problems_of_archive(path: Path) -> list[Problem]:
    try:
        contents, found, problems = open_archive(path, repository=path.parent)
        return [*problems, *check_bundle(contents, bundle_type=found)]
    except InvalidBundle as error:
        return list(error.problems)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_agrees_with_the_agent_on_a_folder(case: dict[str, Any], tmp_path: Path) -> None:
    """Packed from the folder, or with tar where the case is about an archive that is ready-made."""
    folder = tmp_path / "source"
    folder.mkdir()
    _write(folder, case["files"])
    if case["name"].endswith("(ready-made tgz)"):
        with tarfile.open(tmp_path / "app.tgz", "w:gz") as archive:
            archive.add(folder, ".")
        problems = _problems_of_archive(tmp_path / "app.tgz")
    else:
        problems = _problems_of_tree(folder, BundleType(case.get("type", "zip")))
    assert verdict(problems) in ACCEPTABLE[case["expect"]], problems


@pytest.mark.parametrize("case", ARCHIVES, ids=[case["name"] for case in ARCHIVES])
def test_agrees_with_the_agent_on_an_archive(case: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / f"app.{case['type']}"
    path.write_bytes(base64.b64decode(case["data"]))
    problems = _problems_of_archive(path)
    assert verdict(problems) in ACCEPTABLE[case["expect"]], problems


@pytest.mark.parametrize(
    ("name", "said"), [("a\rb", "flag"), ("a\r", "error"), ("a\nb", "error"), ("a\tb", "flag")]
)
def test_a_name_that_the_agent_keeps_in_a_tgz_is_a_warning(name: str, said: str, tmp_path: Path) -> None:
    """The agent deploys it twice; it takes line by line what it has to remove before the next one."""
    appspec = "version: 0.0\nos: linux\nfiles:\n  - source: app\n    destination: /srv/t\n"
    _write(tmp_path, {"appspec.yml": {"text": appspec}, f"app/{name}": {"text": ""}})
    assert verdict(_problems_of_tree(tmp_path, BundleType.TGZ)) == said


def test_a_zip_with_70_kilobytes_behind_its_end(tmp_path: Path) -> None:
    """The agent deploys it; Python's reader does not find its index, so nothing in it could be checked."""
    path = make_zip(tmp_path / "app.zip")
    with path.open("ab") as archive:
        archive.write(bytes(70_000))
    (problem,) = _problems_of_archive(path)
    assert problem.code == "archive-unreadable"


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
