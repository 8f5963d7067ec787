"""What is taken for the job's OIDC token, and what is never sent to anybody."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from deployer.aws.tokens import find_token
from deployer.errors import AccessDenied, DeployError, InvalidInput
from tests.clock import patient

if TYPE_CHECKING:
    from pathlib import Path


TOKEN = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.c2lnbmF0dXJl"


def read(file: str) -> str:
    source = find_token({}, audience="x", file=file, retries=patient())
    assert source
    return source.fetch()


def test_a_token_is_read_through_links_as_kubernetes_mounts_it(tmp_path: Path) -> None:
    (tmp_path / "data").write_text(f"{TOKEN}\n")
    (tmp_path / "token").symlink_to("data")
    assert read(str(tmp_path / "token")) == TOKEN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[default]\naws_secret_access_key = planted",
        "planted",
        "planted.planted",
        f"{TOKEN}.planted.planted",
        f"{TOKEN}\nplanted",
        "a." + "planted" * 5000 + ".c",
        "pl\u00e4nted.b.c",
    ],
)
def test_a_file_that_holds_anything_else_is_refused_and_not_quoted(text: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text(text)
    with pytest.raises(InvalidInput) as error:
        read(str(file))
    assert "planted" not in str(error.value)


@pytest.mark.parametrize(
    "path", ["/proc/self/environ", "/dev/zero", "/dev/null", "/proc/self", "nowhere", "\0"]
)
def test_no_device_and_no_environment_is_read(path: str) -> None:
    with pytest.raises(InvalidInput):
        read(path)


def test_a_pipe_that_nobody_writes_to_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput):
        read(str(tmp_path / "pipe"))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "pipelines.example/token",
        "http://",
        "http://[x/",
        "http://h:port/",
        "http://a b/",
    ],
)
def test_an_address_that_is_none_is_told_without_quoting_it(url: str) -> None:
    environ = {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "planted"}
    source = find_token(environ, audience="x", retries=patient())
    assert source
    with pytest.raises(AccessDenied) as error:
        source.fetch()
    assert isinstance(error.value, DeployError)
    assert url not in str(error.value)
