"""Where a deployment came from, as text in its description: strict to read, and never too long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.live.origin import Origin, compare_url, described, read

RUN = Origin("acme/shop", "1a2b3c4d5e6f", "deploy.yml", 812)
names = st.text(max_size=40)


@given(
    text=st.text(max_size=400),
    repository=names,
    sha=st.text("0123456789abcdef", max_size=40),
    workflow=names,
    number=st.integers(0, 10**15 - 1) | st.none(),
)
def test_what_is_written_is_read_back(
    text: str, repository: str, sha: str, workflow: str, number: int | None
) -> None:
    """Whatever the user's own description and the CI's names are, within the service's limit."""
    counter = "" if number is None else str(number)
    origin = Origin.of(repository=repository, sha=sha, workflow=workflow, number=counter)
    description = described(text, origin)
    assert len(description) <= 256
    if origin.text and origin.number is not None:
        assert read(description) == origin
    elif origin.text:
        assert (read(description).repository, read(description).commit) == (origin.repository, origin.commit)


@pytest.mark.parametrize(
    ("description", "origin"),
    [
        ("Release 1.4 [acme/shop@1a2b3c4d5e6f deploy.yml#812]", RUN),
        ("[acme/shop@1a2b3c4d5e6f7890 deploy.yml#812]\n", RUN),
        ("[shop/main#57]", Origin(workflow="shop/main", number=57)),
        ("[g/p@abc1234 #57]", Origin("g/p", "abc1234", "", 57)),
        ("acme/shop@1a2b3c4d5e6f main https://github.com/…/7", Origin("acme/shop", "1a2b3c4d5e6f")),
        ("[acme/shop@1a2b3c4d5e6f deploy.yml#812] and more", Origin()),
        ("[acme/shop@1a2b3c4d5e6f  deploy.yml#812]", Origin()),
        ("[acme/shop@1a2b3c4d5e6f deploy.yml#812 #813]", Origin()),
        ("[acme/shop@1a2b<b> deploy.yml#812]", Origin()),
        ("[a/b@1a2b3c4 w#1234567890123456]", Origin()),
        ("me@example.com asked for it", Origin()),
        (f"[{'a' * 200}@1a2b3c4]", Origin()),
        ("", Origin()),
    ],
)
def test_only_what_this_product_writes_is_read(description: str, origin: Origin) -> None:
    assert read(description) == origin


@pytest.mark.parametrize(
    ("other", "newer"),
    [
        (Origin("acme/shop", "f", "deploy.yml", 813), True),
        (Origin("acme/shop", "f", "deploy.yml", 812), False),
        (Origin("acme/shop", "f", "deploy.yml", 811), False),
        (Origin("acme/shop", "f", "rollback.yml", 900), False),
        (Origin("acme/other", "f", "deploy.yml", 900), False),
        (Origin("acme/shop", "f"), False),
    ],
)
def test_only_a_later_run_of_the_same_workflow_is_newer(other: Origin, newer: bool) -> None:  # noqa: FBT001
    assert other.is_newer_than(RUN) is newer
    assert not Origin(number=2).is_newer_than(Origin(number=1)), "nobody says whose counter that is"


def test_a_comparison_needs_two_commits_of_one_repository() -> None:
    page, new = "https://x/{old}...{new}", Origin("acme/shop", "9f8e7d6c5b4a")
    assert compare_url(page, RUN, new) == "https://x/1a2b3c4d5e6f...9f8e7d6c5b4a"
    for other in (RUN, Origin("acme/shop"), Origin("acme/other", "9f8e7d6c5b4a")):
        assert compare_url(page, RUN, other) == ""
    assert compare_url("", RUN, new) == ""
