"""Each rule once: the bundle that breaks it, the file and line that is named, and what is said.

All annotations of these runs are kept as text in preflight_annotations.json; UPDATE_TRANSCRIPTS=1 writes them
anew, in one process.
"""

from __future__ import annotations

import ast
import json
import os
import re
import stat
import zipfile
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import pytest

from deployer import rules
from deployer.appspec.document import LIMIT
from deployer.choices import APPSPEC
from deployer.errors import Severity
from deployer.preflight.check import check_bundle
from deployer.reference.preflight import markdown
from deployer.revision import BundleType
from deployer.rules import archive as archive_rules
from deployer.rules.chapters import all_rules, rules_of
from deployer.rules.run import CODES
from tests.bundles import APP, bundle
from tests.rehearsal import rehearse
from tests.unit.test_preflight_archive import LINK, make_tar, make_zip, write_zip, zip_info

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from deployer.errors import Problem
    from tests.rehearsal import Rehearsal

Place = tuple[str, int | None] | None
TESTS = Path(__file__).parents[1]
SAID = TESTS / "preflight_annotations.json"
HEAD = "version: 0.0\nos: linux\n"
FILES = f"{HEAD}files:\n  - source: app\n    destination: /srv/app\n"
HOOK = "hooks:\n  AfterInstall:\n    - location: run.sh\n"
SH = "#!/bin/sh\n"
PERMISSION = f"{FILES}permissions:\n  - object: /srv/app/a.txt\n"
ODD = FILES.replace("/srv/app", "/srv/a b") + "permissions:\n  - object: /srv/a b\n"
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
    "appspec-parent-missing": (f"{HEAD}files:\n  - source: no/../app\n    destination: /srv\n", APPSPEC, 4),
    "appspec-permissions-shell-characters": (f"{ODD}    acls: ['u:deploy:r']\n", APPSPEC, 7),
    "appspec-ruby-only": (f"{FILES}permissions:\n  - object: /srv/app\n    mode: :644\n", APPSPEC, 8),
    "appspec-permissions-home": (f"{FILES}permissions:\n  - object: ~nobody/x\n", APPSPEC, 7),
    "appspec-permissions-object-zero": (f'{FILES}permissions:\n  - object: "/srv/\\0app"\n', APPSPEC, 7),
    "appspec-date": (f"{HEAD}released: 2024-05-01\n", APPSPEC, 3),
    "appspec-cloudformation": (f"{HEAD}x: !Ref Folder\n", APPSPEC, 3),
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
    "appspec-hook-unknown-event": (f"{HEAD}hooks:\n  AfterInstal: []\n", APPSPEC, 4),
    "appspec-hook-reserved-event": (f"{HEAD}hooks:\n  AllowTraffic: []\n", APPSPEC, 4),
    "appspec-hook-empty-event": (f"{HEAD}hooks:\n  AfterInstal:\n", APPSPEC, 4),
    "appspec-hook-never-run": (f"{HEAD}hooks:\n  Install:\n    - location: gone.sh\n", APPSPEC, 4),
    "appspec-hook-item-type": (f"{HEAD}hooks:\n  AfterInstall:\n    - run.sh\n", APPSPEC, 5),
    "appspec-hook-no-location": (f"{HEAD}hooks:\n  AfterInstall:\n    - timeout: 3\n", APPSPEC, 5),
    "appspec-hook-timeout": (f"{HEAD}{HOOK}      timeout: 0\n", APPSPEC, 6),
    "appspec-hook-timeout-integer": (f"{HEAD}{HOOK}      timeout: 5m\n", APPSPEC, 6),
    "appspec-hook-timeout-sum": (f"{HEAD}{HOOK}      timeout: 3601\n", APPSPEC, 5),
    "appspec-hook-runas": (f"{HEAD}{HOOK}      runas: 1000\n", APPSPEC, 6),
    "appspec-hook-runas-option": (f"{HEAD}{HOOK}      runas: -l\n", APPSPEC, 6),
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
    "appspec-permissions-acl-twice": (f'{PERMISSION}    acls: ["u:me:r", "u:me:w"]\n', APPSPEC, 8),
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
SCRIPTS: dict[str, tuple[str | bytes, int, int | None]] = {
    "hook-not-executable": (SH, 0o644, None),
    "hook-runas-mode": (SH, 0o744, None),
    "hook-no-shebang": ("\n" + SH, 0o755, 1),
    "hook-crlf-shebang": ("#!/bin/sh\r\n", 0o755, 1),
    "hook-crlf": ("#!/bin/sh\necho\nls\r\n", 0o755, 3),
    "hook-byte-order-mark": ("\ufeff#!/bin/sh\n", 0o755, 1),
    "hook-utf-16": ("\ufeff#!/bin/sh\n".encode("utf-16-le"), 0o755, 1),
    "hook-nothing-run": ("#!/bin/sh -n\n", 0o755, 1),
    "hook-interpreter": ("#!bash\n", 0o755, 1),
    "hook-no-such-interpreter": ("#!/bin/sh;\n", 0o755, 1),
    "hook-unlikely-interpreter": ("#!/bin/bsh\n", 0o755, 1),
    "hook-syntax": ("#!/bin/bash\nif true; then\ndone\n", 0o755, 3),
    "hook-crlf-syntax": ("#!/bin/sh\n\nif true; then\r\n:\r\nfi\r\n", 0o755, 3),
    "hook-only-bash": ("#!/bin/sh\n:\nsource ./env\n", 0o755, 3),
    "hook-interpreter-arguments": ("#!/bin/bash -e -x\n", 0o755, 1),
    "hook-not-started": ("#!/bin/bash -c\n", 0o755, 1),
    "hook-not-utf8": (b"#!/bin/sh\necho caf\xe9\n", 0o755, 2),
    "hook-background-hidden": ("#!/bin/bash\nexec > >(tee x)\n", 0o755, 2),
    "hook-env-arguments": ("#!/usr/bin/env bash -e\n", 0o755, 1),
    "hook-background": ("#!/bin/bash\n\nnode x.js &\n", 0o755, 3),
}
LFS_POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0123456789abcdef' * 4}\nsize 12345\n"
IGNORED = (".codedeployignore", 4)

