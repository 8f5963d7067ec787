"""Install in a rehearsal: what the agent would do about what is there, and the scripts that do it."""

from __future__ import annotations

import os
import stat
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.appspec.model import AppSpec, FileMapping, Permission
from deployer.errors import Problem
from deployer.rehearse.install import (
    Found,
    Refusal,
    clean,
    failure,
    follow,
    found,
    instructions,
    quoted,
    walk,
)

if TYPE_CHECKING:
    from pathlib import Path

NOTHING = frozenset[str]()


def spec(*permissions: Permission, behavior: str | None = None, destination: str = "/srv") -> AppSpec:
    return AppSpec(
        "appspec.yml",
        files=(FileMapping("app", destination),),
        permissions=permissions,
        file_exists_behavior=behavior,
    )


def at(
    *files: str,
    folders: tuple[str, ...] = (),
    there: frozenset[str] = NOTHING,
    links: frozenset[str] = NOTHING,
    dangling: frozenset[str] = NOTHING,
) -> Found:
    """What the walk finds: files that go to /srv, from a folder of the bundle."""
    return Found(
        folders=folders,
        files=tuple((f"/srv/{name}", f"/bundle/app/{name}") for name in files),
        links=links,
        there=there,
        dangling=dangling,
        objects=frozenset({"/srv"}),
    )


def test_a_file_that_exists() -> None:
    there = at("a", "b", there=frozenset({"/srv/a"}))
    with pytest.raises(Refusal, match="specified file already exists at this location: /srv/a"):
        instructions(spec(), there, behavior="DISALLOW")
    assert list(instructions(spec(), there, behavior="RETAIN").files) == ["/srv/b"]
    assert list(instructions(spec(), there, behavior="OVERWRITE").files) == ["/srv/a", "/srv/b"]
    assert list(instructions(spec(behavior="RETAIN"), there, behavior="DISALLOW").files) == ["/srv/b"]


def test_a_link_is_never_overwritten() -> None:
    linked = at("a", links=frozenset({"/srv/a"}), dangling=frozenset({"/srv/a"}))
    with pytest.raises(Refusal, match="File exists @ rb_file_s_symlink - /srv/a"):
        instructions(spec(), linked, behavior="OVERWRITE")


def test_two_sources_for_one_destination() -> None:
    with pytest.raises(Refusal, match=r"same destination \(/srv/a\)"):
        instructions(spec(), at("a", "a"), behavior="DISALLOW")
    with pytest.raises(Refusal, match=r"already exists at the location \(/srv/a\)"):
        instructions(spec(), at("a", folders=("/srv/a",)), behavior="DISALLOW")


def matched(permission: Permission, *files: str, folders: tuple[str, ...] = ()) -> list[str]:
    plan = instructions(spec(permission), at(*files, folders=folders), behavior="DISALLOW")
    return [path for _, paths in plan.permissions for path in paths]


@pytest.mark.parametrize(
    ("permission", "expected"),
    [
        (Permission("/srv"), ["/srv/a.sh", "/srv/b.txt", "/srv/d/c.sh", "/srv/d"]),
        (Permission("/srv", types=frozenset({"file"})), ["/srv/a.sh", "/srv/b.txt", "/srv/d/c.sh"]),
        (Permission("/srv", pattern="*.sh"), ["/srv/a.sh"]),
        (Permission("/srv", exceptions=("*.sh",)), ["/srv/b.txt", "/srv/d/c.sh", "/srv/d"]),
        (Permission("/srv/a.sh"), ["/srv/a.sh"]),
        (Permission("/srv/d"), ["/srv/d/c.sh"]),
        (Permission("/elsewhere"), []),
        (Permission("srv/d/../d/"), ["/srv/d/c.sh"]),
    ],
)
def test_permissions_touch_what_is_installed(permission: Permission, expected: list[str]) -> None:
    assert matched(permission, "a.sh", "b.txt", "d/c.sh", folders=("/srv/d",)) == expected


def test_permissions_that_the_agent_refuses() -> None:
    with pytest.raises(Refusal, match="more than once"):
        instructions(spec(Permission("/srv"), Permission("/srv/a")), at("a"), behavior="DISALLOW")
    with pytest.raises(Refusal, match="have pattern"):
        matched(Permission("/srv/a", pattern="*"), "a")
    with pytest.raises(Refusal, match="not a name"):
        matched(Permission("/srv/a", faults=(Problem("5 is not a name"),)), "a")
    assert matched(Permission("/srv/b", faults=(Problem("5 is not a name"),)), "a") == []
    with pytest.raises(Refusal, match="have except"):
        matched(Permission("/srv/a", exceptions=("b",)), "a")
    with pytest.raises(Refusal, match="default acl on a file"):
        matched(Permission("/srv", acls=("d:u:a:r",), default_acl=True), "a")


