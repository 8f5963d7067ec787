"""`python -m benchmarks`: measure everything in turn and write the tables of docs/performance.md.

`--smoke` runs each command once on the small tree, to know that the benchmark itself works.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

from benchmarks import report, trees
from benchmarks.bucket import ETAG, KEPT, SENT
from benchmarks.measure import Cost, run
from tests.emulator import Emulator
from tests.environment import aws_environment
from tests.s3 import S3Server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BUCKET: Final = "bench"
_ENDPOINT: Final = "AWS_ENDPOINT_URL_S3"
_SLOW: Final = 100e6
_OURS: Final = ("fast", "balanced", "small")
_AWS: Final = trees.CACHE / "aws"


@dataclass(frozen=True)
class Bench:
    """Where the stand-ins are, and what was measured: costs and archive sizes by tree and way.

    Of a bundle with one changed file, the size is that of what was sent.
    """

    environment: Mapping[str, str]
    codedeploy: Emulator
    costs: dict[tuple[str, str], list[Cost]] = field(default_factory=dict)
    sizes: dict[tuple[str, str], int] = field(default_factory=dict)

    def ours(self, tree: Path, label: str, compression: str, **environment: str) -> str:
        """Package, upload and register, under a key of its own; returns the key."""
        key = f"{uuid4()}.zip"
        self._push(tree, label, compression, key, environment)
        self._note_size(tree, label, key)
        return key

    def unchanged(self, tree: Path, compression: str, key: str) -> None:
        """The same again, with the object already there."""
        self._push(tree, "unchanged", compression, key, {})

    def live(self, tree: Path) -> None:
        """Deploy the tree, behind the back of whoever deploys it next."""
        key = f"{KEPT}/{uuid4()}.zip"
        self._push(tree, "first", report.DEFAULT, key, {})
        place = {"bucket": BUCKET, "key": key, "bundleType": "zip", "eTag": ETAG}
        revision = {"revisionType": "S3", "s3Location": place}
        deployment = self.codedeploy.world.begin("hello-web", "production", revision, scenario="success")
        while deployment.status(self.codedeploy.clock.monotonic()) != "Succeeded":
            time.sleep(0.1)

    def changed(self, tree: Path, label: str, file: str, **environment: str) -> None:
        """Package, upload and register for a group that runs all but one file, which is changed for that."""
        path, key = tree / file, f"{uuid4()}.zip"
        text = path.read_text()
        path.write_text(f"{text}\n")
        try:
            group = {"INPUT_DEPLOYMENT_GROUP": "production"}
            self._push(tree, label, report.DEFAULT, key, {**group, **environment})
        finally:
            path.write_text(text)
        self._note_size(tree, label, key, header=SENT)

    def aws(self, tree: Path, label: str, **environment: str) -> None:
        """`aws deploy push`."""
        key = f"{uuid4()}.zip"
        command = [str(_AWS / "bin" / "aws"), "deploy", "push", "--application-name", "hello-web"]
        command += ["--s3-location", f"s3://{BUCKET}/{key}", "--source", str(tree)]
        self._measure(
            tree, label, command, {"AWS_DEFAULT_REGION": self.environment["AWS_REGION"], **environment}
        )
        self._note_size(tree, label, key)

    def zip(self, tree: Path) -> None:
        """`zip -r`, to a file."""
        with tempfile.TemporaryDirectory(dir=trees.CACHE) as folder:
            archive = Path(folder) / "tree.zip"
            self._measure(tree, "zip -r", ["zip", "-qry", str(archive), "."], {})
            self.sizes[tree.name, "zip -r"] = archive.stat().st_size

    def floor(self, tree: Path) -> None:
        """Read every file."""
        command = ["sh", "-c", "find . -type f -print0 | xargs -0 cat >/dev/null"]
        self._measure(tree, "floor", command, {})

    def _push(
        self, tree: Path, label: str, compression: str, key: str, environment: Mapping[str, str]
    ) -> None:
        command = [
            sys.executable,
            "-I",
            str(trees.REPOSITORY / "entrypoint.py"),
            "--application",
            "hello-web",
        ]
        command += ["--stop-after", "register", "--bucket", BUCKET, "--key", key, "--pre-flight", "off"]
        self._measure(tree, label, [*command, "--compression", compression], environment)

    def _measure(
        self, tree: Path, label: str, command: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        cost = run(command, folder=tree, environment={**self.environment, **environment})
        self.costs.setdefault((tree.name, label), []).append(cost)
        print(f"{tree.name:8} {label:20} {cost.wall:7.2f} s {cost.cpu:7.2f} s CPU", flush=True)

    def _note_size(self, tree: Path, label: str, key: str, *, header: str = "Content-Length") -> None:
        """Ask the bucket, which does not care who asks; what went elsewhere it does not have."""
        request = Request(f"{self.environment[_ENDPOINT]}/{BUCKET}/{key}", method="HEAD")  # noqa: S310
        with suppress(HTTPError), urlopen(request) as answer:  # noqa: S310
            self.sizes[tree.name, label] = int(answer.headers[header])


def main() -> int:
    """Measure, print, and write the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="each command once, on the small tree only")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each command (default: 5)")
    parser.add_argument("--trees", default="small,node,large", help="which trees (default: all)")
    arguments = parser.parse_args()
    names = ["small"] if arguments.smoke else arguments.trees.split(",")
    rounds = 1 if arguments.smoke else arguments.rounds
    chosen = [getattr(trees, name)() for name in names]
    missed: list[str] = []
    _install_aws()
    with stand_ins() as bench:
        for tree in chosen:
            for _ in range(rounds):
                _round(bench, tree)
            if tree.name == "node":
                _over_a_slow_link(bench, tree, rounds)
                missed = report.missed(bench.costs, bench.sizes)
            _beside_a_real_server(bench, tree, rounds)
    text = report.render(bench.costs, bench.sizes, rounds=rounds, machine=_machine())
    print(text)
    if not arguments.smoke:
        report.write(text)
    print(*missed, sep="\n")
    return int(bool(missed))