# code → the files of a source, and the place; a text that begins with `-> ` is a link
TREES: dict[str, tuple[dict[str, str], tuple[str, int | None]]] = {
    "appspec-missing": ({"release/conf/appspec.yml": HEAD}, ("", None)),
    "appspec-not-a-file": ({"appspec.yml/a": "", "a.yml": HEAD}, (APPSPEC, None)),
    "appspec-second-file": ({APPSPEC: HEAD, "appspec.yaml": "x"}, ("appspec.yaml", None)),
    "appspec-files-excluded-source": (
        {APPSPEC: FILES, "app/a": "", ".codedeployignore": "\n\n\n/app"},
        IGNORED,
    ),
    "appspec-files-emptied": ({APPSPEC: FILES, "app/b": "", ".codedeployignore": "app/*"}, (APPSPEC, 4)),
    "appspec-hook-excluded-script": (
        {APPSPEC: HEAD + HOOK, "run.sh": SH, ".codedeployignore": "\n\n\n*.sh"},
        IGNORED,
    ),
    "appspec-hook-shell-characters": (
        {APPSPEC: f"{HEAD}hooks:\n  AfterInstall:\n    - location: a b.sh\n", "a b.sh": SH},
        (APPSPEC, 5),
    ),
    "bundle-empty": ({}, ("", None)),
    "bundle-name-version": ({APPSPEC: HEAD, "report;1": ""}, ("report;1", None)),
    "bundle-name-not-utf8": ({APPSPEC: HEAD, "caf\udce9": ""}, ("caf\\xe9", None)),
    "name-odd": ({APPSPEC: HEAD, "a\\b": ""}, ("a\\b", None)),
    "bundle-name-version-twin": ({APPSPEC: HEAD, "a": "", "a;1": ""}, ("a;1", None)),
    "appspec-files-link-cycle": ({APPSPEC: FILES, "app/l": "-> ."}, (APPSPEC, 4)),
    "appspec-files-link-cycles": ({APPSPEC: FILES, "app/l": "-> .", "app/m": "-> ."}, (APPSPEC, 4)),
    "appspec-files-not-cleaned-up": ({APPSPEC: FILES, "app/a ": ""}, (APPSPEC, 4)),
    "appspec-permissions-link-target": (
        {
            APPSPEC: f"{ON_FOLDER}    mode: 644\n    type: [file]\n",
            "app/a.txt": "",
            "app/l": "-> ../c",
            "c": "",
        },
        (APPSPEC, 7),
    ),
    "link-leaves-source": ({APPSPEC: HEAD, "a": "-> /etc"}, ("a", None)),
    "link-absolute": ({APPSPEC: HEAD, "a": "-> /b/c/d", "c/d": ""}, ("a", None)),
    "appspec-files-overwritten-link": (
        {APPSPEC: f"{FILES}file_exists_behavior: OVERWRITE\n", "app/a": "", "app/l": "-> a"},
        (APPSPEC, 4),
    ),
    "appspec-files-file-over-system-folder": (
        {APPSPEC: f"{HEAD}files:\n  - source: app\n    destination: /usr\n", "app/bin": "", "app/lib/x": ""},
        (APPSPEC, 4),
    ),
    "appspec-files-windows-path": (
        {APPSPEC: FILES.replace("linux", "windows").replace("/srv", "C:"), f"app/{'a' * 160}": ""},
        (APPSPEC, None),
    ),
    "link-dangling": ({APPSPEC: HEAD, "a": "-> gone"}, ("a", None)),
    "pattern-unused": ({APPSPEC: HEAD, ".codedeployignore": "*.x"}, (".codedeployignore", 1)),
    "ignore-file-unusable": (
        {APPSPEC: HEAD, ".codedeployignore": "-> appspec.yml"},
        (".codedeployignore", None),
    ),
    "version-control": ({APPSPEC: HEAD, ".svn/entries": ""}, (".svn", None)),
    "nested-repository": ({APPSPEC: HEAD, "a/.git/config": ""}, ("a/.git", None)),
    "git-lfs-pointer": ({APPSPEC: HEAD, "app/a.bin": LFS_POINTER}, ("app/a.bin", None)),
    "git-submodule-empty": (
        {APPSPEC: HEAD, ".gitmodules": "[submodule]\n\tpath = b\n", "b/": ""},
        ("b", None),
    ),
    "likely-secret": ({APPSPEC: HEAD, ".env": "A=1"}, (".env", None)),
}
RESOURCE_HEAD = "version: 0.0\nResources:\n  - web:\n"
LAMBDA = f"{RESOURCE_HEAD}      Type: AWS::Lambda::Function\n      Properties: {{Name: a, Alias: b"
ECS = f"{RESOURCE_HEAD}      Type: AWS::ECS::Service\n      Properties:\n"
VERSIONS = ", CurrentVersion: 1, TargetVersion: 2}\n"

