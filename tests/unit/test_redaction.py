"""Secrets are hidden whatever they are spelled like, and wherever they are written."""

from __future__ import annotations

import html
import io
import json
import re
import shlex
from base64 import b64encode, encodebytes, urlsafe_b64encode
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import wrap
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from deployer.ci.detect import detect
from deployer.ci.redaction import RedactedStream, Redactor
from deployer.errors import Location, Problem
from deployer.main import traceback_of
from deployer.report.markdown import code, preformatted, yaml_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deployer.ci.base import Ci

TOKEN = "IQoJb3JpZ2luX2VjEHoaCWV1LXdlc3QtMSJ/+A==|x;y'z\"&<%#]_*TAIL"
SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "as it is": str,
    "repr": repr,
    "repr of bytes": lambda text: repr(text.encode()),
    "JSON": json.dumps,
    "URL": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "URL in a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "HTML": html.escape,
    "shell": shlex.quote,
    "base64": lambda text: b64encode(f"user:{text}".encode()).decode(),
    "base64 at the beginning": lambda text: b64encode(f"{text}@x".encode()).decode(),
    "base64 in between": lambda text: b64encode(f"u:{text}\n".encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal in capitals": lambda text: text.encode().hex().upper(),
    "base64 of PowerShell": lambda text: b64encode(f"-p {text}".encode("utf-16-le")).decode(),
    "base64 for URLs": lambda text: urlsafe_b64encode(f"a:{text}".encode()).decode(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(secret=st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=8, max_size=60))
@settings(max_examples=40, deadline=None)
def test_a_secret_is_hidden_in_every_spelling(spelling: str, secret: str) -> None:
    redactor = Redactor({})
    assume("***" not in secret)
    redactor.learn(f"{secret}\n")
    spelled = SPELLINGS[spelling](secret)
    hidden = redactor.redact(f"before {spelled} after")
    assert "***" in hidden
    assert secret not in hidden
    if "base64" not in spelling:
        assert spelled.strip("b'\"") not in hidden
    assert hidden.startswith("before ")
    assert hidden.endswith(" after")


def test_a_token_that_was_cut_short_is_hidden_too() -> None:
    redactor = Redactor({"AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2VjEHoaCWV1LXdlc3QtMSJ" * 20})
    assert redactor.redact("at IQoJb3JpZ2luX2VjEHoaCWV1LXdlc3… (cut)") == "at ***… (cut)"


KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYzT0q9sVaLe"
LINES: Mapping[str, Callable[[str], str]] = {
    "log of the summary": lambda text: preformatted(f"{'x' * 95}: {text}"),
    "cell of the summary": lambda text: code(f"x-amz-security-token:{text}"),
    "safeguard in the summary": lambda text: yaml_text(f"{'x ' * 30}{text}", indent=2),
    "base64": lambda text: encodebytes(f"token={text}".encode()).decode(),
    "program": lambda text: "\n".join(wrap(text, 19)),
    "program, as GitHub quotes it": lambda text: "%0A".join(wrap(text, 19)),
    "program, as TeamCity quotes it": lambda text: "|n".join(wrap(text, 19)),
}


@pytest.mark.parametrize("broken", LINES)
@pytest.mark.parametrize("secret", [KEY, f"eyJ0eXAiOiJKV1QiLCJh{KEY[::-1]}.{KEY[7:]}-{KEY[20:]}{KEY[:20]}"])
def test_a_secret_that_was_broken_into_lines_is_hidden_in_each(broken: str, secret: str) -> None:
    """All but what is too short to be told from words."""
    text = LINES[broken](secret)
    pieces = {text[start : start + 12] for start in range(len(text) - 11)} - set(LINES[broken]("").split())
    hidden = Redactor({"AWS_SECRET_ACCESS_KEY": secret}).redact(text)
    assert "***" in hidden
    assert [
        piece for piece in pieces if piece in hidden and (piece in secret or piece in _base64(secret))
    ] == []


def _base64(secret: str) -> str:
    return encodebytes(f"token={secret}".encode()).decode().replace("\n", "")


def test_a_script_s_log_shows_no_line_of_a_secret() -> None:
    """It is written line by line."""
    for variables in DIALECTS.values():
        stream = io.StringIO()
        detect({"AWS_SECRET_ACCESS_KEY": KEY, **variables}, stream).block(f"{KEY[:19]}\n{KEY[19:]}")
        assert KEY[:19] not in stream.getvalue()
        assert KEY[19:] not in stream.getvalue()


HEAD = "eyJ0eXAiOiJKV1QiLCJh"


@pytest.mark.parametrize(
    ("variables", "written"),
    [
        ({"TEAMCITY_VERSION": "1"}, "value='***|' x=|'y']"),
        ({"TF_BUILD": "1"}, "isOutput=true;]***' x='y"),
        ({}, """='***'"'"' x='"'"'y'"""),
    ],
)
def test_what_begins_like_a_secret_takes_no_escape_with_it(variables: dict[str, str], written: str) -> None:
    """All tokens of an issuer begin alike, so anybody can write that beginning and what follows."""
    stream, token = io.StringIO(), f"{HEAD}bGciOiJSUzI1NiIs{KEY}"
    with TemporaryDirectory() as folder:
        ci = detect({"GITLAB_OIDC_TOKEN": token, **variables}, stream)
        ci.keep_in(outputs=f"{folder}/outputs")
        ci.outputs({"error-message": f"{HEAD}' x='y"})
        assert written in stream.getvalue() + Path(f"{folder}/outputs").read_text()


@given(text=st.text(st.sampled_from("\"\\/nu0x1 \n\x07|'"), max_size=8))
def test_json_and_escapes_stay_what_they_are_behind_what_begins_like_a_secret(text: str) -> None:
    environ = {"GITLAB_OIDC_TOKEN": f"{HEAD}bGciOiJSUzI1NiIs{KEY}", "TEAMCITY_VERSION": "1"}
    document = Redactor(environ).redact(json.dumps({"a": HEAD + text, "b": 1}))
    assert set(json.loads(document)) == {"a", "b"}
    stream = io.StringIO()
    detect(environ, stream).outputs({"a": HEAD + text})
    value = r"(?:[^|'\[\]\n\r]|\|[|'\[\]nr])*"
    assert re.fullmatch(
        rf"##teamcity\[setParameter name='env.CODEDEPLOY_A' value='{value}'\]\n", stream.getvalue()
    )


@pytest.mark.parametrize(
    ("variable", "value", "secrets"),
    [
        ("HTTPS_PROXY", "socks5h://user:PROXYPASS@proxy:1080", ["PROXYPASS"]),
        ("https_proxy", "http://user:PROXY%23PASS@proxy:8080", ["PROXY%23PASS", "PROXY#PASS"]),
        ("HTTP_PROXY", "http://user:PROXY#PA/SS@proxy:8080", ["PROXY#PA/SS", "user:PROXY"]),
        ("AWS_ENDPOINT_URL", "http://tokenized@host/", ["tokenized"]),
        ("DOCKER_HOST", "tcp://user:DOCKERPASS@engine:2375", ["DOCKERPASS"]),
        ("AWS_ENDPOINT_URL_S3", "https://s3.example/?token=SECRET99&a=b", ["SECRET99"]),
        ("AWS_ENDPOINT_URL_S3", "https://s3.example/?token=SECRET99&a=what?", ["SECRET99"]),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "http://user:TOKEN-0001@x/?api-version=2.0", ["TOKEN-0001"]),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", ["AKIAIOSFODNN7EXAMPLE"]),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "requesttoken", ["requesttoken"]),
        ("AWS_SECRET_ACCESS_KEY", "not-UTF-8-\udcff", ["not-UTF-8-\udcff"]),
        ("HTTPS_PROXY", "http://u:\udcff@proxy", ["u:\udcff"]),
    ],
)
def test_the_environment_s_secrets_are_known(variable: str, value: str, secrets: list[str]) -> None:
    redactor = Redactor({variable: value})
    hidden = redactor.redact(f"Failed to parse: {value}; {' '.join(secrets)}")
    for secret in secrets:
        assert secret not in hidden


