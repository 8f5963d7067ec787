"""The workflows that users copy: each deployer step, run against the emulator with its own `with:`."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.emulator import ACCOUNT, Role, trust_web_identity
from tests.engine import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.emulator import Emulator
    from tests.harness import RunLine, Start
    from tests.s3 import S3Server


EXAMPLES = Path(__file__).parents[2] / "examples"
THEIRS = "210987654321"
"""Another account, for which the emulator's one stands too."""
ACTION = "codedeploy-deployer/deployer@"
FOREIGN = {
    "inputs.group": "production",
    "steps.publish.outputs.version": "8",
    "steps.task.outputs.arn": "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop-web:41",
    "inputs.to": "previous",
}
"""What steps of other makers give, and what people choose."""

WORKFLOWS = {
    "ec2": ("success", "hello-web", ["succeeded"]),
    "on-premises": ("on-premises", "hello-web", ["succeeded"]),
    "pull-request": ("success", "hello-web", ["rehearsed"]),
    "plan": ("success", "hello-web", ["planned"]),
    "lambda": ("lambda", "shop-lambda", ["succeeded"]),
    "ecs": ("ecs", "shop-ecs", ["succeeded"]),
    "blue-green": ("blue-green", "hello-web", ["ready", "succeeded"]),
    "rollback": ("success", "hello-web", ["succeeded"]),
    "restart": ("success", "hello-web", ["succeeded"]),
    "promote": ("success", "hello-web", ["registered", "succeeded", "succeeded"]),
    "promote-regions": ("success", "hello-web", ["registered", *["succeeded"] * 6]),
}
"""The scenario, the application's folder, and the status of each of the deployer's steps."""


def steps(workflow: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], dict[str, str]]]:
    """The deployer's steps with their job's name and matrix; the jobs stand in the order of their needs."""
    for name, job in workflow["jobs"].items():
        for region in job.get("strategy", {}).get("matrix", {}).get("region", [""]):
            for step in job["steps"]:
                if step.get("uses", "").startswith(ACTION):
                    yield name, step, {"matrix.region": region}


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its expressions replaced; raises KeyError for one that nothing gives."""
    return re.sub(r"\$\{\{ *([\w.-]+) *\}\}", lambda match: values[match[1]], text)


def test_there_is_no_other_workflow() -> None:
    assert {path.stem for path in (EXAMPLES / "workflows").iterdir()} == set(WORKFLOWS)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FakeEngine]:
    """The engine of GitHub's runner, with the image in which the example is rehearsed."""
    appspec = (EXAMPLES / "hello-web" / "appspec.yml").read_bytes()
    with FakeEngine(tmp_path / "engine.sock", image="python:3.13-slim", appspec=appspec) as fake:
        yield fake


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_does_what_it_says(  # noqa: PLR0913, PLR0917 - fixtures
    still_emulator: Start, run_line: RunLine, s3: S3Server, bucket: str, engine: FakeEngine, name: str
) -> None:
    """Outputs are handed from step to step and from job to job as the workflow hands them.

    Each step assumes its role by the job's own token, so that the credentials last as long as the wait.
    """
    scenario, folder, expected = WORKFLOWS[name]
    roles = [Role(role, trust_web_identity()) for role in ("build", "deploy", "plan")]
    service = still_emulator(scenario, bucket_store=s3, roles=roles)
    text = (EXAMPLES / "workflows" / f"{name}.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text.replace(THEIRS, ACCOUNT))
    if name == "rollback":
        for version in ("1", "2"):
            run_line(service, environ={**_job(folder), "INPUT_SOURCE": "", "INPUT_KEY": f"{version}.zip"})
    values = dict(FOREIGN)
    statuses = []
    for job, step, matrix in steps(workflow):
        own = {**values, **matrix}
        given = {f"INPUT_{key.upper()}": filled(_text(value), own) for key, value in step["with"].items()}
        if "INPUT_BUCKET" in given:
            given["INPUT_BUCKET"] = _bucket(given["INPUT_BUCKET"], s3, bucket)
        found = {**_job(folder), **_token(service), **engine.environ}
        ran = run_line(service, environ={**NOTHING, **given, **found})
        assert ran.code == 0, ran.log
        role = given.get("INPUT_ROLE-TO-ASSUME", "")
        assert (f"Role {role}, by the token of GitHub" in ran.log) == bool(role), ran.log
        statuses.append(ran.outputs["status"])
        step_id = f"steps.{step.get('id', '')}.outputs."
        own = {**values, **{f"{step_id}{key}": value for key, value in ran.outputs.items()}}
        for key, expression in workflow["jobs"][job].get("outputs", {}).items():
            values[f"needs.{job}.outputs.{key}"] = filled(expression, own)
    assert statuses == expected


def _bucket(name: str, s3: S3Server, bucket: str) -> str:
    """The bucket of this test that stands for one of the example's; those of regions are made when needed."""
    if "-revisions-" not in name:
        return name.replace("my-revisions", bucket)
    ours = re.sub("(my|their)-revisions", bucket.removeprefix("bucket-"), name)
    if ours not in {each["Name"] for each in s3.client().list_buckets()["Buckets"]}:
        s3.create_bucket(ours, versioned=True)
    return ours


NOTHING = {f"INPUT_{name}": "" for name in ("APPLICATION", "DEPLOYMENT-GROUP", "BUCKET", "SOURCE")}


def _text(value: object) -> str:
    """A value of `with:` as the runner passes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _job(folder: str) -> dict[str, str]:
    return {"GITHUB_WORKSPACE": str(EXAMPLES / folder), "GITHUB_SHA": "c" * 40}


def _token(service: Emulator) -> dict[str, str]:
    """The variables of a job with `id-token: write`, whose session S3 knows too."""
    return {
        "AWS_ENDPOINT_URL_S3": service.url,
        "GITHUB_REPOSITORY": "acme/hello-web",
        "ACTIONS_ID_TOKEN_REQUEST_URL": service.oidc_url,
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": service.oidc.request_token,
    }


def test_the_flags_of_docker_run(still_emulator: Start, run_line: RunLine, bucket: str) -> None:
    script = (EXAMPLES / "docker-run.sh").read_text(encoding="utf-8")
    words = shlex.split(script.partition("exec ")[2].replace("\\\n", " "), comments=True)
    image = next(index for index, word in enumerate(words) if word.startswith("ghcr.io/"))
    flags = [bucket if word == "my-revisions" else word for word in words[image + 1 :] if word != "$@"]
    ran = run_line(still_emulator(), *flags, environ={**NOTHING, **_job("hello-web")})
    assert ran.code == 0, ran.log
    assert ran.outputs["status"] == "succeeded"