# code → (AppSpec that is itself the revision of a Lambda application, line)
REVISIONS = {
    "appspec-version-one": (
        '{"version": 1, "Resources": []}\n',
        1,
    ),
    "appspec-resources": ("version: 0.0\nResources: []\n", 2),
    "appspec-resource-type": (f"{RESOURCE_HEAD}      Type: AWS::Lambda::Alias\n", 4),
    "appspec-resource-property-missing": (f"{LAMBDA}}}\n", 5),
    "appspec-resource-property": (f"{LAMBDA}, CurrentVersion: one, TargetVersion: 2}}\n", 5),
    "appspec-resource-vpc": (
        f"{ECS}        NetworkConfiguration:\n          AwsvpcConfiguration:\n            Subnets: [s]\n",
        8,
    ),
    "appspec-variable": (f"{ECS}        TaskDefinition: $TASK\n", 6),
    "appspec-placeholder": (f"{ECS}        TaskDefinition: <TASK>\n", 6),
    "appspec-resource-hooks": (f"{LAMBDA}{VERSIONS}Hooks:\n  BeforeAllowTraffic: f\n", 7),
    "appspec-resource-event": (f"{LAMBDA}{VERSIONS}Hooks:\n  - AfterInstall: f\n", 7),
}


def app_zip(folder: Path, member: zipfile.ZipInfo, text: str = "a", *, appspec: str = HEAD) -> list[str]:
    """Make a zip with one odd member; returns the flag that deploys it."""
    head = zip_info(APPSPEC, stat.S_IFREG | 0o644)
    write_zip(folder / "app.zip", [(head, appspec.encode()), (member, text.encode())])
    return ["--source=app.zip"]


