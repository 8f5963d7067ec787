"""`appspec-variables` in the AppSpec of a bundle for instances: what is checked, packaged and hashed."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.appspec.template import fill
from deployer.bundle.package import package
from deployer.bundle.times import EARLIEST
from deployer.bundle.tree import Tree, scan
from deployer.choices import APPSPEC, Compression
from deployer.errors import ExitCode
from deployer.main import execute
from deployer.revision import BundleType

if TYPE_CHECKING:
    from collections.abc import Mapping

TEMPLATE = """\
version: 0.0
os: linux
files:
  - source: app
    destination: /srv/<ENVIRONMENT>/app  # one for each
hooks:
  AfterInstall:
    - location: <HOOK>
"""
FILLED = TEMPLATE.replace("<ENVIRONMENT>", "staging").replace("<HOOK>", "app/run.sh")
VARIABLES = "ENVIRONMENT=staging\nHOOK=app/run.sh"
SCRIPT = "#!/bin/sh\nexit 0\n"


def repository(folder: Path, appspec: str | bytes = TEMPLATE, *, at: str = APPSPEC) -> Path:
    """A repository with an application, a hook, and an AppSpec."""
    for name, content in {"app/index.html": "hello", "app/run.sh": SCRIPT, at: appspec}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "app/run.sh").chmod(0o755)
    return folder


def run(folder: Path, *flags: str, variables: str = VARIABLES, pre_flight: str = "strict") -> tuple[int, str]:
    """Exit code and log of a run that packages the folder."""
    stream = io.StringIO()
    given = [f"--appspec-variables={variables}"] if variables else []
    with chdir(folder):
        argv = ["--stop-after=package", f"--pre-flight={pre_flight}", *given, *flags]
        code = execute(argv, {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(folder)}, stream)
    return code, stream.getvalue()


def digest(log: str) -> str:
    found = re.search(r"Digest (\w+)", log)
    assert found, log
    return found[1]


def tree_of(folder: Path, content: bytes) -> Tree:
    tree = scan(folder, repository=folder, appspec=APPSPEC, exclude=[])
    return tree.with_content(APPSPEC, content, path=APPSPEC)


@pytest.mark.parametrize("at", [APPSPEC, "deploy/production.yml"])
def test_a_filled_appspec_has_the_digest_of_one_that_is_written_so(tmp_path: Path, at: str) -> None:
    """Checked (`strict` finds the hook that a variable names) and hashed; the user's file stays as it is."""
    filled = repository(tmp_path / "filled", FILLED, at=at)
    template = repository(tmp_path / "template", at=at)
    flags = [f"--appspec={at}"]
    if at != APPSPEC:  # else it is a file of the bundle as well, which is not filled in
        flags.append("--exclude=deploy")
    code, log = run(template, *flags)
    assert code == 0, log
    assert (template / at).read_text() == TEMPLATE
    assert digest(log) == digest(run(filled, *flags, variables="")[1])
    other = run(template, *flags, variables=VARIABLES.replace("staging", "production"))[1]
    assert digest(log) != digest(other)


@pytest.mark.parametrize("kind", [BundleType.ZIP, BundleType.TGZ, BundleType.TAR])
@pytest.mark.parametrize("size", [len(FILLED), (1 << 16) + 1, (2 << 20) + 7])
def test_the_filled_bytes_are_packed_in_one_piece_or_in_blocks(
    tmp_path: Path, kind: BundleType, size: int
) -> None:
    content = FILLED.encode().ljust(size, b"#")
    tree = tree_of(repository(tmp_path), content)
    bundle = package(tree, bundle_type=kind, compression=Compression.FAST)
    data = b"".join(bundle.chunks())
    assert data == b"".join(bundle.chunks())
    if kind is BundleType.ZIP:
        with zipfile.ZipFile(io.BytesIO(data)) as zipped:
            packed = zipped.read(APPSPEC)
    else:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            member = tar.extractfile(APPSPEC)
            packed = member.read() if member else b""
    assert packed == content
    assert tree.read(APPSPEC, 9) == content[:9]
    assert tree.locate(APPSPEC) == APPSPEC


def test_a_link_to_the_appspec_becomes_the_filled_file(tmp_path: Path) -> None:
    folder = repository(tmp_path, at="deploy/appspec.yml")
    (folder / APPSPEC).symlink_to("deploy/appspec.yml")
    code, log = run(folder)
    assert code == 0, log
    tree = scan(folder, repository=folder, appspec=APPSPEC, exclude=[])
    filled = tree.with_content(APPSPEC, b"x", path="deploy/appspec.yml")
    assert filled.read(APPSPEC, 9) == b"x"
    assert (filled.locate(APPSPEC), filled.entries[APPSPEC].mode) == ("deploy/appspec.yml", 0o644)


