"""A stand-in that gives published answers of AWS again, as they are, over HTTP."""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from tests.emulator import wire
from tests.protocol.stub import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

CASES = json.loads((Path(__file__).parents[1] / "published_answers.json").read_text())["cases"]

Answer = tuple[int, bytes, dict[str, str]]


class Published:
    """What AWS answered in one case; calls that the case says nothing of get a plain success."""

    def __init__(self, case: Mapping[str, Any]) -> None:
        self._case = case
        self._looks: dict[str, int] = defaultdict(int)

    def codedeploy(self, operation: str, request: Mapping[str, Any]) -> Answer:
        """The answer to an operation, as JSON."""
        told = self._case.get("answers", {}).get(operation)
        if told is not None and "__error" in told:
            status, code, message = told["__error"]
            return status, json.dumps({"__type": code, "message": message}).encode(), {}
        if told is None:
            told = getattr(self, f"_{operation}", lambda _: {})(request)
        return 200, json.dumps(told).encode(), {}

    def _GetDeployment(self, request: Mapping[str, Any]) -> object:  # noqa: N802 - as AWS names it
        looks = self._case["deployments"][request["deploymentId"]]
        if isinstance(looks, dict):
            return {"deploymentInfo": looks}
        look = min(self._looks[request["deploymentId"]], len(looks) - 1)
        self._looks[request["deploymentId"]] += 1
        return {"deploymentInfo": looks[look]}

    def _targets(self, request: Mapping[str, Any]) -> dict[str, object]:
        targets = self._case.get("targets", {}).get(request["deploymentId"], [])
        return {
            part["targetId"]: each for each in targets for part in each.values() if isinstance(part, dict)
        }

    def _ListDeploymentTargets(self, request: Mapping[str, Any]) -> object:  # noqa: N802 - as AWS names it
        return {"targetIds": list(self._targets(request))}

    def _BatchGetDeploymentTargets(self, request: Mapping[str, Any]) -> object:  # noqa: N802
        targets = self._targets(request)
        return {"deploymentTargets": [targets[name] for name in request["targetIds"] if name in targets]}

    def s3(self, method: str) -> Answer:
        """The answer to a call of S3, as XML."""
        told = self._case.get("s3", {})
        region = told.get("PUT", (0, "", "", {}))[3]  # a bucket elsewhere names its region to every call
        status, code, message, headers = told.get(method, (404, "NotFound", "", region))
        body = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
        return status, body.encode(), headers

    def sts(self, action: str) -> Answer:
        """The answer to a call of STS, as XML."""
        if action not in self._case.get("sts", {}):
            result = "<Account>111122223333</Account><Arn>arn:aws:iam::111122223333:user/ci</Arn>"
            result += "<UserId>AIDAEXAMPLE</UserId>"
            body = f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"
            return 200, body.encode(), {}
        status, code, message = self._case["sts"][action]
        error = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
        return status, f"<ErrorResponse>{error}</ErrorResponse>".encode(), {}


def _same(answer: wire.Answer) -> wire.Answer:
    return answer


@contextmanager
def served(case: Mapping[str, Any], change: Callable[[wire.Answer], wire.Answer] = _same) -> Iterator[str]:
    """Serve a case's answers, each as `change` makes it, on loopback; the value is the address for all."""
    published = Published(case)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65_537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            body = self._body()
            if target := self.headers.get("X-Amz-Target"):
                answer = published.codedeploy(target.rpartition(".")[2], json.loads(body))
            elif b"Action=" in body[:4096]:
                answer = published.sts(parse_qs(body.decode())["Action"][0])
            else:
                answer = published.s3(self.command)
            sent = change(wire.Answer(*answer))
            self.send_response(sent.status)
            for name, value in {**sent.headers, "Content-Length": str(len(sent.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(sent.body)

        def _body(self) -> bytes:
            if "100-continue" in self.headers.get("Expect", ""):
                self.send_response_only(100)
                self.end_headers()
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as url:
        yield url
