"""The files around the code: releases, locks, pins, templates and examples hold together."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import deployer
from deployer.choices import Stage
from deployer.ci.console import variable as variable_of

ROOT = Path(__file__).parents[2]
ACTION = (ROOT / "action.yml").read_text(encoding="utf-8")
IMAGE = "ghcr.io/octo-org/deployer@sha256:" + "0123456789abcdef" * 4


def script(name: str, *arguments: str, text: str) -> subprocess.CompletedProcess[str]:
    """Run one of the release's scripts on a text."""
    return subprocess.run(
        [sys.executable, "-I", ROOT / ".ci" / name, *arguments],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )


def tracked(*patterns: str) -> list[Path]:
    """The files of the repository that match."""
    listing = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listing.stdout.splitlines()]


def test_the_released_action_runs_the_image_by_digest() -> None:
    """One line of action.yml changes, and nothing else."""
    done = script("release-action.py", IMAGE, text=ACTION)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["runs"]["image"] == f"docker://{IMAGE}"
    changed = [
        (old, new)
        for old, new in zip(ACTION.splitlines(), done.stdout.splitlines(), strict=True)
        if old != new
    ]
    assert [new for _, new in changed] == [f"  image: docker://{IMAGE}"]


@pytest.mark.parametrize(
    ("image", "text"),
    [
        ("", ACTION),
        ("ghcr.io/octo-org/deployer:1.0.0", ACTION),
        (f"{IMAGE}0", ACTION),
        (IMAGE.replace("octo", "Octo"), ACTION),
        (f"docker://{IMAGE}", ACTION),
        (f"{IMAGE}\nname: evil", ACTION),
        (IMAGE, ""),
        (IMAGE, ACTION.replace("using: docker", "using: composite")),
        (IMAGE, ACTION.replace("image: Dockerfile", f"image: docker://{IMAGE}")),
        (IMAGE, ACTION + ACTION),
    ],
    ids=[
        "no image",
        "by tag",
        "digest too long",
        "upper case",
        "scheme",
        "line break",
        "empty",
        "not docker",
        "released before",
        "twice",
    ],
)
def test_the_release_refuses_what_it_does_not_expect(image: str, text: str) -> None:
    """Nothing is written for an unexpected image or metadata."""
    done = script("release-action.py", image, text=text)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("release-action: ")


def test_release_notes_are_one_section() -> None:
    """From the version's heading to the next one of its level."""
    log = "# Changes\n\n## [1.1.0] - 2026-02-03\n\n- New.\n\n### Fixed\n\n- Old.\n\n## 1.0.0\n\n- First.\n"
    assert script("release-notes.py", "1.1.0", text=log).stdout == "- New.\n\n### Fixed\n\n- Old.\n"
    assert script("release-notes.py", "1.0.0", text=log).stdout == "- First.\n"


@pytest.mark.parametrize(
    ("version", "log"),
    [
        ("1.0.0", "# Changes\n"),
        ("1.0", "## 1.0.0\n\n- First.\n"),
        ("1.0.0", "## 1.0.0\n\n## 0.9\n\n- Old.\n"),
    ],
    ids=["no section", "part of a version", "empty section"],
)
def test_a_release_without_notes_is_refused(version: str, log: str) -> None:
    """A version that the change log does not tell of is not released."""
    done = script("release-notes.py", version, text=log)
    assert (done.returncode, done.stdout) == (1, "")


