"""Each rule once: the bundle that breaks it, and the file and line of the repository that is named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deployer.appspec.document import LIMIT
from deployer.appspec.parse import APPSPEC, check_revision
from deployer.bundle.contents import Exclusion
from deployer.choices import ComputePlatform
from deployer.errors import Location, Severity
from deployer.preflight.check import check_bundle
from deployer.reference.preflight import all_rules, markdown
from deployer.revision import BundleType
from deployer.rules import archive as archive_rules
from tests.bundles import APP, bundle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deployer.errors import Problem

Place = tuple[str, int | None] | None
HEAD = "version: 0.0\nos: linux\n"
FILES = f"{HEAD}files:\n  - source: app\n    destination: /srv/app\n"
HOOK = "hooks:\n  AfterInstall:\n    - location: run.sh\n"
SH = "#!/bin/sh\n"
PERMISSION = f"{FILES}permissions:\n  - object: /srv/app/a.txt\n"
ON_FOLDER = f"{FILES}permissions:\n  - object: /srv/app\n"

# code → (AppSpec, path, line)
APPSPECS: dict[str, tuple[str | bytes, str, int]] = {
    "appspec-too-large": (b"#" * (LIMIT + 1), APPSPEC, 1),
    "appspec-empty": ("# nothing\n", APPSPEC, 1),
    "appspec-byte-order-mark": (f"\ufeff{HEAD}", APPSPEC, 1),
    "appspec-not-utf8": (f"{HEAD}# caf".encode() + b"\xe9\n", APPSPEC, 3),
    "appspec-yaml-syntax": (f"{HEAD}hooks: [\n", APPSPEC, 3),
    "appspec-tab": (f"{HEAD}hooks:\n\tAfterInstall:\n", APPSPEC, 4),
    "appspec-too-deep": (f"{HEAD}x: {'[' * 100}\n", APPSPEC, 3),
    "appspec-unread-rest": ("  version: 0.0\n  os: linux\nfiles: []\n", APPSPEC, 3),
    "appspec-second-document": (f"{HEAD}---\nfiles: [\n", APPSPEC, 3),
    "appspec-alias": (f"{HEAD}a: &x 1\nb: *x\n", APPSPEC, 4),
    "appspec-date": (f"{HEAD}released: 2024-05-01\n", APPSPEC, 3),
    "appspec-tag": (f"{HEAD}x: !ruby/object:Object {{}}\n", APPSPEC, 3),
    "appspec-duplicate-key": (f"{HEAD}os: linux\n", APPSPEC, 3),
    "appspec-not-a-mapping": ("- version: 0.0\n", APPSPEC, 1),
    "appspec-unknown-key": (f"{HEAD}hook: {{}}\n", APPSPEC, 3),
    "appspec-version": ('version: "0.0"\nos: linux\n', APPSPEC, 1),
    "appspec-os": ("version: 0.0\nos: Linux\n", APPSPEC, 2),
    "appspec-file-exists-behavior": (f"{HEAD}file_exists_behavior: Retain\n", APPSPEC, 3),
    "appspec-section-type": (f"{HEAD}files:\n  source: app\n", APPSPEC, 4),
    "appspec-strict-type": (f"{HEAD}files: {{}}\n", APPSPEC, 3),
    "appspec-wrong-platform": ("version: 0.0\nResources: []\n", APPSPEC, 1),
    "appspec-files-item-type": (f"{HEAD}files:\n  - app\n", APPSPEC, 4),
    "appspec-files-no-source": (f"{HEAD}files:\n  - destination: /srv\n", APPSPEC, 4),
    "appspec-files-no-destination": (f"{HEAD}files:\n  - source: app\n    destination:\n", APPSPEC, 5),
    "appspec-files-not-text": (f"{HEAD}files:\n  - source: 5\n    destination: /srv\n", APPSPEC, 4),
    "appspec-files-empty-source": (f'{HEAD}files:\n  - source: ""\n    destination: /srv\n', APPSPEC, 4),
    "appspec-files-destination": (f"{HEAD}files:\n  - source: app\n    destination: ~/a\n", APPSPEC, 5),
    "appspec-files-destination-literal": (
        f"{HEAD}files:\n  - source: app\n    destination: srv\n",
        APPSPEC,
        5,
    ),
    "appspec-files-destination-is-file": (
        f"{HEAD}files:\n  - source: app/a.txt\n    destination: /srv/b.txt\n",
        APPSPEC,
        5,
    ),
    "appspec-files-missing-source": (f"{HEAD}files:\n  - source: App\n    destination: /srv\n", APPSPEC, 4),
    "appspec-files-glob": (f"{HEAD}files:\n  - source: app/*\n    destination: /srv\n", APPSPEC, 4),
    "appspec-files-outside": (f"{HEAD}files:\n  - source: ../app\n    destination: /srv\n", APPSPEC, 4),
    "appspec-parent-folder": (f"{HEAD}files:\n  - source: app/../app\n    destination: /srv\n", APPSPEC, 4),
    "appspec-files-conflict": (f"{FILES}  - source: app/a.txt\n    destination: /srv/app\n", APPSPEC, 6),
    "appspec-files-file-over-folder": (
        f"{HEAD}files: [{{source: app/a.txt, destination: /srv}},\n{{source: s, destination: /srv/a.txt}}]\n",
        APPSPEC,
        4,
    ),
    "appspec-hook-unknown-event": (f"{HEAD}hooks:\n  AfterInstal:\n", APPSPEC, 4),
    "appspec-hook-reserved-event": (f"{HEAD}hooks:\n  AllowTraffic:\n", APPSPEC, 4),
    "appspec-hook-never-run": (f"{HEAD}hooks:\n  Install:\n    - location: gone.sh\n", APPSPEC, 4),
    "appspec-hook-item-type": (f"{HEAD}hooks:\n  AfterInstall:\n    - run.sh\n", APPSPEC, 5),
    "appspec-hook-no-location": (f"{HEAD}hooks:\n  AfterInstall:\n    - timeout: 3\n", APPSPEC, 5),
    "appspec-hook-timeout": (f"{HEAD}{HOOK}      timeout: 0\n", APPSPEC, 6),
    "appspec-hook-timeout-integer": (f"{HEAD}{HOOK}      timeout: 5m\n", APPSPEC, 6),
    "appspec-hook-timeout-sum": (f"{HEAD}{HOOK}      timeout: 3601\n", APPSPEC, 5),
    "appspec-hook-runas": (f"{HEAD}{HOOK}      runas: 1000\n", APPSPEC, 6),
    "appspec-hook-runas-empty": (f'{HEAD}{HOOK}      runas: ""\n', APPSPEC, 6),
    "appspec-hook-runas-windows": (f"version: 0.0\nos: windows\n{HOOK}      runas: me\n", APPSPEC, 6),
    "appspec-hook-missing-script": (f"{HEAD}hooks:\n  AfterInstall:\n    - location: ru.sh\n", APPSPEC, 5),
    "appspec-hook-folder": (f"{HEAD}hooks:\n  AfterInstall:\n    - location: app\n", APPSPEC, 5),
    "appspec-hook-outside": (f"{HEAD}hooks:\n  AfterInstall:\n    - location: ../run.sh\n", APPSPEC, 5),
    "appspec-hook-arguments": (f"{HEAD}hooks:\n  AfterInstall:\n    - location: run.sh -v\n", APPSPEC, 5),
    "appspec-permissions-windows": ("version: 0.0\nos: windows\npermissions:\n  - object: x\n", APPSPEC, 4),
    "appspec-permissions-item-type": (f"{HEAD}permissions:\n  - /srv\n", APPSPEC, 4),
    "appspec-permissions-no-object": (f"{HEAD}permissions:\n  - mode: 644\n", APPSPEC, 4),
    "appspec-permissions-list": (f"{PERMISSION}    type: file\n", APPSPEC, 8),
    "appspec-permissions-pattern": (f"{ON_FOLDER}    pattern: 5\n", APPSPEC, 8),
    "appspec-permissions-pattern-never": (f'{ON_FOLDER}    pattern: "a/*"\n', APPSPEC, 8),
    "appspec-permissions-type": (f"{PERMISSION}    type: [files]\n", APPSPEC, 8),
    "appspec-permissions-type-empty": (f"{PERMISSION}    type: []\n", APPSPEC, 8),
    "appspec-permissions-mode": (f"{PERMISSION}    mode: 0755\n", APPSPEC, 8),
    "appspec-permissions-mode-octal": (f"{PERMISSION}    mode: 0644\n", APPSPEC, 8),
    "appspec-permissions-mode-empty": (f'{PERMISSION}    mode: ""\n', APPSPEC, 8),
    "appspec-permissions-owner": (f"{PERMISSION}    owner: 0\n", APPSPEC, 8),
    "appspec-permissions-acl": (f'{PERMISSION}    acls: ["u::rw"]\n', APPSPEC, 8),
    "appspec-permissions-acl-default-on-file": (f'{PERMISSION}    acls: ["d:u:me:rw"]\n', APPSPEC, 7),
    "appspec-permissions-context": (f"{PERMISSION}    context: {{type: t}}\n", APPSPEC, 8),
    "appspec-permissions-range": (f"{PERMISSION}    context: {{type: t, range: x0}}\n", APPSPEC, 8),
    "appspec-permissions-pattern-on-file": (f'{PERMISSION}    pattern: "*"\n', APPSPEC, 7),
    "appspec-permissions-nothing": (f"{FILES}permissions:\n  - object: /srv/other\n", APPSPEC, 7),
    "appspec-permissions-twice": (f"{PERMISSION}  - object: /srv/app\n    type: [file]\n", APPSPEC, 8),
    "appspec-permissions-folder-mode": (
        f"{FILES}permissions:\n  - object: /srv\n    mode: 644\n",
        APPSPEC,
        7,
    ),
}

# code → (script, its mode, line); the AppSpec runs it as `deploy`
SCRIPTS: dict[str, tuple[str, int, int | None]] = {
    "hook-not-executable": (SH, 0o644, None),
    "hook-runas-mode": (SH, 0o744, None),
    "hook-no-shebang": ("\n" + SH, 0o755, 1),
    "hook-crlf-shebang": ("#!/bin/sh\r\n", 0o755, 1),
    "hook-crlf": ("#!/bin/sh\necho\nls\r\n", 0o755, 3),
    "hook-byte-order-mark": ("\ufeff#!/bin/sh\n", 0o755, 1),
    "hook-interpreter": ("#!bash\n", 0o755, 1),
    "hook-env-arguments": ("#!/usr/bin/env bash -e\n", 0o755, 1),
    "hook-background": ("#!/bin/bash\n\nnode x.js &\n", 0o755, 3),
}
IGNORED = Location(".codedeployignore", 4)

# code → the contents of a bundle, and the place
BUNDLES = {
    "appspec-missing": (bundle({"release/conf/appspec.yml": HEAD}), ("release/conf/appspec.yml", None)),
    "appspec-not-a-file": (bundle({"appspec.yml/": ""}), None),
    "appspec-second-file": (bundle({APPSPEC: HEAD, "appspec.yaml": "x"}), ("appspec.yaml", None)),
    "appspec-hook-link-outside": (
        bundle({APPSPEC: HEAD + HOOK}, links={"run.sh": "/opt/run.sh"}),
        (APPSPEC, 5),
    ),
    "appspec-files-link-outside": (bundle({APPSPEC: FILES}, links={"app": "../app"}), (APPSPEC, 4)),
    "appspec-files-excluded-source": (
        bundle({APPSPEC: FILES}, exclusions=(Exclusion("app/", "/app", IGNORED),)),
        (".codedeployignore", 4),
    ),
    "appspec-files-emptied": (
        bundle({APPSPEC: FILES, "app/": ""}, exclusions=(Exclusion("app/b", "app/*", IGNORED),)),
        (APPSPEC, 4),
    ),
    "appspec-hook-excluded-script": (
        bundle({APPSPEC: HEAD + HOOK}, exclusions=(Exclusion("run.sh", "*.sh", IGNORED),)),
        (".codedeployignore", 4),
    ),
    "appspec-hook-shell-characters": (
        bundle({APPSPEC: f"{HEAD}hooks:\n  AfterInstall:\n    - location: a b.sh\n", "a b.sh": SH}),
        (APPSPEC, 5),
    ),
    "bundle-empty": (bundle({}), None),
    "bundle-name-version": (bundle({APPSPEC: HEAD, "report;1": ""}), ("report;1", None)),
    "bundle-name-not-utf8": (bundle({APPSPEC: HEAD, "caf\udce9": ""}), None),
}
RESOURCE_HEAD = "version: 0.0\nResources:\n  - web:\n"
LAMBDA = f"{RESOURCE_HEAD}      Type: AWS::Lambda::Function\n      Properties: {{Name: a, Alias: b"
ECS = f"{RESOURCE_HEAD}      Type: AWS::ECS::Service\n      Properties:\n"
VERSIONS = ", CurrentVersion: 1, TargetVersion: 2}\n"

# code → (AppSpec that is itself the revision of a Lambda application, line)
REVISIONS = {
    "appspec-resources": ("version: 0.0\nResources: []\n", 2),
    "appspec-resource-type": (f"{RESOURCE_HEAD}      Type: AWS::Lambda::Alias\n", 4),
    "appspec-resource-property-missing": (f"{LAMBDA}}}\n", 5),
    "appspec-resource-property": (f"{LAMBDA}, CurrentVersion: one, TargetVersion: 2}}\n", 5),
    "appspec-resource-vpc": (
        f"{ECS}        NetworkConfiguration:\n          AwsvpcConfiguration:\n            Subnets: [s]\n",
        8,
    ),
    "appspec-placeholder": (f"{ECS}        TaskDefinition: <TASK>\n", 6),
    "appspec-resource-hooks": (f"{LAMBDA}{VERSIONS}Hooks:\n  BeforeAllowTraffic: f\n", 7),
    "appspec-resource-event": (f"{LAMBDA}{VERSIONS}Hooks:\n  - AfterInstall: f\n", 7),
    "appspec-platform": (HEAD, 1),
}
ELSEWHERE = {rule.code for rule in all_rules() if rule.code.startswith(("archive-", "appspec-variable-"))} | {
    "bundle-size",
    "bundle-windows-type",
}


def places(problems: Iterable[Problem], code: str) -> list[Place]:
    found = [problem.location for problem in problems if problem.code == code]
    return [(place.path, place.line) if place else None for place in found]


@pytest.mark.parametrize("code", APPSPECS)
def test_broken_in_the_appspec(code: str) -> None:
    text, path, line = APPSPECS[code]
    problems = check_bundle(bundle({**APP, "run.sh": SH, "app/d/": "", "s/": "", APPSPEC: text}))
    assert places(problems, code) == [(path, line)], problems


@pytest.mark.parametrize("code", SCRIPTS)
def test_broken_in_a_script(code: str) -> None:
    text, mode, line = SCRIPTS[code]
    files = {APPSPEC: f"{HEAD}{HOOK}      runas: deploy\n", "run.sh": text}
    problems = check_bundle(bundle(files, modes={"run.sh": mode}))
    assert places(problems, code) == [("run.sh", line)], problems


@pytest.mark.parametrize("code", BUNDLES)
def test_broken_in_the_bundle(code: str) -> None:
    contents, place = BUNDLES[code]
    problems = check_bundle(contents)
    assert places(problems, code) == [place], problems


@pytest.mark.parametrize("code", REVISIONS)
def test_broken_in_an_appspec_that_is_the_revision(code: str) -> None:
    text, line = REVISIONS[code]
    parsed = check_revision(text.encode(), path="a.yml", platform=ComputePlatform.LAMBDA)
    found = places(parsed.problems, code)
    assert found
    assert found[0] == ("a.yml", line), parsed.problems


def test_a_member_of_an_archive_has_its_line_in_the_message() -> None:
    files = {APPSPEC: HEAD + HOOK, "run.sh": "#!/bin/sh\r\n"}
    (problem,) = check_bundle(bundle(files, located=False))
    assert problem.location is None
    assert problem.message.endswith("(appspec.yml, line 5)")


@pytest.mark.parametrize(
    ("bundle_type", "found"),
    [
        (BundleType.ZIP, []),
        (None, []),
        (BundleType.TGZ, [(APPSPEC, None)]),
        (BundleType.TAR, [(APPSPEC, None)]),
    ],
)
def test_windows_server_opens_only_zip(bundle_type: BundleType | None, found: list[Place]) -> None:
    problems = check_bundle(bundle({APPSPEC: "version: 0.0\nos: windows\n"}), bundle_type=bundle_type)
    assert places(problems, "bundle-windows-type") == found


def test_every_rule_is_shown_to_break() -> None:
    shown = {*APPSPECS, *SCRIPTS, *BUNDLES, *REVISIONS, *ELSEWHERE}
    assert shown == {rule.code for rule in all_rules()}


def test_codes_are_unique_and_kebab_case() -> None:
    codes = [rule.code for rule in all_rules()]
    assert len(codes) == len(set(codes))
    assert all(code == code.lower() and code.replace("-", "").isalnum() for code in codes)


def test_the_page_is_what_the_rules_say() -> None:
    page = Path(__file__).parents[2] / "docs" / "pre-flight.md"
    assert page.read_text(encoding="utf-8") == markdown(), "run `make docs`"


def test_a_rule_without_its_facts_cannot_be_reported() -> None:
    with pytest.raises(KeyError):
        archive_rules.ENCRYPTED.problem(None)


def test_a_finding_carries_severity_hint_and_code() -> None:
    (problem,) = check_bundle(bundle({APPSPEC: f"{HEAD}hook: 1\n"}))
    assert (problem.severity, problem.code) == (Severity.WARNING, "appspec-unknown-key")
    assert problem.hint == "Did you mean `hooks`?"
