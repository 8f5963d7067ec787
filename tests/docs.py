"""`make docs`: write what is generated into README.md, action.yml, docs/ and the SDK's reduced models.

A region starts after a line with `inputs:start` and ends before a line with `inputs:end`, in a comment of the
file's own kind.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.reference import inputs as reference
from deployer.reference import migrating, pages, troubleshooting
from deployer.reference import preflight as pre_flight
from deployer.settings.tools import TOOLS
from tests import models
from tests.chaos import page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).parent.parent

_PARTS = 4
REGIONS: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "README.md": {"inputs": reference.inputs_table},
    "docs/migrating.md": {tool: partial(migrating.inputs_of, tool) for tool in TOOLS},
    "docs/iam.md": {"policy": reference.sample_policy, "trust": reference.sample_trust},
    "action.yml": {"inputs": reference.action_inputs, "outputs": reference.action_outputs},
}


def filled(text: str, regions: Mapping[str, str]) -> str:
    """The text with each region's content replaced; raises ValueError for a region that is not there once."""
    for name, content in regions.items():
        pattern = rf"(^[^\n]*\b{name}:start\b[^\n]*\n).*?(^[^\n]*\b{name}:end\b)"
        parts = re.split(pattern, text, flags=re.DOTALL | re.MULTILINE)
        if len(parts) != _PARTS:
            raise ValueError(f"region {name} has to be there once")
        before, start, end, after = parts
        text = f"{before}{start}{content}\n{end}{after}"
    return text


def documents() -> dict[Path, str]:
    """Each generated document and what should stand in it."""
    partly = {
        ROOT / name: filled(
            (ROOT / name).read_text(encoding="utf-8"), {region: make() for region, make in regions.items()}
        )
        for name, regions in REGIONS.items()
    }
    whole = {
        "inputs.md": pages.inputs_page(),
        "outputs.md": pages.outputs_page(),
        "pre-flight.md": pre_flight.markdown(),
        "reliability.md": page.markdown(),
        "troubleshooting.md": troubleshooting.markdown(),
    }
    return partly | {ROOT / "docs" / name: text for name, text in whole.items()} | models.files()


if __name__ == "__main__":
    for path, text in documents().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
