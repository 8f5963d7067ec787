"""The wire protocols: JSON 1.1 (CodeDeploy, ECS), REST-JSON (Lambda) and query (STS), in and out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from tests.emulator.errors import ServiceError
from tests.emulator.protocol import operation_names, service_model
from tests.emulator.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.emulator.wire import Request

TARGETS = {"CodeDeploy_20141006": "codedeploy", "AmazonEC2ContainerServiceV20141113": "ecs"}
KINDS = {
    "autoscaling": "text/xml",
    "ec2": "text/xml",
    "sts": "text/xml",
    "s3": "application/xml",
    "lambda": "application/json",
}
FUNCTION = re.compile(r"/2015-03-31/functions/(?P<FunctionName>[^/]+)(?:/aliases/(?P<Name>[^/]+))?\Z")
XMLNS = "https://sts.amazonaws.com/doc/2011-06-15/"


@dataclass(frozen=True, slots=True)
class Call:
    """A request understood: which operation of which service, with what."""

    service: str
    operation: str
    parameters: Mapping[str, Any]


def read(request: Request) -> Call:
    """Tell the services apart by headers and paths."""
    prefix, _, operation = request.headers.get("x-amz-target", "").partition(".")
    if prefix in TARGETS:
        call = Call(TARGETS[prefix], operation, _read_json(request))
    elif found := FUNCTION.match(request.path):
        names = {name: unquote(value) for name, value in found.groupdict().items() if value}
        call = Call("lambda", "GetAlias" if "Name" in names else "GetFunction", {**names, **request.query})
    else:
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        call = Call("sts", form.pop("Action", ""), form)
        form.pop("Version", None)
    if call.operation not in operation_names(call.service):
        raise ServiceError("UnknownOperationException", f"Unknown operation {call.operation!r}")
    if call.service == "sts":
        return Call("sts", call.operation, _read_query(call))
    return call


def _read_json(request: Request) -> Any:
    try:
        return request.json()
    except ValueError as error:
        raise ServiceError("SerializationException", str(error)) from error


def _read_query(call: Call) -> dict[str, Any]:
    """`Tags.member.1.Key=a` is a list of structures; numbers are numbers."""
    shape = service_model("sts").operation_model(call.operation).input_shape
    members: Mapping[str, Any] = shape.members if shape else {}
    parameters: dict[str, Any] = {}
    for name, value in call.parameters.items():
        head, *path = name.split(".")
        if not path:
            parameters[head] = int(value) if members[head].type_name == "integer" else value
            continue
        entries = parameters.setdefault(head, [])
        index = int(path[1])
        entries += [{} for _ in range(index - len(entries))]
        entries[index - 1].update({path[2]: value} if path[2:] else {"": value})
    return {
        name: [entry.get("", entry) for entry in value] if isinstance(value, list) else value
        for name, value in parameters.items()
    }


def write(call: Call, result: Mapping[str, Any], request_id: str) -> Answer:
    """A good answer."""
    if call.service != "sts":
        return Answer(200, json.dumps(result).encode(), _headers(call.service, request_id))
    name = call.operation
    body = (
        f'<{name}Response xmlns="{XMLNS}"><{name}Result>{_xml(result)}</{name}Result>'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>"
    )
    return Answer(200, body.encode(), _headers("sts", request_id))


def write_error(service: str, error: ServiceError, request_id: str) -> Answer:
    """An error as the service words it."""
    headers = {**_headers(service, request_id), **error.headers}
    if service == "s3":
        text = (
            f"<Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
            f"<RequestId>{request_id}</RequestId></Error>"
        )
        return Answer(error.status, text.encode(), headers)
    if service == "ec2":
        text = (
            f"<Response><Errors><Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
            f"</Error></Errors><RequestID>{request_id}</RequestID></Response>"
        )
        return Answer(error.status, text.encode(), headers)
    if service not in {"autoscaling", "sts"}:
        member = "Message" if service == "lambda" else "message"
        body: dict[str, Any] = {"__type": error.code, member: error.message}
        return Answer(error.status, json.dumps(body).encode(), {**headers, "x-amzn-errortype": error.code})
    text = (
        f'<ErrorResponse xmlns="{XMLNS}"><Error><Type>Sender</Type><Code>{error.code}</Code>'
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return Answer(error.status, text.encode(), headers)


def _headers(service: str, request_id: str) -> dict[str, str]:
    kind = KINDS.get(service, "application/x-amz-json-1.1")
    return {"content-type": kind, "x-amzn-requestid": request_id}


def _xml(values: Mapping[str, Any]) -> str:
    return "".join(
        f"<{name}>{_xml(value) if isinstance(value, dict) else escape(str(value))}</{name}>"
        for name, value in values.items()
    )
