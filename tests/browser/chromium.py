"""A summary as GitHub shows it: its Markdown in a page with GitHub's style, laid out and drawn by Chromium.

Chromium is driven by its own protocol over a pipe: https://chromedevtools.github.io/devtools-protocol/.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from markdown_it import MarkdownIt

from tests.docs import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLUMN = 997
"""The width in pixels of a job's summary on a desktop's screen."""

MARGIN = 32
STYLES = ROOT / ".ci/npm/node_modules/github-markdown-css"
BACKGROUNDS = {"light": "#ffffff", "dark": "#0d1117"}
FONTS = '"Liberation Sans", "Noto Color Emoji"'
"""What GitHub's style comes down to on Linux: Arial's widths, to which those of other systems are close."""

OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--remote-debugging-pipe",
)
MEASURE = """(() => {
  const article = document.querySelector("article");
  const height = article.offsetHeight;
  document.querySelectorAll("details").forEach(each => each.open = true);
  const edge = article.getBoundingClientRect().right;
  const all = [...article.querySelectorAll("*")];
  const said = each => each.outerHTML.slice(0, 200);
  return {
    height,
    wide: all.filter(each => each.clientWidth && each.scrollWidth > each.clientWidth + 1
      || each.getBoundingClientRect().right > edge + 1).map(said),
    broken: all.filter(each => each.matches("td[nowrap] *") && each.getClientRects().length > 1).map(said),
  };
})()"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A summary as the browser shows it.

    `height` is in pixels, with folded parts folded; `wide` holds the elements that scroll or reach beyond the
    column, `broken` those that should be on one line and are not.
    """

    height: int
    wide: list[str]
    broken: list[str]


class Page:
    """The one page of a browser."""

    def __init__(self, commands: IO[bytes], answers: IO[bytes]) -> None:
        self._commands, self._answers = commands, answers
        self._last = 0
        self._session = ""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def measure(self, summary: str) -> Shown:
        """Lay a summary out in GitHub's column, and measure it with all its folded parts open."""
        self._show(page(rendered(summary)))
        answer = self._call("Runtime.evaluate", expression=MEASURE, returnByValue=True)
        return Shown(**answer["result"]["value"])

    def draw(self, summary: str, picture: Path) -> Shown:
        """Draw a summary as a PNG, and measure it."""
        self.paint(page(rendered(summary)), picture)
        return self.measure(summary)

    def paint(self, html: str, picture: Path, *, margin: int = MARGIN, height: int = 0) -> None:
        """Draw an article of a page as a PNG with a margin around it, whole or down to a height."""
        self._show(html)
        whole = self._call("Runtime.evaluate", expression="document.body.scrollHeight")["result"]["value"]
        height = height or whole
        clip = {"x": 0, "y": 0, "width": COLUMN + 2 * margin, "height": height + 2 * margin, "scale": 1}
        drawn = self._call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        picture.write_bytes(base64.b64decode(drawn["data"]))

    def _show(self, html: str) -> None:
        frame = self._call("Page.getFrameTree")["frameTree"]["frame"]["id"]
        self._call("Page.setDocumentContent", frameId=frame, html=html)

    def _call(self, method: str, **parameters: object) -> Any:  # noqa: ANN401 - JSON
        self._last += 1
        session = {"sessionId": self._session} if self._session else {}
        command = {"id": self._last, "method": method, "params": parameters, **session}
        self._commands.write(json.dumps(command).encode() + b"\0")
        self._commands.flush()
        while True:
            answer = json.loads(_message(self._answers))
            if answer.get("id") == self._last:
                assert "error" not in answer, answer
                return answer["result"]


@contextmanager
def chromium(profile: Path) -> Iterator[Page]:
    """Start the browser that $CHROMIUM names, and end it."""
    to_browser, commands = os.pipe()
    answers, from_browser = os.pipe()
    binary = os.environ["CHROMIUM"]
    shell = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
    with subprocess.Popen(
        ["bash", "-c", shell, "chromium", binary, *OPTIONS, f"--user-data-dir={profile}"],
        pass_fds=(to_browser, from_browser),
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(to_browser)
        os.close(from_browser)
        try:
            with os.fdopen(commands, "wb") as writer, os.fdopen(answers, "rb") as reader:
                yield Page(writer, reader)
        finally:
            process.terminate()


def rendered(markdown: str) -> str:
    """Return the HTML that GitHub's dialect of Markdown makes of a text; charts are left out."""
    markdown = re.sub(r"^```mermaid$.*?^```$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    return str(MarkdownIt("commonmark").enable("table").enable("strikethrough").render(markdown))


def page(article: str, *, theme: str = "light", style: str = "", margin: int = MARGIN) -> str:
    """Return a page with an article in GitHub's style."""
    github = (STYLES / f"github-markdown-{theme}.css").read_text(encoding="utf-8")
    body = f"body {{margin: {margin}px; background: {BACKGROUNDS[theme]}}}"
    own = f"{body} .markdown-body {{width: {COLUMN}px; font-family: {FONTS}}} {style}"
    head = f'<!doctype html><meta charset="utf-8"><style>{github}{own}</style>'
    return f'{head}<article class="markdown-body">{article}</article>'


def _message(answers: IO[bytes]) -> bytes:
    """One message, which a zero byte ends."""
    message = bytearray()
    while (byte := answers.read(1)) != b"\0":
        assert byte, "the browser has ended"
        message += byte
    return bytes(message)
