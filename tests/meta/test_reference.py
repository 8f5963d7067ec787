"""What users read is what the code does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from deployer.errors import ExitCode
from deployer.reference import inputs as reference
from deployer.reference import pages
from deployer.reference.examples import EXAMPLES
from deployer.report.outputs import OUTPUTS
from deployer.settings.base import Section
from deployer.settings.model import Settings, inputs
from tests.chaos.lines import LINES
from tests.chaos.record import seen
from tests.chaos.table import read as read_table
from tests.docs import ROOT, documents, filled
from tests.documents import evaluated
from tests.emulator.faults import KINDS

if TYPE_CHECKING:
    from pathlib import Path

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_generated_documents_are_current(path: Path) -> None:
    """`make docs` would change nothing."""
    assert path.read_text(encoding="utf-8") == documents()[path]


def test_the_action_runs_the_image_of_this_repository() -> None:
    assert ACTION["runs"]["using"] == "docker"
    assert ACTION["runs"]["image"] == "Dockerfile"
    assert (ROOT / ACTION["runs"]["image"]).is_file()
    assert "args" not in ACTION["runs"], "a flag would win over what the user gives"


def test_the_action_declares_every_input_and_no_default() -> None:
    """A default there would be written twice, and would be sent where nothing was wanted."""
    assert list(ACTION["inputs"]) == list(inputs())
    for declared in ACTION["inputs"].values():
        assert set(declared) == {"description", "required"}
        assert declared["required"] is False
        assert not declared["description"].endswith("\n")


def test_the_action_declares_every_output() -> None:
    assert list(ACTION["outputs"]) == list(OUTPUTS)
    assert all(set(declared) == {"description"} for declared in ACTION["outputs"].values())


def test_the_tables_have_a_row_for_each() -> None:
    for table, names in (
        (reference.inputs_table(), inputs()),
        (reference.outputs_table(), OUTPUTS),
    ):
        assert re.findall(r"^\| \[?`([a-z-]+)`", table, re.MULTILINE) == list(names)
    assert re.findall(r"^\| (\d+) \|", reference.exit_codes_table(), re.MULTILINE) == [
        str(int(c)) for c in ExitCode
    ]


def test_the_pages_tell_defaults_choices_and_what_is_required() -> None:
    rows = dict(re.findall(r"^\| \[`([a-z-]+)`.*? \| (.*) \|$", reference.inputs_table(), re.MULTILINE))
    assert rows["timeout"].startswith("`30m` | ")
    assert rows["source"].startswith("`.` | ")
    assert rows["bucket"].startswith("required to upload | ")
    assert rows["exclude"].startswith("- | ")
    page = dict(re.findall(r"^### ([a-z-]+)\n(.*?)```$", pages.inputs_page(), re.MULTILINE | re.DOTALL))
    assert list(page) == list(inputs())
    assert "One of `zip`, `tgz`, `tar`." in page["bundle-type"]
    assert "Default: `30m`" in page["timeout"]
    assert "**Required to upload**" in page["bucket"]


def test_each_input_has_an_example_that_loads() -> None:
    """By itself, as it stands under `with:`; an expression is what it may come to."""
    assert list(EXAMPLES) == list(inputs())
    for name, text in EXAMPLES.items():
        Settings.of({name: evaluated(yaml.safe_load(text))}, {name: name})


def test_help_names_every_input_in_its_section_and_fits_a_terminal() -> None:
    text = reference.help_text()
    assert max(map(len, text.splitlines())) <= 80
    assert re.findall(r"^  --([a-z-]+)", text, re.MULTILINE) == [
        *(option.removeprefix("--") for option in reference.OPTIONS),
        *inputs(),
    ]
    assert [line for line in text.splitlines() if line in set(Section)] == list(Section)
    assert "`" not in text


def test_a_region_that_is_missing_or_doubled_is_refused() -> None:
    region = "<!-- x:start -->\nold\n<!-- x:end -->\n"
    assert filled(f"a\n{region}b", {"x": "new"}) == "a\n<!-- x:start -->\nnew\n<!-- x:end -->\nb"
    for text in ("nothing", region + region, "<!-- x:start -->\n"):
        with pytest.raises(ValueError, match="region x has to be there once"):
            filled(text, {"x": "new"})


def test_the_failure_in_the_documents_is_what_a_run_prints() -> None:
    page = (ROOT / "docs" / "behavior.md").read_text(encoding="utf-8")
    block = page.partition("## When it fails")[2].partition("```text\n")[2].partition("\n```")[0]
    transcript = ROOT / "tests" / "transcripts" / "fails-after-install.console.txt"
    assert block in transcript.read_text(encoding="utf-8")
    assert "error: AfterInstall failed" in block


def test_the_fault_campaign_saw_what_it_expects() -> None:
    """Each recorded run is one of the table's, with its exit code, and each line has a row in the table."""
    cells = {(cell.row, cell.column, cell.moment): cell.expected for cell in read_table("faults")}
    found = {
        (row, column, moment): code
        for row, columns in seen()["faults"].items()
        for column, moments in columns.items()
        for moment, code in moments.items()
    }
    assert {key: code for key, code in found.items() if cells.get(key) != code} == {}
    assert {row for row, _, _ in cells} == {line.name for line in LINES}
    assert {column for _, column, _ in cells} == set(KINDS) - {"idp-rejected"}
