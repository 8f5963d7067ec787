"""The model of an AppSpec: values as the agent reads them, with their places."""

from __future__ import annotations

import math

import pytest

from deployer.appspec.model import FileMapping, Hook, Permission
from deployer.appspec.parse import parse
from deployer.appspec.paths import in_bundle, on_instance
from deployer.appspec.scalars import is_date, resolve
from deployer.choices import ComputePlatform

FULL = b"""\
version: 0.0
os: linux
files:
  - source: /
    destination: /srv/app
file_exists_behavior: OVERWRITE
permissions:
  - object: /srv/app
    pattern: "*.sh"
    except: [a.sh]
    owner: root
    group: root
    mode: 64
    type: [file]
    acls: ["d:u:me:rw"]
    context: {name: u, type: t, range: s0}
hooks:
  ApplicationStop:
    - location: stop.sh
  AfterInstall:
    - location: /a.sh
      timeout: 30
      runas: me
    - location: b.sh
"""


def test_everything_of_an_appspec_for_instances() -> None:
    parsed = parse(FULL, path="ci/appspec.yml")
    assert parsed.problems == ()
    appspec = parsed.appspec
    assert appspec is not None
    assert (appspec.path, appspec.compute_platform) == ("ci/appspec.yml", ComputePlatform.SERVER)
    assert (appspec.version, appspec.os, appspec.file_exists_behavior) == (0.0, "linux", "OVERWRITE")
    assert appspec.files == (FileMapping("/", "/srv/app", 4, 13, 5),)
    assert appspec.hooks == {
        "ApplicationStop": (Hook("stop.sh", line=19, column=17),),
        "AfterInstall": (Hook("/a.sh", 30, "me", 21, 17), Hook("b.sh", line=24, column=17)),
    }
    assert appspec.permissions == (
        Permission(
            "/srv/app",
            "*.sh",
            ("a.sh",),
            frozenset({"file"}),
            "064",
            owner="root",
            group="root",
            acls=("d:u:me:rw",),
            default_acl=True,
            context=True,
            changes=True,
            line=8,
            column=13,
        ),
    )


def test_all_wrong_items_of_a_list_are_named_at_once() -> None:
    """One mistake does not hide the next of its kind."""
    text = b"""\
version: 0.0
os: linux
files: [5, {source: a}, {destination: /srv}, {source: 1, destination: /srv}, 6]
permissions:
  - 7
  - {mode: 644}
  - object: /srv
    acls: [x, "u:me:z", "g::r"]
    except: [1, 2]
    type: [files, folders]
  - 8
hooks:
  AfterInstal: [{location: a.sh}]
  AfterInstall: [9, {timeout: 3}, {location: a.sh, timeout: 0}, {location: b.sh, timeout: -1}, 10]
  Instal: [{location: a.sh}]
"""
    parsed = parse(text, path="appspec.yml")
    assert parsed.appspec is not None
    (permission,) = parsed.appspec.permissions
    found = [
        (place.line, place.column, problem.code.removeprefix("appspec-"))
        for problem in (*parsed.problems, *permission.faults)
        if (place := problem.location)
    ]
    assert sorted(found) == [
        (3, 9, "files-item-type"),
        (3, 12, "files-no-destination"),
        (3, 25, "files-no-source"),
        (3, 55, "files-not-text"),
        (3, 78, "files-item-type"),
        (5, 5, "permissions-item-type"),
        (6, 5, "permissions-no-object"),
        (8, 12, "permissions-acl"),
        (8, 15, "permissions-acl"),
        (8, 25, "permissions-acl"),
        (9, 14, "permissions-list"),
        (9, 17, "permissions-list"),
        (10, 12, "permissions-type"),
        (10, 19, "permissions-type"),
        (11, 5, "permissions-item-type"),
        (13, 3, "hook-unknown-event"),
        (14, 18, "hook-item-type"),
        (14, 21, "hook-no-location"),
        (14, 61, "hook-timeout"),
        (14, 91, "hook-timeout"),
        (14, 96, "hook-item-type"),
        (15, 3, "hook-unknown-event"),
    ]


