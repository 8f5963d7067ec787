"""Pieces that an AppSpec for Lambda or ECS may leave out, looked up: CurrentVersion, the ARN of a family.

The author's text stays as it is; only the missing piece is put in.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import yaml

from deployer.appspec.resource import properties_of
from deployer.aws.errors import error_code, is_credentials, is_denied, is_transient, sdk_errors, translate
from deployer.errors import AccessDenied, InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.aws.client import Aws


_FAMILY = re.compile(r"[\w-]+(:\d+)?", re.ASCII)


class Resolver(Protocol):
    """The source of the missing pieces."""

    def version(self, function: str, alias: str) -> str:
        """Return the version that the function's alias points to."""
        ...

    def task_definition(self, name: str) -> str:
        """Return the ARN of a task definition, given as `family` or `family:revision`."""
        ...


class Stopgap:
    """Pieces that are right in form, for checking an AppSpec without AWS."""

    def version(self, function: str, alias: str) -> str:  # noqa: ARG002 - a stopgap for any
        """Return a version's number."""
        return "1"

    def task_definition(self, name: str) -> str:  # noqa: ARG002
        """Return a task definition's ARN."""
        return "arn:aws:ecs:eu-west-1:111122223333:task-definition/any:1"


@dataclass(frozen=True, slots=True)
class AwsResolver:
    """The account's own Lambda and ECS; raises a DeployError when they may not be asked or do not know."""

    aws: Aws

    def version(self, function: str, alias: str) -> str:
        """Ask lambda:GetAlias."""
        with _looked_up("lambda:GetAlias", f"alias {alias} of the function {function}", "CurrentVersion"):
            return self.aws.functions.get_alias(FunctionName=function, Name=alias)["FunctionVersion"]

    def task_definition(self, name: str) -> str:
        """Ask ecs:DescribeTaskDefinition."""
        with _looked_up("ecs:DescribeTaskDefinition", f"task definition {name}", "the ARN as TaskDefinition"):
            answer = self.aws.ecs.describe_task_definition(taskDefinition=name)
            return answer["taskDefinition"]["taskDefinitionArn"]


@contextmanager
def _looked_up(action: str, what: str, piece: str) -> Iterator[None]:
    """Say what was looked for, and that it may be written into the AppSpec instead."""
    try:
        yield
    except sdk_errors() as error:
        explained = translate(error, action=action, resource=what)
        instead = f"Or write {piece} into the AppSpec."
        if not error_code(error) or is_transient(error) or is_credentials(error):
            raise explained from error
        if is_denied(error):
            problem = explained.problems[0]
            raise AccessDenied(replace(problem, hint=f"{problem.hint}\n{instead}")) from error
        raise InvalidInput(Problem(f"There is no {what}: {error}", instead)) from error


@dataclass(frozen=True, slots=True)
class Completed:
    """An AppSpec with nothing missing.

    `piece` is what was put in, empty where nothing was; `inserted` is the line, from 1, that was not in the
    author's text.
    """

    text: str
    piece: str = ""
    inserted: int | None = None


def complete(text: str, resolver: Resolver) -> Completed:
    """Look up what the AppSpec leaves out; a text that cannot be understood comes back as it is."""
    properties = properties_of(text)
    if properties is None:
        return Completed(text)
    named = {str(key.value).lower(): value for key, value in properties.value}
    task = named.get("taskdefinition")
    if isinstance(task, yaml.ScalarNode) and task.tag[0] != "!" and _FAMILY.fullmatch(task.value):
        return _replaced(text, task, resolver.task_definition(task.value))
    function, alias = named.get("name"), named.get("alias")
    if "currentversion" in named or not (function and alias and function.value and alias.value):
        return Completed(text)
    return _inserted(text, properties, resolver.version(str(function.value), str(alias.value)))


def _replaced(text: str, node: yaml.ScalarNode, arn: str) -> Completed:
    """Return the text with a scalar replaced, in quotes where it was in quotes."""
    start, end = node.start_mark.index, node.end_mark.index
    quote = text[start] if text[start] in "\"'" else ""
    return Completed(f"{text[:start]}{quote}{arn}{quote}{text[end:]}", f"TaskDefinition: {arn}")


def _inserted(text: str, properties: yaml.MappingNode, version: str) -> Completed:
    """Return the text with CurrentVersion as the first of the properties."""
    mark = properties.value[0][0].start_mark
    before, after = text[: mark.index], text[mark.index :]
    piece = f"CurrentVersion: {version}"
    if properties.flow_style:
        return Completed(f'{before}"CurrentVersion": "{version}", {after}', piece)
    return Completed(f'{before}CurrentVersion: "{version}"\n{" " * mark.column}{after}', piece, mark.line + 1)
