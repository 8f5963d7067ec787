"""What lies in the workspace configures nothing, and where calls go is said."""

from __future__ import annotations

import copy
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import botocore
import botocore.loaders
import botocore.session
import pytest

from deployer.aws.origins import keep_out
from tests.clock import FakeClock
from tests.harness import REPOSITORY, Job

if TYPE_CHECKING:
    from tests.harness import Start
    from tests.s3 import S3Server


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "workspace"
    shutil.copytree(REPOSITORY / "examples/hello-web", folder / "examples/hello-web")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def job(s3: S3Server, bucket: str, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    home = tmp_path / "files"
    home.mkdir()
    return Job(monkeypatch, home, s3, bucket, workspace=workspace)


def plant_configuration(workspace: Path, text: str) -> Path:
    (workspace / ".aws").mkdir()
    (workspace / ".aws/config").write_text(f"[default]\n{text}\n")
    (workspace / ".aws/credentials").write_text("[default]\naws_access_key_id = PLANTED\n")
    return workspace / ".aws/config"


@pytest.mark.parametrize("how", ["home", "variable", "link"])
def test_a_configuration_in_the_workspace_runs_nothing_and_redirects_nothing(
    how: str, workspace: Path, job: Job, emulator: Start, tmp_path: Path
) -> None:
    service = emulator(bucket_store=job.s3)
    sign = tmp_path / "executed"
    config = plant_configuration(
        workspace, f"credential_process = sh -c 'touch {sign}'\nendpoint_url = http://127.0.0.1:9"
    )
    (tmp_path / "link").symlink_to(config)
    variables = {
        "home": {"HOME": str(workspace)},
        "variable": {"AWS_CONFIG_FILE": ".aws/config"},
        "link": {"AWS_CONFIG_FILE": str(tmp_path / "link")},
    }[how]
    keys = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    ran = job.run(service, "--stop-after=register", **variables, **keys)
    assert ran.code == 4, ran.log
    assert not sign.exists()
    assert "is in the workspace and was ignored" in ran.log
    ran = job.run(service, "--stop-after=register", **variables)
    assert ran.code == 0, ran.log
    assert "127.0.0.1:9 " not in ran.log


def test_a_configuration_above_the_working_folder_is_the_repository_s_too(
    workspace: Path, job: Job, emulator: Start, tmp_path: Path
) -> None:
    """A step that deploys one service of many starts in its folder, where HOME is the checkout in Jenkins."""
    service = emulator(bucket_store=job.s3)
    sign = tmp_path / "executed"
    plant_configuration(workspace, f"credential_process = sh -c 'touch {sign}'")
    (workspace / ".git").mkdir()
    below = replace(job, workspace=workspace / "examples")
    keys = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    jenkins = {"JENKINS_URL": "https://jenkins/", "BUILD_NUMBER": "7", "INPUT_SOURCE": "hello-web"}
    ran = below.run(service, "--stop-after=register", HOME=str(workspace), **jenkins, **keys)
    assert ran.code == 4, ran.log
    assert not sign.exists()
    assert "is in the workspace and was ignored" in ran.log


def test_the_configuration_of_a_home_that_git_tracks_is_its_user_s(
    workspace: Path, job: Job, emulator: Start
) -> None:
    service = emulator(bucket_store=job.s3)
    plant_configuration(workspace, "region = eu-west-1")
    (workspace / ".git").mkdir()
    below = replace(job, workspace=workspace / "examples")
    ran = below.run(
        service, "--stop-after=register", HOME=str(workspace), INPUT_SOURCE="hello-web", AWS_REGION=None
    )
    assert ran.code == 0, ran.log
    assert "was ignored" not in ran.log


def test_a_model_in_the_workspace_changes_no_call(workspace: Path, job: Job, emulator: Start) -> None:
    loader = botocore.loaders.Loader()
    model = copy.deepcopy(loader.load_service_model("codedeploy", "service-2"))
    model["metadata"]["targetPrefix"] = "EVIL_MODEL"
    planted = workspace / "models/codedeploy/2014-10-06"
    planted.mkdir(parents=True)
    (planted / "service-2.json").write_text(json.dumps(model))
    service = emulator(bucket_store=job.s3)
    ran = job.run(service, "--stop-after=register", AWS_DATA_PATH="models")
    assert ran.code == 0, ran.log
    assert "models is in the workspace and was ignored" in ran.log


@pytest.mark.parametrize(
    "variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "BOTO_CONFIG", "AWS_CREDENTIAL_FILE"]
)
def test_no_other_file_of_the_workspace_is_believed(
    variable: str, workspace: Path, job: Job, emulator: Start
) -> None:
    (workspace / "planted").write_text("[Credentials]\naws_access_key_id = A\naws_secret_access_key = B\n")
    service = emulator(bucket_store=job.s3)
    ran = job.run(service, "--stop-after=register", **{variable: "planted"})
    assert ran.code == 0, ran.log
    assert "planted is in the workspace and was ignored" in ran.log


def test_an_endpoint_that_is_not_aws_s_is_said_with_its_origin(job: Job, emulator: Start) -> None:
    service = emulator(bucket_store=job.s3)
    ran = job.run(service)
    assert ran.code == 0, ran.log
    assert ran.log.count(f"Calls to CodeDeploy go to {service.url}, set by AWS_ENDPOINT_URL_CODEDEPLOY.") == 1
    assert ran.log.count(f"Calls to S3 go to {service.url}, set by AWS_ENDPOINT_URL_S3.") == 1
    assert "not encrypted" not in ran.log


def test_calls_that_leave_the_machine_unencrypted_are_warned_of(job: Job, emulator: Start) -> None:
    service = emulator(bucket_store=job.s3)
    job = replace(job, clock=FakeClock())
    ran = job.run(service, AWS_ENDPOINT_URL_CODEDEPLOY="http://user:secret@codedeploy.invalid:8080/x?y=z")
    assert ran.code == 5
    assert "Calls to http://codedeploy.invalid:8080 are not encrypted" in ran.log
    ran = job.run(service, AWS_ENDPOINT_URL="not/a url")
    assert ran.code == 2
    assert "AWS_ENDPOINT_URL is not a URL." in ran.log
    assert "not/a" not in ran.log


@pytest.mark.parametrize("path", ["~nobody-of-this-name/config", "loop", "/proc/self/fd/0/x"])
def test_a_path_that_leads_nowhere_is_no_configuration(
    path: str, tmp_path: Path, job: Job, emulator: Start
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    service = emulator(bucket_store=job.s3)
    ran = job.run(
        service, "--stop-after=register", AWS_CONFIG_FILE=path.replace("loop", str(tmp_path / "loop"))
    )
    assert ran.code == 0, ran.log


def test_the_sdk_keeps_its_own_data_where_it_is_installed_in_the_workspace() -> None:
    """As in a checkout with its virtual environment, which is how a contributor runs it."""
    session = botocore.session.Session()
    assert keep_out(session, Path(botocore.__file__).parents[1]) == ()
    assert session.get_component("data_loader").load_data("endpoints")
