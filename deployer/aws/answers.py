"""Reading what AWS answers: an answer that cannot be read is a lost one, like that of a broken connection.

By itself botocore takes a proxy's HTML page for an empty answer, hands on members of any type, and quotes the
whole body in the exceptions of its parsers, credentials included. `guarded` puts this module under every
client of a session, those that botocore makes for its own use too.
"""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, HTTPClientError
from botocore.parsers import ResponseParserFactory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import OperationModel, Shape
    from botocore.parsers import ResponseParser
    from botocore.session import Session


_CREDENTIALS: Final = (
    "Credentials.AccessKeyId",
    "Credentials.SecretAccessKey",
    "Credentials.SessionToken",
    "Credentials.Expiration",
)
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "AssumeRole": _CREDENTIALS,
    "AssumeRoleWithWebIdentity": _CREDENTIALS,
    "CompleteMultipartUpload": ("ETag",),
    "CreateDeployment": ("deploymentId",),
    "CreateMultipartUpload": ("UploadId",),
    "DescribeTaskDefinition": ("taskDefinition.taskDefinitionArn",),
    "GetAlias": ("FunctionVersion",),
    "GetApplication": ("application",),
    "GetCallerIdentity": ("Account", "Arn"),
    "GetDeployment": ("deploymentInfo.status",),
    "GetDeploymentConfig": ("deploymentConfigInfo",),
    "GetDeploymentGroup": ("deploymentGroupInfo",),
    "HeadObject": ("ETag", "ContentLength", "LastModified"),
    "ListApplications": ("applications",),
    "ListDeploymentGroups": ("deploymentGroups",),
    "ListDeployments": ("deployments",),
    "PutObject": ("ETag",),
    "StopDeployment": ("status",),
    "UploadPart": ("ETag",),
    "UploadPartCopy": ("CopyPartResult.ETag",),
}
"""The members that this program relies on; the services' models say of few that they are always there."""

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int, float),
    "long": (int, float),
    "timestamp": (int, float, str),
}
_HTML: Final = re.compile(rb"\s*<(?:!doctype\s+)?html", re.IGNORECASE)
_ETAG: Final = re.compile(r'"[^"]+"|[^"]+')  # S3 sends quotes, some servers like it do not
_CODE: Final = "UnreadableAnswer"


class TokenEndpointFault(HTTPClientError):
    """Signal that GitHub's token endpoint is at fault or too busy."""

    fmt = "GitHub's token endpoint responded with HTTP status {status}"


class UnreadableAnswer(BotoCoreError):
    """Signal a response that did not come from AWS; the request may or may not have been carried out."""

    fmt = "the response to {operation} cannot be read: {reason}"


class _Unreadable(Exception):
    """The reason why a response cannot be read, in words that quote nothing of it."""


def guarded(session: Session) -> Session:
    """Return the session, its clients now raising UnreadableAnswer for responses that cannot be read.

    Before that they try again as they do for a gateway's 502, as often as their configuration says.
    """
    session.register_component("response_parser_factory", _Parsers())
    events = session.get_component("event_emitter")
    events.register_first("needs-retry.*.*", _judge)
    events.register_last("after-call", _refuse)
    return session


class _Parsers(ResponseParserFactory):
    def create_parser(self, protocol_name: str) -> Any:  # noqa: ANN401 - what botocore takes for a parser
        return _Parser(super().create_parser(protocol_name), speaks_json="json" in protocol_name)