def test_what_is_wrong_with_the_hooks_of_a_function_is_named_with_its_place() -> None:
    text = b"""\
version: 0.0
Resources:
  - web:
      Type: AWS::Lambda::Function
      Properties: {Name: a, Alias: b, CurrentVersion: 1, TargetVersion: 2}
Hooks:
  - BeforeAllowTraffic: [f]
  - x
  - {BeforeAllowTraffic: f, AfterAllowTraffic: g}
  - Nope: f
"""
    assert [
        (problem.location.line, problem.location.column, problem.message, problem.hint)
        for problem in parse(text, path="appspec.yml").problems
        if problem.location
    ] == [
        (
            7,
            25,
            "`BeforeAllowTraffic` is a list where the service expects the name or ARN of a function.",
            "Write `- BeforeAllowTraffic: check-traffic`.",
        ),
        (
            8,
            5,
            "`Hooks` has no event; it is a list of single events.",
            "Write `- BeforeAllowTraffic: name-of-a-function` for each.",
        ),
        (
            9,
            5,
            "`Hooks` has an item with several keys; it is a list of single events.",
            "Write `- BeforeAllowTraffic: name-of-a-function` for each.",
        ),
        (
            10,
            5,
            "Lambda has no lifecycle event `Nope` that runs a function.",
            "The events are `BeforeAllowTraffic` and `AfterAllowTraffic`.",
        ),
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("Null", None), ("NULL", None),
        ("yes", True), ("True", True), ("ON", True), ("no", False), ("off", False), ("y", "y"), ("n", "n"),
        ("linux", "linux"), ("0644", 420), ("0755", 493), ("0o644", "0o644"), ("08", "08"), ("644", 644),
        ("-7", -7), ("+7", 7), ("0x1A", 26), ("0b101", 5), ("1_000", 1000), ("1,000", 1000), ("0_7", 7),
        ("0.0", 0.0), (".5", 0.5), ("1.", 1.0), (".", "."), ("+.", "+."), ("1e3", "1e3"), ("1.5e+3", 1500.0),
        (".inf", math.inf), ("-.INF", -math.inf), ("12:30", 45000), ("1:2:3", 3723), ("-1:0", -3600),
        ("1__0:0", 36000), ("a\n", "a\n"), ("1.2.3", "1.2.3"), ("9" * 5000, "9" * 5000), ("-", "-"),
    ],
)  # fmt: skip
def test_plain_values_as_ruby_reads_them(text: str, value: object) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


@pytest.mark.parametrize("text", ["2024-05-01", "2024-1-2", "2024-05-01 10:00:00", "2024-05-01T1:02:03.5Z"])
def test_dates(text: str) -> None:
    assert is_date(text)


@pytest.mark.parametrize("text", ["2024-13-01", "24-05-01", "2024-05", "x2024-05-01"])
def test_what_is_no_date(text: str) -> None:
    assert not is_date(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a/b", "a/b"), ("/a//b/", "a/b"), ("./a/./b", "a/b"), ("a/../b", "b"), ("/", ""), (".", ""),
        ("", ""), ("..", None), ("a/../../b", None), ("/../a", None), ("..a", "..a"), ("a\\b", "a\\b"),
    ],
)  # fmt: skip
def test_paths_in_the_bundle(text: str, name: str | None) -> None:
    assert in_bundle(text) == name


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/srv/a/", "/srv/a"),
        ("srv", "/srv"),
        ("//srv", "/srv"),
        ("/srv/../etc", "/etc"),
        ("/", "/"),
        ("/..", "/"),
    ],
)
def test_paths_on_the_instance(text: str, path: str) -> None:
    assert on_instance(text) == path


def test_windows_paths() -> None:
    assert in_bundle("\\a\\b", windows=True) == "a/b"
    assert on_instance("C:\\Site", windows=True) == "/c:/site"


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        (b"version: 0.0\nos: linux\nhooks:\n  Nonsense:\n", 4, 3),
        ("# é\nversion: 0.0\nos: lünux\n".encode(), 3, 5),
        (b"version: 0.0\r\nos: Linux\r\n", 2, 5),
        (b"a: [", 1, 5),
        (b"version: 0.0\nos: linux\n\xff", 3, 1),
        (b"version: 0.0\nos: linux\nx: \0", 3, 4),
        (b"version: 0.0\nos: linux\nfiles: []\n  bad: x\n", 4, 3),
    ],
)
def test_lines_and_columns_count_from_one(content: bytes, line: int, column: int) -> None:
    (problem,) = parse(content, path="a.yml").problems
    assert problem.location is not None
    assert (problem.location.path, problem.location.line, problem.location.column) == ("a.yml", line, column)


def test_all_problems_come_at_once() -> None:
    content = b"version: 1\nos: Linux\nfiles:\n  - a\nhooks:\n  X: []\npermissions:\n  - mode: 9\n"
    codes = {problem.code for problem in parse(content, path="a.yml").problems}
    assert codes == {
        "appspec-version",
        "appspec-os",
        "appspec-files-item-type",
        "appspec-hook-unknown-event",
        "appspec-permissions-mode",
        "appspec-permissions-no-object",
    }


LAMBDA = """\
version: 0.0
{Resources}:
  - live:
      {Type}: AWS::Lambda::Function
      {Properties}:
        {Name}: api
        {Alias}: live
        {CurrentVersion}: "1"
        {TargetVersion}: 2
{Hooks}:
  - BeforeAllowTraffic: check
  - AfterAllowTraffic: arn:aws:lambda:eu-west-1:111122223333:function:check
"""
KEYS = ["Resources", "Type", "Properties", "Name", "Alias", "CurrentVersion", "TargetVersion", "Hooks"]
ECS = """\
version: 0.0
Resources:
  - web:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: arn:aws:ecs:eu-west-1:111122223333:task-definition/web:7
        LoadBalancerInfo: {ContainerName: web, ContainerPort: 8080}
        PlatformVersion: LATEST
        NetworkConfiguration:
          AwsvpcConfiguration: {Subnets: [s-1], SecurityGroups: [sg-1], AssignPublicIp: DISABLED}
        CapacityProviderStrategy: [{CapacityProvider: FARGATE_SPOT, Weight: 1}]
Hooks: [{BeforeInstall: f}, {AfterInstall: f}, {AfterAllowTestTraffic: f}]
"""


