"""Looking through a folder: what goes in, what stays out, and what is wrong."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deployer.bundle.archive import open_archive
from deployer.bundle.contents import Entry, EntryKind
from deployer.bundle.secrets import secrets_in_archive
from deployer.bundle.times import EARLIEST
from deployer.bundle.tree import Tree, scan
from deployer.errors import DeployError, InvalidBundle, InvalidInput, Location, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A repository that is also the source, with an AppSpec."""
    return write(tmp_path / "repository", {"appspec.yml": "version: 0.0\n"})


def look(source: Path, *, exclude: Sequence[str] = (), appspec: str = "appspec.yml") -> Tree:
    return scan(source, repository=source, appspec=appspec, exclude=exclude)


def complaints(source: Path, appspec: str = "appspec.yml") -> list[Problem]:
    with pytest.raises(DeployError) as caught:
        look(source, appspec=appspec)
    return list(caught.value.problems)


def warnings(tree: Tree) -> list[tuple[str, str]]:
    return [(problem.code, problem.location.path if problem.location else "") for problem in tree.warnings]


def test_everything_but_git_goes_in(source: Path) -> None:
    """Dotfiles, empty folders and links too, sorted so that a parent stands before what is in it."""
    write(source, {".git/config": "token", ".env.example": "", "b/.hidden": "", "b-c": "x", "b/c": "xy"})
    (source / "empty").mkdir()
    (source / "link").symlink_to("b/c")
    (source / "folder-link").symlink_to("b")

    entries = look(source).entries

    assert list(entries) == [
        ".env.example", "appspec.yml", "b", "b-c", "b/.hidden", "b/c", "empty", "folder-link", "link",
    ]  # fmt: skip
    file, empty, link = (entries[name]._replace(modified=EARLIEST) for name in ("b/c", "empty", "link"))
    assert file == Entry("b/c", EntryKind.FILE, 0o644, 2, path=str(source / "b/c"))
    assert empty == Entry("empty", EntryKind.FOLDER, 0o755)
    assert link == Entry("link", EntryKind.LINK, 0o777, target="b/c")
    assert entries["folder-link"].target == "b"


@pytest.mark.parametrize(
    ("mode", "kept"), [(0o644, 0o644), (0o664, 0o644), (0o777, 0o755), (0o600, 0o600), (0o4755, 0o755)]
)
def test_modes_do_not_depend_on_the_umask(source: Path, mode: int, kept: int) -> None:
    """Group's and others' write bits and set-uid bits go, the rest stays."""
    (source / "appspec.yml").chmod(mode)

    assert look(source).entries["appspec.yml"].mode == kept


def test_what_patterns_leave_out_is_counted(source: Path) -> None:
    """By pattern, with where it is written; a folder stands for all that is in it."""
    write(source, {".codedeployignore": "# logs\n*.log\n!keep.log\ncache/\n", "a.log": "", "d/b.log": ""})
    write(source, {"keep.log": "", "cache/x": "", "cache/y": "", "notes.txt": ""})

    tree = look(source, exclude=["*.txt", ""])

    assert {".codedeployignore", "keep.log"} <= tree.entries.keys()
    assert not {"a.log", "d/b.log", "cache", "cache/x", "notes.txt"} & tree.entries.keys()
    assert [(tally.pattern, tally.location, tally.files, tally.folders) for tally in tree.tallies] == [
        ("*.log", Location(".codedeployignore", 2), 2, 0),
        ("cache/", Location(".codedeployignore", 4), 0, 1),
        ("*.txt", Location("action input exclude", 1), 1, 0),
    ]
    assert sorted(exclusion.name for exclusion in tree.exclusions) == [
        "a.log",
        "cache/",
        "d/b.log",
        "notes.txt",
    ]
    assert tree.warnings == ()


def test_a_pattern_that_matches_nothing_is_a_warning(source: Path) -> None:
    tree = look(source, exclude=["*.nothing"])

    assert warnings(tree) == [("pattern-unused", "action input exclude")]


