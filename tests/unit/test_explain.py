"""Failures as AWS tells them → what the user reads."""

from __future__ import annotations

import re
from dataclasses import replace

import botocore.session
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.deployment.causes import ERROR_CODES, EVENT_CODES
from deployer.deployment.explain import explain
from deployer.deployment.logs import telling_line
from deployer.deployment.model import Diagnostics, LifecycleEvent, Snapshot, Target
from deployer.deployment.places import Places
from deployer.errors import Location, Severity
from deployer.report.warnings import SILENCE_SECONDS, warnings
from tests.clock import FakeClock

MODEL = botocore.session.get_session().get_service_model("codedeploy")
BUNDLE = {"scripts/install.sh": "app/scripts/install.sh", "app.py": "app/app.py"}
PLACES = Places(
    locate=BUNDLE.get,
    appspec=Location("app/appspec.yml"),
    hooks={"AfterInstall": Location("app/appspec.yml", 9), "ApplicationStop": Location("app/appspec.yml", 7)},
    files={"/srv": Location("app/appspec.yml", 3), "/srv/web": Location("app/appspec.yml", 5)},
)


def words_of(shape: str) -> set[str]:
    return set(MODEL.shape_for(shape).metadata["enum"])


def failed(  # noqa: PLR0913 - each with its default
    event: str = "AfterInstall",
    *,
    code: str = "ScriptFailed",
    script: str = "scripts/install.sh",
    message: str = "",
    log: str = "",
    name: str = "i-1",
) -> Target:
    diagnostics = Diagnostics(code, script, message, log)
    return Target(name, "Failed", events=(LifecycleEvent(event, "Failed", diagnostics=diagnostics),))


def deployment(*targets: Target, status: str = "Failed", code: str = "HEALTH_CONSTRAINTS") -> Snapshot:
    return Snapshot(status, targets=targets, error_code=code, error_message="Too many instances failed.")


def test_every_code_of_the_service_is_explained() -> None:
    assert set(ERROR_CODES) == words_of("ErrorCode")
    assert set(EVENT_CODES) == words_of("LifecycleErrorCode") - {"Success"}


def test_health_constraints_give_way_to_the_first_target_that_failed() -> None:
    problems = explain(deployment(failed(log="[stderr]npm: command not found")), PLACES).problems
    assert [problem.message for problem in problems] == [
        "AfterInstall failed on i-1: scripts/install.sh: npm: command not found"
    ]
    assert "not found: npm" in problems[0].hint


def test_a_hook_function_is_told_once_with_where_its_log_is() -> None:
    target = replace(failed(script="orders-check", message="orders-check returned Failed"), kind="lambda")
    (problem,) = explain(deployment(target, code="HOOK_EXECUTION_FAILURE"), PLACES).problems
    assert "CloudWatch" in problem.hint
    assert "PutLifecycleEventHookExecutionStatus" in problem.hint


def test_another_error_of_the_deployment_is_told_beside_its_failed_targets() -> None:
    problems = explain(deployment(failed(), code="ALARM_ACTIVE"), PLACES).problems
    assert [problem.code for problem in problems] == ["ALARM_ACTIVE", "ScriptFailed"]


def test_what_many_targets_share_is_told_once_with_the_count_and_the_most_common_first() -> None:
    targets = [
        failed("Install", name="i-9", message="rare"),
        *(failed(name=f"i-{n}", message=f"on i-{n}: exit 1", log=f"[stderr]i-{n} broke") for n in range(4)),
    ]
    explanation = explain(deployment(*targets), PLACES)
    assert [len(failure.targets) for failure in explanation.failures] == [4, 1]
    assert explanation.problems[0].message.startswith(
        "AfterInstall failed on i-0, i-1, i-2 and 1 more (4 of 5 targets): scripts/install.sh: i-0 broke"
    )


def test_no_more_annotations_than_github_shows() -> None:
    targets = [failed(f"Event{n}", name=f"i-{n}") for n in range(30)]
    explanation = explain(deployment(*targets), PLACES)
    assert (len(explanation.problems), len(explanation.failures)) == (10, 30)


@pytest.mark.parametrize(
    ("log", "place"),
    [
        ("[stderr]/opt/codedeploy-agent/x/deployment-archive/scripts/install.sh: line 12: npm: not found",
         Location("app/scripts/install.sh", 12)),
        ("[stderr]./scripts/install.sh: 7: npm: not found", Location("app/scripts/install.sh", 7)),
        ('[stderr]  File "/opt/x/deployment-archive/app.py", line 3, in <module>', Location("app/app.py", 3)),
        ("[stderr]    at main (/opt/x/deployment-archive/app.py:5:11)", Location("app/app.py", 5)),
        ('[stderr]scripts/install.sh: line 4: first\n[stderr]  File "app.py", line 3',
         Location("app/scripts/install.sh", 4)),
        ("[stderr]/usr/lib/python3/site.py: line 12: not ours", Location("app/scripts/install.sh")),
        ("", Location("app/scripts/install.sh")),
    ],
)  # fmt: skip
def test_the_annotation_stands_on_the_line_that_the_log_names_else_on_the_hook(
    log: str, place: Location
) -> None:
    assert explain(deployment(failed(log=log)), PLACES).problems[0].location == place