def _round(bench: Bench, tree: Path) -> None:
    """Every way once, so that what else the machine does touches them alike."""
    bench.floor(tree)
    bench.aws(tree, "aws deploy push")
    for compression in _OURS:
        key = bench.ours(tree, compression, compression)
        if compression == report.DEFAULT:
            bench.unchanged(tree, compression, key)
    bench.zip(tree)


def _over_a_slow_link(bench: Bench, tree: Path, rounds: int) -> None:
    bench.live(tree)
    with served("slow_link", bench.environment[_ENDPOINT], str(_SLOW)) as url:
        for _ in range(rounds):
            bench.changed(tree, "slow changed", "package.json", **{_ENDPOINT: url})
            bench.changed(tree, "changed", "package.json")
            bench.aws(tree, "slow aws", **{_ENDPOINT: url})
            bench.ours(tree, "slow small", "small", **{_ENDPOINT: url})


def _beside_a_real_server(bench: Bench, tree: Path, rounds: int) -> None:
    """With SeaweedFS instead of the bucket: it works on the same cores, and about as hard as its client."""
    with tempfile.TemporaryDirectory(dir=trees.CACHE) as folder, S3Server(Path(folder)) as s3:
        s3.create_bucket(BUCKET, versioned=False)
        for _ in range(rounds):
            bench.aws(tree, "beside aws", **{_ENDPOINT: s3.url})
            bench.ours(tree, "beside balanced", report.DEFAULT, **{_ENDPOINT: s3.url})


@contextmanager
def stand_ins() -> Iterator[Bench]:
    """A bucket and CodeDeploy on this machine, for as long as it lasts."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=trees.CACHE)))
        url = stack.enter_context(served("bucket"))
        emulator = stack.enter_context(Emulator(scenario="success", speed=50))
        environment = aws_environment(home, s3=S3Server(home), emulator=emulator)
        yield Bench({**environment, _ENDPOINT: url}, emulator)


@contextmanager
def served(module: str, *arguments: str) -> Iterator[str]:
    """A server of this package in a process of its own, by the URL that it prints."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=trees.REPOSITORY) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def _install_aws() -> None:
    """The AWS CLI in an environment of its own."""
    if not (_AWS / "bin" / "aws").exists():
        subprocess.run([sys.executable, "-m", "venv", str(_AWS)], check=True)
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
        requirements = trees.REPOSITORY / "requirements-bench.txt"
        subprocess.run([_AWS / "bin" / "pip", "install", *options, "-r", requirements], check=True)


def _machine() -> str:
    python = platform.python_version()
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return f"{len(os.sched_getaffinity(0))} cores of {model}, Linux, Python {python}"


if __name__ == "__main__":
    raise SystemExit(main())
