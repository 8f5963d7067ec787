"""What a group runs, said before it is replaced; and how far that can be known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.protocol.steps import DEPLOYED, allow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.harness import RunLine, Start

PLATFORMS = pytest.mark.parametrize("platform", DEPLOYED)
RUN = {
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_RUN_ID": "1812",
    "GITHUB_WORKFLOW_REF": "acme/shop/.github/workflows/deploy.yml@refs/heads/main",
}


def job(platform: str, number: int, sha: str) -> Mapping[str, str]:
    """A run of the workflow that deploys the platform's example from this commit."""
    inputs = {**DEPLOYED[platform], **({} if platform == "Server" else {"INPUT_BUCKET": ""})}
    return {**RUN, **inputs, "GITHUB_RUN_NUMBER": str(number), "GITHUB_SHA": sha * 40}


@pytest.mark.unhurried
@PLATFORMS
def test_what_is_replaced_is_said_with_its_commit_and_the_way_between(
    platform: str, *, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    first = run_line(service, environ=job(platform, 811, "a"))
    service.clock.sleep(2 * 86_400)
    second = run_line(service, environ=job(platform, 812, "b"))
    identifier, page = first.outputs["deployment-id"], f"compare/{'a' * 12}...{'b' * 12}"
    assert (
        f"Live: acme/shop@aaaaaaa, for 2 days, {identifier} → Deploying: @bbbbbbb, "
        f"https://github.com/acme/shop/{page}\n"
    ) in second.log
    assert second.outputs["compare-url"] == f"https://github.com/acme/shop/{page}"
    assert second.outputs["previous-revision"] == first.outputs["revision"]
    assert f"Live before: acme/shop@aaaaaaa, for 2 days, {identifier} → acme/shop@bbbbbbb" in second.summary
    assert f'(<a href="https://github.com/acme/shop/{page}">changes</a>)' in second.summary
    given = service.deployments[-1].request["description"]
    assert given == "https://github.com/acme/shop/actions/runs/1812 [acme/shop@bbbbbbbbbbbb deploy.yml#812]"


def test_the_users_own_description_makes_room_for_the_run(still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator()
    run_line(service, "--description", "x" * 256, environ=job("Server", 812, "b"))
    description = service.deployments[-1].request["description"]
    assert description == "x" * 215 + "… [acme/shop@bbbbbbbbbbbb deploy.yml#812]"
    assert len(description) == 256


def test_a_revision_built_by_another_run_keeps_the_commit_that_it_was_built_from(
    still_emulator: Start, run_line: RunLine
) -> None:
    """It was registered with it; the run that deploys it may be of any other commit."""
    service = still_emulator()
    built = run_line(service, "--stop-after", "register", environ=job("Server", 811, "a"))
    given = {"INPUT_SOURCE": "", "INPUT_BUCKET": "", "INPUT_REVISION": built.outputs["revision"]}
    ran = run_line(service, environ={**job("Server", 1, "c"), **given})
    assert "→ Deploying: acme/shop@aaaaaaa" in ran.log
    assert service.deployments[-1].request["description"].endswith("[acme/shop@aaaaaaaaaaaa deploy.yml#811]")
    on_github = {**given, "INPUT_REVISION": f"github://acme/shop/{'d' * 40}"}
    ran = run_line(service, environ={**job("Server", 2, "c"), **on_github})
    assert "→ Deploying: @ddddddd, https://github.com/acme/shop/compare/" in ran.log
    assert service.deployments[-1].request["description"].endswith("[acme/shop@dddddddddddd deploy.yml#2]")
    stored = run_line(service, "--stop-after", "upload", "--key", "1.zip", environ=job("Server", 3, "a"))
    unknown = {**given, "INPUT_REVISION": f"s3://{stored.outputs['bucket']}/1.zip"}
    ran = run_line(service, environ={**job("Server", 4, "c"), **unknown})
    assert "→ Deploying: s3://" in ran.log
    assert service.deployments[-1].request["description"].endswith("[acme/shop@ deploy.yml#4]")


@pytest.mark.parametrize("action", ["GetDeploymentGroup", "GetDeployment"])
def test_what_may_not_be_read_is_said_to_be_unknown(
    action: str, *, still_emulator: Start, run_line: RunLine
) -> None:
    """And nothing else follows from it."""
    denial = allow(f"codedeploy:{action}", effect="Deny")["Statement"]
    service = still_emulator(policy={**allow("*"), "Statement": [*allow("*")["Statement"], *denial]})
    ran = run_line(service, "--stop-after", "deploy")
    assert ran.code == 0
    assert "Live: unknown (AccessDeniedException) → Deploying: " in ran.log
    assert "previous-revision" not in ran.outputs


def test_a_group_without_any_success_and_one_that_was_rolled_back(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator(["rollback", "success"])
    run_line(service)
    ran = run_line(service, "--stop-after", "deploy")
    rollback = service.deployments[1].id
    assert (
        f"Live: s3://releases/hello-web/yesterday.zip, for less than a minute, {rollback} (a rollback)"
        in (ran.log)
    )
    service = still_emulator()
    service.world.deployments.clear()
    ran = run_line(service, "--stop-after", "deploy")
    assert "Live: nothing, since no deployment has succeeded yet → Deploying: " in ran.log