def test_a_script_outside_of_the_repository_is_told_at_the_appspec_s_hook() -> None:
    problem = explain(deployment(failed(script="made/later.sh")), PLACES).problems[0]
    assert problem.location == Location("app/appspec.yml", 9)


def test_the_previous_revision_s_hook_is_recognised() -> None:
    target = failed("ApplicationStop", log="[stderr]scripts/install.sh: line 3: x: not found")
    problem = explain(deployment(target), PLACES).problems[0]
    assert problem.location == Location("app/appspec.yml", 7)
    assert "last deployed successfully, not from this one" in problem.hint
    assert "ignore-application-stop-failures: true" in problem.hint


def test_a_file_in_the_way_is_told_at_the_destination_it_is_in() -> None:
    for path, line in (("/srv/web/index.html", 5), ("/srv/other", 3), ("/elsewhere", 3)):
        message = f"The deployment failed because a specified file already exists at this location: {path}"
        problem = explain(
            deployment(failed("Install", code="UnknownError", script="", message=message)), PLACES
        ).problems[0]
        assert problem.location == Location("app/appspec.yml", line)
        assert f"{path} is already on the instance" in problem.hint
        assert "file-exists-behavior: OVERWRITE" in problem.hint


@pytest.mark.parametrize(
    ("event", "log", "advice"),
    [
        ("AfterInstall", "[stderr]/bin/sh^M: bad interpreter", "*.sh text eol=lf"),
        ("AfterInstall", "[stderr]line 2: $'\\r': command not found", "*.sh text eol=lf"),
        ("DownloadBundle", "Access Denied", "instance profile needs s3:GetObject"),
        ("DownloadBundle", "The ETag differs", "{digest}"),
        ("Install", "No space left on device @ rb_sysopen", "disk is full"),
        ("AfterInstall", "E: Could not get lock /var/lib/dpkg/lock-frontend", "DPkg::Lock::Timeout"),
        ("AfterInstall", "FATAL ERROR: JavaScript heap out of memory", "out of memory"),
        ("ApplicationStart", "bind: address already in use", "port is still taken"),
        ("ApplicationStart", "Error: listen EADDRINUSE :::80", "port is still taken"),
        ("AfterInstall", "install.sh: line 3: pip3: command not found", "not found: pip3"),
        ("AfterInstall", "failed with exit code 127", "minimal PATH"),
        ("AfterInstall", "EACCES: permission denied, open", "runas"),
        ("AfterInstall", "failed with exit code 126", "noexec"),
        ("AfterInstall", "ModuleNotFoundError: No module named 'flask'", "flask is not in the revision"),
        ("AfterInstall", "chown: invalid user: 'deploy'", "The user deploy"),
        ("ApplicationStart", "Failed to start web.service: Unit", "web"),
        ("ValidateService", "curl: (7) connection refused", "Nothing is listening"),
        ("AfterInstall", "curl: (6) Could not resolve host: x", "NAT"),
        ("AfterInstall", "sudo: a password is required", "leave sudo out"),
        ("AfterInstall", "syntax error near unexpected token `fi'", "bash -n"),
    ],
)  # fmt: skip
def test_what_scripts_print_before_they_die_is_understood(event: str, log: str, advice: str) -> None:
    problem = explain(deployment(failed(event, log=log)), PLACES).problems[0]
    assert advice in problem.hint


def test_access_denied_of_a_script_is_not_taken_for_the_download_s() -> None:
    problem = explain(deployment(failed(log="aws: AccessDenied")), PLACES).problems[0]
    assert "instance profile" not in problem.hint


def test_all_events_skipped_means_that_the_agent_never_answered() -> None:
    skipped = Target("i-1", "Skipped", events=(LifecycleEvent("AfterInstall", "Skipped"),))
    (problem,) = explain(deployment(skipped), PLACES).problems
    assert problem.code == "agent-silent"
    assert "systemctl status codedeploy-agent" in problem.hint


@pytest.mark.parametrize(
    ("event", "unread", "untouched"),
    [
        (LifecycleEvent("AfterInstall", "Pending"), "", True),
        (LifecycleEvent("AfterInstall", "Skipped"), "", True),
        (LifecycleEvent("AfterInstall", "Pending"), "throttled", False),
        (LifecycleEvent("AfterInstall", "Skipped", start=FakeClock().now()), "", False),
        (LifecycleEvent("AfterInstall", "InProgress"), "", False),
        (LifecycleEvent("AfterInstall", "A status of tomorrow"), "", False),
    ],
)
def test_a_silent_agent_is_warned_of_and_explained_alike(
    event: LifecycleEvent, unread: str, *, untouched: bool
) -> None:
    """While the deployment runs, and once it has ended."""
    targets = (Target("i-1", "Pending", events=(event,)),)
    running = Snapshot("InProgress", targets=targets, unread=unread)
    warned = [
        name for name, _ in warnings(running, seconds=SILENCE_SECONDS, now=FakeClock().now(), timeouts={})
    ]
    codes = [problem.code for problem in explain(replace(running, status="Failed"), PLACES).problems]
    assert ("silent" in warned, "agent-silent" in codes) == (untouched, untouched)


