from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from deployer.aws.claims import Claims, claims_of
from deployer.aws.identity import session_name
from deployer.errors import InvalidInput
from deployer.settings.load import load

if TYPE_CHECKING:
    from deployer.settings.model import Settings

ROLE = "arn:aws:iam::123456789012:role/ci/deployer"


def loaded(**inputs: str) -> Settings:
    return load(
        {}, ["--stop-after=package", *(f"--{name.replace('_', '-')}={text}" for name, text in inputs.items())]
    )


def test_what_is_given_is_taken() -> None:
    settings = loaded(
        role_to_assume=f"{ROLE}\n\n arn:aws-cn:iam::123456789012:role/x ",
        role_session_name="run@42",
        role_external_id="acme:1",
        role_duration="12h",
        role_session_tags="team=web",
        web_identity_token_variable="ID_TOKEN",
    )
    assert settings.role_to_assume == (ROLE, "arn:aws-cn:iam::123456789012:role/x")
    assert settings.role_duration == timedelta(hours=12)
    assert settings.role_session_tags == {"team": "web"}
    assert settings.web_identity_audience == "sts.amazonaws.com"


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("role_to_assume", "deployer", "is not the ARN of a role"),
        ("role_to_assume", "arn:aws:iam::123456789012:user/ci", "is not the ARN of a role"),
        ("role_session_name", "a b", "is not a valid session name"),
        ("role_session_name", "a" * 65, "is not a valid session name"),
        ("role_external_id", "a", "is not a valid external ID"),
        ("role_duration", "14m", "is not between 15m and 12h"),
        ("role_duration", "13h", "is not between 15m and 12h"),
        ("role_session_tags", "team=w*b", "has the tag 'team', which AWS does not accept"),
        ("role_session_tags", f"team={'a' * 257}", "has the tag 'team', which AWS does not accept"),
        ("role_session_tags", "\n".join(f"k{number}=v" for number in range(51)), "has 51 tags"),
        ("role_session_tags", "team", "is not an assignment"),
    ],
)
def test_what_sts_would_refuse_is_refused(name: str, text: str, why: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        loaded(**{name: text})
    (problem,) = caught.value.problems
    assert why in problem.message
    assert problem.hint


@pytest.mark.parametrize(
    ("repository", "run_id", "name"),
    [
        ("", "", "deployer"),
        ("acme/web", "42", "deployer-acme-web-42"),
        ("a" * 90, "42", f"deployer-{'a' * 52}-42"),
        ("größe/web", "42", "deployer-gr--e-web-42"),
    ],
)
def test_a_session_is_named_after_the_run_in_legal_characters(
    repository: str, run_id: str, name: str
) -> None:
    assert session_name(repository, run_id) == name
    assert len(name) <= 64


@pytest.mark.parametrize(
    "token", ["", "a", "a.b.c", "a.e30.c", "a.W10.c", "a.bnVsbA.c", "a.eyJleHAiOiJ4In0.c"]
)
def test_what_is_no_token_claims_nothing(token: str) -> None:
    assert claims_of(token) == Claims()


def test_several_audiences_are_told_as_a_list() -> None:
    token = "a.eyJpc3MiOiAiaHR0cHM6Ly94IiwgImF1ZCI6IFsiYSIsICJiIl19.c"  # iss https://x, aud a and b
    assert claims_of(token) == Claims(issuer="https://x", audience="a, b")
