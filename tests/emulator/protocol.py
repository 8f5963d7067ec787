"""Requests and responses held against botocore's own service models."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session

from tests.emulator.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.model import ServiceModel, Shape

TYPES: dict[str, tuple[type, ...]] = {
    "structure": (Mapping,),
    "map": (Mapping,),
    "list": (list, tuple),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "double": (int, float),
    "float": (int, float),
    "boolean": (bool,),
    "timestamp": (int, float, str),
    "blob": (str, bytes),
}
FUTURE = {"Verifying"}  # a status that the service may learn one day
UNLISTED = {"MOST_CONCURRENCY"}  # a value that the reference describes and the model lacks
COMMON_ERRORS = {
    "AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature",
    "InternalFailure", "InternalServerError", "InvalidClientTokenId", "InvalidSignatureException",
    "MissingAuthenticationToken", "MissingAuthenticationTokenException", "ServiceUnavailable",
    "SignatureDoesNotMatch", "ThrottlingException", "UnknownOperationException",
    "UnrecognizedClientException", "ValidationError", "ValidationException",
}  # fmt: skip


@cache
def service_model(name: str) -> ServiceModel:
    """The model that botocore itself works with."""
    return botocore.session.get_session().get_service_model(name)


def operation_names(service: str) -> frozenset[str]:
    """All operations that the service's model has."""
    return frozenset(service_model(service).operation_names)


def check_request(service: str, operation: str, parameters: Mapping[str, Any]) -> None:
    """Raise the ValidationException that the service's front door answers for a request out of shape."""
    shape = service_model(service).operation_model(operation).input_shape
    problems = list(_problems(shape, parameters, "")) if shape else []
    if problems:
        noun = "error" if len(problems) == 1 else "errors"
        code = "ValidationError" if service == "sts" else "ValidationException"
        raise ServiceError(code, f"{len(problems)} validation {noun} detected: {'; '.join(problems)}")


def check_response(service: str, operation: str, response: Mapping[str, Any]) -> None:
    """Raise AssertionError when the emulator is about to say what the real service could not."""
    shape = service_model(service).operation_model(operation).output_shape
    problems = list(_problems(shape, response, "")) if shape else [str(response)] if response else []
    if problems:
        raise AssertionError(f"{service}:{operation} would answer {'; '.join(problems)}")


def check_error(service: str, operation: str, code: str) -> None:
    """Raise AssertionError when the operation's model does not know the error."""
    errors: list[Any] = service_model(service).operation_model(operation).error_shapes
    known = {shape.name for shape in errors}
    known |= {shape.metadata.get("error", {}).get("code") for shape in errors}
    if code not in known | COMMON_ERRORS:
        raise AssertionError(f"{service}:{operation} never answers {code}")


def _problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, TYPES[shape.type_name]) or (
        isinstance(value, bool) and shape.type_name != "boolean"
    ):
        yield f"Value '{value}' at '{path}' failed to satisfy constraint: Member must be a {shape.type_name}"
        return
    yield from _BY_TYPE.get(shape.type_name, _nothing)(shape, value, path)


def _structure(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"Value null at '{_join(path, name)}' failed to satisfy constraint: Member must not be null"
    for name, item in value.items():
        if name not in shape.members:
            yield f"Unknown member '{_join(path, name)}'"
        elif item is not None:
            yield from _problems(shape.members[name], item, _join(path, name))


def _map(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for key, item in value.items():
        yield from _problems(shape.key, key, path)
        yield from _problems(shape.value, item, _join(path, key))


def _list(shape: Any, value: list[Any], path: str) -> Iterator[str]:
    for number, item in enumerate(value, start=1):
        yield from _problems(shape.member, item, f"{path}.{number}.member")


def _string(shape: Any, value: str, path: str) -> Iterator[str]:
    prefix = f"Value '{value}' at '{path}' failed to satisfy constraint: Member must"
    if shape.enum and value not in {*shape.enum, *FUTURE, *UNLISTED}:
        yield f"{prefix} satisfy enum value set: [{', '.join(shape.enum)}]"
    if len(value) < shape.metadata.get("min", 0):
        yield f"{prefix} have length greater than or equal to {shape.metadata['min']}"
    if len(value) > shape.metadata.get("max", len(value)):
        yield f"{prefix} have length less than or equal to {shape.metadata['max']}"


def _number(shape: Any, value: float, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min", value), shape.metadata.get("max", value)
    if not low <= value <= high:
        yield f"Value '{value}' at '{path}' failed to satisfy constraint: Member must be in {low}..{high}"


def _nothing(shape: Any, value: Any, path: str) -> Iterator[str]:  # noqa: ARG001  (one signature for all types)
    yield from ()


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


_BY_TYPE: dict[str, Callable[[Any, Any, str], Iterator[str]]] = {
    "structure": _structure,
    "map": _map,
    "list": _list,
    "string": _string,
    "integer": _number,
    "long": _number,
}