def test_the_appspec_goes_in_whatever_the_patterns_say(source: Path) -> None:
    tree = look(source, exclude=["*.yml"])

    assert list(tree.entries) == ["appspec.yml"]
    assert tree.exclusions == ()


def test_another_appspec_is_placed_at_the_root(source: Path) -> None:
    """From the source, and it stays where it was as well."""
    write(source, {"deploy/staging.yml": "version: 0.0 # staging\n"})

    tree = look(source, appspec="deploy/staging.yml")

    assert tree.read("appspec.yml", 100) == b"version: 0.0 # staging\n"
    assert tree.locate("appspec.yml") == "deploy/staging.yml"
    assert "deploy/staging.yml" in tree.entries


def test_another_appspec_takes_the_place_of_a_circular_link(source: Path) -> None:
    """Which leads nowhere."""
    (source / "appspec.yml").rename(source / "other.yml")
    (source / "appspec.yml").symlink_to("appspec.yml")
    tree = look(source, appspec="other.yml")
    assert tree.entries["appspec.yml"].kind is EntryKind.FILE
    assert tree.read("appspec.yml", 100) == (source / "other.yml").read_bytes()[:100]


def test_the_appspec_may_stand_in_the_repository(source: Path) -> None:
    """Beside a source that is built."""
    write(source, {"dist/index.html": ""})

    tree = scan(source / "dist", repository=source, appspec="appspec.yml", exclude=[])

    assert list(tree.entries) == ["appspec.yml", "index.html"]
    assert tree.locate("index.html") == "dist/index.html"
    assert tree.locate("appspec.yml") == "appspec.yml"


def test_reading_follows_links_inside_the_bundle(source: Path) -> None:
    write(source, {"a/b/file": "content"})
    (source / "a" / "up").symlink_to("../a/./b")
    (source / "link").symlink_to("a/up/file")

    tree = look(source)

    assert tree.read("link", 4) == b"cont"
    assert tree.locate("link") == "a/b/file"
    assert tree.locate("a") is None
    assert tree.locate("missing") is None
    for name in ("a", "missing"):
        with pytest.raises(KeyError):
            tree.read(name, 1)


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "a/../../outside"])
def test_a_link_out_of_the_source_stays_a_link_and_is_never_read(source: Path, target: str) -> None:
    write(source, {"a/b": ""})
    (source / "link").symlink_to(target)

    tree = look(source)

    [problem] = tree.warnings
    assert (problem.code, problem.location) == ("link-leaves-source", Location("link"))
    assert target in problem.message
    assert tree.entries["link"].target == target
    assert tree.locate("link") is None
    with pytest.raises(KeyError):
        tree.read("link", 1)


@pytest.mark.parametrize("target", ["nowhere", "loop"])
def test_a_link_to_nothing_is_a_warning(source: Path, target: str) -> None:
    """It may point at something that is made on the instance; a loop never ends the scan."""
    (source / "loop").symlink_to(target)

    tree = look(source)

    assert warnings(tree) == [("link-dangling", "loop")]
    assert tree.locate("loop") is None


def test_all_problems_come_at_once(source: Path) -> None:
    """All names that the agent cannot take."""
    (source / "back\\slash").touch()
    (source / "new\nline").mkdir()
    (source / os.fsdecode(b"latin-\xe9")).touch()

    problems = complaints(source)

    assert sorted((problem.code, problem.location.path) for problem in problems if problem.location) == [
        ("bundle-name-not-utf8", "latin-\\xe9"),
        ("name-unusable", "new\nline"),
    ]
    assert all(problem.hint and problem.severity is Severity.ERROR for problem in problems)


def test_pipes_and_sockets_are_left_out_with_a_warning(source: Path) -> None:
    os.mkfifo(source / "pipe")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(os.path.relpath(source / "socket"))
    tree = look(source)
    assert sorted(warnings(tree)) == [("special-file", "pipe"), ("special-file", "socket")]
    assert not {"pipe", "socket"} & tree.entries.keys()


