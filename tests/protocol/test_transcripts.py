"""What a user reads: the whole output of each scenario on each platform, kept as text and judged as text.

A change of the output shows as a difference of these files; UPDATE_TRANSCRIPTS=1 writes them anew, with
CHAOS=all those of every platform.
"""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deployer.main import execute
from tests.chaos.table import ALL, SEED
from tests.emulator import SCENARIOS, Emulator
from tests.environment import SERVICES
from tests.protocol.steps import DEPLOYED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tests.clock import FakeClock
    from tests.s3 import S3Server

REPOSITORY = Path(__file__).parents[2]
PLATFORMS: Mapping[str, Mapping[str, str]] = {
    "github": {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "acme/hello-web",
        "GITHUB_SHA": "0f1e2d3c4b5a69788796a5b4c3d2e1f001234567",
        "GITHUB_REF_NAME": "main",
        "GITHUB_RUN_ID": "42",
        "GITHUB_RUN_NUMBER": "42",
        "GITHUB_WORKFLOW_REF": "acme/hello-web/.github/workflows/deploy.yml@refs/heads/main",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_WORKSPACE": str(REPOSITORY),
    },
    "gitlab": {
        "GITLAB_CI": "true",
        "CI_PROJECT_DIR": str(REPOSITORY),
        "CI_PROJECT_PATH": "acme/hello-web",
        "CI_PROJECT_URL": "https://gitlab.com/acme/hello-web",
        "CI_COMMIT_SHA": "0f1e2d3c4b5a69788796a5b4c3d2e1f001234567",
        "CI_PIPELINE_IID": "42",
    },
    "console": {},
}
VOLATILE = (
    (r"^Calls to [\w ]+ go to http://127\.0\.0\.1:\d+, set by AWS_ENDPOINT_URL_\w+\.\n", ""),  # no user's
    (r"(?<=::add-mask::).*", "SECRET"),
    (r"bucket-[0-9a-f-]{36}", "BUCKET"),
    (r"\b[0-9a-f]{64}\b", "DIGEST"),
    (r"eTag=[0-9a-f]{32}", "eTag=ETAG"),
    (r"(versionId=|version )[0-9a-f]{32}", r"\1VERSION"),
    (r"(?<=stop-commands::)[0-9a-f]{32}", "TOKEN"),
    (r"^::[0-9a-f]{32}::$", "::TOKEN::"),
    (r"(section_start|section_end):\d+:", r"\1:TIME:"),
    (r"\bi-(?!0c5f3a9b7d)[0-9a-f]{17}\b", "i-INSTANCE"),  # none of the emulator's deployments
    (r"http://127\.0\.0\.1:\d+", "http://127.0.0.1:PORT"),
    (r"(?<=^Uploaded )\d\.\d kB( \(\d+ %\))?", "SIZE"),
    (r"\x1b", "ESC"),
    (r"\r", "CR"),
)


RESTART = {"INPUT_RESTART": "true", "INPUT_SOURCE": ""}
BACK = {"INPUT_REVISION": "last-good", "INPUT_SOURCE": "", "INPUT_BUCKET": ""}


def _run(number: int) -> Mapping[str, str]:
    """Return the variables of another run of the workflow, on another commit, with a bundle of its own."""
    sha = f"{number}" * 20
    return {
        "INPUT_KEY": f"{number}.zip",
        "GITHUB_RUN_NUMBER": str(number),
        "GITHUB_SHA": sha,
        "CI_PIPELINE_IID": str(number),
        "CI_COMMIT_SHA": sha,
    }


