"""The plan: what a deployment is about to change, by reading alone, with the reason where it cannot tell."""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from deployer.main import execute
from tests.emulator import Policies
from tests.harness import REPOSITORY, Job
from tests.protocol.steps import DEPLOYED, allow
from tests.protocol.test_iam import only, printed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.clock import FakeClock
    from tests.emulator import Emulator
    from tests.harness import Ran, RunLine, Start
    from tests.s3 import S3Server

RUN = {
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_WORKFLOW_REF": "acme/shop/.github/workflows/deploy.yml@refs/heads/main",
}
PLAN = ("--stop-after", "plan")
WITHOUT = re.compile(r"^(::|Calls to |Region )")


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A copy of the example to change."""
    return shutil.copytree(REPOSITORY / "examples" / "hello-web", tmp_path / "app")


@pytest.fixture
def held(s3: S3Server, bucket: str, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job whose requests to S3 pass the emulator, with its policies and faults."""
    return Job(monkeypatch, tmp_path, s3, bucket, clock)


def job(app: Path, number: int) -> Mapping[str, str]:
    """The n-th run of a workflow, on the tree as it is."""
    sha = f"{number}" * 40
    return {**RUN, "GITHUB_WORKSPACE": str(app), "INPUT_SOURCE": "", "GITHUB_SHA": sha[:40]}


def allowing(service: Emulator, document: Mapping[str, Any]) -> None:
    """Allow everybody what the policy says from here on, and nothing else."""
    service.sts.policies["*"] = Policies(identity=document)


def planned(ran: Ran) -> list[str]:
    """The lines of the log's section."""
    lines = [line for line in ran.log.splitlines() if not WITHOUT.match(line)]
    start = lines.index("Plan") + 1
    ends = [number for number, line in enumerate(lines) if line in {"Upload", "Register", "Deploy"}]
    return lines[start : ends[0] if ends else len(lines)]


def test_a_plan_says_what_changes_with_the_riskiest_first_and_changes_nothing(
    app: Path, still_emulator: Start, run_line: RunLine, s3: S3Server, bucket: str
) -> None:
    service = still_emulator()
    first = run_line(service, environ=job(app, 1))
    appspec = app / "appspec.yml"
    appspec.write_text(appspec.read_text().replace("timeout: 60", "timeout: 61", 1))
    start = app / "scripts" / "application_start.sh"
    start.write_text(f"{start.read_text()}# more\n")
    (app / "scripts" / "validate_service.sh").chmod(0o700)
    (app / "public" / "index.html").write_text("new")
    (app / "public" / "style.css").unlink()
    (app / "public" / "new @acme.txt").write_text("x" * 2_000)
    before = [call.operation for call in service.calls]
    ran = run_line(service, *PLAN, environ=job(app, 2))
    assert (ran.code, ran.outputs["status"], ran.outputs["changed"]) == (0, "planned", "true")
    head, live, *rest = planned(ran)
    assert head == (
        "production: 2 hooks changed, AppSpec changed, 1 file added, 3 files changed, 1 file removed, "
        "1 mode changed (+1.6 kB)"
    )
    page = f"https://github.com/acme/shop/compare/{'1' * 12}...{'2' * 12}"
    assert live == (
        f"  Live: acme/shop@1111111, for less than a minute, {first.outputs['deployment-id']} → "
        f"acme/shop@2222222, {page}"
    )
    assert rest == [
        "  ApplicationStart scripts/application_start.sh changed, 334 B → 341 B",
        "  ValidateService scripts/validate_service.sh changed, 448 B, mode 0755 → 0700",
        "  AppSpec -      timeout: 60",
        "  AppSpec +      timeout: 61",
        "  Mode of scripts/validate_service.sh: 0755 → 0700",
        "  Removed: public/style.css",
        "  Changed: appspec.yml, scripts/application_start.sh, public/index.html",
        "  Added: public/new @acme.txt",
        "  CodeDeployDefault.OneAtATime, no automatic rollback, no alarms",
    ]
    text = ran.outputs["plan"]
    assert "### Plan: hello-web → production" in text
    assert "```diff\n@@" in text
    assert "| changed | <code>public/index.html</code> | 293 B → 3 B |  |" in text
    assert "<code>public/new @acme.txt</code>" in text
    assert f'<a href="{page}">changes</a>' in text
    assert text in ran.summary
    assert "Planned; nothing was uploaded" in ran.summary
    after = [call.operation for call in service.calls][len(before) :]
    assert all(each.startswith(("Get", "Describe")) for each in after)
    objects = s3.client().list_object_versions(Bucket=bucket)["Versions"]
    assert [each["Key"] for each in objects] == [first.outputs["key"]]