@pytest.mark.parametrize(
    ("appspec", "variables", "said"),
    [
        (
            TEMPLATE,
            "ENVIRONMENT=x",
            "file=appspec.yml,line=8,col=17,title=appspec-placeholder::The placeholder <HOOK>",
        ),
        (TEMPLATE, VARIABLES + "\nOTHER=1", "::error file=appspec.yml,title=appspec-variable-unused::"),
        (
            TEMPLATE,
            "ENVIRONMENT=x: y\nHOOK=app/run.sh",
            "file=appspec.yml,line=5,title=appspec-variable-structure",
        ),
        (TEMPLATE, "ENVIRONMENT=x\nHOOK=app/rum.sh", "file=appspec.yml,line=8"),
        (TEMPLATE.encode() + b"# caf\xe9", VARIABLES, "title=appspec-not-utf8"),
        (TEMPLATE + "#" * (1 << 20), VARIABLES, "title=appspec-too-large"),
    ],
)
def test_what_is_wrong_is_told_at_the_line_of_the_user_s_file(
    tmp_path: Path, appspec: str | bytes, variables: str, said: str
) -> None:
    code, log = run(repository(tmp_path, appspec), variables=variables)
    assert code == ExitCode.INVALID_BUNDLE, log
    assert said in log


@pytest.mark.parametrize("variables", ["", VARIABLES])
def test_without_pre_flight_only_what_would_add_a_key_is_refused(tmp_path: Path, variables: str) -> None:
    folder = repository(tmp_path)
    assert run(folder, variables=variables, pre_flight="off")[0] == 0
    assert run(folder, variables="HOOK=a", pre_flight="off")[0] == 0
    assert run(folder, variables="HOOK=a: b", pre_flight="off")[0] == ExitCode.INVALID_BUNDLE


def test_without_variables_angle_brackets_are_text(tmp_path: Path) -> None:
    """Deployed byte for byte, with a warning where they would be a folder's name."""
    folder = repository(tmp_path, TEMPLATE.replace("<HOOK>", "app/run.sh"))
    code, log = run(folder, variables="", pre_flight="errors")
    assert code == 0, log
    assert "::warning file=appspec.yml,line=5,col=18,title=appspec-files-destination-literal" in log
    tree = scan(folder, repository=folder, appspec=APPSPEC, exclude=[])
    assert tree.entries[APPSPEC].content is None
    assert tree.read(APPSPEC, 9999) == (folder / APPSPEC).read_bytes()


def test_a_placeholder_that_is_left_in_a_destination_is_told_once(tmp_path: Path) -> None:
    log = run(repository(tmp_path), variables="HOOK=app/run.sh")[1]
    assert re.findall(r"line=5,col=18,title=(\S+?)::", log) == ["appspec-placeholder"]


def test_an_archive_cannot_be_filled_in(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as archive:
        archive.writestr(APPSPEC, TEMPLATE)
    code, log = run(tmp_path, "--source=app.zip")
    assert code == ExitCode.INVALID_INPUT
    assert "app.zip is an archive, which is deployed unchanged" in log


@settings(deadline=None, max_examples=20)  # the first example loads the parser
@given(
    values=st.dictionaries(
        st.sampled_from(["A", "B.1", "C"]), st.text(st.characters(min_codepoint=32, max_codepoint=126))
    ),
    kind=st.sampled_from([BundleType.ZIP, BundleType.TAR]),
)
def test_the_same_inputs_have_the_same_digest_and_bytes(values: Mapping[str, str], kind: BundleType) -> None:
    """In other folders, and whatever stands in the file that the filled text replaces."""

    def packed(folder: str, before: str) -> tuple[str, bytes]:
        tree = tree_of(repository(Path(folder), before), content)
        entries = {name: entry._replace(modified=EARLIEST) for name, entry in tree.entries.items()}
        tree = replace(tree, entries=entries)
        bundle = package(tree, bundle_type=kind, compression=Compression.FAST)
        return bundle.digest, b"".join(bundle.chunks())

    text = "a: '<A>'\nb: '<B.1>'\nc: '<C>'\n"
    content = fill(text, values, path=APPSPEC)[0].encode()
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        assert packed(first, text) == packed(second, f"{text}# longer than the other")
