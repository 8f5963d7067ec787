"""Generates docs/inputs.md and docs/outputs.md: all that a workflow may say, and all that it gets to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.reference.examples import EXAMPLES
from deployer.reference.inputs import entries, exit_codes_table, outputs_table
from deployer.settings.base import Section

if TYPE_CHECKING:
    from deployer.reference.inputs import Entry

_INPUTS = """\
# Inputs

<!-- Generated from deployer/settings/model.py by `make docs`; edit the fields there, not this file. -->

Each input is a key under `with:`, a variable and a flag:

| | `deployment-group` |
| --- | --- |
| GitHub | `deployment-group: production` under `with:` |
| variable, on every CI | `INPUT_DEPLOYMENT_GROUP=production` |
| flag, which wins | `--deployment-group=production` or `--deployment-group production` |

Empty means not set, and what is not set is left to AWS: only inputs that you set are sent. Unknown names
are an error. Durations have units: `90s`, `30m`, `2h` or `1h30m`. A list has one item per line; a flag for
a list may come several times.

On GitHub, `deployment-id`, `on-conflict`, `outputs-file`, `pre-flight`, `restart` and `role-to-assume` are
taken from the step's `with:` or a flag only, so that no earlier step can set them; the log names any other
input that comes from the job's environment. AWS credentials and endpoints are no inputs: they come from
AWS's standard variables and profiles.
"""
_OUTPUTS = """\
# Outputs and exit codes

<!-- Generated from deployer/report/outputs.py and deployer/errors.py by `make docs`; edit those. -->

## Outputs

Each is written as soon as it is known: a cancelled job still has the deployment's ID. On GitHub they are
the step's outputs. Elsewhere they are written to `outputs-file` as dotenv lines,
`CODEDEPLOY_DEPLOYMENT_ID=d-…`.
"""
_EXIT_CODES = """\

## Exit codes

[Troubleshooting](troubleshooting.md) explains the problems behind them.
"""


def inputs_page() -> str:
    """Return docs/inputs.md."""
    parts = [_INPUTS]
    for section in Section:
        parts.append(f"## {section}\n")
        parts.extend(_described(entry) for entry in entries() if entry.section is section)
    return "\n".join(parts)


def _described(entry: Entry) -> str:
    default = f"**{entry.required.capitalize()}**" if entry.required else ""
    default = default or f"Default: {entry.default or 'not set'}"
    value = EXAMPLES[entry.name].replace("\n", "\n  ")
    example = f"```yaml\nwith:\n  {entry.name}: {value}\n```"
    return f"### {entry.name}\n\n{entry.meaning}.\n\n{default}\n\n{example}\n"


def outputs_page() -> str:
    """Return docs/outputs.md."""
    return f"{_OUTPUTS}\n{outputs_table()}\n{_EXIT_CODES}\n{exit_codes_table()}\n"