def test_the_change_log_tells_of_this_version() -> None:
    """Code, project and change log name the same version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == deployer.__version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert script("release-notes.py", deployer.__version__, text=changes).returncode == 0


def test_actions_are_pinned() -> None:
    """Every action that our workflows use is a commit, with the version that it is beside it."""
    for path in tracked(".github/workflows"):
        for used in re.findall(r"uses: *(.*)", path.read_text(encoding="utf-8")):
            assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), (path, used)


def test_workflows_start_without_permissions() -> None:
    """A job gets what it names."""
    for path in tracked(".github/workflows"):
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert workflow["permissions"] == {}
        assert all("permissions" in job for job in workflow["jobs"].values())


RELEASE = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))["jobs"]


@pytest.mark.parametrize(
    ("version", "tags", "newest"),
    [
        ("1.1.0", ["v1.0.0", "v1", "v1.1.0"], "true"),
        ("1.0.1", ["v1.0.0", "v1.1.0"], "false"),
        ("1.10.0", ["v1.9.0"], "true"),
        ("1.2.0", ["v2.0.0"], "true"),
        ("1.0.1", ["0f1e2d3c refs/tags/v1.1.0"], "false"),
        ("1.0.0", [], "true"),
    ],
    ids=str,
)
def test_a_moving_name_only_moves_forward(version: str, tags: list[str], newest: str) -> None:
    """A fix for an older line must not take `v1` back to before the newest fixes."""
    assert script("newest.py", version, text="\n".join(tags)).stdout == f"{newest}\n"


def test_a_moving_name_needs_a_version() -> None:
    """Anything else than three numbers is refused."""
    done = script("newest.py", "latest", text="v1.0.0")
    assert (done.returncode, done.stderr) == (1, "newest: not a version: 'latest'\n")


def test_only_what_was_merged_is_released() -> None:
    """A tag on a commit that nobody reviewed ends the release in its first step but the checkout."""
    steps = RELEASE["gate"]["steps"]
    assert steps[1]["run"] == 'git merge-base --is-ancestor "$GITHUB_SHA" origin/main'
    assert all("gate" in RELEASE[name].get("needs", ["gate"]) or name == "test" for name in RELEASE)


def test_the_job_that_signs_runs_nothing_of_ours() -> None:
    """It neither checks out nor installs, and people let it pass."""
    signing = [name for name, job in RELEASE.items() if "id-token" in job["permissions"]]
    assert signing == ["sign"]
    used = [step.get("uses", "").partition("@")[0] for step in RELEASE["sign"]["steps"]]
    assert "actions/checkout" not in used
    assert not re.search(r"\b(pip|make|npm|python3?)\b", str(RELEASE["sign"]))
    assert RELEASE["sign"]["environment"] == "release"


def test_what_is_signed_was_tested() -> None:
    """The container's tests run against the digest that was pushed, before it is signed."""
    assert RELEASE["test"]["env"]["IMAGE"] == "${{ needs.build.outputs.reference }}"
    assert {"run": "make e2e"} in RELEASE["test"]["steps"]
    assert "test" in RELEASE["sign"]["needs"]
    assert "DIGEST" in RELEASE["sign"]["steps"][-1]["env"]


def test_privileged_helpers_of_the_release_are_pinned() -> None:
    """The emulator that runs as root and the builder are images by digest, and nothing comes from a cache."""
    steps = {step.get("uses", "").partition("@")[0]: step for step in RELEASE["build"]["steps"]}
    qemu, buildx = steps["docker/setup-qemu-action"]["with"], steps["docker/setup-buildx-action"]["with"]
    assert re.search(r"@sha256:[0-9a-f]{64}$", qemu["image"])
    assert re.search(r"^image=.*@sha256:[0-9a-f]{64}$", buildx["driver-opts"])
    assert (qemu["cache-image"], buildx["cache-binary"]) == (False, False)
    assert steps["docker/build-push-action"]["with"]["no-cache"] is True


def test_the_base_image_is_pinned() -> None:
    """By tag, for people, and by digest, for machines."""
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(
        r"^ARG BASE=docker\.io/library/python:[\d.]+-slim@sha256:[0-9a-f]{64}$", dockerfile, re.MULTILINE
    )


