"""Regions, partitions, endpoints, proxies and certificates, as every AWS tool takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.aws.client import connect
from deployer.deployment.model import Deployment
from deployer.regions import partition
from tests.certificates import certify, encrypt, over_tls
from tests.clock import patient
from tests.emulator import Emulator, Role, trust_web_identity
from tests.harness import Job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.clock import FakeClock
    from tests.harness import Start
    from tests.s3 import S3Server


NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def job(s3: S3Server, bucket: str, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    return Job(monkeypatch, tmp_path, s3, bucket, clock)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"INPUT_REGION": "eu-west-1", "AWS_REGION": "us-east-1"}, "Region eu-west-1, from input region"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"}, "Region eu-west-1, from AWS_REGION"),
        (
            {"AWS_REGION": None, "AWS_DEFAULT_REGION": "eu-west-1"},
            "Region eu-west-1, from AWS_DEFAULT_REGION",
        ),
        ({"AWS_REGION": None, "AWS_PROFILE": "web"}, "Region eu-west-1, from profile web"),
    ],
)
def test_the_log_says_where_the_region_came_from(
    given: dict[str, str | None], told: str, *, job: Job, still_emulator: Start
) -> None:
    config = job.home / "config"
    config.write_text("[profile web]\nregion = eu-west-1\n")
    ran = job.run(still_emulator(), AWS_CONFIG_FILE=str(config), **given)
    assert told in ran.log
    assert ran.code == 0, ran.log


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"AWS_REGION": None}, "No AWS region is set."),
        ({"AWS_PROFILE": "nobody"}, "nobody"),
    ],
)
def test_no_region_and_no_profile_are_invalid_inputs(
    given: dict[str, str | None], told: str, *, job: Job, still_emulator: Start
) -> None:
    ran = job.run(still_emulator(), **given)
    assert ran.code == 2
    assert told in ran.log


def test_a_bucket_of_another_region_is_refused_with_both_named(job: Job, still_emulator: Start) -> None:
    """CodeDeploy reads a revision from the region that it deploys in."""
    service = still_emulator(bucket_store=job.s3, bucket_regions={job.bucket: "us-east-1"})
    ran = job.run(service)
    assert ran.code == 2
    assert f"The bucket `{job.bucket}` is in another region (us-east-1) than the deployment" in ran.log
    assert "CreateDeployment" not in service.operations()


@pytest.mark.parametrize(("pre_flight", "code"), [("errors", 0), ("strict", 2)])
def test_a_revision_in_another_region_is_deployed_with_a_warning(
    pre_flight: str, code: int, *, job: Job, still_emulator: Start
) -> None:
    """Some agents follow a bucket into its region; a copy in the deployment's own always works."""
    here = still_emulator(bucket_store=job.s3)
    built = job.run(here, "--stop-after=register", GITHUB_ACTIONS="true")
    service = still_emulator(bucket_store=job.s3, bucket_regions={job.bucket: "us-east-1"})
    given = {"INPUT_BUCKET": None, "INPUT_SOURCE": None, "INPUT_REVISION": built.outputs["revision"]}
    ran = job.run(service, f"--pre-flight={pre_flight}", GITHUB_ACTIONS="true", **given)
    assert ran.code == code, ran.log
    level = "error" if code else "warning"
    assert (
        ran.log.count(f"::{level} title=bucket-region::The bucket `{job.bucket}` is in another region") == 1
    )
    assert "with a `bucket` in eu-west-1 for its copy" in ran.log
    assert ("CreateDeployment" in service.operations()) == (code == 0)


