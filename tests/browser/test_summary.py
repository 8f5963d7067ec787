"""The job's summary as people see it on GitHub: nothing of it lies beyond the edge of its column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import BACKGROUNDS, Page, chromium
from tests.browser.pictures import draw
from tests.docs import ROOT
from tests.summaries import summaries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PICTURES = ROOT / "build" / "pictures"
SUMMARIES = summaries()
MOST_BYTES = 200_000


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A browser."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with chromium(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.mark.parametrize("name", SUMMARIES)
def test_the_summary_fits_the_column(name: str, page: Page) -> None:
    """No table, log or code scrolls, and ids and times stay on one line."""
    shown = page.draw(SUMMARIES[name], PICTURES / f"{name}.png")
    assert shown.wide == []
    assert shown.broken == []


def test_what_is_too_wide_is_found(page: Page) -> None:
    """The measure itself: a table that scrolls, and an id that is broken in two."""
    wide = page.measure(f"| {'x' * 300} |\n| --- |\n| y |\n").wide
    assert any(each.startswith("<table") for each in wide)
    words = f"<table><tr><td nowrap><code>{'long-id ' * 20}</code></td><td>{'word ' * 60}</td></tr></table>"
    assert page.measure(words).broken


def test_the_pictures_of_the_readme_can_be_drawn(page: Page, tmp_path: Path) -> None:
    """From a run of this moment; they stay small, and the README shows them."""
    draw(page, tmp_path, tmp_path, speed=20)
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes.keys() == {f"{name}-{theme}.png" for name in ("failure", "readme") for theme in BACKGROUNDS}
    assert max(sizes[f"failure-{theme}.png"] for theme in BACKGROUNDS) < MOST_BYTES
