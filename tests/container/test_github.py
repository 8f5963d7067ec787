"""Real workflows, run by act: the action from its own repository and from a consumer's."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.container.docker import ROOT, builder
from tests.container.services import BUCKET, aws_variables, commit, copy_action
from tests.documents import blocks, text
from tests.emulator import ACCOUNT, Emulator, Role, trust_web_identity
from tests.protocol.test_examples import FOREIGN, THEIRS, WORKFLOWS
from tests.s3 import S3Server

if TYPE_CHECKING:
    from collections.abc import Callable

    Act = Callable[..., subprocess.CompletedProcess[str]]

STEPS = """
      - uses: actions/checkout@v4
      - id: deploy
        uses: {uses}
        with:
          application: hello-web
          deployment-group: production
          bucket: {bucket}
          source: {source}
      - if: always()
        env:
          STATUS: ${{{{ steps.deploy.outputs.status }}}}
          ID: ${{{{ steps.deploy.outputs.deployment-id }}}}
        run: echo "read [$STATUS] [$ID]"
"""


def workflow(uses: str, source: str, environment: dict[str, str]) -> str:
    """A workflow with one job that deploys and reads the outputs, whatever came of it."""
    variables = "".join(f"  {name}: {value}\n" for name, value in environment.items())
    steps = STEPS.format(uses=uses, bucket=BUCKET, source=source)
    return f"on: [push]\nenv:\n{variables}jobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:{steps}"


RUNNER = r"""
FROM {base}
RUN ln -s /bin/true /usr/local/bin/zip \
    && printf '%s\n' '#!/bin/sh' 'case $1 in lambda) echo {version} ;; ecs) echo {task} ;; esac' \
      >/usr/local/bin/aws \
    && chmod +x /usr/local/bin/aws
"""
"""What the examples' own steps call on a hosted runner; `aws` names a version and a task definition."""


@pytest.fixture(scope="module")
def runner(base: str) -> str:
    """The image in which act runs a job's own commands."""
    tag = "deployer:github-runner"
    subprocess.run(
        ["docker", "build", "--quiet", f"--tag={tag}", "-"],
        input=RUNNER.format(
            base=base,
            version=FOREIGN["steps.publish.outputs.version"],
            task=FOREIGN["steps.task.outputs.arn"],
        ),
        env=os.environ | {"DOCKER_BUILDKIT": builder()},
        text=True,
        check=True,
    )
    return tag


@pytest.fixture
def act(runner: str, tmp_path: Path) -> Act:
    """Run the workflow of a repository: `act(folder, event, *options)`."""
    (tmp_path / "config" / "act").mkdir(parents=True)
    (tmp_path / "config" / "act" / "actrc").touch()

    def run(folder: Path, event: str, *options: str) -> subprocess.CompletedProcess[str]:
        command = [
            *(str(Path(sys.executable).with_name("act")), event, "-P", f"ubuntu-latest={runner}"),
            *("--pull=false", "--rm", "--network=host", "--no-cache-server", *options),
        ]
        return subprocess.run(
            command,
            cwd=folder,
            env=os.environ
            | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "XDG_CONFIG_HOME": str(tmp_path / "config")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    return run


def write_workflow(repository: Path, text: str) -> None:
    """Put the only workflow into a repository, and commit all of it."""
    folder = repository / ".github" / "workflows"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "deploy.yml").write_text(text, encoding="utf-8")
    commit(repository)


def test_the_action_of_this_repository(act: Act, base: str, s3: S3Server, tmp_path: Path) -> None:
    """`uses: ./` builds the image, deploys, and the next step reads the outputs."""
    with Emulator(speed=10) as emulator:
        repository = copy_action(tmp_path / "action", base)
        environment = aws_variables(emulator.url, s3.url)
        write_workflow(repository, workflow("./", "examples/hello-web", environment))
        done = act(repository, "push")
        assert done.returncode == 0, done.stdout
        assert f"read [succeeded] [{emulator.deployments[0].id}]" in done.stdout


