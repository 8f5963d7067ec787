"""Generates the tables of docs/migrating.md from the table that the messages use."""

from __future__ import annotations

from deployer.reference.inputs import table
from deployer.settings.foreign import translated
from deployer.settings.model import inputs
from deployer.settings.tools import TOOLS


def inputs_of(tool: str) -> str:
    """Return a tool's inputs as a Markdown table, and its outputs below them."""
    known = TOOLS[tool]
    rows = [(f"`{name}`", _here(meaning)) for name, meaning in known.inputs.items()]
    rows += [
        (f"output `{name}`", f"output `{ours}`" if ours else "no equivalent")
        for name, ours in known.outputs.items()
    ]
    return table(("There", "Here"), rows)


def _here(meaning: str) -> str:
    return f"`{meaning}`" if meaning in inputs() else translated(meaning).hint
