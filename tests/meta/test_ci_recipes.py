"""The recipes for other CIs name inputs that exist, and speak the dialect of the CI that they are for."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
import yaml
from click.testing import CliRunner

from deployer.aws.tokens import find_token
from deployer.choices import Stage
from deployer.ci.detect import detect
from deployer.settings.load import load
from tests.clock import patient
from tests.recipes import ROOT, Recipe, recipes

if TYPE_CHECKING:
    from pathlib import Path

KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "key",
    "AWS_SESSION_TOKEN": "session",
    "AWS_REGION": "eu-west-1",
}
CIS = {
    "Docker": (KEYS, "console"),
    "GitLab": (
        {
            "GITLAB_CI": "true",
            "CI_PROJECT_DIR": "/builds/hello",
            "CI_PIPELINE_IID": "7",
            "GITLAB_OIDC_TOKEN": "t",
        },
        "gitlab",
    ),
    "Bitbucket Pipelines": ({"BITBUCKET_BUILD_NUMBER": "7", "BITBUCKET_STEP_OIDC_TOKEN": "t"}, "console"),
    "CircleCI": ({"CIRCLECI": "true", "CIRCLE_BUILD_NUM": "7", "CIRCLE_OIDC_TOKEN_V2": "t"}, "console"),
    "Jenkins": (
        {**KEYS, "JENKINS_URL": "https://ci.example.com/", "BUILD_URL": "https://ci.example.com/7"}
        | {"BUILD_NUMBER": "7", "JOB_NAME": "hello"},
        "console",
    ),
    "Buildkite": ({**KEYS, "BUILDKITE": "true", "BUILDKITE_BUILD_NUMBER": "7"}, "buildkite"),
    "Azure Pipelines": ({**KEYS, "TF_BUILD": "True", "BUILD_BUILDID": "7"}, "azure"),
    "TeamCity": ({**KEYS, "TEAMCITY_VERSION": "2025.11", "BUILD_NUMBER": "7"}, "teamcity"),
}
"""What each CI sets for a job, and the adapter that it needs."""

RECIPES = recipes()


def environment(title: str) -> dict[str, str]:
    """The deployer's environment in a job by the recipe."""
    recipe = RECIPES[title]
    return {**component(recipe), **recipe.environment(CIS[title][0])}


def component(recipe: Recipe) -> dict[str, str]:
    """The variables that GitLab's component makes of its inputs."""
    if not recipe.component:
        return {}
    head, jobs = yaml.safe_load_all((ROOT / "templates" / "deploy.yml").read_text(encoding="utf-8"))
    known = head["spec"]["inputs"]
    assert recipe.component.keys() <= known.keys()
    values = {**{name: declared.get("default") for name, declared in known.items()}, **recipe.component}
    (job,) = jobs.values()
    return {
        variable: re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda match: values[match[1]], text)
        for variable, text in job["variables"].items()
    }


def test_each_recipe_is_tried() -> None:
    assert RECIPES.keys() == CIS.keys()


@pytest.mark.parametrize("title", CIS)
def test_a_recipe_deploys(title: str) -> None:
    """Its inputs load without a problem, they reach the last stage, and there is somebody to deploy as."""
    environ = environment(title)
    settings = load(environ, RECIPES[title].flags)
    assert (settings.application, settings.deployment_group) == ("hello-web", "production")
    assert settings.bucket == "my-revisions"
    assert settings.stop_after is Stage.WAIT
    assert settings.region or environ["AWS_REGION"]
    if settings.role_to_assume:
        assert find_token(environ, audience="sts.amazonaws.com", retries=patient())
    else:
        assert environ.keys() >= {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


@pytest.mark.parametrize("title", CIS)
def test_a_recipe_speaks_its_cis_dialect(title: str) -> None:
    """The variables that tell the CI reach the deployer."""
    assert detect(environment(title), io.StringIO()).name == CIS[title][1]


@pytest.mark.parametrize("title", [title for title in CIS if title != "Docker"])
def test_a_recipe_hands_on_the_counter_of_runs(title: str) -> None:
    """By which an older run is told from a newer one."""
    assert detect(environment(title), io.StringIO()).job.run_number == "7"


SCHEMAS = {
    "GitLab": "gitlab-ci",
    "Bitbucket Pipelines": "bitbucket-pipelines",
    "CircleCI": "circle-ci",
    "Buildkite": "buildkite",
    "Azure Pipelines": "azure-pipelines",
}


@pytest.mark.parametrize("title", SCHEMAS)
def test_a_pipeline_is_one_to_its_ci(title: str, tmp_path: Path) -> None:
    """By the schema that is published for the CI's file."""
    import check_jsonschema  # type: ignore[import-untyped]  # takes seconds, and has no types

    file = tmp_path / "pipeline.yml"
    file.write_text(RECIPES[title].pipeline, encoding="utf-8")
    options = ["--regex-variant=python", f"--builtin-schema=vendor.{SCHEMAS[title]}"]
    done = CliRunner().invoke(check_jsonschema.main, [*options, str(file)])
    assert done.exit_code == 0, done.output


def test_every_pipeline_has_a_schema() -> None:
    assert SCHEMAS.keys() == {title for title, recipe in RECIPES.items() if recipe.pipeline}


def test_the_readme_leads_to_the_recipes() -> None:
    assert "(docs/ci.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