@pytest.mark.parametrize(
    ("variable", "url", "shown"),
    [
        ("HTTPS_PROXY", "http://u:pw@proxy:8080", "http://***@proxy:8080"),
        ("HTTPS_PROXY", "u:pw@proxy:8080", "***@proxy:8080"),
        ("HTTPS_PROXY", "//u:pw@proxy:8080", "//***@proxy:8080"),
        ("https_proxy", "socks5h://u:p%23w@proxy:1080", "socks5h://***@proxy:1080"),
        ("HTTP_PROXY", "http://u:p#/w@proxy", "http://***@proxy"),
        ("HTTP_PROXY", "http://:pw@proxy", "http://***@proxy"),
        ("AWS_ENDPOINT_URL", "http://tok@host/", "http://***@host/"),
        ("AWS_ENDPOINT_URL_S3", "https://s3.example/x?key=k+1&b=%C3%A4", "https://s3.example/x?***&***"),
    ],
)
@pytest.mark.parametrize("spelling", ["as it is", "repr of bytes", "JSON", "URL", "URL in a URL", "HTML"])
def test_the_shortest_password_of_a_url_is_hidden_in_its_place(
    variable: str, url: str, shown: str, spelling: str
) -> None:
    """Beside its user, that is; on its own it is like any other word."""
    spelled = SPELLINGS[spelling]
    redactor = Redactor({variable: url})
    assert redactor.redact(f"Failed to parse: {spelled(url)}, pw tok") == (
        f"Failed to parse: {spelled(shown).replace(quote('***', safe=''), '***').replace('%252A' * 3, '***')}"
        ", pw tok"
    )


