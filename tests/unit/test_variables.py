"""An AppSpec that is itself the revision: filled in, completed, checked; no AWS."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.appspec.completion import complete
from deployer.appspec.inline import AppSpecFile, find
from deployer.appspec.template import PLACEHOLDER, fill
from deployer.choices import ComputePlatform
from deployer.errors import InvalidBundle
from deployer.revision import BundleType
from deployer.settings.values import InputError, check_variables, parse_assignments

LAMBDA = """\
version: 0.0
Resources:
  - orders:
      Type: AWS::Lambda::Function
      Properties:
        Name: orders  # the function
        Alias: live
        TargetVersion: "8"
Hooks:
  - BeforeTraffic: check
"""
FLOW = json.dumps(yaml.safe_load(LAMBDA))
ECS = """\
version: 0.0
Resources:
  - web:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: {task}
        LoadBalancerInfo: {{ContainerName: web, ContainerPort: 8080}}
"""
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), max_size=12)


class Account:
    """What the account would answer."""

    def version(self, function: str, alias: str) -> str:
        """A number that tells what was asked."""
        return f"{len(function)}{len(alias)}"

    def task_definition(self, name: str) -> str:
        """An ARN that tells what was asked."""
        return f"arn:of/{name}"


def codes(text: str, variables: dict[str, str]) -> list[str]:
    return [problem.code for problem in fill(text, variables, path="appspec.yml")[1]]


def test_each_placeholder_with_a_value_is_replaced_everywhere() -> None:
    filled, problems = fill("a: <A>-<A>\nb: [<B.1>, <c>, a < b]\n", {"A": "1", "B.1": "<A>"}, path="x")
    assert filled == "a: 1-1\nb: [<A>, <c>, a < b]\n"
    assert problems == []


def test_a_variable_that_stands_nowhere_is_warned_of() -> None:
    (problem,) = fill("a: <TASK>", {"TASK": "1", "TAKS": "2"}, path="appspec.yml")[1]
    assert (problem.code, problem.severity) == ("appspec-variable-unused", "warning")
    assert "TAKS" in problem.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: {b: <X>}", "1, c: 2"),
        ("a: <X>", "b: c"),
        ("a: [<X>]", "1, 2"),
        ("a: <X>", "1 # rest"),
        ("a: '<X>'", "it's"),
        ("a: <X>", "[1]"),
        ('{"a": "<X>"}', '", "b": "'),
    ],
)
def test_a_value_cannot_change_what_the_appspec_says(text: str, value: str) -> None:
    """A branch's name may get into a value, and is no key then."""
    filled, problems = fill(f"first: line\n{text}" if text[0] != "{" else text, {"X": value}, path="a.yml")
    assert [problem.code for problem in problems] == ["appspec-variable-structure"]
    assert problems[0].location is not None
    assert problems[0].location.line == (1 if text[0] == "{" else 2)
    assert value in filled


@settings(deadline=None)  # the first example loads the parser
@given(VALUES)
def test_any_value_in_quotes_is_that_value_or_refused(value: str) -> None:
    filled, problems = fill('a: "<X>"\nb: 1\n', {"X": value}, path="a.yml")
    assert problems or yaml.safe_load(filled) == {"a": value, "b": 1}


def test_a_text_that_is_no_yaml_is_filled_all_the_same() -> None:
    """The parser tells what is wrong with it, unless a value is what completes it."""
    assert fill("a: [<X>", {"X": "1"}, path="a.yml") == ("a: [1", [])
    assert fill("a: '\udce9 <X>'", {"X": "1"}, path="a.yml") == ("a: '\udce9 1'", [])
    assert codes('a: "<X>\n', {"X": '" # and more'}) == ["appspec-variable-structure"]


@pytest.mark.parametrize("text", [LAMBDA, FLOW, LAMBDA.replace("Name", "name").replace("Alias", "ALIAS")])
def test_the_current_version_is_put_in_and_nothing_else_changes(text: str) -> None:
    completed = complete(text, Account())
    before, after = yaml.safe_load(text), yaml.safe_load(completed.text)
    assert after["Resources"][0]["orders"]["Properties"].pop("CurrentVersion") == "64"
    assert before == after
    assert completed.piece == "CurrentVersion: 64"
    assert "# the function" in completed.text or text == FLOW


