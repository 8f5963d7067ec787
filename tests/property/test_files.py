"""Which files go in: as git would have it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deployer.bundle.tree import scan

NAMES = st.sampled_from(
    ["a", "b", "ab", "A", "a.b", "b.log", "é", "a b", "a ", "[a]", "!a", "#a", "-", "ba", "*"]
)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
SPECIAL = [
    "*", "**", "?", "/", "//", "[ab]", "[!a]", "[^b]", "[a-b]", "[b-a]", "[]]", "[!]]", "[", "]", "[a",
    "\\", "\\\\", "\\*", "\\[", "[[:alpha:]]", "[[:alpha:]x]", "[[:nope:]]", "[[:", "[\\]]", "[a-]",
    "[-a]", "[a-\\b]", "!", "#", " ", "\\ ", "\t", "**/", "/**", "/**/", "[/]", "[!/]", "[+--]", "[--a]",
    "[*]", "\r", "[a\\]", "[a-", "[\\", "\\!", "\\#", "[[.a.]]", "[[=a=]]", "[é]", "***",
]  # fmt: skip
PIECES = st.one_of(NAMES, st.sampled_from(SPECIAL))
PATTERNS = st.one_of(
    PATHS,
    st.lists(PIECES, max_size=6).map("".join),
    st.tuples(
        st.sampled_from(["", "!", "/", "**/", "!/"]), PATHS, st.sampled_from(["", "/", "/*", "/**", " "])
    ).map("".join),
)


def make_tree(folder: Path, paths: list[str]) -> list[str]:
    """Files at the paths; one that a file or folder is in the way of is left out."""
    made = []
    for path in paths:
        try:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(b"")
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            continue
        made.append(path)
    return sorted(set(made))


def ask_git(repository: Path, folder: Path, names: list[str]) -> dict[str, int | None]:
    """The line of the pattern that ignores each name, None when none does."""
    lines: dict[str, int | None] = dict.fromkeys(names)
    place = [f"--git-dir={repository / '.git'}", f"--work-tree={folder}"]
    command = ["git", *place, "check-ignore", "--no-index", "--verbose", "--non-matching", "-z", "--stdin"]
    answer = subprocess.run(
        command,
        cwd=folder,
        input="".join(f"./{name}\0" for name in names).encode(),
        stdout=subprocess.PIPE,
        check=False,
    ).stdout
    fields = answer.decode().split("\0")[:-1]
    for _, line, pattern, name in zip(*[iter(fields)] * 4, strict=True):
        ignored = line and not pattern.startswith("!")
        lines[name.removeprefix("./")] = int(line) if ignored else None
    return lines


@pytest.fixture(scope="module")
def repository() -> Path:
    """An empty repository that no ignore file of this machine speaks to."""
    folder = Path(tempfile.mkdtemp())
    subprocess.run(["git", "init", "--quiet", "--template=", str(folder)], check=True)
    subprocess.run(["git", "config", "core.excludesFile", os.devnull], cwd=folder, check=True)
    return folder


@settings(max_examples=80, deadline=None)
@given(lines=st.lists(PATTERNS, max_size=12), paths=st.lists(PATHS, min_size=4, max_size=20))
@example(lines=["a/*", "!a/b"], paths=["a/b/ab", "a/a"])
@example(lines=["a ", "a\\ "], paths=["a", "a "])
@example(lines=["a[b-a]"], paths=["ab", "aa"])
@example(lines=["**/a*b/b/**/*a*b", "a/**/a/*b/**/b"], paths=["a/ab/b/ba/b", "b/ab/b/aab", "a/a/ab/a/b"])
def test_the_same_files_are_left_out_as_by_git(repository: Path, lines: list[str], paths: list[str]) -> None:
    """With the same pattern deciding about each."""
    content = "".join(f"{line}\n" for line in lines).encode()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = make_tree(folder, paths)
        (folder / ".codedeployignore").write_bytes(content)
        (folder / ".gitignore").write_bytes(content)
        (folder / "appspec.yml").touch()

        tree = scan(folder, repository=folder, appspec="appspec.yml", exclude=[])

        ours: dict[str, int | None] = dict.fromkeys(made)
        for exclusion in tree.exclusions:
            for path in made:
                if path == exclusion.name or (
                    exclusion.name.endswith("/") and path.startswith(exclusion.name)
                ):
                    ours[path] = exclusion.location.line
        assert ours == ask_git(repository, folder, made)
        assert [path for path in made if path in tree.entries] == [
            path for path in made if ours[path] is None
        ]


@pytest.mark.parametrize(
    "pattern",
    ["a*" * 40 + "b", "?*" * 40 + "b", "/**/a*" * 12 + "/b", "[a-z]*" * 40 + "/**/b", "**/" * 40 + "b"],
)
def test_a_pattern_never_takes_long(pattern: str, tmp_path: Path) -> None:
    """Time grows with the pattern's length times the path's, not with its number of stars."""
    folder = tmp_path.joinpath(*["a" * 120] * 12)
    folder.mkdir(parents=True)
    (folder / ("a" * 200)).touch()
    (tmp_path / "appspec.yml").touch()
    tree = scan(tmp_path, repository=tmp_path, appspec="appspec.yml", exclude=[pattern])
    assert [problem.code for problem in tree.warnings] == ["pattern-unused"]