def content(folder: Path, data: bytes) -> list[str]:
    """Make a file that is called a zip; returns the flag that deploys it."""
    (folder / "app.zip").write_bytes(data)
    return ["--source=app.zip"]


def encrypted(folder: Path) -> list[str]:
    app_zip(folder, zip_info("a", stat.S_IFREG | 0o644))
    data = bytearray((folder / "app.zip").read_bytes())
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    return content(folder, bytes(data))


def tgz_named_zip(folder: Path) -> list[str]:
    make_tar(folder / "app.zip", {APPSPEC: HEAD.encode()}, mode="w:gz")
    return ["--source=app.zip"]


def set_id(folder: Path) -> list[str]:
    (folder / "a").touch()
    (folder / "a").chmod(0o4755)
    return []


def fifo(folder: Path) -> list[str]:
    os.mkfifo(folder / "a")
    return []


def variables(folder: Path, text: str, value: str) -> list[str]:
    (folder / APPSPEC).write_text(text)
    return [f"--appspec-variables={value}"]


def windows(folder: Path) -> list[str]:
    (folder / APPSPEC).write_text("version: 0.0\nos: windows\n")
    return ["--bundle-type=tgz"]


FILE = stat.S_IFREG | 0o644
NAMED = f"{LAMBDA}, CurrentVersion: 1, TargetVersion: <V>}}\n"