def test_targets_that_may_not_be_read_leave_the_service_s_word_and_the_permission() -> None:
    snapshot = Snapshot("Failed", targets=None, error_code="HEALTH_CONSTRAINTS", error_message="Too many.")
    (problem,) = explain(snapshot, PLACES).problems
    assert problem.message == "Too many."
    assert "codedeploy:BatchGetDeploymentTargets" in problem.hint


def test_only_an_invalid_revision_is_the_repository_s_fault() -> None:
    for code, place in (("NO_INSTANCES", None), ("INVALID_REVISION", PLACES.appspec)):
        assert explain(deployment(code=code), PLACES).problems[0].location == place


def test_a_success_with_failed_targets_warns() -> None:
    (problem,) = explain(deployment(failed(), status="Succeeded", code=""), PLACES).problems
    assert problem.severity is Severity.WARNING


def test_a_success_that_left_targets_out_warns() -> None:
    skipped = Target("i-2", "Skipped")
    (problem,) = explain(deployment(Target("i-1", "Succeeded"), skipped, status="Succeeded"), PLACES).problems
    assert (problem.severity, problem.code) == (Severity.WARNING, "targets-missed")
    assert "succeeded without 1 of 2 targets (i-2), which may" in problem.message
    counted = Snapshot("Succeeded", {"Succeeded": 2, "Failed": 1}, targets=None)
    assert "without 1 of 3 targets, which may" in explain(counted, PLACES).problems[0].message
    for fine in ({"outdated_only": True}, {"blue_green": True, "targets": (replace(skipped, label="Blue"),)}):
        assert replace(deployment(skipped, status="Succeeded"), **fine).flawless


def test_a_plain_success_says_nothing() -> None:
    assert explain(Snapshot("Succeeded"), PLACES).problems == ()


@pytest.mark.parametrize(
    ("kind", "event", "said"),
    [
        ("instance", "AllowTraffic", "health check"),
        ("instance", "BlockTraffic", "deregistration delay"),
        ("lambda", "AllowTraffic", "the steps and pauses of the deployment configuration"),
        ("ecs", "AllowTraffic", "the steps and pauses of the deployment configuration"),
        ("instance", "AfterInstall", "check what it is waiting for"),
    ],
)
def test_what_the_load_balancer_or_a_shift_takes_is_not_a_script_that_waits(
    kind: str, event: str, said: str
) -> None:
    events = (LifecycleEvent(event, "InProgress", start=FakeClock().now()),)
    running = Snapshot("InProgress", targets=(Target("t", "InProgress", kind=kind, events=events),))
    (problem,) = explain(running, PLACES).problems
    assert said in problem.hint


def test_one_that_did_not_end_tells_what_it_waits_for() -> None:
    now = FakeClock().now()
    running = Target("i-1", "InProgress", events=(LifecycleEvent("AfterInstall", "InProgress", start=now),))
    pending = Target("i-1", "Pending", events=(LifecycleEvent("AfterInstall", "Pending"),))
    for target, status, said in (
        (running, "InProgress", "It is waiting for AfterInstall on i-1."),
        (pending, "InProgress", "never picked up the work"),
        (pending, "Ready", "it is Ready."),
    ):
        (problem,) = explain(deployment(target, status=status, code=""), PLACES).problems
        assert said in problem.message


@settings(deadline=None)  # the first example compiles the patterns
@given(st.text(), st.text(), st.text(), st.sampled_from(["AfterInstall", "Install", "DownloadBundle", "?"]))
def test_any_text_of_an_instance_is_explained_without_an_exception(
    log: str, message: str, script: str, event: str
) -> None:
    explanation = explain(deployment(failed(event, log=log, message=message, script=script)), PLACES)
    assert explanation.problems
    assert all(problem.message and "\n" not in problem.message for problem in explanation.problems)


def test_the_telling_line_is_the_last_error_else_the_last_of_standard_error() -> None:
    log = "[stdout]ok\n[stderr]warning: old\n[stderr]ERROR: disk\n[stderr]giving up\n[stdout]bye\n"
    assert telling_line(log) == "ERROR: disk"
    assert telling_line("[stdout]ok\n[stderr]giving up\n") == "giving up"
    assert telling_line("[stdout]only this\n") == ""


def test_hints_of_a_failure_say_the_service_s_word_once() -> None:
    message = "Script failed with exit code 1"
    problem = explain(deployment(failed(message=message)), PLACES).problems[0]
    assert len(re.findall(message, f"{problem.message}\n{problem.hint}")) == 1
