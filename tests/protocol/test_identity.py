"""Roles assumed by a CI's token or by other credentials, renewed while a deployment is watched."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.emulator import Role, iam, trust_principal, trust_web_identity
from tests.harness import Job

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clock import FakeClock
    from tests.emulator import Emulator
    from tests.harness import Start
    from tests.s3 import S3Server


PREFIX = "arn:aws:iam::123456789012:role"
DEPLOYER = f"{PREFIX}/deployer"
USER = "arn:aws:iam::123456789012:user/ci"
NO_KEYS: dict[str, str | None] = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}


@pytest.fixture
def job(s3: S3Server, bucket: str, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    return Job(monkeypatch, tmp_path, s3, bucket, clock)


class StartWithRoles(Protocol):
    """Starts an emulator with the role `deployer` and more."""

    def __call__(
        self,
        *more: Role,
        trust: iam.Document | None = None,
        session_seconds: float | None = None,
        scenario: str = "success",
    ) -> Emulator:
        """Start one with these roles, this trust and sessions of this length."""
        ...


@pytest.fixture
def aws(still_emulator: Start, s3: S3Server) -> StartWithRoles:
    """Start an emulator that knows the role `deployer`, with this trust and these sessions."""

    def start(
        *more: Role,
        trust: iam.Document | None = None,
        session_seconds: float | None = None,
        scenario: str = "success",
    ) -> Emulator:
        role = Role("deployer", trust or trust_web_identity(), session_seconds=session_seconds)
        return still_emulator(scenario, bucket_store=s3, roles=(role, *more))

    return start


def github(service: Emulator, **more: str | None) -> dict[str, str | None]:
    """The variables of a job on GitHub that may ask for a token, and that has no keys."""
    return {
        **NO_KEYS,
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "acme/hello-web",
        "GITHUB_RUN_ID": "42",
        "ACTIONS_ID_TOKEN_REQUEST_URL": service.oidc_url,
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": service.oidc.request_token,
        "INPUT_ROLE-TO-ASSUME": DEPLOYER,
        **more,
    }


def count(service: Emulator, operation: str) -> int:
    return service.operations().count(operation)


def pasted(output: str) -> list[Any]:
    """The policies in a message, as somebody would paste them."""
    text = output.replace("%0A", "\n")
    starts = [found.start() for found in re.finditer(r'\{\s*"Version"', text)]
    return [json.JSONDecoder().raw_decode(text[start:])[0] for start in starts]


def test_a_job_on_github_deploys_without_any_key(job: Job, aws: StartWithRoles) -> None:
    service = aws()
    ran = job.run(service, **github(service))
    assert ran.code == 0, ran.log
    assert f"Role {DEPLOYER}, by the token of GitHub" in ran.log
    assert {call.access_key[:4] for call in service.calls if call.service in {"s3", "codedeploy"}} == {"ASIA"}
    (assumed,) = (call for call in service.calls if call.operation == "AssumeRoleWithWebIdentity")
    assert assumed.parameters["RoleSessionName"] == "deployer-acme-hello-web-42"


def test_a_run_outlives_sessions_of_seconds_by_asking_for_fresh_tokens(job: Job, aws: StartWithRoles) -> None:
    service = aws(session_seconds=2)
    ran = job.run(service, **github(service))
    assert ran.code == 0, ran.log
    assert count(service, "OidcToken") == count(service, "AssumeRoleWithWebIdentity") > 3
    assert len(set(service.oidc.issued)) == len(service.oidc.issued)


@pytest.mark.unhurried
def test_sessions_are_renewed_when_that_is_due_and_not_at_each_call(job: Job, aws: StartWithRoles) -> None:
    service = aws(session_seconds=302)
    assert job.run(service, **github(service)).code == 0
    assert 1 < count(service, "AssumeRoleWithWebIdentity") < count(service, "GetDeployment")


def test_a_fault_of_the_token_endpoint_is_tried_again(job: Job, aws: StartWithRoles) -> None:
    service = aws()
    service.faults.add("OidcToken", "500", times=2)
    assert job.run(service, **github(service)).code == 0


@pytest.mark.parametrize("fault", ["cut-before", "500"])
def test_a_token_endpoint_that_stays_away_is_told(fault: str, job: Job, aws: StartWithRoles) -> None:
    service = aws()
    service.faults.add("OidcToken", fault, times=999)
    ran = job.run(service, **github(service))
    assert ran.code == 5
    assert f"assume {DEPLOYER} failed" in ran.log


def test_a_renewal_that_fails_for_a_while_does_not_end_a_wait(job: Job, aws: StartWithRoles) -> None:
    service = aws(session_seconds=61.5)
    service.faults.add("AssumeRoleWithWebIdentity", "503", times=9, after=1)
    ran = job.run(service, **github(service))
    assert ran.code == 0, ran.log


@pytest.mark.unhurried
def test_a_renewal_that_is_refused_ends_the_run_with_the_reason(job: Job, aws: StartWithRoles) -> None:
    service = aws(session_seconds=61.5)
    service.faults.add("AssumeRoleWithWebIdentity", "access-denied", times=99, after=1)
    ran = job.run(service, **github(service))
    assert ran.code == 4
    assert "is still running" in ran.log
    assert "its trust policy does not allow this job" in ran.log


@pytest.mark.parametrize(
    ("variable", "inputs"),
    [
        ("CI_TOKEN", {"INPUT_WEB_IDENTITY_TOKEN_VARIABLE": "CI_TOKEN"}),
        ("BITBUCKET_STEP_OIDC_TOKEN", {}),
        ("CIRCLE_OIDC_TOKEN_V2", {}),
        ("CIRCLE_OIDC_TOKEN", {}),
        ("GITLAB_OIDC_TOKEN", {}),
    ],
)
def test_a_token_in_a_variable_is_used(
    variable: str, inputs: dict[str, str], job: Job, aws: StartWithRoles
) -> None:
    issuer = "https://gitlab.com"
    service = aws(trust=trust_web_identity(issuer=issuer, subject="project_path:acme/*"))
    service.oidc.issuer, service.oidc.subject = issuer, "project_path:acme/web:ref_type:branch:ref:main"
    token = service.oidc.issue("sts.amazonaws.com")
    ran = job.run(service, **{**NO_KEYS, variable: token, "INPUT_ROLE_TO_ASSUME": DEPLOYER, **inputs})
    assert ran.code == 0, ran.log
    assert f"by the token of the variable {variable}" in ran.log


def test_a_token_in_a_file_is_read_anew_at_each_renewal(
    job: Job, aws: StartWithRoles, tmp_path: Path
) -> None:
    service = aws(session_seconds=2)
    file = tmp_path / "token"
    file.write_text(service.oidc.issue("sts.amazonaws.com") + "\n")
    given = {**NO_KEYS, "INPUT_ROLE_TO_ASSUME": DEPLOYER, "INPUT_WEB_IDENTITY_TOKEN_FILE": str(file)}
    ran = job.run(service, **given)
    assert ran.code == 0, ran.log
    assert f"by the token of the file {file}" in ran.log


@pytest.mark.parametrize(
    "given",
    [
        {"INPUT_WEB_IDENTITY_TOKEN_VARIABLE": "NOWHERE"},
        {"INPUT_WEB_IDENTITY_TOKEN_FILE": "/nowhere/token"},
    ],
)
def test_a_token_that_is_named_and_not_there_is_an_invalid_input(
    given: dict[str, str], job: Job, aws: StartWithRoles
) -> None:
    ran = job.run(aws(), **{**NO_KEYS, "INPUT_ROLE_TO_ASSUME": DEPLOYER, **given})
    assert ran.code == 2
    (value,) = given.values()
    assert value in ran.log


def test_a_token_given_in_place_of_a_variable_s_name_is_not_shown(job: Job, aws: StartWithRoles) -> None:
    service = aws()
    token = service.oidc.issue("sts.amazonaws.com")
    ran = job.run(service, INPUT_ROLE_TO_ASSUME=DEPLOYER, INPUT_WEB_IDENTITY_TOKEN_VARIABLE=token)
    assert ran.code == 2
    assert "is not a variable name" in ran.log
    assert token[:40] not in ran.everything


def test_without_a_token_the_ambient_credentials_assume_the_role(job: Job, aws: StartWithRoles) -> None:
    service = aws(trust=trust_principal(USER, external_id="shared", tags=True))
    ran = job.run(
        service,
        INPUT_ROLE_TO_ASSUME=DEPLOYER,
        INPUT_ROLE_EXTERNAL_ID="shared",
        INPUT_ROLE_SESSION_TAGS="team=web\nstage=production",
        INPUT_ROLE_SESSION_NAME="nightly",
        INPUT_ROLE_DURATION="30m",
    )
    assert ran.code == 0, ran.log
    (call,) = (call for call in service.calls if call.operation == "AssumeRole")
    assert call.parameters["RoleSessionName"] == "nightly"
    assert call.parameters["DurationSeconds"] == 1800
    assert call.parameters["Tags"] == [
        {"Key": "team", "Value": "web"},
        {"Key": "stage", "Value": "production"},
    ]


def test_a_chain_of_roles_is_renewed_from_its_beginning(job: Job, aws: StartWithRoles) -> None:
    target = Role("target", trust_principal(DEPLOYER), session_seconds=2)
    service = aws(target)
    chain = {"INPUT_ROLE-TO-ASSUME": f"{DEPLOYER}\n{PREFIX}/target", "INPUT_POLL-INTERVAL": "5s"}
    ran = job.run(service, **github(service, **chain))
    assert ran.code == 0, ran.log
    assert f"Role {DEPLOYER} → {PREFIX}/target" in ran.log
    assert count(service, "AssumeRole") == count(service, "OidcToken") > 3


def test_a_forgotten_permission_is_told_with_the_lines_to_paste(job: Job, aws: StartWithRoles) -> None:
    service = aws()
    given = github(service, ACTIONS_ID_TOKEN_REQUEST_URL=None, ACTIONS_ID_TOKEN_REQUEST_TOKEN=None)
    ran = job.run(service, **given)
    assert ran.code == 4
    assert "may not ask GitHub for an OIDC token" in ran.log
    assert "permissions:%0A  id-token: write" in ran.log


def test_a_token_endpoint_that_refuses_is_told_as_that(job: Job, aws: StartWithRoles) -> None:
    service = aws()
    ran = job.run(service, **github(service, ACTIONS_ID_TOKEN_REQUEST_TOKEN="stale"))
    assert ran.code == 4
    assert "HTTP status 401" in ran.log


def test_no_credentials_at_all_are_told_with_what_can_be_done(job: Job, aws: StartWithRoles) -> None:
    ran = job.run(aws(), **NO_KEYS)
    assert ran.code == 4
    assert "No AWS credentials were found." in ran.log
    assert "role-to-assume" in ran.log


def test_incomplete_credentials_are_told(job: Job, aws: StartWithRoles) -> None:
    ran = job.run(aws(), AWS_SECRET_ACCESS_KEY=None)
    assert ran.code == 4
    assert "AWS_SECRET_ACCESS_KEY" in ran.log


def test_a_wrong_audience_is_told_with_both_ways_to_mend_it(job: Job, aws: StartWithRoles) -> None:
    service = aws()
    ran = job.run(service, **github(service, **{"INPUT_WEB-IDENTITY-AUDIENCE": "acme"}))
    assert ran.code == 4
    assert "The token's audience is acme: set web-identity-audience" in ran.log
    assert (
        "--open-id-connect-provider-arn arn:aws:iam::123456789012:oidc-provider/"
        "token.actions.githubusercontent.com --client-id acme"
    ) in ran.log


def test_a_missing_identity_provider_is_told_with_the_command_that_makes_it(
    job: Job, aws: StartWithRoles
) -> None:
    service = aws()
    service.sts.providers.clear()
    ran = job.run(service, **github(service))
    assert ran.code == 4
    assert (
        "create-open-id-connect-provider --url https://token.actions.githubusercontent.com "
        "--client-id-list sts.amazonaws.com"
    ) in ran.log


def test_a_trust_policy_that_refuses_is_told_with_one_that_does_not(job: Job, aws: StartWithRoles) -> None:
    """What the message says to paste is what lets the next run pass."""
    service = aws(trust=trust_web_identity(subject="repo:acme/other:*"))
    ran = job.run(service, **github(service))
    assert ran.code == 4
    assert "subject repo:acme/hello-web:ref:refs/heads/main" in ran.log
    (trust,) = pasted(ran.log)
    again = aws(trust=trust)
    assert job.run(again, **github(again)).code == 0


def test_pull_requests_are_not_advised_to_be_admitted(job: Job, aws: StartWithRoles) -> None:
    service = aws(trust=trust_web_identity(subject="repo:acme/hello-web:ref:refs/heads/main"))
    service.oidc.subject = "repo:acme/hello-web:pull_request"
    ran = job.run(service, **github(service))
    assert ran.code == 4
    assert "anyone who can open one could deploy" in ran.log
    (trust,) = pasted(ran.log)
    assert "pull_request" not in str(trust)
    assert "repo:acme/hello-web:environment:ENVIRONMENT" in str(trust)


def test_a_role_that_does_not_trust_the_identity_is_told_with_both_policies(
    job: Job, aws: StartWithRoles
) -> None:
    service = aws(trust=trust_principal(f"{PREFIX}/other"))
    ran = job.run(service, INPUT_ROLE_TO_ASSUME=DEPLOYER, INPUT_ROLE_EXTERNAL_ID="shared")
    assert ran.code == 4
    assert f'{{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "{DEPLOYER}"}}' in ran.log
    (trust,) = pasted(ran.log)
    again = aws(trust=trust)
    ran = job.run(again, INPUT_ROLE_TO_ASSUME=DEPLOYER, INPUT_ROLE_EXTERNAL_ID="shared")
    assert ran.code == 0, ran.log


def test_the_next_role_of_a_chain_has_to_trust_the_role_before_not_its_session(
    job: Job, aws: StartWithRoles
) -> None:
    service = aws(Role("target", trust_principal(f"{PREFIX}/other")))
    ran = job.run(service, **github(service, **{"INPUT_ROLE-TO-ASSUME": f"{DEPLOYER}\n{PREFIX}/target"}))
    assert ran.code == 4
    (trust,) = pasted(ran.log)
    assert trust["Statement"][0]["Principal"] == {"AWS": DEPLOYER}


def test_an_expired_token_is_told_as_that(job: Job, aws: StartWithRoles, clock: FakeClock) -> None:
    service = aws()
    past = int((clock.now() - timedelta(minutes=5)).timestamp())
    token = service.oidc.issue("sts.amazonaws.com", exp=past)
    ran = job.run(
        service,
        **NO_KEYS,
        INPUT_ROLE_TO_ASSUME=DEPLOYER,
        INPUT_WEB_IDENTITY_TOKEN_VARIABLE="ID_TOKEN",
        ID_TOKEN=token,
    )
    assert ran.code == 4
    assert "The token of the variable ID_TOKEN expired at 09:25 UTC" in ran.log


def test_what_is_no_token_is_told_as_that(job: Job, aws: StartWithRoles) -> None:
    ran = job.run(
        aws(),
        **NO_KEYS,
        INPUT_ROLE_TO_ASSUME=DEPLOYER,
        INPUT_WEB_IDENTITY_TOKEN_VARIABLE="ID_TOKEN",
        ID_TOKEN="something-else",
    )
    assert ran.code == 2
    assert "The variable ID_TOKEN holds no OIDC token" in ran.log
    assert "something-else" not in ran.log


@pytest.mark.parametrize("operation", ["PutObject", "GetDeployment", "AssumeRole"])
def test_a_wrong_clock_is_told_as_that(operation: str, job: Job, aws: StartWithRoles) -> None:
    service = aws(trust=trust_principal(USER))
    service.faults.add(operation, "clock-skew", times=9)
    ran = job.run(service, INPUT_ROLE_TO_ASSUME=DEPLOYER)
    assert ran.code == 4
    assert "This machine's clock is wrong by more than AWS allows" in ran.log


def test_a_clock_ahead_of_a_new_session_s_end_is_told_as_that(job: Job, aws: StartWithRoles) -> None:
    service = aws(session_seconds=-3600)
    ran = job.run(service, **github(service))
    assert ran.code == 4
    assert "Set the machine's clock." in ran.log


def test_more_than_the_role_allows_is_an_invalid_input(job: Job, aws: StartWithRoles) -> None:
    service = aws()
    ran = job.run(service, **github(service, **{"INPUT_ROLE-DURATION": "2h"}))
    assert ran.code == 2
    assert "MaxSessionDuration" in ran.log
    assert "role-duration" in ran.log


def test_what_sts_has_no_parameter_for_is_refused_before_it_is_asked(job: Job, aws: StartWithRoles) -> None:
    service = aws()
    given = {"INPUT_ROLE-EXTERNAL-ID": "shared", "INPUT_ROLE-SESSION-TAGS": "a=b"}
    ran = job.run(service, **github(service, **given))
    assert ran.code == 2
    assert "Input role-external-id cannot be sent together with a token" in ran.log
    assert "Input role-session-tags cannot be sent together with a token" in ran.log
    chain = {"INPUT_ROLE-TO-ASSUME": f"{DEPLOYER}\n{PREFIX}/target", "INPUT_ROLE-DURATION": "2h"}
    ran = job.run(service, **github(service, **chain))
    assert ran.code == 2
    assert "maximum that AWS allows for a chain" in ran.log
    assert service.calls == []


def test_keys_that_end_before_the_timeout_are_warned_of_before_deploying(
    job: Job, aws: StartWithRoles, clock: FakeClock
) -> None:
    ends = (clock.now() + timedelta(minutes=20)).isoformat().replace("+00:00", "Z")
    service = aws()
    ran = job.run(service, AWS_CREDENTIAL_EXPIRATION=ends)
    assert ran.code == 0, ran.log
    warning = ran.log.index("The AWS credentials expire at 09:50 UTC, in 20 min")
    assert warning < ran.log.index("== Deploy")
    ran = job.run(service, "--timeout=15m", AWS_CREDENTIAL_EXPIRATION=ends)
    assert "The AWS credentials expire" not in ran.log


def test_a_token_that_cannot_be_renewed_is_warned_of(job: Job, aws: StartWithRoles, clock: FakeClock) -> None:
    service = aws(session_seconds=600)
    exp = int(datetime(2026, 3, 2, 9, 45, tzinfo=UTC).timestamp())
    given: dict[str, str | None] = {
        **NO_KEYS,
        "BITBUCKET_STEP_OIDC_TOKEN": service.oidc.issue("sts.amazonaws.com", exp=exp),
        "INPUT_ROLE_TO_ASSUME": DEPLOYER,
    }
    assert "The AWS credentials expire at 09:45 UTC, in 15 min" in job.run(service, **given).log
    assert "The AWS credentials expire" not in job.run(service, "--stop-after=deploy", **given).log
    assert clock.now() < datetime(2026, 3, 2, 9, 45, tzinfo=UTC)


def test_credentials_that_ended_already_are_told_as_expired(
    job: Job, aws: StartWithRoles, clock: FakeClock
) -> None:
    service = aws()
    service.faults.add("*", "expired-token", times=99)
    past = (clock.now() - timedelta(minutes=20)).isoformat()
    ran = job.run(service, AWS_SESSION_TOKEN="ended", AWS_CREDENTIAL_EXPIRATION=past)
    assert ran.code == 4
    assert "The credentials have expired" in ran.log


def test_a_configuration_of_the_sdk_that_cannot_be_read_is_an_invalid_input(
    job: Job, tmp_path: Path, still_emulator: Start
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile\n")
    ran = job.run(still_emulator(), AWS_CONFIG_FILE=str(config))
    assert ran.code == 2
    assert f"Unable to parse config file: {config}." in ran.log


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The clock of a machine that is put forward by two hours while a deployment runs."""

    clock: FakeClock

    def chance(self) -> float:
        """The same number as ever."""
        return self.clock.chance()

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self.clock.monotonic()

    def now(self) -> datetime:
        """The time of day, which jumps."""
        return self.clock.now() + timedelta(hours=2 if self.clock.passed > 3 else 0)

    def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.clock.sleep(seconds)


def test_a_clock_that_is_put_forward_expires_no_credentials(
    job: Job, clock: FakeClock, aws: StartWithRoles
) -> None:
    service = aws(Role("keyed", trust_principal(USER)))
    ran = replace(job, clock=Adjusted(clock)).run(service, **{"INPUT_ROLE-TO-ASSUME": f"{PREFIX}/keyed"})
    assert ran.code == 0
    assert service.operations().count("AssumeRole") == 1
