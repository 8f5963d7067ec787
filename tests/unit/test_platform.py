"""Each platform's dialect, as text."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.ci.detect import Job, detect
from deployer.errors import InvalidInput, Location, Problem, Severity
from deployer.text import printable_lines

if TYPE_CHECKING:
    from deployer.ci.base import Ci

PROBLEM = Problem("no such file", "check it,\n100% sure: yes", "rule-x", location=Location("a,b:c.sh", 3, 7))


def github(**environ: str) -> tuple[Ci, io.StringIO]:
    stream = io.StringIO()
    return detect({"GITHUB_ACTIONS": "true", **environ}, stream), stream


def console(**environ: str) -> tuple[Ci, io.StringIO]:
    stream = io.StringIO()
    return detect(environ, stream), stream


def commands_that_the_runner_sees(log: str) -> list[str]:
    """The runner's own reading: lines end at CR or LF, fences hold until their token."""
    seen, fence = [], ""
    for line in re.split(r"\r\n|\r|\n", log):
        text = line.lstrip()
        if fence:
            fence = "" if text == f"::{fence}::" else fence
        elif text.startswith("::stop-commands::"):
            fence = text.removeprefix("::stop-commands::")
        elif text.startswith("::") or "##[" in line:
            seen.append(text)
    assert not fence, "a fence was left open"
    return seen


def test_the_platform_is_told_by_its_variables() -> None:
    assert github()[0].name == "github"
    assert console(GITLAB_CI="false")[0].name == "gitlab"
    assert console()[0].name == "console"


@given(st.text())
def test_no_text_becomes_a_workflow_command(text: str) -> None:
    platform, stream = github()
    platform.say(text)
    platform.say(f"  ::error::{text}")
    platform.say(f"x ##[error]{text}")
    platform.block(text)
    platform.block(f"::add-mask::{text}\r::set-output name=x::y\n##[group]")
    assert commands_that_the_runner_sees(stream.getvalue()) == []


@given(st.text(), st.text())
def test_an_annotation_is_one_command_whatever_it_says(message: str, path: str) -> None:
    platform, stream = github()
    platform.annotate(Problem(message, location=Location(path, 1)))
    assert len(stream.getvalue().splitlines()) >= 1
    assert re.fullmatch(r"::error [^\r\n]*::[^\r\n]*\n", stream.getvalue())


def test_github_annotates_file_line_and_column_with_properties_escaped() -> None:
    platform, stream = github()
    platform.annotate(PROBLEM)
    assert stream.getvalue() == (
        "::error file=a%2Cb%3Ac.sh,line=3,col=7,title=rule-x::no such file%0Acheck it,%0A100%25 sure: yes\n"
    )


def test_github_annotates_without_a_place() -> None:
    platform, stream = github()
    platform.annotate(Problem("hm", severity=Severity.WARNING))
    assert stream.getvalue() == "::warning::hm\n"


def test_elsewhere_a_problem_reads_like_a_compiler_s() -> None:
    platform, stream = console()
    platform.annotate(PROBLEM)
    assert stream.getvalue().splitlines() == [
        "a,b:c.sh:3:7: error: no such file [rule-x]",
        "  check it,",
        "  100% sure: yes",
    ]


def test_control_characters_are_shown_and_colours_dropped() -> None:
    platform, stream = console()
    platform.block("one\r\ntwo\r\x1b[31mred\x1b[0m\x07\u2028")
    assert stream.getvalue() == "  | one\n  | two\\rred\\x07\\u2028\n"


def test_details_fold_and_close_after_an_error() -> None:
    platform, stream = github()
    with pytest.raises(ZeroDivisionError), platform.section("Up: load", folded=True):
        raise ZeroDivisionError
    assert stream.getvalue() == "::group::Up: load\n::endgroup::\n"


def test_gitlab_sections_close_after_an_error_and_only_details_are_collapsed() -> None:
    for folded in (False, True):
        platform, stream = console(GITLAB_CI="true")
        with pytest.raises(ZeroDivisionError), platform.section("Up: load", folded=folded):
            raise ZeroDivisionError
        option = r"\[collapsed=true\]" if folded else ""
        assert re.fullmatch(
            rf"\x1b\[0Ksection_start:\d+:deployer_up__load{option}\r\x1b\[0KUp: load\n"
            r"\x1b\[0Ksection_end:\d+:deployer_up__load\r\x1b\[0K\n",
            stream.getvalue(),
        )


