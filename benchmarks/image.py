"""`make bench-image`: what the image weighs and how soon it works, against its goals.

The image is the one that IMAGE names, and BASE the one that it was built from. Our times are taken inside a
container, so that the engine's own is left out. With the path of an AWS CLI as argument, a rehearsal and a
whole run are held against what the CLI takes on this machine for the same, in turns.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks.pull import seconds_to_pull
from tests.container.docker import docker, weight
from tests.emulator import Emulator
from tests.environment import aws_environment
from tests.s3 import REGION, S3Server

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

EXAMPLE: Final = Path(__file__).parent.parent / "examples" / "hello-web"
ROUNDS: Final = 9
IN_TURN: Final = 3
"""Rounds of ours before as many of the CLI's, since a host does not keep its speed."""
PYTHON: Final = ["/opt/deployer/venv/bin/python", "-I"]
OURS: Final = [*PYTHON, "-u", "/opt/deployer/entrypoint.py"]
STOPWATCH: Final = """
import json, subprocess, sys, time
rounds, *commands = json.loads(sys.argv[1])
took = [[] for _ in commands]
for _ in range(rounds):
    for times, command in zip(took, commands):
        start = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        times.append(time.perf_counter() - start)
        if done.returncode:
            sys.exit(f"{command} ended {done.returncode}:\\n{done.stdout}")
print(json.dumps(took))
"""


def in_container(
    image: str, commands: Sequence[Sequence[str]], environment: Mapping[str, str], *, rounds: int = ROUNDS
) -> list[list[float]]:
    """The seconds of each command in the image, in turns, the example as the working folder."""
    done = docker(
        *("run", "--rm", "--network=host", f"--volume={EXAMPLE}:/workspace:ro", "--workdir=/workspace"),
        *(f"--env={name}={value}" for name, value in environment.items() if name.startswith("AWS_")),
        *(f"--entrypoint={PYTHON[0]}", image, "-I", "-c", STOPWATCH, json.dumps([rounds, *commands])),
    )
    took: list[list[float]] = json.loads(done.stdout)
    return took


def timed(task: Callable[[], object]) -> float:
    """The seconds of a task on this machine."""
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def output(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """What a command prints; raises CalledProcessError when it fails."""
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment, cwd=EXAMPLE
    ).stdout


def push_and_deploy(aws: str, bucket: str, environment: Mapping[str, str]) -> None:
    """What one would do with the CLI, and look once at what became of it."""
    application = ("--application-name", "hello-web")
    push = [aws, "deploy", "push", *application, "--s3-location", f"s3://{bucket}/cli.zip"]
    location = re.search(r"--s3-location (\S+)", output(push, environment))
    assert location
    create = [aws, "deploy", "create-deployment", *application, "--deployment-group-name", "production"]
    created = json.loads(output([*create, "--s3-location", location[1]], environment))
    output([aws, "deploy", "get-deployment", "--deployment-id", created["deploymentId"]], environment)


def against_the_cli(image: str, aws: str) -> list[tuple[str, float, float]]:
    """Name, ratio and goal of a rehearsal and of a whole run, ours to the CLI's."""
    with (
        tempfile.TemporaryDirectory() as data,
        S3Server(Path(data)) as s3,
        Emulator(speed=1e6) as emulator,
    ):
        bucket = s3.create_bucket("bench-image", versioned=True)
        environment = {**aws_environment(Path(data), s3=s3, emulator=emulator), "AWS_DEFAULT_REGION": REGION}
        target = ("--application", "hello-web", "--deployment-group", "production", "--bucket", bucket)
        ours = [[*OURS, "--stop-after", "package"], [*OURS, *target]]
        theirs = (
            partial(output, [aws, "--version"], environment),
            partial(push_and_deploy, aws, bucket, environment),
        )
        ratios = []
        for _ in range(ROUNDS):
            took = map(median, in_container(image, ours, environment, rounds=IN_TURN))
            cli = [median(timed(task) for _ in range(IN_TURN)) for task in theirs]
            ratios.append([mine / its for mine, its in zip(took, cli, strict=True)])
    rehearsal, whole = map(median, zip(*ratios, strict=True))
    return [
        ("a rehearsal, in times of `aws --version`", rehearsal, 1.0),
        ("a whole run, in times of push + create + get", whole, 0.33),
    ]


def main(image: str, base: str, aws: str | None = None) -> int:
    """Print each figure with its goal; 1 when one is missed."""
    unpacked, compressed = weight(image)
    packages = docker("run", "--rm", "--entrypoint=sh", image, "-c", "ls /var/lib/dpkg/info/*.list").stdout
    bare, version = map(median, in_container(image, [[*PYTHON, "-c", "pass"], [*OURS, "--version"]], {}))
    ours, whole = seconds_to_pull(image, base)
    figures = [
        ("MB, unpacked", unpacked / 1e6, 75.0),
        ("MB, compressed", compressed / 1e6, 25.0),
        ("packages of Debian", len(packages.splitlines()), 35.0),
        ("a pull at 200 Mbit/s, unpacking included, in times of its base's", ours / whole, 0.5),
        ("`--version`, in times of a bare interpreter", version / bare, 6.0),
        *(against_the_cli(image, aws) if aws else ()),
    ]
    print("| figure | measured | goal |\n|---|---|---|")
    for name, measured, goal in figures:
        print(f"| {name} | {measured:.2f} | ≤ {goal:g} |")
    return int(any(measured > goal for _, measured, goal in figures))


if __name__ == "__main__":
    raise SystemExit(main(os.environ["IMAGE"], os.environ["BASE"], *sys.argv[1:]))