def test_locks_are_hashed_and_name_no_host() -> None:
    """Whoever installs decides where from; the hashes decide what."""
    for path in tracked("requirements*.txt"):
        text = path.read_text(encoding="utf-8")
        assert "://" not in text
        requirements = re.findall(r"^[\w.-]+==.*(?:\n    .*)*", text, re.MULTILINE)
        assert requirements
        assert all("--hash=sha256:" in requirement for requirement in requirements)
    packages = json.loads((ROOT / ".ci/npm/package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert not any("resolved" in package for package in packages.values())
    assert all("integrity" in package for name, package in packages.items() if name)


def test_the_component_sets_inputs_that_exist() -> None:
    """Each variable of GitLab's component is an input, and the component's choices are the input's."""
    spec, jobs = yaml.safe_load_all((ROOT / "templates/deploy.yml").read_text(encoding="utf-8"))
    names = {f"INPUT_{name.upper().replace('-', '_')}" for name in yaml.safe_load(ACTION)["inputs"]}
    (job,) = jobs.values()
    assert set(job["variables"]) <= names
    for variable, value in job["variables"].items():
        name = variable.removeprefix("INPUT_").lower().replace("_", "-")
        assert value == f"$[[ inputs.{name} ]]"
    declared = spec["spec"]["inputs"]
    assert set(re.findall(r"inputs\.([a-z-]+)", str(jobs))) == set(declared)
    assert all(each["type"] == "string" and each["description"] for each in declared.values())
    assert declared["stop-after"]["options"] == list(Stage)
    reports = job["artifacts"]["reports"]
    assert reports == {"dotenv": "$[[ inputs.outputs-file ]]", "junit": "$[[ inputs.junit-file ]]"}
    assert variable_of("deployment-url") in job["environment"]["url"]


def test_the_marketplace_takes_the_action() -> None:
    """Its rules beyond the schema: one action at the root, a description of 125 characters, an icon."""
    action = yaml.safe_load(ACTION)
    assert [path.name for path in tracked("action.yml", "action.yaml", "**/action.y*ml")] == ["action.yml"]
    assert action["name"]
    assert action["author"]
    assert len(action["description"]) <= 125
    assert set(action["branding"]) == {"icon", "color"}


def test_the_badge_is_of_a_workflow_that_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (workflow,) = set(re.findall(r"actions/workflows/([\w-]+\.yml)", readme))
    assert (ROOT / ".github" / "workflows" / workflow).is_file()


def test_help_lists_every_command() -> None:
    """`make help` reads the table of CONTRIBUTING.md; what is only a part of a command is not in it."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) - {"setup"}
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = set(re.findall(r"^make (\S+)", done.stdout, re.MULTILINE))
    assert listed == {name for name in targets if not name.startswith("check-")} | {"e2e"}


EXAMPLES = tracked("examples/workflows/*.yml")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_workflows_use_inputs_and_outputs_that_exist(path: Path) -> None:
    """An example that names a wrong input would be copied."""
    action = yaml.safe_load(ACTION)
    steps = {
        (job_name, step.get("id")): step
        for job_name, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items()
        for step in job.get("steps", ())
        if step.get("uses", "").startswith("codedeploy-deployer/deployer@")
    }
    assert steps
    for step in steps.values():
        assert set(step["with"]) <= set(action["inputs"])
    ids = {identity for _, identity in steps if identity}
    for identity, output in re.findall(
        r"steps\.([\w-]+)\.outputs\.([\w-]+)", path.read_text(encoding="utf-8")
    ):
        assert identity not in ids or output in action["outputs"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_pin_every_action(path: Path) -> None:
    """By commit, with the version behind it, our own too, for which zeros stand."""
    used = re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))
    assert used
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)
    assert any(action.startswith(f"{deployer.REPOSITORY}@{'0' * 40} ") for action in used)


def test_each_promise_names_tests_that_exist() -> None:
    """A promise of SECURITY.md without a test would be a hope."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", text))
    assert named
    defined = {
        name
        for path in tracked("tests/**/*.py", "tests/*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert named - defined == set()
