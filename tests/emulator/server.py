"""The emulator: one port, several services, a log of calls."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

import boto3
from botocore.config import Config

from deployer.clock import SystemClock
from tests.emulator import borrowed, dialects, iam, permissions, protocol, s3
from tests.emulator.catalogue import SCENARIOS
from tests.emulator.codedeploy import CodeDeploy
from tests.emulator.errors import ServiceError
from tests.emulator.faults import AFTERWARDS, OUTAGE, TOKEN_STATUSES, Faults, strike, strike_afterwards
from tests.emulator.identity import Caller, Scope, refuse, scope_of
from tests.emulator.neighbours import Neighbours
from tests.emulator.oidc import TokenEndpoint
from tests.emulator.sts import Role, Sts
from tests.emulator.wire import Answer, ConnectionCut, Request, Server, as_json
from tests.emulator.world import World, add_examples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from deployer.clock import Clock
    from tests.emulator.borrowed import Borrowed
    from tests.emulator.deployments import Deployment
    from tests.emulator.scenarios import Scenario

ACCOUNT = "123456789012"
UNSIGNED = {"AssumeRoleWithWebIdentity"}


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One call as it was answered; `status` is 0 where the connection was cut, `error` empty on success."""

    time: float
    service: str
    operation: str
    parameters: Mapping[str, Any]
    access_key: str
    status: int
    error: str = ""


