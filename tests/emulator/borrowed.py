"""EC2, Auto Scaling, Systems Manager and CloudWatch Logs: moto in this process, and what it lacks."""

from __future__ import annotations

import io
import json
import os
import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import boto3.session
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from tests.emulator.protocol import check_request, check_response
from tests.emulator.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.awsrequest import AWSPreparedRequest
    from werkzeug.test import Client

    from tests.emulator.wire import Request

SERVICES = frozenset({"autoscaling", "ec2", "logs", "ssm"})
REGION = "eu-west-1"

RESERVATION = re.compile(rb"<item><reservationId>.*?</instancesSet></item>", re.DOTALL)
HOP_HEADERS = frozenset({"connection", "content-length", "date", "server", "transfer-encoding"})


def operation_of(request: Request) -> str:
    """The operation of a request of one of these services."""
    target = request.headers.get("x-amz-target", "").rpartition(".")[2]
    return target or dict(parse_qsl(request.body.decode())).get("Action", "")


def parameters_of(request: Request) -> Mapping[str, Any]:
    """The parameters of a request, as they are on the wire."""
    parameters = (
        request.json() if "x-amz-target" in request.headers else dict(parse_qsl(request.body.decode()))
    )
    return dict(parameters)


@dataclass(slots=True)
class Borrowed:
    """The services of one account, empty at first.

    `lost` are instances that Systems Manager cannot reach; `crowds` are instances that stand for many like
    them, which moto takes long to make and to describe.
    """

    lost: set[str] = field(default_factory=set)
    crowds: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _moto().post("/moto-api/reset", headers={"Host": "127.0.0.1"})

    @staticmethod
    def client(service: str) -> Any:
        """A client for what there is to be; it asks moto itself, past the emulator's log and policies."""
        return _client(service)

    def answer(self, request: Request, *, service: str, region: str) -> Answer:
        """Answer one request; who may ask what was decided before."""
        if operation_of(request) == "DescribeInstanceInformation":
            return self._instance_information(request.json())
        headers = {**request.headers, "host": f"{service}.{region}.amazonaws.com"}
        body = _with_stream_names(request) if service == "logs" else request.body
        headers.pop("content-length", None)
        given = _moto().post(request.path, data=body, headers=headers)
        kept = {name.lower(): value for name, value in given.headers if name.lower() not in HOP_HEADERS}
        return Answer(given.status_code, self._crowded(given.data), kept)

    def _crowded(self, data: bytes) -> bytes:
        """The answer with each reservation of a crowd's instance so many times, with IDs of their own."""
        for one, count in self.crowds.items():
            for found in [each for each in RESERVATION.findall(data) if one.encode() in each]:
                many = (found.replace(one.encode(), b"i-%017x" % number) for number in range(count))
                data = data.replace(found, b"".join(many))
        return data

    def _instance_information(self, request: Mapping[str, Any]) -> Answer:
        """The lost instances, which is all that is asked for."""
        check_request("ssm", "DescribeInstanceInformation", request)
        filters = {each["Key"]: each["Values"] for each in request["Filters"]}
        assert filters.pop("PingStatus") == ["ConnectionLost"]
        asked = filters.pop("InstanceIds", sorted(self.lost))
        assert not filters
        found = [{"InstanceId": each, "PingStatus": "ConnectionLost"} for each in asked if each in self.lost]
        result = {"InstanceInformationList": found[: request["MaxResults"]]}
        check_response("ssm", "DescribeInstanceInformation", result)
        return Answer(200, json.dumps(result).encode(), {"content-type": "application/x-amz-json-1.1"})


def _with_stream_names(request: Request) -> bytes:
    """The request with names of log streams instead of a prefix, which moto ignores."""
    parameters = request.json()
    check_request("logs", operation_of(request), parameters)
    if prefix := parameters.pop("logStreamNamePrefix", ""):
        group = parameters["logGroupName"]
        found = _client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        streams = _client("logs").describe_log_streams(logGroupName=group)["logStreams"] if found else []
        names = [each["logStreamName"] for each in streams]
        parameters["logStreamNames"] = [name for name in names if name.startswith(prefix)] or ["none"]
    return json.dumps(parameters).encode()


@cache
def _moto() -> Client:
    """Moto's application; importing it takes two seconds, and its images would take half of one each time."""
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.test import Client

    return Client(DomainDispatcherApplication(create_backend_app))


@cache
def _client(service: str) -> Any:
    """A client for all tests, since EC2's takes a quarter of a second to make."""
    client = boto3.session.Session().client(
        service,  # type: ignore[call-overload]  # of any service
        region_name=REGION,
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="a-secret",
    )
    client.meta.events.register("before-send", _deliver)
    return client


def _deliver(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
    """Hand a signed request to moto instead of the network."""
    url = urlsplit(request.url)
    headers = {
        name: each.decode() if isinstance(each, bytes) else each for name, each in request.headers.items()
    }
    given = _moto().post(url.path, data=request.body, headers={**headers, "Host": url.netloc})
    return AWSResponse(
        request.url, given.status_code, HTTPHeaders.from_pairs(list(given.headers)), _Body(given.data)
    )


class _Body(io.BytesIO):
    """A body as urllib3 hands it out."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()