@pytest.mark.parametrize("case", [str, str.lower, str.upper])
def test_an_appspec_for_lambda_in_any_case(case: type[str]) -> None:
    content = LAMBDA.format(**{key: case(key) for key in KEYS}).encode()
    parsed = parse(content, path="a.yml")
    assert parsed.problems == ()
    assert parsed.appspec is not None
    assert (parsed.appspec.compute_platform, parsed.appspec.resource) == (ComputePlatform.LAMBDA, "live")
    assert parsed.appspec.hooks["BeforeAllowTraffic"] == (Hook("check", line=11, column=25),)
    assert parsed.appspec.files == ()


def test_an_appspec_for_ecs() -> None:
    parsed = parse(ECS.encode(), path="a.yml")
    assert parsed.problems == ()
    assert parsed.appspec is not None
    assert parsed.appspec.compute_platform is ComputePlatform.ECS
    assert list(parsed.appspec.hooks) == ["BeforeInstall", "AfterInstall", "AfterAllowTestTraffic"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 0.0\n", ""),
        ("  - web:\n", "  - web: x\n  - api:\n"),
        ("  - web:\n", "  - web: {}\n    api:\n"),
        ("AWS::ECS::Service", ""),
        ("task-definition/web:7", "service/web"),
        ("arn:aws:ecs:eu-west-1:111122223333:task-definition/web:7", "web:7"),
        ("arn:aws:ecs:eu-west-1:111122223333:task-definition/web:7", "<TASK>"),
        ("TaskDefinition", "Task"),
        ("{ContainerName: web, ContainerPort: 8080}", "web"),
        ("ContainerPort: 8080", "ContainerPort: 80800"),
        ("ContainerPort: 8080", "ContainerPort: [80]"),
        ("ContainerName: web, ", ""),
        ("ContainerName: web", "ContainerName: [web]"),
        ("Subnets: [s-1], ", ""),
        ("Subnets: [s-1]", "Subnets: s-1"),
        ("Subnets: [s-1]", "Subnets: [[]]"),
        ("AssignPublicIp: DISABLED", "AssignPublicIp: no"),
        ("AwsvpcConfiguration: {", "Awsvpc: {"),
        ("[{CapacityProvider: FARGATE_SPOT, Weight: 1}]", "FARGATE_SPOT"),
        ("BeforeInstall: f", "BeforeInstall: [f]"),
        ("BeforeInstall: f", "BeforeInstal: f"),
        ("{BeforeInstall: f}", "{BeforeInstall: f, AfterInstall: f}"),
        ("{BeforeInstall: f}", "BeforeInstall"),
        ("AfterAllowTestTraffic", "ApplicationStop"),
    ],
)  # fmt: skip
def test_what_ecs_refuses(old: str, new: str) -> None:
    text = ECS.replace(old, new)
    assert text != ECS
    errors = [problem for problem in parse(text.encode(), path="a").problems if problem.severity == "error"]
    assert errors


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Name: api", "Name: [api]"),
        ("Alias: live", "Alias:"),
        ('CurrentVersion: "1"', "CurrentVersion: $LATEST"),
        ("TargetVersion: 2", "TargetVersion: 0"),
        ("TargetVersion: 2", "TargetVersion: [2]"),
        ("      Properties:\n", "      Properties: x\n      Other:\n"),
        ("BeforeAllowTraffic", "BeforeInstall"),
        ("BeforeAllowTraffic", "Nothing"),
        ("  - live:\n", "  - live: AWS::Lambda::Function\n    x:\n"),
        ("  - live:\n", "  - live: x\n  -\n"),
    ],
)
def test_what_lambda_refuses(old: str, new: str) -> None:
    good = LAMBDA.format(**{key: key for key in KEYS})
    text = good.replace(old, new)
    assert text != good
    errors = [problem for problem in parse(text.encode(), path="a").problems if problem.severity == "error"]
    assert errors


@pytest.mark.parametrize(
    "resources", ["[]", "{}", "x", "[x]", "[{a: x}]", "[{a: {Type: AWS::ECS::Service}}]"]
)
def test_resources_that_are_none(resources: str) -> None:
    parsed = parse(f"version: 0.0\nResources: {resources}\n".encode(), path="a")
    assert parsed.appspec is not None
    assert parsed.problems


def test_a_placeholder_is_named_once_and_with_its_line() -> None:
    content = ECS.replace("arn:aws:ecs:eu-west-1:111122223333:task-definition/web:7", "<TASK>").encode()
    (problem,) = parse(content, path="a").problems
    assert (problem.code, problem.location and problem.location.line) == ("appspec-placeholder", 6)


def test_no_appspec_at_all_stays_what_it_is() -> None:
    parsed = parse(b"[]", path="a")
    assert parsed.appspec is None
    assert [problem.code for problem in parsed.problems] == ["appspec-not-a-mapping"]