def test_the_shortest_password_of_a_proxy_is_hidden_in_parts_and_in_the_header_that_carries_it() -> None:
    redactor = Redactor({"HTTPS_PROXY": "http://u:p#w@proxy:8080"})
    header = b64encode(b"u:p#w").decode()
    assert redactor.redact(f"'u:p' is not a valid host; Basic {header}") == "'***' is not a valid host; ***"


@pytest.mark.parametrize(("secret", "hidden"), [("1234567", False), ("12345678", True)])
def test_a_secret_has_at_least_eight_characters(secret: str, hidden: bool) -> None:  # noqa: FBT001
    """AWS's have at least 16. A stand-in's may be a word that each message holds."""
    for redactor in (Redactor({"AWS_SECRET_ACCESS_KEY": secret}), Redactor({})):
        redactor.learn(f" {secret}\n")
        assert (redactor.redact(f"It is {secret}.") == "It is ***.") == hidden


def test_an_environment_without_secrets_changes_nothing() -> None:
    text = "Region eu-west-1, from AWS_REGION; api-version=2.0"
    quiet = {"AWS_SECRET_ACCESS_KEY": "", "HTTPS_PROXY": "http://proxy:8080", "AWS_REGION": "eu-west-1"}
    assert Redactor(quiet).redact(text) == text
    stand_in = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "a", "HTTPS_PROXY": "http://u:a@proxy"}
    assert Redactor(stand_in).redact(f"{text} latest") == f"{text} latest"


DIALECTS: Mapping[str, Mapping[str, str]] = {
    "github": {"GITHUB_ACTIONS": "true"},
    "gitlab": {"GITLAB_CI": "true"},
    "azure": {"TF_BUILD": "True"},
    "teamcity": {"TEAMCITY_VERSION": "1"},
    "buildkite": {"BUILDKITE": "true"},
    "console": {},
    "terminal": {"FORCE_COLOR": "1"},
}
WRITERS: Mapping[str, Callable[[Ci, str], object]] = {
    "log": lambda ci, text: ci.say(text),
    "debugging": lambda ci, text: ci.debug(text),
    "block": lambda ci, text: ci.block(f"Invalid header value {text}"),
    "document": lambda ci, text: ci.document(text),
    "title": lambda ci, text: ci.section(text, folded=True).__enter__(),
    "annotation": lambda ci, text: ci.annotate(Problem(text, text, text, location=Location(text, 1))),
    "outputs": lambda ci, text: ci.outputs({"error-message": text}),
    "summary": lambda ci, text: ci.summary(lambda: html.escape(text)),
    "JUnit": lambda ci, text: ci.junit(lambda: html.escape(text)),
    "traceback": lambda ci, text: ci.block(traceback_of(ValueError(text))),
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("writer", WRITERS)
def test_no_writer_of_any_ci_writes_a_secret(dialect: str, writer: str, tmp_path: Path) -> None:
    """In no spelling: each of them leaves asterisks, and nothing of the secret's middle or end."""
    for number, (name, spelled) in enumerate(SPELLINGS.items()):
        folder, stream = tmp_path / str(number), io.StringIO()
        folder.mkdir()
        ci = detect({"AWS_SESSION_TOKEN": TOKEN, "RUNNER_DEBUG": "1", **DIALECTS[dialect]}, stream)
        ci.keep_in(outputs=f"{folder}/outputs", summary=f"{folder}/summary", junit=f"{folder}/junit")
        text = spelled(TOKEN)
        WRITERS[writer](ci, text)
        everything = "\n".join([stream.getvalue(), *(path.read_text() for path in folder.iterdir())])
        middle = len(text) // 2
        assert text[middle - 8 : middle + 8] not in everything, name
        assert "TAIL" not in everything, name
        left_out = (dialect, writer) == (
            "gitlab",
            "outputs",
        )  # whose file has only values that a shell may see
        assert "***" in everything or left_out, name


def test_a_secret_that_comes_up_later_is_hidden_and_told_to_the_runner() -> None:
    stream = io.StringIO()
    platform = detect({"GITHUB_ACTIONS": "true"}, stream)
    platform.mask("later-secret")
    platform.mask("later-secret")
    platform.say("It is later-secret.")
    assert stream.getvalue() == "::add-mask::later-secret\n" * 2 + "It is ***.\n"


class Gone(io.StringIO):
    """A stream whose reader has gone."""

    def write(self, _text: str, /) -> int:
        """Fail as a pipe does."""
        raise BrokenPipeError(32, "Broken pipe")


def test_a_stream_that_breaks_or_is_closed_falls_silent() -> None:
    closed = io.StringIO()
    closed.close()
    for stream in (Gone(), closed, None):
        out = RedactedStream(stream, Redactor({}))
        assert out.write("one\n") == out.write("two\n") == 4


def test_what_a_stream_cannot_encode_is_written_as_an_escape() -> None:
    raw = io.BytesIO()
    out = RedactedStream(io.TextIOWrapper(raw, "ascii"), Redactor({}))
    out.write("é\ud83d\n")
    assert raw.getvalue() == b"\\xe9\\ud83d\n"
