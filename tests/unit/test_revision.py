from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.revision import (
    AppSpecRevision,
    BundleType,
    GitHubRevision,
    Revision,
    S3Revision,
    location,
    of_location,
    parse,
)

SHA = "0123456789abcdef0123456789abcdef01234567"
tokens = st.text(st.characters(codec="ascii", categories=("L", "N"), include_characters="._-+/="), min_size=1)
objects = st.builds(
    S3Revision,
    bucket=st.from_regex(r"[a-z0-9][a-z0-9.-]{2,20}", fullmatch=True),
    key=st.text(st.characters(codec="utf-8"), min_size=1, max_size=40),
    type=st.sampled_from(BundleType),
    etag=st.none() | tokens,
    version_id=st.none() | tokens,
)
commits = st.builds(
    GitHubRevision,
    repository=st.from_regex(r"[a-z0-9-]{1,9}/[\w.-]{1,9}", fullmatch=True).filter(str.isascii),
    commit=st.from_regex(r"[0-9a-f]{40}", fullmatch=True),
)
appspecs = st.builds(AppSpecRevision.of, st.text(st.characters(codec="utf-8"), min_size=1))


@given(objects | commits | appspecs)
def test_the_output_revision_is_the_input_revision(revision: Revision) -> None:
    """Whatever the key, the eTag or the AppSpec: what one run gives, the next one understands."""
    uri = revision.uri or ""
    assert parse(uri) == revision
    assert uri.isascii()
    assert not any(char.isspace() for char in uri)


@given(objects | commits | appspecs)
def test_the_service_s_form_of_a_revision_is_read_back(revision: Revision) -> None:
    assert of_location(location(revision)) == revision


@pytest.mark.parametrize(
    ("text", "revision"),
    [
        ("s3://b/web/1.zip", S3Revision("b", "web/1.zip", BundleType.ZIP)),
        ("  s3://b/web/1.tar.gz\n", S3Revision("b", "web/1.tar.gz", BundleType.TGZ)),
        ("s3://b/a.YML", S3Revision("b", "a.YML", BundleType.YAML)),
        ('s3://b/a.zip?etag="1"', S3Revision("b", "a.zip", BundleType.ZIP, "1")),
        ("s3://b/a.zip?bundleType=JSON&versionId=", S3Revision("b", "a.zip", BundleType.JSON)),
        (f"github://me/web/{SHA.upper()}", GitHubRevision("me/web", SHA)),
    ],
)
def test_what_people_write(text: str, revision: Revision) -> None:
    assert parse(text) == revision


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("web.zip", "unknown format"),
        ("s3:/b/a.zip", "unknown format"),
        ("s3://b", "lacks a bucket or a key"),
        ("s3:///a.zip", "lacks a bucket or a key"),
        ("s3://b/a.zip?version=1", "the unknown part version="),
        ("s3://b/a.zip?bundleType=rar", "an unknown bundleType; known are zip, tgz, tar, YAML, JSON"),
        ("s3://b/release", "such as ?bundleType="),
        ("github://me/web/main", "a commit of 40 digits"),
        ("data:application/yaml;base64,dmVyc2lv*", "truncated"),
        ("data:application/yaml;base64,/w==", "truncated"),
        ("data:text/plain,hello", "unknown format"),
    ],
)
def test_why_a_revision_is_not_understood(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse(text)
    assert why in str(caught.value)


def test_an_inline_appspec_is_known_to_the_service_by_its_digest() -> None:
    """SHA-256 in hex, as AWS documents it; readers see that instead of the whole text."""
    revision = AppSpecRevision.of("version: 0.0\n")
    sent = location(revision)["appSpecContent"]["sha256"]
    assert sent == hashlib.sha256(b"version: 0.0\n").hexdigest()
    assert sent in revision.label
    assert "version" not in revision.label


def test_a_rollback_s_revision_of_the_older_kind_is_read_too() -> None:
    assert of_location({"revisionType": "String", "string": {"content": "a"}}) == AppSpecRevision.of("a")


@pytest.mark.parametrize("place", [{}, {"s3Location": {"bucket": "b", "key": "k", "bundleType": "rar"}}])
def test_a_kind_of_revision_that_nobody_knows_is_none(place: dict[str, dict[str, str]]) -> None:
    assert of_location(place) is None  # type: ignore[arg-type]
