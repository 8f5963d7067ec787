"""The little of Lambda and ECS that a deployment tool may read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.emulator.deployments import partition
from tests.emulator.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class Neighbours:
    """Functions with their aliases' versions, newest revisions of task definitions, and services."""

    account: str
    functions: dict[str, dict[str, str]] = field(default_factory=lambda: {"shop-orders": {"live": "7"}})
    families: dict[str, int] = field(default_factory=lambda: {"shop-web": 41})
    services: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "shop/shop-web": {"status": "ACTIVE", "deploymentController": {"type": "CODE_DEPLOY"}}
        }
    )

    def function(self, operation: str, request: Mapping[str, Any], *, region: str) -> dict[str, Any]:
        """GetAlias and GetFunction."""
        name = request["FunctionName"].rpartition(":function:")[2]
        arn = f"arn:{partition(region)}:lambda:{region}:{self.account}:function:{name}"
        aliases = self.functions.get(name)
        if aliases is None:
            raise ServiceError("ResourceNotFoundException", f"Function not found: {arn}", status=404)
        if operation == "GetFunction":
            version = request.get("Qualifier", "$LATEST")
            return {
                "Configuration": {
                    "FunctionName": name,
                    "FunctionArn": arn,
                    "Version": aliases.get(version, version),
                }
            }
        alias = request["Name"]
        if alias not in aliases:
            raise ServiceError(
                "ResourceNotFoundException", f"Cannot find alias arn: {arn}:{alias}", status=404
            )
        return {"AliasArn": f"{arn}:{alias}", "Name": alias, "FunctionVersion": aliases[alias]}

    def described_services(self, request: Mapping[str, Any], *, region: str) -> dict[str, Any]:
        """DescribeServices of one cluster."""
        arn = f"arn:{partition(region)}:ecs:{region}:{self.account}:service"
        names = {each: f"{request['cluster']}/{each}" for each in request["services"]}
        return {
            "services": [
                {"serviceArn": f"{arn}/{path}", "serviceName": name, **self.services[path]}
                for name, path in names.items()
                if path in self.services
            ],
            "failures": [
                {"arn": f"{arn}/{path}", "reason": "MISSING"}
                for path in names.values()
                if path not in self.services
            ],
        }

    def task_definition(self, request: Mapping[str, Any], *, region: str) -> dict[str, Any]:
        """DescribeTaskDefinition, by family, family and revision, or ARN."""
        family, _, revision = request["taskDefinition"].rpartition("task-definition/")[2].partition(":")
        newest = self.families.get(family)
        number = int(revision or newest or 0)
        if newest is None or not 0 < number <= newest:
            raise ServiceError("ClientException", "Unable to describe task definition.")
        prefix = f"arn:{partition(region)}:ecs:{region}:{self.account}:task-definition"
        facts = {
            "family": family,
            "revision": number,
            "status": "ACTIVE",
            "containerDefinitions": [{"name": "web"}],
        }
        return {"taskDefinition": {"taskDefinitionArn": f"{prefix}/{family}:{number}", **facts}}