def test_many_problems_of_a_kind_are_shortened(source: Path) -> None:
    for number in range(25):
        (source / f"{number}\n").touch()

    problems = complaints(source)

    assert len(problems) == 21
    assert problems[-1].message == "And 5 more of this kind."


def test_an_unreadable_folder_is_refused(source: Path) -> None:
    """Except to root, who may read it: then there is nothing to refuse."""
    folder = source / "closed"
    folder.mkdir(mode=0)
    if os.access(folder, os.R_OK):
        assert "closed" in look(source).entries
    else:
        assert [problem.code for problem in complaints(source)] == ["unreadable"]
    folder.chmod(0o700)


@pytest.mark.parametrize(
    ("source", "text", "hint"),
    [
        ("missing", "does not exist", "earlier step"),
        ("buidl", "does not exist", "Did you mean `build`?"),
        ("..", "outside the workspace", "into the workspace"),
        ("build/app.bin", "neither a folder nor an archive", ".zip"),
        ("escape", "outside the workspace", "into the workspace"),
    ],
)
def test_an_unusable_source_is_refused(tmp_path: Path, source: str, text: str, hint: str) -> None:
    write(tmp_path, {"repository/build/app.bin": ""})
    repository = tmp_path / "repository"
    (repository / "escape").symlink_to(tmp_path)

    with pytest.raises(InvalidInput) as caught:
        scan(repository / source, repository=repository, appspec="appspec.yml", exclude=[])

    [problem] = caught.value.problems
    assert text in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize(
    "source", ["latest", "latest/web", "releases/up/1", "releases/../latest", "{absolute}/latest"]
)
@pytest.mark.parametrize("inside", ["repository", "alias"])
def test_a_source_through_a_link_is_refused(tmp_path: Path, source: str, inside: str) -> None:
    """Also where it stays in the workspace; links above it are the machine's business."""
    write(tmp_path, {"repository/releases/1/web/appspec.yml": ""})
    (tmp_path / "alias").symlink_to("repository")
    repository = tmp_path / inside
    (repository / "latest").symlink_to("releases/1")
    (repository / "releases" / "up").symlink_to(tmp_path / "repository" / "releases")
    given = Path(source.format(absolute=repository))

    given = Path(source.format(absolute=repository))
    with pytest.raises(InvalidInput) as caught:
        scan(given, repository=repository, appspec="appspec.yml", exclude=[])

    [problem] = caught.value.problems
    assert f"goes through the link `{'releases/up' if 'up' in source else 'latest'}`" in problem.message
    assert f"`source: releases/1{'/web' if 'web' in source else ''}`" in problem.hint


@pytest.mark.parametrize(
    "source", ["dist", "{alias}/dist", "{real}/dist", "sub/../dist", "../repository/dist"]
)
def test_a_workspace_behind_a_link_is_like_any_other(tmp_path: Path, source: str) -> None:
    write(tmp_path, {"real/repository/dist/appspec.yml": "", "real/repository/sub/x": ""})
    (tmp_path / "link").symlink_to("real")
    alias = tmp_path / "link" / "repository"
    given = Path(source.format(alias=alias, real=tmp_path / "real" / "repository"))

    assert set(scan(given, repository=alias, appspec="appspec.yml", exclude=[]).entries) == {"appspec.yml"}


def test_an_empty_workspace_means_that_the_checkout_is_missing(tmp_path: Path) -> None:
    """Whether the source is the workspace or a folder that is not there."""
    (tmp_path / ".git").mkdir()
    with pytest.raises(InvalidInput, match="does not exist") as caught:
        scan(tmp_path / "app", repository=tmp_path, appspec="appspec.yml", exclude=[])

    assert "checkout step is missing" in caught.value.problems[0].hint
    assert "checkout step is missing" in complaints(tmp_path)[0].hint


