"""Whatever the bytes: findings or a model, and a model that passes is one whose files are there."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.appspec.parse import parse
from deployer.bundle.contents import EntryKind
from deployer.choices import APPSPEC
from deployer.errors import Severity
from deployer.preflight.check import check_bundle
from tests.bundles import bundle

KEYS = """version os files hooks permissions source destination location timeout runas object mode type acls
context pattern except Resources Type Properties AfterInstall BeforeInstall"""
VALUES = """0.0 linux windows 0644 1__0 1_ 12:30 .inf app app/a.txt ../x s/x.sh s /srv /srv/app ~ yes
2024-01-01 <X> u:me:rw s0:c1.c3 AWS::ECS::Service AWS::Lambda::Function"""
WORDS = st.sampled_from([*KEYS.split(), *VALUES.split(), "9" * 5000, "s" + "9" * 5000])
YAML_TEXT = st.lists(
    WORDS
    | st.sampled_from(
        ["\n", "\n  ", "\n    - ", ": ", "- ", "{", "}", "[", "]", "\t", "&a ", "*a", "#", '"', "---\n"]
    ),
    max_size=40,
).map("".join)
LEAVES = WORDS | st.integers(-5, 9999) | st.booleans() | st.none() | st.floats()
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=25,
)
FILES = {"app/a.txt": "a", "app/b/c.txt": "c", "s/x.sh": "#!/bin/sh\n", "s/y.py": "#!python\r\n"}
NAMES = st.sampled_from(
    [*FILES, "app", "s", "app/b", "App", "gone", "s/../app", "..", "/", "app/*", "s/x.sh "]
)
APPSPECS = st.fixed_dictionaries(
    {"version": st.just(0.0), "os": st.just("linux")},
    optional={
        "files": st.lists(
            st.fixed_dictionaries({"source": NAMES, "destination": st.sampled_from(["/srv", "/srv/a", "/"])}),
            max_size=4,
        ),
        "hooks": st.dictionaries(
            st.sampled_from(["AfterInstall", "ApplicationStop"]),
            st.lists(st.fixed_dictionaries({"location": NAMES}), max_size=3),
        ),
        "permissions": st.lists(
            st.fixed_dictionaries(
                {"object": st.sampled_from(["/srv", "/srv/a", "/srv/a.txt", "/x"])},
                optional={"mode": st.just("644"), "pattern": st.just("*"), "except": st.just(["a.txt"])},
            ),
            max_size=3,
        ),
    },
)


@settings(deadline=None, max_examples=300)
@given(
    st.binary(max_size=200) | YAML_TEXT.map(str.encode) | TREES.map(lambda tree: json.dumps(tree).encode())
)
def test_any_bytes_give_findings_or_a_model(content: bytes) -> None:
    parsed = parse(content, path="a.yml")
    assert parsed.appspec is not None or parsed.problems
    lines = content.count(b"\n") + content.count(b"\r") + 3
    for problem in parsed.problems:
        assert problem.location is not None
        assert 1 <= (problem.location.line or 0) <= lines
        assert problem.message
        assert problem.hint


@settings(deadline=None, max_examples=150)
@given(YAML_TEXT.map(str.encode) | TREES.map(lambda tree: json.dumps(tree).encode()))
def test_any_appspec_can_be_held_against_a_bundle(content: bytes) -> None:
    problems = check_bundle(bundle({**FILES, APPSPEC: content}))
    assert isinstance(problems, list)


@settings(deadline=None, max_examples=150)
@given(APPSPECS)
def test_a_bundle_that_passes_has_every_file_that_it_names(appspec: dict[str, object]) -> None:
    content = json.dumps(appspec).encode()
    contents = bundle({**FILES, APPSPEC: content})
    parsed = parse(content, path=APPSPEC).appspec
    assert parsed is not None
    if any(problem.severity is Severity.ERROR for problem in check_bundle(contents)):
        return
    entries = contents.entries
    for mapping in parsed.files:
        name = mapping.source.strip("/").replace("s/../", "")
        assert name == "" or name in entries
    for hooks in parsed.hooks.values():
        for hook in hooks:
            assert entries[hook.location.strip("/")].kind is EntryKind.FILE


@settings(deadline=None, max_examples=100)
@given(st.text(st.characters(codec="utf-8"), max_size=20), st.integers(0, 5), st.integers(0, 8))
def test_places_are_those_of_the_text(word: str, above: int, indent: int) -> None:
    """A key that nothing reads is named at its own line and column, whatever stands around it."""
    comment = "".join(character for character in word if character.isprintable())
    head = f"version: 0.0\nos: linux\n{f'# {comment}' + chr(10)}"
    text = head + "#\n" * above + f"files:\n{' ' * indent}- {{source: /, destination: /srv, x{indent}: 1}}\n"
    (problem,) = parse(text.encode(), path="a").problems
    assert problem.location is not None
    assert (problem.location.line, problem.location.column) == (
        above + 5,
        text.split("\n")[above + 4].index(f"x{indent}") + 1,
    )
