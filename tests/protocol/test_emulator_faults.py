"""Faults, the control endpoint, and the command line of the emulator."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from tests.emulator import SCENARIOS, Emulator
from tests.protocol.steps import HELLO, deploy

if TYPE_CHECKING:
    from tests.harness import Start


@pytest.mark.parametrize(
    ("kind", "exception"),
    [
        ("throttle", "ThrottlingException"),
        ("500", "InternalFailure"),
        ("503", "ServiceUnavailable"),
        ("expired-token", "ExpiredTokenException"),
        ("access-denied", "AccessDeniedException"),
        ("bad-signature", "InvalidSignatureException"),
        ("bad-token", "UnrecognizedClientException"),
    ],
)
def test_faults_come_as_often_as_planned(still_emulator: Start, kind: str, exception: str) -> None:
    stand_in = still_emulator()
    stand_in.faults.add("ListApplications", kind, times=2, after=1)
    codedeploy = stand_in.client()
    answers = []
    for _ in range(4):
        try:
            codedeploy.list_applications()
            answers.append("good")
        except ClientError as error:
            answers.append(error.response["Error"]["Code"])
    assert answers == ["good", exception, exception, "good"]
    assert [call.error for call in stand_in.calls] == ["", exception, exception, ""]


@pytest.mark.parametrize(("kind", "exists"), [("cut-before", 0), ("cut-after", 1)])
def test_a_cut_connection_leaves_open_whether_the_deployment_exists(
    still_emulator: Start, kind: str, exists: int
) -> None:
    stand_in = still_emulator()
    stand_in.faults.add("CreateDeployment", kind)
    with pytest.raises(BotoCoreError):
        deploy(stand_in.client())
    assert len(stand_in.deployments) == exists
    assert [call.status for call in stand_in.calls] == [200, 0]


def test_a_slow_answer_comes_after_the_deployment(still_emulator: Start) -> None:
    stand_in = still_emulator()
    stand_in.faults.add("CreateDeployment", "slow", seconds=1.0)
    with pytest.raises(ReadTimeoutError):
        deploy(stand_in.client(config=Config(read_timeout=0.3, retries={"total_max_attempts": 1})))
    assert len(stand_in.deployments) == 1


def test_faults_and_calls_over_the_control_endpoint(still_emulator: Start) -> None:
    stand_in = still_emulator()

    def control(path: str, body: object = None) -> Any:  # noqa: ANN401  (JSON)
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{stand_in.url}/_emulator/{path}", data) as answer:  # noqa: S310
            return json.load(answer)

    control("faults", {"operation": "ListApplications", "kind": "throttle"})
    with pytest.raises(ClientError):
        stand_in.client().list_applications()
    (call,) = control("calls")
    assert (call["operation"], call["status"], call["access_key"]) == (
        "ListApplications",
        400,
        "AKIAIOSFODNN7EXAMPLE",
    )
    with pytest.raises(urllib.error.HTTPError, match="400"):
        control("faults", {"operation": "ListApplications", "kind": "flood"})


def test_an_answer_that_aws_would_not_give_is_the_emulator_s_own_fault() -> None:
    with Emulator() as emulator:
        emulator.world.group("hello-web", "production").settings["colour"] = "blue"
        with pytest.raises(ClientError, match=r"Unknown member 'deploymentGroupInfo\.colour'"):
            emulator.client().get_deployment_group(**HELLO)
        assert len(emulator.broken) == 1


def test_the_command_line_says_where_it_listens_and_ends_on_sigterm() -> None:
    command = [sys.executable, "-m", "tests.emulator", "--scenario", "success", "--speed", "9"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with urllib.request.urlopen(f"{url}/_emulator/calls") as answer:  # noqa: S310
            assert json.load(answer) == []
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0


def test_the_command_line_lists_the_scenarios_and_refuses_others() -> None:
    command = [sys.executable, "-m", "tests.emulator"]
    listed = subprocess.run([*command, "--list"], capture_output=True, text=True, check=True)
    assert [line.split()[0] for line in listed.stdout.splitlines()] == list(SCENARIOS)
    refused = subprocess.run([*command, "--scenario", "sucess"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "unknown scenario sucess" in refused.stderr
