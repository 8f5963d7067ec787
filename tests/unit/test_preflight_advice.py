"""AppSpecs that do nothing where something was meant → what to write instead."""

from __future__ import annotations

import pytest

from deployer.appspec.parse import parse
from deployer.preflight.check import check_bundle
from tests.bundles import bundle

HEAD = "version: 0.0\nos: linux\n"
FILES = f"{HEAD}files:\n  - source: app\n    destination: /srv/app\n"
ECS = """\
version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      {key}: x
      Properties:
        TaskDefinition: arn:aws:ecs:eu-west-1:444455556666:task-definition/shop:7
        LoadBalancerInfo:
          ContainerName: web
          ContainerPort: 80
"""


def hints(text: str) -> str:
    return "\n".join(problem.hint for problem in parse(text.encode(), path="appspec.yml").problems)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (
            f"{FILES}    overwrite: true\n",
            "Write `file_exists_behavior: OVERWRITE` at the top of the AppSpec",
        ),
        (
            f"{FILES}    owner: www-data\n",
            "Set it in `permissions`, in an item with the destination as `object`.",
        ),
        (f"{FILES}    runas: root\n", "Move it to an item of an event in `hooks`."),
        (f"{FILES}timeout: 30\n", "Move it to an item of an event in `hooks`."),
        (ECS.format(key="CapacityProviderStrategy"), "Move it to `Properties`."),
        (ECS.format(key="ContainerPort"), "Move it to `LoadBalancerInfo`."),
        (ECS.format(key="hooks"), "Move it to the top of the AppSpec."),
        (ECS.format(key="Flavour"), "Remove it;"),
    ],
)
def test_a_key_in_the_wrong_place_is_told_where_it_belongs(text: str, advice: str) -> None:
    assert advice in hints(text)


def test_the_current_version_of_a_function_may_be_left_out() -> None:
    text = (
        "version: 0.0\nResources:\n  - f:\n      Type: AWS::Lambda::Function\n      Properties:\n"
        "        Name: f\n        Alias: live\n        CurrentVersion: ''\n        TargetVersion: 2\n"
    )
    assert "or leave it out: it is looked up" in hints(text)


@pytest.mark.parametrize(
    ("item", "why", "advice"),
    [
        ("type: [directory]", "only files", "name its parent as `object`"),
        ("type: [file]\n    pattern: '*.sh'", "leave nothing over", "* does not match a slash"),
    ],
)
def test_permissions_on_nothing_say_what_is_there(item: str, why: str, advice: str) -> None:
    text = f"{FILES}permissions:\n  - object: /srv/app\n    mode: 755\n    {item}\n"
    told = check_bundle(bundle({"appspec.yml": text, "app/a.txt": "a"}))
    (problem,) = (each for each in told if each.code == "appspec-permissions-nothing")
    assert why in problem.message
    assert advice in problem.hint


def test_permissions_on_files_among_folders_say_so() -> None:
    text = f"{FILES}permissions:\n  - object: /srv/app\n    mode: 755\n    type: [file]\n"
    told = check_bundle(bundle({"appspec.yml": text, "app/log/": ""}))
    (problem,) = (each for each in told if each.code == "appspec-permissions-nothing")
    assert "only folders" in problem.message
    assert "directory" in problem.hint


@pytest.mark.parametrize(
    "files",
    [
        {"s.sh": "#!/usr/bin/env " + "a=b " * 10_000},
        {"s.sh": "#!/bin/sh " + "-e " * 10_000},
        {"appspec.yml": f"{FILES}x: 2001-12-14t21:59:43.{'1' * 100_000}Z\n"},
    ],
)
def test_what_a_message_quotes_of_a_file_is_short(files: dict[str, str]) -> None:
    text = f"{FILES}hooks:\n  AfterInstall:\n    - location: s.sh\n"
    told = check_bundle(bundle({"appspec.yml": text, "app/a.txt": "a", **files}))
    assert told
    assert max(len(each.message + each.hint) for each in told) < 5000