# code → what to do to a repository, which returns the flags
OTHERS: dict[str, Callable[[Path], list[str]]] = {
    "archive-unreadable": lambda folder: content(folder, b"PK\x03\x04"),
    "archive-unknown-type": lambda folder: content(folder, b"hello"),
    "archive-type-mismatch": tgz_named_zip,
    "archive-encrypted": encrypted,
    "archive-method": lambda folder: app_zip(folder, zip_info("a", FILE, method=zipfile.ZIP_LZMA)),
    "archive-method-rare": lambda folder: app_zip(folder, zip_info("a", FILE, method=zipfile.ZIP_BZIP2)),
    "archive-file-and-folder": lambda folder: app_zip(folder, zip_info(f"{APPSPEC}/a", FILE)),
    "archive-backslash": lambda folder: app_zip(folder, zip_info("a\\b", FILE)),
    "archive-outside": lambda folder: app_zip(folder, zip_info("../a", FILE)),
    "archive-special-zipped": lambda folder: app_zip(folder, zip_info("a", stat.S_IFIFO | 0o644)),
    "archive-no-modes": lambda folder: app_zip(folder, zip_info("a", 0)),
    "appspec-hook-link-outside": lambda folder: app_zip(
        folder, zip_info("run.sh", LINK), "/opt/run.sh", appspec=HEAD + HOOK
    ),
    "appspec-files-link-outside": lambda folder: app_zip(
        folder, zip_info("app", LINK), "../app", appspec=FILES
    ),
    "appspec-variable-unused": lambda folder: variables(folder, NAMED, "V=2\nW=1"),
    "appspec-variable-structure": lambda folder: variables(folder, NAMED, "V=2, Alias: c"),
    "bundle-windows-type": windows,
    "special-file": fifo,
    "pattern-list": lambda _: [f"--exclude={APPSPEC}l appspec.*"],
    "mode-dropped": set_id,
    "source-unusable": lambda _: ["--source=.."],
    "source-date-epoch": lambda _: [],
}
ELSEWHERE = {
    "archive-compression": "unit/test_preflight_archive.py",
    "archive-duplicate": "unit/test_preflight_archive.py",
    "archive-special-file": "unit/test_preflight_archive.py",
    "archive-special-member": "unit/test_preflight_archive.py",
    "bundle-name-not-utf8-unused": "unit/test_preflight_archive.py",
    "archive-old-name": "unit/test_preflight_disagreements.py",
    "archive-link-without-target": "unit/test_preflight_disagreements.py",
    "archive-member-type": "unit/test_preflight_disagreements.py",
    "name-unusable": "unit/test_files.py",
    "bundle-name-control": "unit/test_hostile_archives.py",
    "appspec-platform": "protocol/test_pipeline_parameters.py",
    "bucket-region": "protocol/test_upload.py",
    "upload-left-behind": "protocol/test_upload.py",
    "upload-may-be-left": "protocol/test_upload.py",
    "bundle-size": "unit/test_preflight_verdicts.py",
    "file-changed": "unit/test_package.py",
    "unreadable": "unit/test_files.py",
    "archive-bomb": "unit/test_hostile_archives.py",
    "archive-link-target": "unit/test_hostile_archives.py",
    "archive-through-link": "unit/test_hostile_archives.py",
    "fleet-no-instance": "unit/test_fleet.py",
    "fleet-minimum": "unit/test_fleet.py",
    "fleet-too-many-stopped": "unit/test_fleet.py",
    "fleet-stopped": "unit/test_fleet.py",
    "fleet-no-profile": "transcripts/fleet-suspects.github.txt",
    "fleet-connection-lost": "transcripts/fleet-suspects.github.txt",
    "fleet-launch-suspended": "transcripts/fleet-launch-suspended.github.txt",
    "ecs-service-missing": "transcripts/ecs-service-missing.github.txt",
    "ecs-controller": "transcripts/ecs-controller.github.txt",
    "ecs-capacity-provider": "transcripts/ecs-capacity-provider.github.txt",
    "ecs-test-listener": "protocol/test_fleet.py",
    "lambda-alias-missing": "protocol/test_fleet.py",
}
"""Codes that need AWS, a hostile archive, another user or a second process, and the tests that show them."""


def write(folder: Path, files: Mapping[str, str | bytes], modes: Mapping[str, int] | None = None) -> Path:
    for name, text in files.items():
        path = folder / name
        if name.endswith("/"):
            path.mkdir(parents=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, str) and text.startswith("-> "):
            path.symlink_to(text[3:])
            continue
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod((modes or {}).get(name, 0o755 if name.endswith(".sh") else 0o644))
    return folder


def places(problems: Iterable[Problem], code: str) -> list[Place]:
    found = [problem.location for problem in problems if problem.code == code]
    return [(place.path, place.line) if place else None for place in found]


def assert_says(code: str, ran: Rehearsal, workspace: Path) -> None:
    """Check every annotation of the run: place, title and whole text."""
    log = ran.log.replace(str(workspace), "/workspace").replace(str(workspace.parent), "/parent")
    said = [line for line in log.splitlines() if re.match("::(error|warning|notice)", line)]
    kept = json.loads(SAID.read_text(encoding="utf-8"))
    if os.environ.get("UPDATE_TRANSCRIPTS") == "1":
        kept[code] = said
        text = json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False)
        SAID.write_text(f"{text}\n", encoding="utf-8")
    assert said == kept[code]


@pytest.mark.parametrize("code", APPSPECS)
def test_broken_in_the_appspec(code: str, tmp_path: Path) -> None:
    text, path, line = APPSPECS[code]
    write(tmp_path, {**APP, "run.sh": SH, "app/d/": "", "s/": "", APPSPEC: text})
    flags = ["--source=app.zip"] if code == "appspec-wrong-platform" else []
    if flags:  # what is no archive would be the revision itself
        make_zip(tmp_path / "app.zip", {APPSPEC: str(text).encode()})
    ran = rehearse(tmp_path, *flags)
    assert ran.places(code) == [("", None) if flags else (path, line)], ran.log
    assert_says(code, ran, tmp_path)