def test_what_a_container_cannot_set_is_told() -> None:
    seen = replace(at("a"), without_acls=True)
    plan = instructions(spec(Permission("/srv", acls=("u:a:r",), context=True)), seen, behavior="DISALLOW")
    assert [note.split(" were ")[0].split(" was ")[0] for note in plan.notes] == [
        "The acls of /srv",
        "The SELinux context of /srv",
    ]
    assert b"setfacl" not in follow(plan)[0]


@pytest.mark.parametrize(
    ("step", "said", "expected"),
    [
        (("chown", "/a"), "chown: invalid user: 'bob'", "can't find user for bob"),
        (("chown", "/a"), "chown: invalid group: 'root:bob'", "can't find group for bob"),
        (("chown", "/a"), "chown: invalid group: ':bob'", "can't find group for bob"),
        (("chown", "/a"), "chown: unknown user bob", "can't find user for bob"),
        (
            ("dir_s_mkdir", "/a"),
            "mkdir: cannot create directory '/a': File exists",
            "File exists @ dir_s_mkdir - /a",
        ),
        (
            ("rb_sysopen", "/srv"),
            "cp: cannot create regular file '/srv/x': No space left on device",
            "No space left on device @ rb_sysopen - /srv/x",
        ),
        (("setfacl", "/a"), "setfacl: Option -m: Invalid argument near character 3", "The acls that"),
        (("apply2files", "/a"), "", "failed @ apply2files - /a"),
    ],
)
def test_a_step_that_fails_is_told_in_rubys_words(step: tuple[str, str], said: str, expected: str) -> None:
    assert failure(step, said).startswith(expected)


NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]) | st.sampled_from("'\"\\$`*? -;&"),
    min_size=1,
    max_size=12,
).filter(lambda name: name not in {".", ".."} and len(os.fsencode(name)) < 200)


@given(names=st.lists(NAMES, min_size=1, max_size=6, unique=True), depth=st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_any_names_are_installed_and_cleaned_up(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], depth: int
) -> None:
    """Whatever names hold, the scripts copy exactly these files, and removing them leaves nothing."""
    root = tmp_path_factory.mktemp("install")
    source = root.joinpath("bundle", "app", *["nested"] * depth)
    source.mkdir(parents=True)
    for number, name in enumerate(names):
        (source / name).write_text(str(number))
        (source / name).chmod(0o600 | number % 2 * 0o111)
    (root / "bundle" / "app" / "a link").symlink_to("nowhere")
    appspec = spec(destination=str(root / "installed" / "here"))
    seen = found(shell(walk(appspec, str(root / "bundle")), root))
    plan = instructions(appspec, seen, behavior="DISALLOW")
    assert shell(follow(plan)[0], root) == b""
    assert listing(root / "installed" / "here") == listing(root / "bundle" / "app")
    shell(clean(plan.installed), root)
    assert not (root / "installed").exists()


def shell(script: bytes, folder: Path) -> bytes:
    """What a script prints; it has to end well."""
    (folder / "script").write_bytes(script)
    return subprocess.run(["/bin/sh", folder / "script"], capture_output=True, check=True).stdout


def listing(folder: Path) -> dict[str, tuple[int, str]]:
    """Each file and link in a folder with its mode and its content or target."""
    return {
        str(path.relative_to(folder)): (
            (0, str(path.readlink()))
            if path.is_symlink()
            else (stat.S_IMODE(path.stat().st_mode), path.read_text())
        )
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


@given(
    st.binary(max_size=200) | st.lists(st.sampled_from([b"file", b"link-there", b"/a", b"x"])).map(b"\0".join)
)
@settings(deadline=None)
def test_a_listing_may_be_anything(listing: bytes) -> None:
    """A hook can replace the container's shell: what is said of files is still said of listed ones."""
    seen = found(listing)
    assert seen.links | seen.there | seen.dangling <= {path for path, _ in seen.files}


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30))
@settings(max_examples=25, deadline=None)
def test_a_quoted_text_is_one_word(text: str) -> None:
    done = subprocess.run(["/bin/sh", "-c", f"printf %s {quoted(text)}"], capture_output=True, check=True)
    assert done.stdout.decode() == text