def test_what_one_has_to_see_is_not_folded_on_github() -> None:
    platform, stream = github()
    with platform.section("Wait"):
        platform.say("x")
    assert stream.getvalue() == "Wait\nx\n"


def test_a_heading_on_the_console() -> None:
    platform, stream = console()
    with platform.section("Upload"):
        platform.say("x")
    assert stream.getvalue() == "== Upload\nx\n"


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]+(-[a-z]+)?", fullmatch=True),
        st.text(),
        max_size=4,
    )
)
@settings(deadline=None)
def test_github_outputs_come_back_printable_whatever_they_hold(values: dict[str, str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "output")
        platform, _ = github(GITHUB_OUTPUT=str(file))
        platform.outputs(values)
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        assert dict(re.findall(r"^([a-z-]+)<<(?:(ghadelimiter_\w+))\n", text)).keys() <= values.keys()
        read = {}
        while text:
            head, _, rest = text.partition("\n")
            name, delimiter = head.split("<<")
            read[name], _, text = rest.partition(f"\n{delimiter}\n")
        assert read == {name: "\n".join(printable_lines(value)) for name, value in values.items()}


def test_outputs_are_added_as_they_come(tmp_path: Path) -> None:
    file = tmp_path / "deploy.env"
    platform, _ = console()
    platform.keep_in(outputs=str(file))
    platform.outputs({"deployment-id": "d-1"})
    platform.outputs({"error-message": "it's\nbad"})
    assert file.read_text() == "CODEDEPLOY_DEPLOYMENT_ID=d-1\nCODEDEPLOY_ERROR_MESSAGE='it'\"'\"'s bad'\n"


def test_gitlab_outputs_are_literal_and_a_long_one_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "deploy.env"
    platform, stream = console(GITLAB_CI="true")
    platform.keep_in(outputs=str(file))
    revision = "s3://releases/web/0.zip?versionId=v1&eTag=abc"
    platform.outputs({"error-message": "it's\nbad", "targets": "x" * 5000, "revision": revision})
    assert file.read_text() == f"CODEDEPLOY_REVISION={revision}\n"
    assert "Left out of the outputs-file" in stream.getvalue()
    assert stream.getvalue().endswith(": error-message, targets\n")


def test_many_groups_fit_into_a_gitlab_report(tmp_path: Path) -> None:
    """The last value of each counts, and GitLab refuses more than 5 KB."""
    file = tmp_path / "deploy.env"
    platform, _ = console(GITLAB_CI="true")
    platform.keep_in(outputs=str(file))
    for number in range(50):
        platform.outputs({"status": "created", "previous-revision": f"s3://releases/{'x' * 200}{number}.zip"})
        platform.outputs({"status": "succeeded"})
    assert file.read_text() == (
        f"CODEDEPLOY_STATUS=succeeded\nCODEDEPLOY_PREVIOUS_REVISION=s3://releases/{'x' * 200}49.zip\n"
    )


def test_without_a_file_outputs_and_summary_go_nowhere() -> None:
    for platform, stream in (github(), console(), console(GITLAB_CI="true")):
        platform.outputs({"status": "planned"})
        platform.summary(lambda: "# x")
        assert stream.getvalue() == ""


def test_all_files_that_cannot_be_written_are_told_at_once_with_their_inputs(tmp_path: Path) -> None:
    platform, _ = console()
    nowhere = tmp_path / "no" / "such"
    with pytest.raises(InvalidInput) as error:
        platform.keep_in(outputs=f"{nowhere}/o", summary=f"{nowhere}/s", junit=f"{nowhere}/j\0")
    assert [problem.message for problem in error.value.problems] == [
        f"The outputs-file {nowhere}/o cannot be written: No such file or directory.",
        f"The summary-file {nowhere}/s cannot be written: No such file or directory.",
        f"The junit-file {nowhere}/j\0 cannot be written: No such file or directory.",
    ]


MARKERS = ("##vso[", "##[", "##teamcity[", "--- ", "+++ ", "~~~ ", "::error::", "::set-env name=X::")
NOISE = ("#", "##", "vso[", "[", "teamcity[", "\x1b[0m", "\u200b", "\r", "\n", " ", "]", "\t")
HOSTILE = st.lists(st.sampled_from((*MARKERS, *NOISE)) | st.text(max_size=3), max_size=8).map("".join)

DIALECTS: dict[str, dict[str, str]] = {
    "github": {"GITHUB_ACTIONS": "true"},
    "gitlab": {"GITLAB_CI": "true"},
    "azure": {"TF_BUILD": "True"},
    "teamcity": {"TEAMCITY_VERSION": "2026.1"},
    "buildkite": {"BUILDKITE": "true"},
    "console": {},
    "terminal": {"FORCE_COLOR": "1"},
}
COMMANDS = {
    "azure": r"^.*?##(?:vso)?\[([\w.]+)",
    "teamcity": r"##teamcity\[(\w+)",
    "buildkite": r"^(---|\+\+\+|~~~|\^\^\^)",
    "gitlab": r"\x1b\[0K(section_\w+):\d+:\w+",
}
"""What begins a command: Azure's agent takes the first of a line, wherever it is."""


def commands_that_the_agent_sees(name: str, log: str) -> list[str]:
    """The kinds of the commands that a CI's agent reads in a log."""
    if name == "github":
        return [re.split(r"[ :]", each.strip(":"))[0] for each in commands_that_the_runner_sees(log)]
    lines = re.split(r"\r\n|\n" if name == "gitlab" else r"\r\n|\r|\n", log)
    return [kind for line in lines for kind in re.findall(COMMANDS.get(name, r"(?!)()"), line, re.IGNORECASE)]


def tell_everywhere(platform: Ci, text: str) -> None:
    """Write a text wherever text from elsewhere is written."""
    with platform.section(text, folded=True):
        platform.say(text)
        platform.debug(text)
        platform.block(text)
        for severity in Severity:
            platform.annotate(Problem(text, text, text, severity, Location(text, 1)))
    platform.outputs({"error-message": text})


@pytest.mark.parametrize("name", DIALECTS)
@given(text=HOSTILE)
@settings(max_examples=60, deadline=None)
def test_no_text_becomes_a_command_wherever_it_is_written(name: str, text: str) -> None:
    platform, stream = console(RUNNER_DEBUG="1", **DIALECTS[name])
    platform.say(text)
    platform.block(text)
    assert commands_that_the_agent_sees(name, stream.getvalue()) == []
    tell_everywhere(platform, text)
    harmless, expected = console(RUNNER_DEBUG="1", **DIALECTS[name])
    tell_everywhere(harmless, "x")
    seen, meant = (commands_that_the_agent_sees(name, log.getvalue()) for log in (stream, expected))
    assert seen == meant
    if name in {"azure", "teamcity"}:
        hidden = re.findall(r"(?<!^)##(?:vso|teamcity)?\[", stream.getvalue(), re.MULTILINE | re.IGNORECASE)
        assert not hidden, "a value that a later step prints would be a command"


@pytest.mark.parametrize("name", DIALECTS)
def test_nothing_that_is_written_moves_a_terminal_or_hides_from_its_reader(name: str, tmp_path: Path) -> None:
    hidden = "\x1b]52;c;", "\x07", "\u202e", "\u2066", "\u200b", "\ufeff", "\u2028", "\ud83d", "\U000e0041"
    platform, stream = console(RUNNER_DEBUG="1", **DIALECTS[name])
    platform.keep_in(outputs=str(tmp_path / "outputs"))
    tell_everywhere(platform, f"a{'b'.join(hidden)}c")
    outputs = tmp_path / "outputs"
    everything = stream.getvalue() + (outputs.read_text() if outputs.exists() else "")
    assert [control for control in hidden if control in everything] == []


def test_azure_speaks_in_logging_commands() -> None:
    platform, stream = console(TF_BUILD="True", BUILD_REPOSITORY_NAME="o/r", BUILD_SOURCEVERSION="abc")
    platform.annotate(Problem("bad; 100%", "so]\nx", "rule-x", location=Location("a;b", 3)))
    platform.annotate(Problem("fine", severity=Severity.NOTICE))
    with platform.section("Log", folded=True):
        platform.outputs({"deployment-id": "d-1"})
    with platform.section("Wait"):
        platform.mask("hush-hush")
    assert stream.getvalue().splitlines() == [
        "##vso[task.logissue type=error;sourcepath=a%3Bb;linenumber=3;code=rule-x;]bad; 100%AZP25%0Aso]%0Ax",
        "notice: fine",
        "##[group]Log",
        "##vso[task.setvariable variable=CODEDEPLOY_DEPLOYMENT_ID;isOutput=true;]d-1",
        "##[endgroup]",
        "##[section]Wait",
        "##vso[task.setsecret]hush-hush",
    ]
    assert (platform.job.repository, platform.job.sha) == ("o/r", "abc")


def test_teamcity_speaks_in_service_messages() -> None:
    platform, stream = console(TEAMCITY_VERSION="2026.1")
    platform.annotate(Problem("it's [bad] | é", location=Location("a.sh", 3)))
    platform.annotate(Problem("hm", severity=Severity.WARNING))
    with platform.section("Log"):
        platform.outputs({"status": "failed"})
    assert stream.getvalue().splitlines() == [
        "##teamcity[buildProblem description='a.sh:3: error: it|'s |[bad|] || |0x00e9']",
        "##teamcity[message text='warning: hm' status='WARNING']",
        "##teamcity[blockOpened name='Log']",
        "##teamcity[setParameter name='env.CODEDEPLOY_STATUS' value='failed']",
        "##teamcity[blockClosed name='Log']",
    ]


def test_buildkite_opens_the_groups_that_matter() -> None:
    platform, stream = console(BUILDKITE="true", BUILDKITE_BUILD_URL="https://buildkite.com/o/p/builds/7")
    with platform.section("Wait"), platform.section("Log", folded=True):
        pass
    assert stream.getvalue() == "+++ Wait\n--- Log\n"
    assert platform.job.description == "https://buildkite.com/o/p/builds/7"


def test_debug_lines_only_when_debugging() -> None:
    for on in ("", "1"):
        for platform, stream in (github(RUNNER_DEBUG=on), console(RUNNER_DEBUG=on)):
            platform.debug("s3 PutObject")
            assert ("PutObject" in stream.getvalue()) == bool(on)


def test_masks_are_a_command_on_github_and_silent_elsewhere() -> None:
    platform, stream = github()
    platform.mask("the first\nthe second\nshort")  # a word that others hold
    assert stream.getvalue() == "::add-mask::the first\n::add-mask::the second\n"
    platform, stream = console()
    platform.mask("the first")
    assert stream.getvalue() == ""


def test_the_run_is_described_from_each_ci_s_variables() -> None:
    platform, _ = github(
        GITHUB_REPOSITORY="o/r", GITHUB_SHA="0123456789abcdef", GITHUB_REF_NAME="main",
        GITHUB_RUN_ID="7", GITHUB_SERVER_URL="https://github.com", GITHUB_WORKSPACE="/github/workspace",
    )  # fmt: skip
    assert platform.job.workspace == Path("/github/workspace")
    assert platform.job.description == "main https://github.com/o/r/actions/runs/7"
    platform, _ = console(
        GITLAB_CI="true", CI_PROJECT_PATH="g/p", CI_COMMIT_SHA="abc", CI_JOB_URL="https://x/1"
    )
    assert platform.job.description == "https://x/1"
    platform, _ = console(
        GITLAB_CI="true", CI_COMMIT_SHA="abc", CI_JOB_ID="12", CI_JOB_URL="https://x/-/jobs/12"
    )
    assert platform.job.description == "https://x/-/jobs/12"
    platform, _ = console(
        TF_BUILD="True", BUILD_SOURCEVERSION="abc", BUILD_BUILDID="7", SYSTEM_JOBATTEMPT="2"
    )
    assert platform.job.description == "run 7 attempt 2"
    assert console()[0].job.description == ""


@pytest.mark.parametrize(
    ("environ", "repository", "run", "page"),
    [
        (
            {
                "GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_NUMBER": "8",
                "GITHUB_SERVER_URL": "https://git.acme.org", "GITHUB_WORKFLOW": "Deploy it",
                "GITHUB_WORKFLOW_REF": "o/r/.github/workflows/deploy.yml@refs/heads/a@b",
            },
            "o/r", "deploy.yml#8", "https://git.acme.org/o/r/compare/{old}...{new}",
        ),
        (
            {
                "GITLAB_CI": "true", "CI_PROJECT_PATH": "g/s/p", "CI_PIPELINE_IID": "8",
                "CI_PROJECT_URL": "https://gitlab.com/g/s/p",
            },
            "g/s/p", "#8", "https://gitlab.com/g/s/p/-/compare/{old}...{new}",
        ),
        (
            {"BITBUCKET_BUILD_NUMBER": "8", "BITBUCKET_REPO_FULL_NAME": "w/r"},
            "w/r", "#8", "https://bitbucket.org/w/r/branches/compare/{new}..{old}",
        ),
        (
            {
                "CIRCLECI": "true", "CIRCLE_BUILD_NUM": "8", "CIRCLE_PROJECT_USERNAME": "o",
                "CIRCLE_PROJECT_REPONAME": "r",
            },
            "o/r", "#8", "",
        ),
        (
            {
                "JENKINS_HOME": "/var", "BUILD_NUMBER": "8", "JOB_NAME": "shop/main",
                "GIT_URL": "https://user:secret@github.com/o/r.git",
            },
            "o/r", "shop/main#8", "",
        ),
        (
            {"JENKINS_URL": "u", "BUILD_NUMBER": "8", "JOB_NAME": "s", "GIT_URL": "git@github.com:o/r.git"},
            "o/r", "s#8", "",
        ),
        (
            {"BUILDKITE": "true", "BUILDKITE_BUILD_NUMBER": "8", "BUILDKITE_PIPELINE_SLUG": "p"},
            "p", "p#8", "",
        ),
        (
            {
                "TF_BUILD": "True", "BUILD_BUILDID": "8", "BUILD_BUILDNUMBER": "20261125.3",
                "BUILD_REPOSITORY_NAME": "o/r", "BUILD_DEFINITIONNAME": "d",
            },
            "o/r", "d#8", "",
        ),
        (
            {
                "TEAMCITY_VERSION": "2026.1", "BUILD_NUMBER": "8", "TEAMCITY_PROJECT_NAME": "P",
                "TEAMCITY_BUILDCONF_NAME": "Deploy",
            },
            "P", "Deploy#8", "",
        ),
    ],
    ids=[
        "github", "gitlab", "bitbucket", "circleci", "jenkins", "jenkins-ssh", "buildkite", "azure",
        "teamcity",
    ],
)  # fmt: skip
def test_each_ci_counts_its_runs_by_its_own_counter(
    environ: dict[str, str], repository: str, run: str, page: str
) -> None:
    job = detect(environ, None).job
    assert (job.repository, f"{job.workflow}#{job.run_number}", job.compare) == (repository, run, page)


HERE = Path.cwd()
# CI → its variables, and the job that they describe
JOBS: dict[str, tuple[dict[str, str], Job]] = {
    "github": (
        {
            "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": "/work", "GITHUB_REPOSITORY": "o/r",
            "GITHUB_SHA": "abc", "GITHUB_REF_NAME": "main", "GITHUB_RUN_ID": "70", "GITHUB_RUN_ATTEMPT": "2",
            "GITHUB_RUN_NUMBER": "8", "GITHUB_SERVER_URL": "https://git.acme.org",
            "GITHUB_WORKFLOW_REF": "o/r/.github/workflows/deploy.yml@refs/heads/main",
        },
        Job(
            Path("/work"), "o/r", "abc", "main", "70", "2", "https://git.acme.org/o/r/actions/runs/70",
            "deploy.yml", "8", "https://git.acme.org/o/r/compare/{old}...{new}",
        ),
    ),
    "gitlab": (
        {
            "GITLAB_CI": "true", "CI_PROJECT_DIR": "/work", "CI_PROJECT_PATH": "g/p", "CI_COMMIT_SHA": "abc",
            "CI_COMMIT_REF_NAME": "main", "CI_PIPELINE_ID": "70", "CI_JOB_ID": "71", "CI_PIPELINE_IID": "8",
            "CI_JOB_URL": "https://git.acme.org/g/p/-/jobs/71", "CI_PROJECT_URL": "https://git.acme.org/g/p",
        },
        Job(
            Path("/work"), "g/p", "abc", "main", "70", "71", "https://git.acme.org/g/p/-/jobs/71", "", "8",
            "https://git.acme.org/g/p/-/compare/{old}...{new}",
        ),
    ),
    "azure": (
        {
            "TF_BUILD": "True", "BUILD_SOURCESDIRECTORY": "/work", "BUILD_REPOSITORY_NAME": "r",
            "BUILD_SOURCEVERSION": "abc", "BUILD_SOURCEBRANCHNAME": "main", "BUILD_BUILDID": "70",
            "SYSTEM_JOBATTEMPT": "2", "BUILD_DEFINITIONNAME": "deploy",
        },
        Job(Path("/work"), "r", "abc", "main", "70", "2", "", "deploy", "70"),
    ),
    "teamcity": (
        {
            "TEAMCITY_VERSION": "2026.1", "TEAMCITY_PROJECT_NAME": "P", "BUILD_VCS_NUMBER": "abc",
            "BUILD_NUMBER": "8", "BUILD_URL": "https://tc.acme.org/build/70",
            "TEAMCITY_BUILDCONF_NAME": "Deploy",
        },
        Job(HERE, "P", "abc", "", "8", "", "https://tc.acme.org/build/70", "Deploy", "8"),
    ),
    "buildkite": (
        {
            "BUILDKITE": "true", "BUILDKITE_PIPELINE_SLUG": "p", "BUILDKITE_COMMIT": "abc",
            "BUILDKITE_BRANCH": "main", "BUILDKITE_BUILD_NUMBER": "8", "BUILDKITE_RETRY_COUNT": "1",
            "BUILDKITE_BUILD_URL": "https://buildkite.com/o/p/builds/8",
        },
        Job(HERE, "p", "abc", "main", "8", "1", "https://buildkite.com/o/p/builds/8", "p", "8"),
    ),
    "bitbucket": (
        {
            "BITBUCKET_BUILD_NUMBER": "8", "BITBUCKET_REPO_FULL_NAME": "w/r", "BITBUCKET_COMMIT": "abc",
            "BITBUCKET_BRANCH": "main", "BITBUCKET_STEP_RUN_NUMBER": "2",
        },
        Job(
            HERE, "w/r", "abc", "main", "8", "2", "https://bitbucket.org/w/r/pipelines/results/8", "", "8",
            "https://bitbucket.org/w/r/branches/compare/{new}..{old}",
        ),
    ),
    "circleci": (
        {
            "CIRCLECI": "true", "CIRCLE_PROJECT_USERNAME": "o", "CIRCLE_PROJECT_REPONAME": "r",
            "CIRCLE_SHA1": "abc", "CIRCLE_BRANCH": "main", "CIRCLE_BUILD_NUM": "8",
            "CIRCLE_BUILD_URL": "https://circleci.com/gh/o/r/8",
        },
        Job(HERE, "o/r", "abc", "main", "8", "", "https://circleci.com/gh/o/r/8", "", "8"),
    ),
    "jenkins": (
        {
            "JENKINS_URL": "https://ci.acme.org", "GIT_URL": "https://git.acme.org/o/r.git",
            "GIT_COMMIT": "abc", "GIT_BRANCH": "origin/main", "BUILD_NUMBER": "8", "JOB_NAME": "shop",
            "BUILD_URL": "https://ci.acme.org/job/shop/8/",
        },
        Job(HERE, "o/r", "abc", "origin/main", "8", "", "https://ci.acme.org/job/shop/8/", "shop", "8"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", JOBS)
def test_each_ci_describes_the_job_in_variables_of_its_own(name: str) -> None:
    environ, job = JOBS[name]
    assert detect(environ, None).job == job


@pytest.mark.parametrize("name", JOBS)
def test_what_a_ci_does_not_say_about_the_job_is_empty(name: str) -> None:
    """A text, never None: it goes into descriptions and addresses."""
    marker, value = next(iter(JOBS[name][0].items()))
    number = value if name == "bitbucket" else ""
    assert detect({marker: value}, None).job == Job(HERE, run_id=number, run_number=number)


def test_a_tag_stands_in_for_a_branch() -> None:
    assert detect({"BITBUCKET_BUILD_NUMBER": "8", "BITBUCKET_TAG": "v1"}, None).job.ref == "v1"
    assert detect({"CIRCLECI": "true", "CIRCLE_TAG": "v1"}, None).job.ref == "v1"