class Emulator:
    """CodeDeploy and its neighbours on a free loopback port, for the length of a `with` block.

    `scenario` names what deployments go through: one name for all, or one for each in the order of their
    creation; `by_group` (`application/group` → name) goes before it. `speed` is how many emulated seconds
    pass in one. `policy` is what everybody may do, `policies` what single access keys may; an IAM document or
    `iam.Policies`. `keys` are the access keys that exist, with their secrets (None: all, unchecked). `roles`
    can be assumed. `bucket_store` is an S3 server that S3's requests are handed on to, with policies, keys,
    sessions and faults in force; `bucket_regions` are the regions of buckets that are not in the request's
    own, `bucket_owners` the accounts of those that belong to others. `clock` is the time that deployments,
    sessions and tokens go by; `page` the length of a list's pages, `creations_per_second` how many calls of
    CreateDeployment are taken before it is throttled. `borrowed` are the services of EC2 and others; without
    them nobody may ask those anything.
    """

    def __init__(
        self,
        *,
        scenario: str | Sequence[str] = "success",
        speed: float = 1.0,
        by_group: Mapping[str, str] | None = None,
        policy: iam.Document | iam.Policies | None = None,
        policies: Mapping[str, iam.Document | iam.Policies] | None = None,
        keys: Mapping[str, str] | None = None,
        roles: Sequence[Role] = (),
        bucket_store: s3.Upstream | None = None,
        bucket_regions: Mapping[str, str] | None = None,
        bucket_owners: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        page: int = 100,
        creations_per_second: int | None = None,
        borrowed: Borrowed | None = None,
        port: int = 0,
    ) -> None:
        names = [scenario] if isinstance(scenario, str) else list(scenario)
        unknown = sorted({*names, *(by_group or {}).values()} - set(SCENARIOS))
        if unknown:
            raise ValueError(f"unknown scenario {', '.join(unknown)}; known are {', '.join(SCENARIOS)}")
        first = SCENARIOS[names[0]]
        self.clock = clock or SystemClock()
        self.world = World(names, speed, by_group or {}, clock=self.clock)
        add_examples(self.world)
        self.seeded = set(self.world.deployments)
        self.calls: list[LoggedCall] = []
        self.broken: list[str] = []
        self.faults = Faults(first.faults, clock=self.clock)
        self.oidc = TokenEndpoint(self.clock)
        self.neighbours = Neighbours(ACCOUNT)
        self.borrowed = borrowed
        given = {**({"*": policy} if policy is not None else {}), **(policies or {})}
        self.sts = Sts(
            account=ACCOUNT,
            tokens=self.oidc,
            keys=keys,
            policies={key: _policies(each) for key, each in given.items()},
            roles=tuple(roles),
        )
        self._creations = creations_per_second
        self.bucket_store = bucket_store
        self.bucket_regions = dict(bucket_regions or {})
        self.bucket_owners = dict(bucket_owners or {})
        self.codedeploy = CodeDeploy(self.world, page=page)
        self._lock = threading.RLock()
        self._server = Server(port, self.answer, self.clock)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._prepare(first)

    def _prepare(self, scenario: Scenario) -> None:
        """Make the groups what the scenario tells of, and let it find the deployment that it meets."""
        for application in self.world.applications.values():
            if application.platform == scenario.platform:
                for group in application.groups.values():
                    group.settings |= {**scenario.plan(scenario.platform).style, **scenario.group}
        if scenario.busy:
            self.begin(
                scenario=scenario.busy, request={"description": "acme/hello-web@5a7c0d1e2f3b main, run 41"}
            )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def oidc_url(self) -> str:
        """What a job finds in `ACTIONS_ID_TOKEN_REQUEST_URL`."""
        return f"{self.url}/_oidc/token?api-version=2.0"

    @property
    def deployments(self) -> list[Deployment]:
        """The deployments of this session, rollbacks among them, the oldest first."""
        with self._lock:
            self.world.settle()
            return [each for key, each in self.world.deployments.items() if key not in self.seeded]

    def begin(
        self,
        application: str = "hello-web",
        group: str = "production",
        *,
        scenario: str = "success",
        revision: Mapping[str, Any] | None = None,
        creator: str = "user",
        request: Mapping[str, Any] | None = None,
    ) -> Deployment:
        """Start a deployment as somebody else would have; `request` are further members of the request."""
        with self._lock:
            location = revision or self.world.application(application).revisions[0]["revision"]
            self.world.register(application, dict(location))
            return self.world.begin(
                application, group, dict(location), scenario=scenario, creator=creator, request=request
            )

    def client(self, service: str = "codedeploy", **options: Any) -> Any:
        """A boto3 client of this emulator, with one attempt a call; `options` go over the usual ones."""
        usual = {
            "region_name": "eu-west-1",
            "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE",
            "aws_secret_access_key": "a-secret",
            "config": Config(retries={"total_max_attempts": 1}),
        }
        return _session().client(service, endpoint_url=self.url, **{**usual, **options})

    def operations(self) -> list[str]:
        """The operations called so far, in order."""
        return [call.operation for call in self.calls]

    def answer(self, request: Request) -> Answer:
        """Answer one HTTP request."""
        if request.path.startswith("/_emulator/"):
            return self._control(request)
        if request.path.startswith("/_oidc/"):
            return self._logged_oidc(request)
        scope, request_id = scope_of(request), str(uuid4())
        if scope.service in borrowed.SERVICES:
            return self._borrowed(request, scope, request_id)
        service = "s3" if scope.service == "s3" else "codedeploy"
        try:
            call = s3.read(request) if service == "s3" else dialects.read(request)
        except ServiceError as error:
            return dialects.write_error(service, error, request_id)
        return self._logged(call, scope, request_id)

    def _borrowed(self, request: Request, scope: Scope, request_id: str) -> Answer:
        """Let another maker's stand-in answer, if the caller may ask."""
        service, operation = scope.service, borrowed.operation_of(request)
        parameters = borrowed.parameters_of(request)
        began, status, code = self.clock.now().timestamp(), 0, "cut"
        try:
            fault = self.faults.take(operation)
            strike(fault, service, operation)
            with self._lock:
                caller = self.sts.caller(scope, service)
                if self.borrowed is None:
                    raise refuse(service, "AccessDeniedException", "You are not authorized to do this.")
                needed = permissions.needed(
                    service, operation, parameters, world=self.world, region=scope.region
                )
                self._authorize(caller, service, needed)
                answer = self.borrowed.answer(request, service=service, region=scope.region)
            answer = strike_afterwards(fault, answer, self.clock)
            status, code = answer.status, ""
        except ServiceError as error:
            answer = dialects.write_error(service, error, request_id)
            status, code = answer.status, error.code
        finally:
            entry = LoggedCall(began, service, operation, parameters, scope.access_key, status, code)
            self.calls.append(entry)
        return answer

    def _logged(self, call: dialects.Call | s3.S3Call, scope: Scope, request_id: str) -> Answer:
        service = call.service if isinstance(call, dialects.Call) else "s3"
        status, code = 0, "cut"
        began = self.clock.now().timestamp()
        try:
            answer = self._faulty(call, service, scope, request_id)
            status, code = answer.status, ""
        except ServiceError as error:
            answer = dialects.write_error(service, error, request_id)
            status, code = answer.status, error.code
        except ConnectionCut:
            raise
        except Exception as error:  # noqa: BLE001  (the emulator's own faults are kept for the test to see)
            self.broken.append(f"{type(error).__name__}: {error}")
            internal = ServiceError("InternalFailure", str(error), status=500)
            answer = dialects.write_error(service, internal, request_id)
            status, code = answer.status, internal.code
        finally:
            entry = LoggedCall(
                began, service, call.operation, call.parameters, scope.access_key, status, code
            )
            self.calls.append(entry)
        return answer

    def _faulty(self, call: dialects.Call | s3.S3Call, service: str, scope: Scope, request_id: str) -> Answer:
        fault = self.faults.take(call.operation)
        strike(fault, service, call.operation)
        if isinstance(call, s3.S3Call):
            answer = self._pass_on(call, scope)
        else:
            with self._lock:
                answer = dialects.write(call, self._carry_out(call, scope), request_id)
        return strike_afterwards(fault, answer, self.clock)

    def _pass_on(self, call: s3.S3Call, scope: Scope) -> Answer:
        if self.bucket_store is None:
            raise ServiceError("NotImplemented", "This emulator has no S3 server behind it.", status=501)
        with self._lock:
            caller = self.sts.caller(scope, "s3")
        s3.check_bucket(
            call,
            account=ACCOUNT,
            owners=self.bucket_owners,
            region=scope.region,
            regions=self.bucket_regions,
        )
        self._authorize(caller, "s3", call.needed(scope.region))
        answer = s3.forward(call, self.bucket_store, scope.region)
        if answer.status == HTTPStatus.NOT_FOUND and call.key:
            self._authorize(caller, "s3", [("s3:ListBucket", s3.bucket_arn(call.bucket, scope.region))])
        return answer

    def _carry_out(self, call: dialects.Call, scope: Scope) -> Mapping[str, Any]:
        caller = None if call.operation in UNSIGNED else self.sts.caller(scope, call.service)
        protocol.check_request(call.service, call.operation, call.parameters)
        if caller:
            wanted = permissions.needed(
                call.service, call.operation, call.parameters, world=self.world, region=scope.region
            )
            self._authorize(caller, call.service, wanted)
        if call.operation == "CreateDeployment" and self._creations is not None:
            self._throttle(self._creations)
        try:
            result = self._dispatch(call, scope)
        except ServiceError as error:
            protocol.check_error(call.service, call.operation, error.code)
            raise
        protocol.check_response(call.service, call.operation, result)
        return result

    def _throttle(self, creations: int) -> None:
        """Refuse a CreateDeployment beyond the rate; throttled calls themselves do not count."""
        now = self.clock.now().timestamp()
        recent = [
            each
            for each in self.calls[-1000:]
            if each.operation == "CreateDeployment"
            and each.time > now - 1
            and each.error != "ThrottlingException"
        ]
        if len(recent) >= creations:
            raise ServiceError("ThrottlingException", "Rate exceeded")

    def _dispatch(self, call: dialects.Call, scope: Scope) -> Mapping[str, Any]:
        if call.service == "sts":
            return self.sts.call(call.operation, call.parameters, scope)
        if call.service == "lambda":
            return self.neighbours.function(call.operation, call.parameters, region=scope.region)
        if call.operation == "DescribeServices":
            return self.neighbours.described_services(call.parameters, region=scope.region)
        if call.service == "ecs":
            return self.neighbours.task_definition(call.parameters, region=scope.region)
        return self.codedeploy.call(call.operation, call.parameters, region=scope.region)

    def _authorize(self, caller: Caller, service: str, wanted: Iterable[tuple[str, str]]) -> None:
        for action, resource in wanted:
            text = iam.denial(caller.policies, caller.arn, action, resource)
            if text:
                raise refuse(service, "AccessDeniedException", text)

    def _logged_oidc(self, request: Request) -> Answer:
        fault = self.faults.take("OidcToken")
        status = TOKEN_STATUSES.get(fault.kind, 500) if fault else 200
        answer = as_json({"message": "The token cannot be issued"}, status=status)
        if fault is None or fault.kind in AFTERWARDS:
            with self._lock:
                answer = strike_afterwards(fault, self.oidc.answer(request), self.clock)
        elif fault.kind in {"cut-before", OUTAGE}:
            raise ConnectionCut
        now = self.clock.now().timestamp()
        logged = LoggedCall(now, "oidc", "OidcToken", dict(request.query), "", answer.status)
        self.calls.append(logged)
        return answer

    def _control(self, request: Request) -> Answer:
        controls: dict[tuple[str, str], Callable[[], Any]] = {
            ("GET", "calls"): lambda: [asdict(call) for call in list(self.calls)],
            ("GET", "deployments"): lambda: [each.info(self.clock.monotonic()) for each in self.deployments],
            ("GET", "faults"): self.faults.pending,
            ("POST", "faults"): lambda: self.faults.add(**request.json()),
            ("DELETE", "faults"): self.faults.clear,
        }
        control = controls.get((request.method, request.path.removeprefix("/_emulator/")))
        if control is None:
            return as_json({"message": "there is no such control"}, status=404)
        try:
            return as_json(control())
        except (TypeError, ValueError) as error:
            return as_json({"message": str(error)}, status=400)


@cache
def _session() -> Any:
    return boto3.session.Session()


def _policies(given: iam.Document | iam.Policies) -> iam.Policies:
    return given if isinstance(given, iam.Policies) else iam.Policies(identity=given)
