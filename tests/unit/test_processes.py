"""Work that processes share: the results of one process, whatever becomes of the others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zipfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deployer.bundle.package import package
from deployer.bundle.processes import in_processes
from deployer.bundle.threads import MANY
from deployer.bundle.tree import scan
from deployer.choices import Compression
from deployer.errors import InvalidBundle, Problem
from deployer.revision import BundleType

if TYPE_CHECKING:
    from deployer.bundle.contents import Bundle

REPOSITORY = Path(__file__).parents[2]
HERE = os.getpid()
ITEMS = range(100)


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def square(number: int) -> tuple[int, bool]:
    """The square, and whether it was this process that took it."""
    return number * number, os.getpid() == HERE


def killed(number: int) -> tuple[int, bool]:
    """What becomes of a process when there is no memory left."""
    if number == ITEMS[50] and os.getpid() != HERE:
        os.kill(os.getpid(), signal.SIGKILL)
    return square(number)


def lasting(number: int) -> bytes:
    """More than waits in a pipe."""
    time.sleep(0.001)
    return bytes(number % 2 << 16)


def failing(number: int) -> int:
    if number >= ITEMS[50]:
        raise InvalidBundle(Problem(f"number {number} is too much"))
    return number


@pytest.mark.parametrize("processes", [1, 2, 3, 200])
def test_results_come_in_order_from_other_processes(processes: int) -> None:
    before = children()
    assert list(in_processes(square, ITEMS, processes)) == [(number**2, False) for number in ITEMS]
    assert children() == before


def test_there_may_be_nothing_to_do() -> None:
    assert list(in_processes(square, [], 2)) == []


def test_the_share_of_a_killed_process_is_worked_on_all_the_same() -> None:
    results = list(in_processes(killed, ITEMS, 2))
    assert [number for number, _ in results] == [number**2 for number in ITEMS]
    assert [number for number in ITEMS if results[number][1]] == list(range(50, 100, 2))


def test_an_error_is_raised_in_its_turn() -> None:
    """With all that it says, after the results before it."""
    results: list[int] = []
    before = children()
    with (
        pytest.raises(InvalidBundle, match="number 50 is too much") as caught,
        closing(in_processes(failing, ITEMS, 2)) as stream,
    ):
        results.extend(stream)
    assert caught.value.problems == (Problem("number 50 is too much"),)
    assert children() == before


def test_an_early_end_ends_the_processes() -> None:
    before = children()
    stream = in_processes(square, ITEMS, 2)
    next(stream)
    assert len(children() - before) == 2
    stream.close()
    assert children() == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_processes_end_with_the_one_that_began_them(number: signal.Signals) -> None:
    """Whether it is asked to end, or has no time left to end them."""
    script = (
        "from tests.unit.test_processes import children, in_processes, lasting\n"
        "from deployer.signals import signals\n"
        "with signals():\n"
        "    for _ in in_processes(lasting, range(10**6), 2):\n"
        "        print(*children(), flush=True)"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout
        others = process.stdout.readline().split()
        process.send_signal(number)
    assert len(others) == 2
    for other in others:
        for _ in range(1000):
            if not Path("/proc", other.decode()).exists():
                break
            time.sleep(0.01)
        else:
            pytest.fail("a process is left over")


def test_where_no_process_can_be_started_the_work_is_done_here() -> None:
    """A container's limit is that of a user that has processes already."""
    script = (
        "import os, resource\n"
        "from tests.unit.test_processes import ITEMS, in_processes, square\n"
        "os.getuid() or os.setuid(65534)\n"
        "resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))\n"
        "assert list(in_processes(square, ITEMS, 2)) == [(number * number, True) for number in ITEMS]"
    )
    subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, check=True)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More small files than threads are for, and two large ones in their midst."""
    folder = tmp_path_factory.mktemp("tree")
    (folder / "appspec.yml").touch()
    for number in range(MANY):
        file = folder / f"{number % 10}" / f"{number}"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"%d " % number * (number % 90))
    for name in ("3", "7"):
        (folder / name / "large").write_bytes(name.encode() * 3_000_000)
        (folder / name / "link").symlink_to("large")
    return folder


def pack(tree: Path, kind: BundleType = BundleType.ZIP) -> Bundle:
    contents = scan(tree, repository=tree, appspec="appspec.yml", exclude=[])
    return package(contents, bundle_type=kind, compression=Compression.BALANCED)


def test_many_files_are_packed_as_few_are(tree: Path, tmp_path: Path) -> None:
    """On any number of cores: the same bytes, which hold the same files."""
    script = (
        "import os, sys; from pathlib import Path; from tests.unit.test_processes import pack\n"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "sys.stdout.buffer.writelines(pack(Path(sys.argv[1])).chunks())"
    )
    command = [sys.executable, "-c", script, str(tree)]
    alone = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True).stdout

    data = b"".join(pack(tree).chunks())

    assert data == alone
    (tmp_path / "x.zip").write_bytes(data)
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.testzip() is None
        for path in tree.rglob("*"):
            name = path.relative_to(tree).as_posix()
            if path.is_symlink():
                assert archive.read(name) == b"large"
            elif path.is_file():
                assert archive.read(name) == path.read_bytes()


@pytest.mark.parametrize("kind", [BundleType.ZIP, BundleType.TGZ])
@pytest.mark.parametrize("name", ["5/1995", "7/large"])
def test_one_of_many_files_that_changes_is_named(tree: Path, kind: BundleType, name: str) -> None:
    """Between the two readings, and before the first one."""
    before, path = children(), tree / name
    content = path.read_bytes()
    bundle = pack(tree, kind)
    contents = scan(tree, repository=tree, appspec="appspec.yml", exclude=[])
    try:
        path.write_bytes(content[:-1] + b"?")
        with pytest.raises(InvalidBundle, match=f"`{name}` changed while it was packed"):
            list(bundle.chunks())
        path.write_bytes(content[:-1])
        with pytest.raises(InvalidBundle, match=f"`{name}` changed while it was packed"):
            package(contents, bundle_type=kind, compression=Compression.BALANCED)
    finally:
        path.write_bytes(content)
    assert children() == before
