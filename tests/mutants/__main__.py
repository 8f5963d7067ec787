"""`python -m tests.mutants [PACKAGE ...]`: count how many of mutmut's mutants the tests notice.

A seeded sample of each package's mutants is tried in a mutated copy of the repository, build/mutants. The
result is kept in score.json; `make docs` writes it into docs/reliability.md. What an earlier run found out is
tried again only with more patience, or after `rm -r build/mutants`.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from itertools import zip_longest
from pathlib import Path

from tests.mutants import score, trial

ROOT = Path(__file__).parents[2]
COPY = ROOT / "build" / "mutants"
MARKERS = "not browser and not chaos and not container and not large and not witness"

# Tests that run the product as a process, where no mutant is, or that are about other packages.
LEFT_OUT = (
    *("unit/test_huge_files*", "protocol/test_demo*", "protocol/test_examples*"),
    *("protocol/test_interrupts*", "protocol/test_robustness*", "protocol/test_emulator*"),
    *(
        "protocol/test_credentials*",
        "protocol/test_iam*",
        "protocol/test_identity*",
        "protocol/test_regions*",
    ),
    *("protocol/test_secrets*", "protocol/test_trust*"),
)

_GENERATED = re.compile(r"\bx[_ǁ]\w*__mutmut_\w+")


def main() -> int:
    """Mutate, try and record."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("packages", nargs="*", default=score.PACKAGES, help=" ".join(score.PACKAGES))
    parser.add_argument("--sample", type=int, default=100, metavar="N", help="mutants of each package")
    parser.add_argument("--seed", default="1", help="which sample")
    parser.add_argument(
        "--patience", default="10", metavar="SECONDS", help="CPU time of tests for each mutant"
    )
    parser.add_argument("--minutes", default="90", help="then the rest of the sample is given up")
    given = parser.parse_args()
    mutants = _mutated_copy()
    samples = {name: _sample(mutants[name], given.sample, given.seed) for name in given.packages}
    wanted = [name for round_ in zip_longest(*samples.values()) for name in round_ if name]
    (COPY / trial.SAMPLE).write_text(json.dumps(wanted))
    ended = _try({"PATIENCE": given.patience, "MINUTES": given.minutes})
    results = dict(trial.lines(COPY / trial.RESULTS))
    for package, sample in samples.items():
        tried = {mutants[package][name]: results[name]["end"] for name in sample if name in results}
        noticed = {change: end in trial.NOTICED for change, end in tried.items()}
        score.keep(package, len(mutants[package]), given.seed, noticed)
    return ended


def _mutated_copy() -> dict[str, dict[str, str]]:
    """The changes that mutants make, by package and name, once all are written into the copy."""
    mutants: dict[str, dict[str, str]] = {name: {} for name in score.PACKAGES}
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    for name in listed.stdout.decode().split("\0")[:-1]:
        source, target = ROOT / name, COPY / name
        target.parent.mkdir(parents=True, exist_ok=True)
        top, _, rest = name.partition("/")
        package = rest.partition("/")[0]
        if top == "deployer" and package in mutants and name.endswith(".py"):
            mutants[package] |= _mutate(name, source.read_text(), target)
        else:
            shutil.copy2(source, target)
    return mutants


def _mutate(name: str, text: str, target: Path) -> dict[str, str]:
    """The changes in one file by the mutant's name; writing them takes seconds, so it is done once."""
    from mutmut.mutation.file_mutation import mutate_file_contents  # type: ignore[import-not-found, unused-ignore]

    kept = target.with_name(f"{target.name}.{hashlib.sha256(text.encode()).hexdigest()[:16]}.json")
    if not kept.is_file():
        mutated = mutate_file_contents(name, text)
        lines, spans = mutated.code.splitlines(), mutated.line_span_by_function_name
        texts = {each: lines[span.start - 1 : span.end] for each, span in spans.items()}
        target.write_text(mutated.code)
        module = name.removesuffix(".py").replace("/", ".")
        changes = {}
        for mutant in mutated.mutant_names:
            function = mutant.partition("__mutmut_")[0]
            change = _change(texts[f"{function}__mutmut_orig"], texts[mutant])
            place = function.removeprefix("x").strip("_ǁ").replace("ǁ", ".")
            changes[f"{module}.{mutant}"] = f"{name}, {place}: {change}"
        kept.write_text(json.dumps(changes))
    found: dict[str, str] = json.loads(kept.read_text())
    return found


def _change(before: list[str], after: list[str]) -> str:
    """What differs, as `this → that`, apart from the functions' names."""
    this, that = ([_GENERATED.sub("", line) for line in lines] for lines in (before, after))
    diff = list(difflib.ndiff(this, that))
    old, new = (" ".join(line[2:].strip() for line in diff if line[:2] == sign) for sign in ("- ", "+ "))
    return f"{old} → {new}"


def _sample(mutants: dict[str, str], size: int, seed: str) -> list[str]:
    """So many mutants, from each file in proportion, wherever the list is cut."""
    files = defaultdict(list)
    for name in sorted(mutants, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest()):
        files[name.rpartition(".")[0]].append(name)
    ranks = {name: (rank + 0.5) / len(names) for names in files.values() for rank, name in enumerate(names)}
    return sorted(ranks, key=lambda name: ranks[name])[:size]


def _try(limits: dict[str, str]) -> int:
    """Run the plugin in the copy; returns pytest's exit code."""
    left_out = [f"--ignore-glob=tests/{pattern}" for pattern in LEFT_OUT]
    folders = [f"tests/{kind}" for kind in ("unit", "property", "protocol")]
    with tempfile.TemporaryDirectory() as temporary:
        options = [
            f"--basetemp={temporary}/tests",
            "-o",
            "timeout=0",
            "-o",
            "tmp_path_retention_policy=none",
            "-m",
            MARKERS,
        ]
        plugins = ["-p", "tests.mutants.trial", "-p", "no:cacheprovider", "-q", "--tb=native"]
        command = [sys.executable, "-m", "pytest", *plugins, *options, *left_out, *folders]
        return subprocess.run(command, cwd=COPY, env={**os.environ, **limits}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
