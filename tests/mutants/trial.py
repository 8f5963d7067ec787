"""A pytest plugin that tries each sampled mutant: `pytest -p tests.mutants.trial`, in the mutated copy.

mutmut writes the mutants. Its own runner runs all tests twice before the first mutant, and collects them
again for each; that would take most of the time. Here all mutants are tried from one process: every test runs
once, to learn its cost and which functions it calls. Then each mutant gets a fork of that process, with the
servers that tests share still up, and runs the tests that call its function, the cheapest first, up to the
first that fails.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import resource
import signal
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
from mutmut.mutation.trampoline import set_mutant_under_test  # type: ignore[import-not-found, unused-ignore]
from mutmut.state import state  # type: ignore[import-not-found, unused-ignore]

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

SAMPLE, TESTS, RESULTS, KILLER = map(Path, ("mutants.json", "tests.jsonl", "results.jsonl", "killer"))
NOTICED = {"killed", "timeout"}

_PATIENCE = float(os.environ.get("PATIENCE", "10"))  # CPU seconds of tests for each mutant
_MINUTES = float(os.environ.get("MINUTES", "inf"))
_MEMORY_BYTES = 8 << 30
_SECONDS = 1200  # by the wall, for a mutant that waits for ever

# A failing example is enough: it need be neither the smallest nor a new one.
hypothesis.settings.register_profile(
    "mutants",
    database=None,
    derandomize=True,
    deadline=None,
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
)
hypothesis.settings.load_profile("mutants")


def pytest_runtestloop(session: pytest.Session) -> bool:
    """Learn what each test calls, then try the mutants; both go on where an earlier run was stopped."""
    end_of_time = time.monotonic() + 60 * _MINUTES
    items = {item.nodeid: item for item in session.items}
    tests = _learn(items)
    cheapest = sorted(tests, key=lambda name: tests[name]["seconds"])
    _warm([items[name] for name in cheapest if name in items])
    by_function = defaultdict(list)
    for name in cheapest:
        for function in tests[name]["functions"] if name in items else ():
            by_function[function].append(name)
    caches = _caches()
    done = {name for name, was in lines(RESULTS) if was["end"] in NOTICED or was["patience"] >= _PATIENCE}
    for mutant in json.loads(SAMPLE.read_text()):
        if time.monotonic() > end_of_time:
            break
        if mutant in done:
            continue
        chosen: list[pytest.Item] = []
        spent = 0.0
        for name in by_function[mutant.rpartition("__mutmut_")[0]]:
            spent += tests[name]["seconds"]
            if chosen and spent > _PATIENCE:
                break
            chosen.append(items[name])
        end = _try(mutant, chosen, spent, caches) if chosen else "no tests"
        by = KILLER.read_text() if end == "killed" else ""
        _append(RESULTS, mutant, {"end": end, "by": by, "patience": _PATIENCE, "tests": len(chosen)})
    return True


def lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """What was found out of each test or mutant, in that order."""
    if path.is_file():
        yield from (json.loads(line) for line in path.read_text().splitlines())


def _append(path: Path, name: str, found: dict[str, Any]) -> None:
    with path.open("a") as file:
        file.write(json.dumps([name, found]) + "\n")


def _learn(items: dict[str, pytest.Item]) -> dict[str, Any]:
    """What each test costs in CPU seconds, and the functions it calls; a test that fails tells nothing."""
    tests = dict(lines(TESTS))
    set_mutant_under_test("stats")
    for name, item in items.items():
        if name not in tests:
            state()._stats.clear()  # noqa: SLF001 - where the trampolines note the calls
            start = time.process_time()
            failed = _run(item)
            seconds = time.process_time() - start
            functions = [] if failed else sorted(state()._stats)  # noqa: SLF001
            tests[name] = {"seconds": round(seconds, 4), "functions": functions}
            _append(TESTS, name, tests[name])
    set_mutant_under_test("")
    return tests


def _warm(items: Sequence[pytest.Item]) -> None:
    """Start, in this process, the server that many tests share."""
    for item in items:
        if "s3" in getattr(item, "fixturenames", ()):
            _run(item)
            return


def _run(item: pytest.Item) -> bool:
    """Whether it fails; only what belongs to the whole session is kept for the next."""
    session = item.session
    failed = session.testsfailed
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=session)
    return session.testsfailed > failed


def _caches() -> list[Any]:
    """What the packages remember of earlier tests; also keeps the forks from copying this memory."""
    kind = functools._lru_cache_wrapper  # noqa: SLF001 - there is no other name for it
    found = [each for each in gc.get_objects() if isinstance(each, kind)]
    gc.freeze()
    return found


def _try(mutant: str, items: Sequence[pytest.Item], seconds: float, caches: Sequence[Any]) -> str:
    """Whether a test notices the mutant, in a process of its own."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_SECONDS)
        limit = int(time.process_time() + 10 + 5 * seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        for each in caches:
            each.cache_clear()
        set_mutant_under_test(mutant)
        for item in items:
            KILLER.write_text(item.nodeid)
            try:
                failed = _run(item)
            except BaseException:  # noqa: BLE001 - pytest's own end, for example
                failed = True
            if failed:
                os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {0: "survived", 1: "killed"}.get(code, "timeout")
