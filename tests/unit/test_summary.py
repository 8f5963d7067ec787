"""The job's summary: what it says at a glance, and that GitHub lets all of it through."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from deployer import __version__
from deployer.deployment.model import Snapshot, Status
from deployer.deployment.wait import Ending
from deployer.errors import Problem
from deployer.report.markdown import yaml_text
from deployer.report.summary import summary
from deployer.run import Outcome
from deployer.settings.load import load
from deployer.text import printable
from tests.summaries import (
    IN_PLACE,
    LOAD_BALANCED,
    REVISION,
    blue_green,
    fleet_of,
    outcome,
    refused,
    rolled_back,
    several_groups,
    summaries,
    target,
)

SUMMARIES = summaries()
TAGS = {"h2", "h3", "h4", "p", "br", "strong", "a", "pre", "code", "samp", "details", "summary", "wbr"}
TABLE_TAGS = {"table", "thead", "tbody", "tr", "th", "td"}
# Where `wbr` is removed, a word of more than 40 characters makes its table scroll.
ATTRIBUTES = {"href", "align", "nowrap", "open", "title"}
"""What GitHub's sanitizer is known to let through, of what is used: html-pipeline's SanitizationFilter."""


class Markup(HTMLParser):
    """Collects the tags of a text, and the attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect a tag."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.mark.parametrize("name", SUMMARIES)
def test_nothing_is_used_that_github_removes(name: str) -> None:
    without_fences = re.sub(r"^```.*?^```$", "", SUMMARIES[name], flags=re.DOTALL | re.MULTILINE)
    markup = Markup(str(MarkdownIt("commonmark").enable("table").render(without_fences)))
    assert markup.tags - TAGS - TABLE_TAGS == set()
    assert markup.attributes - ATTRIBUTES == set()


def rows_of(text: str) -> list[list[str]]:
    """The cells of the first table in HTML, without their markup."""
    table = text.partition("<table>")[2].partition("</table>")[0]
    cells = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in table.splitlines() if row)
    return [[re.sub(r"<[^>]*>", "", cell) for cell in each] for each in cells]


def test_a_target_is_a_row_of_times_with_a_mark_where_it_failed() -> None:
    head, first, second, _ = rows_of(summary(fleet_of(3, IN_PLACE, failing=True)))
    assert head[2:] == ["Stop", "Download", "Before install", "Install", "After install", "Start", "Validate"]
    assert first[:3] == ["❌", "i-0c5f3a9b7d0000002", "1m14s"]
    assert first[-2:] == ["❌ 5m39s", "\N{EN DASH}"]
    assert second[0] == "✅"


def test_an_instance_links_to_its_page_in_the_console() -> None:
    told = summary(fleet_of(3, IN_PLACE, failing=False))
    page = "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#InstanceDetails:instanceId="
    assert f'<a href="{page}i-0c5f3a9b7d0000001"><samp>i-0c5f3a9b7d0000001</samp></a>' in told


def test_events_that_move_traffic_share_a_column_where_there_are_many() -> None:
    failing = fleet_of(3, LOAD_BALANCED, failing=True)
    head, first, *_ = rows_of(summary(failing))
    assert (head[2], head[-1], len(head)) == ("Block", "Allow", 2 + 9)
    assert first[-1] == "❌ 5s"
    assert 'title="BeforeAllowTraffic"><strong>' in summary(failing)


def test_many_targets_that_are_well_fold_behind_what_they_took() -> None:
    told = summary(fleet_of(40, IN_PLACE, failing=True))
    shown, _, folded = told.partition("<details><summary>The other 27 targets: 27 succeeded</summary>")
    assert shown.count("<samp>") == 13
    assert folded.count("<samp>") == 27
    assert "Times of the 27 targets that succeeded:" in shown
    assert "| ApplicationStop | 4m 19s | 9m 52s | <code>i-0c5f3a9b7d0000010</code> |" in shown
    good = summary(fleet_of(40, IN_PLACE, failing=False))
    assert "<details><summary>40 targets: 40 succeeded</summary>" in good
    assert "<samp>" not in good.partition("<details>")[0]


def test_twenty_targets_are_one_table() -> None:
    assert "<details" not in summary(fleet_of(20, IN_PLACE, failing=False))


def test_the_fleets_of_a_blue_green_deployment_have_a_table_each() -> None:
    told = summary(blue_green())
    green, _, blue = told.partition("**Green**")[2].partition("**Blue**")
    assert (green.count("<samp>"), blue.count("<samp>")) == (2, 2)


def test_a_deployment_that_waits_says_how_to_continue() -> None:
    """The step in it has all inputs that it needs, and the settings accept them."""
    block = summary(blue_green()).partition("```yaml\n")[2].partition("```")[0]
    (step,) = yaml.safe_load(block)
    assert step["uses"] == "codedeploy-deployer/deployer@v1"
    given = {f"INPUT_{name.upper()}": str(value).lower() for name, value in step["with"].items()}
    settings = load(
        {**given, "INPUT_DEPLOYMENT-ID": step["with"]["deployment-id"]}, [], unneeded=lambda _: ()
    )
    assert (settings.deployment_id, settings.continue_) == ("d-BW9UUFNZE", True)
    assert (settings.application, settings.deployment_group) == ("hello-web", "production")


@given(st.text(min_size=1))
@settings(deadline=None, max_examples=50)
def test_a_long_input_of_a_step_is_wrapped_and_read_as_it_was(name: str) -> None:
    for text in (REVISION.uri, f"{name}{REVISION.uri}{name}", f"{' ' * 90}{name}", f'{name}"\\' * 40):
        written = yaml_text(text, indent=6)
        assert yaml.safe_load(f"with:\n    revision: {written}\n") == {"with": {"revision": printable(text)}}
    assert max(map(len, yaml_text(REVISION.uri, indent=6).splitlines())) < 90