class _Parser:
    """Parses as botocore does, but returns an error of its own in place of raising one."""

    def __init__(self, parser: ResponseParser, *, speaks_json: bool) -> None:
        self._parser = parser
        self._speaks_json = speaks_json

    def parse(self, response: dict[str, Any], shape: Shape | None) -> dict[str, Any]:
        """Parse the response, or raise the error that `_refuse` raises."""
        try:
            return self._read(response, shape)
        except _Unreadable as error:
            reason = str(error)
        except Exception:  # noqa: BLE001 - anything may be in an answer, and exceptions quote it
            reason = "it is truncated or garbled"
        if response["status_code"] == HTTPStatus.TOO_MANY_REQUESTS:  # whoever says so, and however
            about = {"HTTPStatusCode": int(HTTPStatus.TOO_MANY_REQUESTS), "HTTPHeaders": {}}
            return {"Error": {"Code": "429", "Message": "Too many requests"}, "ResponseMetadata": about}
        return _error(reason, status=response["status_code"])

    def _read(self, response: dict[str, Any], shape: Shape | None) -> dict[str, Any]:
        self._check_body(response, shape)
        parsed: dict[str, Any] = self._parser.parse(response, shape)  # type: ignore[arg-type]  # None too
        error = parsed.get("Error", {})
        if not all(isinstance(error.get(name), str | None) for name in ("Code", "Message")):
            raise _Unreadable("it is not an AWS error")
        return parsed

    def _check_body(self, response: dict[str, Any], shape: Shape | None) -> None:
        body = response["body"]
        if not isinstance(body, bytes):  # a stream, for the caller to read
            return
        if _HTML.match(body):
            raise _Unreadable("it is an HTML page")
        if self._speaks_json and (body or (shape and response["status_code"] < HTTPStatus.MULTIPLE_CHOICES)):
            said = json.loads(body)
            if not isinstance(said, dict):
                raise _Unreadable("it is not a JSON object")
            if shape and response["status_code"] < HTTPStatus.MULTIPLE_CHOICES and not _fits(said, shape):
                raise _Unreadable("a member has a wrong type")


def _fits(value: object, shape: Any) -> bool:  # noqa: ANN401 - a shape's members depend on its type
    """Return whether a JSON value, with everything nested in it, has the types of the service's model."""
    if value is None or shape.type_name not in _TYPES:
        return True
    if not isinstance(value, _TYPES[shape.type_name]):
        return False
    if isinstance(value, list):
        return all(_fits(item, shape.member) for item in value)
    if isinstance(value, dict) and shape.type_name == "map":
        return all(_fits(item, shape.value) for item in value.values())
    if isinstance(value, dict):
        members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        return all(_fits(item, members[name]) for name, item in value.items() if name in members)
    return True


def _judge(response: tuple[Any, dict[str, Any]] | None, operation: OperationModel, **_: object) -> None:
    """Make an unreadable answer count as a gateway's error, so that the client's retries see it as one."""
    if response is None:
        return
    http, parsed = response
    if http.status_code < HTTPStatus.MULTIPLE_CHOICES and (reason := _defect(parsed, operation.name)):
        parsed.clear()
        parsed.update(_error(reason, status=http.status_code))
    if _is_unreadable(parsed):
        http.status_code = HTTPStatus.BAD_GATEWAY


def _defect(parsed: Mapping[str, Any], operation: str) -> str:
    """Return what is wrong with a parsed response; empty if nothing is."""
    if "Error" in parsed:
        return ""
    for path in _NEEDED.get(operation, ()):
        value: Any = parsed
        for name in path.split("."):
            value = (value or {}).get(name)
        if value is None or value == "":
            return f"it has no {path}"
        if path.endswith("ETag") and not _ETAG.fullmatch(value):
            return "its ETag is truncated"
    return ""


def _error(reason: str, *, status: int) -> dict[str, Any]:
    about = {"HTTPStatusCode": int(HTTPStatus.BAD_GATEWAY), "HTTPHeaders": {}}
    message = f"{reason} (HTTP status {status})"
    return {"Error": {"Code": _CODE, "Message": message}, "ResponseMetadata": about}


def _is_unreadable(parsed: Mapping[str, Any]) -> bool:
    return bool(parsed.get("Error", {}).get("Code") == _CODE)


def _refuse(parsed: Mapping[str, Any], model: OperationModel, **_: object) -> None:
    if _is_unreadable(parsed):
        raise UnreadableAnswer(operation=model.name, reason=parsed["Error"]["Message"])
