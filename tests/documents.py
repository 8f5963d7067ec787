"""The documents that people read: their code blocks, headings and links."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
_EXPRESSIONS = {
    "github.repository": "octo-org/hello-web",
    "github.sha": "a" * 40,
    "inputs.deployment-id": "d-A1B2C3D4E",
    "matrix.region": "eu-west-1",
    "needs.deploy.outputs.deployment-id": "d-A1B2C3D4E",
    "needs.build.outputs.revision": "s3://my-revisions/hello-web/app.zip",
}
_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code in a document."""

    page: str
    language: str
    code: str


@cache
def pages() -> tuple[str, ...]:
    """Every Markdown file of the repository, by its path."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return tuple(name for name in names if (ROOT / name).exists() and not name.startswith("tests/"))


@cache
def text(page: str) -> str:
    """What a page says."""
    return (ROOT / page).read_text(encoding="utf-8")


def prose(page: str) -> str:
    """A page without its blocks of code."""
    return _BLOCK.sub("", text(page))


@cache
def blocks(page: str) -> tuple[Block, ...]:
    """The blocks of code of a page, without indentation."""
    return tuple(
        Block(page, language, re.sub(rf"^{indent}", "", code, flags=re.MULTILINE))
        for indent, language, code in _BLOCK.findall(text(page))
    )


@cache
def anchors(page: str) -> tuple[str, ...]:
    """The anchors of a page's headings, as GitHub makes them."""
    return tuple(
        re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.+)", prose(page), re.MULTILINE)
    )


def links(page: str) -> list[str]:
    """Where a page leads to; images too."""
    found = re.findall(
        r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"", re.sub(r"`[^`\n]+`", "", prose(page))
    )
    return [markdown or html for markdown, html in found]


def evaluated(value: object) -> str:
    """A value as the runner passes it on; what only a run knows is `value`."""
    said = str(value).lower() if isinstance(value, bool) else str(value)
    return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: _EXPRESSIONS.get(found[1], "value"), said)
