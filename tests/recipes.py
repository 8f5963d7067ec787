"""The recipes of docs/ci.md: what each CI's job runs, with which variables."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parent.parent
IMAGE = "ghcr.io/codedeploy-deployer/deployer:1"
_RUNS = re.compile(r"^(docker run|deployer)\b.*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A CI's job: its script, the variables that the pipeline sets, and the inputs of GitLab's component.

    `pipeline` is the whole file, where that is YAML.
    """

    script: str = ""
    pipeline: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    component: Mapping[str, str] = field(default_factory=dict)

    @property
    def command(self) -> list[str]:
        """The words of the line that runs the deployer."""
        line = _RUNS.search(self.script.replace("\\\n", " "))
        assert line
        return shlex.split(line[0])

    @property
    def flags(self) -> list[str]:
        """What the deployer gets on its command line."""
        words = self.command
        return words[words.index(IMAGE if words[0] == "docker" else "deployer") + 1 :]

    def environment(self, job: Mapping[str, str]) -> dict[str, str]:
        """What the deployer gets of the job's variables and the pipeline's."""
        known = {**job, **self.variables}
        words = self.command
        if words[0] != "docker":
            return known
        passed = {name for option, name in pairwise(words) if option == "--env"}
        return {name: value for name, value in known.items() if name in passed}


def recipes() -> dict[str, Recipe]:
    """The recipe of each section that has one."""
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    _, *parts = re.split(r"^## (.*)\n", text, flags=re.MULTILINE)
    return {title: _recipe(body) for title, body in zip(parts[::2], parts[1::2], strict=True)}


def _recipe(section: str) -> Recipe:
    scripts: list[str] = []
    pipeline = ""
    variables: dict[str, str] = {}
    component: dict[str, str] = {}
    for language, code in re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL):
        if language == "yaml":
            pipeline = code
            for key, value in _scalars(yaml.safe_load(code)):
                scripts.append(value)
                variables[key] = value
            component |= _component(yaml.safe_load(code))
        elif language == "groovy":
            scripts += re.findall(r"sh '(.*)'", code)
            variables |= dict(re.findall(r"(\w+) = '(.*)'", code))
        else:
            scripts.append(code)
    script = next((each for each in scripts if _RUNS.search(each)), "deployer" if component else "")
    given = {name: value for name, value in variables.items() if re.fullmatch(r"(AWS|INPUT)_\w+", name)}
    return Recipe(script, pipeline, given, component)


def _scalars(node: object, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _scalars(value, str(name))
    elif isinstance(node, list):
        for value in node:
            yield from _scalars(value, key)
    elif isinstance(node, str):
        yield key, node


def _component(pipeline: object) -> dict[str, str]:
    included = pipeline.get("include", []) if isinstance(pipeline, dict) else []
    return {name: value for each in included for name, value in each["inputs"].items()}
