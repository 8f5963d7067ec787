"""What the documents show can be done as it stands, and their links lead somewhere."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from typing import TYPE_CHECKING

import botocore.session
import pytest
import yaml

from deployer.command import parse
from deployer.deployment.request import check
from deployer.report.outputs import OUTPUTS
from deployer.settings.foreign import translated, translation
from deployer.settings.load import load
from deployer.settings.model import inputs
from deployer.settings.tools import ADVICE, OTHER_NAMES, TOOLS
from tests.documents import ROOT, Block, anchors, blocks, evaluated, links, pages, text

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = "codedeploy-deployer/deployer"
ALL = [block for page in pages() for block in blocks(page)]


def in_language(*languages: str) -> list[Block]:
    return [block for block in ALL if block.language in languages]


def ids(block: Block) -> str:
    return f"{block.page}-{block.code.splitlines()[0][:30]}"


def mappings(node: object) -> Iterator[dict[str, object]]:
    """Yield all mappings in a YAML document."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from mappings(child)


@pytest.mark.parametrize("block", in_language("yaml"), ids=ids)
def test_a_workflow_uses_inputs_and_outputs_that_exist(block: Block) -> None:
    """Each step of ours loads without a problem, and the guide knows the inputs of other tools."""
    for each in mappings(list(yaml.safe_load_all(block.code))):
        action = str(each.get("uses", "")).partition("@")[0]
        if action == OURS:
            given = {f"INPUT_{name.upper()}": evaluated(value) for name, value in dict(each["with"]).items()}  # type: ignore[call-overload]
            settings = load(given, [], unneeded=lambda _: ("bucket",))
            assert check(settings.parameters or {}) == []
        elif (tool := action.partition("/")[0]) in TOOLS:
            assert set(dict(each["with"])) <= set(TOOLS[tool].inputs)  # type: ignore[call-overload]
    for name in re.findall(r"(?:deploy|build|plan)\.outputs\.([\w-]+)", block.code):
        assert name in OUTPUTS


@pytest.mark.parametrize("block", in_language("sh", "bash"), ids=ids)
def test_a_command_line_is_one_to_its_program(block: Block) -> None:
    """Bash parses it, our flags load, and those of the AWS CLI are in the guide."""
    subprocess.run(["bash", "-n"], input=block.code, text=True, check=True)
    for line in block.code.replace("\\\n", " ").splitlines():
        used = re.search(r"^ *(?:docker run .*/deployer:1|deployer) +([^#>|]*)", line)
        if used and used[1] != '"$@"':
            call = parse(shlex.split(used[1]))
            if call.command in {"run", "policy"}:
                load({"AWS_REGION": "eu-west-1"}, call.arguments)
        if re.match(r"aws deploy (push|create)", line):
            assert set(re.findall(r" (--[a-z0-9-]+)", line)) <= set(TOOLS["aws"].inputs)


@pytest.mark.parametrize("block", in_language("json"), ids=ids)
def test_json_is_json(block: Block) -> None:
    assert json.loads(block.code)


def test_the_architecture_is_drawn_as_it_is() -> None:
    """Every room of the house is in the tree, and tree and chart name only files and folders that exist."""
    chart, tree = (block.code for block in blocks("docs/architecture.md"))
    house = ROOT / "deployer"
    for name in re.findall(r"\b(\w+(?:/|\.py))(?=[\s,<;\"])", chart + tree.partition("\n")[2]):
        assert (house / name).exists() or (ROOT / name).exists(), name
    rooms = {path.parent.name for path in house.glob("*/__init__.py")}
    assert rooms == set(re.findall(r"^  (\w+)/", tree, re.MULTILINE))


def test_every_language_is_looked_at() -> None:
    """Other tests compare logs with runs, run Jenkins's script, and try the cases of the rules."""
    known = {"yaml", "sh", "bash", "json", "text", "mermaid", "groovy"}
    assert {block.language for block in ALL if block.page != "docs/pre-flight.md"} - {""} <= known


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(page: str) -> None:
    """To a file of the repository and to a heading of it."""
    for link in links(page):
        if re.match(r"(https?|mailto):", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(str(target.resolve().relative_to(ROOT))), link


def test_the_readme_is_read_in_five_minutes() -> None:
    assert len(text("README.md").splitlines()) <= 250


def test_pictures_load_quickly() -> None:
    """In both themes; `make pictures` draws them."""
    pictures = {path.name: path.stat().st_size for path in (ROOT / "docs" / "images").iterdir()}
    assert set(pictures) == {"failure-dark.png", "failure-light.png"}
    assert max(pictures.values()) < 200_000


def test_no_foreign_name_has_two_meanings() -> None:
    """Else a message would tell users of one tool what is true of another."""
    for tool in TOOLS.values():
        for name, meaning in tool.inputs.items():
            assert translation(name) in {None, translated(meaning)}, name
        assert {*tool.inputs.values(), *OTHER_NAMES} <= {*ADVICE, *inputs()}
        assert {*tool.outputs.values()} <= {"", *OUTPUTS}


def test_each_tool_has_its_section() -> None:
    for tool, known in TOOLS.items():
        assert f"<!-- {tool}:start -->" in text("docs/migrating.md")
        assert all(f"| `{name}` |" in text("docs/migrating.md") for name in known.inputs)


def test_the_guide_knows_every_parameter_of_the_aws_cli() -> None:
    """The CLI's flags are the members of CreateDeployment, which grow with the SDK."""
    model = botocore.session.get_session().get_service_model("codedeploy")
    request = model.operation_model("CreateDeployment").input_shape
    assert request
    flags = {"--" + re.sub(r"(?<!^)([A-Z])", r"-\1", name).lower() for name in request.members}
    assert flags <= set(TOOLS["aws"].inputs)
