"""`python -m benchmarks.image IMAGE [AWS]`: what the image weighs and how soon it works, against its goals.

Start-up is measured inside one container, so that the engine's own time is left out. With the path of an AWS
CLI, a rehearsal and a whole run are held against it on this machine.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from tests.container.docker import above_base, docker
from tests.emulator import Emulator
from tests.environment import aws_environment
from tests.s3 import REGION, S3Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ROOT: Final = Path(__file__).parent.parent
EXAMPLE: Final = ROOT / "examples" / "hello-web"
OURS: Final = (sys.executable, "-I", str(ROOT / "entrypoint.py"))
ROUNDS: Final = 7
START: Final = """
import json, statistics, subprocess, time
python = ["/opt/deployer/venv/bin/python", "-I"]
commands = {
    "bare": [*python, "-c", "pass"],
    "version": [*python, "-u", "/opt/deployer/entrypoint.py", "--version"],
}
took = {name: [] for name in commands}
for _ in range(15):
    for name, command in commands.items():
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        took[name].append(time.perf_counter() - start)
print(json.dumps({name: statistics.median(times) for name, times in took.items()}))
"""


def output(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """What a command prints; raises RuntimeError with it when the command fails."""
    done = subprocess.run(
        command,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        cwd=EXAMPLE,
    )
    if done.returncode:
        raise RuntimeError(f"{command} ended {done.returncode}:\n{done.stdout}")
    return done.stdout


def push_and_deploy(aws: str, bucket: str, environment: Mapping[str, str]) -> None:
    """What one would do with the CLI, and look once at what became of it."""
    application = ("--application-name", "hello-web")
    pushed = output(
        [aws, "deploy", "push", *application, "--s3-location", f"s3://{bucket}/cli.zip"], environment
    )
    location = re.search(r"--s3-location (\S+)", pushed)
    assert location
    create = [aws, "deploy", "create-deployment", *application, "--deployment-group-name", "production"]
    created = json.loads(output([*create, "--s3-location", location[1]], environment))
    output([aws, "deploy", "get-deployment", "--deployment-id", created["deploymentId"]], environment)


def start_up(image: str) -> float:
    """How many times a bare interpreter's start `--version` takes."""
    run = ("run", "--rm", "--entrypoint=/opt/deployer/venv/bin/python", image, "-I", "-c", START)
    took = json.loads(docker(*run).stdout)
    return float(took["version"] / took["bare"])


def against_the_cli(aws: str) -> Iterator[tuple[str, float, float]]:
    """Name, ratio and goal of a rehearsal and of a whole run, ours to the CLI's."""
    with (
        tempfile.TemporaryDirectory() as data,
        S3Server(Path(data)) as s3,
        Emulator(speed=1e6) as emulator,
    ):
        bucket = s3.create_bucket("bench-image", versioned=True)
        environment = {**aws_environment(Path(data), s3=s3, emulator=emulator), "AWS_DEFAULT_REGION": REGION}
        target = ("--application", "hello-web", "--deployment-group", "production", "--bucket", bucket)
        work: dict[str, Callable[[], object]] = {
            "version": partial(output, [aws, "--version"], environment),
            "rehearsal": partial(output, [*OURS, "--stop-after", "package"], environment),
            "cli": partial(push_and_deploy, aws, bucket, environment),
            "ours": partial(output, [*OURS, *target], environment),
        }
        times: dict[str, list[float]] = {name: [] for name in work}
        for name, task in [*work.items()] * ROUNDS:
            start = time.perf_counter()
            task()
            times[name].append(time.perf_counter() - start)
    typical = {name: median(values) for name, values in times.items()}
    yield "a rehearsal, in times of `aws --version`", typical["rehearsal"] / typical["version"], 1.0
    yield "a whole run, in times of push + create + get", typical["ours"] / typical["cli"], 0.35


def main(image: str, aws: str | None = None) -> int:
    """Print each figure with its goal; 1 when one is missed."""
    unpacked, compressed = above_base(image)
    figures = [
        ("MB above the base, unpacked", unpacked / 1e6, 25.0),
        ("MB above the base, compressed", compressed / 1e6, 8.0),
        ("`--version`, in times of a bare interpreter", start_up(image), 8.0),
        *(against_the_cli(aws) if aws else ()),
    ]
    print("| figure | measured | goal |\n|---|---|---|")
    for name, measured, goal in figures:
        print(f"| {name} | {measured:.2f} | ≤ {goal:g} |")
    return int(any(measured > goal for _, measured, goal in figures))


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