def test_the_plan_is_said_before_a_deployment_and_folded_in_its_summary(
    app: Path, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    run_line(service, environ=job(app, 1))
    (app / "public" / "index.html").write_text("new")
    ran = run_line(service, environ=job(app, 2))
    assert ran.code == 0
    assert planned(ran)[0] == "production: 1 file changed (-290 B)"
    assert "<details><summary>Plan: 1 file changed (-290 B)</summary>" in ran.summary
    assert ran.outputs["changed"] == "true"
    assert ran.log.index("\nPlan\n") < ran.log.index("\nUpload\n")


def test_nothing_changes_where_the_same_files_are_live(
    app: Path, still_emulator: Start, run_line: RunLine
) -> None:
    """Whatever the archive's bytes: other times, another compression, another format."""
    service = still_emulator()
    run_line(service, environ=job(app, 1))
    (app / "server.py").touch()
    ran = run_line(service, *PLAN, "--compression=fast", environ=job(app, 2))
    assert (planned(ran)[0], ran.outputs["changed"]) == ("production: Nothing changes", "false")
    ran = run_line(service, *PLAN, "--bundle-type=tgz", environ=job(app, 2))
    assert (planned(ran)[0], ran.outputs["changed"]) == ("production: Nothing changes", "false")


@pytest.mark.parametrize(
    ("scenarios", "note"),
    [
        (["one-fails-goes-on"], "missed 1 of 4 targets; some instances may run something else."),
        (["success", "fails-after-install"], "ended as Failed after that; instances may run parts of it."),
        (["success", "stuck"], "is under way, and is not part of this comparison."),
    ],
)
def test_the_same_files_change_what_some_targets_may_run(
    scenarios: list[str], note: str, *, app: Path, still_emulator: Start, run_line: RunLine
) -> None:
    """Jobs deploy if `changed` is true, so it is no sign that all is well."""
    service = still_emulator(scenarios)
    for _ in scenarios:
        run_line(service, "--timeout=20s", environ=job(app, 1))
    ran = run_line(service, *PLAN, environ=job(app, 1))
    assert ran.outputs["changed"] == "true"
    assert planned(ran)[0] == "production: No difference from the live revision"
    assert any(line.endswith(note) for line in planned(ran)), ran.log


def test_a_group_that_nothing_was_deployed_to_is_said_to_be_empty(
    app: Path, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    service.world.deployments.clear()
    ran = run_line(service, *PLAN, environ=job(app, 1))
    assert planned(ran)[:2] == [
        "production: Nothing is live yet; all 9 files (3.6 kB) are new",
        "  Live: nothing, since no deployment has succeeded yet → acme/shop@1111111",
    ]
    assert ran.outputs["changed"] == "true"


def test_several_groups_are_planned_each_against_what_it_runs(
    app: Path, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    run_line(service, environ={**job(app, 1), "INPUT_DEPLOYMENT-GROUP": "staging"})
    (app / "server.py").write_text("new")
    ran = run_line(service, *PLAN, environ={**job(app, 2), "INPUT_DEPLOYMENT-GROUP": "staging\nproduction"})
    heads = [line for line in planned(ran) if not line.startswith(" ")]
    assert heads[0].startswith("staging: 1 file changed")
    assert heads[1].startswith("production: Files not compared, because ")
    assert ran.outputs["plan"].count("### Plan: ") == 2
    assert len(planned(ran)) <= 15


@pytest.mark.parametrize("platform", ["Lambda", "ECS"])
@pytest.mark.parametrize("inline", [True, False])
def test_an_appspec_that_is_the_revision_is_compared_as_text(
    platform: str, *, inline: bool, still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    usual = {**RUN, **DEPLOYED[platform], **({"INPUT_BUCKET": ""} if inline else {})}
    run_line(service, environ=usual)
    same = run_line(service, *PLAN, environ=usual)
    assert (planned(same)[0], same.outputs["changed"]) == ("production: Nothing changes", "false")
    name, value = DEPLOYED[platform]["INPUT_APPSPEC-VARIABLES"].split("=")
    ran = run_line(service, *PLAN, environ={**usual, "INPUT_APPSPEC-VARIABLES": f"{name}={value}9"})
    assert planned(ran)[0] == "production: AppSpec changed"
    assert sum(line.startswith("  AppSpec +") and "89" in line for line in planned(ran)) == 1
    assert ran.outputs["changed"] == "true"


def test_an_inline_appspec_that_may_not_be_read_is_known_by_its_digest(
    still_emulator: Start, run_line: RunLine
) -> None:
    service = still_emulator()
    usual = {**RUN, **DEPLOYED["Lambda"], "INPUT_BUCKET": ""}
    run_line(service, environ=usual)
    allowing(service, allow("codedeploy:GetDeployment*", "lambda:*"))
    same = run_line(service, *PLAN, environ=usual)
    assert planned(same)[0] == "production: Nothing changes"
    ran = run_line(service, *PLAN, environ={**usual, "INPUT_APPSPEC-VARIABLES": "VERSION=9"})
    assert planned(ran)[0].startswith(
        "production: AppSpec not compared, because only the SHA-256 of the live AppSpec"
    )
    assert ran.outputs["changed"] == "true"


def test_a_given_revision_is_planned_by_its_own_listing(
    app: Path, still_emulator: Start, run_line: RunLine
) -> None:
    """Promotion: the object that staging runs is compared with what production runs."""
    service = still_emulator()
    run_line(service, environ=job(app, 1))
    (app / "server.py").write_text("new")
    built = run_line(service, "--stop-after", "register", environ=job(app, 2))
    given = {"INPUT_BUCKET": "", "INPUT_REVISION": built.outputs["revision"]}
    ran = run_line(service, *PLAN, environ={**job(app, 3), **given})
    assert ran.code == 0, ran.log
    head, live, *rest = planned(ran)
    assert head == "production: 1 file changed (-906 B)"
    assert live.endswith(f"compare/{'1' * 12}...{'2' * 12}"), "the commit that it was built from"
    assert "  Changed: server.py" in rest
    assert f"Found {built.outputs['revision']}" in ran.log
    given["INPUT_REVISION"] = f"github://acme/shop/{'d' * 40}"
    ran = run_line(service, *PLAN, environ={**job(app, 3), **given})
    assert planned(ran)[0] == (
        "production: Files not compared, because the files of a commit on GitHub are not listed"
    )


def packed(app: Path, *, below: str = "") -> None:
    """Make the archive app.zip beside the application's files, which are in it below a folder."""
    with zipfile.ZipFile(app / "app.zip", "w") as archive:
        for path in sorted(each for each in app.rglob("*") if each.is_file() and each.suffix != ".zip"):
            archive.write(path, f"{below}{path.relative_to(app)}")


def test_a_folder_at_the_top_of_an_archive_is_stripped_as_the_agent_does(
    app: Path, still_emulator: Start, run_line: RunLine
) -> None:
    """Build tools often pack the folder itself; the AppSpec and the hooks are then one folder down."""
    service = still_emulator()
    packed(app, below="hello-web-1.0/")
    usual = {**job(app, 1), "INPUT_SOURCE": "app.zip"}
    assert run_line(service, environ=usual).code == 0
    appspec, start = app / "appspec.yml", app / "scripts" / "application_start.sh"
    appspec.write_text(appspec.read_text().replace("timeout: 60", "timeout: 61", 1))
    start.write_text(f"{start.read_text()}# more\n")
    for below in ("hello-web-1.0/", "hello-web-1.1/", ""):
        packed(app, below=below)
        head, _, *rest = planned(run_line(service, *PLAN, environ=usual))
        assert head == "production: 1 hook changed, AppSpec changed, 2 files changed (+7 B)"
        assert "  AppSpec +      timeout: 61" in rest
        assert "  Changed: appspec.yml, scripts/application_start.sh" in rest


def test_the_brakes_are_those_of_this_deployment(app: Path, still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator("alarm")
    run_line(service, environ=job(app, 1))
    ran = run_line(service, *PLAN, environ=job(app, 1))
    own = planned(ran)[-1]
    ran = run_line(
        service,
        *PLAN,
        "--deployment-config=CodeDeployDefault.AllAtOnce",
        "--auto-rollback=DEPLOYMENT_FAILURE DEPLOYMENT_STOP_ON_ALARM",
        "--alarms=errors\nlatency",
        environ=job(app, 1),
    )
    assert planned(ran)[-1] == (
        "  CodeDeployDefault.AllAtOnce, rolls back on failure and on alarm, alarms errors, latency"
    )
    assert planned(ran)[-1] != own
    off = {"autoRollbackConfiguration": {"enabled": False, "events": ["DEPLOYMENT_FAILURE"]}}
    ran = run_line(service, *PLAN, f"--parameters={json.dumps(off)}", environ=job(app, 1))
    assert "no automatic rollback" in planned(ran)[-1]
    nameless = {"overrideAlarmConfiguration": {"enabled": True, "alarms": [{}]}}
    ran = run_line(service, *PLAN, f"--parameters={json.dumps(nameless)}", environ=job(app, 1))
    assert ran.code == 0, ran.log


def test_what_failed_since_is_not_taken_for_live(app: Path, still_emulator: Start, run_line: RunLine) -> None:
    service = still_emulator(("success", "fails-after-install"))
    run_line(service, environ=job(app, 1))
    (app / "server.py").write_text("new")
    failed = run_line(service, environ=job(app, 2))
    ran = run_line(service, *PLAN, environ=job(app, 2))
    identifier = failed.outputs["deployment-id"]
    assert "1 file changed" in planned(ran)[0]
    assert f"  Deployment {identifier} ended as Failed after that; instances may run parts of it." in planned(
        ran
    )


def test_the_printed_policy_is_enough_to_plan_and_holds_no_write(
    held: Job, s3: S3Server, still_emulator: Start
) -> None:
    service = still_emulator(bucket_store=s3)
    held.run(service, GITHUB_ACTIONS="true")
    document = printed(held, *PLAN)
    actions = {action for each in document["Statement"] for action in _listed(each["Action"])}
    assert {action.partition(":")[2][:3] for action in actions} <= {"Des", "Get", "Lis"}
    allowing(service, document)
    ran = held.run(service, *PLAN, GITHUB_ACTIONS="true")
    assert ran.code == 0, ran.log
    assert planned(ran)[0] == "production: Nothing changes"
    assert [call.operation for call in service.calls if "AccessDenied" in call.error] == []
    allowing(service, only(document, lambda sid: not sid.startswith("Optional")))
    ran = held.run(service, *PLAN, GITHUB_ACTIONS="true")
    assert ran.code == 0, ran.log
    assert planned(ran)[0].startswith("production: Files not compared, because s3:GetObjectVersion on ")
    allowing(service, only(document, lambda sid: sid != "Plan"))
    ran = held.run(service, *PLAN, GITHUB_ACTIONS="true")
    assert ran.code == 4, "the groups are what a plan is about"


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


@pytest.mark.parametrize(
    "fault", ["access-denied", "throttle", "500", "garbled", "truncated", "cut-before", "empty"]
)
def test_a_live_bundle_that_cannot_be_read_never_costs_the_deployment(
    fault: str, *, held: Job, s3: S3Server, still_emulator: Start
) -> None:
    service = still_emulator(bucket_store=s3)
    held.run(service, GITHUB_ACTIONS="true")
    service.faults.add("GetObject", fault, times=99)
    ran = held.run(service, GITHUB_ACTIONS="true")
    assert (ran.code, ran.outputs["status"]) == (0, "succeeded"), ran.log
    assert "production: Files not compared, because " in ran.log
    assert ran.outputs["changed"] == "true"


def test_a_plan_needs_application_and_group_and_no_bucket() -> None:
    stream = io.StringIO()
    code = execute(["--stop-after=plan", "--source=examples/hello-web"], {"AWS_REGION": "eu-west-1"}, stream)
    assert code == 2
    assert "Input application is missing" in stream.getvalue()
    assert "Input deployment-group is missing" in stream.getvalue()
    assert "bucket" not in stream.getvalue()


def test_hostile_names_of_a_live_bundle_are_escaped_everywhere(
    app: Path, still_emulator: Start, run_line: RunLine, s3: S3Server, bucket: str
) -> None:
    service = still_emulator()
    names = [
        "::error::x",
        "a\n::warning::y",
        "\x1b[31mred",
        "<script>",
        "| a | b",
        "`x` @acme/team #1",
        "\u202egpj",
        "x" * 3_000,
        "</details>",
        "](https://evil.example)",
    ]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in [*names, "appspec.yml"]:
            text = "```\n::error::z\n@acme\n" if name == "appspec.yml" else name
            archive.writestr(zipfile.ZipInfo(name), text)
    s3.client().put_object(Bucket=bucket, Key="1.zip", Body=buffer.getvalue())
    given = {"INPUT_BUCKET": "", "INPUT_REVISION": f"s3://{bucket}/1.zip"}
    run_line(service, environ={**job(app, 1), **given})
    ran = run_line(service, *PLAN, environ=job(app, 2))
    assert ran.code == 0, ran.log
    assert len(planned(ran)) <= 15
    for text in (ran.log, ran.outputs["plan"], ran.summary):
        assert not re.search(r"[\x1b\u202e]", text)
        assert not re.search(r"^::(error|warning)", text, re.MULTILINE)
    markdown = ran.outputs["plan"]
    assert "<script>" not in markdown
    assert markdown.count("</details>") == markdown.count("<details")
    assert "````diff" in markdown