@pytest.mark.parametrize("code", SCRIPTS)
def test_broken_in_a_script(code: str, tmp_path: Path) -> None:
    text, mode, line = SCRIPTS[code]
    files = {APPSPEC: f"{HEAD}{HOOK}      runas: deploy\n", "run.sh": text}
    ran = rehearse(write(tmp_path, files, {"run.sh": mode}))
    assert ran.places(code) == [("run.sh", line)], ran.log
    assert_says(code, ran, tmp_path)


@pytest.mark.parametrize("code", TREES)
def test_broken_in_the_folder(code: str, tmp_path: Path) -> None:
    files, place = TREES[code]
    ran = rehearse(write(tmp_path, files), f"--appspec={'a.yml' if 'a.yml' in files else APPSPEC}")
    assert ran.places(code) == [place], ran.log
    assert_says(code, ran, tmp_path)


@pytest.mark.parametrize("code", REVISIONS)
def test_broken_in_an_appspec_that_is_the_revision(code: str, tmp_path: Path) -> None:
    text, line = REVISIONS[code]
    ran = rehearse(write(tmp_path, {"a.yml": text}), "--appspec=a.yml")
    assert ran.places(code)[:1] == [("a.yml", line)], ran.log
    assert_says(code, ran, tmp_path)


@pytest.mark.parametrize("code", OTHERS)
def test_broken_elsewhere(code: str, tmp_path: Path) -> None:
    write(tmp_path, {APPSPEC: HEAD})
    flags = OTHERS[code](tmp_path)
    environ = {"SOURCE_DATE_EPOCH": "today" if code == "source-date-epoch" else ""}
    ran = rehearse(tmp_path, *flags, environ=environ)
    assert code in {finding.code for finding in ran.findings}, ran.log
    assert_says(code, ran, tmp_path)


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
    """By a run of the product that reports it, or in a test that needs more than a repository."""
    shown = [*APPSPECS, *SCRIPTS, *TREES, *REVISIONS, *OTHERS, *ELSEWHERE]
    assert sorted(shown) == sorted(rule.code for rule in all_rules())
    for code, file in ELSEWHERE.items():
        assert code in (TESTS / file).read_text(encoding="utf-8")


def test_every_rule_is_documented() -> None:
    """Each module of rules is a chapter of the page."""
    modules = [import_module(f"deployer.rules.{each.name}") for each in iter_modules(rules.__path__)]
    assert {rule.code for module in modules for rule in rules_of(module)} == {
        rule.code for rule in all_rules()
    }


def problems_made() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(Path(rules.__path__[0]).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem":
                yield path.name, node


def test_every_code_of_ours_is_documented() -> None:
    """A code in kebab case is a rule's, or one of the run's; AWS's own are passed on."""
    codes = {
        value.value
        for _, call in problems_made()
        for value in [*call.args[2:3], *(each.value for each in call.keywords if each.arg == "code")]
        if isinstance(value, ast.Constant) and str(value.value).islower()
    }
    assert codes <= CODES.keys()


def test_every_message_is_a_sentence() -> None:
    """A capital (or a name) at its beginning, a period at its end."""
    for rule in all_rules():
        assert re.match(r"[A-Z`{]", rule.message), rule.code
        assert re.search(r"[.?](\}\})?$|\{advice\}$", rule.message), rule.code
        assert re.search(r"[.?`]$|\{advice\}$", rule.hint), rule.code
    for file, call in problems_made():
        keywords = {each.arg: each.value for each in call.keywords}
        text = call.args[0] if call.args else keywords["message"]
        parts = text.values if isinstance(text, ast.JoinedStr) else [text]
        if isinstance(parts[0], ast.Constant):
            assert re.match(r"[A-Z`'{]|role-to-assume", str(parts[0].value)), (file, ast.unparse(text))
        if isinstance(parts[-1], ast.Constant):
            assert re.search(r"[.?…]$", str(parts[-1].value)), (file, ast.unparse(text))


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
    assert problem.hint == "Did you mean hooks?"