def test_an_empty_build_folder_has_another_cause(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    with pytest.raises(InvalidBundle) as caught:
        scan(tmp_path / "dist", repository=tmp_path, appspec="appspec.yml", exclude=[])

    assert "earlier step" in caught.value.problems[0].hint


def test_patterns_that_leave_nothing_are_named(tmp_path: Path) -> None:
    write(tmp_path, {"a": ""})
    with pytest.raises(InvalidBundle) as caught:
        look(tmp_path, exclude=["*"])

    assert "`*` in action input exclude" in caught.value.problems[0].hint


@pytest.mark.parametrize(
    ("file", "hint"),
    [
        ("web/appspec.yml", "write `source: web`"),
        ("appspec.yaml", "write `appspec: appspec.yaml`"),
        ("AppSpec.yml", "write `appspec: AppSpec.yml`"),
        ("other", "Add an appspec.yml"),
    ],
)
def test_a_missing_appspec_is_explained_by_what_is_there(tmp_path: Path, file: str, hint: str) -> None:
    write(tmp_path, {file: ""})

    [problem] = complaints(tmp_path)

    assert problem.code == "appspec-missing"
    assert hint in problem.hint


def test_who_names_an_appspec_that_is_missing_is_told_of_the_one_at_the_root(tmp_path: Path) -> None:
    write(tmp_path, {"appspec.yml": ""})
    with pytest.raises(InvalidBundle) as caught:
        scan(tmp_path, repository=tmp_path, appspec="appspec-web.yml", exclude=[])

    assert "remove the input `appspec`" in caught.value.problems[0].hint


def test_a_folder_named_as_the_appspec_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"appspec.yml/x": "", "deploy.yml": ""})

    assert [problem.code for problem in complaints(tmp_path, "deploy.yml")] == ["appspec-not-a-file"]


def test_nested_repositories_are_told(source: Path) -> None:
    """A checkout's `.git` may hold a token and stays out; other systems' folders are the user's to decide."""
    write(source, {"sub/.git/config": "", "old/.svn/entries": ""})

    tree = look(source)

    assert sorted(warnings(tree)) == [
        ("nested-repository", "sub/.git"),
        ("version-control", "old/.svn"),
    ]
    assert [name for name in tree.entries if ".git" in name] == []
    assert "old/.svn/entries" in tree.entries


def test_the_git_file_of_a_submodule_is_no_finding(source: Path) -> None:
    """Neither where it is a file (as git writes it), nor where it is a folder and the submodule is listed."""
    modules = '[submodule "a"]\n\tpath = lib/a\n\turl = x\n[submodule "b"]\n\tpath = "lib/b"\n'
    write(source, {".gitmodules": modules, "lib/a/.git": "gitdir: x", "lib/b/.git/config": "", "w/.git": ""})
    write(source, {"lib/a/x.c": "", "lib/b/x.c": ""})
    tree = look(source)
    assert warnings(tree) == []
    assert [name for name in tree.entries if name.endswith("/.git")] == []


@pytest.mark.parametrize("inside", [False, True])
def test_a_submodule_that_was_not_fetched(inside: bool, source: Path) -> None:  # noqa: FBT001
    """Found from the repository's list, too, where only a folder of it is the source."""
    (source / "web" / "theme").mkdir(parents=True)
    write(source, {".gitmodules": "\tpath = web/theme\n\tpath = other\n\tpath = ../out\n"})
    write(source, {"web/appspec.yml": "version: 0.0\n"})
    tree = scan(
        source / "web" if inside else source, repository=source, appspec="appspec.yml", exclude=["*.css"]
    )
    assert [each for each in warnings(tree) if each[0] != "pattern-unused"] == [
        ("git-submodule-empty", "web/theme")
    ]
    write(source, {"web/theme/a.css": ""})
    assert "git-submodule-empty" not in dict(warnings(look(source, exclude=["*.css"])))