RUNS: Mapping[str, tuple[str | tuple[str, ...], Mapping[str, str]]] = {
    **{name: (name, {}) for name in SCENARIOS},
    "restart": ("success", RESTART),
    "restart-old-agents": ("all-skipped", RESTART),
    "restart-contradictions": (
        "success",
        {
            **RESTART,
            "INPUT_REVISION": "s3://releases/hello-web/yesterday.zip",
            "INPUT_APPSPEC": "appspec.yml",
            "INPUT_STOP-AFTER": "register",
            "INPUT_UPDATE-OUTDATED-INSTANCES-ONLY": "true",
            "INPUT_TARGET-INSTANCES": "autoScalingGroups: [web]",
        },
    ),
    "processes-suspended": (
        "processes-suspended",
        {"INPUT_PARAMETERS": "ec2DeploymentOptions: {autoScalingGroupProcessesToSuspend: [Terminate]}"},
    ),
    "first-failure-stop": ("one-fails-goes-on", {"INPUT_ON-FIRST-FAILURE": "stop"}),
    "first-failure-rollback": (
        ("one-fails-goes-on", "success"),
        {"INPUT_ON-FIRST-FAILURE": "rollback"},
    ),
    "back-from-running": ("success", BACK),
    "back-from-failed": (("success", "fails-after-install", "success"), BACK),
    "back-from-succeeded": ("success", {**BACK, "INPUT_REVISION": "previous"}),
    "newer-fail": ("success", {"INPUT_ON-NEWER": "fail"}),
    "newer-skip": ("success", {"INPUT_ON-NEWER": "skip"}),
    "unchanged": ("success", {"INPUT_IF-UNCHANGED": "skip"}),
    "plan": ("success", {"INPUT_STOP-AFTER": "plan", "INPUT_BUCKET": ""}),
    "plan-lambda": ("lambda", {"INPUT_STOP-AFTER": "plan"}),
    "plan-unread": ("success", {"INPUT_STOP-AFTER": "plan"}),
}
"""Runs by name: the scenario, or those of one deployment after the other, and the inputs beside the usual."""

BEFORE: Mapping[str, Sequence[Mapping[str, str]]] = {
    "back-from-running": [_run(39), {**_run(40), "INPUT_STOP-AFTER": "deploy"}],
    "back-from-failed": [_run(39), _run(40)],
    "back-from-succeeded": [_run(39), _run(40)],
    "newer-fail": [_run(43)],
    "newer-skip": [_run(43)],
    "unchanged": [{}],
    "plan": [{**_run(41), "INPUT_EXCLUDE": "public/style.css"}],
    "plan-lambda": [
        {**_run(41), "INPUT_BUCKET": "", "INPUT_SOURCE": "", "INPUT_APPSPEC-VARIABLES": "VERSION=7"}
    ],
}
"""The inputs of the runs before, whose output is not kept."""


def texts(name: str, log: str, code: int) -> tuple[str, str]:
    """A run's log without what differs in each, and the transcript of that name, written anew if wanted."""
    text = f"{log}exit code {int(code)}\n"
    for pattern, replacement in VOLATILE:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    file = REPOSITORY / "tests" / "transcripts" / f"{name}.txt"
    if os.environ.get("UPDATE_TRANSCRIPTS") == "1":
        file.write_text(text)
    return text, file.read_text()


def on_platforms(names: Iterable[str]) -> pytest.MarkDecorator:
    """Each run on GitHub, and in the fault campaign on the other platforms: on one by the seed, or on all."""
    usual, *others = PLATFORMS
    cases = [pytest.param(name, usual) for name in names]
    for number, name in enumerate(names, SEED):
        chosen = others if ALL else [others[number % len(others)]]
        cases += [pytest.param(name, platform, marks=pytest.mark.chaos) for platform in chosen]
    return pytest.mark.parametrize(("name", "platform"), cases)


@pytest.mark.unhurried
@on_platforms(RUNS)
def test_transcript(  # noqa: PLR0913 - fixtures
    name: str,
    platform: str,
    *,
    still_emulator: Callable[..., Emulator],
    clock: FakeClock,
    s3: S3Server,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The whole output of a run, as the user of that CI reads it."""
    scenarios, inputs = RUNS[name]
    service = still_emulator(scenarios)
    scenario = scenarios if isinstance(scenarios, str) else scenarios[0]
    environ = {
        "AWS_ACCESS_KEY_ID": s3.access_key,
        "AWS_SECRET_ACCESS_KEY": s3.secret_key,
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL_S3": s3.url,
        **{f"AWS_ENDPOINT_URL_{name}": service.url for name in SERVICES},
        "INPUT_DEPLOYMENT-GROUP": "production",
        "INPUT_TIMEOUT": "10m",
        "INPUT_STOP-AFTER": "ready" if scenario == "blue-green" else "wait",
        **DEPLOYED[SCENARIOS[scenario].platform],
        **({"INPUT_BUCKET": bucket} if SCENARIOS[scenario].platform == "Server" else {}),
        **PLATFORMS[platform],
        **inputs,
    }
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(REPOSITORY)
    usual = {name: text for name, text in environ.items() if name not in inputs}
    source = {"INPUT_BUCKET": bucket, "INPUT_SOURCE": "examples/hello-web"}
    for before in BEFORE.get(name, ()):
        execute([], {**usual, **source, **before}, io.StringIO(), clock=clock)
    stream = io.StringIO()
    code = execute([], environ, stream, clock=clock)
    shown, kept = texts(f"{name}.{platform}", stream.getvalue(), code)
    assert shown == kept
