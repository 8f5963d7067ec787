"""`make pictures`: what GitHub shows of a deployment that fails, for the README, and the README itself.

The annotation and the summary are those of a real run of this moment against the stand-ins; the annotation is
laid out as GitHub does beside the line of a file, the summary by GitHub's own style.
"""

from __future__ import annotations

import base64
import html
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.chromium import BACKGROUNDS, Page, chromium, page, rendered
from tests.docs import ROOT
from tests.emulator import Emulator
from tests.environment import aws_environment
from tests.protocol.test_transcripts import PLATFORMS
from tests.s3 import S3Server

if TYPE_CHECKING:
    from collections.abc import Mapping

IMAGES = ROOT / "docs" / "images"
PAGES = ROOT / "build" / "pictures"
BUCKET = "my-revisions"
INPUTS = {
    "INPUT_APPLICATION": "hello-web",
    "INPUT_DEPLOYMENT_GROUP": "production",
    "INPUT_BUCKET": BUCKET,
}
SCRIPT = """\
#!/bin/bash
set -euo pipefail

cd /opt/hello-web
echo "Installing dependencies of hello-web"
give_up() { echo "scripts/after_install.sh: line $1: pip failed, giving up" >&2; exit 1; }
python3 -m pip install --requirement requirements.txt || give_up $LINENO
"""
"""The script that fails on the stand-in's instance, as its log has it."""

GOOD_COMMIT = "1a2b3c4d5e6f" + "0" * 28
MARGIN, HEIGHT = 16, 850
LINES_BEFORE = 2
COLORS = {
    "light": {"line": "#d1d9e0", "soft": "#59636e", "text": "#1f2328", "bad": "#d1242f", "back": "#ffffff"},
    "dark": {"line": "#3d444d", "soft": "#9198a1", "text": "#f0f6fc", "bad": "#f85149", "back": "#151b23"},
}
ICON = (
    '<svg width="16" height="16" viewBox="0 0 16 16"><g fill="none" stroke="currentColor" '
    'stroke-width="1.5"><circle cx="8" cy="8" r="7"/><path d="M5.5 5.5l5 5m0-5l-5 5"/></g></svg>'
)


def failed_run(folder: Path, *, speed: float) -> tuple[str, str]:
    """The log and the summary of a job on GitHub whose deployment fails, after one that was good."""
    summary, workspace = folder / "summary.md", folder / "hello-web"
    shutil.copytree(ROOT / "examples" / "hello-web", workspace)
    scenarios = ("success", "fails-after-install")
    with S3Server(folder / "s3") as s3, Emulator(scenario=scenarios, speed=speed) as emulator:
        s3.create_bucket(BUCKET, versioned=True)
        environ = {
            **aws_environment(folder, s3=s3, emulator=emulator),
            **PLATFORMS["github"],
            **INPUTS,
            "GITHUB_WORKSPACE": str(workspace),
        }
        deploy(workspace, {**environ, "GITHUB_RUN_NUMBER": "41", "GITHUB_SHA": GOOD_COMMIT})
        (workspace / "scripts" / "after_install.sh").write_text(SCRIPT, encoding="utf-8")
        log = deploy(workspace, {**environ, "GITHUB_STEP_SUMMARY": str(summary)})
    return log, summary.read_text(encoding="utf-8")


def deploy(workspace: Path, environ: Mapping[str, str]) -> str:
    """Run the product as a job's step; returns its log."""
    done = subprocess.run(
        [sys.executable, "-I", str(ROOT / "entrypoint.py")],
        cwd=workspace,
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=120,
    )
    return done.stdout


def annotation(log: str) -> str:
    """The first annotation of a log, below the line that it is about."""
    found = re.search(r"^::error file=(.*?),line=(\d+),title=(.*?)::(.*)$", log, re.MULTILINE)
    assert found, log
    path, number, title, message = found.groups()
    text = message.replace("%0A", "\n").replace("%0D", "").replace("%25", "%")
    last = int(number)
    lines = SCRIPT.splitlines()
    code = "".join(
        f"<tr><td>{at}</td><td>{html.escape(lines[at - 1])}</td></tr>"
        for at in range(last - LINES_BEFORE, last + 1)
    )
    return (
        f'<div class="file"><div class="head">{path}</div><table class="code">{code}</table>'
        f'<div class="note">{ICON}<div><p>Check failure on line {number} in {path}</p>'
        f"<p><b>{title}</b></p><pre>{html.escape(text)}</pre></div></div></div>"
    )


def style(theme: str) -> str:
    """How GitHub draws files and annotations, about."""
    template = """
    .file {border: 1px solid LINE; border-radius: 6px; margin-bottom: 24px; font-size: 13px; color: TEXT}
    .file .head {padding: 8px 12px; border-bottom: 1px solid LINE; font-family: "Liberation Mono"}
    .file table.code {display: table; width: 100%; margin: 0; font: 12px/20px "Liberation Mono"}
    .file table.code :is(tr, td) {border: 0; background: none; padding: 0 12px; white-space: pre}
    .file table.code td:first-child {width: 20px; color: SOFT; text-align: right}
    .file .note {display: flex; gap: 10px; margin: 8px; padding: 12px; background: BACK; border-radius: 6px}
    .file .note {border: 1px solid LINE; border-left: 4px solid BAD}
    .file .note p {margin: 0 0 4px; color: SOFT}
    .file .note p b {color: TEXT}
    .file .note pre {margin: 0; padding: 0; background: none; white-space: pre-wrap; font-size: 12px}
    .file svg {flex: none; margin-top: 2px; color: BAD}
    """
    return re.sub("[A-Z]{3,}", lambda name: COLORS[theme].get(name[0].lower(), name[0]), template)


def with_picture(markdown: str, picture: Path) -> str:
    """The README with its picture inside, and without its badge, as a page without an address needs it."""
    drawn = base64.b64encode(picture.read_bytes()).decode()
    plain = re.sub(r"<source .*?>|^\[!\[.*\n", "", markdown, flags=re.MULTILINE)
    return re.sub(r'(?<=src=")[^"]*', f"data:image/png;base64,{drawn}", plain)


def draw(browser: Page, images: Path, pages: Path, *, speed: float = 1.0) -> None:
    """Draw the pictures of the README into one folder, and the README with them into another."""
    with tempfile.TemporaryDirectory() as folder:
        log, summary = failed_run(Path(folder), speed=speed)
    for theme in BACKGROUNDS:
        picture = images / f"failure-{theme}.png"
        shown = page(annotation(log) + rendered(summary), theme=theme, style=style(theme), margin=MARGIN)
        browser.paint(shown, picture, margin=MARGIN, height=HEIGHT)
        readme = rendered(with_picture((ROOT / "README.md").read_text(encoding="utf-8"), picture))
        browser.paint(page(readme, theme=theme), pages / f"readme-{theme}.png")


def main() -> None:
    """Draw what a deployment that fails looks like on GitHub, and the README."""
    for folder in (IMAGES, PAGES):
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile, chromium(Path(profile)) as browser:
        draw(browser, IMAGES, PAGES)


if __name__ == "__main__":
    main()
