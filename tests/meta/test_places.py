"""Places that others show things in: GitHub's environments, and the log group of the CloudWatch agent."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from deployer.deployment.agent_log import PATHS
from tests.docs import ROOT

WORKFLOWS = sorted((ROOT / "examples" / "workflows").glob("*.yml"))
NO_DEPLOYMENT = {"package", "rehearse", "plan", "upload", "register"}
BEFORE_APPROVAL = {("blue-green.yml", "deploy")}
"""The job whose environment would ask for the approval that comes after it."""


def deploying() -> list[tuple[str, str, dict[str, Any]]]:
    """The jobs that deploy: workflow, name and content."""
    found = []
    for path in WORKFLOWS:
        for name, job in yaml.safe_load(path.read_text())["jobs"].items():
            steps = [step for step in job.get("steps", []) if "/deployer@" in step.get("uses", "")]
            stages = {step["with"].get("stop-after", "wait") for step in steps}
            if stages - NO_DEPLOYMENT and (path.name, name) not in BEFORE_APPROVAL:
                found.append((path.name, name, job))
    return found


@pytest.mark.parametrize(
    ("workflow", "name", "job"), deploying(), ids=lambda each: each if isinstance(each, str) else ""
)
def test_a_deployment_is_shown_in_github_s_environment_with_its_url(
    workflow: str, name: str, job: dict[str, Any]
) -> None:
    (step,) = (step for step in job["steps"] if "/deployer@" in step.get("uses", ""))
    assert job["environment"]["name"], (workflow, name)
    assert job["environment"]["url"] == f"${{{{ steps.{step['id']}.outputs.deployment-url }}}}"


def test_the_cloudwatch_agent_is_given_the_file_that_the_codedeploy_agent_writes() -> None:
    """And names the stream and the group as the run looks for them."""
    page = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")
    collected = []
    for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL):
        (entry,) = json.loads(block)["logs"]["logs_collected"]["files"]["collect_list"]
        collected.append(entry)
    assert [each["file_path"] for each in collected] == list(PATHS)
    assert {each["log_stream_name"] for each in collected} == {"{instance_id}"}
    assert {f"log-group: {each['log_group_name']}" in page for each in collected} == {True}
    assert not any("timestamp_format" in each for each in collected)
