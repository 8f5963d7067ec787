"""Costs → the tables of docs/performance.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.measure import Cost, typical
from benchmarks.trees import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEFAULT: Final = "balanced"
_PAGE: Final = REPOSITORY / "docs" / "performance.md"
_BEGIN: Final = "<!-- benchmark: begin -->"
_END: Final = "<!-- benchmark: end -->"
_BASE: Final = "aws deploy push"
_BASES: Final = {"slow": "slow aws", "beside": "beside aws"}
_TIME: Final = 1 / 8
_SENT: Final = 15e6
_NAMES: Final = {
    "aws deploy push": "`aws deploy push`",
    "fast": "`compression: fast`",
    "balanced": "`compression: balanced`",
    "small": "`compression: small`",
    "unchanged": "`balanced`, unchanged tree",
    "changed": "`balanced`, one changed file (sent)",
    "zip -r": "`zip -r` (no upload)",
    "floor": "reading every file",
    "slow aws": "`aws deploy push`, 100 Mbit/s",
    "slow small": "`compression: small`, 100 Mbit/s",
    "slow changed": "`balanced`, one changed file (sent), 100 Mbit/s",
    "beside aws": "`aws deploy push`, SeaweedFS on the same cores",
    "beside balanced": "`compression: balanced`, SeaweedFS on the same cores",
}


def render(
    costs: Mapping[tuple[str, str], Sequence[Cost]],
    sizes: Mapping[tuple[str, str], int],
    *,
    rounds: int,
    machine: str,
) -> str:
    """One table a tree; ratios are to `aws deploy push` against the same server."""
    parts = [f"Medians of {rounds} on {machine}."]
    for tree in dict.fromkeys(tree for tree, _ in costs):
        parts.append(f"### The {tree} tree\n")
        parts.append("| | wall | times faster | CPU | peak memory | archive | vs. `aws` |")
        parts.append("| --- | --: | --: | --: | --: | --: | --: |")
        for label, name in _NAMES.items():
            if (tree, label) in costs:
                base = _BASES.get(label.partition(" ")[0], _BASE)
                faster = typical(costs[tree, base]).wall / typical(costs[tree, label]).wall
                size, theirs = sizes.get((tree, label)), sizes[tree, _BASE]
                parts.append(_row(name, typical(costs[tree, label]), faster, size, theirs))
        parts.append("")
    return "\n".join(parts)


def missed(
    costs: Mapping[tuple[str, str], Sequence[Cost]], sizes: Mapping[tuple[str, str], int]
) -> list[str]:
    """The goals that one changed file of the node tree misses on a slow link."""
    ratio = typical(costs["node", "slow changed"]).wall / typical(costs["node", "slow aws"]).wall
    sent = sizes["node", "slow changed"]
    late = f"one changed file takes {ratio:.3f} of the time of `aws deploy push`, more than {_TIME:.3f}"
    much = f"one changed file sends {sent / 1e6:.1f} MB, more than {_SENT / 1e6:.0f} MB"
    return [*([late] if ratio > _TIME else []), *([much] if sent > _SENT else [])]


def write(text: str) -> None:
    """Put the tables between the page's marks."""
    page = _PAGE.read_text()
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    _PAGE.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{after}")


def _row(name: str, cost: Cost, faster: float, size: int | None, theirs: int) -> str:
    archive = f"{size / 1e6:.1f} MB | {size / theirs:.2f}" if size else "- | -"
    memory = f"{cost.memory / 1e6:.0f} MB"
    return f"| {name} | {cost.wall:.2f} s | {faster:.1f} | {cost.cpu:.2f} s | {memory} | {archive} |"