@pytest.mark.parametrize(
    ("region", "name", "console"),
    [
        ("eu-west-1", "aws", "https://eu-west-1.console.aws.amazon.com/"),
        ("cn-north-1", "aws-cn", "https://cn-north-1.console.amazonaws.cn/"),
        ("us-gov-west-1", "aws-us-gov", "https://us-gov-west-1.console.amazonaws-us-gov.com/"),
        ("eusc-de-east-1", "aws-eusc", "https://eusc-de-east-1.console.amazonaws-eusc.eu/"),
    ],
)
def test_partitions_and_consoles(region: str, name: str, console: str) -> None:
    assert partition(region) == name
    url = Deployment("d-ABCDEF123", region, "web", "production").url
    assert url == f"{console}codesuite/codedeploy/deployments/d-ABCDEF123?region={region}"


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1"])
def test_a_whole_run_in_another_partition(region: str, job: Job, still_emulator: Start) -> None:
    service = still_emulator()
    ran = job.run(service, AWS_REGION=region)
    assert ran.code == 0, ran.log
    assert f"?region={region}" in ran.log
    service.faults.add("RegisterApplicationRevision", "access-denied", times=9)
    denied = job.run(service, AWS_REGION=region)
    assert f'"arn:{partition(region)}:codedeploy:{region}:' in denied.log


@pytest.mark.parametrize(
    ("variable", "codedeploy", "s3"),
    [
        ("AWS_USE_FIPS_ENDPOINT", "https://codedeploy-fips.us-east-1.amazonaws.com", "s3-fips"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "https://codedeploy.us-east-1.api.aws", "dualstack"),
    ],
)
def test_fips_and_dual_stack_endpoints(
    variable: str, codedeploy: str, s3: str, *, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "true")
    aws = connect("us-east-1", source="a test", retries=patient())
    assert aws.codedeploy.meta.endpoint_url == codedeploy
    assert s3 in aws.s3.meta.endpoint_url


def test_a_proxy_carries_every_call_but_those_that_it_must_not(job: Job, still_emulator: Start) -> None:
    """The emulator is the proxy: the host that is asked for exists nowhere. S3 is gone to directly."""
    role = Role("deployer", trust_web_identity())
    service = still_emulator(roles=(role,), bucket_store=job.s3)
    direct = still_emulator(bucket_store=job.s3)
    direct.sts = service.sts
    given = {
        "HTTP_PROXY": service.url,
        "http_proxy": service.url,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "AWS_ENDPOINT_URL_CODEDEPLOY": "http://codedeploy.invalid",
        "AWS_ENDPOINT_URL_STS": "http://sts.invalid",
        "AWS_ENDPOINT_URL_S3": direct.url,
        "GITHUB_ACTIONS": "true",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "http://token.invalid/_oidc/token?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": service.oidc.request_token,
        "INPUT_ROLE-TO-ASSUME": "arn:aws:iam::123456789012:role/deployer",
    }
    ran = job.run(service, **given)
    assert ran.code == 0, ran.log
    assert {call.service for call in service.calls} - {"ec2"} == {"codedeploy", "sts", "oidc"}
    assert {call.service for call in direct.calls} == {"s3"}


def test_an_endpoint_that_nobody_answers_is_told_with_what_to_check(job: Job, still_emulator: Start) -> None:
    ran = job.run(still_emulator(), AWS_ENDPOINT_URL_S3=NOWHERE)
    assert ran.code == 5
    assert "HTTPS_PROXY, NO_PROXY" in ran.log


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that only itself vouches for, with its key."""
    return certify(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def encrypted(certificate: Path, clock: FakeClock, s3: S3Server) -> Iterator[Emulator]:
    """An emulator that speaks TLS only; it knows the role `deployer`."""
    role = Role("deployer", trust_web_identity())
    service = Emulator(clock=clock, bucket_store=s3, roles=(role,))
    encrypt(service, certificate)
    with service:
        yield service


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_a_custom_ca_bundle_vouches_for_every_endpoint(
    variable: str, job: Job, encrypted: Emulator, certificate: Path
) -> None:
    ran = job.run(encrypted, **over_tls(encrypted), **{variable: str(certificate)})
    assert ran.code == 0, ran.log


def test_a_certificate_that_nobody_vouches_for_is_refused(job: Job, encrypted: Emulator) -> None:
    ran = job.run(encrypted, **over_tls(encrypted))
    assert ran.code == 5
    assert "CERTIFICATE_VERIFY_FAILED" in ran.log
