"""Generates the reference of inputs, outputs and exit codes from the code that implements them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from textwrap import TextWrapper
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import BeforeValidator

from deployer import __version__
from deployer.aws.claims import expected_claims
from deployer.aws.policy import permissions_policy, trust_policy
from deployer.errors import ExitCode
from deployer.report.outputs import OUTPUTS
from deployer.settings.base import Section
from deployer.settings.load import load
from deployer.settings.model import Settings, inputs
from deployer.settings.values import Choice, format_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pydantic.fields import FieldInfo


_USAGE = """\
usage: deployer [--INPUT VALUE]...
       deployer policy [--trust] [--INPUT VALUE]...
       deployer completion bash|zsh|fish
       deployer help | version

Packages, uploads, registers, deploys and watches an AWS CodeDeploy deployment.
Each flag can also be a variable: INPUT_DEPLOYMENT_GROUP for --deployment-group;
the flag wins. An empty value means not set. AWS credentials come from the
standard AWS variables and profiles. The command policy prints the minimal IAM
policy for the inputs, or with --trust the trust policy of the role. The command
completion prints a script for your shell: eval "$(deployer completion bash)".

Output"""
OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "--verbose": "Also print debug lines, among them each call to AWS (-v)",
        "--quiet": "Print only problems, the logs of failed scripts and results (-q)",
        "--help": "Print this text (-h)",
        "--version": "Print the version",
    }
)
"""The flags that are no inputs."""

_SAMPLE = {
    "INPUT_APPLICATION": "hello-web",
    "INPUT_DEPLOYMENT_GROUP": "production",
    "INPUT_BUCKET": "my-revisions",
    "INPUT_REGION": "eu-west-1",
    "INPUT_ROLE_TO_ASSUME": "arn:aws:iam::123456789012:role/deploy",
}
_SAMPLE_JOB = {"GITHUB_REPOSITORY": "acme/hello-web", "GITHUB_REF": "refs/heads/main"}
_COLUMN = 30
_WIDTH = 80


@dataclass(frozen=True, slots=True)
class Entry:
    """An input in the generated reference, in Markdown."""

    name: str
    section: Section
    about: str
    choices: tuple[str, ...]
    is_switch: bool
    default: str
    required: str

    @property
    def meaning(self) -> str:
        """The description and the allowed values."""
        return self.about + (
            f". One of {', '.join(f'`{choice}`' for choice in self.choices)}" if self.choices else ""
        )

    @property
    def gist(self) -> str:
        """The description up to where the details begin."""
        return re.split(r"(?<=.{20})[.;:] ", self.about, maxsplit=1)[0]

    @property
    def sentence(self) -> str:
        """The description, the allowed values and the default."""
        default = self.required or (f"default: {self.default}" if self.default else "")
        return self.meaning + (f" ({default})" if default else "")


def inputs_table() -> str:
    """Return the inputs as a Markdown table by section, each with the gist of its description."""
    rows: list[Sequence[str]] = []
    for section in Section:
        rows.append((f"**{section}**", "", ""))
        for entry in entries():
            if entry.section is section:
                name = f"[`{entry.name}`](docs/inputs.md#{entry.name})"
                rows.append((name, entry.required or entry.default or "-", entry.gist))
    return table(("Input", "Default", "Meaning"), rows)


def outputs_table() -> str:
    """Return the outputs as a Markdown table."""
    return table(("Output", "Meaning"), [(f"`{name}`", about) for name, about in OUTPUTS.items()])


def exit_codes_table() -> str:
    """Return the exit codes as a Markdown table."""
    return table(("Code", "Meaning"), [(str(int(code)), code.meaning) for code in ExitCode])


def action_inputs() -> str:
    """Return the `inputs` of `action.yml`, without defaults: an input that is not set is an empty string."""
    described = {entry.name: _plain(entry.sentence) for entry in entries()}
    return _yaml("inputs", described, "    required: false\n")


def action_outputs() -> str:
    """Return the `outputs` of `action.yml`."""
    return _yaml("outputs", {name: _plain(about) for name, about in OUTPUTS.items()})


def sample_policy() -> str:
    """Return the policy for a sample of inputs, as a block of JSON."""
    return _json(permissions_policy(load(_SAMPLE, [])))


def sample_trust() -> str:
    """Return the trust policy for the same sample, in a job on GitHub."""
    return _json(trust_policy(load(_SAMPLE, []), expected_claims(_SAMPLE_JOB)))


def help_text() -> str:
    """Return the text that `--help` prints."""
    parts = [f"deployer {__version__}\n", _USAGE]
    for option, about in OPTIONS.items():
        parts.extend(_aligned(f"  {option}", about))
    for section in Section:
        parts.append(f"\n{section}")
        for entry in entries():
            if entry.section is section:
                parts.extend(
                    _aligned(f"  --{entry.name}{'' if entry.is_switch else ' VALUE'}", _plain(entry.sentence))
                )
    parts.append("\nExit codes")
    for code in ExitCode:
        parts.extend(_aligned(f"  {int(code)}", _plain(code.meaning)))
    return "\n".join([*parts, ""])


def entries() -> Iterator[Entry]:
    """Yield all inputs in their order."""
    fields = {str(field.alias): field for field in Settings.model_fields.values()}
    for name, described in inputs().items():
        yield Entry(
            name=name,
            section=described.section,
            about=described.about,
            choices=_choices(fields[name]),
            is_switch=fields[name].annotation == bool | None,
            default=described.default or _default(fields[name].default),
            required=f"required to {described.needed_from}" if described.needed_from else "",
        )


def _choices(field: FieldInfo) -> tuple[str, ...]:
    for mark in field.metadata:
        if isinstance(mark, BeforeValidator) and isinstance(mark.func, Choice):
            return tuple(mark.func.allowed)
    return ()


def _default(value: object) -> str:
    """Format a field's default as code, as the user would write it; empty if there is none."""
    if value is None or value in ("", ()):
        return ""
    return f"`{format_duration(value) if isinstance(value, timedelta) else value}`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _yaml(title: str, described: Mapping[str, str], more: str = "") -> str:
    """Format a mapping of names with descriptions, as folded text."""
    wrapper = TextWrapper(
        width=100, initial_indent=" " * 6, subsequent_indent=" " * 6, break_on_hyphens=False
    )
    items = (
        f"  {name}:\n    description: >-\n{wrapper.fill(about)}\n{more}" for name, about in described.items()
    )
    return f"{title}:\n{''.join(items)}".rstrip()


def _json(document: Mapping[str, object]) -> str:
    return f"```json\n{json.dumps(document, indent=2)}\n```"


def _plain(markdown: str) -> str:
    return markdown.replace("`", "")


def _aligned(term: str, text: str) -> list[str]:
    """Format a term and its text in two columns; below a long term, the text starts on its own line."""
    indent = " " * _COLUMN
    lines = TextWrapper(
        width=_WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    ).wrap(text)
    if len(term) < _COLUMN - 1:
        return [term + lines[0][len(term) :], *lines[1:]]
    return [term, *lines]