def test_a_failed_deployment_fails_the_job(act: Act, base: str, s3: S3Server, tmp_path: Path) -> None:
    """The job ends red with an annotation on the script's file, and the outputs are there all the same."""
    with Emulator(scenario="fails-after-install", speed=10) as emulator:
        repository = copy_action(tmp_path / "action", base)
        environment = aws_variables(emulator.url, s3.url)
        write_workflow(repository, workflow("./", "examples/hello-web", environment))
        done = act(repository, "push")
        assert done.returncode != 0
        assert f"read [failed] [{emulator.deployments[0].id}]" in done.stdout, done.stdout
    assert re.search(r"::error file=examples/hello-web/scripts/after_install\.sh,", done.stdout), done.stdout
    assert "No matching distribution found for flask==3.0.33" in done.stdout


CREDENTIALS = """
name: Stand-in for the action that gets credentials
inputs:
  role-to-assume: {required: true}
  aws-region: {required: true}
runs:
  using: composite
  steps:
    - shell: bash
      run: echo "AWS_REGION=${{ inputs.aws-region }}" >>"$GITHUB_ENV"
"""


COMMENT = """
name: Stand-in for the action that comments on a pull request
inputs:
  header: {required: true}
  message: {required: true}
runs:
  using: composite
  steps:
    - shell: bash
      env:
        MESSAGE: ${{ inputs.message }}
      run: test -n "$MESSAGE" && echo "commented $MESSAGE"
"""


def deploy_twice(emulator: Emulator, s3: S3Server) -> None:
    """Give a group the history that going back needs: two good deployments of bundles that still exist."""
    for key in ("1.zip", "2.zip"):
        etag = s3.client().put_object(Bucket=BUCKET, Key=key, Body=key.encode())["ETag"]
        location = {"bucket": BUCKET, "key": key, "bundleType": "zip", "eTag": etag.strip('"')}
        emulator.begin(revision={"revisionType": "S3", "s3Location": location})
        while emulator.deployments[-1].status(time.monotonic()) != "Succeeded":
            time.sleep(0.1)


PULL_REQUEST = {"pull_request": {"head": {"repo": {"full_name": "octo-org/hello-web"}}}}
"""The event of a pull request that does not come from a fork."""


@pytest.mark.parametrize("name", WORKFLOWS)
def test_examples_run(act: Act, base: str, s3: S3Server, tmp_path: Path, name: str) -> None:
    """Each workflow that users may copy does what it says, in a repository that holds only an application.

    What one job hands to the next is there: a revision to promote, a deployment to continue.
    """
    scenario, folder, statuses = WORKFLOWS[name]
    text = (
        (ROOT / "examples" / "workflows" / f"{name}.yml").read_text(encoding="utf-8").replace(THEIRS, ACCOUNT)
    )
    action = copy_action(tmp_path / "action", base)
    commit(action)
    local = dict.fromkeys(re.findall(r"uses: (codedeploy-deployer/\S+)", text), action)
    for owner, definition in (("aws-actions", CREDENTIALS), ("marocchino", COMMENT)):
        stand_in = tmp_path / owner
        stand_in.mkdir()
        (stand_in / "action.yml").write_text(definition)
        commit(stand_in)
        local |= dict.fromkeys(re.findall(rf"uses: ({owner}/\S+)", text), stand_in)
    consumer = shutil.copytree(ROOT / "examples" / folder, tmp_path / "consumer")
    write_workflow(consumer, text)
    buckets = buckets_of_regions(text)
    for bucket in buckets:
        s3.create_bucket(bucket, versioned=True)
    rehearsal = statuses == ["rehearsed"]
    roles = [Role(role, trust_web_identity()) for role in ("build", "deploy", "plan")]
    with Emulator(scenario=scenario, speed=50, bucket_store=s3, roles=roles) as emulator:
        token = {
            "ACTIONS_ID_TOKEN_REQUEST_URL": emulator.oidc_url,
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": emulator.oidc.request_token,
        }
        variables = {} if rehearsal else aws_variables(emulator.url, emulator.url) | token
        events = yaml.safe_load(text)[True]  # YAML 1.1 reads the key `on` as a boolean
        by_hand = events.get("workflow_dispatch", {}).get("inputs", {}) if "push" not in events else {}
        event = "workflow_dispatch" if by_hand else "push" if "push" in events else "pull_request"
        if name == "rollback":
            deploy_twice(emulator, s3)
        payload = tmp_path / "event.json"
        payload.write_text(json.dumps(PULL_REQUEST))
        before = len(emulator.deployments)
        done = act(
            consumer,
            event,
            *([f"--eventpath={payload}"] if event == "pull_request" else []),  # it would replace inputs
            *(f"--input={name}={FOREIGN[f'inputs.{name}']}" for name in by_hand),
            *(f"--local-repository={repository}={folder}" for repository, folder in local.items()),
            *(f"--env={name}={value}" for name, value in variables.items()),
        )
        assert done.returncode == 0, done.stdout
        made = emulator.deployments[before:]
        states = [each.status(time.monotonic()) for each in made]
        revisions = {str(each.revision) for each in made}
    assert states == ["Succeeded"] * statuses.count("succeeded")
    assert len(revisions) <= max(1, len(buckets))
    assert ("commented " in done.stdout) == ("marocchino/" in text)