def test_what_continuing_does_is_said_of_each_wait() -> None:
    ready = blue_green()
    assert ready.ending
    assert "it will then move traffic to the new instances" in summary(ready)
    keeping = replace(ready.ending.snapshot, status="InProgress", terminating=True)
    ready.status, ready.ending = Status.TIMED_OUT, replace(ready.ending, snapshot=keeping)
    assert "it will then terminate the original instances" in summary(ready)
    ready.ending = replace(ready.ending, snapshot=replace(keeping, status="Succeeded"))
    assert "it will then" not in summary(ready)


def test_each_of_several_groups_has_its_title_and_targets() -> None:
    told = summary(several_groups())
    assert told.startswith("## ❌ hello-web: 1 of 3 deployment groups done\n")
    assert "| production-asia |  | not started |" in told
    titles = re.findall(r"^### (.*)", told, re.MULTILINE)
    assert titles == [
        "❌ hello-web → production: Deployment failed",
        "✅ hello-web → staging: Deployment succeeded",
        "Revision",
    ]
    assert told.count("#### Targets") == 2
    assert told.count("<samp>") == 5


def test_all_groups_done_is_a_success() -> None:
    both = several_groups()
    both.groups, both.status, both.problems = ("staging", "production"), Status.SUCCEEDED, []
    assert summary(both).startswith("## ✅ hello-web: 2 of 2 deployment groups done\n")


def test_a_rollback_is_told_in_the_title_and_what_is_live_below() -> None:
    well = summary(rolled_back(well=True))
    assert well.startswith("## ❌ hello-web → production: Deployment failed, rolled back\n")
    assert "succeeded after 31s. Live now: <code>s3://" in well
    badly = rolled_back(well=False)
    told = summary(badly)
    assert told.startswith("## ❌ hello-web → production: Deployment failed, and its rollback failed\n")
    assert "</a> failed after 31s.\n" in told
    badly.rollback_ending = Ending(
        Status.FAILED, Snapshot("Failed", targets=(target(9, IN_PLACE, failing="Install"),)), 31.0
    )
    assert "i-0c5f3a9b7d0000009" in summary(badly).partition("### Targets of the rollback")[2]
    badly.rollback_ending = None
    assert "was not followed to its end" in summary(badly)


def test_a_pre_flight_that_failed_is_the_title() -> None:
    told = summary(refused())
    assert told.startswith("## ❌ hello-web → production: Pre-flight failed; nothing was sent\n")
    page = f"https://github.com/codedeploy-deployer/deployer/blob/v{__version__}/docs/pre-flight.md"
    link = f'<a href="{page}#appspec-hook-missing-script">appspec-hook-missing-script</a>'
    assert f"<code>services/shop/appspec.yml:12</code> · {link}<br>Add the script" in told


def test_no_line_of_a_hint_is_a_heading_or_a_list() -> None:
    hint = "# no\n- heading\n1. nor\n---\n===\n    list\n> at\n~~~\nall"
    told = summary(Outcome(problems=[Problem("Failed.", hint)]))
    assert Markup(MarkdownIt("commonmark").render(told)).tags == {"h2", "h3", "p", "strong", "br"}


def test_a_deployment_that_nobody_watched_to_its_end_is_still_running() -> None:
    left = outcome(target(1, IN_PLACE), status=Status.CREATED)
    left.ending = None
    assert ">d-BW9UUFNZE</a> is still running." in summary(left)


def test_a_group_that_was_not_deployed_to_tells_why() -> None:
    last = several_groups()
    last.deployment = last.ending = last.explanation = None
    last.status, last.problems = Status.REGISTERED, [Problem("Another deployment is active.")]
    told = summary(last)
    assert "### ❌ hello-web → production: Registered, then failed\n" in told
    assert "❌ **Another deployment is active.**" in told


def test_long_lines_of_a_log_are_wrapped() -> None:
    log = summary(fleet_of(3, IN_PLACE, failing=True)).partition("<pre>")[2].partition("</pre>")[0]
    assert 100 < max(map(len, log.splitlines())) <= 110
    assert " --bind\n  ↳ :8080 --bind :8080" in log
    assert f"\n  ↳ {'🚀' * 29}\n" in log


def test_what_has_no_room_below_the_limit_is_left_out() -> None:
    """Many groups with many long logs; the first groups have theirs."""
    failed = fleet_of(3, IN_PLACE, failing=True)
    assert failed.explanation
    (failure,) = failed.explanation.failures
    log = replace(failure.diagnostics, log_tail="<&" * 4000)
    failures = tuple(replace(failure, event=f"E{number}", diagnostics=log) for number in range(20))
    failed.explanation = replace(failed.explanation, failures=failures)
    failed.earlier = tuple(replace(failed, group=f"g{number}") for number in range(9))
    failed.groups = tuple(f"g{number}" for number in range(10))
    told = summary(failed)
    assert len(told.encode()) < 1 << 20
    assert "parts of this summary did not fit" in told


def test_an_unknown_event_or_state_is_shown_as_it_comes() -> None:
    strange = target(1, ("Verify", "Install"), failing="Install")
    events = (
        replace(strange.events[0], status="Odd"),
        replace(strange.events[1], status="Pending", end=None),
    )
    told = summary(outcome(replace(strange, status="Verifying", events=events)))
    head, row = rows_of(told)
    assert head[2:] == ["Verify", "Install"]
    assert (row[0], row[2], row[3]) == ("Verifying", "Odd 37s", "·")


def test_nothing_but_a_status_is_a_title() -> None:
    assert summary(Outcome()) == "## ❌ Nothing was deployed\n"