@pytest.mark.parametrize(
    ("target", "advice"),
    [
        ("{source}/storage/app", "ln -sfn ../storage/app public/storage"),
        ("/home/runner/work/shop/shop/storage/app", "ln -sfn ../storage/app public/storage"),
        ("/var/storage", ""),
        ("../../storage/app", ""),
    ],
)
def test_an_absolute_link_into_the_source(target: str, advice: str, source: Path) -> None:
    """Made here, or outside of the container where the source has another path."""
    write(source, {"storage/app/a.txt": "", "public/index.html": ""})
    (source / "public" / "storage").symlink_to(target.format(source=source))
    (problem,) = look(source).warnings
    assert problem.code == ("link-absolute" if advice else "link-leaves-source")
    assert advice in problem.hint


@pytest.mark.parametrize(
    ("modes", "said"),
    [
        ((0o644, 0o755), []),
        ((0o666, 0o777), []),  # too many for a wish
        ((0o664, 0o755), ["`a` has write permission"]),
        ((0o644, 0o6755), ["`b` has the set-user-ID"]),
        ((0o1644, 0o2775), ["`a` (and 1 more) has the set-user-ID", "`b` has write permission"]),
    ],
)
def test_bits_that_are_not_kept_are_said_once(modes: tuple[int, int], said: list[str], source: Path) -> None:
    write(source, {"a": "", "b": "", **{f"c{number}": "" for number in range(10)}})
    for path in source.iterdir():
        path.chmod(0o644)
    for name, mode in (("a", modes[0]), ("b", modes[1])):
        (source / name).chmod(mode)
    found = look(source).warnings
    assert len(found) == len(said)
    for problem, text in zip(found, said, strict=True):
        assert (problem.severity, problem.message[: len(text)]) == ("notice", text)


def test_pointers_of_git_lfs_are_told_once(source: Path) -> None:
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize "
    write(source, {"a/x.bin": f"{text}12345\n", "a/y.bin": f"{text}1\n", "a/z.md": text.upper()})
    (problem,) = look(source).warnings
    assert (problem.code, problem.severity) == ("git-lfs-pointer", "warning")
    assert problem.message.startswith("a/x.bin (and 1 more) is")


KEY = "-----BEGIN RSA PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("file", "content"),
    [
        (".env", "A=1"),
        ("app/.env.production", ""),
        ("id_rsa", ""),
        ("gha-creds-0123abcd.json", "{}"),
        ("terraform.tfstate", "{}"),
        (".aws/credentials", ""),
        ("server.key", KEY),
        (".git-credentials", ""),
        (".npmrc", "//registry/:_authToken=abc\n"),
        (".npmrc", "email=a@b.c\n_auth = abc\n"),
    ],
)
def test_likely_secrets_are_told_unless_they_are_asked_for(source: Path, file: str, content: str) -> None:
    """A `!pattern` says that a file is meant to be deployed."""
    write(source, {file: content})

    assert warnings(look(source)) == [("likely-secret", file)]
    assert warnings(look(source, exclude=[f"!{file.rpartition('/')[2]}"])) == []


@pytest.mark.parametrize(
    ("file", "content"),
    [
        (".env.example", ""),
        ("lib/credentials", ""),
        ("cert.pem", "-----BEGIN CERTIFICATE-----\n"),
        ("node_modules/x/test/server.key", KEY),
        (".npmrc", "//registry/:_authToken=${NPM_TOKEN}\n"),
    ],
)
def test_what_only_looks_like_a_secret_is_not_told(source: Path, file: str, content: str) -> None:
    write(source, {file: content})

    assert look(source).warnings == ()


@pytest.mark.parametrize("suffix", ["zip", "tgz"])
def test_likely_secrets_in_a_ready_made_archive_are_told(tmp_path: Path, suffix: str) -> None:
    tree = tmp_path / "tree"
    write(tree, {"appspec.yml": "", ".env": "A=1", "server.key": KEY, "cert.pem": "public", "x.sh": ""})
    made = shutil.make_archive(str(tmp_path / "app"), {"tgz": "gztar"}.get(suffix, suffix), tree)
    contents, _, _ = open_archive(Path(made), repository=tmp_path)
    assert {problem.message.split("`")[1] for problem in secrets_in_archive(contents)} == {
        ".env",
        "server.key",
    }