def buckets_of_regions(workflow: str) -> list[str]:
    """The buckets of a workflow that has one for each region of its matrix."""
    regions = re.search(r"region: \[(.*)\]", workflow)
    names = re.findall(r"bucket: (\S+-)\$\{\{ matrix\.region \}\}", workflow)
    return [name + region for name in names for region in (regions[1].split(", ") if regions else ())]


MOVED = """\
on: push
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
"""


def front_door() -> dict[str, str]:
    """The workflows of the README, and the steps of the guide for people from other tools, in a workflow."""
    role, keys = (block.code for block in blocks("README.md") if "jobs:" in block.code)
    workflows = {"role": role, "keys": keys}
    for title in ("Codeship", "sourcetoad/aws-codedeploy-action"):
        section = text("docs/migrating.md").partition(f"\n## {title}\n")[2].partition("\n## ")[0]
        step = re.findall(r"```yaml\n(- uses: codedeploy-deployer/.*?)```", section, re.DOTALL)[0]
        workflows[title] = MOVED + textwrap.indent(step, "      ")
    return workflows


SECRETS = {
    "AWS_ACCESS_KEY_ID": S3Server.access_key,
    "AWS_ACCESS_KEY": S3Server.access_key,
    "AWS_SECRET_ACCESS_KEY": S3Server.secret_key,
    "AWS_SECRET_KEY": S3Server.secret_key,
}


@pytest.mark.parametrize("name", FRONT_DOOR := front_door())
def test_whoever_comes_by_the_front_door_deploys(
    act: Act, base: str, s3: S3Server, tmp_path: Path, name: str
) -> None:
    """What the README and the guide say, word by word, with the keys or the job's token that they name."""
    given = next(
        step["with"]
        for step in yaml.safe_load(FRONT_DOOR[name])["jobs"]["deploy"]["steps"]
        if step["uses"].startswith("codedeploy-deployer/")
    )
    bucket, _, folder = given["bucket"].partition("/")
    if bucket != BUCKET:
        s3.create_bucket(bucket, versioned=True)
    action = copy_action(tmp_path / "action", base)
    commit(action)
    consumer = shutil.copytree(ROOT / "examples" / "hello-web", tmp_path / "consumer")
    write_workflow(consumer, FRONT_DOOR[name])
    with Emulator(speed=50, bucket_store=s3, roles=[Role("deploy", trust_web_identity())]) as emulator:
        if given["application"] not in emulator.world.applications:
            emulator.world.add_application(given["application"], "Server", [given["deployment-group"]])
        before = len(emulator.deployments)
        variables = {
            "AWS_ENDPOINT_URL": emulator.url,
            "ACTIONS_ID_TOKEN_REQUEST_URL": emulator.oidc_url,
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": emulator.oidc.request_token,
        }
        done = act(
            consumer,
            "push",
            f"--local-repository=codedeploy-deployer/deployer@v1={action}",
            *(f"--env={variable}={value}" for variable, value in variables.items()),
            *(f"--secret={secret}={value}" for secret, value in SECRETS.items()),
        )
        assert done.returncode == 0, done.stdout
        (made,) = emulator.deployments[before:]
    assert (made.application, made.group) == (given["application"], given["deployment-group"])
    key = made.revision["s3Location"]["key"]
    assert key.startswith(f"{folder}/{made.application}/" if folder else f"{made.application}/")
    assert ("Role arn:aws:iam::123456789012:role/deploy" in done.stdout) == (name == "role")
