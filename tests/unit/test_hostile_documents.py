"""YAML that was written to take all time or memory, wherever the product reads YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.appspec.completion import Stopgap, complete
from deployer.appspec.template import fill
from deployer.documents import OutOfBounds, compose, load
from deployer.settings.values import InputError, parse_document
from tests.rehearsal import rehearse

if TYPE_CHECKING:
    from pathlib import Path

BOMB = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9 if n else ['x'])}]" for n in range(60))
DOCUMENTS = {
    "aliases": BOMB,
    "brackets": "x: " + "[" * 30_000,
    "closed brackets": "x: " + "[" * 30_000 + "]" * 30_000,
    "dashes": "x:\n" + "- " * 30_000,
    "braces": "x: " + "{a: " * 30_000,
    "questions": "? " * 30_000,
}
HEAD = "version: 0.0\nResources:\n  - web:\n      Type: AWS::ECS::Service\n"
pytestmark = pytest.mark.timeout(60)  # each takes a second; what grows with the square took minutes

NEARLY = (1 << 20) - 300  # bytes that make an AppSpec as large as it may be
FLAT = {
    "keys": "".join(f"k{number}: v\n" for number in range(100_000)),
    "twins": "a: 1\n" * (NEARLY // 5),
    "items": "x:\n" + "-\n" * (NEARLY // 2 - 2),
    "tags": f"x: [{'!ruby/x 1,' * (NEARLY // 10 - 4)}]",
    "files": "files:\n" + "- {source: a, destination: /b}\n" * (NEARLY // 31 - 1),
    "without end": f"x: {{{'a,' * (NEARLY // 2 - 4)}",
}
each = pytest.mark.parametrize("name", DOCUMENTS)


@each
@pytest.mark.parametrize("variables", [(), ("--appspec-variables=TASK=arn:x",)], ids=["plain", "filled"])
def test_an_appspec(name: str, variables: tuple[str, ...], tmp_path: Path) -> None:
    """For ECS, where variables are filled in and what is missing is looked up."""
    text = f"{HEAD}      Properties: {{TaskDefinition: <TASK>}}\n{DOCUMENTS[name]}\n"
    (tmp_path / "appspec.yml").write_text(text)
    ran = rehearse(tmp_path, *variables)
    assert ran.code in {2, 3}, ran.log
    assert len(ran.log) < 100_000


@each
def test_filling_in_and_completing(name: str) -> None:
    """Each by itself, as the check before it may be off."""
    text = f"{HEAD}      Properties: {{Name: <A>}}\n{DOCUMENTS[name]}\n"
    filled, problems = fill(text, {"A": "a"}, path="appspec.yml")
    assert ("Name: a" in filled, problems) == (True, [])
    assert complete(text, Stopgap()).text == text


@each
@pytest.mark.parametrize("flag", ["target-instances", "parameters"])
def test_an_input_that_is_a_document(name: str, flag: str, tmp_path: Path) -> None:
    (tmp_path / "appspec.yml").write_text("version: 0.0\nos: linux\n")
    ran = rehearse(tmp_path, f"--{flag}={DOCUMENTS[name]}")
    assert ran.code == 2
    assert f"nput {flag}: " in ran.log or f"--{flag}" in ran.log
    assert len(ran.log) < 100_000


@pytest.mark.parametrize("name", FLAT)
def test_an_appspec_of_many_values(name: str, tmp_path: Path) -> None:
    """A clear error within a second of computing; on a busy machine a second lasts two."""
    (tmp_path / "appspec.yml").write_text(f"version: 0.0\nos: linux\n{FLAT[name]}")
    ran = rehearse(tmp_path)
    assert ran.code == 3
    [finding] = [each for each in ran.findings if each.code == "appspec-too-large"]
    assert "exceeds 20,000 keys and values in line " in finding.message
    assert len(ran.findings) < 50


DEEP = "/b" * (NEARLY // 2 - 50)
MANY = {
    "files that are there": "files:\n"
    + "".join(f"- {{source: s{n}, destination: /b}}\n" for n in range(1500)),
    "files that are not": "files:\n" + "".join(f"- {{source: a{n}, destination: /b}}\n" for n in range(1500)),
    "scripts": "hooks:\n  AfterInstall:\n" + "".join(f"  - location: a{n}\n" for n in range(1500)),
    "deep destination": f"files: [{{source: s1, destination: {DEEP}}}]",
}


@pytest.fixture(scope="module")
def many_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    for number in range(1500):
        (folder / f"s{number}").touch()
    return folder


@pytest.mark.parametrize("name", MANY)
def test_an_appspec_against_many_files(name: str, many_files: Path) -> None:
    """Checking it takes a time in proportion to both."""
    (many_files / "appspec.yml").write_text(f"version: 0.0\nos: linux\n{MANY[name]}\n")
    ran = rehearse(many_files, "--exclude=s2*")
    assert (ran.code, len(ran.findings) < 50) == (3, True)


def test_an_input_of_many_values() -> None:
    with pytest.raises(InputError, match=r"exceeds 20,000 keys and values in line 1$"):
        parse_document(f"x: [{'1,' * 30_000}]")


@pytest.mark.parametrize("value", ["b", "b" * 1000])
def test_an_appspec_of_placeholders_only(value: str, tmp_path: Path) -> None:
    """Long values would make gigabytes of it."""
    text = f"{HEAD}      Properties: {{}}\nx:\n" + f"- '{'<A>' * 1300}'\n" * (NEARLY // 4000)
    (tmp_path / "appspec.yml").write_text(text)
    ran = rehearse(tmp_path, f"--appspec-variables=A={value}")
    assert (ran.code, len(ran.findings) < 50) == (3, True)
    assert ("once its placeholders are replaced" in ran.log) == (len(value) > 1)


def test_many_problems_of_a_kind_are_counted(tmp_path: Path) -> None:
    keys = "".join(f"key{number}: 1\n" for number in range(5_000))
    (tmp_path / "appspec.yml").write_text(f"version: 0.0\nos: linux\n{keys}")
    ran = rehearse(tmp_path)
    assert (ran.code, len(ran.findings)) == (0, 21)
    assert ran.findings[-1].message.startswith("And 4,980 more of this kind.")


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(InputError, match=r"has the alias \*a0 in line 2"):
        parse_document(BOMB)
    with pytest.raises(InputError, match="nested deeper than 60 levels in line 1"):
        parse_document(DOCUMENTS["brackets"])
    with pytest.raises(InputError, match="has 70000 characters"):
        parse_document("#" * 70_000)
    with pytest.raises(OutOfBounds):
        compose(BOMB)
    assert load("a: [1, {b: 2}]") == {"a": [1, {"b": 2}]}
