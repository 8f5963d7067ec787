"""The way back of a group, by what was tried last; and never a way that brings back what was left."""

from __future__ import annotations

import pytest

from deployer.choices import Back
from deployer.errors import InvalidInput
from deployer.live.back import way_back
from deployer.live.group import Group, Record
from deployer.revision import BundleType, S3Revision

OLD, GOOD, BAD = (
    S3Revision("b", f"{name}.zip", BundleType.ZIP, etag=name) for name in ("old", "good", "bad")
)
LIVE = Record("d-GOOD00000", "Succeeded", revision=GOOD, previous=OLD, creator="user")


def group(attempt: Record, live: Record | None = LIVE) -> Group:
    """A group that runs LIVE, in which this was tried last."""
    return Group("shop", "production", "Server", live, attempt)


def tried(status: str, **facts: object) -> Record:
    return Record("d-BAD000000", status, **{"revision": BAD, "previous": GOOD, "creator": "user", **facts})  # type: ignore[arg-type]


BOTH = pytest.mark.parametrize("to", list(Back))


@BOTH
@pytest.mark.parametrize("status", ["Created", "Queued", "InProgress", "Baking", "Ready", "NotKnownYet"])
def test_what_is_running_is_stopped_and_rolled_back(to: Back, status: str) -> None:
    way = way_back(to, group(tried(status)))
    assert (way.revision, way.stops, way.leaves.id) == (GOOD, True, "d-BAD000000")


@BOTH
@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_after_a_failure_the_last_good_revision_comes_again(to: Back, status: str) -> None:
    way = way_back(to, group(tried(status)))
    assert (way.revision, way.stops, way.leaves.id) == (GOOD, False, "d-BAD000000")


def test_behind_a_success_there_is_the_revision_before() -> None:
    way = way_back(Back.PREVIOUS, group(LIVE))
    assert (way.revision, way.stops, way.leaves) == (OLD, False, LIVE)
    again = way_back(Back.LAST_GOOD, group(LIVE))
    assert (again.revision, again.goes_nowhere) == (GOOD, True)


@pytest.mark.parametrize("previous", [None, GOOD], ids=["unknown", "deployed twice"])
def test_the_revision_before_is_looked_for_where_the_record_does_not_name_it(
    previous: S3Revision | None,
) -> None:
    live = Record(LIVE.id, "Succeeded", revision=GOOD, previous=previous, creator="user")
    way = way_back(Back.PREVIOUS, group(live, live))
    assert (way.revision, way.goal) == (None, live)


@BOTH
@pytest.mark.parametrize("facts", [{"creator": "codeDeployRollback"}, {"left": "d-OTHER0000"}], ids=str)
def test_a_way_back_that_runs_is_joined_and_never_stopped(to: Back, facts: dict[str, str]) -> None:
    """Though it brings another revision than the live one."""
    way = way_back(to, group(tried("InProgress", **facts)))
    assert (way.revision, way.stops, way.underway) == (BAD, False, True)


@pytest.mark.parametrize("creator", ["autoscaling", "CodeDeployAutoUpdate", "CloudFormation"])
@pytest.mark.parametrize(("to", "revision"), [(Back.LAST_GOOD, GOOD), (Back.PREVIOUS, OLD)])
def test_what_aws_started_by_itself_is_waited_for(to: Back, revision: S3Revision, creator: str) -> None:
    way = way_back(to, group(tried("InProgress", creator=creator)))
    assert (way.revision, way.stops) == (revision, False)


@pytest.mark.parametrize(("to", "revision"), [(Back.LAST_GOOD, GOOD), (Back.PREVIOUS, OLD)])
def test_the_live_revision_that_is_deployed_again_is_nothing_to_go_back_from(
    to: Back, revision: S3Revision
) -> None:
    way = way_back(to, group(tried("InProgress", revision=GOOD)))
    assert (way.revision, way.stops) == (revision, False)


@pytest.mark.parametrize("facts", [{"creator": "codeDeployRollback"}, {"left": "d-OTHER0000"}], ids=str)
def test_going_back_twice_does_not_bring_back_what_was_left(facts: dict[str, str]) -> None:
    back = tried("Succeeded", **facts)
    with pytest.raises(InvalidInput) as refused:
        way_back(Back.PREVIOUS, group(back, back))
    assert refused.value.problems[0].code == "already-back"
    assert way_back(Back.LAST_GOOD, group(back, back)).revision == BAD


def test_a_way_back_that_failed_is_tried_again() -> None:
    """Behind it, what is live is what was to be left."""
    failed = tried("Failed", revision=OLD, left=LIVE.id)
    assert way_back(Back.PREVIOUS, group(failed)).revision == OLD
    assert way_back(Back.LAST_GOOD, group(failed)).revision == GOOD


@pytest.mark.parametrize("facts", [{"creator": "autoscaling"}, {"revision": GOOD}], ids=str)
def test_a_failure_that_brought_nothing_new_is_nothing_to_go_back_from(facts: dict[str, object]) -> None:
    """Of a single instance that Auto Scaling launched, or of the live revision deployed again."""
    failed = tried("Failed", **facts)
    assert way_back(Back.PREVIOUS, group(failed)).revision == OLD
    assert way_back(Back.LAST_GOOD, group(failed)).revision == GOOD


@BOTH
def test_without_any_success_there_is_no_way(to: Back) -> None:
    with pytest.raises(InvalidInput) as refused:
        way_back(to, group(tried("Failed"), None))
    assert refused.value.problems[0].code == "no-good-revision"