@pytest.mark.parametrize("quote", ["", '"', "'"])
def test_a_family_is_replaced_by_its_arn_within_its_quotes(quote: str) -> None:
    text = ECS.format(task=f"{quote}web:7{quote}")
    assert complete(text, Account()).text == ECS.format(task=f"{quote}arn:of/web:7{quote}")


@pytest.mark.parametrize(
    "text",
    [
        ECS.format(task="arn:aws:ecs:eu-west-1:111122223333:task-definition/web:7"),
        ECS.format(task="<TASK>"),
        ECS.format(task="[web]"),
        LAMBDA.replace("Alias", "CurrentVersion"),
        LAMBDA.replace("Alias: live", "Other: x"),
        LAMBDA.replace("Alias: live", "Alias:"),
        "a: [",
        "[]",
        "Resources: []",
        "Resources: [web]",
        "Resources: [{}]",
        "Resources:\n  - web: {}",
        "Resources:\n  - web:\n      Properties: []",
    ],
)
def test_what_is_complete_or_makes_no_sense_is_left_alone(text: str) -> None:
    assert complete(text, Account()).text == text


def test_problems_stand_at_the_author_s_lines() -> None:
    """The line that is put in for the check does not count."""
    problems = AppSpecFile(LAMBDA, "deploy/appspec.yml").check()
    (place,) = {problem.location for problem in problems}
    assert place is not None
    assert (place.path, place.line) == ("deploy/appspec.yml", 10)
    early = AppSpecFile(LAMBDA.replace("version: 0.0", "version: 1"), "a.yml").check()
    assert [problem.location.line for problem in early if problem.location] == [1, 10]


def test_a_bundle_of_one_appspec() -> None:
    appspec = AppSpecFile(FLOW, "deploy/app.json")
    bundle = appspec.bundle()
    assert (bundle.type, bundle.files, bundle.size) == (BundleType.JSON, 1, len(FLOW))
    assert b"".join(bundle.chunks()) == b"".join(bundle.chunks()) == FLOW.encode()
    assert appspec.locate("appspec.yml") == "deploy/app.json"
    assert appspec.locate("other") is None
    assert appspec.read("appspec.yml", 3) == FLOW.encode()[:3]
    assert appspec.exclusions == ()
    with pytest.raises(KeyError):
        appspec.read("other", 1)
    assert AppSpecFile("", "a.yml").platform is None
    assert not AppSpecFile("", "a.yml").is_revision


def test_where_an_appspec_is_found(tmp_path: Path) -> None:
    """In the source, else from the repository's root; one for instances belongs into a bundle."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "appspec.yml").write_text("version: 0.0\nos: linux\n")
    (tmp_path / "lambda.yml").write_text(LAMBDA)
    inside = tmp_path / "app"
    for_instances = find(inside, "appspec.yml", repository=tmp_path)
    assert for_instances is not None
    assert (for_instances.path, for_instances.is_revision) == ("app/appspec.yml", False)
    assert find(inside, "none.yml", repository=tmp_path) is None
    found = find(inside, "lambda.yml", repository=tmp_path)
    assert found is not None
    assert (found.path, found.platform) == ("lambda.yml", ComputePlatform.LAMBDA)
    assert found.is_revision
    outside = tmp_path / "app" / "link.yml"
    outside.symlink_to("/etc/hostname")
    assert find(inside, "link.yml", repository=inside) is None


def test_an_appspec_that_cannot_be_read() -> None:
    """Linux lets nobody read this file from its start."""
    folder = Path("/proc/self").resolve()
    with pytest.raises(InvalidBundle, match="cannot be read"):
        find(folder, "mem", repository=folder)


def test_a_control_character_is_no_value() -> None:
    assert codes("a: <X>", {"X": "\x01"}) == ["appspec-variable-structure"]
    assert codes("", {}) == []


@pytest.mark.parametrize("name", ["TASK", "my.task-1", "a_b", "1a", "_a", "a b"])
def test_an_input_takes_the_names_that_a_placeholder_can_have(name: str) -> None:
    text = f"{name}=x"
    if PLACEHOLDER.fullmatch(f"<{name}>"):
        assert check_variables({name: "x"}) == {name: "x"}
    else:
        with pytest.raises(InputError, match="which is not valid in a placeholder"):
            check_variables(parse_assignments(text))
