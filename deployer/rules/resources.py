"""Rules of the AppSpecs of Lambda and ECS, which the service reads."""

from __future__ import annotations

from deployer.rules import DOCS, SERVICE, WARNING, Rule

_LAMBDA = (
    "version: 0.0\nResources:\n  - MyFunction:\n      Type: AWS::Lambda::Function\n      Properties:\n"
    "        Name: my-function\n        Alias: live\n        CurrentVersion: 1\n        TargetVersion: 2"
)
_ECS = (
    "version: 0.0\nResources:\n  - TargetService:\n      Type: AWS::ECS::Service\n      Properties:\n"
    "        TaskDefinition: arn:aws:ecs:eu-west-1:111122223333:task-definition/web:7\n"
    "        LoadBalancerInfo:\n          ContainerName: web\n          ContainerPort: 8080"
)

RESOURCES = Rule(
    code="appspec-resources",
    message="`Resources` {found}; it is a list with exactly one resource.",
    hint="Write one item: its name, and below it `Type` and `Properties`.",
    bad="Resources: {}",
    good=_LAMBDA,
    source=SERVICE,
)
TYPE = Rule(
    code="appspec-resource-type",
    message="The type of the resource {name} is {found}.",
    hint="Write `Type: AWS::Lambda::Function` or `Type: AWS::ECS::Service`.",
    bad="Type: AWS::Lambda::Alias",
    good=_LAMBDA,
    source=SERVICE,
)
PROPERTY_MISSING = Rule(
    code="appspec-resource-property-missing",
    message="{owner} has no `{key}`.",
    hint="Add `{key}:`. {owner} needs {needed}.",
    bad="Properties:\n  Name: my-function",
    good=_LAMBDA,
    source=SERVICE,
)
PROPERTY = Rule(
    code="appspec-resource-property",
    message="`{key}` is {found} where the service expects {expected}.",
    hint="Write {example}.",
    bad="ContainerPort: http",
    good=_ECS,
    source=SERVICE,
)
VPC = Rule(
    code="appspec-resource-vpc",
    message="AwsvpcConfiguration has no `{key}`; specify all of it or none.",
    hint="Add `{key}:`, or remove NetworkConfiguration to keep the service's own.",
    bad="NetworkConfiguration:\n  AwsvpcConfiguration:\n    Subnets: [subnet-1]",
    good="NetworkConfiguration:\n  AwsvpcConfiguration:\n    Subnets: [subnet-1]\n"
    "    SecurityGroups: [sg-1]\n    AssignPublicIp: DISABLED",
    source=SERVICE,
)
PLACEHOLDER = Rule(
    code="appspec-placeholder",
    message="The placeholder {text} was not replaced.",
    hint="Give its value in the input `appspec-variables`.",
    bad="TaskDefinition: <TASK_DEFINITION>",
    good="appspec-variables: |\n  TASK_DEFINITION=arn:aws:ecs:eu-west-1:111122223333:task-definition/web:7",
    source="this tool (input `appspec-variables`)",
)
VARIABLE = Rule(
    code="appspec-variable",
    message="{text} was not replaced; the service receives it unchanged, and rejects it.",
    hint="Fill it in before this step, or write `<NAME>` and give its value in `appspec-variables`.",
    bad="TaskDefinition: $TASK_DEFINITION",
    good="TaskDefinition: <TASK_DEFINITION>",
    source=SERVICE,
)
VARIABLE_UNUSED = Rule(
    code="appspec-variable-unused",
    message="The variable {name} has no placeholder: `<{name}>` does not occur in the AppSpec.",
    hint="Write `<{name}>` where its value belongs, or remove it from the input `appspec-variables`.",
    bad="appspec-variables: TASK=arn:aws:ecs:eu-west-1:111122223333:task-definition/web:7",
    good="TaskDefinition: <TASK>",
    source="this tool (input `appspec-variables`)",
    severity=WARNING,
)
VARIABLE_STRUCTURE = Rule(
    code="appspec-variable-structure",
    message="A variable's value would change what this line says beyond its placeholder.",
    hint="Put the placeholder in double quotes, or give a value without `: `, ` #`, quotes and brackets.",
    bad="appspec-variables: NAME=web, Alias: live\nProperties: {Name: <NAME>}",
    good='Properties: {Name: "<NAME>"}',
    source="this tool (input `appspec-variables`)",
)
HOOKS = Rule(
    code="appspec-resource-hooks",
    message="`Hooks` {found}; it is a list of single events.",
    hint="Write `- BeforeAllowTraffic: name-of-a-function` for each.",
    bad="Hooks:\n  BeforeAllowTraffic: check",
    good="Hooks:\n  - BeforeAllowTraffic: check",
    source=SERVICE,
)
EVENT = Rule(
    code="appspec-resource-event",
    message="{platform} has no lifecycle event `{event}` that runs a function.",
    hint="{advice}",
    bad="Hooks:\n  - AfterInstall: check   # in an AppSpec for Lambda",
    good="Hooks:\n  - AfterAllowTraffic: check",
    source=SERVICE,
)
PLATFORM = Rule(
    code="appspec-platform",
    message="The application {application} deploys to {expected}; this revision is for {found}.",
    hint="Correct the input application, or what is deployed (source, appspec, revision).",
    bad="application: web-on-ecs\nappspec: appspec-lambda.yml",
    good="application: web-on-ecs\nappspec: appspec-ecs.yml",
    source=DOCS,
)
