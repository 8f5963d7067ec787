"""Each code that a user can meet is explained where the summary links to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

import deployer
from deployer.aws.codes import ACCOUNT_HINTS, CREDENTIAL_HINTS, DENIED, INPUT_HINTS
from deployer.deployment.causes import ERROR_CODES, EVENT_CODES, OTHER_CODES
from deployer.report.codes import documentation
from deployer.rules.chapters import all_rules
from deployer.rules.run import CODES
from tests.docs import ROOT
from tests.documents import anchors

if TYPE_CHECKING:
    from collections.abc import Iterable

README = (ROOT / "README.md").read_text(encoding="utf-8")


def in_transcripts() -> Iterable[str]:
    """The codes of the annotations that the scenarios end in."""
    for path in (ROOT / "tests" / "transcripts").glob("*.github.txt"):
        yield from re.findall(r"^::\w+ .*?\btitle=([^:,]+)", path.read_text(encoding="utf-8"), re.MULTILINE)


ANCHORS = {page: anchors(page) for page in ("docs/troubleshooting.md", "docs/pre-flight.md")}
OURS = [*(rule.code for rule in all_rules()), *CODES]
AWS = [*ERROR_CODES, *OTHER_CODES, *EVENT_CODES, *CREDENTIAL_HINTS, *INPUT_HINTS, *ACCOUNT_HINTS, *DENIED]


def test_each_code_leads_to_its_own_heading_of_this_release() -> None:
    for code in [*OURS, *AWS, *in_transcripts()]:
        url = urlsplit(documentation(code))
        place, _, page = url.path.partition(f"/blob/v{deployer.__version__}/")
        assert place == f"/{deployer.REPOSITORY}", code
        assert ANCHORS[page].count(url.fragment) == 1, code


@pytest.mark.parametrize("code", ["SomethingNew", "", "301x"])
def test_a_code_of_aws_without_an_explanation_has_no_link(code: str) -> None:
    assert documentation(code) == ""


def test_the_codes_of_exceptions_lead_to_their_names() -> None:
    assert documentation("ApplicationDoesNotExistException").endswith(
        "/docs/troubleshooting.md#applicationdoesnotexist"
    )
    assert documentation("AccessDeniedException") == documentation("AccessDenied")


def test_the_readme_uses_the_action_of_this_repository() -> None:
    used = re.findall(r"uses: ([\w/-]+/deployer)@", README)
    assert set(used) == {deployer.REPOSITORY}
