"""IAM: policy documents as users write them, and the decision with the text that AWS gives for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Document = Mapping[str, Any]
STATEMENT_KEYS = {"Sid", "Effect", "Action", "Resource", "Principal", "Condition"}


@dataclass(frozen=True, slots=True)
class Policies:
    """What decides about an identity; a document that is not given does not restrict."""

    identity: Document | None = None
    boundary: Document | None = None
    service_control: Document | None = None

    def __post_init__(self) -> None:
        for document in (self.identity, self.boundary, self.service_control):
            if document is not None:
                check_document(document)


KINDS = (
    ("service_control", "a service control policy", "service control policy"),
    ("boundary", "a permissions boundary", "permissions boundary"),
    ("identity", "an identity-based policy", "identity-based policy"),
)


@dataclass(frozen=True, slots=True)
class Context:
    """What conditions may look at."""

    principals: frozenset[str] = frozenset()
    keys: Mapping[str, str] = field(default_factory=dict)


def check_document(document: Document) -> None:
    """Raise ValueError for a document that IAM would not take, or that holds what is not emulated."""
    if document.get("Version") != "2012-10-17":
        raise ValueError(f"a policy's Version has to be 2012-10-17, not {document.get('Version')!r}")
    for statement in statements(document):
        unknown = set(statement) - STATEMENT_KEYS
        if unknown or statement.get("Effect") not in {"Allow", "Deny"}:
            raise ValueError(f"a statement that IAM refuses or that is not emulated: {statement}")
        for action in listed(statement["Action"]):
            if not re.fullmatch(r"\*|[a-z0-9-]+:[A-Za-z0-9*?]+", action):
                raise ValueError(f"no action: {action!r}")
        for resource in listed(statement.get("Resource", "*")):
            if not re.fullmatch(r"\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:.+", resource):
                raise ValueError(f"no resource: {resource!r}")


def statements(document: Document) -> list[Document]:
    """The statements, whether one or a list is written."""
    found = document["Statement"]
    return [found] if isinstance(found, Mapping) else list(found)


def listed(value: Any) -> list[str]:
    """A string or a list of strings as a list."""
    return [value] if isinstance(value, str) else list(value)


def denial(policies: Policies, arn: str, action: str, resource: str) -> str | None:
    """AWS's text when the call is not allowed, None when it is."""
    named = f'"{resource}"' if action.startswith("s3:") else resource
    prefix = f"User: {arn} is not authorized to perform: {action} on resource: {named}"
    documents = [(getattr(policies, name), *texts) for name, *texts in KINDS]
    given = [each for each in documents if each[0] is not None]
    for document, with_article, _ in given:
        if decide(document, action, resource) is False:
            return f"{prefix} with an explicit deny in {with_article}"
    for document, _, kind in given:
        if decide(document, action, resource) is None:
            return f"{prefix} because no {kind} allows the {action} action"
    return None


def decide(document: Document, action: str, resource: str, context: Context | None = None) -> bool | None:
    """True: allowed, False: explicitly denied, None: not mentioned."""
    effects = {
        statement["Effect"]
        for statement in statements(document)
        if _any(listed(statement["Action"]), action, ignore_case=True)
        and _any(listed(statement.get("Resource", "*")), resource)
        and _holds(statement, context or Context())
    }
    return False if "Deny" in effects else True if effects else None


def _holds(statement: Document, context: Context) -> bool:
    principal = statement.get("Principal")
    if principal is not None and principal != "*":
        named = {each for values in principal.values() for each in listed(values)}
        if "*" not in named and not named & context.principals:
            return False
    for operator, wanted in statement.get("Condition", {}).items():
        if operator not in {"StringEquals", "StringLike"}:
            raise ValueError(f"the condition operator {operator} is not emulated")
        for key, values in wanted.items():
            actual = context.keys.get(key)
            likes = listed(values)
            if actual is None or not (actual in likes if operator == "StringEquals" else _any(likes, actual)):
                return False
    return True


def _any(patterns: Iterable[str], value: str, *, ignore_case: bool = False) -> bool:
    return any(_compiled(pattern, ignore_case).fullmatch(value) for pattern in patterns)


@cache
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:  # noqa: FBT001  (a cache key)
    text = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
